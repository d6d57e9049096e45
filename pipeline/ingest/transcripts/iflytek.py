"""iFlytek long-form transcription: JSON inside a string, one lattice or the other; ms."""

from __future__ import annotations

import unicodedata

from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, Unread, gather, json_reader
from pipeline.ingest.transcripts.pauses import Word


def _opened(value: object) -> object:
    return v.loads(value) if isinstance(value, str) else value


def _sentence(item: object) -> Said | None:
    best = _opened(v.field(item, "json_1best"))
    state = v.field(best, "st")
    if not isinstance(state, dict):
        return None
    words: list[str] = []
    timed: list[Word] = []
    begun = v.as_ms(v.field(state, "bg"))
    tracks = v.field(state, "rt")
    for track in tracks if isinstance(tracks, list) else ():
        slots = v.field(track, "ws")
        for slot in slots if isinstance(slots, list) else ():
            choices = v.field(slot, "cw")
            if isinstance(choices, list) and choices:
                word = v.as_text(v.field(choices[0], "w"))
                kind = v.field(choices[0], "wp")
                # wp "g" marks a paragraph and "s" a smoothed-away filler: no words of their own.
                if word and kind != "g":
                    words.append(word)
                    # Counted in frames of 10 ms from the start of the sentence.
                    at, to = (v.as_ms(v.field(slot, edge), scale=10) for edge in ("wb", "we"))
                    if at is not None and to is not None and kind != "p":
                        timed.append(Word(word, (begun or 0) + at, (begun or 0) + to))
    if not isinstance(tracks, list):
        return None
    speaker = v.as_text(v.field(state, "rl"))
    # rl 0 says that speakers weren't told apart; lattice2 then still may name one.
    if speaker in (None, "", "0"):
        speaker = v.as_text(v.field(item, "spk")) or speaker
    return Said(
        _spelled(words),
        speaker or "",
        start_ms=begun,
        end_ms=v.as_ms(v.field(state, "ed")),
        words=tuple(timed),
    )


def _spelled(words: list[str]) -> str:
    text = ""
    for word in words:
        latin = (
            text[-1:].isascii()
            and text[-1:].isalpha()
            and word[0].isascii()
            and (word[0].isalpha())
        )
        # A sentence's own full stop opens the next one.
        if not text and all(unicodedata.category(sign).startswith("P") for sign in word):
            continue
        text += f" {word}" if latin else word
    return text


def parse(value: object) -> Call | None:
    """Read one ``getResult`` answer or its ``orderResult``; None where it isn't iFlytek's.

    >>> best = {"st": {"bg": "50", "ed": "900", "rl": "1",
    ...     "rt": [{"ws": [{"cw": [{"w": "您好", "wp": "n"}]}, {"cw": [{"w": "。", "wp": "p"}]}]}]}}
    >>> parse({"lattice2": [{"json_1best": best}]}).said[0].text
    '您好。'
    """
    holder = value
    name = ""
    for key in ("data", "content", "order_result"):
        inner = _opened(v.field(holder, key))
        info = v.field(holder, "order_info")
        name = name or v.as_text(v.field(info, "order_id")) or ""
        if isinstance(inner, dict):
            holder = inner
    if not isinstance(holder, dict):
        return None
    spoiled = isinstance(v.field(holder, "order_result"), str)
    lattices = [key for key in ("lattice", "lattice2") if isinstance(holder.get(key), list)]
    if not lattices:
        if spoiled:
            reason = "expected JSON in the string, found a break"
            raw = v.excerpt(v.field(holder, "order_result"))
            return Call((), faults=(Unread("orderResult", reason, raw),))
        return None
    best: Call | None = None
    for key in lattices:
        said, faults = gather(holder[key], key, _sentence)
        call = Call(said, external_id=name, faults=faults)
        if best is None or (len(call.said), -len(faults)) > (len(best.said), -len(best.faults)):
            best = call
    return best


READER = json_reader(
    "iflytek",
    parse=parse,
    marks=r'"(?:orderResult|lattice2?|json_1best)"\s*:|\\"lattice',
    score=0.97,
)
