"""JSON arrays item by item: memory holds one item and not the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_CHUNK = 1 << 18
#: Longest single item held in memory, in characters.
MAX_ITEM = 64_000_000


@dataclass(frozen=True, slots=True)
class ArrayFault:
    """Where an array can't be read on, and why; ``excerpt`` is how the rest starts, raw."""

    reason: str
    excerpt: str = ""


def array_items(read: Callable[[int], str], opened: str = "") -> Iterator[object | ArrayFault]:
    """Yield the items of an array that ``read`` gives so many characters of at a time.

    ``opened`` was read already. A fault is the last that is yielded.

    >>> import io
    >>> list(array_items(io.StringIO('[{"a": 1}, "b"]').read))
    [{'a': 1}, 'b']
    >>> list(array_items(io.StringIO('[1, {"a"').read))[-1].reason
    'expected JSON, found a break; the export may be cut off'
    """
    decoder = json.JSONDecoder()
    buffer = (opened + read(_CHUNK)).lstrip("\ufeff \t\r\n")
    at, ended, want = 1, False, _CHUNK
    while True:
        while at < len(buffer) and buffer[at] in " \t\r\n,":
            at += 1
        if buffer.startswith("]", at):
            return
        value: object = None
        end = at
        try:
            value, end = decoder.raw_decode(buffer, at) if at < len(buffer) else (None, at)
            # A number at the edge of the buffer may go on in the next chunk.
            complete = end > at and (end < len(buffer) or ended)
        except RecursionError:
            yield ArrayFault("expected a record, found JSON nested too deeply", buffer[at:][:500])
            return
        except ValueError:
            complete = False
        if complete:
            yield value
            at, want = end, _CHUNK
            continue
        rest = buffer[at:]
        if ended:
            yield ArrayFault("expected JSON, found a break; the export may be cut off", rest[:500])
            return
        if len(rest) > MAX_ITEM:
            yield ArrayFault("expected a record, found one value of more than 64 MB", rest[:500])
            return
        chunk = read(want)
        # Doubling keeps re-parsing of one long item linear in its length.
        want *= 2
        ended = not chunk
        buffer, at = rest + chunk, 0
