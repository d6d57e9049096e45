"""Parquet files: types, damage, and memory that does not grow with the rows."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest import list_files, read_file
from pipeline.ingest.inspect import inspect_file
from pipeline.ingest.tables import BadRow, Row, open_table
from pipeline.records import Verbatim


def _written(path: Path, columns: dict[str, Any], **more: Any) -> Path:
    pq.write_table(pa.table(columns), path, **more)
    return path


def test_cells_of_every_type_read_as_a_person_sees_them(tmp_path: Path) -> None:
    path = _written(
        tmp_path / "a.bin",
        {
            "内容": pa.array(["排队太久", None]).dictionary_encode(),
            "nested": pa.array(
                [{"a": [1, None], "b": "慢"}, None],
                type=pa.struct([("a", pa.list_(pa.int64())), ("b", pa.string())]),
            ),
            "tags": pa.array([["慢", "远"], []]),
            "nothing": pa.nulls(2),
            "when": pa.array(
                [datetime(2026, 9, 3, 4, tzinfo=UTC), None], pa.timestamp("us", "Asia/Shanghai")
            ),
            "nanos": pa.array([1_788_408_000_123_456_789, None], pa.timestamp("ns")),
            "day": pa.array([date(2026, 9, 3), None]),
            "price": pa.array([Decimal("12.50"), Decimal("3.00")]),
            "id": pa.array([Decimal(110101199003070011), None], pa.decimal128(20, 0)),
            "share": pa.array([float("nan"), 0.5]),
            "bare": pa.array(["好".encode(), "慢".encode("gbk")]),
            "big": pa.array(["x", "y"], pa.large_string()),
        },
    )
    table = open_table(path)
    first, second = (row.cells for row in table.rows if isinstance(row, Row))
    named = dict(zip(table.columns, first, strict=True))
    assert named["nested"] == '{"a": [1, null], "b": "慢"}'
    assert named["tags"] == '["慢", "远"]'
    assert named["when"] == datetime(2026, 9, 3, 4, tzinfo=UTC)
    assert str(named["nanos"]).startswith("2026-09-03 ")
    assert named["day"] == date(2026, 9, 3)
    assert (named["内容"], named["nothing"], named["price"]) == ("排队太久", None, 12.5)
    assert (named["id"], named["share"], named["bare"]) == (110101199003070011, None, "好")
    assert dict(zip(table.columns, second, strict=True))["bare"] == "慢"


def test_a_value_that_is_no_text_or_no_date_costs_one_row(tmp_path: Path) -> None:
    text = pa.array([b"ok", b"\xff\xfe", b"ok"]).cast(pa.binary())
    broken = pa.StringArray.from_buffers(3, text.buffers()[1], text.buffers()[2])
    far = pa.array([0, 0, 2**62], pa.int64()).cast(pa.timestamp("us"))
    path = _written(tmp_path / "a.parquet", {"t": broken, "when": far})
    good, *bad = open_table(path).rows
    assert isinstance(good, Row)
    assert [(row.number, row.column) for row in bad if isinstance(row, BadRow)] == [
        (2, "t"),
        (3, "when"),
    ]


def test_tickets_and_surveys_are_read(tmp_path: Path) -> None:
    path = _written(
        tmp_path / "s.parquet",
        {
            "答卷编号": ["A1", "A2", "A3"],
            "您对我们的总体满意度": [5, 2, 4],
            "您有什么建议？": ["希望多开窗口", "排队太久了", "没有人理我"],
        },
    )
    source = SourceSettings(name="s", kind="survey", path=str(path))
    [file] = list_files(source)
    first, *_ = read_file(file, source, timezone="Asia/Shanghai")
    assert isinstance(first, Verbatim)
    assert (first.question, first.text, first.scores) == (
        "您有什么建议？",
        "希望多开窗口",
        {"csat": 5.0},
    )
    found = inspect_file(path)
    assert (found.layout.form, found.source.kind, found.records) == ("parquet", "survey", 3)


@pytest.mark.parametrize("size", [8, 100, -20])
def test_a_file_cut_short_is_one_line(tmp_path: Path, size: int) -> None:
    path = _written(tmp_path / "a.parquet", {"内容": ["排队太久了"] * 100})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="Parquet file, found it corrupt") as caught:
        open_table(path)
    assert "\n" not in str(caught.value)


def test_damage_far_down_is_one_line(tmp_path: Path) -> None:
    path = _written(
        tmp_path / "a.parquet",
        {"内容": [f"第{i}个窗口排队太久了" for i in range(20_000)]},
        use_dictionary=False,
        row_group_size=5_000,
        compression="snappy",
    )
    content = bytearray(path.read_bytes())
    content[len(content) * 3 // 4 : len(content) * 3 // 4 + 20_000] = b"\xff" * 20_000
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="corrupt"):
        list(open_table(path).rows)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_damage_gives_rows_or_one_line(data: st.DataObject) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"t": ["排队", None, "慢"], "n": [1.0, 2.0, None]}), sink)
    content = bytearray(sink.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        for _ in zip(
            open_table(io.BytesIO(bytes(content)), name="a").rows, range(50), strict=False
        ):
            pass
    except InputError as exc:
        assert "\n" not in str(exc)  # noqa: PT017


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with pq.ParquetWriter(path, pa.schema([("内容", pa.string())])) as writer:
        for start in range(0, 200_000, 50_000):
            texts = [f"第{i}个窗口排队太久了，希望多开几个" for i in range(start, start + 50_000)]
            writer.write_table(pa.table({"内容": texts}))
    before = pa.total_allocated_bytes()
    most = 0
    for row in open_table(path).rows:
        if row.number % 5_000 == 0:
            most = max(most, pa.total_allocated_bytes() - before)
    assert row.number == 200_000
    assert most < 20_000_000


def test_a_text_repeated_without_end_is_held_once(tmp_path: Path) -> None:
    long, rows = "慢" * 1_000_001, 20_000
    indices = pa.array([0, 1] * (rows // 2), pa.int32())
    path = _written(
        tmp_path / "a.parquet",
        {"内容": pa.DictionaryArray.from_arrays(indices, pa.array(["好", long]))},
        store_schema=False,
        compression="zstd",
    )
    assert path.stat().st_size < 100_000
    before, most = pa.total_allocated_bytes(), 0
    for row in open_table(path).rows:
        most = max(most, pa.total_allocated_bytes() - before)
        if row.number % 2:
            assert row == Row(row.number, ("好",))
        else:
            assert isinstance(row, BadRow)
            assert (row.column, row.excerpt) == ("内容", "慢" * 500)
    assert row.number == rows
    assert most < 100_000_000


def test_a_column_packed_beyond_any_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _written(
        tmp_path / "a.parquet",
        {"内容": ["慢" * 100_000 + str(i) for i in range(50)]},
        compression="zstd",
        use_dictionary=False,
    )
    monkeypatch.setattr("pipeline.ingest.tables.parquet.MAX_UNZIPPED", 10_000_000)
    with pytest.raises(InputError, match="unfolds to 15,"):
        open_table(path)
