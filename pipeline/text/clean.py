"""Clean text without losing its words, and read it in one script.

``clean`` folds widths, entities, tags, invisible characters and whitespace; the script stays as
the customer wrote it. ``simplify`` gives the same text, character for character, in Simplified
Chinese, so that an offset into one is an offset into the other.
"""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Callable

import opencc

# CJK punctuation that NFKC would turn into ASCII: it carries clause boundaries and stays.
_KEPT = "，。！？：；（）【】《》“”‘’、…—～"
_PLAIN = re.compile(rf"(?:[\u4e00-\u9fff{_KEPT}!-%'-;=-~]| (?=[^ ]))*\Z")
_SEGMENT = re.compile(rf"[^{_KEPT}]+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_TAG = re.compile(
    r"<!--.*?-->|</?(?:br|hr|p|div|span|b|i|u|a|em|strong|font|img|table|tbody|tr|td|th|ul|ol|li|"
    r"h[1-6]|label|section|article|style|script|sup|sub)(?:\s[^<>]*)?/?>",
    re.IGNORECASE | re.DOTALL,
)
_SPACE = re.compile(r"\s+")
_DROPPED = frozenset({"Cc", "Cf", "Cs"})
_HAN = re.compile(r"[\u3400-\u9fff]")


def clean(text: str) -> str:
    r"""Return the text with widths folded, mark-up undone and whitespace folded to one space.

    CJK punctuation and the script stay. Control and zero-width characters go; HTML entities and
    the usual tags are undone. Cleaning twice changes nothing more.

    >>> clean("　打１３８０<br>没人接&nbsp;！\u200b")
    '打1380 没人接 ！'
    """
    if _PLAIN.match(text) and not text.startswith(" "):
        return text
    while (cleaner := _once(text)) != text:
        text = cleaner
    return text


def _once(text: str) -> str:
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    text = _SEGMENT.sub(lambda found: unicodedata.normalize("NFKC", found.group()), text)
    text = _SPACE.sub(" ", text)
    return "".join(filter(_visible, text)).strip()


def _visible(char: str) -> bool:
    # Variation selectors and the keycap ring hide digits from every later pattern.
    if "\u4e00" <= char <= "\u9fff" or " " <= char <= "~":
        return True
    return unicodedata.category(char) not in _DROPPED and char not in "\ufe0e\ufe0f\u20e3"


@functools.cache
def load_simplifier() -> Callable[[str], str]:
    """Return the Traditional→Simplified function; its dictionaries are read once a process."""
    to_simplified: Callable[[str], str] = opencc.OpenCC("t2s").convert
    from_taiwan: Callable[[str], str] = opencc.OpenCC("tw2sp").convert

    def convert(text: str) -> str:
        if text.isascii():
            return text
        plain = to_simplified(text)
        if plain == text:
            # tw2sp would turn Mainland 程序 into 进程: only Traditional text may go through it.
            return text
        if len(plain) != len(text):
            plain = "".join(_single(to_simplified, char) for char in text)
        changed = sum(a != b for a, b in zip(plain, text, strict=True))
        if changed >= 2 and changed * 12 >= len(_HAN.findall(text)):
            phrased = from_taiwan(text)
            if len(phrased) == len(text):
                return phrased
        return plain

    return convert


def _single(convert: Callable[[str], str], char: str) -> str:
    plain = convert(char)
    return plain if len(plain) == 1 else char


def simplify(text: str) -> str:
    """Return the text in Simplified Chinese, always of the same length.

    Taiwan's words become the Mainland's where the length allows it.

    >>> simplify("這台筆電的螢幕不錯")
    '这台笔电的屏幕不错'
    >>> simplify("办理程序太复杂")
    '办理程序太复杂'
    """
    return load_simplifier()(text)
