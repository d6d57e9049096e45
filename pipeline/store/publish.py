"""Publishing: one transaction a run, so that readers see the last whole run or the new one."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from pipeline.errors import StoreError
from pipeline.records import Quarantined
from pipeline.store import copies, removal, search
from pipeline.store.migrations import check_version, migrate
from pipeline.store.parts import DOCUMENT_COLUMNS, Part
from pipeline.store.tables import CHILDREN, PER_RUN, insert_sql

#: How long to wait for another writer before giving up, in seconds.
BUSY_SECONDS = 5.0

#: Memory for pages while publishing: ids are random, so a run writes all over its indexes.
CACHE_KIB = 256 * 1024

_SOURCE, _DAY, _CUSTOMER = map(DOCUMENT_COLUMNS.index, ("source", "period_day", "customer_key"))
_EMPTY, _FLAG = map(DOCUMENT_COLUMNS.index, ("no_content", "flag"))
_TERMS = DOCUMENT_COLUMNS.index("terms")
_STORED_COLUMNS = (*DOCUMENT_COLUMNS[:_TERMS], "counted", "number", "file_id", "run_id")

_TOTALS = """
SELECT coalesce((SELECT sum(n) FROM document_masks), 0) AS masked,
       (SELECT count(*) FROM documents WHERE no_content = 1) AS no_content,
       (SELECT count(*) FROM documents WHERE flag = 'spam') AS spam,
       (SELECT count(*) FROM documents WHERE copy_of IS NOT NULL) AS copies,
       count(*) AS documents, coalesce(sum(r.dissatisfied), 0) AS dissatisfied,
       coalesce(sum(r.silent), 0) AS silent, coalesce(sum(r.complaint), 0) AS complaints,
       coalesce(sum(r.leaving), 0) AS leaving
FROM documents AS d JOIN readings AS r ON r.document_id = d.id WHERE d.counted = 1
"""

_READ_OTHERWISE = """
SELECT count(*) FROM files AS f
JOIN runs AS former ON former.id = f.run_id
JOIN runs AS latest ON latest.id = ?
WHERE (former.config_hash, former.lexicon_hash, former.taxonomy_hash, former.model_hash,
       former.segmenter)
   <> (latest.config_hash, latest.lexicon_hash, latest.taxonomy_hash, latest.model_hash,
       latest.segmenter)
"""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is known of a run before it writes: when, why, and the hashes behind its numbers."""

    started_at: str
    trigger: str
    title: str
    config_hash: str
    lexicon_hash: str
    taxonomy_hash: str
    model_hash: str
    code_version: str
    segmenter: str


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One input file as it was read."""

    source: str
    path: str
    sha256: str
    rows_read: int
    kept: int
    quarantined: int
    duplicates: int
    withheld: int = 0


class Writer:
    """Writes one run inside the transaction that `publishing` opened."""

    def __init__(self, connection: sqlite3.Connection, run_id: int) -> None:
        self.connection = connection
        self.run_id = run_id
        self._next = int(_value(connection, "SELECT coalesce(max(number), 0) + 1 FROM documents"))
        self._counts = {
            "rows_read": 0,
            "kept": 0,
            "quarantined": 0,
            "duplicates": 0,
            "withheld": 0,
        }
        self._oldest: dict[str, str] = {}

    def retain(self, source: str, oldest_day: str) -> int:
        """Delete a source's documents from before a day (YYYY-MM-DD); return how many.

        To be called before parts are added: older ones among theirs are left out from then on.
        A document without a time is as old as the run that last read it.
        """
        self._oldest[source] = oldest_day
        ids = removal.aged_documents(self.connection, source, oldest_day)
        if ids:
            removal.erase_documents(self.connection, ids)
            removal.record_removal(self.connection, "retention", len(ids), source=source)
        return len(ids)

    def add_file(self, file: FileRecord, quarantined: Sequence[Quarantined] = ()) -> int:
        """Record a file that was read, with its unreadable rows; return its id.

        The unreadable rows of an earlier reading of the same file are forgotten.
        """
        values = (
            file.sha256,
            file.rows_read,
            file.kept,
            file.quarantined,
            file.duplicates,
            file.withheld,
            self.run_id,
        )
        found = self.connection.execute(
            "SELECT id FROM files WHERE source = ? AND path = ?", (file.source, file.path)
        ).fetchone()
        if found:
            file_id = int(found[0])
            self.connection.execute(
                "UPDATE files SET sha256 = ?, rows_read = ?, kept = ?, quarantined = ?,"
                " duplicates = ?, withheld = ?, run_id = ? WHERE id = ?",
                (*values, file_id),
            )
            self.connection.execute("DELETE FROM quarantine WHERE file_id = ?", (file_id,))
        else:
            counts = ("rows_read", "kept", "quarantined", "duplicates", "withheld")
            columns = ("sha256", *counts, "run_id")
            cursor = self.connection.execute(
                insert_sql("files", (*columns, "source", "path")),
                (*values, file.source, file.path),
            )
            file_id = int(cursor.lastrowid or 0)
        self.connection.executemany(
            insert_sql("quarantine", ("file_id", "row", "column", "reason", "excerpt", "run_id")),
            (
                (file_id, row.row, row.column, row.reason, row.excerpt, self.run_id)
                for row in quarantined
            ),
        )
        for name in self._counts:
            self._counts[name] += getattr(file, name)
        return file_id

    def add_part(self, part: Part, file_id: int) -> None:
        """Insert a part's documents; a document held already is replaced with all its children.

        Of several records with one id, the last stands and the others count as duplicates. A
        part itself holds an id once. Records of forgotten customers, and those older than
        `retain` allows, are left out and counted.
        """
        part = self._without_withheld(part, file_id)
        former = self._former([row[0] for row in part.rows["documents"]])
        duplicates = sum(run == self.run_id for _, run in former.values())
        removal.delete_documents(self.connection, list(former))
        rows: list[tuple[Any, ...]] = []
        terms: list[tuple[int, str]] = []
        for row in part.rows["documents"]:
            identity = row[0]
            if identity in former:
                number = former[identity][0]
            else:
                number, self._next = self._next, self._next + 1
            counted = int(not row[_EMPTY] and row[_FLAG] != "spam")
            rows.append((*row[:_TERMS], counted, number, file_id, self.run_id))
            terms.append((number, row[_TERMS]))
        self.connection.executemany(insert_sql("documents", _STORED_COLUMNS), rows)
        for name in reversed(CHILDREN):
            if part.rows[name]:
                self.connection.executemany(insert_sql(name), part.rows[name])
        search.add(self.connection, sorted(terms))
        if duplicates:
            self._counts["duplicates"] += duplicates
            self.connection.execute(
                "UPDATE files SET duplicates = duplicates + ? WHERE id = ?", (duplicates, file_id)
            )

    def end_file(self, file_id: int) -> int:
        """Remove what an earlier reading of this file held and this one did not; return how many.

        A file of the source that this run skipped may hold a record that this one dropped, so
        those are marked to be read again by the next run.
        """
        gone = [
            str(row[0])
            for row in self.connection.execute(
                "SELECT id FROM documents WHERE file_id = ? AND run_id <> ?",
                (file_id, self.run_id),
            )
        ]
        if gone:
            removal.delete_documents(self.connection, gone)
            self.connection.execute(
                "UPDATE files SET sha256 = '' WHERE run_id <> ?"
                " AND source = (SELECT source FROM files WHERE id = ?)",
                (self.run_id, file_id),
            )
        return len(gone)

    def mark_copies(self, *, count_copies: bool = False) -> int:
        """Say of every document whether it repeats another; to be called when all are added."""
        return copies.mark_copies(self.connection, count_copies=count_copies)

    def set_taxonomy(self, rows: Iterable[tuple[str, ...]]) -> None:
        """Store the taxonomy the run used, in place of the former: rows of table ``taxonomy``."""
        self.connection.execute("DELETE FROM taxonomy")
        self.connection.executemany(insert_sql("taxonomy"), rows)

    def prune(self, keep_runs: int) -> int:
        """Delete the counts and findings of all but the newest runs; return the rows deleted.

        The runs' own rows stay: documents name the run that read them.
        """
        oldest_kept = self.run_id - keep_runs + 1
        return sum(
            self.connection.execute(
                f'DELETE FROM "{name}" WHERE run_id < ?',  # noqa: S608 - names are ours
                (oldest_kept,),
            ).rowcount
            for name in PER_RUN
        )

    def files_read_otherwise(self) -> int:
        """Return how many files were last read under hashes that are not those of this run."""
        return int(_value(self.connection, _READ_OTHERWISE, self.run_id))

    def totals(self) -> dict[str, int]:
        """Return the counts of the run so far: of its files, and of all documents now held.

        ``keyed`` counts documents of a known customer; the rest are columns of ``runs``.
        """
        keyed = _value(self.connection, "SELECT count(customer_key) FROM documents")
        return {**self._run_totals(), "keyed": int(keyed)}

    def _run_totals(self) -> dict[str, int]:
        cursor = self.connection.execute(_TOTALS)
        names = [column[0] for column in cursor.description]
        return {**self._counts, **dict(zip(names, cursor.fetchone(), strict=True))}

    def finish(self) -> None:
        """Write the run's own row; called by `publishing` before the commit."""
        values = {**self._run_totals(), "finished_at": _now()}
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        self.connection.execute(
            f"UPDATE runs SET {assignments} WHERE id = ?",  # noqa: S608 - names are ours
            (*values.values(), self.run_id),
        )

    def _without_withheld(self, part: Part, file_id: int) -> Part:
        rows = part.rows["documents"]
        customers = removal.withheld_customers(self.connection, {row[_CUSTOMER] for row in rows})
        withheld = {
            row[0]
            for row in rows
            if row[_CUSTOMER] in customers
            or (row[_DAY] is not None and row[_DAY] < self._oldest.get(row[_SOURCE], ""))
        }
        if not withheld:
            return part
        self._counts["kept"] -= len(withheld)
        self._counts["withheld"] += len(withheld)
        self.connection.execute(
            "UPDATE files SET kept = kept - ?, withheld = withheld + ? WHERE id = ?",
            (len(withheld), len(withheld), file_id),
        )
        # Documents and children alike open with the document's id.
        return Part(
            {
                name: [row for row in rows if row[0] not in withheld]
                for name, rows in part.rows.items()
            }
        )

    def _former(self, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return number and run of the documents held already, by id."""
        rows = self.connection.execute(
            "SELECT id, number, run_id FROM documents WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        )
        return {str(identity): (int(number), int(run)) for identity, number, run in rows}


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database, made where it is missing, as its only writer, for one transaction.

    What is done within is committed at the end, all of it or nothing. Raises `StoreError` where
    the file can't be written or another run is publishing.
    """
    connection = _open(path)
    try:
        _begin(connection, path)
        migrate(Database(connection), str(path))
        yield connection
        connection.execute("COMMIT")
        with suppress(sqlite3.OperationalError):
            # A reader in the way keeps the log long; what is published stays published.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError as exc:
        if isinstance(exc, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise StoreError(
            f"{path}: expected to write the output database, got: {_told(exc)}; nothing was changed"
        ) from exc
    finally:
        # Closing rolls back whatever was not committed.
        connection.close()


@contextmanager
def publishing(path: Path, run: RunRecord) -> Iterator[Writer]:
    """Open the database, made where it is missing, and publish one run, all of it or nothing.

    Raises `StoreError` where the file can't be written or another run is publishing.
    """
    with writing(path) as connection:
        writer = Writer(connection, _insert_run(connection, run))
        yield writer
        writer.finish()


def published_files(path: Path) -> dict[tuple[str, str], str]:
    """Return the SHA-256 of every file published so far, by source and path."""
    if not path.exists():
        return {}
    connection = _connect(path)
    try:
        database = Database(connection)
        check_version(database, str(path))
        if "files" not in database.table_names():
            return {}
        rows = connection.execute("SELECT source, path, sha256 FROM files").fetchall()
    except sqlite3.DatabaseError as exc:
        raise StoreError(f"{path}: expected a SQLite database, got: {exc}") from exc
    finally:
        connection.close()
    return {(source, name): digest for source, name, digest in rows}


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Customers' words, masked or not, are for the owner of the file.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as exc:
        raise StoreError(
            f"{path}: expected a place to write the output database, got: {exc.strerror}; "
            "set output.database in config.yaml"
        ) from exc
    connection = _connect(path)
    opened = False
    try:
        # Before anything is changed: another program's database must stay as it is.
        check_version(Database(connection), str(path))
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        opened = True
    except sqlite3.DatabaseError as exc:
        if "locked" in str(exc):
            raise _busy(path) from exc
        raise StoreError(
            f"{path}: expected a SQLite database, got: {exc}; choose another output.database"
        ) from exc
    finally:
        if not opened:
            connection.close()
    return connection


def _told(exc: sqlite3.Error) -> str:
    """Return what SQLite itself said; any other message could quote what was to be stored."""
    return str(exc) if getattr(exc, "sqlite_errorcode", None) is not None else type(exc).__name__


def _connect(path: Path) -> sqlite3.Connection:
    # No isolation level: transactions begin and end where we say, and nowhere else.
    return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)


def _begin(connection: sqlite3.Connection, path: Path) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as exc:
        if "locked" in str(exc):
            raise _busy(path) from exc
        raise


def _busy(path: Path) -> StoreError:
    return StoreError(
        f"{path}: expected to be the only writer, found another run publishing; "
        "try again when it has ended"
    )


def _insert_run(connection: sqlite3.Connection, run: RunRecord) -> int:
    values: dict[str, Any] = {**asdict(run), "finished_at": ""}
    counts = ("rows_read", "kept", "quarantined", "masked", "duplicates", "no_content", "withheld")
    held = ("spam", "copies", "documents", "dissatisfied", "silent", "complaints", "leaving")
    values.update(dict.fromkeys((*counts, *held), 0))
    cursor = connection.execute(insert_sql("runs", values), tuple(values.values()))
    return int(cursor.lastrowid or 0)


def _value(connection: sqlite3.Connection, query: str, *parameters: Any) -> Any:
    return connection.execute(query, parameters).fetchone()[0]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
