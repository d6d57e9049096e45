"""Every record once: however often, under whichever name and in whatever order files come in."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import job
from pipeline.config import load_settings
from pipeline.job import Summary
from tests.conftest import dump, rows, write_config

pytestmark = pytest.mark.usefixtures("loaded_once")

HEAD = "工单编号,受理时间,投诉内容,网点\n"
SEPTEMBER = (
    "T1,2026-09-03 10:00:00,排队两个小时没人管,云桥支行\n"
    "T2,2026-09-04 11:00:00,手续费又涨了换一家,东湖支行\n"
)
THIRD = "T3,2026-09-05 09:30:00,打了三次电话没人接,云桥支行\n"
AUGUST = "T0,2026-08-11 15:00:00,柜员态度冷淡得很,东湖支行\n"


class Desk:
    """A drop folder of tickets, and the database that runs on it publish to."""

    def __init__(self, folder: Path, kind: str = "complaint") -> None:
        self.folder = folder
        (folder / "in").mkdir()
        self.config = write_config(folder, {"name": "desk", "kind": kind, "path": "in"})

    def put(self, name: str, *parts: str, head: str = HEAD) -> None:
        (self.folder / "in" / name).write_text(head + "".join(parts), encoding="utf-8")

    def run(self, **more: Any) -> Summary:
        return job.run(load_settings(self.config), **more)

    @property
    def database(self) -> Path:
        return load_settings(self.config).output.database

    def query(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in rows(self.database, query)]

    def ids(self) -> list[str]:
        return [one for (one,) in self.query("SELECT external_id FROM documents ORDER BY 1, id")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_running_again_changes_nothing(desk: Desk) -> None:
    desk.put("a.csv", SEPTEMBER)
    desk.run()
    before = dump(desk.database)
    assert (desk.run().files, desk.run(again=True).files) == (0, 1)
    assert dump(desk.database) == before


def test_one_record_in_two_exports_is_one_document(desk: Desk) -> None:
    desk.put("a.csv", SEPTEMBER)
    desk.put("b.csv", SEPTEMBER, THIRD)
    summary = desk.run()
    assert (summary.rows_read, summary.documents, summary.duplicates) == (5, 3, 2)
    assert desk.ids() == ["T1", "T2", "T3"]


def test_an_export_that_grows_night_by_night_adds_what_is_new(desk: Desk) -> None:
    desk.put("a.csv", SEPTEMBER)
    desk.run()
    desk.put("b.csv", SEPTEMBER, THIRD)
    assert desk.run().documents == 3
    assert desk.ids() == ["T1", "T2", "T3"]


@pytest.mark.parametrize(
    "head", [HEAD, "工单号,受理时间,投诉内容,网点\n"], ids=["ids", "other name"]
)
def test_a_file_that_is_renamed_gives_no_second_document(desk: Desk, head: str) -> None:
    desk.put("a.csv", SEPTEMBER, head=head)
    desk.run()
    (desk.folder / "in" / "a.csv").rename(desk.folder / "in" / "2026年9月.csv")
    assert desk.run().documents == 2
    assert desk.run().files == 0


def test_a_renamed_file_without_ids_gives_no_second_document(desk: Desk) -> None:
    plain = "受理时间,投诉内容\n2026-09-03 10:00:00,排队两个小时没人管\n2026-09-04,又涨价了\n"
    desk.put("a.csv", plain, head="")
    desk.run()
    (desk.folder / "in" / "a.csv").rename(desk.folder / "in" / "b.csv")
    assert desk.run().documents == 2


def test_a_renamed_file_that_then_loses_a_record_loses_it(desk: Desk) -> None:
    desk.put("a.csv", SEPTEMBER)
    desk.run()
    (desk.folder / "in" / "a.csv").rename(desk.folder / "in" / "b.csv")
    desk.run()
    desk.put("b.csv", SEPTEMBER.splitlines(keepends=True)[0])
    desk.run()
    assert desk.ids() == ["T1"]


def test_a_changed_file_replaces_its_own_records_alone(desk: Desk) -> None:
    desk.put("a.csv", SEPTEMBER)
    desk.put("b.csv", THIRD)
    desk.run()
    desk.put("a.csv", SEPTEMBER.replace("又涨了换一家", "退给我了").splitlines(keepends=True)[1])
    summary = desk.run()
    assert (summary.files, summary.skipped) == (1, 1)
    assert desk.query("SELECT external_id, text FROM documents ORDER BY 1") == [
        ("T2", "手续费退给我了"),
        ("T3", "打了三次电话没人接"),
    ]


def test_a_record_two_files_hold_stays_when_one_of_them_drops_it(desk: Desk) -> None:
    desk.put("a.csv", SEPTEMBER)
    desk.put("b.csv", SEPTEMBER, THIRD)
    desk.run()
    desk.put("b.csv", THIRD)
    desk.run()
    desk.run()
    assert desk.ids() == ["T1", "T2", "T3"]


def test_a_late_file_lands_in_its_own_period(desk: Desk) -> None:
    desk.put("a.csv", SEPTEMBER)
    desk.run()
    months = (
        "SELECT DISTINCT period_start, documents FROM silence WHERE period_type = 'month'"
        " AND run_id = (SELECT max(id) FROM runs) AND documents > 0 ORDER BY 1, 2"
    )
    assert {start for start, _ in desk.query(months)} == {"2026-09-01"}
    desk.put("late.csv", AUGUST)
    desk.run()
    assert {start for start, _ in desk.query(months)} == {"2026-08-01", "2026-09-01"}
    # And nothing else: the same as if it had come in time.
    held = dump(desk.database)
    desk.database.unlink()
    desk.run()
    assert {name: held[name] for name in ("silence", "readings")} == {
        name: dump(desk.database)[name] for name in ("silence", "readings")
    }


@pytest.mark.parametrize("order", itertools.permutations(range(3)))
def test_in_whatever_order_files_come_the_documents_are_the_same(
    desk: Desk, order: Sequence[int]
) -> None:
    parts = ((SEPTEMBER,), (AUGUST, THIRD), (SEPTEMBER.splitlines(keepends=True)[0], THIRD))
    for number in order:
        desk.put(f"{number}.csv", *parts[number])
        desk.run()
    assert desk.ids() == ["T0", "T1", "T2", "T3"]
    stepwise = dump(desk.database)
    desk.database.unlink()
    desk.run()
    at_once = dump(desk.database)
    for name in ("readings", "silence", "document_topics", "clauses", "signals"):
        assert stepwise[name] == at_once[name], name


def test_two_sources_with_one_id_stay_two(tmp_path: Path) -> None:
    for name in ("east", "west"):
        (tmp_path / f"{name}.csv").write_text(HEAD + SEPTEMBER, encoding="utf-8")
    config = write_config(
        tmp_path,
        {"name": "east", "kind": "complaint", "path": "east.csv"},
        {"name": "west", "kind": "complaint", "path": "west.csv"},
    )
    assert job.run(load_settings(config)).documents == 4


COUNTED = "序号,提交答卷时间,1、您有什么建议？\n"


def test_a_number_that_counts_rows_is_used_anew_the_next_day(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "survey")
    days = {
        "day1.csv": "1,2026/9/3 12:00:00,多开两个窗口吧\n2,2026/9/3 12:05:00,少收点手续费吧\n",
        "day2.csv": "1,2026/9/4 09:00:00,停车的地方太少\n2,2026/9/4 09:30:00,机器老是坏着的\n",
    }
    for name, day in days.items():
        desk.put(name, day, head=COUNTED)
        desk.run()
    assert [row[0] for row in desk.query("SELECT text FROM documents ORDER BY occurred_at")] == [
        "多开两个窗口吧", "少收点手续费吧", "停车的地方太少", "机器老是坏着的",
    ]  # fmt: skip
    # The same day delivered again, longer, adds its new row alone.
    more = "3,2026/9/4 10:00:00,等得实在太久了\n"
    desk.put("day2_new.csv", days["day2.csv"], more, head=COUNTED)
    assert desk.run().documents == 5


def test_a_calling_number_reused_by_recorders_gives_two_calls(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    for day, words in (("20260903", "卡被吞了没人管"), ("20260904", "手续费又涨了")):
        text = f"客服：您好\n客户：{words}\n"
        (calls / f"{day}_0001.txt").write_text(text, encoding="utf-8")
    config = write_config(tmp_path, {"name": "calls", "kind": "transcript", "path": "calls"})
    assert job.run(load_settings(config)).documents == 2
    days = rows(load_settings(config).output.database, "SELECT period_day AS d FROM documents")
    assert sorted(row["d"] for row in days) == ["2026-09-03", "2026-09-04"]


def test_a_drop_folder_that_moves_gives_no_second_document(desk: Desk, tmp_path: Path) -> None:
    desk.put("a.csv", SEPTEMBER)
    desk.run()
    shutil.move(desk.folder / "in", desk.folder / "drop")
    write_config(tmp_path, {"name": "desk", "kind": "complaint", "path": "drop"})
    assert desk.run().documents == 2


def test_age_has_no_part_in_it(desk: Desk) -> None:
    """A file touched or copied has the same bytes and is not read again."""
    desk.put("a.csv", SEPTEMBER)
    desk.run()
    path = desk.folder / "in" / "a.csv"
    shutil.copy(path, path.with_suffix(".tmp"))
    path.unlink()
    path.with_suffix(".tmp").rename(path)
    assert path.stat().st_mtime >= datetime(2020, 1, 1).timestamp()
    assert desk.run().files == 0


def test_recordings_that_differ_in_the_callers_number_alone_stay_apart(tmp_path: Path) -> None:
    """However the numbers are masked where the names of files are stored."""
    calls = tmp_path / "calls"
    calls.mkdir()
    words = ("卡被吞了没人管", "手续费又涨了", "排队两个小时")
    for n, said in enumerate(words):
        text = f"客服：您好\n客户：{said}\n"
        (calls / f"20260903_1420000123{n}_0007.txt").write_text(text, encoding="utf-8")
    config = write_config(tmp_path, {"name": "calls", "kind": "transcript", "path": "calls"})
    assert job.run(load_settings(config)).documents == 3
    assert job.run(load_settings(config)).files == 0
    text = "客服：您好\n客户：利息算不清楚\n"
    (calls / "20260903_14200001231_0007.txt").write_text(text, encoding="utf-8")
    summary = job.run(load_settings(config))
    assert (summary.files, summary.skipped, summary.documents) == (1, 2, 3)
