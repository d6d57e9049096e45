"""Parquet files."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import IO

from pipeline.errors import InputError
from pipeline.ingest.tables.objects import plain
from pipeline.ingest.tables.table import SAMPLE, BadRow, Row, Table


def open_parquet(body: IO[bytes], name: str) -> Table:
    """Open a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(body.read()))
        columns = tuple(str(column) for column in file.schema_arrow.names)
    except (pa.ArrowException, OSError, ValueError) as exc:
        raise InputError(
            f"{name}: expected a Parquet file, found it corrupt; export it again"
        ) from exc

    def rows() -> Iterator[Row | BadRow]:
        number = 0
        for batch in file.iter_batches(batch_size=2000):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield Row(
                    number,
                    tuple(
                        v if isinstance(v, date | time | timedelta) else plain(v) for v in values
                    ),
                )

    every = rows()
    first = list(itertools.islice(every, SAMPLE))
    sample = tuple(row for row in first if isinstance(row, Row))
    return Table(name, "parquet", columns, columns, sample, itertools.chain(first, every))
