"""Lines of a decoded stream, bounded in length; loose lines are one record each."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import IO

from pipeline.ingest.tables.table import EXCERPT, BadRow, Cell, excerpt_of

#: A longer line is one row at fault, not a reason to fill the memory.
MAX_LINE = 1_000_000


class Lines:
    """Lines of a decoded stream, bounded in length; says whether the last one was cut.

    Of a line that is too long its start is given.
    """

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
                yield f"{line[:EXCERPT]}\n"
                continue
            yield line

    def read(self, size: int) -> str:
        """Return so many characters of the stream, lines or not."""
        return self._text.read(size)

    def marked(self) -> Iterator[tuple[str, bool]]:
        """Yield every line with whether it was cut."""
        for line in self:
            yield line, self.cut
            self.cut = False

    def bad(self, text: str) -> bool:
        """Tell whether a text holds bytes that could not be decoded."""
        if not self.utf8:
            return "�" in text
        if text.isascii():
            return False
        try:
            text.encode()
        except UnicodeEncodeError:
            return True
        return False


def line_rows(lines: Lines, codec: str) -> Iterator[tuple[int, Sequence[Cell]] | BadRow]:
    """Yield every line as a row of one cell."""
    for number, line in enumerate(lines, 1):
        if lines.cut:
            lines.cut = False
            yield BadRow(number, f"line longer than {MAX_LINE:,} characters", excerpt=line.strip())
        elif lines.bad(line):
            reason = f"bytes that are not {codec}; save the file as UTF-8"
            yield BadRow(number, reason, excerpt=excerpt_of([line]))
        else:
            yield number, (line.strip("\r\n"),)
