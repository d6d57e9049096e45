"""Recall per kind and false positives of masking on labelled cases, with 95 % intervals.

``python -m tests.bench.score_masking [FILE.jsonl …] [--failures]``; without a file, on those of
the repository.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.aggregate.intervals import wilson
from tests.masking import DATA, SOFT, Near, Piece, judge_all


def main(arguments: Sequence[str]) -> None:
    """Print the scores, and with ``--failures`` every case that went wrong."""
    named = [Path(argument) for argument in arguments if not argument.startswith("--")]
    pieces, nears = judge_all(named or sorted(DATA.glob("masking_cases*.jsonl")))
    for kind in sorted({piece.kind for piece in pieces}):
        _recall(kind, [piece for piece in pieces if piece.kind == kind])
    _recall("numbers, e-mail", [piece for piece in pieces if piece.kind not in SOFT])
    _recall("names, addresses", [piece for piece in pieces if piece.kind in SOFT])
    _line("near misses masked", sum(not near.kept for near in nears), len(nears))
    if "--failures" in arguments:
        _failures(pieces, nears)


def _recall(name: str, pieces: Sequence[Piece]) -> None:
    _line(f"recall {name}", sum(piece.gone for piece in pieces), len(pieces))


def _line(name: str, count: int, total: int) -> None:
    low, high = wilson([count], [total], confidence=0.95)
    share = count / total if total else float("nan")
    print(f"{name:28}{count:5}/{total:<5}{share:7.3f}  [{low[0]:.3f}, {high[0]:.3f}]")


def _failures(pieces: Sequence[Piece], nears: Sequence[Near]) -> None:
    for piece in pieces:
        if not piece.gone:
            print(f"missed {piece.kind} {piece.value}\n    {piece.before}\n    {piece.after}")
    for near in nears:
        if not near.kept:
            print(f"masked\n    {near.before}\n    {near.after}")


if __name__ == "__main__":
    main(sys.argv[1:])
