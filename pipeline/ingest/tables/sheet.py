"""Workbooks: xlsx, xlsm and the old xls."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO

import python_calamine

from pipeline.errors import InputError, did_you_mean
from pipeline.ingest.tables.header import assemble
from pipeline.ingest.tables.table import BadRow, Cell, Table

#: A workbook that unfolds to more than this is refused (a zip bomb, or a file for a database).
MAX_UNZIPPED = 300_000_000
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

    return assemble(raw(), name, "sheet", sheet=chosen)


def _first_filled(book: python_calamine.CalamineWorkbook, names: Sequence[str]) -> str:
    for name in names:
        if book.get_sheet_by_name(name).total_height:
            return name
    return names[0]
