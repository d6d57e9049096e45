"""One function per kind of personal information, and ``find`` and ``mask`` over all of them."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from pipeline.text.clean import simplify
from pipeline.text.mask.addresses import addresses, holds_place
from pipeline.text.mask.cues import cues
from pipeline.text.mask.digits import RUN, numbers
from pipeline.text.mask.likely import HIDDEN as _HIDDEN
from pipeline.text.mask.likely import NAMED as _NAMED
from pipeline.text.mask.likely import likely
from pipeline.text.mask.names import NAME_CUES, holds_signature, names
from pipeline.text.mask.spelled import spelled
from pipeline.text.mask.written import emails, handles, identifiers, ips, nicknames, plates

#: Kind of personal information → the mark that stands in its place.
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "mobile": "[手机号]",
        "landline": "[电话]",
        "id_card": "[身份证]",
        "bank_card": "[银行卡]",
        "email": "[邮箱]",
        "plate": "[车牌]",
        "wechat": "[微信]",
        "qq": "[QQ]",
        "name": "[姓名]",
        "address": "[地址]",
        "ip": "[IP]",
        "order": "[订单号]",
        "certificate": "[证件号]",
        "handle": "[用户]",
    }
)


class Mask(NamedTuple):
    """Personal information of one kind at ``text[start:end]``."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with marks in it, and how many of each kind were put there."""

    text: str
    masks: Mapping[str, int]


_NONE: Mapping[str, int] = MappingProxyType({})
MARK = re.compile("|".join(re.escape(label) for label in LABELS.values()))
_COVERED = re.compile(f"[{_HIDDEN}{_NAMED}]")
_LATIN = re.compile(r"[0-9A-Za-z@]")
_GAP = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
_JOINED_GAP = re.compile(
    r"(?<=[\u4e00-\u9fff]) | (?=[\u4e00-\u9fff])"
    r"|(?<=[A-Za-z])(?<![A-Za-z]{2}) (?=[A-Za-z](?![A-Za-z]))"
)


def find(text: str, *, lead: str = "") -> list[Mask]:
    """Return where personal information stands, in order and never overlapping.

    ``text`` is cleaned text; ``lead`` is what was said just before it (the turn before).

    >>> find("我叫林晓雯,电话13800138000")
    [Mask(kind='name', start=2, end=5), Mask(kind='mobile', start=8, end=19)]
    """
    if text.count(" ") * 4 >= len(text) > 0 and len(_GAP.findall(text)) * 4 >= len(text):
        # A recogniser's words or characters, one blank apart: read them joined up.
        kept = [at for at in range(len(text)) if not _JOINED_GAP.match(text, at)]
        joined = "".join(text[at] for at in kept)
        return [
            Mask(kind, kept[start], kept[end - 1] + 1)
            for kind, start, end in _find(joined, lead=lead)
        ]
    return _find(text, lead=lead)


@functools.cache
def _traditional() -> re.Pattern[str]:
    """Return what finds a character that has a Simplified form; most texts hold none."""
    every = map(chr, range(0x3400, 0xA000))
    return re.compile(f"[{''.join(char for char in every if simplify(char) != char)}]")


def _find(text: str, *, lead: str) -> list[Mask]:
    work = simplify(text) if _traditional().search(text) else text
    if "[" in work:
        work = MARK.sub(_blank, work)
    among = cues(work)
    latin = _LATIN.search(work) is not None
    run = RUN.search(work) is not None
    placed = holds_place(work)
    if not (among or latin or run or placed):
        return [Mask("name", *span) for span in likely(work)]
    masks: list[Mask] = []

    def take(kind: str, start: int, end: int) -> None:
        nonlocal work
        if end > start and not _COVERED.search(work, start, end):
            masks.append(Mask(kind, start, end))
            blank = _NAMED if kind == "name" else _HIDDEN
            work = work[:start] + blank * (end - start) + work[end:]

    def all_of(kind: str, finder: Callable[[str], Iterator[tuple[int, int]]]) -> None:
        for start, end in list(finder(work)):
            take(kind, start, end)

    if latin:
        all_of("email", emails)
        if "@" in work:
            all_of("handle", handles)
        all_of("ip", ips)
        all_of("plate", plates)
        for kind, start, end in list(identifiers(work, among=among)):
            take(kind, start, end)
    if "nickname" in among:
        all_of("handle", nicknames)
    if placed:
        all_of("address", addresses)
    if run:
        for kind, start, end in list(numbers(work, lead=lead)):
            take(kind, start, end)
    if masks or not NAME_CUES.isdisjoint(among) or holds_signature(work):
        # A cue that has just been masked is none any more; a number may stand beside a name.
        known = {**(cues(work) if masks else among), "number": ()}
        for start, end in list(names(work, among=known)):
            take("name", start, end)
    for start, end in likely(work):
        take("name", start, end)
    if not masks:
        return masks
    for start, end in list(_said_again(text, masks)):
        take("name", start, end)
    for start, end in [(start, end) for kind, start, end in masks if kind == "name"]:
        for span in spelled(work, text[start:end], end):
            take("name", *span)
    masks.sort(key=lambda found: found.start)
    return masks


def _blank(mark: re.Match[str]) -> str:
    """Return what stands for a mark while a text is searched: names may be listed beside names."""
    return (_NAMED if mark.group() == LABELS["name"] else _HIDDEN) * len(mark.group())


def _said_again(text: str, masks: Sequence[Mask]) -> Iterator[tuple[int, int]]:
    """Yield where the full names found in a text stand in it once more."""
    for name in {text[start:end] for kind, start, end in masks if kind == "name"}:
        if len(name) > 2:
            for again in re.finditer(re.escape(name), text):
                yield again.span()


def replace(text: str, masks: Sequence[Mask]) -> str:
    """Return the text with a mark in the place of every piece found.

    >>> replace("打13800138000", [Mask("mobile", 1, 12)])
    '打[手机号]'
    """
    parts: list[str] = []
    at = 0
    for kind, start, end in masks:
        parts += (text[at:start], LABELS[kind])
        at = end
    return "".join(parts) + text[at:]


def mask(text: str, *, lead: str = "") -> Masked:
    """Return the text with personal information replaced by marks, and their number by kind.

    Masking twice changes nothing more; a text with nothing to mask is returned as it is.

    >>> mask("我叫林晓雯,电话13800138000").text
    '我叫[姓名],电话[手机号]'
    """
    masks = find(text, lead=lead)
    if not masks:
        return Masked(text, _NONE)
    counts: Counter[str] = Counter()
    # A mark can bring a cue closer to what follows: go on until nothing more is found.
    while masks:
        text = replace(text, masks)
        counts.update(kind for kind, _, _ in masks)
        masks = find(text, lead=lead)
    return Masked(text, MappingProxyType(dict(counts)))
