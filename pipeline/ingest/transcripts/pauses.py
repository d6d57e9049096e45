"""Where a recogniser's words without punctuation part: at the pauses its word times show."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.ingest.transcripts import values as v

#: A silence of so many ms between two words parts them. Voice detection ends a segment at about
#: 800 ms, so within one no silence is longer; hesitation inside a phrase is mostly under 500.
PAUSE_MS = 600
#: A stretch of so many characters with a bound in it needs no pause to part it.
SHORT = 16
_STOPS = re.compile(r"[，。！？；、,.!?;…\n]")
_DIGIT = r"[0-9０-９零〇一二两三四五六七八九十百千万亿幺洞拐点XxＸ]"
_FILLER = r"[\s\-嗯呃啊哦额诶那个就是杠]*"
_DIGIT_LAST = re.compile(rf"{_DIGIT}{_FILLER}$")
_DIGIT_FIRST = re.compile(rf"^{_FILLER}{_DIGIT}")
# Whoever stops here is looking for the word: what follows belongs to what stands before.
_OPEN = re.compile(r"[叫姓是住在址名字码号信箱和跟给把被向我您你他她它这那就还也都很太不没]\s*$")
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+(?:['’][A-Za-z]+)?")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as the recogniser timed it; None where it gave no time (numerals often)."""

    text: str
    start_ms: int | None = None
    end_ms: int | None = None


def words_of(items: object, *names: str, scale: float = 1.0, base: int = 0) -> tuple[Word, ...]:
    """Read a list of timed words: ``names`` are the fields of word, start and end.

    >>> words_of([{"word": "卡", "start": 0.2, "end": 0.5}], "word", "start", "end", scale=1000)
    (Word(text='卡', start_ms=200, end_ms=500),)
    """
    if not isinstance(items, list):
        return ()
    word, start, end = names
    found = []
    for item in items:
        begun, ended = (v.as_ms(v.field(item, name), scale=scale) for name in (start, end))
        text = v.as_text(v.field(item, word))
        if text:
            found.append(
                Word(
                    text,
                    None if begun is None else base + begun,
                    None if ended is None else base + ended,
                )
            )
    return tuple(found)


def stamped(text: str, stamps: object) -> tuple[Word, ...]:
    """Match a list of ``[start, end]`` with the characters of a text; nothing where they differ.

    Punctuation has no time of its own, and a Latin word has one.

    >>> [word.text for word in stamped("卡 ok 了。", [[0, 90], [90, 200], [200, 300]])]
    ['卡', 'ok', '了']
    """
    if isinstance(stamps, str):
        stamps = v.loads(stamps)
    if not isinstance(stamps, list):
        return ()
    names = _WORD.findall(text)
    if len(names) != len(stamps):
        return ()
    pairs = [stamp if isinstance(stamp, list) and len(stamp) >= 2 else (None, None)
             for stamp in stamps]  # fmt: skip
    return tuple(
        Word(name, v.as_ms(start), v.as_ms(end))
        for name, (start, end, *_) in zip(names, pairs, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Piece:
    """What was said between two pauses, with its own times where the words have some."""

    text: str
    start_ms: int | None
    end_ms: int | None


def pieces(text: str, words: Sequence[Word]) -> list[Piece]:
    """Part a text at its pauses; one piece where none is long enough, or the words don't match.

    No pause parts a number that is read out, nor a word from the one it asks for (我叫 … 李雷).
    Stretches that punctuation keeps short stay whole.

    >>> text = "我上个月的话费不对啊你们查一下怎么回事"
    >>> late = [0] * 10 + [900] * 9
    >>> words = [Word(sign, 200 * n + late[n], 200 * n + late[n] + 180)
    ...          for n, sign in enumerate(text)]
    >>> [(one.text, one.start_ms) for one in pieces(text, words)]
    [('我上个月的话费不对啊', 0), ('你们查一下怎么回事', 2900)]
    """
    placed = list(_placed(text, words))
    if sum(end - start for start, end, _ in placed) * 10 < 8 * len(re.sub(r"[\W_]", "", text)):
        return [Piece(text, None, None)]
    cuts = [0]
    latest: int | None = None
    for start, _, word in placed:
        if (
            latest is not None
            and word.start_ms is not None
            and word.start_ms - latest >= PAUSE_MS
            and _parts(text, cuts[-1], start)
        ):
            cuts.append(start)
        # After a word without a time nobody knows how long the silence was.
        latest = word.end_ms if word.end_ms is not None else None
    cuts.append(len(text))
    found = []
    for begin, stop in itertools.pairwise(cuts):
        inside = [word for start, _, word in placed if begin <= start < stop]
        first = next((word.start_ms for word in inside if word.start_ms is not None), None)
        last = next((word.end_ms for word in reversed(inside) if word.end_ms is not None), None)
        found.append(Piece(text[begin:stop].strip(), first, last))
    return [one for one in found if one.text]


def _placed(text: str, words: Sequence[Word]) -> Iterator[tuple[int, int, Word]]:
    place = 0
    lower = text.casefold()
    if len(lower) != len(text):
        return
    for word in words:
        name = word.text.strip().casefold()
        # A word that was smoothed away isn't in the text; one far ahead is another one.
        at = lower.find(name, place, place + len(name) + 24) if name else -1
        if at >= 0:
            yield at, at + len(name), word
            place = at + len(name)


def _parts(text: str, begin: int, at: int) -> bool:
    """Say whether a pause at a place bounds what was said since ``begin``."""
    before, after = text[begin:at], text[at : at + 24]
    if len(before.strip()) < 2 or _OPEN.search(before[-4:]):
        return False
    if _DIGIT_LAST.search(before[-12:]) and _DIGIT_FIRST.search(after):
        return False
    left = _STOPS.split(text[max(0, at - 2 * SHORT) : at])[-1]
    right = _STOPS.split(text[at : at + 2 * SHORT])[0]
    return len(left) + len(right) >= SHORT
