"""Short texts a second on one core, ours and Presidio's analyzer, and recall of numbers for both.

``python -m tests.bench.bench_mask [FILE.csv [COLUMN]]``. Presidio gets the same patterns (as
recognizers) and a blank Chinese pipeline, so that nothing is downloaded; it comes with
``pip install voc-silence[bench]`` and is left out where it is missing.
"""

from __future__ import annotations

import csv
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.text.clean import clean, simplify
from pipeline.text.mask import digits, mask, written
from tests.masking import DATA, SOFT, cases, judge_all

_SHARED = Path(__file__).resolve().parents[3] / "shared/data/shopping_sentiment.csv"
# Presidio is slow enough for a part of the texts to tell its speed.
_PART = 3000
#: Kind → patterns; a number alone needs edges that say "no digit".
_PATTERNS: dict[str, list[str]] = {
    "mobile": [
        rf"(?<!\d){digits.MOBILE.pattern}(?!\d)",
        rf"(?<!\d)1[3-9](?:{digits.FILLER}{{0,3}}\d){{9}}(?!\d)",
        rf"[一幺](?:{digits.FILLER}{{0,3}}[{digits.SPOKEN}]){{10}}",
        digits.STARRED.pattern,
    ],
    "landline": [rf"(?<!\d)(?:{digits.LANDLINE.pattern})(?!\d)", r"(?<!\d)0\d{2,3}-\d{7,8}(?!\d)"],
    "id_card": [r"(?<!\d)\d{6}(?:19|20)\d{2} ?\d{4} ?\d{3}[0-9Xx](?!\d)"],
    "bank_card": [r"(?<!\d)(?:62|[3-6]\d)\d{2}(?: ?\d{4}){3}(?: ?\d{1,3})?(?!\d)"],
    "email": [r"[A-Za-z0-9][A-Za-z0-9._%+\-]* ?@ ?[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"],
    "plate": [written.PLATE.pattern],
    "ip": [written.IP4.pattern, written.IP6.pattern],
    "wechat": [written.WECHAT.pattern],
    "order": [written.ORDER.pattern, written.PARCEL.pattern],
    "certificate": [written.CERTIFICATE.pattern, written.PASSPORT.pattern],
    "handle": [written.HANDLE.pattern],
}


def main(path: str = "", column: str = "text") -> None:
    """Print the speed of cleaning and of masking over the texts of a CSV column, and recall."""
    with Path(path or _SHARED).open(encoding="utf-8-sig", newline="") as file:
        texts = [row[column] for row in csv.DictReader(file)]
    _speed("clean+simplify", lambda text: simplify(clean(text)), texts)
    texts = [clean(text) for text in texts]
    ours = _speed("mask", mask, texts)
    pieces, _ = judge_all(sorted(DATA.glob("masking_cases*.jsonl")))
    numbers = [piece for piece in pieces if piece.kind not in SOFT]
    gone = sum(piece.gone for piece in numbers)
    print(f"mask: recall of labelled numbers {gone}/{len(numbers)} = {gone / len(numbers):.3f}")
    if importlib.util.find_spec("presidio_analyzer") is None:
        print("presidio: not installed, skipped (pip install 'voc-silence[bench]')")
        return
    analyze = _presidio()
    theirs = _speed("presidio", analyze, texts[:_PART])
    found, total = _recall(analyze)
    print(f"presidio: recall of labelled numbers {found}/{total} = {found / total:.3f}")
    print(f"mask is {ours / theirs:,.0f} times as fast as presidio's analyzer")


def _speed(name: str, work: Callable[[str], object], texts: Sequence[str]) -> float:
    work(texts[0])
    begun = time.process_time()
    for text in texts:
        work(text)
    speed = len(texts) / (time.process_time() - begun)
    print(f"{name}: {speed:,.0f} texts/s")
    return speed


def _presidio() -> Callable[[str], list[Any]]:
    """Return Presidio's analyzer with our patterns, over a blank Chinese pipeline."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    engine = SpacyNlpEngine(models=[{"lang_code": "zh", "model_name": "blank"}])
    engine.nlp = {"zh": spacy.blank("zh")}
    registry = RecognizerRegistry(supported_languages=["zh"])
    for kind, patterns in _PATTERNS.items():
        registry.add_recognizer(
            PatternRecognizer(
                supported_entity=kind.upper(),
                supported_language="zh",
                patterns=[Pattern(kind, pattern, 0.8) for pattern in patterns],
            )
        )
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["zh"])
    return lambda text: analyzer.analyze(text=text, language="zh")


def _recall(analyze: Callable[[str], list[Any]]) -> tuple[int, int]:
    """Return how many of the labelled numbers are covered, and how many there are."""
    covered = [
        all(at in hidden for at in range(start, start + len(value)) if text[at].isalnum())
        for text, value, start in _numbers()
        for hidden in [{i for hit in analyze(text) for i in range(hit.start, hit.end)}]
    ]
    return sum(covered), len(covered)


def _numbers() -> Iterator[tuple[str, str, int]]:
    for path in sorted(DATA.glob("masking_cases*.jsonl")):
        for case in cases(path):
            for piece in case["pieces"]:
                turns = case.get("turns", [case.get("text")])
                text, value = clean(turns[piece.get("turn", 0)]), clean(piece["value"])
                if piece["kind"] not in SOFT:
                    yield text, value, text.find(value)


if __name__ == "__main__":
    main(*sys.argv[1:])
