"""``voc`` as people meet it: exit codes, one-line errors, and what ``voc analyse`` prints."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.records import POLARITIES, SIGNAL_TYPES, TOPICS
from tests.conftest import write_config

pytestmark = pytest.mark.usefixtures("loaded_once")

SENTIMENTS = {"negative", "neutral", "positive", "mixed"}
PHONE = "14200001234"

TEXTS = (
    ("a1", "在云桥支行排队两个小时，以后再也不来了"),
    ("a2", "大堂经理很热情，办得也快"),
    ("a3", ""),
    ("a4", f"我要投诉，请马上给我退款，回电{PHONE}"),
    ("a5", "客户：打了三次都没人接\n客服：非常抱歉\n客户：算了吧"),
)


def voc(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def one_line(result: Result) -> str:
    """Assert that a command failed with one line and no traceback; return the line."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("voc: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith("\n")
    assert result.stdout == ""
    return result.stderr


def objects(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def write_jsonl(path: Path, records: list[dict[str, Any]]) -> Path:
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("analyse") / "answers.jsonl"
    return write_jsonl(path, [{"id": key, "text": text} for key, text in TEXTS])


@pytest.fixture(scope="module")
def analysed(answers: Path) -> list[dict[str, Any]]:
    return objects(voc("analyse", answers))


# ---- voc analyse: what is printed


def test_one_object_a_record_in_order_with_its_id(analysed: list[dict[str, Any]]) -> None:
    assert [record["id"] for record in analysed] == [key for key, _ in TEXTS]


def test_every_value_has_its_type_and_range(analysed: list[dict[str, Any]]) -> None:
    assert list(POLARITIES)
    for record in analysed:
        assert isinstance(record["text"], str)
        assert record["sentiment"] in SENTIMENTS
        assert -1 <= record["sentiment_score"] <= 1
        assert set(record["topics"]) <= set(TOPICS)
        assert set(record["topics"].values()) <= SENTIMENTS
        for name in ("complaint", "dissatisfied"):
            assert isinstance(record[name], bool)
        for name in ("complaint_score", "dissatisfaction_score"):
            assert 0 <= record[name] <= 1
        for signal in record["signals"]:
            assert list(signal) == ["type", "text", "start", "end", "score"]
            assert signal["type"] in SIGNAL_TYPES
            assert 0 <= signal["score"] <= 1


def test_a_signal_is_the_text_of_its_span(analysed: list[dict[str, Any]]) -> None:
    assert any(record["signals"] for record in analysed)
    for record in analysed:
        for span in (*record["signals"], *record["units"]):
            assert 0 <= span["start"] < span["end"] <= len(record["text"])
            assert span["text"] == record["text"][span["start"] : span["end"]]


def test_satisfaction_is_given_for_transcripts_only(analysed: list[dict[str, Any]]) -> None:
    *others, call = analysed
    assert -2 <= call["satisfaction"] <= 2
    assert not any("satisfaction" in record for record in others)
    assert call["text"] == TEXTS[-1][1]


def test_readings_make_sense(analysed: list[dict[str, Any]]) -> None:
    queue, praise, empty, demand, _ = analysed
    assert queue["dissatisfied"]
    assert "churn_intent" in {signal["type"] for signal in queue["signals"]}
    assert praise["sentiment"] == "positive"
    assert not praise["dissatisfied"]
    assert demand["complaint"]
    assert (empty["sentiment"], empty["dissatisfied"], empty["signals"]) == ("neutral", False, [])


def test_the_text_printed_is_masked(analysed: list[dict[str, Any]]) -> None:
    assert "[手机号]" in analysed[3]["text"]
    assert PHONE not in json.dumps(analysed, ensure_ascii=False)


@pytest.mark.parametrize("form", ["csv", "xlsx", "tsv", "stdin"])
def test_other_forms_of_the_same_records_read_the_same(
    form: str, answers: Path, analysed: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / f"answers.{form}"
    if form == "stdin":
        result = voc("analyse", "-", stdin=answers.read_bytes())
    elif form == "xlsx":
        book = openpyxl.Workbook()
        for row in (("id", "text"), *TEXTS):
            book.active.append(row)
        book.save(path)
        result = voc("analyse", path)
    else:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter="\t" if form == "tsv" else ",")
            writer.writerows((("id", "text"), *TEXTS))
        result = voc("analyse", path)
    assert objects(result) == analysed


def test_plain_lines_are_records_numbered_by_line(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("太慢了，再也不来了\n\n还行吧\n", encoding="utf-8")
    assert [(r["id"], r["text"]) for r in objects(voc("analyse", path))] == [
        ("1", "太慢了，再也不来了"),
        ("3", "还行吧"),
    ]


def test_a_gbk_file_reads_like_a_utf8_one(tmp_path: Path) -> None:
    path = tmp_path / "gbk.csv"
    path.write_bytes("编号,内容\n甲,排队排了两个小时\n乙,服务态度很好\n".encode("gb18030"))
    found = objects(voc("analyse", path))
    assert [(r["id"], r["text"]) for r in found] == [
        ("甲", "排队排了两个小时"),
        ("乙", "服务态度很好"),
    ]


def test_ids_that_count_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "counted.csv"
    path.write_text("序号,内容\n1,太慢了\n2,还行\n003,不错\n", encoding="utf-8")
    assert [r["id"] for r in objects(voc("analyse", path))] == ["1", "2", "003"]


def test_records_that_say_the_same_are_all_printed(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "twice.jsonl", [{"text": "太慢了"}] * 3)
    assert [r["id"] for r in objects(voc("analyse", path))] == ["1", "2", "3"]


def test_a_record_without_text_is_printed_and_noticed(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "odd.jsonl",
        [
            {"id": "r1", "text": "太慢了"},
            {"id": "r2", "text": None},
            {"id": "r3"},
            {"id": "r4", "text": 95588},
            {"id": "r5", "text": "  "},
        ],
    )
    result = voc("analyse", path)
    found = objects(result)
    assert [r["id"] for r in found] == ["r1", "r2", "r3", "r4", "r5"]
    assert [r["text"] for r in found if r["id"] != "r1"] == ["", "", "95588", ""]
    assert not any(found[n]["dissatisfied"] for n in (1, 2, 4))
    assert result.stderr == (
        f"voc: 3 records have no text, first {path}:2; each is printed as one without content\n"
    )


def test_a_broken_line_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text('{"id": "r1", "text": "太慢了"}\n{"id": "r2", "te\n', encoding="utf-8")
    result = voc("analyse", path)
    assert [r["id"] for r in objects(result)] == ["r1"]
    first, last = result.stderr.splitlines()
    assert first.startswith(f"voc: {path}:2: ")
    assert last == "voc: 1 rows could not be read and are listed above"


def test_named_fields_are_taken(tmp_path: Path) -> None:
    path = write_jsonl(
        tmp_path / "named.jsonl", [{"key": "k1", "title": "很长很长的一个标题", "body": "太慢了"}]
    )
    [record] = objects(voc("analyse", path, "--text-field", "body", "--id-field", "key"))
    assert (record["id"], record["text"]) == ("k1", "太慢了")


def test_kind_transcript_reads_the_customer_alone(tmp_path: Path) -> None:
    text = "客服：您的态度太差了，我要投诉，再也不来了\n客户：谢谢，办得很快，很满意"
    path = write_jsonl(tmp_path / "calls.jsonl", [{"id": "c1", "text": text}])
    [record] = objects(voc("analyse", path, "--kind", "transcript"))
    assert record["text"] == text
    assert not record["complaint"]
    start = text.index("客户：")
    assert all(span["start"] >= start for span in (*record["signals"], *record["units"]))
    assert objects(voc("analyse", path)) == [record]


def test_a_survey_answer_is_no_transcript_unless_told(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "one.jsonl", [{"id": "s1", "text": TEXTS[-1][1]}])
    [record] = objects(voc("analyse", path, "--kind", "survey"))
    assert "satisfaction" not in record


def test_csv_has_the_same_values(answers: Path, analysed: list[dict[str, Any]]) -> None:
    result = voc("analyse", answers, "--format", "csv")
    assert result.exit_code == 0
    found = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["id"] for row in found] == [record["id"] for record in analysed]
    for row, record in zip(found, analysed, strict=True):
        assert row["text"] == record["text"]
        assert json.loads(row["topics"]) == record["topics"]
        assert json.loads(row["signals"]) == record["signals"]
        assert row["complaint"] == str(record["complaint"]).lower()
        assert float(row["dissatisfaction_score"]) == record["dissatisfaction_score"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_csv_cells_are_no_formulas(start: str, tmp_path: Path) -> None:
    cell = f"{start}HYPERLINK(1)很慢"
    path = write_jsonl(tmp_path / "formula.jsonl", [{"id": cell, "text": cell}])
    result = voc("analyse", path, "--format", "csv")
    [row] = csv.DictReader(io.StringIO(result.stdout))
    assert row["id"].startswith(f"'{start}")
    assert not row["text"].startswith(start)
    assert float(row["sentiment_score"]) <= 1, "a number stays a number, also below zero"


def test_the_table_shows_texts_and_verdicts(answers: Path) -> None:
    result = voc("analyse", answers, "--format", "table")
    assert result.exit_code == 0
    assert "a1" in result.stdout
    assert "churn" in result.stdout
    assert PHONE not in result.stdout


# ---- bad input: one clear line


def test_analyse_names_a_missing_file(tmp_path: Path) -> None:
    assert "gone.csv: expected a readable file" in one_line(voc("analyse", tmp_path / "gone.csv"))


def test_analyse_refuses_a_folder(tmp_path: Path) -> None:
    assert "expected a readable file" in one_line(voc("analyse", tmp_path))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_analyse_names_an_empty_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_bytes(content)
    assert "empty file" in one_line(voc("analyse", path))


def test_analyse_names_empty_standard_input() -> None:
    assert "empty" in one_line(voc("analyse", "-", stdin=b""))


def corrupt_workbook() -> bytes:
    book = openpyxl.Workbook()
    for n in range(50):
        book.active.append((f"第{n}行", "太慢了"))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()[:2000]


BAD_FILES = {
    "corrupt xlsx": ("x.xlsx", corrupt_workbook(), "corrupt"),
    "text called xlsx": ("x.xlsx", "系统错误\n请重新登录\n".encode(), "expected a workbook"),
    "bytes that are no text": ("x.csv", bytes(range(128, 256)) * 20, "expected text in utf-8"),
    "missing column": ("x.csv", "甲,乙\n1,2\n3,4\n".encode(), "expected a column for text"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_analyse_names_what_is_wrong_with_a_file(case: str, tmp_path: Path) -> None:
    name, content, message = BAD_FILES[case]
    (tmp_path / name).write_bytes(content)
    line = one_line(voc("analyse", tmp_path / name))
    assert name in line
    assert message in line


@pytest.mark.parametrize("option", ["--text-field", "--id-field"])
def test_analyse_suggests_the_nearest_field(option: str, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"id": "1", "text": "太慢了", "ticket": "T1"}])
    assert "did you mean 'ticket'" in one_line(voc("analyse", path, option, "tikcet"))


@pytest.mark.parametrize("case", BAD_FILES)
def test_run_names_what_is_wrong_with_a_file(case: str, small: Callable[..., Path]) -> None:
    name, content, message = BAD_FILES[case]
    config = small(content, name)
    line = one_line(voc("run", "--no-prefect", "--config", config))
    assert name in line
    assert message in line
    assert not (config.parent / "out").exists()


def test_run_names_a_missing_file(tmp_path: Path) -> None:
    config = write_config(tmp_path, {"name": "answers", "kind": "survey", "path": "gone.csv"})
    line = one_line(voc("run", "--no-prefect", "--config", config))
    assert "gone.csv: no such file" in line
    assert "source 'answers'" in line


def test_run_names_an_empty_file(small: Callable[..., Path]) -> None:
    config = small("", "empty.csv")
    line = one_line(voc("run", "--no-prefect", "--config", config))
    assert "empty.csv: expected records, found an empty file" in line


def test_run_names_a_column_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("编号,客户诉求\n1,太慢了\n", encoding="utf-8")
    source = {"name": "a", "kind": "complaint", "path": "a.csv", "columns": {"text": "客户述求"}}
    line = one_line(voc("run", "--no-prefect", "--config", write_config(tmp_path, source)))
    assert "客户述求" in line
    assert "did you mean '客户诉求'" in line


def test_run_names_a_wrong_encoding(tmp_path: Path) -> None:
    content = "编号,客户诉求\n" + "".join(f"{n},排队太久了，等了{n}个小时\n" for n in range(20))
    (tmp_path / "a.csv").write_bytes(content.encode("gb18030"))
    source = {"name": "a", "kind": "complaint", "path": "a.csv", "encoding": "utf-8"}
    line = one_line(voc("run", "--no-prefect", "--config", write_config(tmp_path, source)))
    assert "a.csv" in line
    assert "utf-8" in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources:\n- {name: a, kind: survey, path: a.csv}\noutptu: {}\n", "did you mean 'output'"),
        (
            "sources:\n- {name: a, kind: survey, path: a.csv}\noutput: {databse: x}\n",
            "output.databse: unknown key (did you mean 'database'?)",
        ),
        ("sources:\n- {name: a, kind: surveys, path: a.csv}\n", "sources.0.kind"),
        ("sources: [\n", "expected YAML"),
        ("", "expected keys and values"),
        ("run: {}\n", "sources: expected a value"),
    ],
)
def test_a_wrong_config_is_named(text: str, message: str, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(text, encoding="utf-8")
    line = one_line(voc("run", "--no-prefect", "--config", config))
    assert str(config) in line
    assert message in line


def test_a_missing_config_names_voc_init(tmp_path: Path) -> None:
    assert "voc init" in one_line(voc("run", "--config", tmp_path / "config.yaml"))


def test_a_wrong_source_suggests_the_nearest(small: Callable[..., Path]) -> None:
    config = small("内容\n太慢了\n")
    line = one_line(voc("run", "--no-prefect", "--config", config, "--source", "anwsers"))
    assert "did you mean 'answers'" in line


def test_a_database_that_is_none_is_named(small: Callable[..., Path]) -> None:
    config = small("内容\n太慢了\n")
    (config.parent / "out").mkdir()
    (config.parent / "out" / "voc.sqlite").write_text("这不是数据库" * 100, encoding="utf-8")
    line = one_line(voc("run", "--no-prefect", "--config", config))
    assert "expected a SQLite database" in line


# ---- usage


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["analize"], "did you mean 'analyse'"),
        (["rnu"], "did you mean 'run'"),
        (["analyse"], "Missing argument 'FILE'"),
        (["analyse", "x", "--format", "xml"], "'xml' is not one of"),
        (["run", "--confg", "x"], "--config"),
    ],
)
def test_usage_errors_exit_with_2(arguments: list[str], message: str) -> None:
    result = voc(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_init_writes_what_run_reads(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "place"
    result = voc("init", folder)
    assert result.exit_code == 0
    assert "voc run --config" in result.stdout
    result = voc("run", "--no-prefect", "--config", folder / "config.yaml")
    assert result.exit_code == 0, result.stderr
    assert f"database {folder / 'out' / 'voc.sqlite'}" in result.stdout
    assert re.search(r"records read +│ +825 ", result.stderr)
    assert re.search(r"without any answer +│ +1 ", result.stderr)
    assert (folder / "out" / "report.html").exists()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("mine\n", encoding="utf-8")
    assert "expected nothing there" in one_line(voc("init", tmp_path))
    assert config.read_text(encoding="utf-8") == "mine\n"
    assert not (tmp_path / "samples").exists()


def test_quiet_prints_nothing_but_errors(small: Callable[..., Path]) -> None:
    result = voc("run", "--no-prefect", "--quiet", "--config", small("内容\n太慢了\n"))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


# ---- as a process of its own


def process(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "pipeline.cli", *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, check=False, **options)


def test_a_process_fails_with_one_line_and_no_traceback(tmp_path: Path) -> None:
    done = process("analyse", tmp_path / "gone.csv")
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert b"Traceback" not in done.stderr


def test_standard_input_of_a_process_is_read() -> None:
    text = "太慢了，再也不来了\n还行吧\n"
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    done = process("analyse", "-", input=text.encode(), env=env)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["1", "2"]
    assert done.stderr == b""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_reader_that_goes_away_is_no_error(form: str, tmp_path: Path) -> None:
    path = tmp_path / "many.txt"
    path.write_text("太慢了，再也不来了\n" * 1500, encoding="utf-8")
    command = [sys.executable, "-m", "pipeline.cli", "analyse", str(path), "--format", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(timeout=60) == 0


def test_a_fault_of_ours_is_one_line_that_quotes_no_data(
    small: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("回电14200001234")

    monkeypatch.setattr("pipeline.job.plan", fail)
    config = small("内容\n排队太久\n")
    result = CliRunner().invoke(main, ["run", "--no-prefect", "--config", str(config)])
    assert result.exit_code == 1
    assert result.stderr.startswith("voc: a fault of this program: ValueError at ")
    assert result.stderr.count("\n") == 1
    assert "14200001234" not in result.output
