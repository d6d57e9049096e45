"""``voc inspect``: what is recognised and why, what is at fault, and a config that works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.config import SourceSettings, load_settings
from pipeline.ingest import list_files, read_file
from pipeline.ingest.inspect import guess_kind, inspect_file
from pipeline.records import Quarantined, Verbatim
from tests.conftest import SAMPLES

PHONE = "13800138000"
TICKETS = (
    "工单编号,受理时间,客户号,网点,投诉内容,天气\n"
    f"T1,2026-09-01 10:00:00,C1,云桥支行,排队两小时没人管，回电{PHONE},晴\n"
    "T2,不详,C2,云桥支行,短信费乱扣，要求退还,阴\n"
    "T3,2026-09-03 09:00:00,C3,东湖支行,,晴\n"
)
CALL = "客服：您好，请讲\n客户：手续费又涨了\n客服：抱歉\n客户：算了吧\n"


def inspect(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["inspect", *map(str, arguments)])


def read(source: SourceSettings) -> list[Verbatim | Quarantined]:
    return [
        record
        for file in list_files(source)
        for record in read_file(file, source, timezone="Asia/Shanghai")
    ]


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    path.write_bytes(TICKETS.encode("gb18030"))
    return path


def test_it_says_what_was_recognised_and_why(tickets: Path):
    result = inspect(tickets)
    assert result.exit_code == 0, result.stderr
    for line in (
        "  kind     complaint (guessed: column '工单编号' is one of complaint exports; "
        "--kind overrules)",
        "  reader   complaints, csv, gb18030, delimiter comma, header row 1",
        "  rows     3 rows, 2 records, 1 quarantined",
        "    attributes.branch: 网点: name known for attributes.branch",
        "    not used: 天气",
        "    row 4 (投诉内容): expected text, found an empty cell · "
        "T3 | 2026-09-03 09:00:00 | C3 | 东湖支行 | 晴",
    ):
        assert line in result.stdout.splitlines()
    assert "time_unread 1: " in result.stdout


def test_examples_are_masked(tickets: Path):
    shown = inspect(tickets).stdout
    assert "回电[手机号]" in shown
    assert PHONE not in shown


def test_a_header_that_is_a_customers_words_is_masked_and_left_out_of_the_snippet(tmp_path: Path):
    path = tmp_path / "answers.csv"
    path.write_text(
        f"请回电{PHONE}谢谢,网点\n排队太久了没人管,云桥支行\n柜员态度很冷淡不理人,东湖支行\n",
        encoding="utf-8",
    )
    for result in (inspect(path), inspect("--config-snippet", path)):
        assert result.exit_code == 0, result.stderr
        assert PHONE not in result.stdout


@pytest.mark.parametrize("kind", [None, "complaint", "survey"])
def test_the_snippet_loads_unchanged_and_reads_the_same_records(
    kind: str | None, tickets: Path, tmp_path: Path
):
    given = ("--kind", kind) if kind else ()
    result = inspect("--config-snippet", *given, tickets)
    assert result.exit_code == 0, result.stderr
    config = tmp_path / "elsewhere" / "config.yaml"
    config.parent.mkdir()
    config.write_text(result.stdout, encoding="utf-8")
    [source] = load_settings(config).sources
    guessed = SourceSettings(name=source.name, kind=source.kind, path=str(tickets))
    assert source.attributes == {"branch": "网点"}
    assert read(source) == read(guessed)


@pytest.mark.parametrize("name", ["tickets.xlsx", "survey.csv", "calls"])
def test_a_snippet_of_the_samples_reads_the_same_records(name: str, tmp_path: Path):
    result = inspect("--config-snippet", SAMPLES / "bank" / name)
    assert result.exit_code == 0, result.stderr
    config = tmp_path / "config.yaml"
    config.write_text(result.stdout, encoding="utf-8")
    [source] = load_settings(config).sources
    guessed = SourceSettings(name=source.name, kind=source.kind, path=source.path)
    found = read(source)
    assert found
    assert found == read(guessed)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", TICKETS, "complaint"),
        ("a.txt", CALL, "transcript"),
        ("a.csv", f'编号,文本\n1,"{CALL}"\n2,"{CALL}"\n', "transcript"),
        ("a.csv", "call_id,speaker,text\nC1,agent,您好\nC1,customer,没人接\n", "transcript"),
        ("a.csv", "序号,提交答卷时间,您有什么建议？\n1,2026/9/3 12:00:00,加开窗口\n", "survey"),
        ("a.txt", "排队太久了\n柜员很耐心\n", "survey"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\n您好\n", "transcript"),
        ("a.jsonl", '{"id": "1", "text": "排队太久"}\n', "survey"),
        # Segmented text has the spaces of recognised speech and is no call.
        ("a.csv", "id,text\n1,这 家 店 的 服务 真 不错\n2,菜 有点 咸 不过 分量 足\n", "survey"),
    ],
)
def test_the_kind_is_guessed_from_the_content(name: str, content: str, kind: str, tmp_path: Path):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert guess_kind(path)[0] == kind


def test_sheet_and_header_row_of_a_workbook_are_told(tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "工单明细"
    for row in (
        ["2026年9月工单"],
        ["工单编号", "受理时间", "投诉内容"],
        ["T1", "2026-09-01", "排队两小时没人管"],
        ["T2", "2026-09-02", "短信费乱扣，要求退还"],
    ):
        sheet.append(row)
    path = tmp_path / "t.xlsx"
    book.save(path)
    found = inspect_file(path)
    assert (found.layout.form, found.layout.sheet, found.layout.header_row) == (
        "sheet",
        "工单明细",
        2,
    )
    assert found.source.columns == {"id": "工单编号", "time": "受理时间", "text": "投诉内容"}


def test_turns_are_counted_by_role_and_where_it_came_from(tmp_path: Path):
    path = tmp_path / "call.txt"
    path.write_text(CALL, encoding="utf-8")
    shown = inspect(path).stdout
    assert "  turns    2 agent (prefix), 2 customer (prefix)" in shown.splitlines()


def test_a_folder_gives_a_line_a_file_and_totals(tickets: Path):
    (tickets.parent / "call.txt").write_text(CALL, encoding="utf-8")
    result = inspect(tickets.parent)
    assert result.exit_code == 0, result.stderr
    *lines, total = result.stdout.splitlines()
    assert lines == [
        f"{tickets.parent}/call.txt: transcript, transcript_text; 1 rows, 1 records, 0 quarantined",
        f"{tickets}: complaint, complaints, csv; 3 rows, 2 records, 1 quarantined",
    ]
    assert total == ("2 files (1 complaint, 1 transcript): 4 rows, 3 records, 1 quarantined")


def test_a_mixed_folder_becomes_one_source_a_kind_of_file(tickets: Path, tmp_path: Path):
    for name in ("one.txt", "two.txt"):
        (tickets.parent / name).write_text(CALL, encoding="utf-8")
    result = inspect("--config-snippet", tickets.parent)
    config = tmp_path / "c.yaml"
    config.write_text(result.stdout, encoding="utf-8")
    sources = {source.path: source for source in load_settings(config).sources}
    assert set(sources) == {str(tickets), str(tickets.parent / "*.txt")}
    assert sources[str(tickets)].name == "tickets"
    assert not any("*" in source.name for source in sources.values())
    config.unlink()
    assert len(read(sources[str(tickets.parent / "*.txt")])) == 2


def test_files_that_cannot_be_read_are_named_and_the_rest_is_told(tickets: Path):
    (tickets.parent / "empty.csv").write_bytes(b"")
    result = inspect(tickets.parent)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"voc: {tickets.parent}/empty.csv: ")
    assert result.stdout.splitlines()[-1].startswith("2 files, 1 that can't be read (1 complaint)")


def test_a_missing_path_is_one_line_and_a_wrong_kind_is_usage(tmp_path: Path):
    result = inspect(tmp_path / "nosuch.csv")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert inspect(tmp_path, "--kind", "ticket").exit_code == 2


def test_it_runs_as_a_program(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": "排队太久了，没人管"}, ensure_ascii=False), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "inspect", str(path)],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert "1 rows, 1 records, 0 quarantined" in done.stdout
