"""The labelled masking cases, and what masking makes of them.

A case is ``{"text", "pieces"}`` or ``{"turns", "pieces"}``; a piece of personal information has a
``kind`` and a ``value`` that must be gone altogether (and the ``turn`` it stands in). A case
without pieces is a near miss: it only looks personal and has to stay as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.text.clean import clean
from pipeline.text.mask import LABELS, mask, mask_turns

DATA = Path(__file__).parent / "data"
#: Kinds that are found by context; every other kind has a form of its own.
SOFT = ("name", "address")
_MARK = re.compile("|".join(map(re.escape, LABELS.values())))
_FILLERS = frozenset("嗯呃那个啊哦")


class Piece(NamedTuple):
    """One labelled piece of personal information, and whether masking left nothing of it."""

    kind: str
    value: str
    gone: bool
    before: str
    after: str


class Near(NamedTuple):
    """One near miss, and whether masking let it stand."""

    before: str
    after: str

    @property
    def kept(self) -> bool:
        return self.before == self.after


def cases(path: Path) -> list[dict[str, Any]]:
    """Return the cases of a file, pieces given by offset (``start``, ``end``) as values."""
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for case in found:
        if "pieces" not in case:
            case["pieces"] = [dict(case)] if case["kind"] else []
        for piece in case["pieces"]:
            if "value" not in piece:
                piece["value"] = clean(case["text"])[piece["start"] : piece["end"]]
    return found


def judge(case: dict[str, Any]) -> Iterator[Piece | Near]:
    """Yield what became of each piece of a case, or of the near miss."""
    before = [clean(text) for text in case.get("turns", [case.get("text", "")])]
    masked = mask_turns(before) if "turns" in case else [mask(before[0])]
    after = [turn.text for turn in masked]
    for piece in case["pieces"]:
        turn = piece.get("turn", 0)
        value = clean(piece["value"])
        hidden = _hidden(before[turn], after[turn])
        gone = all(
            at in hidden
            for start in _places(before[turn], value)
            for at in range(start, start + len(value))
            if value[at - start].isalnum() and value[at - start] not in _FILLERS
        )
        yield Piece(piece["kind"], value, gone, " / ".join(before), " / ".join(after))
    if not case["pieces"]:
        yield Near(" / ".join(before), " / ".join(after))


def judge_all(paths: Sequence[Path]) -> tuple[list[Piece], list[Near]]:
    """Return the pieces and the near misses of several files."""
    found = [verdict for path in paths for case in cases(path) for verdict in judge(case)]
    return (
        [verdict for verdict in found if isinstance(verdict, Piece)],
        [verdict for verdict in found if isinstance(verdict, Near)],
    )


def _places(text: str, value: str) -> list[int]:
    """Return where a value stands; a single character counts once, it may be in other words."""
    every = [found.start() for found in re.finditer(re.escape(value), text)]
    return every if len(value) > 1 else every[:1]


def _hidden(before: str, after: str) -> frozenset[int]:
    """Return the offsets of ``before`` that marks stand for in ``after``."""
    if before == after:
        return frozenset()
    pattern = "(.+?)".join(map(re.escape, _MARK.split(after)))
    found = re.fullmatch(pattern, before, re.DOTALL)
    assert found, (before, after)
    return frozenset(
        at for group in range(1, len(found.groups()) + 1) for at in range(*found.span(group))
    )
