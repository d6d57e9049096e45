"""Full-text search that finds 态度 as well as 没人接.

FTS5's ``unicode61`` takes a run of Chinese as one word and ``trigram`` can't find words of two
characters, so we index terms of our own: of every Chinese run its overlapping character pairs
and its last character alone, of everything else the words. A Chinese query is then a phrase of
pairs, and one character is a prefix: every character begins exactly one term.

The index is contentless: it keeps positions, not text. Taking a document out needs the very
terms it was put in with, so a change to `index_terms` needs a migration that calls `rebuild`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlite_utils import Database

from pipeline.text.clean import simplify

_HAN = "㐀-䶿一-鿿豈-﫿々〇\U00020000-\U0003ffff"
_RUN = re.compile(rf"([{_HAN}]+)|((?:(?![{_HAN}_])\w)+)")
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A document that was found; ``spans`` are where in ``text`` the words of the query stand.

    ``rank`` is SQLite's bm25: smaller is better.
    """

    document_id: str
    text: str
    spans: tuple[tuple[int, int], ...]
    rank: float


def index_terms(text: str) -> str:
    """Return the terms a Simplified Chinese text is found by, separated by spaces.

    >>> index_terms("态度差，APP没人管!")
    '态度 度差 差 app 没人 人管 管'
    """
    terms: list[str] = []
    for han, word in _RUN.findall(text):
        if han:
            terms.extend(map(str.__add__, han, han[1:]))
            terms.append(han[-1])
        else:
            terms.append(word.lower())
    return " ".join(terms)


def create_index(db: Database) -> None:
    """Create the empty full-text index ``documents_fts``; its rowid is ``documents.number``."""
    # The ascii tokenizer splits at spaces and leaves other characters as they are: the terms
    # are made by index_terms alone.
    db.conn.execute(
        "CREATE VIRTUAL TABLE documents_fts USING fts5(terms, content='', tokenize='ascii')"
    )
    db.conn.execute("INSERT INTO documents_fts(documents_fts, rank) VALUES ('hashsize', 16777216)")


def add(connection: sqlite3.Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Put documents into the index: ``(number, terms)``, fastest in ascending order."""
    connection.executemany("INSERT INTO documents_fts(rowid, terms) VALUES (?, ?)", rows)


def remove(connection: sqlite3.Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Take documents out of the index: ``(number, simplified text)`` as they were put in."""
    connection.executemany(
        "INSERT INTO documents_fts(documents_fts, rowid, terms) VALUES ('delete', ?, ?)",
        ((number, index_terms(text)) for number, text in rows),
    )


def optimize(connection: sqlite3.Connection) -> None:
    """Merge the index into one piece, so that nothing of documents taken out stays in it."""
    connection.execute("INSERT INTO documents_fts(documents_fts) VALUES ('optimize')")


def rebuild(db: Database) -> None:
    """Make the index anew from ``documents``; for migrations that change `index_terms`."""
    db.conn.execute("DROP TABLE IF EXISTS documents_fts")
    create_index(db)
    rows = db.conn.execute(
        "SELECT number, coalesce(simplified, text) FROM documents ORDER BY number"
    )
    while batch := list(islice(rows, _BATCH)):
        add(db.conn, [(number, index_terms(text)) for number, text in batch])


def search(db: Database, query: str, *, limit: int = 20) -> list[SearchHit]:
    """Find documents that hold every run of the query, best first by bm25.

    A run of Chinese is a phrase (没人接 stands together), other words match whole and without
    regard to case. Punctuation and FTS5's own operators mean nothing. A Traditional query finds
    what its Simplified form finds. A query without a word or character finds nothing. ``text``
    of a hit is the stored, masked text.
    """
    runs = list(dict.fromkeys(_query_runs(simplify(query))))
    if not runs or limit < 1:
        return []
    rows = db.conn.execute(
        "SELECT d.id, d.text, coalesce(d.simplified, d.text), f.rank FROM documents_fts AS f "
        "JOIN documents AS d ON d.number = f.rowid "
        "WHERE f.documents_fts MATCH ? ORDER BY f.rank, d.number LIMIT ?",
        (" AND ".join(_phrase(han, run) for han, run in runs), limit),
    )
    return [
        SearchHit(document_id, text, tuple(_spans(simplified, runs)), rank)
        for document_id, text, simplified, rank in rows
    ]


def _query_runs(query: str) -> Iterator[tuple[bool, str]]:
    for han, word in _RUN.findall(query):
        yield (True, han) if han else (False, word.lower())


def _phrase(han: bool, run: str) -> str:
    # Runs are letters, digits and Chinese only, so quoting needs no escapes.
    if not han:
        return f'"{run}"'
    if len(run) == 1:
        return f'"{run}" *'
    return '"' + " ".join(map(str.__add__, run, run[1:])) + '"'


def _spans(text: str, runs: list[tuple[bool, str]]) -> list[tuple[int, int]]:
    words = {run for han, run in runs if not han}
    phrases = [run for han, run in runs if han]
    found: set[tuple[int, int]] = set()
    for match in _RUN.finditer(text):
        if match[2] is not None:
            if match[2].lower() in words:
                found.add(match.span())
            continue
        for phrase in phrases:
            at = match[1].find(phrase)
            while at >= 0:
                start = match.start() + at
                found.add((start, start + len(phrase)))
                at = match[1].find(phrase, at + len(phrase))
    return sorted(found)
