"""Mask a call: numbers are read out over several turns, and asked for in the turn before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from types import MappingProxyType

from pipeline.text.clean import simplify
from pipeline.text.mask.digits import DIGIT, FILLER, UNIT, ascii_digits, cue_before, shape
from pipeline.text.mask.find import LABELS, MARK, Masked, mask

_LAST = re.compile(rf"{DIGIT}(?:{FILLER}{{0,4}}{DIGIT})*(?=(?:{FILLER}|[?？!！])*$)")
_FIRST = re.compile(
    rf"(?:{FILLER}|好的?|对的?|是的?|您说){{0,4}}({DIGIT}(?:{FILLER}{{0,4}}{DIGIT})*)"
)
_ACK = re.compile(
    rf"(?:{FILLER}|[?？!！]|好的?|对|是的?|您说|你说|请说|请讲|继续|还有|后面|呢|行|知道|听到|记下|了|您|请|接着|再)*$"
)
_ASKS_NAME = re.compile(r"(?:贵姓|怎么称呼|什么名字|姓名|您的名字|哪位)")
_BARE_NAME = re.compile(r"(?:嗯|呃|是|我)?([\u4e00-\u9fff]{2,4})[。,，.]?$")
# 45岁, 3个人, 200元: what is counted is not part of a number that is read out.
_COUNTED = re.compile(
    rf"{UNIT.pattern}| ?(?:[个岁位号楼点折名张台只趟层栋遍家共直起些]|多|左右|以上)"
)
_MAX_TURNS = 8
_KIND = {"phone": "mobile"}


def mask_turns(texts: Sequence[str]) -> list[Masked]:
    """Mask the cleaned turns of one call; a number read out over several turns is masked in each.

    Between its parts the other side may say 嗯 or repeat a part. The turn before also counts as
    a cue: after 身份证号是多少 an incomplete number is masked.

    >>> [turn.text for turn in mask_turns(["电话是幺三八", "嗯", "零零一三八零零零"])]
    ['电话是[手机号]', '嗯', '[手机号]']
    """
    # The word in a mark ([姓名]) is no cue for what follows.
    plain = [MARK.sub(lambda found: "\ufffc" * len(found.group()), simplify(t)) for t in texts]
    planned: dict[int, tuple[int, int, str]] = {}
    turn = 0
    while turn < len(plain):
        spans, kind = _read_out(plain, turn)
        for number, start, end in spans:
            planned.setdefault(number, (start, end, kind))
        turn = max((number for number, _, _ in spans), default=turn) + 1
    result = []
    for number, text in enumerate(texts):
        counts: Counter[str] = Counter()
        if number in planned:
            start, end, kind = planned[number]
            text = text[:start] + LABELS[kind] + text[end:]
            # The parts of one number count as one.
            counts[kind] += int(number - 1 not in planned and number - 2 not in planned)
        lead = plain[number - 1] if number else ""
        bare = _bare_name(plain[number], lead)
        if bare and number not in planned:
            text = text[: bare[0]] + LABELS["name"] + text[bare[1] :]
            counts["name"] += 1
        masked = mask(text, lead=lead if cue_before(lead[-18:].rstrip("。.?？!！吗呢")) else "")
        counts.update(masked.masks)
        counts += Counter()
        result.append(Masked(masked.text, MappingProxyType(dict(counts))))
    return result


def _bare_name(text: str, lead: str) -> tuple[int, int] | None:
    if len(text) > 6 or not _ASKS_NAME.search(lead):
        return None
    found = _BARE_NAME.match(text)
    if not found:
        return None
    # Read as if the cue stood in the same turn, so that both obey the same rules.
    probe = mask(f"姓名:{found.group(1)}")
    return found.span(1) if probe.text == f"姓名:{LABELS['name']}" else None


def _read_out(plain: Sequence[str], turn: int) -> tuple[list[tuple[int, int, int]], str]:
    """Return the parts of the number that begins at the end of a turn, and its kind."""
    last = _LAST.search(plain[turn])
    if not last:
        return [], ""
    digits = ascii_digits(last.group())
    if len(digits) < 2 or shape(digits):
        return [], ""
    previous = plain[turn - 1].rstrip("。.?？!！吗呢") if turn else ""
    cue = cue_before(plain[turn][max(0, last.start() - 18) : last.start()])
    if not cue and last.start() < 6:
        cue = cue_before(previous[-18:])
    spans = [(turn, last.start(), last.end())]
    best: tuple[list[tuple[int, int, int]], str] = ([], "")
    piece = digits
    for number in range(turn + 1, min(len(plain), turn + _MAX_TURNS)):
        text = plain[number]
        first = _FIRST.match(text)
        if not first:
            if _ACK.match(text):
                continue
            break
        said = ascii_digits(first.group(1))
        # A whole number is masked where it stands; it does not continue another.
        if shape(said) or _COUNTED.match(text, first.end()):
            break
        spans.append((number, first.start(1), first.end(1)))
        if said not in (piece, digits) or len(said) < 2:
            digits += said
            piece = said
        if len(digits) > 19:
            break
        kind = shape(digits)
        if not kind and cue in ("phone", "id_card", "bank_card") and len(digits) >= 7:
            kind = _KIND.get(cue, cue)
        if kind:
            best = (list(spans), kind)
        if not _ACK.match(text[first.end() :]):
            break
    return best
