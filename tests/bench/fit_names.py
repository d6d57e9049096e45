"""Fit ``models/names.npz``: ``python -m tests.bench.fit_names [SHARED] [--cross]``.

``SHARED`` is the folder with the public sets and our annotation (default ``../shared``). Names
come from the labelled cases; everything else that passes the gate, in them and in the texts, is
taken for no name. ``--cross`` prints five-fold cross-validated recall and false positives instead
of writing the model. The same texts, cases and rules give the same file.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import sklearn
import yaml
from sklearn.linear_model import LogisticRegression

import pipeline.text.mask  # noqa: F401
from pipeline.text.clean import clean, simplify
from pipeline.text.mask.likely import (
    CELLS,
    FIRST,
    HIDDEN,
    LAST,
    NAMED,
    QUESTIONS,
    NameModel,
    candidates,
    cell,
    gate,
    surnames,
)
from pipeline.text.mask.person import is_typical
from pipeline.text.mask.words import words
from tests.masking import DATA, cases

# The package's name ``find`` is a function; the module is needed to leave the model itself out.
_FINDING = sys.modules["pipeline.text.mask.find"]
_SIZE = LAST - FIRST + 1
_THRESHOLD = 0.5
_UNSEEN = 255
# Letters to offices name people no rule finds: what looks like a name there is no negative.
_NAMING = ("citizen", "train", "helpdesk", "bank", "auto", "hotline")
#: What may not train a shipped model (see the README of the shared data).
_NO_TRAINING = ("hotline_calls",)
_ROOT = Path(__file__).resolve().parents[2]
_SHARED, _MODELS = _ROOT.parent / "shared", _ROOT / "models"
_WEIGHT_NAME, _WEIGHT_NEAR = 6.0, 8.0

Spans = Sequence[tuple[int, int]]


def main(arguments: Sequence[str]) -> None:
    """Fit and write the model, or cross-validate it."""
    # The rules alone say what is hidden already.
    _FINDING.likely = lambda text: []  # type: ignore[attr-defined]
    named = [argument for argument in arguments if not argument.startswith("--")]
    texts = _texts(Path(named[0]) if named else _SHARED)
    labelled = list(_labelled(sorted(DATA.glob("masking_cases*.jsonl"))))
    model = _tables(texts, labelled)
    asked, known, folds = _positives(labelled, model)
    never, naming = _negatives(texts, model)
    weights = np.ones(len(never))
    for _ in range(2):
        first = _fit(asked, known, never, weights)
        weights = np.where(naming & (never @ first > -1.0), 0.0, 1.0)
    if "--cross" in arguments:
        scores = np.zeros(len(known))
        for fold in range(5):
            kept = folds != fold
            scores[~kept] = asked[~kept] @ _fit(asked[kept], known[kept], never, weights)
        whole = never[~naming] @ _fit(asked, known, never, weights)
        for threshold in (-1.0, 0.0, _THRESHOLD, 1.0, 2.0):
            recall = (scores[known] > threshold).mean()
            wrong = (scores[~known] > threshold).sum()
            print(f"{threshold}: recall {recall:.3f}, labelled near-names {wrong}", end="")
            print(f", in reviews {(whole > threshold).sum()}")
        return
    path = _MODELS / "names.npz"
    np.savez_compressed(
        path,
        plain=np.frombuffer(model.plain, np.uint8),
        given=np.frombuffer(model.given, np.uint8),
        pairs=np.frombuffer(model.pairs, np.uint8),
        weights=np.round(_fit(asked, known, never, weights), 3),
        threshold=np.float64(_THRESHOLD),
    )
    card = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "texts": {source: len(found) for source, found in sorted(texts.items())},
        "cases": len(labelled),
        "names_labelled": int(known.sum()),
        "candidates_unlabelled": len(never),
        "threshold": _THRESHOLD,
        "libraries": {"numpy": np.__version__, "scikit-learn": sklearn.__version__},
    }
    (_MODELS / "names.yaml").write_text(
        yaml.safe_dump(card, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )


def _texts(shared: Path) -> dict[str, list[str]]:
    """Return the texts that may train a shipped model, cleaned and in Simplified, by source."""
    found: dict[str, list[str]] = {}
    for path in sorted((shared / "data").glob("*.csv")):
        if path.stem in _NO_TRAINING:
            continue
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        field = next(name for name in ("text", "review", *rows[0]) if name in rows[0])
        found[path.stem] = [row[field] or "" for row in rows]
    for path in [*sorted((shared / "data").glob("*.jsonl")), shared / "gold" / "train.jsonl"]:
        records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        fields = ("text", "Sentence", "sentence", "Text")
        found[path.stem] = [
            next(record[name] for name in fields if name in record) for record in records
        ]
    dialogues = json.loads((shared / "data" / "helpdesk_dialogues.json").read_text("utf-8"))
    found["helpdesk"] = [" ".join(turn["utterances"]) for one in dialogues for turn in one["turns"]]
    for name in ("citizen_messages_replies", "citizen_messages_topics"):
        book = openpyxl.load_workbook(shared / "data" / f"{name}.xlsx", read_only=True)
        head, *rows = book.worksheets[0].iter_rows(values_only=True)
        for field in ("留言详情", "答复意见"):
            if field in head:
                at = head.index(field)
                texts = [" ".join(str(row[at]).split()) for row in rows if row[at]]
                found[f"{name} {field}"] = texts
    return {
        source: list(dict.fromkeys(simplify(clean(text)) for text in texts if text))
        for source, texts in found.items()
    }


def _byte(share: float) -> int:
    return max(0, min(254, round(-8 * math.log2(share))))


def _tables(
    texts: Mapping[str, list[str]], labelled: Sequence[tuple[str, str, Spans]]
) -> NameModel:
    """Count how usual characters and pairs are, and say how usual characters are in names."""
    single: Counter[str] = Counter()
    paired: Counter[tuple[str, str]] = Counter()
    for text in (text for found in texts.values() for text in found):
        single.update(text)
        paired.update(pairwise(text))
    han = {char: n for char, n in single.items() if FIRST <= ord(char) <= LAST}
    plain = np.full(_SIZE, 200, np.uint8)
    for char, n in han.items():
        plain[ord(char) - FIRST] = _byte(n / sum(han.values()))
    pairs = np.full(CELLS, _UNSEEN, np.uint8)
    for (first, second), n in paired.items():
        if n > 2 and first in han and second in han:
            at = cell(first, second)
            pairs[at] = min(int(pairs[at]), _byte(n / single[first]))
    share = np.array([0.08 / 3000 if is_typical(chr(FIRST + i)) else 7e-7 for i in range(_SIZE)])
    for name, mass in (("mask_given.txt", 0.30), ("mask_given_usual.txt", 0.62)):
        listed = {char for word in words(name) for char in word}
        for char in listed:
            old = 0.0 if name == "mask_given.txt" else share[ord(char) - FIRST]
            share[ord(char) - FIRST] = old + mass / len(listed)
    named = Counter(
        char
        for _, text, spans in labelled
        for start, end in set(spans)
        for char in text[start + 1 : end]
        if FIRST <= ord(char) <= LAST
    )
    for char, n in named.items():
        share[ord(char) - FIRST] += 0.35 * n / sum(named.values())
    given = np.array([_byte(one) for one in share / share.sum()], np.uint8)
    known = surnames()
    found = gate(known, plain.tobytes(), given.tobytes())
    return NameModel(plain.tobytes(), given.tobytes(), pairs.tobytes(), known, found, (), 0.0)


def _labelled(paths: Iterable[Path]) -> Iterator[tuple[str, str, Spans]]:
    """Yield the case, the text with all but names hidden, and where its names stand."""
    for path in paths:
        for number, case in enumerate(cases(path)):
            for turn, raw in enumerate(case.get("turns", [case.get("text", "")])):
                text = simplify(clean(raw))
                spans = [
                    (at, at + len(value))
                    for piece in case["pieces"]
                    if piece["kind"] == "name" and piece.get("turn", 0) == turn
                    for value in [simplify(clean(piece["value"]))]
                    for at in range(len(text))
                    if text.startswith(value, at)
                ]
                yield f"{path.stem}{number}", _hidden(text, spans), sorted(spans)


def _hidden(text: str, names: Spans) -> str:
    for kind, start, end in _FINDING.find(text):  # type: ignore[attr-defined]
        if kind != "name" and not any(start < right and left < end for left, right in names):
            text = text[:start] + HIDDEN * (end - start) + text[end:]
    return text


def _named(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + NAMED * (end - start) + text[end:]
    return text


def _seen(text: str, spans: Spans) -> Iterator[tuple[str, Spans]]:
    """Yield a text as it is, and as it is seen when others of its names are hidden already."""
    yield text, spans
    if len(spans) > 1:
        for at, span in enumerate(spans):
            if at:
                yield _named(text, spans[:at]), spans[at:]
            yield _named(text, [other for other in spans if other != span]), [span]


def _row(answers: list[tuple[int, float]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    row = np.zeros(len(QUESTIONS), np.float32)
    for at, value in answers:
        row[at] = value
    return row


def _positives(labelled: Sequence[tuple[str, str, Spans]], model: NameModel) -> Any:
    """Return the answers about the candidates of the cases, which are names, and their folds."""
    rows, known, folds = [], [], []
    for case, whole, every in labelled:
        for text, spans in _seen(whole, every):
            for found in candidates(text, model):
                rows.append(_row(found.answers))
                known.append((found.start, found.end) in spans)
                folds.append(zlib.crc32(case.encode()) % 5)
    return np.array(rows), np.array(known), np.array(folds)


def _negatives(texts: Mapping[str, list[str]], model: NameModel) -> Any:
    """Return the answers about the candidates of unlabelled texts, and which texts name people."""
    rows, naming = [], []
    for source, found in texts.items():
        for text in found:
            if model.gate.search(text):
                spans = [
                    (start, end)
                    for kind, start, end in _FINDING.find(text)  # type: ignore[attr-defined]
                    if kind == "name"
                ]
                for near in candidates(_named(_hidden(text, ()), spans), model):
                    rows.append(_row(near.answers))
                    naming.append(source.startswith(_NAMING))
    return np.array(rows), np.array(naming)


def _fit(asked: Any, known: Any, never: Any, weights: Any) -> Any:
    model = LogisticRegression(C=0.5, fit_intercept=False, max_iter=2000)
    model.fit(
        np.concatenate([asked, never]),
        np.concatenate([known, np.zeros(len(never), bool)]),
        np.concatenate([np.where(known, _WEIGHT_NAME, _WEIGHT_NEAR), weights]),
    )
    return model.coef_[0]


if __name__ == "__main__":
    main(sys.argv[1:])
