"""What several test files share: real resources, the shipped samples, a published run of them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pipeline.config import Settings, load_settings
from pipeline.paths import shipped
from pipeline.store.tables import PER_RUN

if TYPE_CHECKING:
    from pipeline.job import Summary
    from pipeline.reading.reader import Resources
    from pipeline.text.documents import DocumentRules

SAMPLES = Path(__file__).resolve().parent.parent / "pipeline" / "samples"


@dataclass(frozen=True)
class Published:
    """One run: the settings it was given, what it said, and the folder that holds everything."""

    folder: Path
    config: Path
    settings: Settings
    summary: Summary

    @property
    def database(self) -> Path:
        return self.settings.output.database


@pytest.fixture(scope="session")
def resources() -> Resources:
    from pipeline import job

    return job.resources_for(load_settings(shipped("config.yaml")))


@pytest.fixture(scope="session")
def rules() -> DocumentRules:
    from pipeline import job

    return job.rules_for(load_settings(shipped("config.yaml")))


@pytest.fixture
def loaded_once(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand every run of the default lexicons and models the same real resources: time only."""
    from pipeline import job

    load, default = job.resources_for, load_settings(shipped("config.yaml")).text
    monkeypatch.setattr(
        job,
        "resources_for",
        lambda settings: resources if settings.text == default else load(settings),
    )


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The samples, run once; to be read and never changed."""
    from pipeline import job

    folder = tmp_path_factory.mktemp("published")
    config = copy_samples(folder)
    settings = load_settings(config)
    return Published(folder, config, settings, job.run(settings))


@pytest.fixture
def own_published(published: Published, tmp_path: Path) -> Published:
    """A copy of the published samples for one test, at paths of its own."""
    folder = tmp_path / "own"
    shutil.copytree(published.folder, folder)
    config = folder / "config.yaml"
    with closing(sqlite3.connect(folder / "out" / "voc.sqlite")) as connection, connection:
        connection.execute(
            "UPDATE files SET path = replace(path, ?, ?)", (str(published.folder), str(folder))
        )
    return Published(folder, config, load_settings(config), published.summary)


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder with one source of a few records; returns the path of its config.yaml."""

    def make(content: str | bytes, name: str = "answers.csv", **more: Any) -> Path:
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(data)
        return write_config(tmp_path, {"name": "answers", "kind": "survey", "path": name}, **more)

    return make


def copy_samples(folder: Path) -> Path:
    """Copy config.yaml and the samples into a folder, as ``voc init`` does."""
    shutil.copytree(SAMPLES, folder / "samples")
    text = shipped("config.yaml").read_text(encoding="utf-8")
    config = folder / "config.yaml"
    config.write_text(text.replace("pipeline/samples/", "samples/"), encoding="utf-8")
    return config


def write_config(folder: Path, *sources: Mapping[str, Any], **more: Any) -> Path:
    config = folder / "config.yaml"
    raw = {
        "sources": [dict(source) for source in sources],
        "text": {"industries": ["bank"]},
        **more,
    }
    config.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return config


def rows(database: Path, query: str, *values: Any) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]


def dump(database: Path, *, root: Path | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Return every table but ``runs``: rows without the run's number, sorted.

    Tables of `PER_RUN` are those of the newest run. Paths are given relative to ``root``.
    """
    found: dict[str, list[tuple[Any, ...]]] = {}
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
                " AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'documents\\_fts%' ESCAPE '\\'"
            )
        ]
        for name in sorted(set(names) - {"runs"}):
            columns = [
                row[1]
                for row in connection.execute(f"PRAGMA table_info({name})")
                if row[1] != "run_id"
            ]
            chosen = ", ".join(f'"{column}"' for column in columns)
            newest = " WHERE run_id = (SELECT max(id) FROM runs)" if name in PER_RUN else ""
            found[name] = sorted(
                (
                    tuple(
                        value.replace(str(root), "") if root and isinstance(value, str) else value
                        for value in row
                    )
                    for row in connection.execute(f"SELECT {chosen} FROM {name}{newest}")
                ),
                key=repr,
            )
        connection.execute(
            "CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, documents_fts, instance)"
        )
        found["documents_fts"] = sorted(connection.execute("SELECT term, doc FROM temp.terms"))
    return found
