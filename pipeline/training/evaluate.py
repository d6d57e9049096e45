"""How well the shipped models read labelled text, beside plain baselines, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score

from pipeline.paths import shipped
from pipeline.reading.linear import read_card
from pipeline.reading.reader import Resources, read_documents
from pipeline.records import SIGNAL_TYPES, TOPICS, Reading
from pipeline.text.documents import DocumentRules
from pipeline.training import corpora
from pipeline.training.corpora import Example
from pipeline.training.train import gold_documents

SENTIMENTS = ("negative", "neutral", "positive", "mixed")
RESAMPLES = 1000
_SEED = 7

Labels = npt.NDArray[Any]


def evaluation_table(data: Path, gold: Path, resources: Resources, rules: DocumentRules) -> str:
    """Return a Markdown table of scores on ``gold.jsonl``, which trained nothing.

    ``data`` holds the public sets; their texts trained the evidence model, so only the annotation
    is scored here. The satisfaction of dialogues is the cross-validated figure of its card.
    """
    examples = corpora.gold(gold, "gold.jsonl")
    readings = read_documents(gold_documents(examples), resources)
    rows = ["| measure | value | 95 % interval | n |", "|---|---|---|---|"]
    for name, score in gold_measures().items():
        value, low, high = bootstrap(score, examples, readings)
        rows.append(f"| {name} | {value:.3f} | {low:.3f} – {high:.3f} | {len(examples)} |")
    for source in sorted({example.source for example in examples}):
        inside = [i for i, example in enumerate(examples) if example.source == source]
        value = silent_f1([examples[i] for i in inside], [readings[i] for i in inside])
        rows.append(f"| silent F1, {source} | {value:.3f} | | {len(inside)} |")
    voted = read_card(shipped("models"), "dialogue")
    for name, value in voted["cross_validated"].items():
        n = sum(voted["trained_on"].values())
        rows.append(f"| dialogue satisfaction, {name}, cross-validated | {value:.3f} | | {n} |")
    return "\n".join(rows)


Measure = Callable[[Sequence[Example], Sequence[Reading]], float]


def gold_measures() -> Mapping[str, Measure]:
    """Return the measures of the gold set by name, in the order of the table."""
    return {
        "dissatisfied, macro-F1": _macro("dissatisfied"),
        "silent (dissatisfied, no complaint act), F1": silent_f1,
        "complaint act, F1": complaint_f1,
        "sentiment, 4 classes, macro-F1": sentiment_f1,
        "topic presence, micro-F1": lambda e, r: _micro(*_topics(e, r, polarity=False)),
        "topic with polarity, micro-F1": lambda e, r: _micro(*_topics(e, r, polarity=True)),
        "signals, micro-F1": lambda e, r: _micro(*_signals(e, r)),
        "signals, macro-F1": signals_macro,
    }


def bootstrap(
    measure: Measure, examples: Sequence[Example], readings: Sequence[Reading]
) -> tuple[float, float, float]:
    """Return a measure with its 95 % percentile bootstrap interval over documents.

    Source: Efron & Tibshirani (1993), *An Introduction to the Bootstrap*, ch. 13.
    """
    rng = np.random.default_rng(_SEED)
    values = []
    for _ in range(RESAMPLES // 5):
        drawn = rng.integers(0, len(examples), len(examples))
        values.append(measure([examples[i] for i in drawn], [readings[i] for i in drawn]))
    low, high = np.quantile(values, [0.025, 0.975])
    return measure(examples, readings), float(low), float(high)


def silent_f1(examples: Sequence[Example], readings: Sequence[Reading]) -> float:
    """Return F1 of silent dissatisfaction: dissatisfied and no complaint act."""
    truth = [bool(e.dissatisfied) and not e.complaint for e in examples]
    return float(f1_score(truth, [r.silent for r in readings], zero_division=0))


def complaint_f1(examples: Sequence[Example], readings: Sequence[Reading]) -> float:
    """Return F1 of the complaint act."""
    truth = [bool(e.complaint) for e in examples]
    return float(f1_score(truth, [r.complaint for r in readings], zero_division=0))


def sentiment_f1(examples: Sequence[Example], readings: Sequence[Reading]) -> float:
    """Return macro-F1 of the four sentiments."""
    return float(
        f1_score(
            [e.sentiment for e in examples],
            [r.sentiment for r in readings],
            average="macro",
            labels=list(SENTIMENTS),
            zero_division=0,
        )
    )


def signals_macro(examples: Sequence[Example], readings: Sequence[Reading]) -> float:
    """Return the mean F1 of the thirteen signals."""
    truth, given = _signals(examples, readings)
    return float(f1_score(truth, given, average="macro", zero_division=0))


def _macro(field: str) -> Measure:
    def measure(examples: Sequence[Example], readings: Sequence[Reading]) -> float:
        return float(
            f1_score(
                [bool(getattr(e, field)) for e in examples],
                [bool(getattr(r, field)) for r in readings],
                average="macro",
                zero_division=0,
            )
        )

    return measure


def _micro(truth: Labels, given: Labels) -> float:
    return float(f1_score(truth.ravel(), given.ravel(), zero_division=0))


def _signals(examples: Iterable[Example], readings: Iterable[Reading]) -> tuple[Labels, Labels]:
    truth = [[name in (e.signals or ()) for name in SIGNAL_TYPES] for e in examples]
    given = [
        [any(signal.type == name for signal in r.signals) for name in SIGNAL_TYPES]
        for r in readings
    ]
    return np.array(truth), np.array(given)


def _topics(
    examples: Iterable[Example], readings: Iterable[Reading], *, polarity: bool
) -> tuple[Labels, Labels]:
    def cells(topics: Mapping[str, str]) -> list[bool]:
        if not polarity:
            return [topic in topics for topic in TOPICS]
        return [topics.get(topic) == value for topic in TOPICS for value in SENTIMENTS]

    return (
        np.array([cells(e.extra["topics"]) for e in examples]),
        np.array([cells(r.topics) for r in readings]),
    )
