"""The reader of one's own that both READMEs show: taken from the page, installed, and run."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.config import load_settings
from pipeline.ingest import list_files, read_file, readers
from pipeline.records import Quarantined, Verbatim
from tests.conftest import rows, write_config

ROOT = Path(__file__).resolve().parent.parent
CALL = """2026-09-03 10:15:02|8021|坐席|您好，请问有什么可以帮您
2026-09-03 10:15:09||客户|我排了两个小时的队还没轮到，你们只开一个窗口
打断
2026-09-03 10:15:20|8021|坐席|非常抱歉
"""


@pytest.fixture(params=["README.md", "README.zh-CN.md"])
def installed(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Install the page's example: a module and the metadata a package installer writes."""
    page = (ROOT / request.param).read_text(encoding="utf-8")
    [module] = re.findall(r'^```python\n("""voc_acme.*?)^```', page, re.M | re.S)
    [registered] = re.findall(
        r'^```toml\n(\[project\.entry-points\."voc.*?)^```', page, re.M | re.S
    )
    [(name, value)] = tomllib.loads(registered)["project"]["entry-points"]["voc.readers"].items()
    site = tmp_path / "site"
    about = site / "voc_acme-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "voc_acme.py").write_text(module, encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: voc-acme\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[voc.readers]\n{name} = {value}\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "voc_acme", raising=False)
    importlib.invalidate_caches()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "calls"
    folder.mkdir()
    (folder / "0001.log").write_text(CALL, encoding="utf-8")
    return write_config(tmp_path, {"name": "acme", "kind": "transcript", "path": "calls"})


@pytest.mark.usefixtures("installed")
def test_it_is_known_and_the_surest_of_its_files(config: Path) -> None:
    assert "acme" in readers()
    settings = load_settings(config)
    source = settings.source("acme")
    [file] = list_files(source)
    bad, call = read_file(file, source, timezone=settings.timezone)
    assert isinstance(bad, Quarantined)
    assert (bad.row, bad.reason) == (3, "expected 时间|工号|角色|内容")
    assert isinstance(call, Verbatim)
    assert [turn.role for turn in call.turns] == ["agent", "customer", "agent"]
    assert call.occurred_at is not None
    assert call.occurred_at.isoformat() == "2026-09-03T10:15:02+08:00"


@pytest.mark.usefixtures("installed", "loaded_once")
def test_a_run_publishes_what_it_reads(config: Path) -> None:
    raw = config.read_text(encoding="utf-8")
    config.write_text(f"{raw}run: {{quarantine_limit: 0.5}}\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["run", "--no-prefect", "--quiet", "--config", str(config)])
    assert result.exit_code == 0, result.output
    database = load_settings(config).output.database
    [document] = rows(database, "SELECT text, channel, occurred_at FROM documents")
    assert document["text"].startswith("客服：您好，请问有什么可以帮您\n客户：我排了两个小时")
    assert document["channel"] == "hotline"
    [refused] = rows(database, 'SELECT "row", reason FROM quarantine')
    assert refused == {"row": 3, "reason": "expected 时间|工号|角色|内容"}
