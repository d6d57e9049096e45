"""What is said about the characters of a name: 弓长张建设的建, 金贞淑(김정숙)."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HAN = r"[\u4e00-\u9fff]"
_PARTS = (
    "弓长|立早|双口|木子|耳东|口天|古月|言午|双木|草头|走肖|三横|三点水|人可|十八子|干勾|卯金刀"
    "|文武|西早|禾火|口十|日月|木易|草字头"
)
_BRACKETED = re.compile(
    r"[(（]([\uac00-\ud7a3]{2,5}|[\u3040-\u30ff]{2,12}"
    r"|[A-Z][A-Za-z]+(?:[ ,·\-]{1,2}[A-Z][A-Za-z]*){0,3})[)）]"
)
_GAP = re.compile(r"(?:[,，、。 ]|嗯|呃|就是|那个|啊|是)*")
# 弓长张, 建设的建, 耿是耳朵旁加个火, 雨字头的雯: one character told apart, which the groups hold.
_TOLD = re.compile(
    rf"[,，、 ]?(?:({_HAN})呢?是|是)?(?:(?:{_PARTS})({_HAN})"
    rf"|{_HAN}{{1,6}}?的(?:那个)?({_HAN})(?!{_HAN}?的)"
    rf"|{_HAN}{{1,3}}?字?[旁头底](?:的({_HAN})|加个?{_HAN})?)"
)


def spelled(text: str, name: str, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the characters of the name that ends at a place are told apart right after it.

    >>> list(spelled("我叫张建弓长张建设的建我想查", "张建", 4))
    [(4, 11)]
    """
    if found := _BRACKETED.match(text, end):
        yield found.span(1)
    gap = _GAP.match(text, end)
    start = at = gap.end() if gap else end
    while (told := _TOLD.match(text, at)) and _of_name(told, name):
        at = told.end()
    if at > start:
        yield start, at


def _of_name(told: re.Match[str], name: str) -> bool:
    chars = [char for char in told.groups() if char]
    return bool(chars) and all(char in name for char in chars)
