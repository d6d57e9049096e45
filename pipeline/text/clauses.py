"""Split text into opinion units 观点单元: at punctuation, contrast words, and in bare speech."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

_PIECE = re.compile(r"[^，。！？；…~～\n,!?;]+")
_CONTRAST = re.compile(r"(?<=.{4})(?=但是|但(?!愿|凡)|不过(?!如此|分|瘾|关)|可是|然而|只是)")
_SPEECH = re.compile(
    r"(?<=.{6})(?=然后|因为|所以|但是|就是说)|(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])"
)
_WORDY = re.compile(r"[^\W_]")
_EDGE = " \t\r\n　，。！？；、…~～,.!?;:：\"“”'‘’"
_LONG = 40


def split(simplified: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the opinion units within the spans, in order, trimmed of edge punctuation.

    >>> text = "味道、服务都不错，但是太贵了！"
    >>> [text[start:end] for start, end in split(text, [(0, len(text))])]
    ['味道、服务都不错', '但是太贵了']
    """
    units: list[tuple[int, int]] = []
    for left, right in spans:
        own: list[tuple[int, int]] = []
        for piece in _PIECE.finditer(simplified, left, right):
            start, end = piece.span()
            bound = _SPEECH if end - start > _LONG else _CONTRAST
            cuts = [start, *(start + m.end() for m in bound.finditer(piece[0])), end]
            for a, b in itertools.pairwise(cuts):
                _add(own, simplified, a, b)
        if len(own) > 1 and own[0][1] - own[0][0] <= 2:
            own[:2] = [(own[0][0], own[1][1])]
        units.extend(own)
    return units


def _add(own: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    if start == end:
        return
    # A unit of one or two characters (嗯, 好的) or an emoticon holds no opinion of its own.
    if own and (end - start <= 2 or not _WORDY.search(text, start, end)):
        own[-1] = (own[-1][0], end)
    else:
        own.append((start, end))
