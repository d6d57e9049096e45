"""What a reader is: one input form, recognised by content, read into the same records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pipeline.config import SourceSettings
from pipeline.records import Kind, Quarantined, Verbatim

#: What a `Note` may say, and what it means.
NOTES: Mapping[str, str] = MappingProxyType(
    {
        "no_answer": "a survey row without any open answer: it gives no document",
        "time_unread": "a time that could not be read: the document is undated",
        "id_rounded": "an id that a spreadsheet rounded: content identifies the document",
        "customer_rounded": "a customer id that a spreadsheet rounded: the customer is unknown",
    }
)
#: How many bytes of a file ``Reader.sniff`` is shown.
HEAD_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader could not take over though no row was at fault; ``what`` is a key of `NOTES`.

    ``row`` counts as in `Quarantined`; the content of the cell isn't held.
    """

    file: str
    row: int
    column: str
    what: str


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader of one input form, registered by name.

    ``kinds`` are the source kinds it serves. ``sniff(path, head)`` is shown the path and the
    first `HEAD_BYTES` bytes and returns 0 (not mine) … 1 (certainly mine); it never raises.
    ``read(path, source, timezone)`` yields a `Verbatim` for every record, a `Quarantined` for
    every row at fault and a `Note` for every loss that is no fault, raises `InputError` where the
    file as a whole can't be read, and gives times without a zone the time zone named ``timezone``.

    Other packages add readers through the entry point group ``voc.readers``; the object named
    there is a `Reader`.
    """

    name: str
    kinds: tuple[Kind, ...]
    sniff: Callable[[Path, bytes], float]
    read: Callable[[Path, SourceSettings, str], Iterator[Verbatim | Quarantined | Note]]
