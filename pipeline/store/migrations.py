"""Brings a database to the version of this program; ``PRAGMA user_version`` holds its version."""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database

from pipeline.errors import StoreError
from pipeline.store.schema import create_contract, create_tables
from pipeline.store.tables import table


def _first(db: Database) -> None:
    create_tables(db)


def _second(db: Database) -> None:
    """Turns say who wrote their words; documents, whether they are counted and why not."""
    _add_columns(db, "turns", "asr")
    _add_columns(db, "documents", "flag", "asr_dropped", "copy_of", "counted")
    _add_columns(db, "runs", "spam", "copies")
    if db.conn.execute("SELECT count(*) FROM documents WHERE counted = 1").fetchone()[0] == 0:
        db.conn.execute("UPDATE documents SET counted = 1 - no_content")


def _add_columns(db: Database, name: str, *columns: str) -> None:
    """Add the columns a table lacks: a database that is made new has them all from the start."""
    held = db.table(name).columns_dict
    for column in map(table(name).column, columns):
        if column.name not in held:
            kind = column.type if column.nullable else f"{column.type} NOT NULL DEFAULT 0"
            db.conn.execute(f'ALTER TABLE "{name}" ADD COLUMN "{column.name}" {kind}')


#: Migration ``n`` (from 1) brings version ``n - 1`` to ``n``. Append; never edit a released one.
MIGRATIONS: tuple[Callable[[Database], None], ...] = (_first, _second)


def version(db: Database) -> int:
    """Return the schema version of a database; 0 for one that is empty."""
    return int(db.conn.execute("PRAGMA user_version").fetchone()[0])


def check_version(db: Database, name: str = "the database") -> None:
    """Raise `StoreError` for a database of a newer version, or of another program."""
    found = version(db)
    if found > len(MIGRATIONS):
        raise StoreError(
            f"{name}: expected schema version {len(MIGRATIONS)} or older, found {found}: "
            "it was written by a newer voc; upgrade this one, or choose another output.database"
        )
    if found == 0 and db.table_names():
        raise StoreError(
            f"{name}: expected a voc database or none, found one of another program "
            f"(table {db.table_names()[0]!r}); choose another output.database"
        )


def migrate(db: Database, name: str = "the database") -> None:
    """Apply the migrations that are missing, all or none; does nothing when up to date.

    Runs in the caller's transaction where one is open, in its own otherwise. ``name`` is what
    errors call the database.
    """
    check_version(db, name)
    found = version(db)
    if found == len(MIGRATIONS):
        return
    with db.atomic():
        for step in MIGRATIONS[found:]:
            step(db)
        create_contract(db)
        db.conn.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
