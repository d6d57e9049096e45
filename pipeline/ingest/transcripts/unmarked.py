"""Calls written down without speakers: units by punctuation, fillers, greetings and length."""

from __future__ import annotations

import re

#: Units of a text without punctuation grow to about this many characters.
LONGEST = 40
#: A question of so many characters is a unit of its own.
_QUESTION = 4
_STOP = re.compile(r"(?<=[。！？!?；;\n])\s*")
# Words that open a turn or answer one; the text before them is a unit of its own.
_OPENERS = (
    "您好", "你好", "喂", "请问", "我想", "我要", "不是", "那我", "那您", "呃", "嗯", "哦", "噢",
    "好的", "行", "对", "是的", "没有", "那个", "就是", "但是", "可是", "因为", "所以", "然后",
    "感谢", "谢谢", "为什么", "怎么", "请", "祝您", "你们",
)  # fmt: skip
_STRONG = ("您好", "你好", "喂", "感谢", "请问", "我想", "不是", "哦", "噢", "呃", "嗯")


def is_spaced(text: str) -> bool:
    """Say whether a text is recogniser output with a space between its words.

    >>> is_spaced("我 想 问 一下 我 这个 手机"), is_spaced("我想问一下，谢谢 你")
    (True, False)
    """
    parts = text.split()
    han = len(re.findall(r"[\u3400-\u9fff]", text))
    chinese = han >= 4 and han * 2 >= sum(map(len, parts))
    return len(parts) >= 4 and chinese and han / len(parts) <= 3.0


def units(text: str) -> list[str]:
    """Split a call without speakers into units; their words are kept, fillers too.

    A unit is no speaker turn: two sides may share one. Nothing but spaces between characters
    is lost.

    >>> units("您好 请问 有 什么 可以 帮 您 呃 我 想 问 话费 怎么 高")
    ['您好请问有什么可以帮您', '呃我想问话费怎么高']
    """
    found: list[str] = []
    for sentence in _STOP.split(text):
        if is_spaced(sentence):
            found += _by_words(sentence.split())
        elif len(sentence) > LONGEST and not re.search(r"[，,、]", sentence):
            found += _by_length(sentence)
        elif sentence.strip():
            found.append(" ".join(sentence.split()))
    return found


def _by_words(words: list[str]) -> list[str]:
    found: list[str] = []
    unit: list[str] = []
    length = 0
    for word in words:
        # A question ends the turn: what follows is its answer.
        if length >= _QUESTION and unit[-1].endswith("吗"):
            found.append(_spelled(unit))
            unit, length = [], 0
        opens = (word in _STRONG and length >= 8) or (word in _OPENERS and length >= LONGEST // 2)
        if unit and (opens or length >= 2 * LONGEST):
            found.append(_spelled(unit))
            unit, length = [], 0
        unit.append(word)
        length += len(word)
    if unit:
        found.append(_spelled(unit))
    return found


def _spelled(words: list[str]) -> str:
    joined = " ".join(words)
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", joined)


def _by_length(text: str) -> list[str]:
    openers = "|".join(sorted((word for word in _OPENERS if len(word) > 1), key=len, reverse=True))
    found: list[str] = []
    start = 0
    for cut in re.finditer(rf"(?<![是也])(?:{openers}|[呃嗯哦噢])|(?<=吗)", text):
        least = 8 if cut[0] in _STRONG else LONGEST // 2 if cut[0] else _QUESTION
        if cut.start() - start >= least:
            found.append(text[start : cut.start()])
            start = cut.start()
    found.append(text[start:])
    pieces = (
        one[place : place + 2 * LONGEST]
        for one in found
        for place in range(0, len(one), 2 * LONGEST)
    )
    return [" ".join(one.split()) for one in pieces if one.strip()]
