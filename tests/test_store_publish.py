"""One transaction a run: readers see the last whole run or the new one, whatever happens."""

import json
import multiprocessing
import os
import signal
import sqlite3
import stat
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.records import (
    Clause,
    ClauseReading,
    Document,
    DocumentTurn,
    Quarantined,
    Reading,
    Signal,
    TopicOpinion,
)
from pipeline.store import publish
from pipeline.store.migrations import MIGRATIONS
from pipeline.store.parts import part_of, read_part, write_part
from pipeline.store.tables import CHILDREN, TABLES, table

RUN = publish.RunRecord(
    "2026-09-01T02:00:00", "manual", "客户之声", "c", "l", "t", "m", "0", "jieba"
)
FILE = publish.FileRecord("desk", "desk.csv", "aa", 3, 2, 1, 0)


def spoken(identity, text="態度差，没人管", *, simplified=None, **changes):
    """One transcript with everything a document can have."""
    document = Document(
        id=identity,
        source="desk",
        kind="transcript",
        channel="hotline",
        external_id=f"X{identity}",
        text=text,
        simplified=simplified or text.replace("態", "态"),
        turns=(DocumentTurn(1, "customer", "inferred", 0.8, 0, len(text), 10, 900),),
        question="为什么",
        occurred_at=datetime(2026, 8, 31, 9, 30),
        customer_key="k1",
        scores={"nps": 3.0, "csat": 2.0},
        attributes={"product": "信用卡", "branch": "城东支行"},
        masks={"name": 2, "mobile": 1},
        flag="template",
        asr_dropped=2,
        row=7,
    )
    clause = Clause(identity, 1, 0, 3, text[:3])
    reading = Reading(
        document_id=identity,
        sentiment="mixed",
        sentiment_score=-0.4,
        topics={"service": "negative"},
        complaint=False,
        complaint_score=0.2,
        dissatisfied=True,
        dissatisfaction_score=0.9,
        leaving=True,
        signals=(
            Signal("unresolved", 0, 3, text[:3], 0.7, "rule_7"),
            Signal("resignation", 4, 6, text[4:6], 0.6),
        ),
        clauses=(
            ClauseReading(
                clause, "negative", -0.8, (TopicOpinion("service", "attitude", "negative", -0.8),)
            ),
        ),
        satisfaction=-1.0,
    )
    return replace(document, **changes), reading


def bare(identity, text="还行"):
    """A survey answer with nothing beside it, read as neutral."""
    document = Document(identity, "desk", "survey", "survey", "", text, text)
    return document, Reading(identity, "neutral", 0.0, {}, False, 0.0, False, 0.0, False)


def part(*pairs):
    documents, readings = zip(*pairs, strict=True) if pairs else ((), ())
    return part_of(documents, readings)


def put(path, *pairs, file=FILE, quarantined=()):
    """Publish a run of one file."""
    with publish.publishing(path, RUN) as writer:
        file_id = writer.add_file(file, quarantined)
        writer.add_part(part(*pairs), file_id)
        writer.end_file(file_id)
    return writer.run_id


def rows(path, sql, *values):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()


def everything(path, *, without=()):
    """Every row of every table and of the index, the named columns left out."""
    dump = {}
    with closing(sqlite3.connect(path)) as connection:
        for one in TABLES:
            names = [f'"{c.name}"' for c in one.columns if c.name not in without]
            dump[one.name] = connection.execute(
                f"SELECT {', '.join(names)} FROM {one.name}"
            ).fetchall()
        connection.execute(
            "CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, documents_fts, instance)"
        )
        dump["index"] = connection.execute("SELECT * FROM words ORDER BY 1, 3, 4").fetchall()
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return dump


@pytest.fixture
def path(tmp_path):
    return tmp_path / "voc.db"


def test_a_part_comes_back_from_its_files_as_it_was(tmp_path):
    whole = part(spoken("a"), bare("b"))
    assert read_part(write_part(whole, tmp_path, "1")) == whole
    empty = part()
    assert read_part(write_part(empty, tmp_path, "2")) == empty


def test_a_part_is_for_its_owner_only_and_leaves_no_draft(tmp_path):
    folder = write_part(part(spoken("a")), tmp_path, "1")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert [one.name for one in tmp_path.iterdir()] == ["1"]


def test_a_damaged_part_is_one_clear_error(tmp_path):
    folder = write_part(part(bare("a")), tmp_path, "1")
    (folder / "documents.parquet").write_bytes(b"PAR1 no PAR1")
    with pytest.raises(StoreError, match=r"documents.parquet: expected a part of the run"):
        read_part(folder)


def test_every_column_of_a_document_and_its_reading_is_stored(path):
    run = put(path, spoken("a"))
    stored = everything(path)
    assert stored["documents"] == [
        ("a", 1, "desk", "transcript", "hotline", "Xa", "为什么", "態度差，没人管",
         "态度差，没人管", "2026-08-31T09:30:00", "2026-08-31", "k1", 0, "template", 2, None,
             1, 1, 7, run)
    ]  # fmt: skip
    assert stored["readings"] == [("a", "mixed", -0.4, 1, 0.9, 0, 0.2, 1, 1, -1.0)]
    assert sorted(stored["document_attributes"]) == [
        ("a", "branch", "城东支行"),
        ("a", "product", "信用卡"),
    ]
    assert sorted(stored["document_scores"]) == [("a", "csat", 2.0), ("a", "nps", 3.0)]
    assert sorted(stored["document_masks"]) == [("a", "mobile", 1), ("a", "name", 2)]
    assert stored["turns"] == [("a", 1, "customer", "inferred", 0.8, 0, 7, 10, 900, 0)]
    assert stored["document_topics"] == [("a", "service", "negative")]
    assert stored["clauses"] == [("a", 1, 0, 3, "negative", -0.8)]
    assert stored["clause_topics"] == [("a", 1, "service", "attitude", "negative", -0.8)]
    assert stored["signals"] == [
        ("a", 1, "unresolved", 0, 3, 0.7, "rule_7", 1),
        ("a", 2, "resignation", 4, 6, 0.6, "model", None),
    ]


def test_what_is_not_known_is_null(path):
    put(path, bare("b"))
    query = "SELECT simplified, occurred_at, period_day, customer_key FROM documents"
    assert rows(path, query) == [(None, None, None, None)]
    assert rows(path, "SELECT satisfaction FROM readings") == [(None,)]


def test_publishing_again_replaces_a_document_with_its_children_and_index_rows(path):
    put(path, spoken("a"), bare("b"))
    put(path, bare("a", "排队久"), bare("b"))
    stored = everything(path)
    assert {row[0]: row[7] for row in stored["documents"]} == {"a": "排队久", "b": "还行"}
    assert sorted(row[0] for row in stored["readings"]) == ["a", "b"]
    for name in set(CHILDREN) - {"readings"}:
        assert stored[name] == [], name
    assert {row[0] for row in stored["index"]} == {"排队", "队久", "久", "还行", "行"}


def test_records_with_one_id_count_as_duplicates_and_the_last_stands(path):
    with publish.publishing(path, RUN) as writer:
        first = writer.add_file(replace(FILE, duplicates=1))
        writer.add_part(part(bare("a", "一"), bare("b")), first)
        writer.add_part(part(bare("a", "二")), first)
        second = writer.add_file(replace(FILE, path="other.csv"))
        writer.add_part(part(bare("a", "三")), second)
    assert rows(path, "SELECT path, duplicates FROM files") == [("desk.csv", 2), ("other.csv", 1)]
    assert rows(path, "SELECT duplicates, documents FROM runs") == [(3, 2)]
    assert rows(path, "SELECT text, file_id FROM documents WHERE id = 'a'") == [("三", second)]


def test_unreadable_rows_are_kept_until_their_file_is_read_again(path):
    bad = [
        Quarantined("desk.csv", 3, "时间", "not a time", "昨天"),
        Quarantined("desk.csv", 0, "", "x"),
    ]
    run = put(path, bare("a"), quarantined=bad)
    assert rows(
        path, 'SELECT file, "row", "column", reason, excerpt, run_id FROM report_quarantine'
    ) == [
        ("desk.csv", 3, "时间", "not a time", "昨天", run),
        ("desk.csv", 0, "", "x", "", run),
    ]
    put(path, bare("a"), file=replace(FILE, path="other.csv"))
    assert len(rows(path, "SELECT 1 FROM quarantine")) == 2
    put(path, bare("a"))
    assert rows(path, "SELECT * FROM quarantine") == []


def test_a_changed_file_drops_the_records_it_no_longer_holds(path):
    put(path, spoken("a"), bare("b"))
    put(path, bare("b"), file=replace(FILE, sha256="bb"))
    stored = everything(path)
    assert [row[0] for row in stored["documents"]] == ["b"]
    assert stored["signals"] == []
    assert {row[0] for row in stored["index"]} == {"还行", "行"}


def test_a_dropped_record_has_the_skipped_files_of_its_source_read_again(path):
    other = replace(FILE, path="other.csv", sha256="bb")
    foreign = replace(FILE, source="calls", sha256="cc")
    put(path, bare("x"), file=foreign)
    put(path, bare("a"), file=other)
    put(path, bare("a"), bare("b"))
    with publish.publishing(path, RUN) as writer:
        again = writer.add_file(replace(FILE, path="third.csv", sha256="dd"))
        file_id = writer.add_file(replace(FILE, sha256="ee"))
        writer.add_part(part(bare("b")), file_id)
        assert writer.end_file(file_id) == 1
        writer.end_file(again)
    assert publish.published_files(path) == {
        ("calls", "desk.csv"): "cc",
        ("desk", "other.csv"): "",
        ("desk", "third.csv"): "dd",
        ("desk", "desk.csv"): "ee",
    }


def test_totals_count_the_files_of_the_run_and_the_documents_held(path):
    put(
        path,
        spoken("a"),
        spoken("b", no_content=True),
        file=replace(FILE, rows_read=2, kept=2, quarantined=0),
    )
    complaint, reading = spoken("c")
    put(path, (complaint, replace(reading, complaint=True, leaving=False)), bare("d"),
        file=replace(FILE, path="other.csv", rows_read=3, kept=2, quarantined=1))  # fmt: skip
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        found = dict(connection.execute("SELECT * FROM report_summary").fetchone())
    assert {name: found[name] for name in ("rows_read", "kept", "quarantined", "duplicates")} == {
        "rows_read": 3, "kept": 2, "quarantined": 1, "duplicates": 0}  # fmt: skip
    held = ("masked", "no_content", "documents", "dissatisfied", "silent", "complaints", "leaving")
    assert [found[name] for name in held] == [9, 1, 3, 2, 1, 1, 1]
    assert found["started_at"] == RUN.started_at
    assert found["finished_at"] > "2026"


def test_the_same_input_in_two_fresh_databases_gives_the_same_rows(tmp_path):
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    for path in (one, other):
        put(path, spoken("b"), bare("a"))
        put(path, bare("c"), file=replace(FILE, path="other.csv"))
    assert everything(one, without=("finished_at",)) == everything(other, without=("finished_at",))


def test_publishing_the_same_twice_gives_the_same_rows(path):
    pairs = [spoken("b"), bare("a"), spoken("c", text="跑了三趟没办成")]
    put(path, *pairs, quarantined=[Quarantined("desk.csv", 3, "", "x")])
    ignored = ("run_id", "finished_at")
    before = everything(path, without=ignored)
    put(path, *pairs, quarantined=[Quarantined("desk.csv", 3, "", "x")])
    after = everything(path, without=ignored)
    # An id that counts rows is of no meaning to anybody.
    for dump in (before, after):
        dump["quarantine"] = [row[1:] for row in dump["quarantine"]]
        dump["runs"] = [row[1:] for row in dump["runs"]]
    assert after["runs"] == before["runs"] * 2
    assert {**after, "runs": 0} == {**before, "runs": 0}


def _watch(path, stop, seen):
    found = set()
    while True:
        last = stop.is_set()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("BEGIN")
            run = connection.execute("SELECT max(id), documents FROM report_summary").fetchone()
            texts = connection.execute(
                "SELECT min(text), max(text), count(*) FROM report_documents"
            )
            found.add((*run, *texts.fetchone()))
        if last:
            break
    seen.put(found)


def test_a_reader_never_sees_half_a_run(path):
    generations = ["甲", "乙", "丙", "丁"]
    put(path, *(bare(str(i), "甲") for i in range(200)))
    context = multiprocessing.get_context("fork")
    stop, seen = context.Event(), context.Queue()
    reader = context.Process(target=_watch, args=(path, stop, seen))
    reader.start()
    for text in generations[1:]:
        with publish.publishing(path, RUN) as writer:
            file_id = writer.add_file(FILE)
            for start in range(0, 200, 50):
                writer.add_part(
                    part(*(bare(str(i), text) for i in range(start, start + 50))), file_id
                )
                time.sleep(0.02)
    stop.set()
    found = seen.get(timeout=20)
    reader.join(20)
    whole = {(n, 200, text, text, 200) for n, text in enumerate(generations, start=1)}
    assert found <= whole
    assert (4, 200, "丁", "丁", 200) in found
    assert len(found) > 1


def test_an_error_within_a_run_leaves_the_former_one(path):
    put(path, spoken("a"))
    before = everything(path)

    def fail():
        with publish.publishing(path, RUN) as writer:
            writer.add_part(part(bare("a"), bare("b")), writer.add_file(FILE))
            raise RuntimeError("aggregation failed")

    with pytest.raises(RuntimeError, match="aggregation failed"):
        fail()
    assert everything(path) == before


def _publish_and_hang(path, ready):
    with publish.publishing(path, RUN) as writer:
        file_id = writer.add_file(FILE)
        # A cache this small writes pages to the log long before the commit.
        writer.connection.execute("PRAGMA cache_size = 5")
        for start in range(0, 2000, 500):
            writer.add_part(part(*(bare(str(i), "乙") for i in range(start, start + 500))), file_id)
        ready.set()
        time.sleep(60)


def test_a_run_killed_while_publishing_leaves_the_former_one_and_the_next_succeeds(path):
    put(path, *(bare(str(i), "甲") for i in range(100)))
    before = everything(path)
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    victim = context.Process(target=_publish_and_hang, args=(path, ready))
    victim.start()
    assert ready.wait(20)
    assert Path(f"{path}-wal").stat().st_size > 100_000
    os.kill(victim.pid, signal.SIGKILL)
    victim.join(20)
    assert everything(path) == before
    put(path, *(bare(str(i), "丙") for i in range(100)))
    assert rows(path, "SELECT DISTINCT text FROM documents") == [("丙",)]
    assert rows(path, "SELECT id FROM report_summary") == [(2,)]


def refused(path):
    """The one line with which publishing refuses."""
    with pytest.raises(StoreError) as caught:
        put(path, bare("a"))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: expected")
    return str(caught.value)


def test_a_second_writer_is_told_to_wait(path, monkeypatch):
    monkeypatch.setattr(publish, "BUSY_SECONDS", 0.05)
    with publish.publishing(path, RUN) as writer:
        writer.add_part(part(bare("a")), writer.add_file(FILE))
        assert "found another run publishing; try again" in refused(path)
    assert rows(path, "SELECT count(*) FROM runs") == [(1,)]


def test_a_reader_in_the_way_does_not_fail_the_run(path, monkeypatch):
    monkeypatch.setattr(publish, "BUSY_SECONDS", 0.05)
    put(path, bare("a", "甲"))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT text FROM report_documents").fetchall() == [("甲",)]
        put(path, bare("a", "乙"))
        assert reader.execute("SELECT text FROM report_documents").fetchall() == [("甲",)]
    assert rows(path, "SELECT text FROM report_documents") == [("乙",)]


def test_a_file_that_is_no_database_stays_as_it_is(path):
    path.write_text("客户,反馈\n" * 200)
    before = path.read_bytes()
    assert "expected a SQLite database" in refused(path)
    assert path.read_bytes() == before
    with pytest.raises(StoreError, match="expected a SQLite database"):
        publish.published_files(path)


def test_a_newer_database_stays_as_it_is(path):
    put(path, bare("a"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()
    assert "written by a newer voc" in refused(path)
    assert path.read_bytes() == before


def test_a_foreign_database_stays_as_it_is(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (id)")
    before = path.read_bytes()
    assert "found one of another program (table 'orders')" in refused(path)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["voc.db"]


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no mode there")
def test_a_read_only_folder_is_one_clear_error():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:  # Root may write anywhere: be nobody for a moment.
            os.seteuid(65534)
        try:
            assert "set output.database" in refused(folder / "voc.db")
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_a_folder_in_place_of_the_database_is_one_clear_error(path):
    path.mkdir()
    assert "set output.database" in refused(path)


def test_the_database_is_for_its_owner_only(path):
    with publish.publishing(path, RUN) as writer:
        writer.add_part(part(bare("a")), writer.add_file(FILE))
        modes = {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_published_files_are_those_of_the_last_whole_run(path):
    assert publish.published_files(path) == {}
    put(path, bare("a"))
    assert publish.published_files(path) == {("desk", "desk.csv"): "aa"}


def test_old_runs_keep_their_aggregates(path):
    put(path, bare("a"))
    names = [f'"{column.name}"' for column in table("findings").columns]
    values = [1, 1, *("x" for _ in names[2:])]
    for i, column in enumerate(table("findings").columns):
        if column.type != "TEXT" and i > 1:
            values[i] = 0
    with publish.publishing(path, RUN) as writer:
        writer.connection.execute(
            f"INSERT INTO findings ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            values,
        )
    assert rows(path, "SELECT run_id FROM findings") == [(1,)]
    assert rows(path, "SELECT * FROM report_findings") == []
    assert json.dumps(rows(path, "SELECT id FROM runs")) == "[[1], [2]]"
