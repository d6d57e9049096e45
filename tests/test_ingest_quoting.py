"""A damaged quote costs its own row at most; honest cells of several lines stay whole."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.quoting import Fault, csv_records, usual_width
from pipeline.ingest.tables import BadRow, open_table

DATA = Path(__file__).parents[2] / "shared" / "data"
HEADER = "编号,内容,网点"
ROWS = [f"{i},第{i}次来都没人管,东湖支行" for i in range(1, 9)]
HONEST = '5,"他说""快了"", 结果\n等了两个小时\n没人来",东湖支行'


def _cells(text: str, name: str = "x.csv") -> list[tuple[object, ...] | None]:
    rows = open_table(io.BytesIO(text.encode()), name=name).rows
    return [None if isinstance(row, BadRow) else row.cells for row in rows]


def _records(text: str, width: int) -> list[list[str] | Fault]:
    lines = io.StringIO(text, newline="")
    return list(csv_records(((line, False) for line in lines), ",", width))


@pytest.mark.parametrize("at", [0, 3, 7])
@pytest.mark.parametrize("name", ["x.csv", "stdin"])
def test_a_stray_quote_swallows_no_row(at: int, name: str) -> None:
    rows = [row.replace("第", '"第') if n == at else row for n, row in enumerate(ROWS)]
    found = _cells("\n".join([HEADER, *rows, ""]), name)
    assert found == [(str(i), f"第{i}次来都没人管", "东湖支行") for i in range(1, 9)]


@pytest.mark.parametrize("header", ['"编号,内容,网点', '编号,"内容,网点'])
def test_a_stray_quote_in_the_header_swallows_no_row(header: str) -> None:
    assert len(_cells("\n".join([header, *ROWS, ""]))) == 8


@pytest.mark.parametrize("at", [0, 1, 2, 3, 5, 6, 7])
def test_an_honest_cell_of_several_lines_outlives_a_stray_quote(at: int) -> None:
    rows = [row.replace("第", '"第') if n == at else row for n, row in enumerate(ROWS)]
    rows[4] = HONEST
    found = _cells("\n".join([HEADER, *rows, ""]))
    assert len(found) == 8
    assert found[4] == ("5", '他说"快了", 结果\n等了两个小时\n没人来', "东湖支行")


def test_a_damaged_row_of_another_width_is_quarantined_alone() -> None:
    rows = [*ROWS[:2], '3,"没人管', *ROWS[3:]]
    found = _cells("\n".join([HEADER, *rows, ""]))
    assert [i for i, cells in enumerate(found) if cells is None] == [2]
    assert len(found) == 8


def test_a_numbered_list_in_a_cell_is_no_row() -> None:
    text = 'id,text\n1,慢\n2,"三点：\n1,慢\n2,贵\n3,远"\n3,好\n'
    assert _cells(text)[1] == ("2", "三点：\n1,慢\n2,贵\n3,远")


def test_rows_between_two_stray_quotes_come_back() -> None:
    text = 'id,text\nT0001,慢\nT0002,"贵\nT0003,远\nT0004,吵"\nT0005,好\n'
    assert [cells and cells[0] for cells in _cells(text)] == [f"T000{i}" for i in range(1, 6)]


_PLAIN = st.text(alphabet="排队，,\n\"'a 。", max_size=12)


@given(st.lists(st.tuples(st.just("x"), _PLAIN, _PLAIN, _PLAIN), min_size=1, max_size=8))
def test_what_was_written_well_is_read_as_csv_reads_it(rows: list[tuple[str, ...]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    assert _records(stream.getvalue(), 4) == [list(row) for row in rows]


@given(
    st.lists(st.text(alphabet="排队太久没人 ", min_size=1, max_size=10), min_size=1, max_size=12),
    st.sets(st.integers(0, 11)),
)
def test_rows_in_are_rows_out_wherever_quotes_stray(texts: list[str], at: set[int]) -> None:
    quote = ["", '"']
    lines = [f"{n},{quote[i in at]}{text},东" for i, (n, text) in enumerate(enumerate(texts, 100))]
    found = _records("\n".join([HEADER, *lines, ""]), 3)
    assert [cells[0] for cells in found[1:] if isinstance(cells, list)] == [
        str(n) for n, _ in enumerate(texts, 100)
    ]


@given(st.text(alphabet='",\n排1', max_size=80), st.integers(1, 4))
def test_no_sign_outside_quotes_is_lost(text: str, width: int) -> None:
    found = _records(text, width)
    if not any(isinstance(cells, Fault) for cells in found):
        kept = "".join("".join(cells) for cells in found if isinstance(cells, list))
        assert kept.count("排") == text.count("排")


def test_a_hostile_file_of_quotes_is_read_quickly() -> None:
    begun = time.process_time()
    for body in ('"\n' * 40_001, '"x\n' + 'a,""b\n' * 40_000, 'x,"y\n' + "z,w\n" * 40_000):
        list(_records(body, usual_width(body, ",")))
    assert time.process_time() - begun < 10


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data, which is not shipped")
@pytest.mark.parametrize("name", ["bank_comments", "hotline_calls", "restaurant_opinions_dev"])
def test_real_tables_read_as_csv_reads_them(name: str) -> None:
    path = DATA / f"{name}.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        expected = [row for row in csv.reader(stream) if row]
    with path.open(encoding="utf-8-sig", newline="") as stream:
        found = csv_records(((line, False) for line in stream), ",", len(expected[0]))
        assert [row for row in found if row] == expected


_TEXTS = [
    "排队太久没人管",
    "App闪退, 转不了账",
    '他说"快了"',
    "第一行\n第二行",
    "三点\n1,慢\n2,贵",
    "好",
]
_SIDE = ["东湖", "88", "2026-09-03 10:00", ""]


@given(
    st.lists(
        st.tuples(st.sampled_from(_TEXTS), st.sampled_from(_SIDE), st.sampled_from(_SIDE)),
        min_size=3,
        max_size=10,
    ),
    st.integers(0, 9),
    st.sampled_from(["{}", "T{:04d}"]),
)
def test_no_row_vanishes_among_honest_cells_of_several_lines(
    rows: list[tuple[str, ...]], at: int, form: str
) -> None:
    at %= len(rows)
    rows[at] = ("没人接", *rows[at][1:])
    written = io.StringIO(newline="")
    csv.writer(written).writerow(["编号", "内容", "网点", "时间"])
    for n, row in enumerate(rows):
        line = io.StringIO(newline="")
        csv.writer(line).writerow([form.format(n + 1), *row])
        text = line.getvalue()
        written.write(text.replace(",", ',"', 1) if n == at else text)
    found = _cells(written.getvalue())
    read = {cells[0] for cells in found if cells is not None}
    missing = [n for n in range(len(rows)) if form.format(n + 1) not in read]
    assert len(missing) <= found.count(None)
