"""What is known of a document before the verdict: dense features beside the n-grams.

Everything in here can be shown to a person: the valence of each clause, the lexicon's words, the
rules that fired, the topics' keywords. The verdict model weighs them together with the n-grams.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.reading.polarity import PolarityScorer
from pipeline.reading.rules import RULE_LABELS, RuleHit, Rules
from pipeline.records import SIGNAL_TYPES, TOPICS
from pipeline.taxonomy import Taxonomy, TopicHit

Floats = npt.NDArray[np.float32]

#: Labels of the first model, which reads documents and clauses alike.
EVIDENCE_LABELS: tuple[str, ...] = (
    "valence",
    "opinion",
    "satisfaction",
    "food_risk",
    *(f"topic:{topic}" for topic in TOPICS),
)

DENSE_NAMES: tuple[str, ...] = (
    *(f"document {label}" for label in EVIDENCE_LABELS),
    "clause valence mean",
    "clause valence lowest",
    "clause valence highest",
    "clause valence last",
    "clauses negative",
    "clauses positive",
    "clauses with opinion",
    "lexicon value",
    "lexicon lowest",
    "lexicon highest",
    "lexicon negative",
    "lexicon positive",
    *(f"rule {name}" for name in RULE_LABELS),
    "rules negative",
    *(f"keywords {topic}" for topic in TOPICS),
    *(f"clause topic {topic}" for topic in TOPICS),
    *(f"lowest valence {topic}" for topic in TOPICS),
    *(f"highest valence {topic}" for topic in TOPICS),
    "length",
    "clauses",
    "exclamations",
    "questions",
    "dialogue",
)


@dataclass(frozen=True, slots=True)
class ClauseEvidence:
    """What is known of one clause; ``logits`` are the first model's, in `EVIDENCE_LABELS` order.

    ``valence`` blends that model's view with the lexicon's: −1 (bad) … 1 (good).
    """

    start: int
    end: int
    logits: tuple[float, ...]
    lexicon: float
    valence: float
    topics: tuple[TopicHit, ...]


@dataclass(frozen=True, slots=True)
class DocumentEvidence:
    """What is known of one document: its own words, clauses, rule hits and model logits."""

    own_text: str
    clauses: tuple[ClauseEvidence, ...]
    rules: tuple[RuleHit, ...]
    logits: Floats
    dialogue: bool


def blend(valence_logit: float, lexicon: float) -> float:
    """Return one valence −1…1 from the model's logit and the lexicon's value.

    The lexicon decides only where the model is in doubt: on short clauses it saw little of.

    >>> round(blend(2.0, 0.0), 2), round(blend(0.0, -0.8), 2)
    (0.76, -0.55)
    """
    return math.tanh(0.5 * valence_logit + 0.77 * lexicon)


def clause_evidence(
    text: str,
    spans: Sequence[tuple[int, int]],
    logits: Floats,
    scorer: PolarityScorer,
    taxonomy: Taxonomy,
) -> tuple[ClauseEvidence, ...]:
    """Return the evidence of each clause of a simplified text; one row of logits a span."""
    found = []
    for (start, end), row in zip(spans, map(tuple, logits.tolist()), strict=True):
        words = text[start:end]
        lexicon = scorer.score(words).value
        found.append(
            ClauseEvidence(
                start=start,
                end=end,
                logits=row,
                lexicon=lexicon,
                valence=blend(row[0], lexicon),
                topics=tuple(taxonomy.match(words)),
            )
        )
    return tuple(found)


def rule_hits(text: str, spans: Sequence[tuple[int, int]], rules: Rules) -> tuple[RuleHit, ...]:
    """Return the rules that fire in the given spans of a text, with offsets into the text."""
    hits: list[RuleHit] = []
    for start, end in spans:
        for hit in rules.find(text[start:end]):
            hits.append(hit._replace(start=hit.start + start, end=hit.end + start))
    return tuple(hits)


def dense_features(documents: Sequence[DocumentEvidence]) -> Floats:
    """Return one row a document, in the order of `DENSE_NAMES`."""
    rows = np.zeros((len(documents), len(DENSE_NAMES)), dtype=np.float32)
    for row, document in zip(rows, documents, strict=True):
        row[:] = _dense_row(document)
    return rows


def _dense_row(document: DocumentEvidence) -> list[float]:
    clauses = document.clauses
    valences = [clause.valence for clause in clauses] or [0.0]
    lexicon = [clause.lexicon for clause in clauses] or [0.0]
    opinions = [clause.logits[1] > 0 for clause in clauses] or [False]
    negative = sum(value < -0.25 for value in valences)
    positive = sum(value > 0.25 for value in valences)
    rules = dict.fromkeys(RULE_LABELS, 0.0)
    for hit in document.rules:
        # Two independent pieces of evidence are surer than either: noisy-or.
        rules[hit.label] = 1 - (1 - rules[hit.label]) * (1 - hit.weight)

    keywords = dict.fromkeys(TOPICS, 0.0)
    strongest = dict.fromkeys(TOPICS, -4.0)
    lowest = dict.fromkeys(TOPICS, 0.0)
    highest = dict.fromkeys(TOPICS, 0.0)
    for clause in clauses:
        spoken = {word.topic for word in clause.topics}
        for word in clause.topics:
            keywords[word.topic] += word.weight
        for position, topic in enumerate(TOPICS):
            logit = clause.logits[4 + position]
            strongest[topic] = max(strongest[topic], logit)
            if topic in spoken or logit > 0:
                lowest[topic] = min(lowest[topic], clause.valence)
                highest[topic] = max(highest[topic], clause.valence)
    text = document.own_text
    return [
        *map(float, document.logits),
        sum(valences) / len(valences),
        min(valences),
        max(valences),
        valences[-1],
        math.log1p(negative),
        math.log1p(positive),
        math.log1p(sum(opinions)),
        sum(lexicon) / len(lexicon),
        min(lexicon),
        max(lexicon),
        math.log1p(sum(value < -0.1 for value in lexicon)),
        math.log1p(sum(value > 0.1 for value in lexicon)),
        *rules.values(),
        math.log1p(sum(rules[name] for name in SIGNAL_TYPES)),
        *(math.log1p(value) for value in keywords.values()),
        *strongest.values(),
        *lowest.values(),
        *highest.values(),
        math.log1p(len(text)),
        math.log1p(len(clauses)),
        math.log1p(text.count("!") + text.count("！")),
        math.log1p(text.count("?") + text.count("？")),
        float(document.dialogue),
    ]
