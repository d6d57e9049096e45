"""Reading documents: from text to sentiment, topics, complaint act, signals and their spans.

Two linear models do the weighing. The first (*evidence*) scores documents and clauses alike; what
it says, together with the lexicon, the rules and the taxonomy, is the dense part of what the
second (*verdict*) weighs. The work is done a batch at a time; no result depends on the batch.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse

from pipeline.errors import ModelError
from pipeline.lexicons import load_lexicons
from pipeline.reading.context import (
    DESK_COMPLAINT_SHARE,
    at_complaint_desk,
    dissatisfaction_shift,
)
from pipeline.reading.dialogue import satisfaction
from pipeline.reading.evidence import (
    EVIDENCE_LABELS,
    ClauseEvidence,
    DocumentEvidence,
    Floats,
    clause_evidence,
    dense_features,
    rule_hits,
)
from pipeline.reading.features import hash_ngrams
from pipeline.reading.linear import LinearModel, load_model, models_digest
from pipeline.reading.polarity import PolarityScorer, load_polarity
from pipeline.reading.rules import RuleHit, Rules, load_rules
from pipeline.records import (
    LEAVING_SIGNALS,
    SIGNAL_TYPES,
    TOPICS,
    Clause,
    ClauseReading,
    Document,
    Polarity,
    Reading,
    Signal,
    TopicOpinion,
)
from pipeline.taxonomy import Taxonomy, industries_in, load_taxonomy
from pipeline.text.clauses import split
from pipeline.text.tokens import Segmenter, load_segmenter

MODEL_NAMES = ("evidence", "verdict", "dialogue")

VERDICT_LABELS: tuple[str, ...] = (
    "dissatisfied",
    "complaint",
    "verdict positive",
    "verdict negative",
    "verdict mixed",
    "verdict neutral",
    *(f"topic:{topic}" for topic in TOPICS),
    *(f"{topic} negative" for topic in TOPICS),
    *(f"{topic} positive" for topic in TOPICS),
    *(f"signal:{name}" for name in SIGNAL_TYPES),
)

_CALLED = re.compile(r"@[^\s@，。！？；：,!?;:]+|\[[^\[\]]*\]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
#: How much of the sentiment score is the evidence model's view of the words alone; between 0.2
#: and 0.5 the order of positive and negative texts is best (AUC .995 on held-out annotation).
_WORDS_SHARE = 0.3
#: A clause is negative or positive from this valence on.
_CLAUSE_EDGE = 0.2


@dataclass(frozen=True, slots=True)
class Resources:
    """The slow things, loaded once in each process and passed in."""

    segmenter: Segmenter
    scorer: PolarityScorer
    rules: Rules
    taxonomy: Taxonomy
    evidence: LinearModel
    verdict: LinearModel
    dialogue: LinearModel
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Equipment:
    """The part of the resources that training itself needs: everything but the models."""

    segmenter: Segmenter
    scorer: PolarityScorer
    rules: Rules
    taxonomy: Taxonomy
    digests: Mapping[str, str]


def load_equipment(
    lexicons: Path,
    *,
    industries: Sequence[str],
    engine: str = "auto",
    user_dictionaries: Sequence[Path] = (),
) -> Equipment:
    """Load the segmenter, lexicons, rules and taxonomy; no industries named means all."""
    words = load_lexicons(lexicons)
    segmenter = load_segmenter(
        engine,  # type: ignore[arg-type]
        [lexicons / "user_dictionary.txt", *user_dictionaries],
    )
    packs = lexicons / "taxonomy"
    taxonomy = load_taxonomy(packs, industries or industries_in(packs))
    rules = load_rules(lexicons / "rules", segmenter)
    return Equipment(
        segmenter=segmenter,
        scorer=load_polarity(words),
        rules=rules,
        taxonomy=taxonomy,
        digests={
            # Rules and user dictionaries say what words mean, as lexicons do: one hash for all.
            "lexicon": hashlib.sha256(
                "\n".join((words.digest, segmenter.digest, rules.digest)).encode()
            ).hexdigest(),
            "taxonomy": taxonomy.digest,
            "segmenter": f"{segmenter.engine} {segmenter.version}",
        },
    )


def load_resources(
    lexicons: Path,
    models: Path,
    *,
    industries: Sequence[str],
    engine: str = "auto",
    user_dictionaries: Sequence[Path] = (),
) -> Resources:
    """Load everything that reading needs; raise where a file is missing or was changed."""
    equipment = load_equipment(
        lexicons, industries=industries, engine=engine, user_dictionaries=user_dictionaries
    )
    evidence, verdict, dialogue = (load_model(models, name) for name in MODEL_NAMES)
    if evidence.spec != verdict.spec:
        raise ModelError(
            f"{models}: expected both models to hash alike, found {evidence.spec} and "
            f"{verdict.spec}; rebuild both with 'voc train'"
        )
    return Resources(
        segmenter=equipment.segmenter,
        scorer=equipment.scorer,
        rules=equipment.rules,
        taxonomy=equipment.taxonomy,
        evidence=evidence,
        verdict=verdict,
        dialogue=dialogue,
        digests={**equipment.digests, "model": models_digest(models, MODEL_NAMES)},
    )


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is known of a batch before the verdict.

    ``dense`` and ``presence`` (n-grams of the customer's words) have one row a document;
    ``clause_presence`` one a clause, those of document ``i`` from ``first_clause[i]`` on.
    """

    found: list[DocumentEvidence]
    dense: Floats
    presence: sparse.csr_matrix
    clause_presence: sparse.csr_matrix
    first_clause: list[int]


def gather(
    documents: Sequence[Document],
    equipment: Equipment | Resources,
    evidence: LinearModel,
) -> Gathered:
    """Return what is known of each document, and the features made of it."""
    own_texts = [_own_text(document) for document in documents]
    spans = [split(document.simplified, document.customer_spans()) for document in documents]
    clause_texts = [
        document.simplified[start:end].lower()
        for document, places in zip(documents, spans, strict=True)
        for start, end in places
    ]
    cut = equipment.segmenter.cut
    presence = hash_ngrams(own_texts, evidence.spec, cut=cut)
    clause_presence = hash_ngrams(clause_texts, evidence.spec, cut=cut)
    whole = evidence.logits(evidence.weigh(presence))
    parts = evidence.logits(evidence.weigh(clause_presence))
    first_clause = list(itertools.accumulate(map(len, spans), initial=0))
    found = [
        DocumentEvidence(
            own_text=own,
            clauses=clause_evidence(
                document.simplified,
                places,
                parts[first : first + len(places)],
                equipment.scorer,
                equipment.taxonomy,
            ),
            rules=rule_hits(document.simplified, document.customer_spans(), equipment.rules),
            logits=logits,
            dialogue=document.kind == "transcript",
        )
        for document, own, places, logits, first in zip(
            documents, own_texts, spans, whole, first_clause[:-1], strict=True
        )
    ]
    return Gathered(found, dense_features(found), presence, clause_presence, first_clause)


def read_documents(documents: Sequence[Document], resources: Resources) -> list[Reading]:
    """Read a batch of documents; one reading a document, in order.

    A document without content (无, 没有), and one that advertises, is read as neutral and
    satisfied: it says nothing about the provider.
    """
    if not documents:
        return []
    verdict = resources.verdict
    gathered = gather(documents, resources, resources.evidence)
    logits = verdict.logits(verdict.weigh(gathered.presence), gathered.dense)
    probabilities = verdict.probabilities(logits)
    _add_context(documents, probabilities, verdict)
    composer = _Composer(verdict, gathered)
    readings = [
        composer.blank(document)
        if document.no_content or document.flag == "spam"
        else composer.compose(document, number, row)
        for number, (document, row) in enumerate(zip(documents, probabilities, strict=True))
    ]
    calls = [number for number, document in enumerate(documents) if document.kind == "transcript"]
    estimates = satisfaction(
        [documents[number] for number in calls], resources.dialogue, resources.segmenter.cut
    )
    for number, estimate in zip(calls, estimates, strict=True):
        readings[number] = replace(readings[number], satisfaction=estimate)
    return readings


def _add_context(
    documents: Sequence[Document], probabilities: Floats, verdict: LinearModel
) -> None:
    """Shift probabilities by what is known besides the words (`pipeline.reading.context`)."""
    dissatisfied, complaint = verdict.column("dissatisfied"), verdict.column("complaint")
    for row, document in zip(probabilities, documents, strict=True):
        shift = dissatisfaction_shift(document.question)
        if shift:
            odds = row[dissatisfied] / max(1e-6, 1 - row[dissatisfied]) * np.exp(shift)
            row[dissatisfied] = odds / (1 + odds)
        if at_complaint_desk(document):
            row[complaint] = max(row[complaint], DESK_COMPLAINT_SHARE * row[dissatisfied])


def _own_text(document: Document) -> str:
    return "\n".join(
        document.simplified[start:end] for start, end in document.customer_spans()
    ).lower()


class _Composer:
    """Turns probabilities and evidence into readings."""

    def __init__(self, verdict: LinearModel, gathered: Gathered) -> None:
        self._column = {label: position for position, label in enumerate(verdict.labels)}
        self._thresholds = verdict.thresholds
        self._verdict = verdict
        self._gathered = gathered

    def blank(self, document: Document) -> Reading:
        return Reading(
            document_id=document.id,
            sentiment="neutral",
            sentiment_score=0.0,
            topics={},
            complaint=False,
            complaint_score=0.0,
            dissatisfied=False,
            dissatisfaction_score=0.0,
            leaving=False,
        )

    def compose(self, document: Document, number: int, row: Floats) -> Reading:
        evidence = self._gathered.found[number]
        dissatisfied = self._given(row, "dissatisfied")
        signals = self._signals(document, number, row, dissatisfied=dissatisfied)
        clauses, topics = self._topics(document, evidence, row, dissatisfied=dissatisfied)
        return Reading(
            document_id=document.id,
            sentiment=self._sentiment(row),
            sentiment_score=self._sentiment_score(evidence, row),
            topics=topics,
            complaint=self._given(row, "complaint")
            or (dissatisfied and at_complaint_desk(document)),
            complaint_score=round(self._p(row, "complaint"), 4),
            dissatisfied=dissatisfied,
            dissatisfaction_score=round(self._p(row, "dissatisfied"), 4),
            leaving=any(signal.type in LEAVING_SIGNALS for signal in signals),
            signals=signals,
            clauses=clauses,
        )

    def _p(self, row: Floats, label: str) -> float:
        return float(row[self._column[label]])

    def _given(self, row: Floats, label: str) -> bool:
        column = self._column[label]
        return bool(row[column] >= self._thresholds[column])

    def _margin(self, row: Floats, label: str) -> float:
        column = self._column[label]
        return float(row[column] - self._thresholds[column])

    def _sentiment(self, row: Floats) -> Polarity:
        choices: tuple[Polarity, ...] = ("positive", "negative", "mixed", "neutral")
        return max(choices, key=lambda choice: self._margin(row, f"verdict {choice}"))

    def _sentiment_score(self, evidence: DocumentEvidence, row: Floats) -> float:
        """Return −1…1: the verdict's lean, and that of the words as far as they judge at all."""
        verdict = self._p(row, "verdict positive") - self._p(row, "verdict negative")
        words = math.tanh(evidence.logits[0] / 2) * (1 - self._p(row, "verdict neutral"))
        score = (1 - _WORDS_SHARE) * verdict + _WORDS_SHARE * words
        return round(max(-1.0, min(1.0, score)), 4)

    def _signals(
        self, document: Document, number: int, row: Floats, *, dissatisfied: bool
    ) -> tuple[Signal, ...]:
        evidence = self._gathered.found[number]
        given = [
            name
            for name in SIGNAL_TYPES
            if self._given(row, f"signal:{name}") and (dissatisfied or name == "lukewarm")
        ]
        if not given:
            return ()
        found: list[Signal] = []
        unsupported = []
        for name in given:
            score = round(self._p(row, f"signal:{name}"), 4)
            hits = [hit for hit in evidence.rules if hit.label == name]
            if not hits:
                unsupported.append((name, score))
            for hit in _apart(hits):
                found.append(_signal(document, name, hit.start, hit.end, score, hit.rule_id))
        if unsupported and evidence.clauses:
            weights = self._clause_weights(number)
            telling = _telling(document, evidence.clauses)
            for name, score in unsupported:
                column = weights[:, self._column[f"signal:{name}"]]
                best = max(telling, key=lambda place: (column[place], -place))
                clause = evidence.clauses[best]
                found.append(_signal(document, name, clause.start, clause.end, score, "model"))
        return tuple(sorted(found, key=lambda signal: (signal.start, signal.end, signal.type)))

    def _clause_weights(self, number: int) -> Floats:
        """Return what each clause's n-grams add to each label: where the evidence lies."""
        first, last = self._gathered.first_clause[number : number + 2]
        weighed = self._gathered.clause_presence[first:last].copy()
        weighed.data = self._verdict.idf[weighed.indices]
        return np.asarray(weighed @ self._verdict.weights, dtype=np.float32)

    def _topics(
        self, document: Document, evidence: DocumentEvidence, row: Floats, *, dissatisfied: bool
    ) -> tuple[tuple[ClauseReading, ...], dict[str, Polarity]]:
        given = [topic for topic in TOPICS if self._given(row, f"topic:{topic}")]
        opinions: list[list[TopicOpinion]] = [[] for _ in evidence.clauses]
        topics: dict[str, Polarity] = {}
        for topic in given:
            supporting = _supporting(evidence.clauses, topic)
            topics[topic] = self._topic_polarity(row, topic, dissatisfied=dissatisfied)
            for position in supporting:
                clause = evidence.clauses[position]
                polarity = _clause_polarity(clause)
                names = {hit.subtopic for hit in clause.topics if hit.topic == topic} or {""}
                opinions[position].extend(
                    TopicOpinion(topic, name, polarity, round(clause.valence, 4))
                    for name in sorted(names)
                )
        readings = tuple(
            ClauseReading(
                clause=Clause(
                    document_id=document.id,
                    clause_no=number,
                    start=clause.start,
                    end=clause.end,
                    text=document.text[clause.start : clause.end],
                ),
                polarity=_clause_polarity(clause),
                score=round(clause.valence, 4),
                topics=tuple(spoken),
            )
            for number, (clause, spoken) in enumerate(
                zip(evidence.clauses, opinions, strict=True), start=1
            )
        )
        return readings, topics

    def _topic_polarity(self, row: Floats, topic: str, *, dissatisfied: bool) -> Polarity:
        bad = self._given(row, f"{topic} negative")
        good = self._given(row, f"{topic} positive")
        if bad and good:
            return "mixed"
        if bad:
            return "negative"
        if good:
            return "positive"
        # Where a customer is dissatisfied and the topic's polarity is in doubt, the nearer of the
        # two is likelier than none: neutral mentions beside dissatisfaction are rare.
        if dissatisfied:
            nearer = self._margin(row, f"{topic} negative") - self._margin(row, f"{topic} positive")
            return "negative" if nearer > 0 else "neutral"
        return "neutral"


def _telling(document: Document, clauses: Sequence[ClauseEvidence]) -> Sequence[int]:
    """Return the clauses that say something: more than whom a post calls on or what was masked."""
    telling = [
        place
        for place, clause in enumerate(clauses)
        if len(_HAN.findall(_CALLED.sub("", document.simplified[clause.start : clause.end]))) > 1
    ]
    return telling or range(len(clauses))


def _supporting(clauses: Sequence[ClauseEvidence], topic: str) -> list[int]:
    """Return the clauses that speak of a topic: by keyword, by model, at least the likeliest."""
    column = 4 + TOPICS.index(topic)
    by_word = [
        position
        for position, clause in enumerate(clauses)
        if any(hit.topic == topic for hit in clause.topics)
    ]
    by_model = [
        position
        for position, clause in enumerate(clauses)
        if clause.logits[column] > 1.0 and position not in by_word
    ]
    if by_word or by_model:
        return sorted({*by_word, *by_model})
    if not clauses:
        return []
    return [max(range(len(clauses)), key=lambda position: clauses[position].logits[column])]


def _clause_polarity(clause: ClauseEvidence) -> Polarity:
    if clause.valence <= -_CLAUSE_EDGE:
        return "negative"
    return "positive" if clause.valence >= _CLAUSE_EDGE else "neutral"


def _apart(hits: Sequence[RuleHit]) -> list[RuleHit]:
    """Return the hits that do not overlap a surer one, in text order."""
    kept: list[RuleHit] = []
    for hit in sorted(hits, key=lambda hit: (-hit.weight, hit.start, hit.end)):
        if all(hit.end <= other.start or hit.start >= other.end for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)


def _signal(
    document: Document, name: str, start: int, end: int, score: float, origin: str
) -> Signal:
    return Signal(
        type=name,
        start=start,
        end=end,
        text=document.text[start:end],
        score=score,
        origin=origin,
    )


__all__ = [
    "EVIDENCE_LABELS",
    "MODEL_NAMES",
    "VERDICT_LABELS",
    "Equipment",
    "Resources",
    "gather",
    "load_equipment",
    "load_resources",
    "read_documents",
]
