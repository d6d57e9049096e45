"""``voc quarantine``: unreadable rows are listed, and their files read again after a fix."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main
from pipeline.config import load_settings
from pipeline.store.quarantine import COLUMNS
from tests.conftest import rows

pytestmark = pytest.mark.usefixtures("loaded_once")

GOOD = [
    json.dumps({"id": str(number), "text": f"第{number}次来，排队太久了"}, ensure_ascii=False)
    for number in range(9)
]


def voc(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def config(small: Callable[..., Path]) -> Path:
    """A published run of ten rows, the third of them broken."""
    lines = [*GOOD[:2], '{"id": 3, "text":', *GOOD[2:]]
    path = small("\n".join(lines), "answers.jsonl")
    done = voc("run", "--no-prefect", "--config", path)
    assert done.exit_code == 0, done.stderr
    return path


def test_csv_gives_file_row_column_and_reason(config: Path):
    result = voc("quarantine", "--config", config, "--format", "csv")
    assert result.exit_code == 0, result.stderr
    [row] = csv.DictReader(io.StringIO(result.stdout))
    assert tuple(row) == COLUMNS
    assert row == {
        "source": "answers",
        "file": str(config.parent / "answers.jsonl"),
        "row": "3",
        "column": "",
        "reason": "expected one JSON object on the line, found broken JSON",
        "excerpt": '{"id": 3, "text":',
    }


def test_an_excerpt_is_masked(small: Callable[..., Path]):
    broken = '{"id": 3, "text": "我叫王晓梅，回电14200001234", }'
    path = small("\n".join([*GOOD, broken]), "answers.jsonl")
    assert voc("run", "--no-prefect", "--config", path).exit_code == 0
    [row] = rows(load_settings(path).output.database, "SELECT excerpt FROM report_quarantine")
    assert row["excerpt"] == '{"id": 3, "text": "我叫[姓名]，回电[手机号]", }'
    listed = load_settings(path).output.quarantine
    assert row["excerpt"] in next(csv.DictReader(listed.open(encoding="utf-8-sig")))["excerpt"]
    assert listed.stat().st_mode & 0o777 == 0o600


def test_the_list_is_written_where_too_many_rows_stop_a_run(small: Callable[..., Path]):
    path = small("\n".join([GOOD[0], *['{"id": '] * 9]), "answers.jsonl")
    done = voc("run", "--no-prefect", "--config", path)
    listed = load_settings(path).output.quarantine
    assert done.exit_code == 1
    assert str(listed) in done.stderr
    assert len(list(csv.DictReader(listed.open(encoding="utf-8-sig")))) == 9


def test_the_table_shows_the_row_and_its_reason(config: Path):
    result = voc("quarantine", "--config", config)
    assert result.exit_code == 0, result.stderr
    assert "answers.jsonl" in result.stdout
    assert result.stderr == "voc: rows in quarantine: 1\n"


def test_a_formula_in_the_name_of_a_column_stays_text_in_csv(config: Path):
    database = load_settings(config).output.database
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("""UPDATE quarantine SET "column" = '=HYPERLINK(1)'""")
    result = voc("quarantine", "--config", config, "--format", "csv")
    [row] = csv.DictReader(io.StringIO(result.stdout))
    assert row["column"] == "'=HYPERLINK(1)"


def test_retry_has_the_next_run_read_the_file_again_and_no_other(config: Path):
    (config.parent / "more.jsonl").write_text("\n".join(GOOD), encoding="utf-8")
    both = config.read_text(encoding="utf-8").replace("answers.jsonl", "'*.jsonl'")
    config.write_text(both, encoding="utf-8")
    assert voc("run", "--no-prefect", "--config", config, "--quiet").exit_code == 0
    again = voc("run", "--no-prefect", "--config", config)
    assert "0 · 2" in again.stderr

    result = voc("quarantine", "--config", config, "--retry")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"answers: {config.parent / 'answers.jsonl'}\n"
    assert "files with rows in quarantine: 1; " in result.stderr
    before = rows(load_settings(config).output.database, "SELECT id, text FROM report_documents")
    assert len(before) == 9

    again = voc("run", "--no-prefect", "--config", config)
    assert "1 · 1" in again.stderr


def test_a_mended_file_leaves_quarantine(config: Path):
    voc("quarantine", "--config", config, "--retry")
    (config.parent / "answers.jsonl").write_text("\n".join(GOOD), encoding="utf-8")
    assert voc("run", "--no-prefect", "--config", config, "--quiet").exit_code == 0
    result = voc("quarantine", "--config", config)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "voc: rows in quarantine: 0\n"
    retried = voc("quarantine", "--config", config, "--retry")
    assert (retried.exit_code, retried.stdout) == (0, "")
    assert "there is nothing to read again" in retried.stderr


def test_retry_waits_its_turn_and_changes_nothing_while_a_run_publishes(
    config: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pipeline.store.quarantine._BUSY_SECONDS", 0.05)
    database = load_settings(config).output.database
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = voc("quarantine", "--config", config, "--retry")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "found a run publishing" in result.stderr
    assert rows(database, "SELECT sha256 FROM files WHERE sha256 = ''") == []


@pytest.mark.parametrize("retry", [[], ["--retry"], ["--format", "csv"]])
@pytest.mark.parametrize("content", [None, b"", b"no database at all"])
def test_without_a_published_run_it_is_one_line(
    content: bytes | None, retry: list[str], small: Callable[..., Path]
):
    config = small("排队太久了\n柜员很好\n", "answers.txt")
    database = load_settings(config).output.database
    if content is not None:
        database.parent.mkdir()
        database.write_bytes(content)
    result = voc("quarantine", "--config", config, *retry)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert result.stderr.startswith(f"voc: {database}: ")


def test_it_runs_as_a_program(config: Path):
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "quarantine", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (0, "voc: rows in quarantine: 1\n")
