"""Polarity 情感极性 of a clause by lexicon words, negation, degree, question and wish."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from pipeline.lexicons import Lexicons

_CONTRAST = re.compile(r"但|不过|可是|然而|只是")
_WISH = re.compile(r"希望|建议|(?:要是|如果).*(?:就好|多好)")
_QUESTION = re.compile(r"吗[?？]?$|[?？]$")
# So few characters may stand between a negation or degree word and what it governs.
_REACH = 2


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
        self._negation = lexicons.negation
        self._degree = lexicons.degree
        self._words = sorted({*lexicons.sentiment, *lexicons.negation, *lexicons.degree})
        self._finder = AhoCorasick(self._words, matchkind=MatchKind.LeftmostLongest)

    def score(self, text: str) -> PolarityScore:
        """Score one simplified clause.

        >>> from pipeline.lexicons import load_lexicons
        >>> from pipeline.paths import shipped
        >>> scorer = load_polarity(load_lexicons(shipped("lexicons")))
        >>> scorer.score("太贵了").value < 0 < scorer.score("一点都不贵").value
        True
        """
        hits: list[Hit] = []
        factor, last = 1.0, -99
        for number, start, end in self._finder.find_matches_as_indexes(text):
            word = self._words[number]
            if start - last > _REACH:
                factor = 1.0
            if word in self._sentiment:
                hits.append(Hit(word, start, end, self._sentiment[word] * factor))
                factor = 1.0
            elif word in self._negation:
                factor *= -0.8
            else:
                factor *= self._degree[word]
            last = end
        damp = 0.3 if _QUESTION.search(text) else 1.0
        if hits and _WISH.search(text):
            hits = [Hit(h.word, h.start, h.end, -0.5 * abs(h.weight)) for h in hits]
        positive = damp * sum(hit.weight for hit in hits if hit.weight > 0)
        negative = -damp * sum(hit.weight for hit in hits if hit.weight < 0)
        value = math.tanh((positive - negative) / 3)
        return PolarityScore(value, positive, negative, tuple(hits))

    def score_document(self, clauses: Sequence[str]) -> float:
        """Return −1…1 for a document; what follows a contrast word weighs half as much again."""
        total = 0.0
        for clause in clauses:
            weight = 1.5 if _CONTRAST.match(clause) else 1.0
            total += weight * self.score(clause).value
        return math.tanh(total)


def load_polarity(lexicons: Lexicons) -> PolarityScorer:
    """Build the scorer from loaded lexicons."""
    return PolarityScorer(lexicons)
