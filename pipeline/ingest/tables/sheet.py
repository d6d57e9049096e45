"""Workbooks: xlsx, xlsm and the old xls."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO

import python_calamine

from pipeline.errors import InputError, did_you_mean
from pipeline.ingest.tables.header import assemble
from pipeline.ingest.tables.table import BadRow, Cell, Table

#: A workbook that unfolds to more than this is refused (a zip bomb, or a file for a database).
MAX_UNZIPPED = 200_000_000
#: A sheet is held as a block from its first to its last filled cell, empty ones too.
MAX_CELLS = 16_000_000
#: Sheets looked at for one that isn't empty.
_MOST_SHEETS = 20
_CELL = re.compile(rb'<c\b(?:[^>]*?\s)?r="([A-Z]{1,3})([0-9]{1,7})"(?:[^>]*[^/>])?>')
#: Packed more densely than any sheet of text; small books may be, they do no harm.
MAX_RATIO = 250
_HARMLESS = 30_000_000


def open_sheet(body: IO[bytes], name: str, sheet: str) -> Table:
    """Open a sheet of a workbook by name, or the first that isn't empty."""
    content = io.BytesIO(body.read())
    body.close()
    cure = "open it in a spreadsheet program and save it again as .xlsx or UTF-8 .csv"
    if content.getvalue()[:2] == b"PK":
        try:
            with zipfile.ZipFile(content) as archive:
                size = sum(info.file_size for info in archive.infolist())
                packed = sum(info.compress_size for info in archive.infolist())
                cells = _most_cells(archive) if size <= MAX_UNZIPPED else 0
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as exc:
            raise InputError(f"{name}: expected a workbook, found a corrupt file; {cure}") from exc
        if size > MAX_UNZIPPED or (size > _HARMLESS and size > MAX_RATIO * packed):
            raise InputError(
                f"{name}: expected a workbook, found one that unfolds to {size:,} bytes; "
                "export it as CSV"
            )
        if cells > MAX_CELLS:
            raise InputError(
                f"{name}: expected a sheet of at most {MAX_CELLS:,} cells, found one that spans "
                f"{cells:,}; look for a lone cell far outside, or export it as CSV"
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

    # A cell merged with the one below it stands in both of two header rows.
    tall = frozenset(
        first[0] + 1 for first, last in opened.merged_cell_ranges or () if last[0] == first[0] + 1
    )
    return assemble(raw(), name, "sheet", sheet=chosen, tall=tall)


def _most_cells(archive: zipfile.ZipFile) -> int:
    """Return how many cells the largest sheet spans; cells without content don't count."""
    most = 0
    for info in archive.infolist():
        if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", info.filename):
            continue
        columns: set[bytes] = set()
        rows = 0
        tail = b""
        with archive.open(info) as stream:
            while chunk := stream.read(1 << 20):
                found = _CELL.findall(tail + chunk)
                columns.update(letters for letters, _ in found)
                rows = max(rows, max((int(number) for _, number in found), default=0))
                tail = chunk[-256:]
        width = max(map(_column, columns), default=0)
        most = max(most, rows * width)
    return most


def _column(letters: bytes) -> int:
    """Return the number of a column by its letters.

    >>> _column(b"A"), _column(b"AB"), _column(b"XFD")
    (1, 28, 16384)
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _first_filled(book: python_calamine.CalamineWorkbook, names: Sequence[str]) -> str:
    for name in names[:_MOST_SHEETS]:
        if book.get_sheet_by_name(name).total_height:
            return name
    return names[0]
