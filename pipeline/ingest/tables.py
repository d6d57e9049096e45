"""Rows of any table a customer's system exports, with the row number a person sees.

Text forms are streamed: memory does not grow with the number of rows. A row at fault comes out
as a `BadRow`; only a file that can't be read as a whole raises `InputError`.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Literal

import charset_normalizer
import python_calamine

from pipeline.errors import InputError, did_you_mean
from pipeline.ingest.quoting import Fault, csv_records, usual_width
from pipeline.ingest.sniff import refuse_binary

#: What a cell may hold; JSON lists and objects arrive as their JSON text.
Cell = str | int | float | bool | datetime | date | time | timedelta | None
Form = Literal["csv", "lines", "jsonl", "json", "sheet", "parquet"]

#: Bytes looked at to recognise form, encoding and delimiter.
PREFIX = 262_144
#: Rows looked at to find the header and guess columns.
SAMPLE = 200
#: A longer line is one row at fault, not a reason to fill the memory.
MAX_LINE = 1_000_000
#: A workbook that unfolds to more than this is refused (a zip bomb, or a file for a database).
MAX_UNZIPPED = 300_000_000
#: Packed more densely than any sheet of text; small books may be, they do no harm.
MAX_RATIO = 250
_HARMLESS = 30_000_000

_DELIMITERS = (",", "\t", ";", "|", "，")
_QUALTRICS = re.compile(r"""['"]ImportId['"]""")
_MONKEY = frozenset(
    {"response", "open-ended response", "开放式答复", "开放式回答", "开放性回答", "回复"}
)
_NUMERIC = re.compile(r"^[+-]?\d+(?:[.,:/\-]\d+)*(?:\s+\d+:\d+(?::\d+)?)?%?$")
_LOST = re.compile(r"^\s*[+-]?\d(?:\.\d+)?[eE]\+?\d{2,}\s*$")
_EVERYDAY = "的一是不了我在有人個个這这說说客戶户務务時时來来你好沒没"
_OF_A_RECORD = frozenset({
    "id", "text", "key", "call_id", "conversation_id", "session_id", "dialogue_id", "turns",
    "messages", "utterances", "dialogue", "dialog", "conversation", "segments", "sentence_info",
    "stamp_sents", "sentences", "对话", "对话内容", "消息", "通话编号", "会话编号", "编号", "内容",
})  # fmt: skip
_ONE_COLUMN_NAMES = frozenset(
    [
        "text",
        "content",
        "comment",
        "comments",
        "review",
        "feedback",
        "answer",
        "message",
        "文本",
        "内容",
        "评论",
        "评价",
        "反馈",
        "意见",
        "建议",
        "原文",
        "正文",
        "留言",
        "备注",
        "回答",
        "答案",
        "投诉内容",
        "客户意见",
        "意见建议",
    ]
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: ``cells`` stand in the order of ``Table.columns``; ``number`` counts from 1."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be read, and why; ``excerpt`` is what stands there, raw, in memory only."""

    number: int
    reason: str
    column: str = ""
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table opened for one pass.

    ``columns`` are unique names; ``labels`` are the questions or headings a person saw (the same
    as ``columns`` but for Qualtrics, whose first row holds field ids). ``sample`` is the first
    rows, which ``rows`` yields again. ``header_row`` is the number of the last header row, 0
    where there is none.
    """

    name: str
    form: Form
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    sample: tuple[Row, ...]
    rows: Iterator[Row | BadRow]
    header_row: int = 0
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


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
        return _open_sheet(body, label, sheet)
    if head.startswith(b"PAR1"):
        return _open_parquet(body, label)
    refuse_binary(head, label)
    codec = (
        detect_encoding(head, label) if encoding == "auto" else _known_codec(encoding, head, label)
    )
    return _open_text(body, head, label, codec)


def detect_encoding(head: bytes, name: str = "the input") -> str:
    """Return the codec of a prefix: byte-order marks, then UTF-8, then GB18030, then a guess.

    GBK is part of GB18030, so GBK files are read as GB18030.

    >>> detect_encoding("客户".encode("gbk"))
    'gb18030'
    """
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return codec
    nulls = head[:4096].count(0)
    if nulls > 1 and nulls > len(head[:4096]) // 10:
        even = head[:4096:2].count(0)
        return "utf-16-be" if even > nulls // 2 else "utf-16-le"
    errors = {codec: _bad_share(head, codec) for codec in ("utf-8", "gb18030")}
    if errors["utf-8"] == 0:
        return "utf-8"
    if errors["gb18030"] == 0:
        # Big5 bytes are valid GB18030 too: everyday characters tell which reading is Chinese.
        if _bad_share(head, "big5") == 0 and _everyday(head, "big5") > _everyday(head, "gb18030"):
            return "big5"
        return "gb18030"
    # A few bad bytes are the fault of their rows, so whole lines vote.
    clean = {codec: _clean_share(head, codec) for codec in ("utf-8", "gb18030")}
    codec = max(clean, key=lambda key: clean[key])
    if clean[codec] >= 0.5 or errors[codec] < 0.02:
        return codec
    best = charset_normalizer.from_bytes(head[:20_000]).best()
    if best is None:
        raise InputError(
            f"{name}: expected text in utf-8, gb18030 or utf-16, found other bytes; "
            "set 'encoding:' of this source, or save the file as UTF-8"
        )
    return best.encoding


def lost_precision(cell: Cell) -> bool:
    """Tell whether Excel rounded this id away: ``1.23457E+17``, or a number above 15 digits.

    >>> lost_precision("1.23457E+17"), lost_precision(110101199003070000.0), lost_precision(24.0)
    (True, True, False)
    """
    if isinstance(cell, float):
        return abs(cell) >= 1e15
    return isinstance(cell, str) and bool(_LOST.match(cell))


def as_text(cell: Cell) -> str:
    """Return a cell as a person sees it; whole numbers carry no ``.0``.

    >>> as_text(24.0), as_text(None), as_text(" 排队 ")
    ('24', '', '排队')
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


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


def _known_codec(encoding: str, head: bytes, name: str) -> str:
    try:
        "".encode(encoding)  # refuses codecs such as base64, which lookup() knows too
        codec = codecs.lookup(encoding).name
    except LookupError as exc:
        known = ["utf-8", "gbk", "gb18030", "utf-16", "big5"]
        raise InputError(
            f"{name}: no text encoding named {encoding!r}{did_you_mean(encoding, known)}; "
            f"expected one such as {', '.join(known)}, or auto"
        ) from exc
    if codec == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16-le"
    if not codec.startswith("utf-16") and _clean_share(head, codec) < 0.5 and not head.isascii():
        raise InputError(
            f"{name}: expected text in {encoding}, as 'encoding:' of the source says, found other "
            f"bytes, perhaps {detect_encoding(head, name)}; set that, or auto"
        )
    return codec


def _bad_share(head: bytes, codec: str) -> float:
    # final=False: a prefix may end in the middle of a character.
    decoder = codecs.getincrementaldecoder(codec)(errors="replace")
    text = decoder.decode(head, final=False)
    return text.count("�") / max(len(text), 1)


def _clean_share(head: bytes, codec: str) -> float:
    """Return the share of lines with non-ASCII bytes that decode without fault."""
    lines = [line for line in head.split(b"\n")[:2000] if not line.isascii()]
    good = 0
    for line in lines:
        try:
            line.decode(codec)
        except UnicodeDecodeError:
            continue
        good += 1
    return good / max(len(lines), 1)


def _everyday(head: bytes, codec: str) -> int:
    text = codecs.getincrementaldecoder(codec)(errors="replace").decode(head, final=False)
    return sum(text.count(character) for character in _EVERYDAY)


class _Lines:
    """Lines of a decoded stream, bounded in length; says whether the last one was cut."""

    def __init__(self, body: IO[bytes], codec: str) -> None:
        # UTF-8 maps bad bytes to lone surrogates, which valid UTF-8 never holds, so a real U+FFFD
        # stays legible; the other codecs can't and are given U+FFFD.
        self.utf8 = codec.replace("_", "-").lower() in {"utf-8", "utf8", "utf-8-sig"}
        errors = "surrogateescape" if self.utf8 else "replace"
        self._text = io.TextIOWrapper(body, encoding=codec, errors=errors, newline="")
        self.cut = False

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(MAX_LINE):
            if len(line) >= MAX_LINE and not line.endswith(("\n", "\r")):
                self.cut = True
                while (rest := self._text.readline(MAX_LINE)) and not rest.endswith(("\n", "\r")):
                    pass
                yield "\n"
                continue
            yield line

    def marked(self) -> Iterator[tuple[str, bool]]:
        """Yield every line with whether it was cut."""
        for line in self:
            yield line, self.cut
            self.cut = False

    def bad(self, text: str) -> bool:
        if not self.utf8:
            return "�" in text
        if text.isascii():
            return False
        try:
            text.encode()
        except UnicodeEncodeError:
            return True
        return False


def _open_text(body: IO[bytes], head: bytes, name: str, codec: str) -> Table:
    prefix = codecs.getincrementaldecoder(codec)(errors="replace").decode(head, final=False)
    prefix = prefix.lstrip("﻿")
    start = prefix.lstrip()[:1]
    lines = _Lines(body, codec)
    if start == "{" and _is_jsonl(prefix):
        return _open_jsonl(lines, name, codec)
    if start in {"[", "{"}:
        table = _try_json(lines, name, codec, prefix, start)
        if table is not None:
            return table
    delimiter = _delimiter(prefix, name)
    raw: Iterator[tuple[int, Sequence[Cell]] | BadRow]
    if delimiter:
        raw = _csv_rows(lines, delimiter, usual_width(prefix, delimiter), codec)
        return _assemble(raw, name, "csv", encoding=codec, delimiter=delimiter)
    if Path(name).suffix.lower() in {".xlsx", ".xlsm", ".xls"}:
        # Tables of text under a workbook's name are common exports; loose lines are an error page.
        raise InputError(
            f"{name}: expected a workbook, found loose lines of text; export it again or name it "
            ".txt if it holds one text a line"
        )
    raw = _line_rows(lines, codec)
    return _assemble(raw, name, "lines", encoding=codec)


def _is_jsonl(prefix: str) -> bool:
    first = prefix.lstrip().split("\n", 1)[0].strip()
    try:
        record = json.loads(first)
        if prefix.strip() == first and isinstance(record, dict):
            # One line alone may be a wrapper: {"data": [{…}, …]}.
            return _wrapped(record) is None
        return isinstance(record, dict)
    except (ValueError, RecursionError):
        # A first record longer than the prefix can't be parsed here; one line of it decides.
        return "\n" not in prefix.strip() and first.count('":') > 0


def _delimiter(prefix: str, name: str) -> str:
    complete = prefix.rsplit("\n", 1)[0] if "\n" in prefix else prefix
    if Path(name).suffix.lower() in {".txt", ".log", ".md"} and "\t" not in complete:
        return ""
    best, best_score = "", 0.0
    sound = "\n".join(line for line in complete.splitlines()[:60] if line.count('"') % 2 == 0)
    # A stray quote in the first rows swallows the rest: then the lines with closed quotes tell.
    for delimiter, text in itertools.product(_DELIMITERS[:4], (complete[:65_536], sound)):
        try:
            widths = [
                len(row)
                for row in itertools.islice(
                    csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 60
                )
                if row
            ]
        except csv.Error:
            continue
        if not widths or (widths[0] == 1 and max(widths) == 1):
            continue
        width, times = Counter(widths).most_common(1)[0]
        if width == 1:
            continue
        score = times / len(widths) + 0.2 * (widths[0] == width) + min(width, 20) / 200
        if score > best_score:
            best, best_score = delimiter, score
    if Path(name).suffix.lower() in {".csv", ".tsv"}:
        return best or ","
    # Plain lines hold commas too; a table has the same number of them in nearly every line.
    return best if best_score >= 1.15 else ""


def _csv_rows(
    lines: _Lines, delimiter: str, width: int, codec: str
) -> Iterator[tuple[int, Sequence[Cell]] | BadRow]:
    for number, cells in enumerate(csv_records(lines.marked(), delimiter, width), 1):
        if isinstance(cells, Fault):
            yield BadRow(number, cells.reason)
        elif number == 1 and lines.bad(delimiter.join(cells)):
            # The names of columns: a garbled one is no loss, without them every row is.
            yield number, [cell.encode("utf-8", "replace").decode() for cell in cells]
        elif lines.bad(delimiter.join(cells)):
            column = next(i for i, cell in enumerate(cells) if lines.bad(cell)) if cells else 0
            yield BadRow(number, f"bytes that are not {codec}; save the file as UTF-8", str(column))
        else:
            yield number, cells


def _line_rows(lines: _Lines, codec: str) -> Iterator[tuple[int, Sequence[Cell]] | BadRow]:
    for number, line in enumerate(lines, 1):
        if lines.cut:
            lines.cut = False
            yield BadRow(number, f"line longer than {MAX_LINE:,} characters")
        elif lines.bad(line):
            yield BadRow(number, f"bytes that are not {codec}; save the file as UTF-8")
        else:
            yield number, (line.strip("\r\n"),)


def _open_jsonl(lines: _Lines, name: str, codec: str) -> Table:
    def objects() -> Iterator[tuple[int, dict[str, Cell]] | BadRow]:
        for number, line in enumerate(lines, 1):
            if lines.cut:
                lines.cut = False
                yield BadRow(number, f"line longer than {MAX_LINE:,} characters")
                continue
            if not line.strip():
                continue
            if lines.bad(line):
                yield BadRow(number, f"bytes that are not {codec}; save the file as UTF-8")
                continue
            try:
                record = json.loads(line.lstrip("﻿"))
            except (ValueError, RecursionError):
                yield BadRow(number, "expected one JSON object on the line, found broken JSON")
                continue
            if not isinstance(record, dict):
                yield BadRow(number, f"expected a JSON object, found {type(record).__name__}")
                continue
            yield number, {str(key): _plain(value) for key, value in record.items()}

    return _from_objects(objects(), name, "jsonl", codec)


def _try_json(lines: _Lines, name: str, codec: str, prefix: str, start: str) -> Table | None:
    named = Path(name).suffix.lower() == ".json"
    if start == "[" and not named and not prefix.lstrip()[1:].lstrip().startswith(("{", "]", '"')):
        return None
    try:
        loaded = json.loads("".join(lines))
    except (ValueError, RecursionError) as exc:
        raise InputError(
            f"{name}: expected JSON, found it broken ({type(exc).__name__}); export it again, "
            "one object a line is safest"
        ) from exc
    if isinstance(loaded, dict):
        loaded = _wrapped(loaded) or [loaded]

    def objects() -> Iterator[tuple[int, dict[str, Cell]] | BadRow]:
        for number, record in enumerate(loaded, 1):
            if isinstance(record, dict):
                yield number, {str(key): _plain(value) for key, value in record.items()}
            elif isinstance(record, str):
                yield number, {"text": record}
            else:
                yield BadRow(number, f"expected a JSON object, found {type(record).__name__}")

    return _from_objects(objects(), name, "json", codec)


def _wrapped(record: Mapping[str, object]) -> list[object] | None:
    """Return the records an object wraps, ``{"total": 9, "data": [{…}, …]}``; None for a record.

    An object with words or a number of its own, or with turns, is a record that holds a list.
    """
    if any(str(key).casefold() in _OF_A_RECORD for key in record):
        return None
    lists = (value for value in record.values() if isinstance(value, list))
    return next((value for value in lists if value and isinstance(value[0], dict)), None)


def _plain(value: object) -> Cell:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _from_objects(
    objects: Iterator[tuple[int, dict[str, Cell]] | BadRow],
    name: str,
    form: Form,
    codec: str,
) -> Table:
    first = list(itertools.islice(objects, SAMPLE))
    columns = tuple(
        dict.fromkeys(key for item in first if isinstance(item, tuple) for key in item[1])
    )
    if not columns:
        raise InputError(f"{name}: expected JSON objects, found none in its first {SAMPLE} rows")

    def rows(items: Iterable[tuple[int, dict[str, Cell]] | BadRow]) -> Iterator[Row | BadRow]:
        for item in items:
            if isinstance(item, BadRow):
                yield item
            else:
                yield Row(item[0], tuple(item[1].get(column) for column in columns))

    sample = tuple(row for row in rows(first) if isinstance(row, Row))
    return Table(
        name, form, columns, columns, sample, rows(itertools.chain(first, objects)), encoding=codec
    )


def _open_parquet(body: IO[bytes], name: str) -> Table:
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
                        v if isinstance(v, date | time | timedelta) else _plain(v) for v in values
                    ),
                )

    every = rows()
    first = list(itertools.islice(every, SAMPLE))
    sample = tuple(row for row in first if isinstance(row, Row))
    return Table(name, "parquet", columns, columns, sample, itertools.chain(first, every))


def _open_sheet(body: IO[bytes], name: str, sheet: str) -> Table:
    content = io.BytesIO(body.read())
    body.close()
    cure = "open it in a spreadsheet program and save it again as .xlsx or UTF-8 .csv"
    if content.getvalue()[:2] == b"PK":
        try:
            with zipfile.ZipFile(content) as archive:
                size = sum(info.file_size for info in archive.infolist())
                packed = sum(info.compress_size for info in archive.infolist())
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as exc:
            raise InputError(f"{name}: expected a workbook, found a corrupt file; {cure}") from exc
        if size > MAX_UNZIPPED or (size > _HARMLESS and size > MAX_RATIO * packed):
            raise InputError(
                f"{name}: expected a workbook, found one that unfolds to {size:,} bytes; "
                "export it as CSV"
            )
        content.seek(0)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(content)
        names = list(book.sheet_names)
        if sheet and sheet not in names:
            raise InputError(
                f"{name}: no sheet named {sheet!r}{did_you_mean(sheet, names)}; "
                f"expected one of {', '.join(names)}"
            )
        chosen = sheet or _first_filled(book, names)
        opened = book.get_sheet_by_name(chosen)
        rows = opened.iter_rows()
    except InputError:
        raise
    except BaseException as exc:
        # A panic in the sheet library is a BaseException of its own; interrupts are not ours.
        if not isinstance(exc, Exception) and type(exc).__name__ != "PanicException":
            raise
        raise InputError(f"{name}: expected a workbook, found a corrupt file; {cure}") from exc

    def raw() -> Iterator[tuple[int, Sequence[Cell]] | BadRow]:
        # iter_rows starts at row 1 whatever the used range says.
        yield from enumerate(rows, 1)

    return _assemble(raw(), name, "sheet", sheet=chosen)


def _first_filled(book: python_calamine.CalamineWorkbook, names: Sequence[str]) -> str:
    for name in names:
        if book.get_sheet_by_name(name).total_height:
            return name
    return names[0]


def _assemble(
    raw: Iterator[tuple[int, Sequence[Cell]] | BadRow],
    name: str,
    form: Form,
    *,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
) -> Table:
    first = list(itertools.islice(raw, SAMPLE))
    filled = [
        (number, cells)
        for number, cells in (item for item in first if isinstance(item, tuple))
        if any(_is_filled(cell) for cell in cells)
    ]
    if not filled and not any(isinstance(item, BadRow) for item in first):
        raise InputError(
            f"{name}: expected rows, found none; check that the right file was exported"
        )
    if form == "csv" and isinstance(first[0], BadRow):
        # Else the next row would be taken for the names, and be lost.
        raise InputError(
            f"{name}:1: expected the names of the columns, found {first[0].reason}; mend that row"
        )
    columns, labels, header_row = _header(filled, form)
    width = len(columns)

    def rows(items: Iterable[tuple[int, Sequence[Cell]] | BadRow]) -> Iterator[Row | BadRow]:
        for item in items:
            if isinstance(item, BadRow):
                at = int(item.column) if item.column else -1
                column = columns[at] if 0 <= at < width else ""
                yield BadRow(item.number, item.reason, column)
                continue
            number, cells = item
            if number <= header_row:
                continue
            if len(cells) == width:
                if any(cells):
                    yield Row(number, tuple(cells))
                continue
            if not any(_is_filled(cell) for cell in cells):
                continue
            if any(_is_filled(cell) for cell in cells[width:]):
                yield BadRow(
                    number,
                    f"expected {width} cells, found {len(cells)}; look for an unquoted delimiter",
                )
                continue
            yield Row(number, (*cells[:width], *(None for _ in range(width - len(cells)))))

    sample = tuple(row for row in rows(first) if isinstance(row, Row))
    return Table(
        name,
        form,
        columns,
        labels,
        sample,
        rows(itertools.chain(first, raw)),
        header_row,
        encoding,
        delimiter,
        sheet,
    )


def _is_filled(cell: Cell) -> bool:
    return cell is not None and cell != "" and not (isinstance(cell, str) and not cell.strip())


def _looks_like_name(cell: Cell) -> bool:
    if not isinstance(cell, str):
        return False
    text = cell.strip()
    return bool(text) and len(text) <= 120 and not _NUMERIC.match(text) and "{" not in text


def _header(
    filled: Sequence[tuple[int, Sequence[Cell]]], form: Form
) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Find the header: names, labels, and the number of its last row (0 where there is none)."""
    if not filled:
        return ("text",), ("text",), 0
    width = max(
        Counter(_width(cells) for _, cells in filled).items(), key=lambda item: (item[1], item[0])
    )[0]
    if form == "lines" or max(_width(cells) for _, cells in filled) == 1:
        return _one_column(filled, form)
    at = 0
    # Titles and notes above the header fill one or two cells of a wide table.
    while (
        at + 1 < min(len(filled), 12)
        and _count(filled[at][1]) <= max(1, width // 4)
        and _count(filled[at + 1][1]) > _count(filled[at][1])
        and not _is_group_row(filled, at)
    ):
        at += 1
    number, top = filled[at]
    width = max(width, _width(top))
    names = _padded(top, width)
    if at + 2 < len(filled) and any(_QUALTRICS.search(as_text(c)) for c in filled[at + 2][1]):
        labels = _padded(filled[at + 1][1], width)
        return _unique(names), _labels(names, labels), filled[at + 2][0]
    if at + 1 < len(filled) and any(_QUALTRICS.search(as_text(c)) for c in filled[at + 1][1]):
        return _unique(names), _labels(names, names), filled[at + 1][0]
    if at + 1 < len(filled):
        below = _padded(filled[at + 1][1], width)
        monkey = any(cell.casefold() in _MONKEY for cell in below)
        if monkey or _is_group_row(filled, at):
            joined = _two_rows(names, below)
            return _unique(joined), _labels(joined, joined), filled[at + 1][0]
    if not all(_looks_like_name(cell) for cell in top if _is_filled(cell)):
        names = [f"列{i}" for i in range(1, width + 1)]
        return tuple(names), tuple(names), filled[at][0] - 1
    return _unique(names), _labels(names, names), number


def _one_column(
    filled: Sequence[tuple[int, Sequence[Cell]]], form: Form
) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    number, cells = filled[0]
    name = as_text(cells[0]).lstrip("﻿") if cells else ""
    known = name.casefold() in _ONE_COLUMN_NAMES or re.match(r"^(?:Q?\d+[、.．:：]).*[？?]?$", name)
    if known and (form != "lines" or name.casefold() in _ONE_COLUMN_NAMES) and len(filled) > 1:
        return (name,), (name,), number
    return ("text",), ("text",), 0


def _is_group_row(filled: Sequence[tuple[int, Sequence[Cell]]], at: int) -> bool:
    """Tell a row of merged headings above the names: gaps above, a full row of names below."""
    if at + 2 >= len(filled):
        return False
    top, below, data = (filled[at + step][1] for step in range(3))
    width = max(_width(below), _width(top))
    gaps = sum(not _is_filled(cell) for cell in _cells(top, width))
    if not gaps > 0 or _count(top) < 2:
        return False
    texts = [as_text(cell) for cell in _cells(below, width)]
    either = all(a or b for a, b in zip(_padded(top, width), texts, strict=True))
    names = [text for text in texts if text]
    short = all(_looks_like_name(text) and len(text) <= 30 for text in names)
    differs = any(not _looks_like_name(cell) or len(as_text(cell)) > 30 for cell in data)
    return either and short and len(names) > _count(top) // 2 and differs


def _two_rows(top: Sequence[str], below: Sequence[str]) -> list[str]:
    names: list[str] = []
    group = ""
    for upper, lower in zip(top, below, strict=True):
        group = upper or group
        if not lower or lower.casefold() in _MONKEY:
            names.append(upper or group)
        elif upper and not lower:
            names.append(upper)
        else:
            names.append(lower if below.count(lower) == 1 and not group else f"{group} / {lower}")
    return names


def _labels(names: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(label or name for name, label in zip(names, labels, strict=True))


def _cells(cells: Sequence[Cell], width: int) -> list[Cell]:
    return [*cells[:width], *(None for _ in range(width - len(cells)))]


def _padded(cells: Sequence[Cell], width: int) -> list[str]:
    return [" ".join(as_text(cell).lstrip("﻿").split()) for cell in _cells(cells, width)]


def _width(cells: Sequence[Cell]) -> int:
    return max((i + 1 for i, cell in enumerate(cells) if _is_filled(cell)), default=0)


def _count(cells: Sequence[Cell]) -> int:
    return sum(_is_filled(cell) for cell in cells)


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    result: list[str] = []
    for i, name in enumerate(names, 1):
        name = name or f"列{i}"
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)
