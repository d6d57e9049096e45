"""SPSS files: .sav and .zsav.

Text is taken as bytes and decoded here: what such a file says of its encoding is often wrong, and
SPSS cuts long answers at a byte, not at a character.
"""

from __future__ import annotations

import codecs
import itertools
import math
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from pipeline.errors import InputError
from pipeline.ingest.tables.encoding import detect_encoding, everyday, known_codec
from pipeline.ingest.tables.header import unique
from pipeline.ingest.tables.table import (
    SAMPLE,
    BadRow,
    Cell,
    Coded,
    Row,
    Table,
    excerpt_of,
    is_garbled,
)

#: How SPSS files open; the second are packed (.zsav).
MAGIC = (b"$FL2", b"$FL3")
#: Cells held at a time; a chunk is as many rows as that.
_CELLS = 200_000
#: A codec that maps every byte to one character and back.
_BYTES = "iso-8859-1"
#: Bytes at the start of a file in which what it says of itself is looked for.
_DICTIONARY = 1 << 20
_EPOCH = datetime(1582, 10, 14)
_MOMENTS = re.compile(r"^(?:DATETIME|YMDHMS)")
_DATES = re.compile(r"^(?:DATE|ADATE|EDATE|JDATE|SDATE|MOYR|QYR|WKYR)")
_TIMES = re.compile(r"^(?:TIME|DTIME|MTIME)")


@dataclass(frozen=True, slots=True)
class _Variable:
    """One column: its text's codec, its SPSS format, the labels of its values."""

    codec: str
    form: str
    labels: Mapping[float | str, str]
    is_scale: bool = False

    def cell(self, value: object) -> Cell:
        if isinstance(value, str):
            text = _decoded(value, self.codec)
            label = self.labels.get(text.strip())
            return text if label is None else Coded(text.strip(), label)
        if not isinstance(value, float) or not math.isfinite(value):
            return None
        label = self.labels.get(value)
        if label is not None:
            answer = Coded(value, label)
            # 10 of 0–10 is a number like 7, though only the ends have words beside them.
            return value if self.is_scale and not answer.is_refusal else answer
        return _moment(value, self.form)


def open_spss(source: Path | IO[bytes], name: str, encoding: str) -> Table:
    """Open an SPSS file from its path, or from a stream that can be read again.

    ``labels`` of the table are the variables' labels: the questions. A coded answer is a `Coded`;
    where only some values of a scale have labels, its numbers stay numbers. What is missing, by
    the system or by the user's declaration, is an empty cell.
    """
    content = _Content(source, name)
    described = content.read(metadataonly=True)[1]
    count: int | None = described.number_rows
    names: list[str] = [given or "" for given in described.column_names]
    questions: list[str] = [label or "" for label in described.column_labels]
    if not names:
        raise InputError(f"{name}: expected variables, found none; export it again")
    valued: dict[str, dict[Any, str]] = {
        variable or "": {code: label or "" for code, label in values.items()}
        for variable, values in described.variable_value_labels.items()
    }
    head = content.chunk(0, SAMPLE)
    if len(head) != len(names):
        raise content.corrupt()
    codec = _codec(content, encoding, name, [*names, *questions], valued, head)
    labels = {
        variable: {
            _decoded(key, codec).strip() if isinstance(key, str) else float(key): _decoded(
                label, codec
            ).strip()
            for key, label in (valued.get(variable) or {}).items()
        }
        for variable in names
    }
    types = described.original_variable_types
    variables = [
        _Variable(
            codec,
            str(types.get(variable) or ""),
            labels[variable],
            _has_unlabelled(labels[variable], column),
        )
        for variable, column in zip(names, head, strict=True)
    ]
    columns = unique([_decoded(variable, codec) for variable in names])
    shown = tuple(
        " ".join(_decoded(question, codec).split()) or column
        for question, column in zip(questions, columns, strict=True)
    )
    size = max(SAMPLE, min(20_000, _CELLS // len(names)))

    def rows() -> Iterator[Row | BadRow]:
        for at in itertools.count(0, size):
            if count is not None and at >= count:
                return
            chunk = content.chunk(at, size)
            number = at
            for number, values in enumerate(zip(*chunk, strict=True), at + 1):
                yield _row(number, values, variables, columns)
            if number < at + size:
                return

    sample = tuple(
        row
        for number, values in enumerate(zip(*head, strict=True), 1)
        if isinstance(row := _row(number, values, variables, columns), Row)
    )
    return Table(name, "spss", columns, shown, sample, rows(), encoding=codec)


class _Content:
    """An SPSS file that is read a chunk at a time."""

    def __init__(self, source: Path | IO[bytes], name: str) -> None:
        self._source = source
        self._name = name

    def read(self, **options: Any) -> tuple[Any, Any]:
        import pyreadstat

        load: Any = pyreadstat.read_sav
        if not isinstance(self._source, Path):
            self._source.seek(0)
        try:
            data, described = load(
                self._source,
                # Without one the library crashes on some damaged files.
                encoding=_BYTES,
                output_format="dict",
                disable_datetime_conversion=True,
                **options,
            )
            return data, described
        except Exception as exc:
            # The library raises classes of its own beside OSError, ValueError and OverflowError.
            raise self.corrupt() from exc

    def corrupt(self) -> InputError:
        """Return what to raise of a damaged file."""
        return InputError(
            f"{self._name}: expected an SPSS file, found it corrupt or cut short; save it "
            "again in SPSS, or export it as CSV"
        )

    def chunk(self, at: int, size: int) -> list[Sequence[object]]:
        """Return the columns of ``size`` rows after the first ``at``."""
        return list(self.read(row_offset=at, row_limit=size)[0].values())

    def declared(self) -> str:
        """Return the codec the file says its text is in; nothing where it doesn't or is unknown."""
        if isinstance(self._source, Path):
            with self._source.open("rb") as stream:
                head = stream.read(_DICTIONARY)
        else:
            self._source.seek(0)
            head = self._source.read(_DICTIONARY)
        for order in "<>":
            at = head.find(struct.pack(f"{order}iii", 7, 20, 1)) + 16
            if at >= 16 and (size := struct.unpack(f"{order}i", head[at - 4 : at])[0]) < 40:
                return _known(head[at : at + size].decode("ascii", "replace").strip())
            at = head.find(struct.pack(f"{order}iiii", 7, 3, 4, 8)) + 44
            if at >= 44 and len(head) >= at + 4:
                number = struct.unpack(f"{order}i", head[at : at + 4])[0]
                return _known("utf-8" if number == 65001 else f"cp{number}")
        return ""


def _known(name: str) -> str:
    try:
        "".encode(name)
        return codecs.lookup(name).name
    except LookupError:
        return ""


def _codec(
    content: _Content,
    encoding: str,
    name: str,
    words: Sequence[str],
    valued: Mapping[str, Mapping[Any, str]],
    head: Sequence[Sequence[object]],
) -> str:
    """Return the codec of a file's text: as its source says, else told by its first texts."""
    labels = (label for values in valued.values() for label in values.values())
    cells = (cell for column in head for cell in column if isinstance(cell, str))
    text = "\n".join([*words, *labels, *cells]).encode(_BYTES)
    if encoding != "auto":
        return known_codec(encoding, text, name)
    declared = content.declared()
    if text.isascii():
        # Nothing tells: rows to come may.
        return declared or "utf-8"
    found = detect_encoding(text, name)
    if declared in {"", "utf-8", "gbk", "gb2312", "cp936", found} or found == "utf-8":
        return found
    try:
        text.decode(declared)
    except UnicodeDecodeError:
        return found
    # Western encodings fit any bytes: everyday 汉字 in the other reading prove them wrong.
    western = declared.startswith(("cp125", "iso8859", "latin"))
    return found if western and everyday(text, found) else declared


def _decoded(text: str, codec: str) -> str:
    """Decode text taken as bytes; a character cut in half at its end is left out."""
    if text.isascii():
        return text
    errors = "surrogateescape" if codec == "utf-8" else "replace"
    return codecs.getincrementaldecoder(codec)(errors=errors).decode(
        text.encode(_BYTES), final=False
    )


def _row(
    number: int, values: Sequence[object], variables: Sequence[_Variable], columns: Sequence[str]
) -> Row | BadRow:
    cells = tuple(variable.cell(value) for variable, value in zip(variables, values, strict=True))
    for cell, variable, column in zip(cells, variables, columns, strict=True):
        if is_garbled(cell):
            reason = f"bytes that are not {variable.codec}; save the file as UTF-8"
            return BadRow(number, reason, column, excerpt_of(cells))
    return Row(number, cells)


def _has_unlabelled(labels: Mapping[float | str, str], column: Sequence[object]) -> bool:
    numbers = (value for value in column if isinstance(value, float) and math.isfinite(value))
    return bool(labels) and any(number not in labels for number in numbers)


def _moment(value: float, form: str) -> Cell:
    try:
        if _MOMENTS.match(form):
            return _EPOCH + timedelta(seconds=value)
        if _DATES.match(form):
            return (_EPOCH + timedelta(seconds=value)).date()
        if _TIMES.match(form):
            return timedelta(seconds=value)
    except OverflowError:
        return None
    return value
