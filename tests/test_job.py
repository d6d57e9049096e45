"""The main job on the shipped samples and on small inputs: what it publishes, and what never."""

from __future__ import annotations

import csv
import logging
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline import job
from pipeline.cli import main
from pipeline.config import Settings, load_settings
from pipeline.errors import ConfigError, InputError, QuarantineLimitError, VocError
from pipeline.store.tables import PER_RUN
from tests.conftest import SAMPLES, Published, copy_samples, dump, rows, write_config

pytestmark = pytest.mark.usefixtures("loaded_once")

TABLES_WITH_ROWS = (
    "files",
    "documents",
    "document_attributes",
    "document_scores",
    "document_masks",
    "turns",
    "readings",
    "document_topics",
    "clauses",
    "clause_topics",
    "signals",
    "silence",
    "silence_signals",
    "findings",
    "data_dictionary",
    "documents_fts",
)

ANSWERS = """序号,提交时间,网点,您的建议
1,2026-09-01 09:00:00,云桥支行,排队两个小时，以后再也不来了
2,2026-09-01 09:10:00,东湖支行,大堂经理很热情，办得也快
3,2026-09-02 10:00:00,云桥支行,无
4,2026-09-03 11:00:00,云桥支行,打了三次电话都没人接，算了
5,2026-09-03 11:00:00,东湖支行,手续费太贵了，我要投诉，请给我退款
"""


def with_run(settings: Settings, **more: Any) -> Settings:
    return settings.model_copy(update={"run": settings.run.model_copy(update=more)})


def sample_rows() -> int:
    """Count the records in the samples by other means than the readers."""
    with (SAMPLES / "bank" / "survey.csv").open(encoding="gb18030", newline="") as stream:
        answers = sum(
            bool(cell.strip()) for row in list(csv.reader(stream))[1:] for cell in row[12:14]
        )
    truth = (SAMPLES / "bank" / "truth.jsonl").read_text(encoding="utf-8")
    return answers + truth.count('"source": "tickets"') + truth.count('"source": "calls"')


def test_every_record_of_the_samples_is_read_and_kept(published: Published) -> None:
    summary = published.summary
    assert summary.kept == sample_rows()
    # One person answered no open question: read, but no document.
    assert summary.rows_read == summary.kept + 1
    assert summary.unanswered == 1
    assert summary.notes == ()
    assert summary.quarantined == summary.skipped == 0
    assert summary.files == len(list((SAMPLES / "bank" / "calls").iterdir())) + 2
    assert summary.documents + summary.no_content + summary.duplicates == summary.kept


def test_the_summary_says_what_the_database_holds(published: Published) -> None:
    [held] = rows(
        published.database,
        "SELECT count(*) AS documents, sum(dissatisfied) AS dissatisfied, sum(silent) AS silent,"
        " sum(complaint) AS complaints, sum(leaving) AS leaving"
        " FROM report_documents WHERE no_content = 0",
    )
    summary = published.summary
    assert held == {name: getattr(summary, name) for name in held}
    assert 0 < summary.silent < summary.dissatisfied < summary.documents
    assert summary.complaints > 0


def test_every_table_is_filled(published: Published) -> None:
    held = dump(published.database)
    assert [name for name in TABLES_WITH_ROWS if not held[name]] == []


def test_the_planted_stories_are_found(published: Published) -> None:
    told = "\n".join(published.summary.findings)
    assert "云桥支行" in told
    found = rows(published.database, "SELECT * FROM report_findings")
    queues = [f for f in found if f["member"] == "云桥支行"]
    assert any(f["topic"] == "service" and f["share"] > f["base_share"] for f in queues)
    changes = {(f["topic"], f["period_start"]) for f in found if f["kind"] == "change"}
    # The app is down in the week of 2026-10-12; from 2026-09-21 the bank charges for accounts.
    assert changes & {("quality", "2026-10-12"), ("quality", "2026-10-01")}
    assert changes & {("price", "2026-09-21"), ("price", "2026-09-01")}
    weeks = rows(
        published.database,
        "SELECT period_start, silent_share FROM report_silence WHERE period_type = 'week'"
        " AND topic = 'quality' AND channel = '*' AND dimension = '*'",
    )
    assert max(weeks, key=lambda week: week["silent_share"])["period_start"] == "2026-10-12"


def test_the_report_is_written(published: Published) -> None:
    page = published.settings.output.report.read_text(encoding="utf-8")
    assert published.summary.report == published.settings.output.report
    assert "江澜银行" in page
    assert "云桥支行" in page


def test_running_again_reads_nothing_and_changes_nothing(own_published: Published) -> None:
    before = dump(own_published.database)
    again = job.run(own_published.settings)
    assert (again.files, again.rows_read) == (0, 0)
    assert again.skipped == own_published.summary.files
    assert dump(own_published.database) == before
    assert again.run_id == own_published.summary.run_id + 1
    for name in ("documents", "silent", "complaints", "masked", "no_content", "findings"):
        assert getattr(again, name) == getattr(own_published.summary, name)


def test_a_run_starts_before_it_publishes(small: Callable[..., Path]) -> None:
    settings = load_settings(small(ANSWERS))
    with job.work_folder() as work:
        found = replace(job.plan(settings), started_at="2026-09-01T02:00:00+00:00")
        job.publish_run(settings, found, job.read(settings, found, work))
    [run] = rows(settings.output.database, "SELECT started_at, finished_at FROM report_summary")
    assert run["started_at"] == found.started_at < run["finished_at"]


def test_skipped_files_read_with_other_settings_are_named(small: Callable[..., Path]) -> None:
    settings = load_settings(small(ANSWERS))
    assert job.run(settings).notes == ()
    edited = settings.model_copy(update={"timezone": "Asia/Urumqi"})
    [note] = job.run(edited).notes
    assert note.startswith("1 unchanged files were last read with other settings")
    assert job.run(edited, again=True).notes == ()
    assert job.run(edited).notes == ()


def test_a_dimension_that_nothing_has_is_named(small: Callable[..., Path]) -> None:
    config = small(ANSWERS, aggregate={"dimensions": ["branch", "brnch"]})
    [note] = job.run(load_settings(config)).notes
    assert note.startswith("aggregate.dimensions: no document has 'brnch' (did you mean 'branch'?)")


def test_reading_again_leaves_the_same_rows(own_published: Published) -> None:
    before = dump(own_published.database)
    again = job.run(own_published.settings, again=True)
    assert again.rows_read == own_published.summary.rows_read
    assert dump(own_published.database) == before


@pytest.mark.parametrize(
    ("batch_size", "workers"),
    [
        pytest.param(150, 1, id="smaller batches"),
        pytest.param(7, 1, id="very small batches", marks=pytest.mark.slow),
        pytest.param(50, 2, id="two processes", marks=pytest.mark.slow),
    ],
)
def test_two_databases_from_the_same_input_are_the_same(
    published: Published, tmp_path: Path, batch_size: int, workers: int
) -> None:
    settings = load_settings(copy_samples(tmp_path))
    job.run(with_run(settings, batch_size=batch_size, workers=workers))
    assert dump(settings.output.database, root=tmp_path) == dump(
        published.database, root=published.folder
    )


def test_a_changed_file_replaces_its_own_records(small: Callable[..., Path]) -> None:
    config = small(ANSWERS)
    job.run(load_settings(config))
    changed = ANSWERS.replace("大堂经理很热情，办得也快", "等了一上午").rsplit("5,", 1)[0]
    (config.parent / "answers.csv").write_text(changed, encoding="utf-8")
    summary = job.run(load_settings(config))
    texts = rows(load_settings(config).output.database, 'SELECT text FROM documents ORDER BY "row"')
    assert [row["text"] for row in texts] == [
        "排队两个小时，以后再也不来了",
        "等了一上午",
        "无",
        "打了三次电话都没人接，算了",
    ]
    assert (summary.files, summary.documents, summary.no_content) == (1, 3, 1)
    # A fresh database of the changed file holds just the same.
    fresh = config.parent / "fresh"
    fresh.mkdir()
    (fresh / "answers.csv").write_text(changed, encoding="utf-8")
    shutil.copy(config, fresh)
    job.run(load_settings(fresh / "config.yaml"))
    held, expected = (
        dump(load_settings(path / "config.yaml").output.database, root=path)
        for path in (config.parent, fresh)
    )
    assert held["readings"] == expected["readings"]
    assert held["silence"] == expected["silence"]


def test_one_source_can_be_run_alone(small: Callable[..., Path]) -> None:
    config = small(ANSWERS)
    folder = config.parent
    (folder / "more.txt").write_text("太慢了\n服务不错\n", encoding="utf-8")
    write_config(
        folder,
        {"name": "answers", "kind": "survey", "path": "answers.csv"},
        {"name": "more", "kind": "survey", "path": "more.txt"},
    )
    settings = load_settings(config)
    assert job.run(settings, sources=["more"]).documents == 2
    summary = job.run(settings)
    assert (summary.files, summary.skipped, summary.documents) == (1, 1, 6)


def test_a_source_that_is_not_configured_suggests_the_nearest(small: Callable[..., Path]) -> None:
    with pytest.raises(ConfigError, match="did you mean 'answers'"):
        job.run(load_settings(small(ANSWERS)), sources=["anwsers"])


def bad_rows(*, good: int, bad: int) -> str:
    lines = [f'{{"id": "g{n}", "text": "第{n}次来，还是要排队"}}' for n in range(good)]
    lines += [f'{{"id": "b{n}", "text": ' for n in range(bad)]
    return "\n".join(lines) + "\n"


def test_a_few_bad_rows_are_quarantined_and_the_rest_is_published(
    small: Callable[..., Path],
) -> None:
    config = small(bad_rows(good=9, bad=1), "answers.jsonl")
    result = CliRunner().invoke(main, ["run", "--no-prefect", "--config", str(config)])
    assert result.exit_code == 0, result.output
    assert "voc: 1 rows could not be read: they are listed in" in result.stderr
    database = load_settings(config).output.database
    [refused] = rows(database, "SELECT * FROM report_quarantine")
    assert refused["file"].endswith("answers.jsonl")
    assert refused["row"] == 10
    assert refused["reason"]
    [summary] = rows(database, "SELECT rows_read, kept, quarantined FROM report_summary")
    assert summary == {"rows_read": 10, "kept": 9, "quarantined": 1}


def test_too_many_bad_rows_publish_nothing(small: Callable[..., Path]) -> None:
    config = small(bad_rows(good=9, bad=1), "answers.jsonl")
    settings = load_settings(config)
    job.run(settings)
    before = settings.output.database.read_bytes(), settings.output.report.read_bytes()
    (config.parent / "answers.jsonl").write_text(bad_rows(good=3, bad=9), encoding="utf-8")
    with pytest.raises(QuarantineLimitError, match=r"9 of 12 rows .*answers\.jsonl:4: "):
        job.run(settings)
    assert (settings.output.database.read_bytes(), settings.output.report.read_bytes()) == before
    result = CliRunner().invoke(main, ["run", "--no-prefect", "--config", str(config)])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "quarantine_limit" in result.stderr
    [held] = rows(settings.output.database, "SELECT id, kept FROM report_summary")
    assert held == {"id": 1, "kept": 9}


def test_a_failing_first_run_leaves_no_database(small: Callable[..., Path]) -> None:
    settings = load_settings(small(bad_rows(good=1, bad=9), "answers.jsonl"))
    with pytest.raises(QuarantineLimitError):
        job.run(settings)
    assert not settings.output.database.exists()
    assert not settings.output.report.exists()


def test_a_missing_file_among_others_publishes_nothing(tmp_path: Path) -> None:
    (tmp_path / "here.txt").write_text("太慢了\n", encoding="utf-8")
    config = write_config(
        tmp_path,
        {"name": "here", "kind": "survey", "path": "here.txt"},
        {"name": "gone", "kind": "survey", "path": "hree.txt"},
    )
    with pytest.raises(InputError, match=r"hree\.txt: no such file .*did you mean 'here\.txt'"):
        job.run(load_settings(config))
    assert not load_settings(config).output.database.exists()


TICKETS = "工单编号,受理时间,投诉内容\n{},2026-09-01 09:00:00,排队太久没人管\n"


def folder_of(tmp_path: Path, **files: str) -> Settings:
    (tmp_path / "in").mkdir(exist_ok=True)
    for name, content in files.items():
        (tmp_path / "in" / f"{name}.csv").write_text(content, encoding="utf-8")
    return load_settings(
        write_config(tmp_path, {"name": "desk", "kind": "complaint", "path": "in"})
    )


def test_a_file_of_a_folder_that_cannot_be_read_does_not_stop_the_rest(tmp_path: Path) -> None:
    many = TICKETS.format("T1") + "".join(
        f"T{n},2026-09-01 09:00:00,等了{n}个小时\n" for n in range(2, 9)
    )
    settings = folder_of(tmp_path, good=many, bad=TICKETS.format("B1"))
    job.run(settings)
    assert rows(
        settings.output.database, "SELECT external_id FROM documents WHERE external_id='B1'"
    )
    (tmp_path / "in" / "bad.csv").write_bytes(b"%PDF-1.7 no table")
    summary = job.run(settings, again=True)
    assert summary.quarantined == 1
    [refused] = rows(settings.output.database, 'SELECT file, "row", reason FROM report_quarantine')
    assert (Path(refused["file"]).name, refused["row"]) == ("bad.csv", 0)
    assert "found a PDF" in refused["reason"]
    # What it held before stays, and the next run tries again.
    assert rows(
        settings.output.database, "SELECT external_id FROM documents WHERE external_id='B1'"
    )
    (tmp_path / "in" / "bad.csv").write_text(TICKETS.format("B2"), encoding="utf-8")
    assert job.run(settings).files == 1
    assert not rows(settings.output.database, "SELECT * FROM report_quarantine")
    held = rows(settings.output.database, "SELECT external_id FROM documents ORDER BY external_id")
    assert [row["external_id"] for row in held][:2] == ["B2", "T1"]


def test_a_file_of_a_folder_that_cannot_be_opened_does_not_stop_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = TICKETS.format("T1") + "".join(f"T{n},,等了{n}个小时\n" for n in range(2, 9))
    settings = folder_of(tmp_path, good=many, shut=TICKETS.format("S1"))
    opened = Path.open

    def denied(path: Path, *args: Any, **more: Any) -> Any:
        if path.name == "shut.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **more)

    with monkeypatch.context() as patch:
        # Whoever runs the tests may be root, whom no file denies anything.
        patch.setattr(Path, "open", denied)
        assert job.run(settings).documents == 8
    [refused] = rows(settings.output.database, 'SELECT "row", reason FROM report_quarantine')
    assert refused["row"] == 0
    assert "Permission denied" in refused["reason"]
    assert job.run(settings).documents == 9


def test_a_file_that_is_written_to_while_it_is_read_waits_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = TICKETS.format("T1") + "".join(f"T{n},,等了{n}个小时\n" for n in range(2, 9))
    settings = folder_of(tmp_path, good=many, late=TICKETS.format("L1"))
    plan = job.plan

    def and_then_written_to(*args: Any, **more: Any) -> job.Plan:
        found = plan(*args, **more)
        with (tmp_path / "in" / "late.csv").open("a", encoding="utf-8") as stream:
            stream.write("L2,2026-09-02 09:00:00,柜员态度差\n")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(job, "plan", and_then_written_to)
        job.run(settings)
    [refused] = rows(settings.output.database, "SELECT reason FROM report_quarantine")
    assert "found it changed" in refused["reason"]
    assert not rows(settings.output.database, "SELECT 1 FROM documents WHERE external_id = 'L1'")
    assert job.run(settings).kept == 2


def test_a_recording_is_not_called_by_its_callers_number(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    for number in ("14200001234", "14200005678"):
        (calls / f"20260903_{number}.txt").write_text("客户：一直没人接\n客服：抱歉\n", "utf-8")
    config = write_config(tmp_path, {"name": "calls", "kind": "transcript", "path": "calls"})
    settings = load_settings(config)
    assert job.run(settings).kept == 2
    paths = [row["path"] for row in rows(settings.output.database, "SELECT path FROM files")]
    assert len(set(paths)) == 2
    assert all(re.search(r"20260903_\[手机号\]\.txt#[0-9a-f]{6}$", path) for path in paths)
    again = job.run(settings)
    assert (again.files, again.skipped) == (0, 2)


def test_every_span_lies_in_its_text(published: Published) -> None:
    spans = rows(
        published.database,
        'SELECT d.text, s.start, s."end" FROM signals s JOIN documents d ON d.id = s.document_id'
        ' UNION ALL SELECT d.text, c.start, c."end" FROM clauses c'
        " JOIN documents d ON d.id = c.document_id",
    )
    assert len(spans) > 500
    for span in spans:
        assert 0 <= span["start"] < span["end"] <= len(span["text"])
        assert span["text"][span["start"] : span["end"]].strip()


def test_evidence_is_the_text_of_its_span(published: Published) -> None:
    shown = rows(
        published.database,
        "SELECT e.*, d.text FROM report_evidence e JOIN documents d ON d.id = e.document_id",
    )
    assert {row["kind"] for row in shown} == {"signal", "topic"}
    for row in shown:
        assert row["evidence"] == row["text"][row["start"] : row["end"]]


def test_an_agents_words_are_no_evidence(published: Published) -> None:
    spans = rows(
        published.database,
        'SELECT c.document_id AS id, c.start, c."end" FROM clauses c JOIN documents d'
        " ON d.id = c.document_id WHERE d.kind = 'transcript'",
    )
    turns: dict[str, list[tuple[int, int]]] = {}
    for turn in rows(published.database, "SELECT * FROM turns WHERE role <> 'agent'"):
        turns.setdefault(turn["document_id"], []).append((turn["start"], turn["end"]))
    assert spans
    for span in spans:
        assert any(a <= span["start"] and span["end"] <= b for a, b in turns[span["id"]])


def personal() -> set[str]:
    """Phone numbers of the samples; their writer used these prefixes for invented people only."""
    from openpyxl import load_workbook

    book = load_workbook(SAMPLES / "bank" / "tickets.xlsx", read_only=True)
    texts = [str(cell) for row in book.active.iter_rows(values_only=True) for cell in row if cell]
    texts.append((SAMPLES / "bank" / "survey.csv").read_text(encoding="gb18030"))
    texts += [path.read_text(encoding="utf-8") for path in (SAMPLES / "bank" / "calls").iterdir()]
    found = set(re.findall(r"(?:142|154)0000[0-9]{4}", "\n".join(texts)))
    assert len(found) >= 4
    return found


def test_no_phone_number_is_left_anywhere(published: Published) -> None:
    samples = published.folder / "samples"
    written = [
        path.read_bytes()
        for path in published.folder.rglob("*")
        if path.is_file() and not path.is_relative_to(samples)
    ]
    assert any(content.startswith(b"SQLite format 3") for content in written)
    for number in personal():
        assert not any(number.encode() in content for content in written)


def test_nothing_of_a_run_is_logged_or_left_behind(
    small: Callable[..., Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    settings = load_settings(small("内容\n排队两个小时，回电14200001234\n"))
    with caplog.at_level(logging.DEBUG):
        summary = job.run(settings)
    for said in (caplog.text, repr(summary)):
        assert "14200001234" not in said
        assert "排队两个小时" not in said
    assert not list((tmp_path / "tmp").iterdir()), "the masked parts are gone after the run"


def test_personal_information_in_a_bad_row_is_masked(small: Callable[..., Path]) -> None:
    lines = bad_rows(good=9, bad=0) + '{"id": "14200001234", "text": "打14200001234\n'
    settings = load_settings(small(lines, "answers.jsonl"))
    job.run(settings)
    assert rows(settings.output.database, "SELECT * FROM quarantine")
    for path in (settings.output.database, settings.output.report):
        assert b"14200001234" not in path.read_bytes()


def test_customers_are_pseudonyms_under_a_key(
    small: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = "客户号,内容\nKH-7788,太慢了\nkh-7788,还是太慢\nKH-1,不错\n"
    settings = load_settings(small(content))
    monkeypatch.setenv("VOC_CUSTOMER_KEY", "0123456789abcdef")
    job.run(settings)
    keys = [
        row["customer_key"] for row in rows(settings.output.database, "SELECT * FROM documents")
    ]
    assert len(keys) == 3
    assert len(set(keys)) == 2
    assert b"7788" not in settings.output.database.read_bytes()


def test_a_short_customer_key_is_refused(
    small: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOC_CUSTOMER_KEY", "short")
    with pytest.raises(ConfigError, match="at least 16 bytes"):
        job.run(load_settings(small(ANSWERS)))


def test_a_report_that_cannot_be_written_says_so(small: Callable[..., Path]) -> None:
    config = small(ANSWERS, output={"database": "out/voc.sqlite", "report": "blocked/report.html"})
    (config.parent / "blocked").write_text("a file, not a folder", encoding="utf-8")
    with pytest.raises(VocError, match=r"report\.html: expected a place to write the report"):
        job.run(load_settings(config))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permission bits")
def test_only_the_owner_reads_the_results(published: Published) -> None:
    for path in (published.database, published.settings.output.report):
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("loaded_once")
def test_counts_of_old_runs_are_pruned_and_documents_stay(small: Callable[..., Path]) -> None:
    settings = load_settings(small(ANSWERS, aggregate={"keep_runs": 2}))
    for _ in range(4):
        job.run(settings)
    database = settings.output.database
    for table in PER_RUN:
        kept = {row["run_id"] for row in rows(database, f"SELECT run_id FROM {table}")}
        assert kept <= {3, 4}
    assert {row["run_id"] for row in rows(database, "SELECT run_id FROM silence")} == {3, 4}
    assert len(rows(database, "SELECT id FROM runs")) == 4
    assert rows(database, "SELECT id FROM documents")
