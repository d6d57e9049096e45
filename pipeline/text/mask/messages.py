"""Take personal information out of error messages, log lines and file paths."""

from __future__ import annotations

import re

from pipeline.text.mask.cells import mask_cell
from pipeline.text.mask.digits import shape
from pipeline.text.mask.find import Mask, find, replace

# 张_138: what glues the parts of a file name together is read as a blank.
_FOLDED = str.maketrans("_０１２３４５６７８９＠", " 0123456789@")
_STAMP = re.compile(
    r"(?:19|20)[0-9]{2}(?:[\-.]?(?:0[1-9]|1[0-2])(?:[\-.]?(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[\-. T]?[0-9]{4}(?:[0-9]{2})?)?)?)?"
)
_DIGITS = re.compile(r"[0-9]{11,19}")
_LOCAL = ("127.0.0.1", "0.0.0.0", "::1")  # noqa: S104 - a text to leave alone, not an address to bind


# column 电话: expected a number, got '1380013'
_COLUMN = re.compile(r"(?:[Cc]olumn|列|字段) ?['\"“「]?([^\s'\"”」:：,，=]{1,20})")
_GOT = re.compile(r"(?:got|found|value|得到|实际是?)[ :：=]*(['\"]?)([^'\"\n]{1,80})\1")


def scrub(message: str) -> str:
    """Return a message without personal information; paths, dates and counts stay as they are.

    Numbers are found where ``_``, ``-`` or letters glue them to the rest of a file name.

    >>> scrub("calls/20260903_13800138000_0012.wav: row 5 of 客户王晓梅.csv is cut short")
    'calls/20260903_[手机号]_0012.wav: row 5 of 客户[姓名].csv is cut short'
    """
    if column := _COLUMN.search(message):
        message = _GOT.sub(lambda found: _got(found, column.group(1)), message)
    view = message.translate(_FOLDED)
    masks = [found for found in find(view) if not _harmless(found, view[found.start : found.end])]
    hidden = {at for _, start, end in masks for at in range(start, end)}
    for found in _DIGITS.finditer(view):
        if (kind := shape(found.group())) and hidden.isdisjoint(range(*found.span())):
            masks.append(Mask(kind, *found.span()))
    return replace(message, sorted(masks, key=lambda piece: piece.start))


def _got(found: re.Match[str], column: str) -> str:
    """Return what was got instead of a value, masked as the column asks for."""
    start, end = (at - found.start() for at in found.span(2))
    whole = found.group()
    return whole[:start] + mask_cell(whole[start:end], column=column).text + whole[end:]


def _harmless(found: Mask, text: str) -> bool:
    """Tell whether what looks personal is a date stamp, a decorator or this machine."""
    if found.kind == "handle":
        return text.isascii()
    if found.kind == "ip":
        return text in _LOCAL
    return found.kind not in ("name", "address", "id_card") and bool(_STAMP.fullmatch(text))
