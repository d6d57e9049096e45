"""What a table is: rows with the number a person sees, columns, and how a cell reads."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

#: Rows looked at to find the header and guess columns.
SAMPLE = 200
#: Characters of a row at fault that are shown of it.
EXCERPT = 500

#: What undecodable bytes of UTF-8 are held as; no real text has them.
_SURROGATES = re.compile("[\ud800-\udfff]")
_GARBLED = re.compile("[\ufffd\ud800-\udfff]")
_REFUSAL = re.compile(
    r"拒答|拒绝|不知道|不清楚|说不清|不适用|不记得|未回答|未作答|无法评价|缺失|"
    r"refus|don'?t know|not applicable|no answer|missing|^n/?a$|^dk$",
    re.IGNORECASE,
)
_LOST = re.compile(r"^\s*[+-]?\d(?:\.\d+)?[eE]\+?\d{2,}\s*$")


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded answer, 2 for 女: shown by its label, counted by its code.

    >>> as_text(Coded(2.0, "女")), Coded(99.0, "不知道/拒答").is_refusal
    ('女', True)
    """

    code: float | str
    label: str

    def __str__(self) -> str:
        return self.label

    @property
    def is_refusal(self) -> bool:
        """The label says that there is no answer, so the code is no number on a scale."""
        return bool(_REFUSAL.search(self.label))


#: What a cell may hold; JSON lists and objects arrive as their JSON text.
Cell = str | int | float | bool | datetime | date | time | timedelta | Coded | None
Form = Literal["csv", "lines", "jsonl", "json", "sheet", "parquet", "spss", "sql"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: ``cells`` stand in the order of ``Table.columns``; ``number`` counts from 1."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be read, and why.

    ``excerpt`` is the start of what stands there, raw: in memory only, masked before it is shown.
    """

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

    @property
    def is_named(self) -> bool:
        """The names of columns stand in the table; they were not made up."""
        return self.header_row > 0 or self.form not in ("csv", "lines", "sheet")


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


def plain(value: object) -> Cell:
    """Return a value as a cell; lists and objects become their JSON text.

    Not a number is how some programs write that there is none.

    >>> plain(["慢", 2]), plain(float("nan")), plain(Decimal("12.50")), plain("慢".encode())
    ('["慢", 2]', None, 12.5, '慢')
    """
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if value is None or isinstance(value, str | int | date | time | timedelta):
        return value
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return _text_of(bytes(value))
    if isinstance(value, UUID):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _text_of(value: bytes) -> str:
    # Hive, Impala and old Spark write text as bare bytes.
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("gb18030", "replace")


def excerpt_of(cells: Iterable[object]) -> str:
    """Return the start of what stands in a row, its filled cells joined by `` | ``.

    Bytes that are no text show as U+FFFD.

    >>> excerpt_of(["1", None, " 排队太久 "])
    '1 | 排队太久'
    """
    parts: list[str] = []
    room = EXCERPT
    for cell in cells:
        if room <= 0:
            break
        text = cell if isinstance(cell, str) else "" if cell is None else str(cell)
        if text := text[: 2 * EXCERPT].strip():
            parts.append(text)
            room -= len(text) + 3
    return _SURROGATES.sub("�", " | ".join(parts)[:EXCERPT])


def is_garbled(cell: Cell) -> bool:
    """Tell whether a text holds what stands for bytes that could not be decoded."""
    return isinstance(cell, str) and not cell.isascii() and bool(_GARBLED.search(cell))


def is_filled(cell: Cell) -> bool:
    """Tell whether a cell holds more than blanks."""
    return cell is not None and cell != "" and not (isinstance(cell, str) and not cell.strip())
