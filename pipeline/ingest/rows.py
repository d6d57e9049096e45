"""From a row to records: the part that complaints, surveys and tabled dialogues share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.config import DEFAULT_CHANNELS, SourceSettings
from pipeline.ingest.columns import ColumnMap, clean_question, map_columns, score_of
from pipeline.ingest.dates import parse_time
from pipeline.ingest.reader import Note
from pipeline.ingest.tables import (
    BadRow,
    Row,
    Table,
    as_text,
    excerpt_of,
    lost_precision,
    open_table,
)
from pipeline.ingest.transcripts.plain import parse_turns
from pipeline.records import Quarantined, Verbatim


def read_table(
    path: Path, source: SourceSettings, timezone: str
) -> Iterator[Verbatim | Quarantined | Note]:
    """Open a file as a table and yield its records."""
    table = open_table(path, encoding=source.encoding, sheet=source.sheet)
    yield from records_of(table, map_columns(table, source), source, ZoneInfo(timezone))


def records_of(
    table: Table,
    columns: ColumnMap,
    source: SourceSettings,
    zone: ZoneInfo,
    *,
    keep_empty: bool = False,
) -> Iterator[Verbatim | Quarantined | Note]:
    """Yield the records of a table: one a row, or one an answered question for a wide survey.

    A row without text is quarantined or, with ``keep_empty``, a record without text.

    An id or customer id that a spreadsheet rounded away stays empty: content then identifies the
    record, and two customers are never taken for one. A time that can't be read leaves the record
    undated. Each of these, and a survey row without any open answer, is noted.

    A number that only counts the rows of an export (``columns.id_counts``) is made unambiguous by
    the time beside it, ``12@20260903T101500``, or by a digest of the row's words and values where
    no time of day is given, ``12@5f0e1c2a``: the next export counts from 1 again and must not
    replace this one, while the same export delivered again, longer or under another name, gives
    the same records.
    """
    for row in table.rows:
        if isinstance(row, BadRow):
            yield Quarantined(table.name, row.number, row.column, row.reason, row.excerpt)
            continue
        found = list(
            _answers(row, table, columns, source, zone)
            if columns.answers
            else _single(row, table, columns, source, zone, keep_empty=keep_empty)
        )
        yield from found
        yield from _notes(row, table, columns, zone, answered=bool(found))


def _notes(
    row: Row, table: Table, columns: ColumnMap, zone: ZoneInfo, *, answered: bool
) -> Iterator[Note]:
    def note(index: int | None, what: str) -> Note:
        return Note(table.name, row.number, "" if index is None else table.columns[index], what)

    if not answered:
        yield note(None, "no_answer")
    for index, what in ((columns.id, "id_rounded"), (columns.customer, "customer_rounded")):
        if index is not None and lost_precision(row.cells[index]):
            yield note(index, what)
    if columns.time is not None:
        cell = row.cells[columns.time]
        if as_text(cell) and parse_time(cell, zone) is None:
            yield note(columns.time, "time_unread")


def _answers(
    row: Row, table: Table, columns: ColumnMap, source: SourceSettings, zone: ZoneInfo
) -> Iterator[Verbatim]:
    for index in columns.answers:
        text = as_text(row.cells[index])
        # 问卷星 and others write a skipped question as a mark of its own.
        if text and text not in {"(跳过)", "（跳过）", "(空)", "（空）"}:
            label = table.labels[index]
            question = clean_question(label) if table.is_named and label != "text" else ""
            yield _verbatim(row, table, columns, source, zone, text=text, question=question)


def _single(
    row: Row,
    table: Table,
    columns: ColumnMap,
    source: SourceSettings,
    zone: ZoneInfo,
    *,
    keep_empty: bool,
) -> Iterator[Verbatim | Quarantined]:
    text = "\n".join(part for i in columns.text if (part := as_text(row.cells[i])))
    if not text and not keep_empty:
        names = " + ".join(table.columns[i] for i in columns.text)
        reason = "expected text, found an empty cell"
        yield Quarantined(table.name, row.number, names, reason, excerpt_of(row.cells))
        return
    question = as_text(row.cells[columns.question]) if columns.question is not None else ""
    yield _verbatim(row, table, columns, source, zone, text=text, question=question)


def _verbatim(
    row: Row,
    table: Table,
    columns: ColumnMap,
    source: SourceSettings,
    zone: ZoneInfo,
    *,
    text: str,
    question: str,
) -> Verbatim:
    cells = row.cells
    scores = {
        name: number
        for name, i in columns.scores.items()
        if (number := score_of(cells[i])) is not None
    }
    attributes = dict(source.constants)
    for name, i in columns.attributes.items():
        if member := " ".join(as_text(cells[i]).split()):
            attributes[name] = member
    when = None if columns.time is None else parse_time(cells[columns.time], zone)
    identity = _identity(row, columns.id)
    if identity and columns.id_counts:
        identity = f"{identity}@{_moment(row, columns, when)}"
    turns = parse_turns(text) if source.kind == "transcript" else ()
    return Verbatim(
        source=source.name,
        kind=source.kind,
        channel=source.channel or DEFAULT_CHANNELS[source.kind],
        text="" if turns else text,
        turns=turns,
        external_id=identity,
        question=question,
        occurred_at=when,
        customer_id=_identity(row, columns.customer),
        scores=scores,
        attributes=attributes,
        file=table.name,
        row=row.number,
    )


def _identity(row: Row, index: int | None) -> str:
    if index is None or lost_precision(row.cells[index]):
        return ""
    return as_text(row.cells[index])


def _moment(row: Row, columns: ColumnMap, when: datetime | None) -> str:
    """Return what tells two rows of the same number apart, the same in every delivery."""
    if when is not None and when.time() != time():
        return f"{when:%Y%m%dT%H%M%S}"
    kept = [*columns.text, *columns.answers, *columns.scores.values(), *columns.attributes.values()]
    content = "\x1f".join([str(when), *(as_text(row.cells[i]) for i in kept)])
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:8]
