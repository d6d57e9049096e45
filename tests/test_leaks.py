"""Nothing personal leaves the memory of a run: planted everywhere, looked for in every byte."""

from __future__ import annotations

import logging
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline import job
from pipeline.config import load_settings
from pipeline.errors import VocError
from pipeline.reading.reader import Resources
from tests.conftest import rows, write_config
from tests.planted import (
    PLACES,
    every_secret,
    forms_of,
    index_terms,
    leaks,
    left_in,
    plant,
    secrets,
    unpacked,
)

KEY = "0123456789abcdef0123456789abcdef"
#: Places whose values come up in failures alone.
FAILING = ("name of a column found", "exception")


@dataclass(frozen=True)
class Ran:
    """What a run left: bytes by place, and its database."""

    left: dict[str, bytes]
    database: Path


def inputs(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, resources: Resources) -> Ran:
    """Every secret through one run without Prefect, with all that is logged at DEBUG."""
    folder, work = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("work")
    settings = load_settings(plant(folder))
    given = inputs(folder)
    said: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: said.append(handler.format(record))  # type: ignore[method-assign]
    root = logging.getLogger()
    level = root.level
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(work))
        patch.setattr(job, "resources_for", lambda settings: resources)
        patch.setenv("VOC_CUSTOMER_KEY", KEY)
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            summary = job.run(settings)
        finally:
            root.setLevel(level)
            root.removeHandler(handler)
    database = settings.output.database
    left = left_in(folder, work, without=given) | unpacked(database)
    left["log"] = "\n".join(said).encode()
    left["summary"] = repr(summary).encode()
    assert summary.quarantined > 40
    return Ran(left, database)


@pytest.mark.parametrize("place", [place for place in PLACES if place not in FAILING])
def test_what_comes_in_is_nowhere_after_a_run(plain: Ran, place: str) -> None:
    among = [secret for secret in every_secret() if secret.place == place]
    assert len(among) >= 18
    assert leaks(plain.left, among) == []


def test_the_search_finds_what_is_there(plain: Ran, tmp_path: Path) -> None:
    one, *_ = secrets("id").values()
    for form in forms_of(one.value):
        (tmp_path / "log").write_bytes(b"said " + form)
        assert len(leaks(left_in(tmp_path), [one])) == 1
    assert any(
        content.startswith(b"SQLite", content.find(b"\n") + 1) for content in plain.left.values()
    )
    assert "手续费又涨了".encode() in plain.left["table documents"]
    assert "手续".encode() in plain.left["search index"]


def test_no_long_number_is_a_term_of_the_search_index(plain: Ran) -> None:
    with closing(sqlite3.connect(plain.database)) as connection:
        terms = index_terms(connection)
    assert len(terms) > 100
    assert [term for term in terms if re.search(r"[0-9]{7}", term)] == []


def test_every_secret_is_planted(tmp_path: Path) -> None:
    plant(tmp_path)
    content = b"".join(
        str(path.relative_to(tmp_path)).encode() + (path.read_bytes() if path.is_file() else b"")
        for path in tmp_path.rglob("*")
        if path.suffix != ".xlsx"
    )
    exempt = {*FAILING, "ticket xlsx", "file name"}
    for secret in every_secret():
        if secret.place not in exempt and "over turns" not in secret.kind:
            assert any(form in content for form in forms_of(secret.value)), secret


# ---- runs in processes of their own


def start(
    folder: Path, *, prefect: bool = False, before: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """Run ``voc run`` on a folder with a TMPDIR and a PREFECT_HOME of its own.

    ``before`` is executed first, in workers too.
    """
    script = folder / "start.py"
    script.write_text(
        "import os, signal, sys\n"
        f"{before}\n"
        "if __name__ == '__main__':\n"
        "    from pipeline.cli import main\n"
        "    main(sys.argv[1:])\n",
        encoding="utf-8",
    )
    for name in ("tmp", "prefect"):
        (folder / name).mkdir(exist_ok=True)
    env = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    env |= {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "PREFECT_SERVER_LOGGING_LEVEL": "DEBUG",
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "PYTHONUTF8": "1",
        "VOC_CUSTOMER_KEY": KEY,
    }
    config = str(folder / "config.yaml")
    options = [] if prefect else ["--no-prefect"]
    return subprocess.run(
        [sys.executable, str(script), "run", "--config", config, *options],
        capture_output=True,
        check=False,
        env=env,
        timeout=240,
    )


def searched(
    folder: Path, given: set[str], done: subprocess.CompletedProcess[bytes]
) -> dict[str, bytes]:
    left = left_in(folder, without={*given, "start.py"})
    left |= {"stdout": done.stdout, "stderr": done.stderr}
    for database in (folder / "out" / "voc.sqlite", folder / "prefect" / "prefect.db"):
        if database.exists():
            left |= {f"{database.name} {name}": cells for name, cells in unpacked(database).items()}
    return left


@pytest.mark.slow
def test_prefect_is_told_nothing(tmp_path: Path) -> None:
    plant(tmp_path)
    given = inputs(tmp_path)
    done = start(tmp_path, prefect=True)
    assert done.returncode == 0, done.stderr
    left = searched(tmp_path, given, done)
    assert any(name.startswith("prefect.db table log") for name in left)
    assert str(tmp_path).encode() in left["prefect.db table flow_run"], "parameters are found there"
    assert leaks(left) == []
    listed = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "quarantine", "--format", "csv", "--config",
         str(tmp_path / "config.yaml")], capture_output=True, check=True,
    )  # fmt: skip
    assert listed.stdout.count(b"\n") > 40
    assert leaks({"voc quarantine": listed.stdout + listed.stderr}) == []


def few_good(folder: Path) -> None:
    plant(folder, run={"quarantine_limit": 0.01})


def broken_file(folder: Path) -> None:
    named = secrets("exception")
    name = f"{named['mobile'].value}.json"
    (folder / name).write_text('{"key": "a", "sentence_info": [{"text": "' + named["name"].words)
    write_config(folder, {"name": "calls", "kind": "transcript", "path": name})


def broken_book(folder: Path) -> None:
    named = secrets("exception")
    name = f"{named['name'].value}{named['mobile'].value}.xlsx"
    (folder / name).write_bytes(b"PK\x03\x04" + named["e-mail"].value.encode() * 9)
    write_config(folder, {"name": "calls", "kind": "complaint", "path": name})


def columns_found(*, columns: dict[str, str], width: int = 30) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        names = [one.words for one in secrets("name of a column found").values()][:width]
        lines = [",".join(["工单编号", *names]), *(f"T{n}{',不错' * len(names)}" for n in range(3))]
        (folder / "a.csv").write_text("\n".join(lines), encoding="utf-8")
        source = {"name": "a", "kind": "complaint", "path": "a.csv", "columns": columns}
        write_config(folder, source)

    return make


FAILURES = {
    "too many rows refused": few_good,
    "a broken file": broken_file,
    "a broken book": broken_book,
    "a column that is not there": columns_found(columns={"text": "不存在"}),
    "a column that is nearly there": columns_found(
        columns={"text": secrets("name of a column found")["mobile"].words[:-1]}
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("prefect", [False, True], ids=["plain", "prefect"])
@pytest.mark.parametrize("make", FAILURES.values(), ids=FAILURES)
def test_a_run_that_fails_tells_nothing(
    tmp_path: Path, make: Callable[[Path], None], prefect: bool
) -> None:
    make(tmp_path)
    given = inputs(tmp_path)
    done = start(tmp_path, prefect=prefect)
    assert done.returncode == 1, done.stderr
    assert b"voc: " in done.stderr
    assert leaks(searched(tmp_path, given, done)) == []


@pytest.mark.parametrize("make", FAILURES.values(), ids=FAILURES)
@pytest.mark.usefixtures("loaded_once")
def test_a_message_tells_nothing(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    given = inputs(tmp_path)
    with pytest.raises(VocError) as caught:
        job.run(load_settings(tmp_path / "config.yaml"))
    left = left_in(tmp_path, without=given)
    assert leaks({**left, "message": str(caught.value).encode()}) == []


#: Where an exception that quotes a customer may come from, and how it is made to.
FAULTS = {
    "listing": "import pipeline.ingest as m\nm._input_file = fail",
    "opening": "import pipeline.ingest as m\nm.choose_reader = fail",
    "a row": "import pipeline.ingest.rows as m\nm.parse_score = m.parse_time = fail",
    "a library behind an error of ours": (
        "import python_calamine\n"
        "class Book:\n    from_filelike = staticmethod(fail)\n"
        "python_calamine.CalamineWorkbook = Book"
    ),
    "masking": "import pipeline.job as m\nm.to_document = fail",
    "reading": "import pipeline.job as m\nm.read_documents = fail",
    "publishing": "import pipeline.store.publish as m\nm.Writer.add_part = fail",
    "integrity": (
        "import sqlite3, pipeline.store.publish as m\n"
        "def lost(*_, **__):\n    raise sqlite3.IntegrityError(RAW)\n"
        "m.Writer.end_file = lost"
    ),
    "database": (
        "import sqlite3, pipeline.store.publish as m\n"
        "def lost(*_, **__):\n    raise sqlite3.OperationalError(RAW)\n"
        "m.Writer.end_file = lost"
    ),
    "counting": "import pipeline.aggregate.facts as m\nm.load_facts = fail",
    "reporting": "import pipeline.report.html as m\nm.write_report = fail",
}


def fault(where: str) -> str:
    raw = " ".join(secret.words for secret in secrets("exception").values())
    head = f"RAW = {raw!r}\ndef fail(*_, **__):\n    raise ValueError(RAW)\n"
    return head + FAULTS[where]


#: Where Prefect is told of a fault in a way of its own: each starts a server, which takes time.
UNDER_PREFECT = ("listing", "a library behind an error of ours", "masking", "publishing")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "prefect"),
    [
        *(pytest.param(where, False, id=f"{where}-plain") for where in FAULTS),
        *(pytest.param(where, True, id=f"{where}-prefect") for where in UNDER_PREFECT),
    ],
)
def test_an_exception_nobody_foresaw_tells_nothing(
    tmp_path: Path, where: str, prefect: bool
) -> None:
    plant(tmp_path)
    given = inputs(tmp_path)
    done = start(tmp_path, prefect=prefect, before=fault(where))
    assert done.returncode == 1, done.stdout + done.stderr
    left = searched(tmp_path, given, done)
    assert leaks(left, secrets("exception").values()) == []
    assert not list((tmp_path / "tmp").glob("voc-*")), "the masked parts are gone"


@pytest.mark.slow
@pytest.mark.parametrize("prefect", [False, True], ids=["plain", "prefect"])
def test_an_exception_of_a_worker_tells_nothing(tmp_path: Path, prefect: bool) -> None:
    plant(tmp_path, run={"quarantine_limit": 1.0, "workers": 2, "batch_size": 4})
    given = inputs(tmp_path)
    before = fault("reading").replace("m.read", "if __name__ != '__main__': m.read")
    done = start(tmp_path, prefect=prefect, before=before)
    assert done.returncode == 1, done.stdout + done.stderr
    assert leaks(searched(tmp_path, given, done), secrets("exception").values()) == []


# ---- killed


_DIE = """
class Die:
    def __init__(self, work, after, times=1):
        self.work, self.after, self.times = work, after, times
    def __call__(self, *given, **more):
        if not self.after and self.times <= 1:
            os.kill(os.getpid(), signal.SIGKILL)
        result = self.work(*given, **more)
        self.times -= 1
        if self.after and self.times <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
"""
#: Where a run is killed, and what has to lie there then, so that the test means something.
KILLED = {
    "reading": (
        "import pipeline.store.parts as m\nm.write_part = Die(m.write_part, True, 6)", "parquet"),
    "writing a part": (
        "import pipeline.store.parts as m\n"
        "m.pq.write_table = Die(m.pq.write_table, True, 9)", ".draft"),
    "publishing": (
        "import pipeline.store.publish as m\nm.CACHE_KIB = 16\n"
        "die = Die(m.Writer.add_part, True, 12)\n"
        "m.Writer.add_part = lambda self, part, file_id: die(self, part, file_id)", "-wal"),
    "before the commit": (
        "import pipeline.store.publish as m\nm.CACHE_KIB = 16\n"
        "die = Die(m.Writer.finish, True)\nm.Writer.finish = lambda self: die(self)", "-wal"),
    "reporting": (
        "import pipeline.report.html as m\nm.write_report = Die(m.write_report, False)",
        "voc.sqlite"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
@pytest.mark.parametrize("when", KILLED)
def test_a_run_that_is_killed_leaves_nothing_personal(tmp_path: Path, when: str) -> None:
    plant(tmp_path)
    given = inputs(tmp_path)
    before, expected = KILLED[when]
    done = start(tmp_path, before=_DIE + before)
    assert done.returncode == -signal.SIGKILL, done.stderr
    # Bytes first: opening the database would fold its log into it.
    left = left_in(tmp_path, without={*given, "start.py"})
    assert any(expected in name and content for name, content in left.items()), sorted(left)
    assert leaks({**left, "stdout": done.stdout, "stderr": done.stderr}) == []
    again = start(tmp_path)
    assert again.returncode == 0, again.stderr
    assert leaks(searched(tmp_path, given, again)) == []
    [held] = rows(tmp_path / "out" / "voc.sqlite", "SELECT count(*) AS n FROM documents")
    assert held["n"] > 150


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_the_parts_of_a_killed_run_are_gone_after_the_next(tmp_path: Path) -> None:
    plant(tmp_path)
    start(tmp_path, before=_DIE + KILLED["reading"][0])
    assert list((tmp_path / "tmp").iterdir())
    assert start(tmp_path).returncode == 0
    assert not list((tmp_path / "tmp").iterdir())
