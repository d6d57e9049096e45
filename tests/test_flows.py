"""The flows against a real Prefect API: the same rows, and nothing a customer said in Prefect."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flows.settings import quiet_prefect
from pipeline import job
from pipeline.config import load_settings
from pipeline.errors import ConfigError, InputError
from tests.conftest import Published, copy_samples, dump, rows, write_config

PHONE = "14200001234"
SENTENCE = "排队排得云里雾里的一个上午"
ANSWERS = f"编号,网点,内容\n1,云桥支行,{SENTENCE}，回电{PHONE}\n2,东湖支行,办得很快\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "answers.csv").write_text(ANSWERS, encoding="utf-8")
    write_config(tmp_path, {"name": "answers", "kind": "survey", "path": "answers.csv"})
    return tmp_path


def test_the_pipeline_does_not_need_prefect() -> None:
    code = "import sys, pipeline.cli, pipeline.job; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_the_environment_says_of_prefect_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"PREFECT_LOGGING_LEVEL": "DEBUG"})
    quiet_prefect()
    assert os.environ["PREFECT_LOGGING_LEVEL"] == "DEBUG"
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


# ---- in this process, against an API of its own


@pytest.fixture(scope="module")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    home = tmp_path_factory.mktemp("prefect")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(home))
        quiet_prefect()
        from prefect.settings import PREFECT_HOME, temporary_settings
        from prefect.testing.utilities import prefect_test_harness

        with temporary_settings({PREFECT_HOME: home}), prefect_test_harness(60):
            yield


def last_run(name: str) -> Any:
    """Return the newest run of a flow as Prefect stored it."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName
    from prefect.client.schemas.sorting import FlowRunSort

    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[name])),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        )
    return found[0]


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_api")
def test_the_nightly_flow_gives_the_same_rows(published: Published, tmp_path: Path) -> None:
    from flows.voc import nightly

    config = copy_samples(tmp_path)
    summary = nightly(str(config))
    settings = load_settings(config)
    assert dump(settings.output.database, root=tmp_path) == dump(
        published.database, root=published.folder
    )
    assert summary.rows_read == published.summary.rows_read
    assert settings.output.report.exists()
    [held] = rows(settings.output.database, 'SELECT "trigger" AS started_by FROM report_summary')
    assert held["started_by"] == "nightly"
    run = last_run("nightly")
    assert run.state.is_completed()
    assert run.parameters == {"config_path": str(config)}


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_api")
def test_the_ad_hoc_flow_reads_the_named_source_again(tmp_path: Path) -> None:
    from flows.voc import ad_hoc

    config = copy_samples(tmp_path)
    settings = load_settings(config)
    plain = job.run(settings, sources=["survey"])
    before = dump(settings.output.database)
    summary = ad_hoc(str(config), ["survey"], True)
    assert (summary.files, summary.rows_read) == (1, plain.rows_read)
    assert dump(settings.output.database) == before
    assert last_run("ad-hoc").parameters == {
        "config_path": str(config),
        "sources": ["survey"],
        "again": True,
    }


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_api")
def test_a_failing_flow_is_failed_with_our_message(folder: Path) -> None:
    from flows.voc import nightly

    (folder / "answers.csv").unlink()
    with pytest.raises(InputError, match=r"answers\.csv: no such file"):
        nightly(str(folder / "config.yaml"))
    state = last_run("nightly").state
    assert state.is_failed()
    assert "answers.csv: no such file" in state.message
    assert not (folder / "out").exists()


# ---- as people start it


def voc_run(folder: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    env |= {"PREFECT_HOME": str(folder / "prefect"), "PYTHONUTF8": "1", **more}
    command = [sys.executable, "-m", "pipeline.cli", "run"]
    return subprocess.run(
        [*command, "--config", str(folder / "config.yaml"), *options],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=env,
        timeout=180,
    )


def stored_runs(folder: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(folder / "prefect" / "prefect.db")) as connection:
        return connection.execute(
            "SELECT f.name, r.state_type, r.parameters FROM flow_run r JOIN flow f"
            " ON f.id = r.flow_id"
        ).fetchall()


@pytest.mark.slow
def test_voc_run_leaves_no_customers_words_in_prefect(folder: Path) -> None:
    done = voc_run(folder)
    assert done.returncode == 0, done.stderr
    kept = [path.read_bytes() for path in (folder / "prefect").rglob("*") if path.is_file()]
    assert any(content.startswith(b"SQLite format 3") for content in kept)
    assert any(str(folder).encode() in content for content in kept), "parameters are found there"
    for words in (PHONE, SENTENCE, SENTENCE[:6], "办得很快"):
        for form in (words.encode(), words.encode("unicode_escape")):
            assert not any(form in content for content in kept), words
    [(name, state, _)] = stored_runs(folder)
    assert (name, state) == ("ad-hoc", "COMPLETED")
    # Prefect says nothing of its own: no locks, no usage reports, no server's chatter.
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["database", "report"]
    for noise in ("locked", "telemetry", "WARNING", "ERROR", "Traceback", "http"):
        assert noise not in done.stderr
    database = load_settings(folder / "config.yaml").output.database
    before = dump(database)
    assert voc_run(folder, "--no-prefect", "--again").returncode == 0
    assert dump(database) == before


@pytest.mark.slow
def test_voc_run_that_fails_says_so_once(folder: Path) -> None:
    (folder / "answers.csv").unlink()
    done = voc_run(folder)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("voc: ")
    assert "answers.csv: no such file" in line
    assert [run[1] for run in stored_runs(folder)] == ["FAILED"]


@pytest.mark.slow
def test_a_prefect_server_that_does_not_answer_is_named(folder: Path) -> None:
    done = voc_run(folder, PREFECT_API_URL="http://127.0.0.1:1/api")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("voc: PREFECT_API_URL: expected a Prefect server")
    assert "--no-prefect" in line


def test_a_schedule_that_is_none_is_named(folder: Path) -> None:
    config = folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(f"{text}schedule: {{cron: 90 2 * * *}}\n", encoding="utf-8")
    from flows.voc import serve

    with pytest.raises(ConfigError, match=r"schedule\.cron: expected a cron expression"):
        serve(config)
