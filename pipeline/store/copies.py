"""Documents that repeat another's words: found anew over all that is held, at every run."""

from __future__ import annotations

import itertools
import json
import operator
import sqlite3
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipeline.text.copies import group_sizes, originals

#: So many documents with one wording make it a template.
TEMPLATE = 5

# Oldest first: who said it first is the original. Calls are left out: greetings make them alike.
_TEXTS = """
SELECT source, number, coalesce(simplified, text), copy_of FROM documents
WHERE no_content = 0 AND kind <> 'transcript'
ORDER BY source, occurred_at IS NULL, occurred_at, id
"""
_COUNTED = "no_content = 0 AND flag IS NOT 'spam'"


def mark_copies(connection: sqlite3.Connection, *, count_copies: bool = False) -> int:
    """Set ``copy_of``, ``flag`` and ``counted`` of every document; return how many are copies.

    Within a source, equal and nearly equal texts are a group (`pipeline.text.copies.originals`)
    and its oldest document is the original. A group of `TEMPLATE` documents is a template. Copies
    are not ``counted`` unless ``count_copies``.
    """
    found: dict[int, int] = {}
    templates: list[int] = []
    former: dict[int, str] = {}
    reader = connection.cursor()
    reader.execute(_TEXTS)
    rows: Iterator[tuple[str, int, str, str | None]] = iter(reader.fetchone, None)
    for _, group in itertools.groupby(rows, key=operator.itemgetter(0)):
        numbers, of_numbers = _marked(connection, group, former)
        repeated = np.flatnonzero(of_numbers >= 0)
        originals_of = numbers[of_numbers[repeated]]
        found.update(zip(numbers[repeated].tolist(), originals_of.tolist(), strict=True))
        many = {int(numbers[at]) for at, size in group_sizes(of_numbers) if size >= TEMPLATE}
        templates += many
        templates += [number for number, original in found.items() if original in many]
    _write(connection, found, former)
    connection.execute(
        "UPDATE documents SET flag = NULL WHERE flag = 'template' AND no_content = 0"
        " AND number NOT IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(set(templates))),),
    )
    connection.execute(
        "UPDATE documents SET flag = 'template' WHERE flag IS NULL"
        " AND number IN (SELECT value FROM json_each(?))",
        (json.dumps(sorted(set(templates))),),
    )
    once = "" if count_copies else " AND copy_of IS NULL"
    connection.execute(
        f"UPDATE documents SET counted = ({_COUNTED}{once})"  # noqa: S608 - our own words
        f" WHERE counted <> ({_COUNTED}{once})"
    )
    return len(found)


def release_copies(connection: sqlite3.Connection) -> None:
    """Let documents whose original is gone stand for themselves, until a run compares them."""
    connection.execute(
        f"UPDATE documents SET copy_of = NULL, counted = ({_COUNTED})"  # noqa: S608 - our own words
        " WHERE copy_of IS NOT NULL AND copy_of NOT IN (SELECT id FROM documents)"
    )


def _marked(
    connection: sqlite3.Connection,
    group: Iterator[tuple[str, int, str, str | None]],
    former: dict[int, str],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the numbers of a source's documents, and for each the place of its original or −1."""
    numbers: list[int] = []

    def texts() -> Iterator[str]:
        for _, number, text, copy_of in group:
            numbers.append(number)
            if copy_of is not None:
                former[number] = copy_of
            yield text

    of = originals(texts(), _fetcher(connection, numbers))
    return np.array(numbers, dtype=np.int64), of


def _fetcher(
    connection: sqlite3.Connection, numbers: Sequence[int]
) -> Callable[[Sequence[int]], Sequence[str]]:
    def text_at(places: Sequence[int]) -> list[str]:
        wanted = [numbers[place] for place in places]
        held = dict(
            connection.execute(
                "SELECT number, coalesce(simplified, text) FROM documents"
                " WHERE number IN (SELECT value FROM json_each(?))",
                (json.dumps(wanted),),
            )
        )
        return [held[number] for number in wanted]

    return text_at


def _write(connection: sqlite3.Connection, found: dict[int, int], former: dict[int, str]) -> None:
    """Write what changed: most of a nightly run's copies were copies the night before."""
    ids = dict(
        connection.execute(
            "SELECT number, id FROM documents WHERE number IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(set(found.values()))),),
        )
    )
    now = {number: ids[original] for number, original in found.items()}
    connection.executemany(
        "UPDATE documents SET copy_of = NULL WHERE number = ?",
        ((number,) for number in sorted(former.keys() - now.keys())),
    )
    connection.executemany(
        "UPDATE documents SET copy_of = ? WHERE number = ?",
        ((of, number) for number, of in sorted(now.items()) if former.get(number) != of),
    )
