"""What identifies a record: real ids as they are, row counters only with what makes them unique."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipeline.config import SourceSettings
from pipeline.ingest import NOTES, list_files, read_file
from pipeline.records import Quarantined, Verbatim
from pipeline.text.mask import mask


def _read(
    path: Path, text: str, kind: str = "survey", **more: object
) -> tuple[list[Verbatim | Quarantined], Counter[str]]:
    path.write_text(text, encoding="utf-8")
    source = SourceSettings.model_validate({"name": "s", "kind": kind, "path": str(path), **more})
    (file,) = list_files(source)
    notes: Counter[str] = Counter()
    return list(read_file(file, source, timezone="Asia/Shanghai", notes=notes)), notes


def _ids(records: list[Verbatim | Quarantined]) -> list[str]:
    return [record.external_id for record in records if isinstance(record, Verbatim)]


HEADER = "序号,提交答卷时间,1、您有什么建议？\n"
AUGUST = "1,2026/8/31 09:06:51,多开两个窗口吧\n2,2026/8/31 09:38:51,少收点手续费\n"
SEPTEMBER = "1,2026/9/30 10:00:00,多开两个窗口吧\n2,2026/9/30 10:05:00,少收点手续费\n"


def test_a_row_counter_of_two_exports_gives_four_records(tmp_path: Path) -> None:
    one, _ = _read(tmp_path / "a.csv", HEADER + AUGUST)
    two, _ = _read(tmp_path / "b.csv", HEADER + SEPTEMBER)
    assert len({*_ids(one), *_ids(two)}) == 4


@pytest.mark.parametrize("columns", [{}, {"id": "序号"}])
def test_an_export_delivered_again_and_longer_keeps_its_records(
    tmp_path: Path, columns: dict[str, str]
) -> None:
    one, _ = _read(tmp_path / "a.csv", HEADER + AUGUST, columns=columns)
    longer = HEADER + AUGUST + "3,2026/9/1 08:00:00,停车位再多一点\n"
    two, _ = _read(tmp_path / "a_new.csv", longer, columns=columns)
    assert _ids(two)[:2] == _ids(one) == ["1@20260831T090651", "2@20260831T093851"]


def test_without_a_time_of_day_the_words_tell_rows_apart(tmp_path: Path) -> None:
    first = "序号,日期,内容\n1,2026/8/31,慢得很呀\n2,2026/8/31,贵得很呀\n"
    other = "序号,日期,内容\n1,2026/8/31,远得很呀\n2,2026/8/31,吵得很呀\n"
    ids = [_ids(_read(tmp_path / f"{n}.csv", text)[0]) for n, text in enumerate((first, other))]
    assert len({*ids[0], *ids[1]}) == 4
    assert _ids(_read(tmp_path / "again.csv", first + "3,2026/9/1,窄得很呀\n")[0])[:2] == ids[0]


@pytest.mark.parametrize(
    ("name", "values", "counts"),
    [
        ("工单编号", ["T1", "T2", "T3"], False),
        ("工单编号", ["4711", "4805", "5102"], False),
        ("编号", ["1", "2", "4"], True),
        ("编号", ["3", "2", "1"], True),
        ("序号", ["17", "23", "29"], True),
        ("id", ["202609030001", "202609030002", "202609030003"], False),
    ],
)
def test_only_numbers_that_count_rows_are_added_to(
    tmp_path: Path, name: str, values: list[str], counts: bool
) -> None:
    rows = "".join(f"{value},2026/9/3 12:00:00,排队太久了\n" for value in values)
    records, _ = _read(tmp_path / "a.csv", f"{name},受理时间,投诉内容\n{rows}", "complaint")
    suffix = "@20260903T120000" if counts else ""
    assert _ids(records) == [value + suffix for value in values]


def test_masking_leaves_a_counter_with_its_time_alone() -> None:
    for identity in ("1@20260831T090651", "12345@20261231T235959", "7@5f0e1c2a"):
        assert mask(identity).text == identity


def test_rows_without_an_answer_and_lost_values_are_counted(tmp_path: Path) -> None:
    rows = "3,2026/9/1 08:00:00,(跳过)\n4,昨天下午,停车位再多一点\n1.2E+17,2026/9/1 08:00:00,好远\n"
    records, notes = _read(tmp_path / "a.csv", HEADER + AUGUST + rows)
    assert len(records) == 4
    assert notes == {"no_answer": 1, "time_unread": 1, "id_rounded": 1}
    assert set(notes) <= set(NOTES)


def test_numbered_calls_of_two_files_are_told_apart(tmp_path: Path) -> None:
    text = "序号,角色,id,内容\n1,客户,1,转账失败\n2,客服,1,请稍等\n"
    one, _ = _read(tmp_path / "a.csv", text, "transcript")
    two, _ = _read(tmp_path / "b.csv", text, "transcript")
    assert (_ids(one), _ids(two)) == (["a:1"], ["b:1"])
