"""Sources that are a SQL query: where their database is, and their rows as records."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.config import SourceSettings
from pipeline.errors import ConfigError
from pipeline.ingest.columns import map_columns
from pipeline.ingest.reader import Note
from pipeline.ingest.rows import records_of
from pipeline.ingest.tables import RowDigest, Table, digest_query, open_query
from pipeline.records import Quarantined, Verbatim


def path_of(source: SourceSettings) -> Path:
    """Return what stands for a path where results name the file: ``sql:`` and the source's name."""
    return Path(f"sql:{source.name}")


def digest_of(source: SourceSettings) -> RowDigest:
    """Run the query of a source and return the digest of its rows."""
    return digest_query(_url(source), source.query, str(path_of(source)))


def table_of(source: SourceSettings, *, digest: RowDigest | None = None) -> Table:
    """Run the query of a source as a table; ``digest`` takes in its rows as they are read."""
    return open_query(_url(source), source.query, str(path_of(source)), digest=digest)


def read(
    source: SourceSettings, timezone: str, *, digest: RowDigest
) -> Iterator[Verbatim | Quarantined | Note]:
    """Yield the records of a source's query; one without rows has none."""
    table = table_of(source, digest=digest)
    first = list(itertools.islice(table.rows, 1))
    if first:
        table = replace(table, rows=itertools.chain(first, table.rows))
        yield from records_of(table, map_columns(table, source), source, ZoneInfo(timezone))


def _url(source: SourceSettings) -> str:
    if not source.url_env:
        return source.url.get_secret_value()
    url = os.environ.get(source.url_env, "").strip()
    if not url:
        raise ConfigError(
            f"source {source.name!r}: expected an SQLAlchemy URL in the environment variable "
            f"{source.url_env}, found none; export it"
        )
    return url
