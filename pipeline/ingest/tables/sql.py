"""Rows of a SQL query, streamed from the database that an SQLAlchemy URL names.

Nothing is written: the transaction is rolled back, and SQLite files are opened read-only. What a
database says of an error may quote a customer's words or a password, so most of it stays untold.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipeline.errors import InputError
from pipeline.ingest.tables.header import unique
from pipeline.ingest.tables.table import (
    SAMPLE,
    BadRow,
    Row,
    Table,
    excerpt_of,
    is_garbled,
    plain,
)

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

#: Rows fetched at a time.
_BATCH = 1_000
_MODULUS = 1 << 256
#: Messages of databases that name what is missing or refused, and hold nothing of a row.
_TELLING = re.compile(
    r"^(?:no such (?:table|column|function): [\w.]+|near \"[^\"]*\": syntax error|"
    r"unable to open database file|file is not a database|database is locked|"
    r"(?:relation|column|schema|database|role) \"[\w.]+\" does not exist|"
    r"Table '[\w.]+' doesn't exist|Unknown (?:column|database) '[\w.]+'|"
    r"permission denied for [\w ]+)"
)
#: Packages that hold a driver of another name.
_PACKAGES = {
    "psycopg2": "psycopg2-binary",
    "psycopg": "psycopg[binary]",
    "MySQLdb": "mysqlclient",
    "pymysql": "PyMySQL",
    "cx_Oracle": "oracledb",
}


class RowDigest:
    """A digest over rows, the same in whatever order a query gives them.

    >>> one, two = RowDigest(), RowDigest()
    >>> one.add((1, "慢")); one.add((2, None)); two.add((2, None)); two.add((1, "慢"))
    >>> one.hexdigest() == two.hexdigest()
    True
    """

    def __init__(self) -> None:
        self.size = 0
        self._columns = ""
        self._sum = 0
        self._rows = 0

    def name(self, columns: Sequence[str]) -> None:
        """Take in the names of the columns."""
        self._columns = repr(tuple(columns))

    def add(self, values: Sequence[object]) -> None:
        """Take in one row."""
        content = repr(tuple(values)).encode("utf-8", "surrogatepass")
        self.size += len(content)
        self._rows += 1
        self._sum += int.from_bytes(hashlib.sha256(content).digest(), "big")
        self._sum %= _MODULUS

    def hexdigest(self) -> str:
        """Return the digest of all rows so far."""
        content = f"{self._columns}\x1f{self._rows}\x1f{self._sum}"
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def digest_query(url: str, query: str, name: str) -> RowDigest:
    """Run a query and return the digest of its rows, which are held a batch at a time."""
    digest = RowDigest()
    with _result(url, query, name) as (columns, rows):
        digest.name(columns)
        for values in rows:
            digest.add(values)
    return digest


def open_query(url: str, query: str, name: str, *, digest: RowDigest | None = None) -> Table:
    """Run a query as a table; ``digest`` takes in every row that the table's ``rows`` give.

    Raises `InputError` where the driver is missing, the database can't be reached or refuses the
    query, then or while rows are read.
    """
    stream = _rows(url, query, name, digest)
    columns = next(stream)
    if not isinstance(columns, tuple):
        raise TypeError("expected the names of the columns first")
    rows = (item for item in stream if not isinstance(item, tuple))
    first = list(itertools.islice(rows, SAMPLE))
    sample = tuple(row for row in first if isinstance(row, Row))
    return Table(name, "sql", columns, columns, sample, itertools.chain(first, rows))


def _rows(
    url: str, query: str, name: str, digest: RowDigest | None
) -> Iterator[tuple[str, ...] | Row | BadRow]:
    with _result(url, query, name) as (given, rows):
        columns = unique([" ".join(column.split()) for column in given])
        if digest is not None:
            digest.name(given)
        yield columns
        for number, values in enumerate(rows, 1):
            if digest is not None:
                digest.add(values)
            cells = tuple(map(plain, values))
            at = next((i for i, cell in enumerate(cells) if is_garbled(cell)), None)
            if at is None:
                yield Row(number, cells)
            else:
                reason = "bytes that are not utf-8; mend the row in the database"
                yield BadRow(number, reason, columns[at], excerpt_of(cells))


@contextmanager
def _result(
    url: str, query: str, name: str
) -> Iterator[tuple[Sequence[str], Iterator[Sequence[object]]]]:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    # 'from None' below: a chained error would carry what the database said into logs.
    target = _target(url, name)
    try:
        engine = create_engine(target, poolclass=NullPool, hide_parameters=True)
    except ImportError as exc:
        driver = exc.name or target.drivername
        raise InputError(
            f"{name}: expected the driver {driver!r} of {target.drivername}, found it missing; "
            f"install the package {_PACKAGES.get(driver, driver)}"
        ) from None
    except SQLAlchemyError:
        raise InputError(
            f"{name}: expected a database that SQLAlchemy knows, found {target.drivername!r}; "
            "mend the URL, or install the package that adds it"
        ) from None
    try:
        with engine.connect() as connection:
            _prepare(connection)
            try:
                result = connection.exec_driver_sql(
                    query.strip().rstrip(";"),
                    execution_options={
                        "stream_results": True,
                        "yield_per": _BATCH,
                        # Else a percent sign of the query is taken for a parameter.
                        "no_parameters": True,
                    },
                )
                yield list(result.keys()), (tuple(row) for row in result)
            finally:
                connection.rollback()
    except Exception as exc:
        # Drivers raise errors of their own beside SQLAlchemy's, a value that is no date for one.
        raise InputError(f"{name}: expected rows of the query, {_said(exc)}") from None
    finally:
        engine.dispose()


def _target(url: str, name: str) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        target = make_url(url)
    except (ArgumentError, ValueError):
        raise InputError(
            f"{name}: expected an SQLAlchemy URL such as postgresql+psycopg://user@host/database, "
            "found something else; mend it"
        ) from None
    file = target.database or ""
    if not target.drivername.startswith("sqlite") or file.startswith("file:"):
        return target
    if file in {"", ":memory:"}:
        raise InputError(f"{name}: expected a SQLite file in the URL, found none; name it there")
    path = Path(file).absolute()
    if not path.is_file():
        # SQLite would make an empty one.
        raise InputError(f"{name}: expected a SQLite file, found none of that name; mend the URL")
    query = {**target.query, "mode": "ro", "uri": "true"}
    return target.set(database=f"file:{quote(str(path))}", query=query)


def _prepare(connection: Connection) -> None:
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execution_options(postgresql_readonly=True)
    elif dialect == "sqlite":
        raw: Any = connection.connection.dbapi_connection
        # A row whose bytes are no text is at fault alone.
        raw.text_factory = lambda content: content.decode("utf-8", "surrogateescape")


def _said(exc: Exception) -> str:
    origin = getattr(exc, "orig", None) or exc
    telling = _TELLING.match(str(origin).strip().split("\n")[0])
    what = telling[0] if telling else type(origin).__name__
    cure = "mend 'query'" if telling else "try the query and the URL in the database's own client"
    return f"got: {what}; {cure}"
