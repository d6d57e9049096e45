"""From a row to records: the part that complaints, surveys and tabled dialogues share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.config import DEFAULT_CHANNELS, SourceSettings
from pipeline.ingest.columns import ColumnMap, clean_question, map_columns, parse_score
from pipeline.ingest.dates import parse_time
from pipeline.ingest.tables import BadRow, Row, Table, as_text, lost_precision, open_table
from pipeline.ingest.transcripts.plain import parse_turns
from pipeline.records import Quarantined, Verbatim


def read_table(
    path: Path, source: SourceSettings, timezone: str
) -> Iterator[Verbatim | Quarantined]:
    """Open a file as a table and yield its records."""
    table = open_table(path, encoding=source.encoding, sheet=source.sheet)
    yield from records_of(table, map_columns(table, source), source, ZoneInfo(timezone))


def records_of(
    table: Table, columns: ColumnMap, source: SourceSettings, zone: ZoneInfo
) -> Iterator[Verbatim | Quarantined]:
    """Yield the records of a table: one a row, or one an answered question for a wide survey.

    An id or customer id that a spreadsheet rounded away stays empty: content then identifies the
    record, and two customers are never taken for one. A time that can't be read leaves the record
    undated.
    """
    for row in table.rows:
        if isinstance(row, BadRow):
            yield Quarantined(table.name, row.number, row.column, row.reason)
        elif columns.answers:
            yield from _answers(row, table, columns, source, zone)
        else:
            yield _single(row, table, columns, source, zone)


def _answers(
    row: Row, table: Table, columns: ColumnMap, source: SourceSettings, zone: ZoneInfo
) -> Iterator[Verbatim]:
    for index in columns.answers:
        text = as_text(row.cells[index])
        # 问卷星 and others write a skipped question as a mark of its own.
        if text and text not in {"(跳过)", "（跳过）", "(空)", "（空）"}:
            label = table.labels[index]
            question = "" if table.header_row == 0 or label == "text" else clean_question(label)
            yield _verbatim(row, table, columns, source, zone, text=text, question=question)


def _single(
    row: Row, table: Table, columns: ColumnMap, source: SourceSettings, zone: ZoneInfo
) -> Verbatim | Quarantined:
    text = "\n".join(part for i in columns.text if (part := as_text(row.cells[i])))
    if not text:
        names = " + ".join(table.columns[i] for i in columns.text)
        return Quarantined(table.name, row.number, names, "expected text, found an empty cell")
    question = as_text(row.cells[columns.question]) if columns.question is not None else ""
    return _verbatim(row, table, columns, source, zone, text=text, question=question)


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
        if (number := parse_score(as_text(cells[i]))) is not None
    }
    attributes = dict(source.constants)
    for name, i in columns.attributes.items():
        if member := " ".join(as_text(cells[i]).split()):
            attributes[name] = member
    turns = parse_turns(text) if source.kind == "transcript" else ()
    return Verbatim(
        source=source.name,
        kind=source.kind,
        channel=source.channel or DEFAULT_CHANNELS[source.kind],
        text="" if turns else text,
        turns=turns,
        external_id=_identity(row, columns.id),
        question=question,
        occurred_at=None if columns.time is None else parse_time(cells[columns.time], zone),
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
