"""JSON: one object a line, a list of objects, or an object that wraps one."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pipeline.errors import InputError
from pipeline.ingest.arrays import MAX_ITEM, ArrayFault, array_items
from pipeline.ingest.tables.lines import MAX_LINE, Lines
from pipeline.ingest.tables.table import SAMPLE, BadRow, Cell, Form, Row, Table, excerpt_of, plain

_OF_A_RECORD = frozenset({
    "id", "text", "key", "call_id", "conversation_id", "session_id", "dialogue_id", "turns",
    "messages", "utterances", "dialogue", "dialog", "conversation", "segments", "sentence_info",
    "stamp_sents", "sentences", "对话", "对话内容", "消息", "通话编号", "会话编号", "编号", "内容",
})  # fmt: skip


def is_jsonl(prefix: str) -> bool:
    """Tell whether a text that opens with ``{`` is one object a line."""
    first = prefix.lstrip().split("\n", 1)[0].strip()
    try:
        record = json.loads(first)
        if prefix.strip() == first and isinstance(record, dict):
            # One line alone may be a wrapper: {"data": [{…}, …]}.
            return _wrapped(record) is None
        return isinstance(record, dict)
    except (ValueError, RecursionError):
        # A first record longer than the prefix can't be parsed here; one line of it decides.
        return "\n" not in prefix.strip() and first.count('":') > 0


def open_jsonl(lines: Lines, name: str, codec: str) -> Table:
    """Open one object a line; a broken line is at fault alone."""

    def objects() -> Iterator[tuple[int, dict[str, Cell]] | BadRow]:
        for number, line in enumerate(lines, 1):
            if lines.cut:
                lines.cut = False
                reason = f"line longer than {MAX_LINE:,} characters"
                yield BadRow(number, reason, excerpt=excerpt_of([line]))
                continue
            if not line.strip():
                continue
            if lines.bad(line):
                reason = f"bytes that are not {codec}; save the file as UTF-8"
                yield BadRow(number, reason, excerpt=excerpt_of([line]))
                continue
            try:
                record = json.loads(line.lstrip("﻿"))
            except (ValueError, RecursionError):
                reason = "expected one JSON object on the line, found broken JSON"
                yield BadRow(number, reason, excerpt=excerpt_of([line]))
                continue
            if not isinstance(record, dict):
                reason = f"expected a JSON object, found {type(record).__name__}"
                yield BadRow(number, reason, excerpt=excerpt_of([line]))
                continue
            yield number, {str(key): plain(value) for key, value in record.items()}

    return _from_objects(objects(), name, "jsonl", codec)


def try_json(lines: Lines, name: str, codec: str, prefix: str, start: str) -> Table | None:
    """Open a text that is JSON as a whole; None where it only opens like JSON."""
    named = Path(name).suffix.lower() == ".json"
    if start == "[" and not named and not prefix.lstrip()[1:].lstrip().startswith(("{", "]", '"')):
        return None
    records = array_items(lines.read) if start == "[" else _whole(lines, name)

    def objects() -> Iterator[tuple[int, dict[str, Cell]] | BadRow]:
        for number, record in enumerate(records, 1):
            if isinstance(record, ArrayFault):
                raise InputError(
                    f"{name}: {record.reason}, at item {number}; export it again, one object a "
                    "line is safest"
                )
            if isinstance(record, dict):
                yield number, {str(key): plain(value) for key, value in record.items()}
            elif isinstance(record, str):
                yield number, {"text": record}
            else:
                reason = f"expected a JSON object, found {type(record).__name__}"
                yield BadRow(number, reason, excerpt=excerpt_of([plain(record)]))

    return _from_objects(objects(), name, "json", codec)


def _whole(lines: Lines, name: str) -> Iterator[object]:
    """Yield the records of an object that wraps a list of them, or is one itself."""
    text = lines.read(MAX_ITEM + 1)
    if len(text) > MAX_ITEM:
        raise InputError(
            f"{name}: expected JSON of at most {MAX_ITEM:,} characters where one object holds "
            "all, found more; export one object a line"
        )
    try:
        loaded = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as exc:
        raise InputError(
            f"{name}: expected JSON, found it broken ({type(exc).__name__}); export it again, "
            "one object a line is safest"
        ) from exc
    yield from _wrapped(loaded) or [loaded]


def _wrapped(record: Mapping[str, object]) -> list[object] | None:
    """Return the records an object wraps, ``{"total": 9, "data": [{…}, …]}``; None for a record.

    An object with words or a number of its own, or with turns, is a record that holds a list.
    """
    if any(str(key).casefold() in _OF_A_RECORD for key in record):
        return None
    lists = (value for value in record.values() if isinstance(value, list))
    return next((value for value in lists if value and isinstance(value[0], dict)), None)


def _from_objects(
    objects: Iterator[tuple[int, dict[str, Cell]] | BadRow],
    name: str,
    form: Form,
    codec: str,
) -> Table:
    first = list(itertools.islice(objects, SAMPLE))
    columns = tuple(
        dict.fromkeys(key for item in first if isinstance(item, tuple) for key in item[1])
    )
    if not columns:
        raise InputError(f"{name}: expected JSON objects, found none in its first {SAMPLE} rows")

    def rows(items: Iterable[tuple[int, dict[str, Cell]] | BadRow]) -> Iterator[Row | BadRow]:
        for item in items:
            if isinstance(item, BadRow):
                yield item
            else:
                yield Row(item[0], tuple(item[1].get(column) for column in columns))

    sample = tuple(row for row in rows(first) if isinstance(row, Row))
    return Table(
        name, form, columns, columns, sample, rows(itertools.chain(first, objects)), encoding=codec
    )
