"""A forgotten person is gone for good: from every table, from the bytes, from later runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline import job
from pipeline.cli import main
from pipeline.config import load_settings
from pipeline.errors import ConfigError, InputError, StoreError
from pipeline.store import publish
from pipeline.store.forget import Forgotten, forget_customer
from pipeline.store.removal import customer_digest
from tests import conftest
from tests.test_store_publish import FILE, RUN, bare, everything, part, put, rows, spoken

SECRET = "0123456789abcdef0123456789abcdef"
HERS = "柜台推诿扯皮，让我白跑四趟，APP叫zyxqwvut也没用"
#: Of her text: the whole, a run of pairs as the index would hold it, and a word of its own.
TRACES = (HERS.encode(), "推诿扯皮".encode(), b"zyxqwvut")

ANSWERS = f"""序号,提交时间,客户号,您的建议
1,{date.today() - timedelta(days=3)} 09:00:00,C001,{HERS}
2,{date.today() - timedelta(days=3)} 09:10:00,C002,大堂经理很热情，办得也快
3,{date.today() - timedelta(days=90)} 10:00:00,C001,打了三次电话都没人接，算了
4,{date.today() - timedelta(days=90)} 11:00:00,C003,手续费太贵了
"""


def traces(path: Path) -> list[bytes]:
    """Which of her words stand in the database or in its log, byte for byte."""
    beside = [one for one in path.parent.iterdir() if one.name.startswith(path.name)]
    assert path in beside
    found = b"".join(one.read_bytes() for one in beside)
    return [trace for trace in TRACES if trace in found]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "voc.db"


def two_people(path: Path) -> None:
    many = [spoken(f"o{n}", f"等了{n}个小时没人理", customer_key="k2") for n in range(50)]
    put(path, spoken("h1", HERS, customer_key="k1"), spoken("h2", customer_key="k1"), *many)


def test_every_table_forgets_and_others_keep_their_rows(path: Path) -> None:
    two_people(path)
    before = everything(path)
    found = forget_customer(path, "k1")
    after = everything(path)
    assert found.documents == 2
    kept_as_it_was = {"runs", "files", "data_dictionary", "forgotten", "forgotten_customers"}
    for name in set(before) - kept_as_it_was - {"index"}:
        assert after[name] == [row for row in before[name] if row[0] not in {"h1", "h2"}], name
    gone = sum(
        len(before[name]) - len(after[name])
        for name in set(before) - kept_as_it_was - {"index", "documents"}
    )
    assert found.rows == gone > 0
    numbers = {row[1] for row in after["documents"]}
    assert after["index"] == [row for row in before["index"] if row[1] in numbers]
    assert after["runs"] == before["runs"]


def test_no_byte_of_a_forgotten_text_remains(path: Path) -> None:
    two_people(path)
    put(path, spoken("h1", HERS + "！", customer_key="k1"), file=replace(FILE, path="b.csv"))
    assert traces(path)
    forget_customer(path, "k1")
    assert traces(path) == []
    # Others' words are still there to be found: the search for bytes can fail.
    assert "小时没人理".encode() in path.read_bytes()


def test_the_audit_row_says_when_and_how_many_and_never_whose(path: Path) -> None:
    two_people(path)
    forget_customer(path, "k1-of-a-person")
    forget_customer(path, "k1")
    assert rows(path, "SELECT run_id, what, source, documents FROM forgotten") == [
        (1, "customer", "", 0),
        (1, "customer", "", 2),
    ]
    assert b"k1-of-a-person" not in path.read_bytes()
    assert set(rows(path, "SELECT digest FROM forgotten_customers")) == {
        (customer_digest("k1-of-a-person"),),
        (customer_digest("k1"),),
    }


def test_findings_no_longer_name_the_documents(path: Path) -> None:
    two_people(path)
    with publish.writing(path) as connection:
        columns = [row[1:3] for row in connection.execute("PRAGMA table_info(findings)")]
        values = [
            '["o1", "h1", "h2"]' if name == "document_ids" else 1 if kind != "TEXT" else "[]"
            for name, kind in columns
        ]
        connection.execute(f"INSERT INTO findings VALUES ({', '.join('?' * len(values))})", values)
    forget_customer(path, "k1")
    assert rows(path, "SELECT document_ids FROM findings") == [('["o1"]',)]


def test_a_forgotten_customer_does_not_come_back(path: Path) -> None:
    two_people(path)
    forget_customer(path, "k1")
    put(path, spoken("h1", HERS, customer_key="k1"), spoken("h9", HERS, customer_key="k1"),
        bare("n"), file=replace(FILE, kept=3))  # fmt: skip
    assert rows(path, "SELECT id FROM documents WHERE customer_key = 'k1'") == []
    assert rows(path, "SELECT id FROM documents WHERE id = 'n'") == [("n",)]
    assert rows(path, "SELECT kept, withheld FROM files") == [(1, 2)]
    assert rows(path, "SELECT kept, withheld FROM report_summary") == [(1, 2)]
    assert traces(path) == []


def test_forgetting_waits_its_turn_and_leaves_a_run_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "BUSY_SECONDS", 0.05)
    two_people(path)
    with publish.publishing(path, RUN) as writer:
        writer.add_part(part(bare("n")), writer.add_file(FILE))
        with pytest.raises(StoreError, match="found another run publishing"):
            forget_customer(path, "k1")
    assert len(rows(path, "SELECT id FROM documents WHERE customer_key = 'k1'")) == 2


def test_a_reader_in_the_way_is_told_and_forgetting_again_ends_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "BUSY_SECONDS", 0.05)
    two_people(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM documents").fetchall()
        with pytest.raises(StoreError, match=r"the records are deleted, but .* forget again"):
            forget_customer(path, "k1")
    assert forget_customer(path, "k1") == Forgotten(0, 0)
    assert traces(path) == []


def test_nothing_is_made_where_there_is_no_database(path: Path) -> None:
    with pytest.raises(StoreError, match="expected a published database, found none"):
        forget_customer(path, "k1")
    assert list(path.parent.iterdir()) == []


def retained(path: Path, *pairs: Any, oldest: str, run: publish.RunRecord = RUN) -> int:
    with publish.publishing(path, run) as writer:
        deleted = writer.retain("desk", oldest)
        if pairs:
            file_id = writer.add_file(replace(FILE, kept=len(pairs)))
            writer.add_part(part(*pairs), file_id)
            writer.end_file(file_id)
    return deleted


def aged(identity: str, day: int, **changes: Any) -> Any:
    return spoken(identity, HERS, occurred_at=datetime(2026, 8, day, 9), **changes)


def test_documents_past_their_age_are_deleted_with_an_audit_row(path: Path) -> None:
    put(path, aged("a", 1), aged("b", 9), aged("c", 10), aged("other", 1, source="calls"))
    assert retained(path, oldest="2026-08-10") == 2
    assert rows(path, "SELECT id FROM documents ORDER BY 1") == [("c",), ("other",)]
    assert rows(path, "SELECT run_id, what, source, documents FROM forgotten") == [
        (2, "retention", "desk", 2)
    ]
    assert publish.published_files(path) == {("desk", "desk.csv"): "aa"}
    assert retained(path, oldest="2026-08-10") == 0
    assert rows(path, "SELECT count(*) FROM forgotten") == [(1,)]


def test_no_byte_of_an_aged_text_remains(path: Path) -> None:
    put(path, aged("a", 1), *(bare(f"o{n}", f"等了{n}个小时") for n in range(50)))
    assert traces(path)
    retained(path, oldest="2026-08-10")
    assert traces(path) == []


def test_an_undated_document_is_as_old_as_the_run_that_last_read_it(path: Path) -> None:
    put(path, bare("a"), bare("b"))
    later = replace(RUN, started_at="2026-09-20T02:00:00")
    assert retained(path, oldest="2026-09-01", run=later) == 0
    assert retained(path, oldest="2026-09-02", run=later) == 2


def test_a_record_that_arrives_past_its_age_is_not_stored(path: Path) -> None:
    assert retained(path, aged("a", 1), aged("b", 10), bare("n"), oldest="2026-08-10") == 0
    assert rows(path, "SELECT id FROM documents ORDER BY 1") == [("b",), ("n",)]
    assert rows(path, "SELECT kept, withheld FROM files") == [(2, 1)]
    assert rows(path, "SELECT count(*) FROM forgotten") == [(0,)]


def forget(config: Path, customer: str, **more: Any) -> Any:
    return CliRunner().invoke(main, ["forget", "--config", str(config), "--customer", customer],
                              **more)  # fmt: skip


@pytest.mark.usefixtures("loaded_once")
def test_voc_forget_deletes_prints_counts_only_and_holds_against_again(
    small: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOC_CUSTOMER_KEY", SECRET)
    config = small(ANSWERS)
    settings = load_settings(config)
    assert job.run(settings).documents == 4
    database, report = settings.output.database, settings.output.report
    result = forget(config, "-", input=" c001\n")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("2 documents and ")
    assert "c001" not in result.output.lower()
    assert traces(database) == []
    assert HERS not in report.read_text(encoding="utf-8")
    again = job.run(settings, again=True)
    assert (again.documents, again.kept, again.withheld) == (2, 2, 2)
    assert again.rows_read == again.kept + again.withheld
    assert traces(database) == []
    # Counts of the run before stay as they were published.
    assert rows(database, "SELECT documents FROM runs") == [(4,), (2,)]
    unknown = forget(config, "C999")
    assert unknown.exit_code == 0
    assert "no record had this customer" in unknown.stderr


@pytest.mark.usefixtures("loaded_once")
def test_voc_forget_without_a_key_says_that_none_is_stored(
    small: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VOC_CUSTOMER_KEY", raising=False)
    config = small(ANSWERS)
    result = forget(config, "C001")
    assert result.exit_code == 1
    assert "no customer keys are stored" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    monkeypatch.setenv("VOC_CUSTOMER_KEY", SECRET)
    with pytest.raises(InputError, match="found an empty one"):
        job.forget(load_settings(config), "  ")


@pytest.mark.usefixtures("loaded_once")
def test_keep_days_deletes_at_each_run_and_reads_nothing_again(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(ANSWERS, encoding="utf-8")
    source = {"name": "answers", "kind": "survey", "path": "answers.csv"}
    settings = load_settings(conftest.write_config(tmp_path, source))
    assert job.run(settings).documents == 4
    keeping = load_settings(conftest.write_config(tmp_path, {**source, "keep_days": 30}))
    second = job.run(keeping)
    assert (second.skipped, second.aged_out, second.documents) == (1, 2, 2)
    third = job.run(keeping)
    assert (third.skipped, third.aged_out, third.documents) == (1, 0, 2)
    # The aggregates of the run are those of what is left.
    [(counted,)] = rows(
        keeping.output.database,
        "SELECT documents FROM report_silence WHERE period_type = 'all' AND topic = '*'"
        " AND channel = '*' AND dimension = '*'",
    )
    assert counted == 2


def test_keep_days_is_at_least_one(tmp_path: Path) -> None:
    source = {"name": "a", "kind": "survey", "path": "a.csv", "keep_days": 0}
    with pytest.raises(ConfigError, match=r"sources\.0\.keep_days: .* got 0"):
        load_settings(conftest.write_config(tmp_path, source))
