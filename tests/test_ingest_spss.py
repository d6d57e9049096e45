"""SPSS files: labels and questions, what is missing, encodings that lie, damage."""

from __future__ import annotations

import contextlib
import io
import struct
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest import InputFile, list_files, read_file, read_records
from pipeline.ingest.columns import map_columns
from pipeline.ingest.inspect import guess_kind, inspect_file
from pipeline.ingest.tables import BadRow, Coded, Row, open_table
from pipeline.records import Quarantined, Verbatim


def _sav(path: Path, frame: dict[str, list[Any]], **more: Any) -> Path:
    pyreadstat.write_sav(pd.DataFrame(frame), str(path), **more)
    return path


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    return _sav(
        tmp_path / "survey.sav",
        {
            "id": [101.0, 102.0, 103.0, 104.0],
            "Q1": [9.0, 10.0, 0.0, 99.0],
            "Q2": [5.0, 1.0, 4.0, 9.0],
            "Q3": ["排队太久了", "", "无", "柜员态度很好，就是等得久"],
            "Q4": [1.0, 2.0, float("nan"), 1.0],
            "when": [datetime(2026, 9, 3, 12, 5)] * 4,
        },
        column_labels={
            "id": "答卷编号",
            "Q1": "1、您有多大可能向朋友推荐我们？",
            "Q2": "2、您对我们的总体满意度",
            "Q3": "3、您对我们有什么建议？",
            "Q4": "4、客户类型",
            "when": "提交答卷时间",
        },
        variable_value_labels={
            "Q1": {0: "完全不可能", 10: "非常可能", 99: "拒答"},
            "Q2": {1: "非常不满意", 2: "不满意", 3: "一般", 4: "满意", 5: "非常满意", 9: "不清楚"},
            "Q4": {1: "老客户", 2: "新客户"},
        },
    )


def _source(path: Path, **more: Any) -> SourceSettings:
    return SourceSettings(name="s", kind="survey", path=str(path), **more)


def _read(path: Path, **more: Any) -> list[Verbatim | Quarantined]:
    source = _source(path, **more)
    [file] = list_files(source)
    return list(read_file(file, source, timezone="Asia/Shanghai"))


def test_questions_scores_and_labels_of_an_answer(survey: Path) -> None:
    first, third, last = _read(survey)
    assert isinstance(first, Verbatim)
    assert (first.question, first.text, first.external_id, first.row) == (
        "您对我们有什么建议？",
        "排队太久了",
        "101",
        1,
    )
    assert first.scores == {"nps": 9.0, "csat": 5.0}
    assert first.attributes == {"cohort": "老客户"}
    assert first.occurred_at is not None
    assert first.occurred_at.isoformat() == "2026-09-03T12:05:00+08:00"
    assert isinstance(third, Verbatim)
    assert (third.scores, third.attributes) == ({"nps": 0.0, "csat": 4.0}, {})
    assert isinstance(last, Verbatim)
    assert last.scores == {}


def test_numbers_of_a_scale_stay_numbers_and_codes_show_their_labels(survey: Path) -> None:
    table = open_table(survey)
    rows = [row.cells for row in table.rows if isinstance(row, Row)]
    assert [cells[1] for cells in rows] == [9.0, 10.0, 0.0, Coded(99.0, "拒答")]
    assert [str(cells[2]) for cells in rows] == ["非常满意", "非常不满意", "满意", "不清楚"]
    assert [str(cells[4]) for cells in rows] == ["老客户", "新客户", "None", "老客户"]
    assert (table.form, table.columns[3], table.labels[3]) == (
        "spss",
        "Q3",
        "3、您对我们有什么建议？",
    )


def test_a_scale_that_counts_down_is_no_score(tmp_path: Path) -> None:
    path = _sav(
        tmp_path / "a.sav",
        {"Q1": [1.0, 2.0, 3.0], "Q2": ["排队太久", "环境很好", "没有人理我"]},
        column_labels={"Q1": "总体满意度", "Q2": "您的建议"},
        variable_value_labels={"Q1": {1: "非常满意", 2: "一般", 3: "非常不满意"}},
    )
    assert map_columns(open_table(path), _source(path)).scores == {}
    mapped = map_columns(open_table(path), _source(path, scores={"csat": "Q1"}))
    assert mapped.scores == {"csat": 0}


def test_a_closed_question_with_long_labels_is_no_open_answer(tmp_path: Path) -> None:
    path = _sav(
        tmp_path / "a.sav",
        {"Q1": [1.0, 2.0, 3.0], "Q2": ["排队太久", "环境很好", "没有人理我"]},
        column_labels={"Q1": "您不满意的具体原因", "Q2": "您的建议"},
        variable_value_labels={
            "Q1": {1: "等候时间太长让人着急", 2: "柜员态度不够热情周到", 3: "网点环境嘈杂不够整洁"}
        },
    )
    assert map_columns(open_table(path), _source(path)).answers == (1,)


def test_what_is_missing_is_an_empty_cell(tmp_path: Path) -> None:
    path = _sav(
        tmp_path / "a.sav",
        {"n": [1.0, 98.0, 99.0, float("nan")], "t": ["慢", "NA", "", "好"]},
        missing_ranges={"n": [{"lo": 98, "hi": 99}], "t": ["NA"]},
    )
    assert [row.cells for row in open_table(path).rows if isinstance(row, Row)] == [
        (1.0, "慢"),
        (None, None),
        (None, ""),
        (None, "好"),
    ]


def test_dates_and_times_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(
        pd.DataFrame(
            {
                "a": [datetime(2026, 9, 3, 12, 5)],
                "b": [date(2026, 9, 3)],
                "c": [pd.Timestamp("2026-09-03 01:02").time()],
                "d": [1e18],
            }
        ),
        str(path),
        variable_format={"d": "DATETIME20"},
    )
    [row] = open_table(path).rows
    assert isinstance(row, Row)
    assert row.cells == (
        datetime(2026, 9, 3, 12, 5),
        date(2026, 9, 3),
        timedelta(hours=1, minutes=2),
        None,
    )


def test_a_packed_file_is_read_the_same(survey: Path, tmp_path: Path) -> None:
    frame, meta = pyreadstat.read_sav(str(survey))
    packed = tmp_path / "packed.dat"
    pyreadstat.write_sav(
        frame,
        str(tmp_path / "a.zsav"),
        compress=True,
        column_labels=meta.column_names_to_labels,
        variable_value_labels=meta.variable_value_labels,
    )
    (tmp_path / "a.zsav").rename(packed)
    assert packed.read_bytes()[:4] == b"$FL3"
    assert list(open_table(packed).rows)[:3] == list(open_table(survey).rows)[:3]


_WORDS = {
    "AAAAAAAAAA": "排队太久了",
    "BBBBBB": "没意见",
    "LLLLLLLLLL": "愿意推荐吗",
    "MMMMMMMM": "有何建议",
    "XXXXXX": "老客户",
    "YYYYYY": "新客户",
    "NAMEVAR": "建议栏x",
}


def _gbk(path: Path, *, record: str | None, code: int) -> Path:
    """Make a .sav whose text is GBK; ``record`` and ``code`` are what it says of its encoding."""
    _sav(
        path,
        {"score": [9.0, 10.0], "NAMEVAR": ["AAAAAAAAAA", "BBBBBB"], "g": [1.0, 2.0]},
        column_labels={"score": "LLLLLLLLLL", "NAMEVAR": "MMMMMMMM", "g": None},
        variable_value_labels={"g": {1: "XXXXXX", 2: "YYYYYY"}},
    )
    raw = path.read_bytes()
    for word, text in _WORDS.items():
        assert word.encode() in raw
        raw = raw.replace(word.encode(), text.encode("gbk"))
    patched = bytearray(raw)
    at = raw.index(struct.pack("<iii", 7, 20, 1))
    if record is None:
        # An unknown record is passed over: old files have none on encoding.
        patched[at : at + 8] = struct.pack("<ii", 7, 77)
    else:
        patched[at + 16 : at + 21] = record.ljust(5).encode()
    at = raw.index(struct.pack("<iiii", 7, 3, 4, 8))
    patched[at + 44 : at + 48] = struct.pack("<i", code)
    path.write_bytes(bytes(patched))
    return path


@pytest.mark.parametrize(
    ("record", "code"),
    [("GBK", 936), (None, 936), ("UTF-8", 65001), (None, 1252), (None, 2), (None, 65001)],
)
@pytest.mark.parametrize("encoding", ["auto", "gbk", "GB18030"])
def test_gbk_is_read_whatever_the_file_says(
    tmp_path: Path, record: str | None, code: int, encoding: str
) -> None:
    path = _gbk(tmp_path / "a.sav", record=record, code=code)
    table = open_table(path, encoding=encoding)
    assert table.columns == ("score", "建议栏x", "g")
    assert table.labels == ("愿意推荐吗", "有何建议", "g")
    assert [row.cells for row in table.rows if isinstance(row, Row)] == [
        (9.0, "排队太久了", Coded(1.0, "老客户")),
        (10.0, "没意见", Coded(2.0, "新客户")),
    ]


def test_a_wrong_encoding_in_the_config_is_one_line(tmp_path: Path) -> None:
    path = _gbk(tmp_path / "a.sav", record="GBK", code=936)
    with pytest.raises(InputError, match="encoding") as caught:
        open_table(path, encoding="utf-8")
    assert "\n" not in str(caught.value)


def test_western_text_stays_western(tmp_path: Path) -> None:
    path = _sav(tmp_path / "a.sav", {"t": ["AAAAAAAAA", "ok"]})
    raw = path.read_bytes().replace(b"AAAAAAAAA", "très déçu".encode("cp1252"))
    at = raw.index(struct.pack("<iii", 7, 20, 1))
    raw = raw[:at] + struct.pack("<ii", 7, 77) + raw[at + 8 :]
    at = raw.index(struct.pack("<iiii", 7, 3, 4, 8))
    path.write_bytes(raw[: at + 44] + struct.pack("<i", 1252) + raw[at + 48 :])
    first, _ = open_table(path).rows
    assert first == Row(1, ("très déçu",))


def test_a_bad_byte_costs_one_row_and_a_character_cut_in_half_none(tmp_path: Path) -> None:
    texts = ["排队太久", "AAAAAA", "没有问题", "BBBBBB"]
    path = _sav(tmp_path / "a.sav", {"n": [1.0, 2.0, 3.0, 4.0], "t": texts})
    half = "好".encode() * 2
    raw = path.read_bytes().replace(b"AAAAAA", b"a\xffb   ").replace(b"BBBBBB", half[:5] + b" ")
    path.write_bytes(raw)
    _, bad, _, last = open_table(path).rows
    assert isinstance(bad, BadRow)
    assert (bad.number, bad.column, bad.excerpt) == (2, "t", "2.0 | a\ufffdb")
    assert isinstance(last, Row)
    assert last.cells == (4.0, "好")


def test_rows_of_several_chunks_are_numbered_through(tmp_path: Path) -> None:
    n = 50_001
    texts = [f"第{i}个" for i in range(1, n + 1)]
    for compress in (False, True):
        path = _sav(tmp_path / "a.sav", {"t": texts, "n": [1.0] * n}, row_compress=compress)
        rows = list(open_table(path).rows)
        assert len(rows) == n
        assert all(isinstance(row, Row) and row.cells[0] == f"第{row.number}个" for row in rows)
        # Programs that write as they go leave the number of cases open.
        raw = path.read_bytes()
        path.write_bytes(raw[:80] + struct.pack("<i", -1) + raw[84:])
        assert len(list(open_table(path).rows)) == n


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.98])
def test_a_file_cut_short_is_one_line(survey: Path, share: float) -> None:
    content = survey.read_bytes()
    survey.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="SPSS file, found it corrupt") as caught:
        _read(survey)
    assert "\n" not in str(caught.value)
    assert "survey.sav" in str(caught.value)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damage_gives_rows_or_one_line(survey: Path, data: st.DataObject) -> None:
    content = bytearray(survey.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(4, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    # Some damage makes pyreadstat crash the process where it is to find the encoding itself.
    with contextlib.suppress(InputError):
        table = open_table(io.BytesIO(bytes(content)), name="a.sav")
        for _ in zip(table.rows, range(1000), strict=False):
            pass


def test_a_stream_is_read_and_nothing_is_written(
    survey: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    for name in ("mkstemp", "NamedTemporaryFile", "TemporaryFile", "mkdtemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    first = next(iter(read_records(io.BytesIO(survey.read_bytes()))))
    assert isinstance(first, Verbatim)
    assert first.external_id == "101"
    monkeypatch.setattr("pipeline.ingest.tables.MAX_IN_MEMORY", 100)
    with pytest.raises(InputError, match="save it as a file"):
        open_table(io.BytesIO(survey.read_bytes()), name="stdin")


def test_it_is_inspected(survey: Path) -> None:
    assert guess_kind(survey)[0] == "survey"
    found = inspect_file(survey)
    assert (found.layout.form, found.layout.encoding, found.records) == ("spss", "utf-8", 3)
    file = InputFile(survey, "s", "", 0)
    again = list(read_file(file, found.source, timezone="Asia/Shanghai"))
    assert [one.text for one in again if isinstance(one, Verbatim)] == [
        "排队太久了",
        "无",
        "柜员态度很好，就是等得久",
    ]
