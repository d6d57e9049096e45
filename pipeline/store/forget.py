"""Forgetting a person: every record deleted for good, and no later run brings one back."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.store import copies, publish, removal


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted: ``documents``, and ``rows`` that hung on them in other tables."""

    documents: int
    rows: int


def forget_customer(path: Path, customer_key: str) -> Forgotten:
    """Delete every record of a customer, for good; a later run won't store one again.

    Waits its turn as a run does. The deletion and its row in ``forgotten`` are one transaction;
    then the file is rewritten, so that no bytes of the texts stay in it or in its log. That
    needs as much free disk as the database takes. Counts that past runs published stay as they
    are: they name nobody. Quarantined rows have no customer and stay too, masked.

    Raises `StoreError` where there is no database, where a run is publishing, or where a reader
    keeps the old pages in use; then the records are deleted already, and forgetting again
    clears what is left of them.
    """
    if not path.is_file():
        raise StoreError(f"{path}: expected a published database, found none; nothing to forget")
    with publish.writing(path) as connection:
        ids = [
            str(identity)
            for (identity,) in connection.execute(
                "SELECT id FROM documents WHERE customer_key = ?", (customer_key,)
            )
        ]
        children = removal.erase_documents(connection, ids)
        copies.release_copies(connection)
        removal.keep_away(connection, customer_key)
        removal.record_removal(connection, "customer", len(ids))
    _rewrite(path)
    return Forgotten(len(ids), children)


def _rewrite(path: Path) -> None:
    """Write the database anew without its free pages, and empty its log."""
    connection = sqlite3.connect(path, timeout=publish.BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("VACUUM")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as exc:
        raise _unfinished(path, str(exc)) from exc
    finally:
        connection.close()
    if busy:
        raise _unfinished(path, "another program is reading it")


def _unfinished(path: Path, found: str) -> StoreError:
    return StoreError(
        f"{path}: the records are deleted, but expected to rewrite the file without their bytes, "
        f"got: {found}; end other uses of it, free disk space and forget again"
    )
