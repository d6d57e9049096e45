"""Mask a call: numbers are read out over several turns, and asked for in the turn before."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from types import MappingProxyType

from pipeline.text.clean import simplify
from pipeline.text.mask.addresses import ASKS_ADDRESS, addresses, answers
from pipeline.text.mask.digits import (
    ATOM,
    CHECK_LETTER,
    DIGIT,
    FILLER,
    UNIT,
    ascii_digits,
    cue_before,
    shape,
)
from pipeline.text.mask.find import LABELS, MARK, Mask, Masked, find, mask, replace
from pipeline.text.mask.person import is_surname

_NUMBER = rf"{ATOM}(?:{FILLER}{{0,6}}{ATOM})*"
_LAST = re.compile(rf"{_NUMBER}(?=(?:{FILLER}|[?？!！吗呢吧是])*$)")
_LEAD_IN = (
    r"(?:好的?|对的?|是的?|您说|[前后下][面边头]|然后|接着|最后|剩下|尾号|是|就是|再来|那个?)"
)
_FIRST = re.compile(rf"(?:{FILLER}|{_LEAD_IN}){{0,5}}({_NUMBER})")
_ACK = re.compile(
    rf"(?:{FILLER}|[?？!！]|好的?|对|是的?|您说|你说|请说|请讲|继续|还有|后面|呢|行|知道|听到|记下|了|您|请|接着|再|吧|收到|明白|慢点?|稍等|[报念记]一?下?|没了|还有[一二两三四五六1-6]位)*$"
)
_SPEAKER = re.compile(r"(?:[\u4e00-\u9fff]{1,4}|[A-Za-z]{1,8})[0-9]{0,2} ?[:：] ?")
_QUESTION = r"[^。，,]{0,6}(?:多少|什么|是|报|告诉|说|发|留|提供|呢|几|[?？号]|$)"
# What the other side asks for, and what of a short answer is that.
_ASKED = tuple(
    (kind, re.compile(rf"(?:{asks}){_QUESTION}"), re.compile(answer))
    for kind, asks, answer in (
        ("wechat", r"微信|[vV][xX]", r"(?=[A-Za-z_\-]*[0-9_])[A-Za-z0-9][A-Za-z0-9_\-]{4,19}"),
        (
            "email",
            r"邮箱|邮件地址|艾特|后缀|[@圈]",
            r"[A-Za-z0-9._\-]{4,}"
            r"|(?:(?:艾特|爱特|@) ?)?[0-9A-Za-z幺一二三六九]+ ?(?:点|\.) ?[A-Za-z]+",
        ),
        ("plate", r"车牌|车号", r"[\u4e00-\u9fff]?[A-Z][0-9A-Z]{0,6}(?![A-Za-z])|[0-9A-Z]{4,6}"),
        ("bank_card", r"尾[号数]|[后末][四六4]位", rf"(?:{ATOM}){{3,6}}(?!{DIGIT})"),
    )
)
# Answers may come in two parts: 京A … 12345.
_ANSWERED_FOR = 3
_SURNAME_ALONE = re.compile(
    r"(?:姓|免贵姓|我姓|嗯|啊|[,， ])*([\u4e00-\u9fff]{1,2})[。.,，啊呀吧]?$"
)
_ASKS_NAME = re.compile(
    r"(?:贵姓|怎么称呼|什么名字|姓名|(?:[您你]的|全|大)名字?|哪位|叫什么|[机户车]主是|您是$)"
)
_BARE_NAME = re.compile(
    r"(?:嗯|呃|是|我|叫|啊|哦|对|[,，。 ]){0,4}([\u4e00-\u9fff]{2,4}?)(?:本人)?[。,，.啊呀]?$"
)
# 45岁, 3个人, 200元: what is counted is not part of a number that is read out.
_COUNTED = re.compile(
    rf"{UNIT.pattern}| ?(?:[个岁位号楼点折名张台只趟层栋遍家共直起些]|多|左右|以上)"
)
_MAX_TURNS = 10
# For so many turns an answer may follow the question for an address.
_ASKED_FOR = 5
_LONGEST_ANSWER = 40
#: Characters of a turn that may fall between two parts of a number.
_ASIDE = 8
_KIND = {"phone": "mobile"}
_READ_OUT = ("phone", "id_card", "bank_card", "order", "certificate", "qq")
_DIGITS = re.compile(_NUMBER)


def mask_turns(texts: Sequence[str]) -> list[Masked]:
    """Mask the cleaned turns of one call; a number read out over several turns is masked in each.

    Between its parts the other side may say 嗯 or repeat a part. The turn before also counts as
    a cue: after 身份证号是多少 an incomplete number is masked, after 您住哪儿 an estate. A number
    that was masked once is masked wherever the call repeats it.

    >>> [turn.text for turn in mask_turns(["电话是幺三八", "嗯", "零零一三八零零零"])]
    ['电话是[手机号]', '嗯', '[手机号]']
    """
    result = _mask_once(texts)
    if names := _full_names(texts, result):
        result = [_without(turn, names) for turn in result]
    found = result
    # A mark can leave what stands beside it the answer to a question: go on till nothing is found.
    while any(turn.masks for turn in found):
        found = _mask_once([turn.text for turn in result])
        result = [
            Masked(new.text, MappingProxyType(dict(Counter(old.masks) + Counter(new.masks))))
            for old, new in zip(result, found, strict=True)
        ]
    return result


def _full_names(texts: Sequence[str], masked: Sequence[Masked]) -> set[str]:
    """Return the full names found in the turns of a call: who is named once is named again."""
    return {
        text[start:end]
        for text, turn in zip(texts, masked, strict=True)
        if "name" in turn.masks
        for kind, start, end in find(text)
        if kind == "name" and end - start > 2
    }


def _without(turn: Masked, names: set[str]) -> Masked:
    pattern = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
    spans = [Mask("name", *found.span()) for found in pattern.finditer(turn.text)]
    if not spans:
        return turn
    counts = Counter(turn.masks) + Counter(name=len(spans))
    return Masked(replace(turn.text, spans), MappingProxyType(dict(counts)))


def _mask_once(texts: Sequence[str]) -> list[Masked]:
    # The word in a mark ([姓名]) is no cue for what follows.
    plain = [MARK.sub(lambda found: "\ufffc" * len(found.group()), simplify(t)) for t in texts]
    # 客户:138 is what the turn says, not part of it.
    heads = [found.end() if (found := _SPEAKER.match(text)) else 0 for text in plain]
    said = [text[head:] for text, head in zip(plain, heads, strict=True)]
    planned = _plan(said)
    result = []
    for number, text in enumerate(texts):
        shifted = [
            Mask(kind, start + heads[number], end + heads[number])
            for kind, start, end in planned.get(number, ())
        ]
        masked = mask(replace(text, shifted), lead=_cue_of(said[number - 1]) if number else "")
        counts = Counter(masked.masks)
        # The parts of one number count as one.
        near = {kind for back in (1, 2) for kind, _, _ in planned.get(number - back, ())}
        counts.update(kind for kind, _, _ in shifted if kind == "name" or kind not in near)
        result.append(Masked(masked.text, MappingProxyType(dict(counts))))
    return result


def _cue_of(text: str) -> str:
    """Return what was said in the turn before, if it asks for a number."""
    return text if cue_before(text[-18:].rstrip("。.?？!！吗呢")) else ""


def _plan(said: Sequence[str]) -> dict[int, list[Mask]]:
    """Return what the turns say together that none says alone."""
    planned: dict[int, list[Mask]] = {}
    turn = 0
    while turn < len(said):
        spans, kind = _read_out(said, turn)
        for number, start, end in spans:
            planned.setdefault(number, []).append(Mask(kind, start, end))
        turn = max((number for number, _, _ in spans), default=turn) + 1
    _plan_repeated(said, planned)
    asked = -_ASKED_FOR
    for number, text in enumerate(said):
        if number in planned:
            continue
        lead = said[number - 1] if number else ""
        if span := _bare_name(text, lead):
            planned[number] = [Mask("name", *span)]
        if number not in planned and (answer := _asked_for(said, number)):
            planned[number] = [answer]
        if ASKS_ADDRESS.search(lead):
            asked = number
            if len(text) <= 20 and (span := answers(text)):
                planned[number] = [Mask("address", *span)]
                continue
        if number - asked < _ASKED_FOR and number not in planned and len(text) <= _LONGEST_ANSWER:
            found = [Mask("address", *span) for span in addresses(text, asked=True)]
            if found:
                planned[number] = found
    return planned


def _asked_for(said: Sequence[str], number: int) -> Mask | None:
    """Return what a short turn answers to the question for an id, a plate, the last digits."""
    text = said[number]
    if len(text) > 24:
        return None
    for back in range(1, _ANSWERED_FOR + 1):
        lead = said[number - back] if number >= back else ""
        for kind, asks, answer in _ASKED:
            # A question ends its turn; the answer to the first one comes at once.
            if asks.search(lead[-14:]) and (back == 1 or kind in ("plate", "email")):
                found = answer.search(text)
                known = found is None or kind in mask(text).masks
                return None if known or found is None else Mask(kind, *found.span())
    return None


def _plan_repeated(said: Sequence[str], planned: dict[int, list[Mask]]) -> None:
    """Add the turns in which a number that was read out in parts is said once more."""
    known: dict[str, str] = {}
    parts: dict[str, str] = {}
    for number in sorted(planned):
        for kind, start, end in planned[number]:
            digits = ascii_digits(said[number][start:end])
            parts[kind] = parts.get(kind, "") + digits
            known[digits] = kind
    known |= {digits: kind for kind, digits in parts.items()}
    for number, text in enumerate(said):
        for found in _DIGITS.finditer(text) if known and number not in planned else ():
            digits = ascii_digits(found.group())
            if len(digits) >= 6 and digits in known:
                planned.setdefault(number, []).append(Mask(known[digits], *found.span()))


def _bare_name(text: str, lead: str) -> tuple[int, int] | None:
    if len(text) > 8 or not _ASKS_NAME.search(lead.rstrip("。.?？!！吗呢 ")):
        return None
    if "贵姓" in lead and (alone := _SURNAME_ALONE.match(text)) and is_surname(alone.group(1)):
        return alone.span(1)
    found = _BARE_NAME.match(text)
    if not found:
        return None
    # Read as if the cue stood in the same turn, so that both obey the same rules.
    probe = mask(f"姓名:{found.group(1)}")
    return found.span(1) if probe.text == f"姓名:{LABELS['name']}" else None


def _asked_before(said: Sequence[str], turn: int) -> str:
    """Return the turn before, over a few that only say 您说 or 嗯."""
    for back in range(1, 4):
        if turn < back:
            return ""
        text = said[turn - back].rstrip("。.?？!！吗呢")
        if not _ACK.match(text):
            return text
    return ""


def _read_out(said: Sequence[str], turn: int) -> tuple[list[tuple[int, int, int]], str]:
    """Return the parts of the number that begins at the end of a turn, and its kind."""
    last = _LAST.search(said[turn])
    if not last:
        return [], ""
    digits = ascii_digits(last.group())
    if len(digits) < 2 or shape(digits):
        return [], ""
    previous = _asked_before(said, turn)
    cue = cue_before(said[turn][max(0, last.start() - 18) : last.start()])
    if not cue and last.start() < 6:
        cue = cue_before(previous[-18:])
    spans = [(turn, last.start(), last.end())]
    best: tuple[list[tuple[int, int, int]], str] = ([], "")
    piece = digits
    for number in range(turn + 1, min(len(said), turn + _MAX_TURNS)):
        text = said[number]
        first = _FIRST.match(text)
        if not first:
            # Between the parts of a number that was asked for a few other words may fall.
            if _ACK.match(text) or (cue and len(text) <= _ASIDE and not _DIGITS.search(text)):
                continue
            break
        more = ascii_digits(first.group(1))
        # A whole number is masked where it stands; it does not continue another.
        if shape(more) or _COUNTED.match(text, first.end()):
            break
        check = CHECK_LETTER.match(text, first.end()) if len(digits) > 9 else None
        end = check.end() if check else first.end()
        spans.append((number, first.start(1), end))
        if more not in (piece, digits) or len(more) < 2:
            digits += more
            piece = more
        if len(digits) > 24:
            break
        kind = shape(digits)
        if not kind and cue in _READ_OUT and len(digits) >= 7:
            kind = _KIND.get(cue, cue)
        if kind:
            best = (list(spans), kind)
        if not _ACK.match(text[end:]):
            break
    return best
