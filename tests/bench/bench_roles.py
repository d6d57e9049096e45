"""How well roles are inferred: ``python tests/bench/bench_roles.py [helpdesk_dialogues.json]``.

Judged on the half of the dialogues that set no weight. Two settings: speakers told apart and not
named; and no marks at all, the turns run together without punctuation and cut into units.
"""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path

from pipeline.ingest.transcripts.infer import THRESHOLD, infer_roles
from pipeline.ingest.transcripts.unmarked import units

DATA = Path(__file__).parents[3] / "shared" / "data" / "helpdesk_dialogues.json"
_BANDS = ((THRESHOLD, 0.85), (0.85, 0.95), (0.95, 0.985), (0.985, 1.01))
#: A unit counts as a side's own where the side said at least so much of it.
_OWN = 0.8
_Judged = list[tuple[float, bool]]


def _show(name: str, judged: _Judged, every: int) -> None:
    right = sum(one for _, one in judged)
    print(f"{name}: {len(judged) / every:.3f} get a role, {right / len(judged):.3f} of them right")
    for low, high in _BANDS:
        band = [one for one in judged if low <= one[0] < high]
        if band:
            stated = sum(one for one, _ in band) / len(band)
            share = sum(one for _, one in band) / len(band)
            print(f"  {low:.2f}-{high:.2f}: {len(band):,} stated {stated:.2f} right {share:.2f}")


def main(path: str = str(DATA)) -> None:
    """Print the share of turns that get a role, the share of right ones, and the calibration."""
    dialogues = json.loads(Path(path).read_text(encoding="utf-8"))
    random.Random(1).shuffle(dialogues)
    held_out = dialogues[len(dialogues) // 2 :]
    told: _Judged = []
    alone: _Judged = []
    turns = pieces = 0
    for dialogue in held_out:
        senders = [turn["sender"] for turn in dialogue["turns"]]
        texts = ["".join(turn["utterances"]) for turn in dialogue["turns"]]
        turns += len(texts)
        for sender, (role, stated) in zip(senders, infer_roles(texts, senders), strict=True):
            if role != "unknown":
                told.append((stated, (role == "agent") == (sender == "helpdesk")))
        bare = [re.sub(r"\[[^\]]*\]|@\S+|[\W_]+", "", text) for text in texts]
        agents = "".join(
            str(int(sender == "helpdesk")) * len(text)
            for sender, text in zip(senders, bare, strict=True)
        )
        cut = units("".join(bare))
        place = 0
        for unit, (role, stated) in zip(cut, infer_roles(cut, [""] * len(cut)), strict=True):
            span = agents[place : place + len(unit)]
            place += len(unit)
            pieces += 1
            if role != "unknown":
                side = "1" if role == "agent" else "0"
                alone.append((stated, span.count(side) >= _OWN * len(span)))
    _show("speakers told apart", told, turns)
    _show("no marks", alone, pieces)


if __name__ == "__main__":
    main(*sys.argv[1:])
