"""Sources that are a SQL query: records, what changed, what is refused, and what stays untold."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from pipeline import job
from pipeline.cli import main
from pipeline.config import SourceSettings, load_settings
from pipeline.errors import ConfigError, InputError
from pipeline.ingest import list_files, read_file
from pipeline.ingest.tables import BadRow, Row, open_query
from pipeline.records import Quarantined, Verbatim
from tests.conftest import rows, write_config

TICKETS = [
    ("T1", "2026-09-03 10:00:00", "客户反映网点排队太久，没人维持秩序", "城东支行", "C1"),
    ("T2", "2026-09-04 11:30:00", "来电人表示理财到期没有提醒，要求解释", "城西支行", "C2"),
    ("T3", "2026-09-05 09:15:00", "客户称手机银行一直闪退，打13800138000没人接", "城东支行", "C3"),
]
QUERY = (
    "SELECT no AS 工单编号, at AS 受理时间, said AS 投诉内容, branch AS 网点, who AS 客户号"
    " FROM tickets WHERE said NOT LIKE '%测试%'"
)


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    path = tmp_path / "crm.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE tickets (no TEXT, at TEXT, said TEXT, branch TEXT, who)")
        connection.executemany("INSERT INTO tickets VALUES (?, ?, ?, ?, ?)", TICKETS)
    return path


def _source(path: Path, query: str = QUERY, **more: Any) -> SourceSettings:
    return SourceSettings.model_validate(
        {"name": "crm", "kind": "complaint", "query": query, "url": f"sqlite:///{path}", **more}
    )


def _read(source: SourceSettings) -> list[Verbatim | Quarantined]:
    [file] = list_files(source)
    return list(read_file(file, source, timezone="Asia/Shanghai"))


def _change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def test_a_row_of_a_query_is_a_record(crm: Path) -> None:
    first, *_ = _read(_source(crm))
    assert isinstance(first, Verbatim)
    assert (first.external_id, first.text, first.attributes, first.customer_id) == (
        "T1",
        "客户反映网点排队太久，没人维持秩序",
        {"branch": "城东支行"},
        "C1",
    )
    assert first.occurred_at is not None
    assert (first.file, first.row) == ("sql:crm", 1)


def test_the_url_may_stand_in_the_environment(crm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _source(crm, url="", url_env="CRM_URL")
    monkeypatch.setenv("CRM_URL", f"sqlite:///{crm}")
    assert len(_read(source)) == 3
    monkeypatch.delenv("CRM_URL")
    with pytest.raises(ConfigError, match="CRM_URL, found none"):
        list_files(source)


def test_a_query_gives_the_same_digest_in_any_order(crm: Path) -> None:
    [one] = list_files(_source(crm))
    [other] = list_files(_source(crm, f"{QUERY} ORDER BY no DESC"))
    assert (one.sha256, one.path) == (other.sha256, Path("sql:crm"))
    _change(crm, "UPDATE tickets SET said = ? WHERE no = 'T1'", "已经解决")
    assert list_files(_source(crm))[0].sha256 != one.sha256


def test_what_changes_between_listing_and_reading_is_recorded_as_read(crm: Path) -> None:
    source = _source(crm)
    [listed] = list_files(source)
    _change(crm, "DELETE FROM tickets WHERE no = 'T3'")
    seen = [listed]
    records = list(read_file(listed, source, timezone="Asia/Shanghai", on_end=seen.append))
    assert len(records) == 2
    assert seen[-1] == list_files(source)[0] != listed


def test_a_run_skips_what_did_not_change_and_replaces_what_did(
    crm: Path, tmp_path: Path, loaded_once: None
) -> None:
    config = write_config(
        tmp_path, {"name": "crm", "kind": "complaint", "query": QUERY, "url": "sqlite:///crm.db"}
    )
    settings = load_settings(config)
    database = settings.output.database
    assert job.run(settings).documents == 3
    again = job.run(settings)
    assert (again.files, again.skipped, again.documents) == (0, 1, 3)
    _change(crm, "DELETE FROM tickets WHERE no = 'T2'")
    _change(crm, "UPDATE tickets SET said = '柜台换零钱要等一个小时' WHERE no = 'T1'")
    assert job.run(settings).documents == 2
    found = rows(database, "SELECT external_id, text FROM documents ORDER BY external_id")
    assert [row["external_id"] for row in found] == ["T1", "T3"]
    assert found[0]["text"] == "柜台换零钱要等一个小时"
    assert "13800138000" not in str(found)
    assert [row["path"] for row in rows(database, "SELECT path FROM files")] == ["sql:crm"]
    _change(crm, "DELETE FROM tickets")
    assert job.run(settings).documents == 0


def test_nothing_is_written(crm: Path) -> None:
    before = crm.read_bytes()
    _read(_source(crm))
    assert crm.read_bytes() == before
    # Even where the words of a query deceive, SQLite is opened for reading alone.
    with pytest.raises(InputError):
        list(open_query(f"sqlite:///{crm}", "DELETE FROM tickets", "sql:crm").rows)
    assert crm.read_bytes() == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"path": "a.csv"}, "sources.0: expected either path or query, found both"),
        ({"query": ""}, "sources.0: expected either path or query, found neither"),
        ({"url": ""}, "expected either url or url_env beside query, found neither"),
        ({"url_env": "X"}, "expected either url or url_env beside query, found both"),
        ({"query": "", "path": "a.csv"}, "expected a query beside url or url_env, found none"),
        ({"query": "DELETE FROM tickets"}, "query: expected one SELECT, found DELETE"),
        ({"query": "SELECT 1; DROP TABLE x"}, "expected one SELECT, found a second statement"),
        ({"query": "SELECT * INTO b FROM a"}, "expected one SELECT, found INTO"),
        ({"sheet": "S"}, "sheet: expected none beside query"),
        ({"url": {"secret": "pw"}}, "sources.0.url: Input should be a valid string"),
    ],
)
def test_a_source_is_a_path_or_a_query(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    source = {"name": "crm", "kind": "complaint", "query": "SELECT 1", "url": "sqlite:///x", **more}
    with pytest.raises(ConfigError) as caught:
        load_settings(write_config(tmp_path, source))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "query", "message"),
    [
        ("{crm}", "SELECT * FROM ticket", "no such table: ticket; mend 'query'"),
        ("{crm}", "SELECT nosuch FROM tickets", "no such column: nosuch; mend 'query'"),
        ("{crm}", "SELECT FROM tickets", "syntax error; mend 'query'"),
        ("{crm}", "SELECT abs(-9223372036854775808), said FROM tickets", "OperationalError"),
        ("sqlite:///{tmp}/none.db", "SELECT 1", "expected a SQLite file, found none"),
        ("sqlite://", "SELECT 1", "expected a SQLite file in the URL, found none"),
        ("nosuch://u:pw@h/d", "SELECT 1", "expected a database that SQLAlchemy knows"),
        ("not a url pw", "SELECT 1", "expected an SQLAlchemy URL such as"),
        ("postgresql+psycopg2://u:pw@h/d", "SELECT 1", "install the package psycopg2-binary"),
        ("mysql+pymysql://u:pw@h/d", "SELECT 1", "install the package PyMySQL"),
    ],
)
def test_what_fails_is_one_line_without_rows_or_password(
    crm: Path, tmp_path: Path, url: str, query: str, message: str
) -> None:
    source = _source(
        crm, query, url=url.replace("{crm}", f"sqlite:///{crm}").replace("{tmp}", str(tmp_path))
    )
    with pytest.raises(InputError) as caught:
        list_files(source)
    assert message in str(caught.value)
    assert str(caught.value).startswith("sql:crm: expected")
    assert "\n" not in str(caught.value)
    assert "pw" not in str(caught.value)
    # Nor in the errors behind it, which logs show.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert not (tmp_path / "none.db").exists()


def test_an_error_while_rows_are_read_is_one_line(crm: Path) -> None:
    query = (
        "SELECT said AS 内容, CASE no WHEN 'T3' THEN abs(-9223372036854775807 - 1) END FROM tickets"
    )
    with pytest.raises(InputError, match="sql:crm: expected rows") as caught:
        _read(_source(crm, query))
    assert "overflow" not in str(caught.value)


def test_the_password_is_in_nothing_that_is_kept_or_said(crm: Path, tmp_path: Path) -> None:
    source = _source(crm, url="postgresql://u:pw-secret@h/d")
    assert "pw-secret" not in repr(source)
    assert "pw-secret" not in str(source.model_dump(mode="json"))
    one = {"name": "crm", "kind": "complaint", "query": QUERY, "url": f"sqlite:///{crm}"}
    digest = load_settings(write_config(tmp_path, one)).digest()
    other = {**one, "url": "postgresql://u:pw-secret@h/d"}
    assert load_settings(write_config(tmp_path, other)).digest() == digest


def test_bytes_that_are_no_text_cost_one_row(crm: Path) -> None:
    _change(crm, "INSERT INTO tickets (no, said) VALUES ('T4', CAST(x'C5C5B6D3' AS TEXT))")
    *_, bad = _read(_source(crm))
    assert isinstance(bad, Quarantined)
    assert (bad.row, bad.column, bad.excerpt[:4]) == (4, "投诉内容", "T4 |")


def test_columns_of_one_name_are_told_apart_and_a_percent_sign_is_one(crm: Path) -> None:
    table = open_query(
        f"sqlite:///{crm}", "SELECT no, no, '100%s :x' AS 内容, 1.5, x'E5A5BD' FROM tickets;", "q"
    )
    assert table.columns[:3] == ("no", "no (2)", "内容")
    assert next(table.rows) == Row(1, ("T1", "T1", "100%s :x", 1.5, "好"))


def test_rows_are_held_a_batch_at_a_time(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "big.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER, 内容 TEXT)")
        connection.executemany(
            "INSERT INTO t VALUES (?, ?)", ((i, f"第{i}个窗口排队太久") for i in range(50_000))
        )
    tracemalloc.start()
    table = open_query(f"sqlite:///{path}", "SELECT * FROM t", "q")
    count = sum(not isinstance(row, BadRow) for row in table.rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 50_000
    assert peak < 20_000_000


def test_a_survey_in_a_database_keeps_its_questions(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('CREATE TABLE s (答卷编号, "您的总体满意度", "您有什么建议？")')
        connection.executemany(
            "INSERT INTO s VALUES (?, ?, ?)",
            [("A1", 5, "希望多开窗口"), ("A2", 2, "排队太久了"), ("A3", 4, "无")],
        )
    source = SourceSettings.model_validate(
        {"name": "s", "kind": "survey", "query": "SELECT * FROM s", "url": f"sqlite:///{path}"}
    )
    first, *_ = _read(source)
    assert isinstance(first, Verbatim)
    assert (first.question, first.scores) == ("您有什么建议？", {"csat": 5.0})


@pytest.fixture
def config(crm: Path, tmp_path: Path) -> Path:
    return write_config(
        tmp_path,
        {"name": "crm", "kind": "complaint", "query": QUERY, "url": "sqlite:///crm.db"},
        {"name": "file", "kind": "complaint", "path": "a.csv", "columns": {"text": "备注"}},
    )


def test_a_configured_source_is_inspected(config: Path, tmp_path: Path) -> None:
    def inspect(*words: str) -> Result:
        return CliRunner().invoke(main, ["inspect", "--config", str(config), *words])

    result = inspect("--source", "crm")
    assert result.exit_code == 0
    assert "sql:crm" in result.output
    assert "text: 投诉内容: name known for text" in result.output
    assert "13800138000" not in result.output
    assert "crm.db" not in result.output
    (tmp_path / "a.csv").write_text("编号,内容,备注\n1,x,排队太久了\n", encoding="utf-8")
    assert "text: 备注: configured" in inspect("--source", "file").output
    result = inspect("--source", "crm", "--config-snippet")
    [source] = yaml.safe_load(result.output)["sources"]
    assert (source["query"], source["columns"]["id"]) == (QUERY, "工单编号")
    assert "url" not in source
    assert "did you mean 'crm'" in inspect("--source", "crn").output
    assert inspect("--source", "crm", str(tmp_path / "a.csv")).exit_code == 2
    assert inspect().exit_code == 2
