"""Load the lexicon files 情感词典, 否定词 and 程度词; each states its format in its head."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pipeline.errors import LexiconError


@dataclass(frozen=True, slots=True)
class Lexicons:
    """Words and their weights (−3…3), negation words, degree factors; ``digest`` of the bytes."""

    sentiment: Mapping[str, float]
    negation: frozenset[str]
    degree: Mapping[str, float]
    digest: str


def load_lexicons(folder: Path) -> Lexicons:
    """Load every lexicon of a folder; raises `LexiconError` with path and line.

    >>> from pipeline.paths import shipped
    >>> load_lexicons(shipped("lexicons")).sentiment["态度差"]
    -2.0
    """
    digest = hashlib.sha256()
    sentiment = _weights(folder / "sentiment.tsv", digest, 3, -3.0, 3.0)
    negation = {fields[0] for _, fields in _lines(folder / "negation.txt", digest, 1)}
    degree = _weights(folder / "degree.tsv", digest, 2, 0.0, 3.0)
    return Lexicons(
        MappingProxyType(sentiment),
        frozenset(negation),
        MappingProxyType(degree),
        digest.hexdigest(),
    )


def _weights(
    path: Path, digest: hashlib._Hash, width: int, low: float, high: float
) -> dict[str, float]:
    weights = {}
    for lineno, fields in _lines(path, digest, width):
        try:
            weight = float(fields[1])
        except ValueError:
            weight = 0.0
        if not low <= weight <= high or weight == 0:
            raise LexiconError(
                f"{path}:{lineno}: expected a weight from {low:g} to {high:g}, not 0, "
                f"got {fields[1]!r}"
            )
        weights[fields[0]] = weight
    return weights


def _lines(path: Path, digest: hashlib._Hash, width: int) -> list[tuple[int, list[str]]]:
    try:
        content = path.read_bytes()
        lines = content.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise LexiconError(f"{path}: expected a readable UTF-8 file, got {exc}") from exc
    digest.update(content)
    found: list[tuple[int, list[str]]] = []
    seen: dict[str, int] = {}
    for lineno, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != width or not all(field.strip() for field in fields):
            raise LexiconError(
                f"{path}:{lineno}: expected {width} tab-separated fields, got {line!r}"
            )
        if fields[0] in seen:
            raise LexiconError(
                f"{path}:{lineno}: expected each word once, got {fields[0]!r} "
                f"again (first on line {seen[fields[0]]})"
            )
        seen[fields[0]] = lineno
        found.append((lineno, fields))
    return found
