"""Delimited text: CSV and its relatives."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.ingest.quoting import Fault, csv_records
from pipeline.ingest.tables.lines import Lines
from pipeline.ingest.tables.table import BadRow, Cell, excerpt_of

_DELIMITERS = (",", "\t", ";", "|", "，")


def find_delimiter(prefix: str, name: str) -> str:
    """Return what separates the cells of a text; nothing where it is loose lines."""
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


def csv_rows(
    lines: Lines, delimiter: str, width: int, codec: str
) -> Iterator[tuple[int, Sequence[Cell]] | BadRow]:
    """Yield the cells of every record; one with a damaged quote or byte is at fault alone."""
    for number, cells in enumerate(csv_records(lines.marked(), delimiter, width), 1):
        if isinstance(cells, Fault):
            yield BadRow(number, cells.reason, excerpt=excerpt_of([cells.excerpt]))
        elif number == 1 and lines.bad(delimiter.join(cells)):
            # The names of columns: a garbled one is no loss, without them every row is.
            yield number, [cell.encode("utf-8", "replace").decode() for cell in cells]
        elif lines.bad(delimiter.join(cells)):
            column = next(i for i, cell in enumerate(cells) if lines.bad(cell)) if cells else 0
            reason = f"bytes that are not {codec}; save the file as UTF-8"
            yield BadRow(number, reason, str(column), excerpt_of(cells))
        else:
            yield number, cells
