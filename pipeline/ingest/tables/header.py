"""Where the names of columns stand: one header row, two, three, or none."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pipeline.errors import InputError
from pipeline.ingest.tables.table import (
    SAMPLE,
    BadRow,
    Cell,
    Form,
    Row,
    Table,
    as_text,
    excerpt_of,
    is_filled,
)

_QUALTRICS = re.compile(r"""['"]ImportId['"]""")
_MONKEY = frozenset(
    {"response", "open-ended response", "开放式答复", "开放式回答", "开放性回答", "回复"}
)
_NUMERIC = re.compile(r"^[+-]?\d+(?:[.,:/\-]\d+)*(?:\s+\d+:\d+(?::\d+)?)?%?$")
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


def assemble(
    raw: Iterator[tuple[int, Sequence[Cell]] | BadRow],
    name: str,
    form: Form,
    *,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
) -> Table:
    """Make a table of numbered rows: find its header, and hold every row to the header's width."""
    first = list(itertools.islice(raw, SAMPLE))
    filled = [
        (number, cells)
        for number, cells in (item for item in first if isinstance(item, tuple))
        if any(is_filled(cell) for cell in cells)
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
                yield BadRow(item.number, item.reason, column, item.excerpt)
                continue
            number, cells = item
            if number <= header_row:
                continue
            if len(cells) == width:
                if any(cells):
                    yield Row(number, tuple(cells))
                continue
            if not any(is_filled(cell) for cell in cells):
                continue
            if any(is_filled(cell) for cell in cells[width:]):
                yield BadRow(
                    number,
                    f"expected {width} cells, found {len(cells)}; look for an unquoted delimiter",
                    excerpt=excerpt_of(cells),
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
        return unique(names), _labels(names, labels), filled[at + 2][0]
    if at + 1 < len(filled) and any(_QUALTRICS.search(as_text(c)) for c in filled[at + 1][1]):
        return unique(names), _labels(names, names), filled[at + 1][0]
    if at + 1 < len(filled):
        below = _padded(filled[at + 1][1], width)
        monkey = any(cell.casefold() in _MONKEY for cell in below)
        if monkey or _is_group_row(filled, at):
            joined = _two_rows(names, below)
            return unique(joined), _labels(joined, joined), filled[at + 1][0]
    if not all(_looks_like_name(cell) for cell in top if is_filled(cell)):
        names = [f"列{i}" for i in range(1, width + 1)]
        return tuple(names), tuple(names), filled[at][0] - 1
    return unique(names), _labels(names, names), number


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
    gaps = sum(not is_filled(cell) for cell in _cells(top, width))
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
    return max((i + 1 for i, cell in enumerate(cells) if is_filled(cell)), default=0)


def _count(cells: Sequence[Cell]) -> int:
    return sum(is_filled(cell) for cell in cells)


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Return names told apart: an empty one is counted, a repeated one numbered.

    >>> unique(["内容", "", "内容"])
    ('内容', '列2', '内容 (2)')
    """
    seen: Counter[str] = Counter()
    result: list[str] = []
    for i, name in enumerate(names, 1):
        name = name or f"列{i}"
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)
