"""The schema changes only on purpose, and every column of it says what it means."""

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from pipeline.store.migrations import MIGRATIONS, migrate, version
from pipeline.store.schema import describe_relations, describe_schema
from pipeline.store.tables import TABLES
from pipeline.store.views import views

SNAPSHOT = Path(__file__).parent / "snapshots" / "schema.sql"
REGENERATE = "python -m tests.test_store_schema"


def fresh_db():
    db = Database(sqlite3.connect(":memory:", isolation_level=None))
    migrate(db)
    return db


def schema_sql(db):
    """Every statement that makes the schema, in the order of creation; the index's own left out."""
    statements = db.conn.execute(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'documents_fts_%'"
        " ORDER BY rowid"
    )
    return (
        f"PRAGMA user_version = {version(db)};\n\n"
        + "\n\n".join(f"{sql.strip().rstrip(';')};" for (sql,) in statements)
        + "\n"
    )


def test_the_schema_is_the_one_in_the_snapshot():
    found = schema_sql(fresh_db())
    if found != SNAPSHOT.read_text(encoding="utf-8"):
        pytest.fail(
            "the schema differs from tests/snapshots/schema.sql; if that is meant, add a migration "
            f"and run: {REGENERATE}"
        )


@pytest.mark.parametrize("view", views(), ids=lambda view: view.name)
def test_a_view_runs_and_has_the_described_columns(view):
    cursor = fresh_db().conn.execute(f"SELECT * FROM {view.name}")
    assert [column[0] for column in cursor.description] == [one.name for one in view.columns]
    assert len(cursor.fetchall()) == (1 if view.name == "report_quality" else 0)


def test_the_dictionary_covers_every_column_of_every_table_and_view():
    db = fresh_db()
    names = [
        name
        for (name,) in db.conn.execute(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"
        )
        if not name.startswith("documents_fts")
    ]
    found = {
        (name, column[1], column[2])
        for name in names
        for column in db.conn.execute(f"PRAGMA table_info({name})")
    }
    described = {row[:3] for row in db.conn.execute("SELECT * FROM data_dictionary")}
    # SQLite knows no type for an expression of a view; for columns of tables ours must be its.
    assert {row[:2] for row in described} == {row[:2] for row in found}
    tables = {table.name for table in TABLES}
    assert {row for row in described if row[0] in tables} == {
        row for row in found if row[0] in tables
    }
    assert {name for name, _, _ in describe_relations()} == set(names)


def test_a_column_may_be_null_exactly_where_the_dictionary_says_what_null_means():
    db = fresh_db()
    for table in TABLES:
        for _, name, _, not_null, _, key in db.conn.execute(f"PRAGMA table_info({table.name})"):
            assert bool(not_null or key) is not table.column(name).nullable, (table.name, name)


def test_every_column_is_described_and_every_share_has_a_denominator():
    for relation, column, kind, unit, denominator, _, description in describe_schema():
        assert description.endswith(".") or ":" in description or "," in description, (
            relation,
            column,
        )
        if kind == "REAL":
            assert unit, (relation, column)
        if column.endswith("share"):
            assert denominator, (relation, column)


def test_migrating_twice_changes_nothing():
    db = fresh_db()
    before = schema_sql(db)
    migrate(db)
    assert schema_sql(db) == before
    assert version(db) == len(MIGRATIONS)


def test_a_database_of_the_first_version_gets_what_later_ones_have():
    db = Database(sqlite3.connect(":memory:", isolation_level=None))
    db.conn.executescript((SNAPSHOT.parent / "schema_1.sql").read_text(encoding="utf-8"))
    db.conn.execute(
        "INSERT INTO runs SELECT 1, '', '', '', '', '', '', '', '', '', 'jieba',"
        + ",".join("0" * 12)
    )
    db.conn.execute("INSERT INTO files VALUES (1, 'desk', 'a.csv', '', 2, 2, 0, 0, 0, 1)")
    for number, empty in ((1, 0), (2, 1)):
        db.conn.execute(
            "INSERT INTO documents VALUES (?, ?, 'desk', 'survey', 'survey', '', '', '', NULL,"
            " NULL, NULL, NULL, ?, 1, 1, 1)",
            (f"d{number}", number, empty),
        )
    migrate(db)
    assert version(db) == len(MIGRATIONS)
    fresh = fresh_db()
    for one in TABLES:
        assert db.table(one.name).columns_dict == fresh.table(one.name).columns_dict
    assert set(db.view_names()) == set(fresh.view_names())
    counted = db.conn.execute("SELECT id, counted FROM documents ORDER BY id").fetchall()
    assert counted == [("d1", 1), ("d2", 0)]


def test_a_migration_that_fails_leaves_nothing(monkeypatch):
    def fail(_):
        raise RuntimeError("no")

    monkeypatch.setattr("pipeline.store.migrations.MIGRATIONS", (*MIGRATIONS, fail))
    db = Database(sqlite3.connect(":memory:", isolation_level=None))
    with pytest.raises(RuntimeError):
        migrate(db)
    assert db.table_names() == []
    assert version(db) == 0


if __name__ == "__main__":
    SNAPSHOT.write_text(schema_sql(fresh_db()), encoding="utf-8")
