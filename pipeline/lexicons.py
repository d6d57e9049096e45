"""Load the lexicon files 情感词典, 否定词, 程度词 …; each states its format in its head."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pipeline.errors import LexiconError, did_you_mean

#: What a wish word does, see ``lexicons/wish.tsv``.
WISH_KINDS = ("if", "would", "hope", "improve", "bless")
#: What a question word does, see ``lexicons/question.tsv``.
QUESTION_KINDS = ("ask", "reproach")

_LONGEST = 8


@dataclass(frozen=True, slots=True)
class Lexicons:
    """Words by what they do to the polarity of a clause; ``digest`` is of the files' bytes.

    ``sentiment`` weights run −3…3, ``negation`` factors −1…−0.1, ``degree`` factors 0.1…3.
    ``neutral`` words hold another word by spelling only. ``wish`` and ``question`` map to kinds.
    """

    sentiment: Mapping[str, float]
    negation: Mapping[str, float]
    degree: Mapping[str, float]
    neutral: frozenset[str]
    contrast: frozenset[str]
    wish: Mapping[str, str]
    question: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class _Entry:
    word: str
    value: str
    where: str


def load_lexicons(folder: Path) -> Lexicons:
    """Load every lexicon of a folder; raises `LexiconError` with path and line.

    >>> from pipeline.paths import shipped
    >>> load_lexicons(shipped("lexicons")).sentiment["态度差"] < -1
    True
    """
    digest = hashlib.sha256()
    sentiment = _table(folder / "sentiment.tsv", digest, 3)
    negation = _table(folder / "negation.tsv", digest, 2)
    degree = _table(folder / "degree.tsv", digest, 2)
    neutral = _list(folder / "neutral.txt", digest)
    contrast = _list(folder / "contrast.txt", digest)
    wish = _table(folder / "wish.tsv", digest, 2)
    question = _table(folder / "question.tsv", digest, 2)
    # A word can do one thing only to a clause; contrast, wish and question words frame it.
    _once([*sentiment, *negation, *degree, *neutral])
    for entries in (contrast, wish, question):
        _once(entries)
    return Lexicons(
        sentiment=MappingProxyType(_weights(sentiment, -3.0, 3.0)),
        negation=MappingProxyType(_weights(negation, -1.0, -0.1)),
        degree=MappingProxyType(_weights(degree, 0.1, 3.0)),
        neutral=frozenset(entry.word for entry in neutral),
        contrast=frozenset(entry.word for entry in contrast),
        wish=MappingProxyType(_kinds(wish, WISH_KINDS)),
        question=MappingProxyType(_kinds(question, QUESTION_KINDS)),
        digest=digest.hexdigest(),
    )


def _weights(entries: Iterable[_Entry], low: float, high: float) -> dict[str, float]:
    weights = {}
    for entry in entries:
        try:
            weight = float(entry.value)
        except ValueError:
            weight = math.nan
        if not low <= weight <= high or weight == 0:
            raise LexiconError(
                f"{entry.where}: expected a weight from {low:g} to {high:g}, not 0, "
                f"got {entry.value!r}"
            )
        weights[entry.word] = weight
    return weights


def _kinds(entries: Iterable[_Entry], kinds: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for entry in entries:
        if entry.value not in kinds:
            raise LexiconError(
                f"{entry.where}: expected one of {', '.join(kinds)}, "
                f"got {entry.value!r}{did_you_mean(entry.value, kinds)}"
            )
        found[entry.word] = entry.value
    return found


def _once(entries: Iterable[_Entry]) -> None:
    seen: dict[str, str] = {}
    for entry in entries:
        if entry.word in seen:
            raise LexiconError(
                f"{entry.where}: expected each word once, got {entry.word!r} "
                f"again (first at {seen[entry.word]}); delete one of them"
            )
        seen[entry.word] = entry.where


def _table(path: Path, digest: hashlib._Hash, width: int) -> list[_Entry]:
    entries = []
    for where, line in _lines(path, digest):
        fields = line.split("\t")
        if len(fields) != width or not all(field.strip() for field in fields):
            raise LexiconError(f"{where}: expected {width} tab-separated fields, got {line!r}")
        entries.append(_Entry(_word(fields[0], where), fields[1], where))
    return entries


def _list(path: Path, digest: hashlib._Hash) -> list[_Entry]:
    return [
        _Entry(_word(word, where), "", where)
        for where, line in _lines(path, digest)
        for word in line.split()
    ]


def _word(word: str, where: str) -> str:
    if len(word) > _LONGEST or any(character.isspace() for character in word):
        raise LexiconError(
            f"{where}: expected a word of 1 to {_LONGEST} characters without blanks, got {word!r}"
        )
    return word


def _lines(path: Path, digest: hashlib._Hash) -> list[tuple[str, str]]:
    try:
        content = path.read_bytes()
        lines = content.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise LexiconError(f"{path}: expected a readable UTF-8 file, got {exc}") from exc
    digest.update(path.name.encode() + b"\0" + content)
    return [
        (f"{path}:{lineno}", line)
        for lineno, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("#")
    ]
