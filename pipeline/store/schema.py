"""Creates the schema through sqlite-utils and describes it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlite_utils import Database
from sqlite_utils.db import ForeignKey

from pipeline.store import search
from pipeline.store.tables import TABLES, Table, insert_sql
from pipeline.store.views import View, create_views, views

_PYTHON_TYPES: dict[str, type] = {"TEXT": str, "INTEGER": int, "REAL": float}
_UNIQUE_INDEXES = {("files", ("source", "path")), ("documents", ("number",))}


def create_tables(db: Database) -> None:
    """Create every table and index, and the full-text index, in an empty database."""
    for table in TABLES:
        _create_table(db, table)
    search.create_index(db)


def _create_table(db: Database, table: Table) -> None:
    single = len(table.primary_key) == 1
    created = db.create_table(
        table.name,
        {column.name: _PYTHON_TYPES[column.type] for column in table.columns},
        pk=table.primary_key[0] if single else table.primary_key,
        foreign_keys=[
            ForeignKey(
                table.name,
                reference.columns[0] if len(reference.columns) == 1 else None,
                reference.table,
                reference.other_columns[0] if len(reference.columns) == 1 else None,
                columns=reference.columns,
                other_columns=reference.other_columns,
                is_compound=len(reference.columns) > 1,
            )
            for reference in table.references
        ],
        not_null=[column.name for column in table.columns if not column.nullable],
        strict=db.supports_strict,
    )
    for columns in table.indexes:
        created.create_index(list(columns), unique=(table.name, columns) in _UNIQUE_INDEXES)


def create_contract(db: Database) -> None:
    """(Re)create the views and refill ``data_dictionary``, so that both match this version."""
    create_views(db)
    db.conn.execute("DELETE FROM data_dictionary")
    db.conn.executemany(insert_sql("data_dictionary"), describe_schema())


def describe_schema() -> Iterator[tuple[str, str, str, str, str, str, str]]:
    """Yield ``(relation, column, type, unit, denominator, null_meaning, description)``.

    Tables come first, then views, each in column order; feeds ``data_dictionary`` and the README.

    >>> next(describe_schema())[:3]
    ('runs', 'id', 'INTEGER')
    """
    relations: tuple[Table | View, ...] = (*TABLES, *views())
    for relation in relations:
        for column in relation.columns:
            yield (
                relation.name,
                column.name,
                column.type,
                column.unit,
                column.denominator,
                column.null_meaning,
                column.description,
            )


def describe_relations() -> Iterator[tuple[str, str, str]]:
    """Yield ``(relation, 'table' or 'view', description)``; feeds the README's table list."""
    for table in TABLES:
        yield table.name, "table", table.description
    for view in views():
        yield view.name, "view", view.description
