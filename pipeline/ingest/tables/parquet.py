"""Parquet files, read a batch at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from pipeline.errors import InputError
from pipeline.ingest.tables.header import unique
from pipeline.ingest.tables.table import SAMPLE, BadRow, Row, Table, excerpt_of, plain

#: How Parquet files open.
MAGIC = b"PAR1"
#: Rows held at a time.
_BATCH = 2_000


def open_parquet(source: Path | IO[bytes], name: str) -> Table:
    """Open a Parquet file from its path, or from a stream that can be read again.

    Lists and structs come as JSON text, dictionary columns as what they stand for. A value that
    is no text, or no date of our calendar, puts its row at fault.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    faults = (pa.ArrowException, OSError, ValueError, OverflowError)
    cure = "expected a Parquet file, found it corrupt or cut short; export it again"
    try:
        # Columns are read page by page: a row group may be larger than the memory.
        file = pq.ParquetFile(
            source, memory_map=isinstance(source, Path), pre_buffer=False, buffer_size=1 << 16
        )
        columns = unique([str(column) for column in file.schema_arrow.names])
    except faults as exc:
        raise InputError(f"{name}: {cure}") from exc
    if not columns:
        raise InputError(f"{name}: expected columns, found none; export it again")

    def batches() -> Iterator[Sequence[Sequence[object]]]:
        try:
            for batch in file.iter_batches(batch_size=_BATCH):
                yield [_values(column) for column in batch.columns]
        except faults as exc:
            raise InputError(f"{name}: {cure}") from exc

    def rows() -> Iterator[Row | BadRow]:
        number = 0
        for batch in batches():
            for values in zip(*batch, strict=True):
                number += 1
                yield _row(number, values, columns)

    every = rows()
    first = list(itertools.islice(every, SAMPLE))
    sample = tuple(row for row in first if isinstance(row, Row))
    return Table(name, "parquet", columns, columns, sample, itertools.chain(first, every))


class _Broken:
    """Stands for a value that can't be read."""

    def __str__(self) -> str:
        return "\ufffd"


_BROKEN = _Broken()


def _values(column: Any) -> Sequence[object]:
    try:
        values: list[object] = column.to_pylist()
        return values
    except (ValueError, OverflowError):
        # One value of the column is no text or no date: only its row is at fault.
        return [_value(scalar) for scalar in column]


def _value(scalar: Any) -> object:
    try:
        value: object = scalar.as_py()
        return value
    except (ValueError, OverflowError):
        return _BROKEN


def _row(number: int, values: Sequence[object], columns: Sequence[str]) -> Row | BadRow:
    if _BROKEN in values:
        at = values.index(_BROKEN)
        reason = "expected text or a date, found a value that is neither; export the column as text"
        return BadRow(number, reason, columns[at], excerpt_of(values))
    return Row(number, tuple(map(plain, values)))
