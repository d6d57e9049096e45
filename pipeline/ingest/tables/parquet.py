"""Parquet files, read a batch at a time."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from pipeline.errors import InputError
from pipeline.ingest.tables.header import unique
from pipeline.ingest.tables.lines import MAX_LINE
from pipeline.ingest.tables.sheet import MAX_RATIO, MAX_UNZIPPED
from pipeline.ingest.tables.table import SAMPLE, BadRow, Row, Table, excerpt_of, plain

#: How Parquet files open.
MAGIC = b"PAR1"
#: Rows held at a time.
_BATCH = 2_000
#: Bytes that a batch of repeated texts may unfold to.
_MOST = 100_000_000


def open_parquet(source: Path | IO[bytes], name: str) -> Table:
    """Open a Parquet file from its path, or from a stream that can be read again.

    Lists and structs come as JSON text, dictionary columns as what they stand for. A value that
    is no text, or no date of our calendar, puts its row at fault.
    """
    import pyarrow as pa

    # An unknown time zone is a KeyError; a cell larger than the memory gives no other sign.
    faults = (pa.ArrowException, OSError, ValueError, OverflowError, KeyError, MemoryError)
    cure = "expected a Parquet file, found it corrupt or cut short; export it again"
    try:
        file = _opened(source, ())
        size = _bomb(source, file.metadata)
        texts = _texts(file.schema_arrow)
        if texts and not size and _repeats_long_texts(source, file.num_row_groups, texts):
            # It may unfold to more than any memory, so it stays in its dictionary.
            file = _opened(source, texts)
        columns = unique([str(column) for column in file.schema_arrow.names])
    except faults as exc:
        raise InputError(f"{name}: {cure}") from exc
    if not columns:
        raise InputError(f"{name}: expected columns, found none; export it again")
    if size:
        raise InputError(
            f"{name}: expected a Parquet file, found one that unfolds to {size:,} bytes; "
            "export it as CSV"
        )

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


def _opened(source: Path | IO[bytes], dictionaries: Sequence[str]) -> Any:
    import pyarrow.parquet as pq

    if not isinstance(source, Path):
        source.seek(0)
    # Read page by page: a row group may be larger than the memory.
    return pq.ParquetFile(
        source,
        memory_map=isinstance(source, Path),
        pre_buffer=False,
        buffer_size=1 << 16,
        read_dictionary=list(dictionaries),
    )


def _repeats_long_texts(source: Path | IO[bytes], groups: int, texts: Sequence[str]) -> bool:
    """Tell whether a batch of texts from a dictionary may unfold beyond `_MOST` bytes."""
    import pyarrow.compute as pc

    file = _opened(source, texts)
    for number in range(groups):
        # The first row brings the whole dictionary of its row group.
        for batch in file.iter_batches(1, row_groups=[number], columns=list(texts)):
            # Of two columns of one name pyarrow keeps none in its dictionary.
            for column in (one for one in batch.columns if hasattr(one, "dictionary")):
                size = pc.max(pc.binary_length(column.dictionary)).as_py()
                if size is not None and size > _MOST // _BATCH:
                    return True
            break
    return False


def _texts(schema: Any) -> list[str]:
    """Return the names of the columns of text that are not nested."""
    import pyarrow as pa

    # What the metadata says of a single column is not looked at: damaged, it ends the process.
    return [
        field.name
        for field in schema
        if pa.types.is_string(field.type) or pa.types.is_binary(field.type)
    ]


def _bomb(source: Path | IO[bytes], described: Any) -> int:
    """Return what a file unfolds to where it is packed more densely than text ever is."""
    size = sum(
        described.row_group(number).total_byte_size for number in range(described.num_row_groups)
    )
    packed = source.stat().st_size if isinstance(source, Path) else source.seek(0, io.SEEK_END)
    return size if size > MAX_UNZIPPED and size > MAX_RATIO * packed else 0


def _values(column: Any) -> Sequence[object]:
    if hasattr(column, "dictionary"):
        indices: list[int | None] = column.indices.to_pylist()
        used = sorted({i for i in indices if i is not None})
        words = dict(zip(used, _values(column.dictionary.take(used)), strict=True)) if used else {}
        return [None if i is None else words[i] for i in indices]
    try:
        values: list[object] = column.to_pylist()
        return values
    except (ValueError, OverflowError, KeyError):
        # One value of the column is no text or no date: only its row is at fault.
        return [_value(scalar) for scalar in column]


def _value(scalar: Any) -> object:
    try:
        value: object = scalar.as_py()
        return value
    except (ValueError, OverflowError, KeyError):
        return _BROKEN


def _row(number: int, values: Sequence[object], columns: Sequence[str]) -> Row | BadRow:
    if _BROKEN in values:
        at = values.index(_BROKEN)
        reason = "expected text or a date, found a value that is neither; export the column as text"
        return BadRow(number, reason, columns[at], excerpt_of(values))
    for at, value in enumerate(values):
        if isinstance(value, str) and len(value) > MAX_LINE:
            reason = f"text longer than {MAX_LINE:,} characters"
            return BadRow(number, reason, columns[at], excerpt_of(values))
    return Row(number, tuple(map(plain, values)))
