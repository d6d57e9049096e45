"""Text and JSON values out of files: encodings, arrays item by item, JSON Lines, one object."""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pipeline.errors import InputError
from pipeline.ingest.arrays import MAX_ITEM, ArrayFault, array_items

_CHUNK = 1 << 18
#: Longest excerpt of a part that can't be read, in characters.
EXCERPT = 500
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Broken:
    """A place where no JSON value could be read, why, and the raw beginning of what is there."""

    reason: str
    excerpt: str = ""


def excerpt(value: object) -> str:
    """Return the first characters of a part that can't be read, raw: text as is, else JSON.

    >>> excerpt({"text": ["卡"]})
    '{"text": ["卡"]}'
    """
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value[:EXCERPT])
    try:
        # A part is cut before it is written: an export can be one part.
        parts = json.JSONEncoder(ensure_ascii=False, default=str).iterencode(value)
        text = ""
        for part in parts:
            text += part[:EXCERPT]
            if len(text) >= EXCERPT:
                break
    except (RecursionError, ValueError):
        return ""
    return _SURROGATES.sub("\ufffd", text[:EXCERPT])


def encoding_of(path: Path, wanted: str = "auto") -> str:
    """Return the encoding of a text file: as wanted, by byte-order mark, UTF-8, else GB18030.

    Raises `InputError` where the file is missing, empty or decodes in none of them.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
            if not head:
                raise InputError(
                    f"{path}: expected a transcript, found an empty file; export again"
                )
            if wanted != "auto":
                codecs.lookup(wanted)
                candidates = [wanted]
            elif head.startswith(codecs.BOM_UTF8):
                candidates = ["utf-8-sig"]
            elif head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                candidates = ["utf-16"]
            else:
                candidates = ["utf-8", "gb18030"]
            for name in candidates:
                file.seek(0)
                decoder = codecs.getincrementaldecoder(name)()
                try:
                    while chunk := file.read(_CHUNK):
                        decoder.decode(chunk)
                    decoder.decode(b"", final=True)
                except UnicodeError:
                    continue
                return name
    except OSError as exc:
        raise InputError(f"{path}: expected a readable file, got: {exc.strerror}") from exc
    except LookupError as exc:
        raise InputError(f"{path}: no encoding named {wanted!r}; for example gb18030") from exc
    raise InputError(
        f"{path}: expected {' or '.join(candidates)} text, found other bytes; "
        "set 'encoding' of the source"
    )


def head_text(head: bytes) -> str:
    """Decode the first bytes of a file as far as they go; never raises.

    >>> head_text("客服：您好".encode("gb18030"))
    '客服：您好'
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head.decode("utf-16", errors="ignore")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeError:
        return head.decode("gb18030", errors="ignore")


def json_values(path: Path, encoding: str = "auto") -> Iterator[tuple[int, object]]:
    """Yield ``(row, value)``: items of an array, lines of JSON Lines, or the one object.

    An array is read item by item, so memory holds one call and not the file. ``row`` is the item
    of an array or the line of a JSON Lines file, from 1. A place that can't be read yields
    `Broken`. Raises `InputError` for a missing or empty file, or one that can't be decoded.
    """
    name = encoding_of(path, encoding)
    with path.open(encoding=name) as file:
        first = _first_sign(file)
        file.seek(0)
        if first == "[":
            yield from _items(file)
        else:
            yield from _lines(file)


def _first_sign(file: TextIO) -> str:
    while chunk := file.read(4096):
        if found := chunk.strip("\ufeff \t\r\n"):
            return found[0]
    return ""


def loads(text: str) -> object:
    """Parse one JSON text; `Broken` instead of an exception."""
    try:
        return json.loads(text)
    except RecursionError:
        return Broken("expected a call, found JSON nested too deeply", excerpt(text))
    except ValueError as exc:
        place = f" at character {exc.pos}" if isinstance(exc, json.JSONDecodeError) else ""
        reason = f"expected JSON, found a break{place}; the export may be cut off"
        return Broken(reason, excerpt(text))


def _lines(file: TextIO) -> Iterator[tuple[int, object]]:
    first = file.readline(MAX_ITEM)
    if isinstance(loads(first.strip("\ufeff \t\r\n") or "null"), Broken) or not first.strip():
        # One object printed over many lines breaks on its first line.
        whole = loads(first + file.read(MAX_ITEM))
        if not isinstance(whole, Broken):
            yield 1, whole
            return
        if first.rstrip() in ("", "{") or first.rstrip()[-1] in "{[,:":
            yield 0, whole
            return
    file.seek(0)
    row = 0
    while line := file.readline(MAX_ITEM):
        row += 1
        text = line.strip("\ufeff \t\r\n")
        if text:
            yield row, loads(text)


def _items(file: TextIO) -> Iterator[tuple[int, object]]:
    for row, item in enumerate(array_items(file.read), start=1):
        yield row, Broken(item.reason, item.excerpt) if isinstance(item, ArrayFault) else item


def as_text(value: object) -> str | None:
    """Return a value as one line of text; None where it is no text (list, object, bool).

    >>> as_text(None), as_text(12), as_text([1]), as_text(" 您好 ")
    ('', '12', None, '您好')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return " ".join(_SURROGATES.sub("\ufffd", value).replace("\x00", " ").split())
    if isinstance(value, int) and abs(value) < 10**30:
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    return None


def as_number(value: object) -> float | None:
    """Return a finite, non-negative number below a year of milliseconds, else None.

    >>> as_number("12.5"), as_number(True), as_number(-1), as_number("x")
    (12.5, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < 3.2e10 else None


def as_ms(value: object, *, scale: float = 1.0) -> int | None:
    """Return a time as whole milliseconds: ``scale`` is 1 for ms and 1000 for seconds.

    >>> as_ms(1.28, scale=1000)
    1280
    """
    number = as_number(value)
    return None if number is None else round(number * scale)


def field(value: object, *names: str) -> object:
    """Return the first non-null field of a JSON object, names compared without case or ``_``.

    >>> field({"BeginTime": 3}, "begin_time", "start")
    3
    """
    if not isinstance(value, Mapping):
        return None
    known = {str(key).replace("_", "").casefold(): item for key, item in value.items()}
    for name in names:
        found = known.get(name.replace("_", "").casefold())
        if found is not None:
            return found
    return None
