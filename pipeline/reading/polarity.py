"""Polarity 情感极性 of a clause by lexicon words, negation, degree, question, wish and contrast."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from pipeline.lexicons import Lexicons

# What may stand between a negation or degree word and the word it governs (没[让我]失望).
_FILLER = re.compile(
    r"(?:[让令使叫](?:我们?|你们?|人|客户|顾客|大家)?|觉得|感觉|感到|看到|见到|得到|享受到?|收到|体会到|做到|达到"
    r"|提供|发现|出现|发生|遇到|碰到|有|什么|任何|啥|一?[点丝]儿?|那么|这么|再|会|能|被|的|地|得|给|人|我"
    r"|说|做|过|哪里|哪儿|地方|到|出|想象中?|以前|之前|上次|别家|其他|其它|图片|网上|描述|宣传|可以|特别|太|很|怎么|是|去|用|吃|住|买|也|都|还)*"
)
_FURTHEST = 8
_NEXT = 3
# Weights are of words; a lone character is a word only beside one of these.
_AFTER = frozenset("了的啊呀吧呢哦呐嘛得到点些极死爆又也都还而但不就，。！？、；：,.!?~～… ）)”\"'")
_BEFORE = frozenset("又更越最真挺蛮太很好超巨贼死特倍是个本家部款件略偏")
_STRONGER = re.compile(
    r"得?(?:不得了|不行|要命|要死|离谱|出奇|很|厉害|没话说|一塌糊涂|可怜|不要不要)|[极死透爆呆翻惨坏](?:了|啦)|到[爆家极]"
)
_ACKNOWLEDGED = re.compile(
    r"(?:嗯|哦|啊|那)*[好可][的吧嘞哒以](?=$|[，。！,!~ ])|好(?:的|了)[，,。 ]"
)
# 没见过这么差的, 没有比这更差的: the denial of a like makes a superlative.
_SUPERLATIVE = re.compile(
    r"(?:没有?(?:谁|哪家)?|从未|从没|从来没有?|第一次)[^，。！？]{0,5}"
    r"(?:比[^，。！？]{1,8}(?=[更还再])|[过见][^，。！？]{0,4}(?:这么|这样|如此|那么|更))"
)
_EXCEPT = re.compile(r"除了?([^，。！？]{1,20}?)(?:以外|之外|外|，|其[他它]|别的|都|没|$)")
_ALMOST = re.compile(r"差(?:一?点儿?|些)(?=[没就被把将要让上掉摔跌睡哭晕笑误忘错赶报打吐撞])没?")
_SHORT_OF = re.compile(r"差(?:一?点儿?|些)(?=$|[，。！？了])")
# 不如以前好: the praise is of something else.
_INFERIOR = re.compile(r"(?:不如|比不上|赶不上|不及|比不了)[^，。！？]{0,8}")
_UNLIKE = re.compile(r"没有?[^，。！？]{1,10}(?:那么|一天|的)$")
_UNLIKE_REACH = 14
# 好什么好: said back to whoever said it.
_ECHOED = re.compile(r"([^，。！？]{1,2})什么\1")
_THROWN = frozenset("了啊呀呢")
# 动力不够: a denial of degree that governs nothing is blame by itself.
_LACKING = re.compile(r"(?:不够|不咋|不行|算不上)(?=了?[！。]?$)")
_SCORN = ("个屁", "个鬼", "个毛", "个头啊")
# 办好, 弄好: done, not good.
_DONE = frozenset("办弄搞准备订约选调装")
_CONCEDED = re.compile(r"(?:虽然|虽说|虽|尽管|即使|即便|固然|诚然)")
_MANY_MARKS = re.compile(r"[?？]{2,}$|[！!][?？]$|[?？][！!]$")
_ASKED = re.compile(r"(?:[吗么嘛][?？]?|[?？])$")
_ASKED_WORD = re.compile(r"[?？]$|[吗呢]$")


class _Operator(NamedTuple):
    factor: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A lexicon word with its weight in context; offsets into the clause."""

    word: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class PolarityScore:
    """``value`` −1…1; ``positive`` and ``negative`` are sums of absolute weights."""

    value: float
    positive: float
    negative: float
    hits: tuple[Hit, ...]


class PolarityScorer:
    """Scores simplified clauses; built by `load_polarity`."""

    def __init__(self, lexicons: Lexicons) -> None:
        self._sentiment = lexicons.sentiment
        self._operators: Mapping[str, float] = {**lexicons.negation, **lexicons.degree}
        self._words = sorted({*self._sentiment, *self._operators, *lexicons.neutral})
        self._finder = AhoCorasick(self._words, matchkind=MatchKind.LeftmostLongest)
        self._contrast = _any_of(lexicons.contrast)
        kinds = {**lexicons.wish, **lexicons.question}
        self._if, self._would, self._hope, self._improve, self._bless, self._ask, self._reproach = (
            _any_of([word for word, its in kinds.items() if its == kind])
            for kind in ("if", "would", "hope", "improve", "bless", "ask", "reproach")
        )

    def score(self, text: str) -> PolarityScore:
        """Score one simplified clause.

        >>> from pipeline.lexicons import load_lexicons
        >>> from pipeline.paths import shipped
        >>> scorer = load_polarity(load_lexicons(shipped("lexicons")))
        >>> scorer.score("太贵了").value < 0 < scorer.score("一点都不贵").value
        True
        """
        hits = self._hits(text)
        if hits:
            hits = _turned(hits, text)
            hits = self._contrasted(hits, text)
        hits = self._asked(self._wished(hits, text), text)
        positive = sum(hit.weight for hit in hits if hit.weight > 0)
        negative = -sum(hit.weight for hit in hits if hit.weight < 0)
        value = math.tanh((positive - negative) / 3)
        return PolarityScore(value, positive, negative, tuple(hits))

    def score_document(self, clauses: Sequence[str]) -> float:
        """Return −1…1 for a document; what follows a contrast word weighs half as much again."""
        total = 0.0
        for clause in clauses:
            weight = 1.5 if self._contrast.match(clause) else 1.0
            total += weight * self.score(clause).value
        return math.tanh(total)

    def _hits(self, text: str) -> list[Hit]:
        """Find the sentiment words, each under the negations and degrees that reach it."""
        hits: list[Hit] = []
        operators: list[_Operator] = []
        acknowledged = _ACKNOWLEDGED.match(text)
        begin = acknowledged.end() if acknowledged else 0
        figures = _figures(text)
        passed = {n for left, right, _ in figures for n in range(left, right)}
        gained = {right + n: factor for _, right, factor in figures for n in range(_NEXT + 1)}
        for number, start, end in self._finder.find_matches_as_indexes(text):
            if start < begin or start in passed:
                continue
            word = self._words[number]
            if word in self._operators:
                operators.append(_Operator(self._operators[word], start, end))
            elif word in self._sentiment:
                before = hits[-1].end if hits else 0
                reaching = _reaching(operators, text, before, start)
                if end - start == 1 and not _stands_alone(text, start, end, reaching):
                    continue
                weight = _governed(self._sentiment[word], reaching)
                if hits and hits[-1].word == "好" and before == start:
                    # 好慢, 好难吃: a degree, not praise.
                    hits.pop()
                    weight *= 1.25
                stronger = _STRONGER.match(text, end)
                if stronger:
                    weight *= 1.4
                    begin = stronger.end()
                weight *= gained.get(start, 1.0)
                hits.append(Hit(word, start, end, weight))
                operators = []
        if "差" in text:
            hits += [Hit(m[0], m.start(), m.end(), -1.0) for m in _SHORT_OF.finditer(text)]
        lacking = _LACKING.search(text)
        if lacking and not any(hit.end > lacking.start() for hit in hits):
            hits.append(Hit(lacking[0], lacking.start(), lacking.end(), -1.0))
        hits.sort(key=lambda hit: hit.start)
        return hits

    def _contrasted(self, hits: list[Hit], text: str) -> list[Hit]:
        turns = [turn.start() for turn in self._contrast.finditer(text)]
        if not turns or turns[-1] < 2:
            return hits
        at = turns[-1]
        return [_scaled(hit, 0.7 if hit.start < at else 1.2) for hit in hits]

    def _wished(self, hits: list[Hit], text: str) -> list[Hit]:
        """What is wished for is missing: praise in a wish turns into mild blame."""
        would = self._would.search(text)
        if would and (self._if.search(text, 0, would.start()) or text.startswith(("就", "那就"))):
            rest = [hit for hit in hits if hit.start >= would.end()]
            return [Hit(would[0], would.start(), would.end(), -1.0), *rest]
        hope = self._hope.search(text)
        if not hope or text[max(0, hope.start() - 1) : hope.start()] in ("不", "有"):
            return hits
        if self._bless.search(text, hope.end()):
            return hits
        kept = [hit for hit in hits if hit.start < hope.start()]
        wished = [hit for hit in hits if hit.start >= hope.start()]
        improve = self._improve.search(text, hope.end())
        if not wished and improve:
            return [*kept, Hit(improve[0], improve.start(), improve.end(), -1.0)]
        return [*kept, *(Hit(h.word, h.start, h.end, -0.5 * abs(h.weight)) for h in wished)]

    def _asked(self, hits: list[Hit], text: str) -> list[Hit]:
        """An open question holds little opinion; a rhetorical one holds blame."""
        if not hits:
            return hits
        reproach = self._reproach.search(text)
        if reproach and _ASKED_WORD.search(text):
            return [_scaled(hit, -0.7 if hit.weight > 0 else 1.0) for hit in hits]
        if _MANY_MARKS.search(text):
            return [_scaled(hit, 0.3 if hit.weight > 0 else 1.0) for hit in hits]
        if _ASKED.search(text) or self._ask.search(text):
            return [_scaled(hit, 0.3) for hit in hits]
        return hits


def load_polarity(lexicons: Lexicons) -> PolarityScorer:
    """Build the scorer from loaded lexicons."""
    return PolarityScorer(lexicons)


def _any_of(words: Collection[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")


def _figures(text: str) -> list[tuple[int, int, float]]:
    """Return spans whose words do not mean what they say, and what the next word gains by them."""
    figures = []
    if "没" in text or "从未" in text or "第一次" in text:
        figures += [(*found.span(), 1.3) for found in _SUPERLATIVE.finditer(text)]
    if "差" in text:
        figures += [(*found.span(), 0.7) for found in _ALMOST.finditer(text)]
        figures += [(*found.span(), 1.0) for found in _SHORT_OF.finditer(text)]
    return figures


def _reaching(operators: list[_Operator], text: str, before: int, start: int) -> list[_Operator]:
    """Return the operators, left to right, whose scope reaches a word at ``start``."""
    reaching: list[_Operator] = []
    at = start
    for operator in reversed(operators):
        if operator.start < before or operator.end > at:
            break
        gap = text[operator.end : at]
        near = len(gap) <= 1 and gap not in _AFTER
        if gap and not near and not (len(gap) <= _FURTHEST and _FILLER.fullmatch(gap)):
            break
        reaching.append(operator)
        at = operator.start
    reaching.reverse()
    return reaching


def _governed(weight: float, reaching: Iterable[_Operator]) -> float:
    """Return a word's weight under the operators before it."""
    negations: list[float] = []
    outer = inner = 1.0
    for operator in reaching:
        if operator.factor < 0:
            negations.append(operator.factor)
            outer, inner = outer * inner, 1.0
        else:
            inner *= operator.factor
    if not negations:
        return weight * min(inner, 2.0)
    if len(negations) % 2 == 0:
        # Two negations affirm, a little less than saying so.
        return 0.8 * weight
    factor = negations[-1] if inner <= 1 else max(negations[-1], -0.5)
    # 不差 is fainter praise than 不好 is blame.
    return weight * factor * min(outer, 1.6) * (1.0 if weight > 0 else 0.65)


def _stands_alone(text: str, start: int, end: int, reaching: Sequence[_Operator]) -> bool:
    if end == len(text) or text[end] in _AFTER or (start > 0 and text[start - 1] in _BEFORE):
        return text[start] != "好" or start == 0 or text[start - 1] not in _DONE
    if text.startswith((*_SCORN, "一点", "一些"), end):
        return True
    return bool(reaching) and reaching[-1].end == start


def _scaled(hit: Hit, factor: float) -> Hit:
    return Hit(hit.word, hit.start, hit.end, hit.weight * factor)


def _turned(hits: list[Hit], text: str) -> list[Hit]:
    """Apply the turns of phrase that reach over more than the next word."""
    inferior = _INFERIOR.search(text)
    if inferior:
        hits = [h for h in hits if h.weight < 0 or not inferior.start() <= h.start < inferior.end()]
    if "没" in text:
        hits = [
            _scaled(hit, -0.6) if hit.weight > 0 and _unlike(text, hit.start) else hit
            for hit in hits
        ]
    excepted = _EXCEPT.search(text) if "除" in text else None
    if excepted and hits and hits[-1].start >= excepted.end(1):
        hits = [_scaled(hit, 0.4) if hit.start < excepted.end(1) else hit for hit in hits]
    if _CONCEDED.match(text):
        hits = [_scaled(hit, 0.6) for hit in hits]
    echo = _ECHOED.search(text) if "什么" in text else None
    if echo:
        inside = [hit for hit in hits if echo.start() <= hit.start < echo.end()]
        outside = [hit for hit in hits if hit not in inside]
        return sorted(
            [*outside, *(_scaled(hit, -0.8) for hit in inside[:1])], key=lambda h: h.start
        )
    return [_scaled(hit, -0.8) if _scorned(hit, text) else hit for hit in hits]


def _unlike(text: str, start: int) -> bool:
    # Only as far back as the pattern reaches: a long text must not be searched once a hit.
    return _UNLIKE.search(text[max(0, start - _UNLIKE_REACH) : start]) is not None


def _scorned(hit: Hit, text: str) -> bool:
    """Say whether a word is thrown back: 哪里好了, 好个屁."""
    if text.startswith(_SCORN, hit.end) or text.startswith(("谁说", "谁讲")):
        return True
    where = text[max(0, hit.start - 3) : hit.start].endswith(("哪里", "哪儿", "哪点", "哪"))
    return where and text[hit.end : hit.end + 1] in _THROWN
