"""Split text into opinion units 观点单元: at punctuation, contrast words, and in bare speech."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

_HAN = "\u4e00-\u9fff"
_STOPS = "，。！；…~～\n!;?？"
# A comma or point inside a number or a name (1,000元, 3.5折, V1.2) bounds nothing.
_BOUND = re.compile(
    rf"(?:[{_STOPS}]|,(?![0-9]{{3}}(?![0-9]))|\.(?![0-9A-Za-z]))+"
    rf"|(?<=[{_HAN}])\.(?=[A-Za-z])"
    r"|((?<![不非])但(?!愿|凡)|(?<!再好)(?<![比忍说看])(?:只(?=不过))?不过(?!如此|分|瘾|关|来|去|敏|期)"
    r"|只不过|(?<![这那我他你她它们])可是(?!否)|然而|(?<![不也就都这那我他你她它们却仅可])只是"
    r"|(?<=[好错意欢行以宜净亮便服吃看快爽赞棒喝香足鲜])就是(?!说|好|因为|了|这|那|为))"
)
# Under so many characters before it, a contrast word opens the piece instead of cutting it.
_BEFORE_CONTRAST = 3
_GAP = re.compile(r"(?<=[^\x00-\x7f]) +(?=[^\x00-\x7f])")
# Word-spaced recogniser output has runs of one or two characters; written blanks bound clauses.
_RUN = 4
_SPEECH = re.compile(
    r"然后|因为|所以|而且|就是说|结果|后来|另外|还有|反正|其实|如果|要是|主要是|关键是|问题是"
    r"|那么|那个|这个是|嗯+|呃+|哎+|哦+|对吧|是吧|你看"
)
_SPEECH_LEAST = 6
_LONG = 40
_LONGEST = 60
# Where nothing else bounds a long stretch: at a particle or pronoun, else wherever a word may end.
_LOOSE = (
    re.compile(r"(?<=[了吗呢吧啊呀啦嘛])(?![了吗呢吧啊呀啦嘛])|(?=[我你他她它您])"),
    re.compile(r"(?<=的)| "),
)
_WORDY = re.compile(r"[^\W_]")
_EDGE = " \t\r\n\u3000，。！；、…~～,.!;:：\"“”'‘’"
_MARK = re.compile(r"\[[^\[\]]{1,8}\]")
# These belong to what follows them, however they are punctuated (但是，太贵了).
_OPENER = re.compile(
    r"但是?|可是|不过|然而|只是|然后|而且|所以|因为|另外|总之|其实|反正|并且|因此|同时|还有|结果|虽然"
    r"|如果|就是|首先|其次|最后|第[一二三]|关键|比如|例如|于是|后来"
)
# These hold no opinion of their own and join what stands before them.
_ECHO = re.compile(
    r"好的|好吧|你好|您好|[是对][的吧啊]|谢谢|哎[呀哟]|亲们|真的|好了|行吧|再见|[那这]个|[嗯哈呵嘿嘻哦啊哎]+"
)


def split(simplified: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the opinion units within the spans, in order, trimmed of edge punctuation.

    A closing question mark stays, since it changes what the unit says; enumerations with 、 stay
    together. Speech without punctuation is cut at connectives, fillers, blanks and a length bound.

    >>> text = "味道、服务都不错，但是太贵了！值吗？"
    >>> [text[start:end] for start, end in split(text, [(0, len(text))])]
    ['味道、服务都不错', '但是太贵了', '值吗？']
    """
    units: list[tuple[int, int]] = []
    for left, right in spans:
        units.extend(_joined(simplified, _pieces(simplified, left, right)))
    return units


def _pieces(text: str, left: int, right: int) -> list[tuple[int, int]]:
    """Return the trimmed stretches between bounds, none empty."""
    pieces: list[tuple[int, int]] = []
    start = left
    for bound in _BOUND.finditer(text, left, right):
        at = bound.start()
        if bound[1] is not None:
            if at - start < _BEFORE_CONTRAST:
                continue
            _add(pieces, text, start, at)
            start = at
        else:
            run = bound[0]
            asked = max(run.rfind("？"), run.rfind("?"))
            _add(pieces, text, start, at, at + asked + 1 if asked >= 0 else at)
            start = bound.end()
    _add(pieces, text, start, right)
    return pieces


def _add(
    pieces: list[tuple[int, int]], text: str, start: int, end: int, kept: int | None = None
) -> None:
    """Add one stretch, trimmed, cut further where it is bare speech; ``kept`` ends its ？."""
    if kept is None:
        kept = end
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE:
        end -= 1
        kept = max(end, kept if text[kept - 1] in "?？" else end)
    if start == end:
        return
    if end - start > _RUN and text.find(" ", start, end) > 0:
        gaps = [start + gap.end() for gap in _GAP.finditer(text[start:end])]
        if gaps and (end - start - len(gaps)) / (len(gaps) + 1) >= _RUN:
            for a, b in itertools.pairwise([start, *gaps]):
                pieces.extend(_bare_speech(text, a, b - 1))
            start = gaps[-1]
    if end - start <= _LONG:
        pieces.append((start, kept))
        return
    cuts = _bare_speech(text, start, end)
    pieces.extend(cuts[:-1])
    pieces.append((cuts[-1][0], kept))


def _bare_speech(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a stretch without punctuation at connectives and fillers, and by length at the last."""
    while text[end - 1] == " ":
        end -= 1
    if end - start <= _LONG:
        return [(start, end)]
    cuts = [start]
    for word in _SPEECH.finditer(text, start, end):
        if word.start() - cuts[-1] >= _SPEECH_LEAST:
            cuts.append(word.start())
    cuts.append(end)
    pieces = []
    for a, b in itertools.pairwise(cuts):
        while b - a > _LONGEST:
            cut = _loose_cut(text, a)
            pieces.append(_trim_blanks(text, a, cut))
            a = cut
        pieces.append(_trim_blanks(text, a, b))
    return [(a, b) for a, b in pieces if a < b]


def _loose_cut(text: str, start: int) -> int:
    """Return where to cut a stretch that is too long, outside marks such as [手机号]."""
    limit = start + _LONGEST
    for pattern in _LOOSE:
        places = [place.end() for place in pattern.finditer(text, start + _LONGEST // 3, limit)]
        if places:
            break
    cut = places[-1] if places else limit
    for mark in _MARK.finditer(text, max(start, cut - 10), cut + 10):
        if mark.start() < cut < mark.end() and mark.start() > start:
            return mark.start()
    return cut


def _trim_blanks(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    return start, end


def _joined(text: str, pieces: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join what can hold no opinion of its own: 但是 to the next piece, 嗯 or ^_^ to the last."""
    units: list[tuple[int, int]] = []
    opener = -1
    for start, end in pieces:
        if end - start <= 2 and _OPENER.fullmatch(text, start, end):
            opener = start if opener < 0 else opener
        elif opener >= 0:
            units.append((opener, end))
            opener = -1
        elif units and _weak(text, start, end):
            units[-1] = (units[-1][0], end)
        else:
            units.append((start, end))
    if opener >= 0:
        if units:
            units[-1] = (units[-1][0], pieces[-1][1])
        else:
            units.append((opener, pieces[-1][1]))
    if len(units) > 1 and _weak(text, *units[0]):
        units[:2] = [(units[0][0], units[1][1])]
    return units


def _weak(text: str, start: int, end: int) -> bool:
    if end - start > 3:
        return False
    if end - start == 1 or _ECHO.fullmatch(text, start, end):
        return True
    return not _WORDY.search(text, start, end)
