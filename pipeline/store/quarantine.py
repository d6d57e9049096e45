"""Rows that could not be read: listing them, as CSV too, and having their files read again."""

from __future__ import annotations

import csv
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from pipeline.cells import safe_cell
from pipeline.errors import StoreError
from pipeline.store.migrations import check_version

#: Columns of the listing, as in the view ``report_quarantine``.
COLUMNS = ("source", "file", "row", "column", "reason", "excerpt")
#: How long to wait for a run that is publishing, in seconds.
_BUSY_SECONDS = 5.0


def quarantined_rows(path: Path) -> Iterator[tuple[str, str, int, str, str, str]]:
    """Yield the unreadable rows of a database in order of file and row: `COLUMNS`.

    Raises `StoreError` where there is no database of ours.
    """
    chosen = ", ".join(f'"{name}"' for name in COLUMNS)
    with _opened(path) as connection:
        yield from connection.execute(
            f'SELECT {chosen} FROM report_quarantine ORDER BY source, file, "row"'  # noqa: S608
        )


def write_csv(rows: Iterable[Sequence[object]], path: Path) -> Path:
    """Write rows of `COLUMNS` as UTF-8 CSV with a mark that spreadsheets know it by.

    The file appears whole or not at all and is its owner's only. Cells that a spreadsheet would
    take for a formula are made text. Raises `StoreError` where it can't be written.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS)
            writer.writerows([safe_cell(str(cell)) for cell in row] for row in rows)
        draft.replace(path)
    except OSError as exc:
        draft.unlink(missing_ok=True)
        raise StoreError(
            f"{path}: expected a place to write the quarantine list, got: {exc.strerror or exc}; "
            "set output.quarantine in config.yaml"
        ) from exc
    return path


def retry_quarantined(path: Path) -> list[tuple[str, str]]:
    """Mark every file with unreadable rows to be read again by the next run; all or none.

    Returns source and path of the files. What they hold stays published until that run. Raises
    `StoreError` where there is no database of ours or a run is publishing.
    """
    with _opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        files = connection.execute(
            "SELECT source, path FROM files WHERE id IN (SELECT file_id FROM quarantine)"
            " ORDER BY source, path"
        ).fetchall()
        connection.execute(
            "UPDATE files SET sha256 = '' WHERE id IN (SELECT file_id FROM quarantine)"
        )
        connection.execute("COMMIT")
    return files


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise StoreError(f"{path}: no such database; publish one with 'voc run'")
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        check_version(Database(connection), str(path))
        if "report_quarantine" not in Database(connection).view_names():
            raise StoreError(f"{path}: expected a published run, found none; run 'voc run'")
        yield connection
    except sqlite3.DatabaseError as exc:
        if "locked" in str(exc):
            raise StoreError(
                f"{path}: expected to be the only writer, found a run publishing; try again when "
                "it has ended"
            ) from exc
        raise StoreError(f"{path}: expected a SQLite database, got: {exc}") from exc
    finally:
        # Closing rolls back whatever was not committed.
        connection.close()
