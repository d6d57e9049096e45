"""Facts: the stored documents as arrays of integer codes, read in one scan of each table.

Every measure (silence, findings) counts over these arrays instead of asking the database once a
cell, so the cost grows with documents, not with cells.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.records import SIGNAL_TYPES, TOPICS

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Stands for "any" in every key column.
ANY = "*"
NEGATIVE = ("negative", "mixed")
_CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class Coded:
    """One value a document, as a code into sorted ``names``; −1 where it has none."""

    names: tuple[str, ...]
    codes: Ints


@dataclass(frozen=True, slots=True)
class Facts:
    """Documents that are counted and have a reading, position by position.

    ``day`` is days since 1970-01-01, −1 undated. ``mentions[topic]`` marks documents that speak
    of a topic, ``about[topic]`` those that speak of it negatively; see `load_facts` for
    ``other``. ``score`` is the dissatisfaction score in millionths: whole numbers add up to the
    same sum in any row order.
    """

    ids: tuple[str, ...]
    day: Ints
    channel: Coded
    dissatisfied: Bools
    silent: Bools
    complaining: Bools
    leaving: Bools
    score: Ints
    mentions: Mapping[str, Bools]
    about: Mapping[str, Bools]
    members: Mapping[str, Coded]
    signals: Mapping[str, Ints]
    index: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.ids)

    def period(self, period_type: str) -> tuple[Ints, tuple[str, ...]]:
        """Return a period code for each document (−1 none) and the start date of each code.

        ``all`` has one period, ``""``, that holds undated documents too; weeks start on Monday.
        """
        if period_type == "all":
            return np.zeros(len(self), dtype=np.int64), ("",)
        dated = self.day >= 0
        days = self.day[dated].astype("datetime64[D]")
        if period_type == "week":
            # 1970-01-01 was a Thursday: three days after a Monday.
            starts = ((days.astype(np.int64) + 3) // 7 * 7 - 3).astype("datetime64[D]")
        elif period_type == "month":
            starts = days.astype("datetime64[M]").astype("datetime64[D]")
        else:
            starts = days
        values, inverse = np.unique(starts, return_inverse=True)
        codes = np.full(len(self), -1, dtype=np.int64)
        codes[dated] = inverse
        return codes, tuple(str(value) for value in values)


def load_facts(connection: sqlite3.Connection, dimensions: Sequence[str]) -> Facts:
    """Read all documents that are counted and have a reading.

    A document is *about* a topic when the topic's polarity is negative or mixed. A document that
    is dissatisfied, complains or means to leave while none of its topics is negative (or it has
    none) is about ``other``, and so mentions it: nobody dissatisfied falls out of the topics.
    A document may be about several topics: their counts add up to more than the total.
    """
    index: dict[str, int] = {}
    channels: list[str] = []
    days: list[str | None] = []
    for ids, channel, day in _columns(
        connection, "SELECT id, channel, period_day FROM documents WHERE counted = 1"
    ):
        start = len(index)
        index.update(zip(ids, range(start, start + len(ids)), strict=True))
        channels.extend(channel)
        days.extend(day)
    n = len(index)
    read = np.zeros(n, dtype=np.bool_)
    flags = np.zeros((4, n), dtype=np.bool_)
    score = np.zeros(n, dtype=np.int64)
    for ids, *flag_columns, scores in _columns(
        connection,
        "SELECT document_id, dissatisfied, silent, complaint, leaving, dissatisfaction_score"
        " FROM readings",
    ):
        at, known = _positions(ids, index)
        read[at] = True
        for row, column in zip(flags, flag_columns, strict=True):
            row[at] = np.array(column, dtype=np.bool_)[known]
        score[at] = np.rint(np.array(scores, dtype=np.float64) * 1e6).astype(np.int64)[known]

    mentions = {topic: np.zeros(n, dtype=np.bool_) for topic in TOPICS}
    about = {topic: np.zeros(n, dtype=np.bool_) for topic in TOPICS}
    for ids, topics, polarities in _columns(
        connection, "SELECT document_id, topic, polarity FROM document_topics"
    ):
        at, known = _positions(ids, index)
        topic_array = np.array(topics, dtype=object)[known]
        negative = np.isin(np.array(polarities, dtype=object)[known].astype(str), NEGATIVE)
        for topic in sorted(set(topic_array.tolist())):
            here = topic_array == topic
            mentions.setdefault(topic, np.zeros(n, dtype=np.bool_))[at[here]] = True
            about.setdefault(topic, np.zeros(n, dtype=np.bool_))[at[here & negative]] = True
    dissatisfied, silent, complaining, leaving = flags
    homeless = (dissatisfied | complaining | leaving) & ~np.logical_or.reduce(list(about.values()))
    about["other"] |= homeless
    mentions["other"] |= homeless

    signals = {signal: np.zeros(n, dtype=np.bool_) for signal in SIGNAL_TYPES}
    for ids, types in _columns(connection, "SELECT document_id, type FROM signals"):
        at, known = _positions(ids, index)
        type_array = np.array(types, dtype=object)[known]
        for signal in sorted(set(type_array.tolist())):
            marked = signals.setdefault(signal, np.zeros(n, dtype=np.bool_))
            marked[at[type_array == signal]] = True

    members: dict[str, Coded] = {}
    for dimension in dimensions:
        values: dict[str, int] = {}
        codes = np.full(n, -1, dtype=np.int64)
        for ids, names in _columns(
            connection,
            "SELECT document_id, member FROM document_attributes WHERE dimension = ?"
            " AND member <> ''",
            (dimension,),
        ):
            at, known = _positions(ids, index)
            coded = np.fromiter(
                (values.setdefault(name, len(values)) for name in names), np.int64, len(names)
            )
            codes[at] = coded[known]
        members[dimension] = _sorted(values, codes, read)

    channel_values: dict[str, int] = {}
    channel_codes = np.fromiter(
        (channel_values.setdefault(name, len(channel_values)) for name in channels), np.int64, n
    )
    day_codes = np.array([day or "NaT" for day in days], dtype="datetime64[D]")
    day_numbers = np.where(np.isnat(day_codes), -1, day_codes.astype(np.int64))
    ids_kept = tuple(id_ for id_, keep in zip(index, read.tolist(), strict=True) if keep)
    channel = _sorted(channel_values, channel_codes, read)
    return Facts(
        ids=ids_kept,
        day=day_numbers[read],
        channel=channel,
        dissatisfied=dissatisfied[read],
        silent=silent[read],
        complaining=complaining[read],
        leaving=leaving[read],
        score=score[read],
        mentions={topic: mentions[topic][read] for topic in sorted(mentions)},
        about={topic: about[topic][read] for topic in sorted(about)},
        members=members,
        signals={
            signal: np.flatnonzero(marked[read] & dissatisfied[read])
            for signal, marked in sorted(signals.items())
        },
        index=index if bool(read.all()) else {id_: at for at, id_ in enumerate(ids_kept)},
    )


def _columns(
    connection: sqlite3.Connection, sql: str, parameters: Sequence[Any] = ()
) -> Iterator[tuple[Any, ...]]:
    cursor = connection.cursor()
    cursor.row_factory = None
    cursor.execute(sql, parameters)
    while rows := cursor.fetchmany(_CHUNK):
        yield tuple(zip(*rows, strict=True))


def _positions(ids: Sequence[str], index: Mapping[str, int]) -> tuple[Ints, Bools]:
    found = np.fromiter((index.get(id_, -1) for id_ in ids), np.int64, len(ids))
    known = found >= 0
    return found[known], known


def _sorted(values: Mapping[str, int], codes: Ints, keep: Bools) -> Coded:
    # Codes follow the order of names, so that output does not depend on the order of rows.
    names = sorted(values)
    new = np.empty(len(names) + 1, dtype=np.int64)
    new[-1] = -1
    for position, name in enumerate(names):
        new[values[name]] = position
    return Coded(tuple(names), new[codes[keep]])
