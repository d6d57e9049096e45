"""Taking documents out of the database, and remembering that it was done.

What is removed leaves no bytes behind: SQLite overwrites deleted rows, and the full-text index,
which otherwise only marks a document's terms as deleted, is merged into one piece without them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal

from pipeline.store import search
from pipeline.store.tables import CHILDREN, insert_sql

_BATCH = 2000

_CHOSEN = "IN (SELECT value FROM json_each(?))"

_AGED = """
SELECT id FROM documents WHERE source = ? AND (period_day < ? OR (period_day IS NULL
AND run_id IN (SELECT id FROM runs WHERE substr(started_at, 1, 10) < ?)))
"""


def delete_documents(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Delete documents, their children and their index rows; return how many children."""
    children = 0
    for at in range(0, len(ids), _BATCH):
        listed = (json.dumps(ids[at : at + _BATCH]),)
        texts = connection.execute(
            f"SELECT number, coalesce(simplified, text) FROM documents WHERE id {_CHOSEN}",  # noqa: S608
            listed,
        ).fetchall()
        search.remove(connection, texts)
        for name in CHILDREN:
            children += connection.execute(
                f'DELETE FROM "{name}" WHERE document_id {_CHOSEN}',  # noqa: S608 - names are ours
                listed,
            ).rowcount
        connection.execute(f"DELETE FROM documents WHERE id {_CHOSEN}", listed)  # noqa: S608
    return children


def erase_documents(connection: sqlite3.Connection, ids: Sequence[str]) -> int:
    """Delete documents so that nothing of them stays in the pages, in the index or in findings.

    Returns how many children went with them. Costs a rewriting of the whole index; a document
    that is only replaced is deleted by `delete_documents`.
    """
    connection.execute("PRAGMA secure_delete = ON")
    children = delete_documents(connection, ids)
    gone = set(ids)
    for run_id, rank, listed in connection.execute(
        "SELECT run_id, rank, document_ids FROM findings"
    ).fetchall():
        named = json.loads(listed)
        kept = [identity for identity in named if identity not in gone]
        if kept != named:
            connection.execute(
                "UPDATE findings SET document_ids = ? WHERE run_id = ? AND rank = ?",
                (json.dumps(kept), run_id, rank),
            )
    search.optimize(connection)
    return children


def aged_documents(connection: sqlite3.Connection, source: str, oldest_day: str) -> list[str]:
    """Return the ids of a source's documents from before ``oldest_day`` (YYYY-MM-DD).

    A document without a time is as old as the run that last read it.
    """
    rows = connection.execute(_AGED, (source, oldest_day, oldest_day))
    return [str(identity) for (identity,) in rows]


def record_removal(
    connection: sqlite3.Connection,
    what: Literal["customer", "retention"],
    documents: int,
    *,
    source: str = "",
) -> None:
    """Leave a row in ``forgotten``: when, why and how many, never whose."""
    connection.execute(
        insert_sql("forgotten", ("forgotten_at", "run_id", "what", "source", "documents")),
        (
            datetime.now(UTC).isoformat(timespec="seconds"),
            connection.execute("SELECT max(id) FROM runs").fetchone()[0],
            what,
            source,
            documents,
        ),
    )


def customer_digest(customer_key: str) -> str:
    """Return what is kept of a forgotten customer's key: enough to know it again, no more.

    >>> customer_digest("0f3a")[:8]
    'fc5f05b9'
    """
    return hashlib.sha256(customer_key.encode()).hexdigest()


def keep_away(connection: sqlite3.Connection, customer_key: str) -> None:
    """Have `withheld_customers` name this customer from now on."""
    connection.execute(
        "INSERT OR IGNORE INTO forgotten_customers (digest) VALUES (?)",
        (customer_digest(customer_key),),
    )


def withheld_customers(
    connection: sqlite3.Connection, customer_keys: Iterable[str | None]
) -> frozenset[str]:
    """Return those of the customer keys whose customers were forgotten."""
    digests = {customer_digest(key): key for key in customer_keys if key}
    rows = connection.execute(
        f"SELECT digest FROM forgotten_customers WHERE digest {_CHOSEN}",  # noqa: S608
        (json.dumps(sorted(digests)),),
    )
    return frozenset(digests[str(digest)] for (digest,) in rows)
