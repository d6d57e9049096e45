"""Parts: masked, finished rows on their way from the processes that read to the one that writes.

A part is a folder with one Parquet file a table. It holds what `publish` inserts and nothing
else, so it can be made on any machine and published on another.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StoreError
from pipeline.records import Document, Reading
from pipeline.store.search import index_terms
from pipeline.store.tables import CHILDREN, table

Row = tuple[Any, ...]

#: Columns of ``documents`` that only the writer knows.
_WRITERS_OWN = ("number", "copy_of", "counted", "file_id", "run_id")

#: Columns of the documents of a part: those of the table, and the terms of the search index.
DOCUMENT_COLUMNS: tuple[str, ...] = (
    *(column.name for column in table("documents").columns if column.name not in _WRITERS_OWN),
    "terms",
)

_ARROW = {"TEXT": pa.string(), "INTEGER": pa.int64(), "REAL": pa.float64()}


@dataclass(frozen=True, slots=True)
class Part:
    """Rows by table: ``documents`` in `DOCUMENT_COLUMNS` order, each child in its table's."""

    rows: Mapping[str, Sequence[Row]]

    def __len__(self) -> int:
        return len(self.rows["documents"])


def part_of(documents: Sequence[Document], readings: Sequence[Reading]) -> Part:
    """Return the rows of documents and their readings, one reading a document, in order.

    No two documents may have the same id.
    """
    rows: dict[str, list[Row]] = {name: [] for name in ("documents", *CHILDREN)}
    for document, reading in zip(documents, readings, strict=True):
        rows["documents"].append(_document_row(document))
        _add_document_children(rows, document)
        _add_reading(rows, document, reading)
    return Part(rows)


def _document_row(document: Document) -> Row:
    occurred = document.occurred_at
    return (
        document.id,
        document.source,
        document.kind,
        document.channel,
        document.external_id,
        document.question,
        document.text,
        None if document.simplified == document.text else document.simplified,
        occurred.isoformat(timespec="seconds") if occurred else None,
        occurred.date().isoformat() if occurred else None,
        document.customer_key or None,
        int(document.no_content),
        document.flag or None,
        document.asr_dropped,
        document.row,
        index_terms(document.simplified),
    )


def _add_document_children(rows: Mapping[str, list[Row]], document: Document) -> None:
    identity = document.id
    rows["document_attributes"].extend(
        (identity, name, member) for name, member in sorted(document.attributes.items())
    )
    rows["document_scores"].extend(
        (identity, name, float(value)) for name, value in sorted(document.scores.items())
    )
    rows["document_masks"].extend((identity, kind, n) for kind, n in document.masks.items())
    rows["turns"].extend(
        (
            identity,
            turn.turn_no,
            turn.role,
            turn.role_source,
            turn.role_confidence,
            turn.start,
            turn.end,
            turn.start_ms,
            turn.end_ms,
            int(turn.asr),
        )
        for turn in document.turns
    )


def _add_reading(rows: Mapping[str, list[Row]], document: Document, reading: Reading) -> None:
    identity = document.id
    rows["readings"].append(
        (
            identity,
            reading.sentiment,
            reading.sentiment_score,
            int(reading.dissatisfied),
            reading.dissatisfaction_score,
            int(reading.complaint),
            reading.complaint_score,
            int(reading.silent),
            int(reading.leaving),
            reading.satisfaction,
        )
    )
    rows["document_topics"].extend(
        (identity, topic, polarity) for topic, polarity in reading.topics.items()
    )
    for unit in reading.clauses:
        clause = unit.clause
        rows["clauses"].append(
            (identity, clause.clause_no, clause.start, clause.end, unit.polarity, unit.score)
        )
        rows["clause_topics"].extend(
            (
                identity,
                clause.clause_no,
                opinion.topic,
                opinion.subtopic,
                opinion.polarity,
                opinion.score,
            )
            for opinion in unit.topics
        )
    for number, signal in enumerate(reading.signals, start=1):
        within = (
            unit.clause.clause_no
            for unit in reading.clauses
            if unit.clause.start <= signal.start < unit.clause.end
        )
        rows["signals"].append(
            (
                identity,
                number,
                signal.type,
                signal.start,
                signal.end,
                signal.score,
                signal.origin,
                next(within, None),
            )
        )


def write_part(part: Part, folder: Path, name: str) -> Path:
    """Write a part under ``folder``; it appears whole or not at all, readable by its owner only."""
    target, draft = folder / name, folder / f".{name}.draft"
    try:
        draft.mkdir(mode=0o700, parents=True)
        for relation, rows in part.rows.items():
            if rows:
                path = draft / f"{relation}.parquet"
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
                pq.write_table(_arrow(relation, rows), path, compression="zstd")
        draft.rename(target)
    except OSError as exc:
        shutil.rmtree(draft, ignore_errors=True)
        raise StoreError(
            f"{folder}: expected a place for parts of the run, got: {exc.strerror or exc}; free "
            "disk space or set TMPDIR"
        ) from exc
    return target


def read_part(path: Path) -> Part:
    """Read a part back; `StoreError` where its bytes are damaged."""
    rows: dict[str, Sequence[Row]] = {}
    for relation in ("documents", *CHILDREN):
        file = path / f"{relation}.parquet"
        try:
            rows[relation] = _rows(pq.read_table(file)) if file.exists() else []
        except (OSError, pa.ArrowException) as exc:
            raise StoreError(f"{file}: expected a part of the run, got: {exc}; run again") from exc
    return Part(rows)


def _rows(stored: pa.Table) -> list[Row]:
    return list(zip(*(column.to_pylist() for column in stored.columns), strict=True))


def _columns(relation: str) -> Iterable[tuple[str, pa.DataType]]:
    known = {column.name: _ARROW[column.type] for column in table(relation).columns}
    names = DOCUMENT_COLUMNS if relation == "documents" else tuple(known)
    return ((name, known.get(name, pa.string())) for name in names)


def _arrow(relation: str, rows: Sequence[Row]) -> pa.Table:
    columns = list(_columns(relation))
    values = zip(*rows, strict=True)
    return pa.table(
        [pa.array(column, kind) for column, (_, kind) in zip(values, columns, strict=True)],
        names=[name for name, _ in columns],
    )
