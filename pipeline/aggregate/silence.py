"""How many are silent: counts, shares and ratios for every period × topic × channel × member."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from pipeline.aggregate.facts import ANY, Bools, Coded, Facts, Ints, load_facts
from pipeline.aggregate.intervals import Floats, ratio, wilson
from pipeline.config import AggregateSettings

_SILENCE = (
    "run_id, period_type, period_start, topic, channel, dimension, member, documents, mentions,"
    " dissatisfied, silent, complaining, leaving, intensity, silent_share, silent_low,"
    " silent_high, complaint_share, complaint_low, complaint_high, silence_ratio, ratio_low,"
    " ratio_high"
)
_SIGNALS = (
    "run_id, period_type, period_start, topic, channel, dimension, member, signal, documents,"
    " silent"
)


def aggregate_silence(
    connection: sqlite3.Connection,
    run_id: int,
    settings: AggregateSettings,
    *,
    facts: Facts | None = None,
) -> int:
    """Fill ``silence`` and ``silence_signals`` for a run; return the number of rows written.

    Cells are period × topic × channel × (dimension, member), each with its ``*`` total. The
    denominator ``documents`` counts documents with content in the cell whatever their topic.
    For a topic, silent, complaining, leaving and dissatisfied count documents *about* it (topic
    polarity negative or mixed); who is dissatisfied without a negative topic is about ``other``
    (`load_facts`). Since a document may be about two topics, the ``*`` row counts documents once
    and is not the sum of topics. Undated documents count in period ``all`` only; documents
    without a member count in the ``*`` row of that dimension only.

    A share is NULL (不足) where its denominator is below ``min_n``: ``documents`` for shares and
    intensity, ``silent + complaining`` for the silence ratio; counts always stand. A topic cell
    is left out where nobody mentions the topic and ``documents`` is below ``min_n``. Rows of the
    same run are replaced. The caller commits.
    """
    facts = load_facts(connection, settings.dimensions) if facts is None else facts
    # Table names are constants; only values are bound.
    connection.execute("DELETE FROM silence WHERE run_id = ?", (run_id,))
    connection.execute("DELETE FROM silence_signals WHERE run_id = ?", (run_id,))
    marks = ", ".join("?" * (_SILENCE.count(",") + 1))
    insert = f"INSERT INTO silence ({_SILENCE}) VALUES ({marks})"  # noqa: S608
    marks = ", ".join("?" * (_SIGNALS.count(",") + 1))
    insert_signals = f"INSERT INTO silence_signals ({_SIGNALS}) VALUES ({marks})"  # noqa: S608
    written = 0
    for grouping in _groupings(facts, settings):
        for columns in _silence_columns(facts, grouping, settings):
            written += len(columns[0])
            connection.executemany(insert, zip(repeat(run_id), *columns, strict=False))
        for columns in _signal_columns(facts, grouping):
            written += len(columns[0])
            connection.executemany(insert_signals, zip(repeat(run_id), *columns, strict=False))
    return written


@dataclass(frozen=True, slots=True)
class _Grouping:
    """One grouping set: its non-empty cells, and the cell of each document (−1 outside)."""

    keys: list[list[str]]  # period_type, period_start | channel, dimension, member
    cell: Ints
    documents: Ints


def _groupings(facts: Facts, settings: AggregateSettings) -> Iterator[_Grouping]:
    n = len(facts)
    if not n:
        return
    whole = Coded((ANY,), np.zeros(n, dtype=np.int64))
    dimensions = [(ANY, whole), *facts.members.items()]
    for period_type in dict.fromkeys(("all", *settings.periods)):
        period, starts = facts.period(period_type)
        for dimension, member in dimensions:
            for channel in (whole, facts.channel):
                size_c, size_m = len(channel.names), max(1, len(member.names))
                inside = (period >= 0) & (channel.codes >= 0) & (member.codes >= 0)
                flat = ((period * size_c + channel.codes) * size_m + member.codes)[inside]
                cells, inverse = np.unique(flat, return_inverse=True)
                if not len(cells):
                    continue
                cell = np.full(n, -1, dtype=np.int64)
                cell[inside] = inverse
                rest, m = np.divmod(cells, size_m)
                p, c = np.divmod(rest, size_c)
                yield _Grouping(
                    [
                        [period_type] * len(cells),
                        [starts[i] for i in p.tolist()],
                        [channel.names[i] for i in c.tolist()],
                        [dimension] * len(cells),
                        [member.names[i] for i in m.tolist()],
                    ],
                    cell,
                    np.bincount(inverse, minlength=len(cells)),
                )


def _silence_columns(
    facts: Facts, grouping: _Grouping, settings: AggregateSettings
) -> Iterator[list[list[Any]]]:
    documents, size = grouping.documents, len(grouping.documents)
    everyone = np.ones(len(facts), dtype=np.bool_)
    for topic in (ANY, *facts.mentions):
        about = everyone if topic == ANY else facts.about[topic]
        mentioned = documents if topic == ANY else _count(grouping, facts.mentions[topic])
        silent_here = np.flatnonzero(facts.silent & about & (grouping.cell >= 0))
        dissatisfied = _count(grouping, facts.dissatisfied & about)
        silent = np.bincount(grouping.cell[silent_here], minlength=size)
        complaining = _count(grouping, facts.complaining & about)
        leaving = _count(grouping, facts.leaving & about)
        total = np.bincount(
            grouping.cell[silent_here], weights=facts.score[silent_here], minlength=size
        )
        enough = documents >= settings.min_n
        keep = np.flatnonzero((mentioned > 0) | enough | (topic == ANY))
        if not len(keep):
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            intensity = np.where(enough & (silent > 0), total / 1e6 / silent, np.nan)
        measures: list[Floats] = [intensity]
        for count in (silent, complaining):
            low, high = wilson(count, documents, confidence=settings.confidence)
            measures += [np.where(enough, x, np.nan) for x in (count / documents, low, high)]
        ratio_enough = silent + complaining >= settings.min_n
        measures += [
            np.where(ratio_enough, x, np.nan)
            for x in ratio(silent, complaining, confidence=settings.confidence)
        ]
        kept = keep.tolist()
        period_type, start, channel, dimension, member = (
            [column[i] for i in kept] for column in grouping.keys
        )
        yield [
            period_type,
            start,
            [topic] * len(kept),
            channel,
            dimension,
            member,
            *(
                count[keep].tolist()
                for count in (documents, mentioned, dissatisfied, silent, complaining, leaving)
            ),
            *(_nullable(measure[keep]) for measure in measures),
        ]


def _signal_columns(facts: Facts, grouping: _Grouping) -> Iterator[list[list[Any]]]:
    size = len(grouping.documents)
    for signal, marked in facts.signals.items():
        for topic in (ANY, *facts.about):
            chosen = marked if topic == ANY else marked[facts.about[topic][marked]]
            cell = grouping.cell[chosen]
            inside = cell >= 0
            documents = np.bincount(cell[inside], minlength=size)
            silent = np.bincount(cell[inside & facts.silent[chosen]], minlength=size)
            keep = np.flatnonzero(documents)
            if not len(keep):
                continue
            kept = keep.tolist()
            period_type, start, channel, dimension, member = (
                [column[i] for i in kept] for column in grouping.keys
            )
            yield [
                period_type,
                start,
                [topic] * len(kept),
                channel,
                dimension,
                member,
                [signal] * len(kept),
                documents[keep].tolist(),
                silent[keep].tolist(),
            ]


def _count(grouping: _Grouping, chosen: Bools) -> Ints:
    cell = grouping.cell[chosen]
    return np.bincount(cell[cell >= 0], minlength=len(grouping.documents))


def _nullable(values: Floats) -> list[float | None]:
    # SQLite stores NaN as NULL; None says so without relying on it.
    return [None if value != value else value for value in values.tolist()]
