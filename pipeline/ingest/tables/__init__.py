"""Rows of any table a customer's system exports, with the row number a person sees.

Text forms are streamed: memory does not grow with the number of rows. A row at fault comes out
as a `BadRow`; only a file that can't be read as a whole raises `InputError`.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from pipeline.errors import InputError
from pipeline.ingest.quoting import usual_width
from pipeline.ingest.sniff import refuse_binary
from pipeline.ingest.tables.delimited import csv_rows, find_delimiter
from pipeline.ingest.tables.encoding import detect_encoding, known_codec
from pipeline.ingest.tables.header import assemble
from pipeline.ingest.tables.lines import MAX_LINE, Lines, line_rows
from pipeline.ingest.tables.objects import is_jsonl, open_jsonl, try_json
from pipeline.ingest.tables.parquet import MAGIC as PARQUET
from pipeline.ingest.tables.parquet import open_parquet
from pipeline.ingest.tables.sheet import MAX_RATIO, MAX_UNZIPPED, open_sheet
from pipeline.ingest.tables.spss import MAGIC as SPSS
from pipeline.ingest.tables.spss import open_spss
from pipeline.ingest.tables.sql import RowDigest, digest_query, open_query
from pipeline.ingest.tables.table import (
    EXCERPT,
    SAMPLE,
    BadRow,
    Cell,
    Coded,
    Form,
    Row,
    Table,
    as_text,
    excerpt_of,
    lost_precision,
)

__all__ = [
    "EXCERPT",
    "MAX_LINE",
    "MAX_RATIO",
    "MAX_UNZIPPED",
    "PREFIX",
    "SAMPLE",
    "BadRow",
    "Cell",
    "Coded",
    "Form",
    "Row",
    "RowDigest",
    "Table",
    "as_text",
    "detect_encoding",
    "digest_query",
    "excerpt_of",
    "lost_precision",
    "open_query",
    "open_table",
]

#: Bytes looked at to recognise form, encoding and delimiter.
PREFIX = 262_144
#: Of a stream, forms that are read from their end are held in memory, up to this many bytes.
MAX_IN_MEMORY = 300_000_000


def open_table(
    source: Path | IO[bytes], *, name: str = "", encoding: str = "auto", sheet: str = ""
) -> Table:
    r"""Open a table of any known form, recognised by its content.

    ``name`` is what messages call it (default the path). Raises `InputError` for a missing,
    empty or corrupt file, an unknown encoding or an absent sheet.

    >>> table = open_table(io.BytesIO("编号;内容\n1;排队太久\n".encode("gbk")), name="a.csv")
    >>> table.columns, table.delimiter, [row.cells for row in table.rows]
    (('编号', '内容'), ';', [('1', '排队太久')])
    """
    label = name or str(source)
    try:
        stream = source.open("rb") if isinstance(source, Path) else source
        head = _fill(stream, PREFIX)
    except OSError as exc:
        raise InputError(
            f"{label}: expected a readable file, got: {exc.strerror or exc}; check path and rights"
        ) from exc
    if not head.strip(b"\x00\t\r\n \xef\xbb\xbf"):
        raise InputError(f"{label}: expected rows, found an empty file; export it again")
    body: IO[bytes] = io.BufferedReader(_Chained(head, stream), buffer_size=1 << 18)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return open_sheet(body, label, sheet)
    if head.startswith((PARQUET, *SPSS)):
        again = _again(source, body, label)
        if head.startswith(PARQUET):
            return open_parquet(again, label)
        return open_spss(again, label, encoding)
    refuse_binary(head, label)
    codec = (
        detect_encoding(head, label) if encoding == "auto" else known_codec(encoding, head, label)
    )
    return _open_text(body, head, label, codec)


def _again(source: Path | IO[bytes], body: IO[bytes], name: str) -> Path | IO[bytes]:
    """Return what can be read from its start again: the path, or the stream's bytes in memory."""
    if isinstance(source, Path):
        body.close()
        return source
    # Never a temporary file: nothing raw is written to a disk.
    content = _fill(body, MAX_IN_MEMORY + 1)
    if len(content) > MAX_IN_MEMORY:
        raise InputError(
            f"{name}: expected at most {MAX_IN_MEMORY:,} bytes of this form from a stream, found "
            "more; save it as a file and give its path"
        )
    return io.BytesIO(content)


class _Chained(io.RawIOBase):
    """A stream that gives back the bytes already looked at, so standard input can be sniffed."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._head:
            part = self._head[: len(buffer)]
            self._head = self._head[len(part) :]
        else:
            part = memoryview(self._rest.read(len(buffer)))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        if not self.closed:
            self._rest.close()
        super().close()


def _fill(stream: IO[bytes], size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _open_text(body: IO[bytes], head: bytes, name: str, codec: str) -> Table:
    prefix = codecs.getincrementaldecoder(codec)(errors="replace").decode(head, final=False)
    prefix = prefix.lstrip("﻿")
    start = prefix.lstrip()[:1]
    lines = Lines(body, codec)
    if start == "{" and is_jsonl(prefix):
        return open_jsonl(lines, name, codec)
    if start in {"[", "{"}:
        table = try_json(lines, name, codec, prefix, start)
        if table is not None:
            return table
    delimiter = find_delimiter(prefix, name)
    raw: Iterator[tuple[int, Sequence[Cell]] | BadRow]
    if delimiter:
        raw = csv_rows(lines, delimiter, usual_width(prefix, delimiter), codec)
        return assemble(raw, name, "csv", encoding=codec, delimiter=delimiter)
    if Path(name).suffix.lower() in {".xlsx", ".xlsm", ".xls"}:
        # Tables of text under a workbook's name are common exports; loose lines are an error page.
        raise InputError(
            f"{name}: expected a workbook, found loose lines of text; export it again or name it "
            ".txt if it holds one text a line"
        )
    raw = line_rows(lines, codec)
    return assemble(raw, name, "lines", encoding=codec)
