"""Cells of CSV that we write: lines of them, and text that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence


def csv_line(cells: Sequence[str]) -> str:
    """Return one line of CSV without its end.

    >>> csv_line(["1", "a,b"])
    '1,"a,b"'
    """
    buffer = io.StringIO()
    # The writer quotes a line break in a cell only where it knows it for a line's end.
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().removesuffix("\r\n")


def safe_cell(text: str) -> str:
    """Return text that a spreadsheet takes for text: a leading ``=+-@`` gets an apostrophe.

    Source: OWASP, *CSV Injection*.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell("还行")
    ("'=HYPERLINK(1)", '还行')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
