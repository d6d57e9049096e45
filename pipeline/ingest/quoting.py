"""Records of delimited text whose quotes may be damaged: no row may swallow the next ones.

A stray opening quote makes any CSV parser read on to the next quote, however many rows later. An
honest cell of several lines looks the same at first; what was swallowed tells the two apart.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

#: A quoted cell of more lines or characters than a spreadsheet cell can hold is a stray quote.
MAX_CELL_LINES = 1_000
MAX_CELL = 100_000
#: Swallowed rows after which reading on would only cost time.
_ENOUGH = 3
#: Characters of a damaged record that are shown of it.
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that can't be read, and why; ``excerpt`` is the start of what stands there, raw."""

    reason: str
    excerpt: str = ""


def usual_width(text: str, delimiter: str) -> int:
    r"""Return how many cells most records of a text have.

    Where its quotes are damaged, the lines whose quotes are closed tell.

    >>> usual_width('编号,内容\n1,"排队\n2,还行\n3,"好, 快"\n', ",")
    2
    """
    whole: Counter[int] = Counter()
    sound = True
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        whole.update(len(cells) for cells in itertools.islice(reader, 400) if cells)
    except csv.Error:
        sound = False
    if whole and (sound or whole.total() >= 20):
        return max(whole, key=lambda width: (whole[width], width))
    lines = [line for line in text.splitlines()[:400] if line.strip() and line.count('"') % 2 == 0]
    try:
        widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        widths = Counter(line.count(delimiter) + 1 for line in lines)
    widths += whole
    if lines:
        # The names of the columns weigh more than lines that may stand inside a cell.
        widths[lines[0].count(delimiter) + 1] += 3
    # Lines inside a quoted cell have one cell: they count only where nothing else does.
    wide = {width: times for width, times in widths.items() if width > 1}
    several = sum(wide.values()) * 4 >= sum(widths.values())
    return max(wide, key=lambda width: (wide[width], width)) if wide and several else 1


def csv_records(
    lines: Iterable[tuple[str, bool]], delimiter: str, width: int
) -> Iterator[list[str] | Fault]:
    r"""Yield the cells of every record; a record with a stray quote costs itself at most.

    ``lines`` are ``(line with its end, whether it was cut as too long)``; ``width`` is the usual
    number of cells. A blank line yields no cells. A damaged record is read without quoting where
    that gives ``width`` cells and is a `Fault` elsewhere; the lines it had swallowed are read anew.

    >>> text = ['1,"排队\n', '2,还行\n', '3,"两行\n', '的答案"\n']
    >>> list(csv_records(((line, False) for line in text), ",", 2))
    [['1', '排队'], ['2', '还行'], ['3', '两行\n的答案']]
    """
    source = iter(lines)
    ahead: deque[tuple[str, bool]] = deque()
    last: Sequence[str] = ()

    def pull() -> tuple[str, bool] | None:
        return ahead.popleft() if ahead else next(source, None)

    while (item := pull()) is not None:
        line, cut = item
        if cut:
            reason = "line longer than the longest that is read; look for a missing line end"
            yield Fault(reason, _start(line))
            continue
        if '"' not in line:
            bare = line.rstrip("\r\n")
            cells = bare.split(delimiter) if bare else []
        else:
            feed = _Feed(line, pull, delimiter, width, last)
            cells, broken = feed.read()
            if broken:
                ahead.extendleft(reversed(feed.taken[1:]))
                alone = _alone(line, delimiter, width)
                if alone is None:
                    reason = "expected a closing quote, found none; look for a stray quote"
                    yield Fault(reason, _start(line))
                    continue
                cells = alone
        if len(cells) == width:
            last = cells
        yield cells


class _Feed:
    """The lines of one record: the first, and as many more as its open quote asks for."""

    def __init__(
        self,
        line: str,
        pull: Callable[[], tuple[str, bool] | None],
        delimiter: str,
        width: int,
        last: Sequence[str],
    ) -> None:
        self.taken: list[tuple[str, bool]] = []
        self._first: str | None = line
        self._pull = pull
        self._delimiter = delimiter
        self._width = width
        self._codes = {i: _shape(cell) for i, cell in enumerate(last) if _is_code(cell)}
        self._last = last
        self._size = 0
        self._alike = 0
        self._broken = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._first is not None:
            line, self._first = self._first, None
            self.taken.append((line, False))
            return line
        too_much = len(self.taken) >= MAX_CELL_LINES or self._size > MAX_CELL
        item = None if too_much or self._alike >= _ENOUGH else self._pull()
        if item is None:
            self._broken = True
            raise StopIteration
        self.taken.append(item)
        line, cut = item
        if cut:
            self._broken = True
            raise StopIteration
        self._size += len(line)
        self._alike += self._is_row(line, len(self.taken) - 1, sure=True)
        return line

    def read(self) -> tuple[list[str], bool]:
        """Return the record's cells, and whether they are to be distrusted."""
        try:
            cells = next(csv.reader(self, delimiter=self._delimiter))
        except csv.Error:
            return [], True
        first = self.taken[0][0]
        if self._broken:
            return cells, True
        if len(self.taken) == 1:
            if len(cells) != self._width and not self._is_strict():
                plain = first.rstrip("\r\n").split(self._delimiter)
                cells = [_unquoted(cell) for cell in plain] if self._fits(plain) else cells
            return cells, False
        rest = [line for line, _ in self.taken[1:]]
        strict = self._is_strict()
        whole = strict and self._fits(cells)
        if not strict and (not self._fits(cells) or self._closes_by_opening(rest[-1])):
            return cells, True
        if self._width == 1:
            return cells, not whole
        return cells, any(
            self._is_row(line, place, sure=whole) for place, line in enumerate(rest, start=1)
        )

    def _closes_by_opening(self, line: str) -> bool:
        """Tell whether the quote that closed the cell stands where one opens."""
        found = re.match(r'(?:[^"]|"")*+"', line)
        before = line[: found.end() - 1].rstrip() if found else "x"
        return not before or before.endswith(self._delimiter)

    def _fits(self, cells: Sequence[str]) -> bool:
        return len(cells) == self._width

    def _is_strict(self) -> bool:
        lines = (line for line, _ in self.taken)
        try:
            next(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return False
        return True

    def _is_row(self, line: str, place: int, *, sure: bool) -> bool:
        """Tell whether the ``place``-th line swallowed is a row.

        ``sure`` wants proof: codes that look like those of the row before.
        """
        cells = [_unquoted(cell) for cell in line.rstrip("\r\n").split(self._delimiter)]
        if not self._fits(cells) or self._width == 1:
            return False
        if any(_shape(cells[i]) != shape for i, shape in self._codes.items()):
            return False
        if not sure:
            return True
        steps = {
            i: int(cells[i]) - int(self._last[i])
            for i in self._codes
            if _is_number(cells[i]) and _is_number(self._last[i])
        }
        # A list inside a cell counts from 1 again, the rows count on.
        if steps.get(0, 1) <= 0:
            return False
        known = sum(len(cells[i]) for i in self._codes)
        if len(self._codes) >= 2 or known >= 4:
            return True
        # One short number each proves nothing but where the rows count on without a gap.
        return 1 + place in steps.values()


def _alone(line: str, delimiter: str, width: int) -> list[str] | None:
    bare = line.rstrip("\r\n")
    plain = bare.split(delimiter)
    if width <= 1:
        return [_unquoted(bare)]
    if len(plain) == width:
        return [_unquoted(cell) for cell in plain]
    try:
        cells = next(csv.reader((bare,), delimiter=delimiter), [])
    except csv.Error:
        return None
    return cells if len(cells) == width else None


def _start(line: str) -> str:
    return line[:_SHOWN].strip()


def _unquoted(cell: str) -> str:
    text = cell.strip()
    if not text.startswith('"'):
        return cell
    return text[1:].removesuffix('"').replace('""', '"')


def _is_code(cell: str) -> bool:
    text = cell.strip()
    return 0 < len(text) <= 40 and text.isascii() and any(sign.isdigit() for sign in text)


def _is_number(cell: str) -> bool:
    return cell.isdecimal() and len(cell) <= 40


def _shape(cell: str) -> str:
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"[0-9]+", "9", cell.strip()))
