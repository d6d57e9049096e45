"""Whatever lies in a drop folder: records, rows in quarantine or one line; never more, never long.

What could take memory or time without end is read in a process of its own with limits on both.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline import job
from pipeline.config import SourceSettings, load_settings
from pipeline.errors import InputError
from pipeline.ingest import list_files, read_file
from pipeline.records import Quarantined, Verbatim
from tests import xls
from tests.conftest import rows as rows_of
from tests.conftest import write_config

ROOT = Path(__file__).resolve().parent.parent
TEXTS = (
    "排队两个小时没人管",
    "手续费又涨了, 换一家",
    "=HYPERLINK(1)",
    "第一行\n第二行",
    '说是"免费"的',
)
ROWS: list[dict[str, Any]] = [
    {
        "工单编号": f"T{n}",
        "受理时间": f"2026-09-0{n} 10:00:00",
        "投诉内容": text,
        "网点": "云桥支行",
    }
    for n, text in enumerate(TEXTS, 1)
]
NAMES = list(ROWS[0])


# ---- the same five tickets in every form


def _csv(delimiter: str = ",", codec: str = "utf-8") -> bytes:
    import csv

    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([NAMES, *(row.values() for row in ROWS)])
    return out.getvalue().encode(codec)


def _book(sheets: int = 1) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for n in range(sheets):
        sheet = book.create_sheet(f"表{n}")
        sheet.append(NAMES)
        for number, row in enumerate(ROWS, 2):
            for column, value in enumerate(row.values(), 1):
                # As other programs write it: openpyxl would make a formula of =HYPERLINK(1).
                sheet.cell(number, column).value = value
                sheet.cell(number, column).data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _parquet(rows: list[dict[str, Any]] | pa.Table = ROWS, **more: Any) -> bytes:
    out = io.BytesIO()
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows)
    pq.write_table(table, out, **more)
    return out.getvalue()


def _sav() -> bytes | None:
    """Return an SPSS file; None where this tree doesn't read them."""
    try:
        import pandas as pd
        import pyreadstat

        import pipeline.ingest.tables.spss  # noqa: F401
    except ImportError:
        return None
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.sav"
        names = dict(zip(NAMES, ("id", "when", "text", "branch"), strict=True))
        frame = pd.DataFrame([{names[k]: v for k, v in row.items()} for row in ROWS])
        pyreadstat.write_sav(frame, str(path), column_labels={v: k for k, v in names.items()})
        return path.read_bytes()


FORMS: dict[str, bytes] = {
    "a.csv": _csv(),
    "gb.csv": _csv(codec="gb18030"),
    "u16.csv": _csv(codec="utf-16"),
    "a.tsv": _csv("\t"),
    "a.txt": "\n".join(row["投诉内容"] for row in ROWS).encode(),
    "a.jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode(),
    "a.json": json.dumps({"total": 5, "data": ROWS}, ensure_ascii=False).encode(),
    "a.xlsx": _book(),
    "a.xls": xls.workbook([NAMES, *(list(row.values()) for row in ROWS)]),
    "a.parquet": _parquet(),
}
if (_spss := _sav()) is not None:
    FORMS["a.sav"] = _spss


# ---- what may come of reading


def read(path: Path, kind: str = "complaint", **more: Any) -> list[Verbatim | Quarantined] | str:
    """Return the records of a file, folder or glob, or the one line that says why there are none.

    Whatever else comes is an exception of the test.
    """
    source = SourceSettings.model_validate({"name": "s", "kind": kind, "path": str(path), **more})
    found: list[Verbatim | Quarantined] = []
    try:
        for file in list_files(source):
            found += read_file(file, source, timezone="Asia/Shanghai")
    except InputError as exc:
        message = str(exc)
    else:
        message = ""
    if message:
        assert "\n" not in message, message[:300]
        assert len(message) < 3000, len(message)
        return message
    for record in found:
        assert isinstance(record, Verbatim | Quarantined)
        assert record.row >= 1
        if isinstance(record, Quarantined):
            assert record.reason
            assert "\n" not in record.reason
            assert len(record.reason) < 500
            assert len(record.excerpt) < 2000
            assert len(record.column) < 2000
    return found


@contextlib.contextmanager
def within(seconds: int) -> Iterator[None]:
    def late(*_: object) -> None:
        raise AssertionError(f"still reading after {seconds} s")

    former = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)


_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]) << 20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[4]),) * 2)
from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest import list_files, read_file
source = SourceSettings(name="s", kind=sys.argv[2], path=sys.argv[1])
records = refused = 0
try:
    for file in list_files(source):
        for record in read_file(file, source, timezone="Asia/Shanghai"):
            if type(record).__name__ == "Quarantined":
                refused += 1
                last = record.reason
            else:
                records += 1
    said = f"{records} records, {refused} refused" + (f", last {last}" if refused else "")
except InputError as exc:
    said = f"refused: {exc}"
# Not ru_maxrss: a child's begins at what its parent held.
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))
print(f"{peak} {said[:2000]}")
"""


def limited(
    path: Path, kind: str = "complaint", *, space: int = 1536, seconds: int = 60
) -> tuple[int, str]:
    """Read in a process of its own; return its peak memory (MiB) and what came of it."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", _LIMITED, str(path), kind, str(space), str(seconds)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", env=env, check=False,
        timeout=4 * seconds,
    )  # fmt: skip
    told = done.stderr.strip().splitlines()
    assert done.returncode == 0, f"exit {done.returncode}: {told[-1:] or '(silent)'}"
    [line] = done.stdout.splitlines()
    peak, _, said = line.partition(" ")
    return int(peak), said


# ---- damage


@pytest.mark.parametrize("name", FORMS)
def test_the_whole_file_gives_its_five_tickets(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FORMS[name])
    found = read(tmp_path / name)
    assert isinstance(found, list)
    texts = [one.text for one in found if isinstance(one, Verbatim)]
    expected = "\n".join(row["投诉内容"] for row in ROWS)
    # Loose lines are a record each, and a cell of two lines is two of them.
    assert "\n".join(texts) == expected


def kept_apart(tmp_path: Path) -> Callable[[str, bytes], Any]:
    """Return what reads bytes under a name as tickets, and as a survey as well."""

    def check(name: str, content: bytes) -> Any:
        path = tmp_path / name
        path.write_bytes(content)
        with within(20):
            read(path, "survey")
            return read(path)

    return check


FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(st.sampled_from(sorted(FORMS)), st.floats(0, 1))
def test_a_file_cut_anywhere(tmp_path: Path, name: str, share: float) -> None:
    content = FORMS[name]
    kept_apart(tmp_path)(name, content[: round(share * len(content))])


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
def test_a_file_cut_at_every_byte(tmp_path: Path, name: str) -> None:
    content = FORMS[name]
    check = kept_apart(tmp_path)
    # Of a larger file some two thousand bytes, odd and even.
    for size in range(0, len(content), len(content) // 2000 * 2 + 1):
        check(name, content[:size])


@FUZZ
@given(
    st.sampled_from(sorted(FORMS)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6),
    st.sampled_from(["over", "in", "out"]),
)
def test_bytes_put_over_in_or_out(
    tmp_path: Path, name: str, edits: list[tuple[float, bytes]], how: str
) -> None:
    content = bytearray(FORMS[name])
    for share, piece in edits:
        at = round(share * len(content))
        end = at if how == "in" else at + len(piece)
        content[at:end] = b"" if how == "out" else piece
    kept_apart(tmp_path)(name, bytes(content))


@pytest.mark.slow
@settings(FUZZ, max_examples=4000)
@given(
    st.sampled_from(sorted(FORMS)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4),
)
def test_bytes_put_over_many_times(
    tmp_path: Path, name: str, edits: list[tuple[float, bytes]]
) -> None:
    test_bytes_put_over_in_or_out.hypothesis.inner_test(tmp_path, name, edits, "over")


@pytest.mark.slow
@settings(FUZZ, max_examples=600)
@given(st.data())
def test_bytes_put_over_inside_a_workbook(tmp_path: Path, data: st.DataObject) -> None:
    """Damage behind the checksums: members are packed again after the edit."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(FORMS["a.xlsx"])) as book, zipfile.ZipFile(out, "w") as copy:
        chosen = data.draw(st.sampled_from(book.namelist()))
        for name in book.namelist():
            content = bytearray(book.read(name))
            if name == chosen:
                at = data.draw(st.integers(0, len(content)))
                content[at : at + data.draw(st.integers(0, 9))] = data.draw(
                    st.sampled_from([b"", b"<", b"&a;", b"\xff\xfe", b"99999999999", b'"', b"\0"])
                    | st.binary(max_size=6)
                )
            copy.writestr(name, bytes(content))
    kept_apart(tmp_path)("a.xlsx", out.getvalue())


@FUZZ
@given(st.sampled_from(sorted(FORMS)), st.sampled_from(sorted(FORMS)))
def test_one_form_under_the_name_of_another_or_two_in_one(
    tmp_path: Path, name: str, other: str
) -> None:
    check = kept_apart(tmp_path)
    check(name, FORMS[other])
    check(name, FORMS[name] + FORMS[other])


# ---- wrong types


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(st.characters(codec="utf-8") | st.sampled_from("\0\ud800\u2028\ufeff="), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "", "a", "data"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(FUZZ, max_examples=300)
@given(
    st.lists(JSON | st.dictionaries(st.sampled_from(NAMES), JSON), max_size=5),
    st.sampled_from(["a.json", "a.jsonl", "wrapped.json"]),
)
@example([{"投诉内容": 10**5000}], "a.jsonl")
@example([{"投诉内容": float("nan"), "受理时间": float("inf")}], "a.json")
@example([{"投诉内容": "慢得很\ud800呀", "工单编号": "\udfff"}], "a.jsonl")
@example([[[[]]], {"": None}], "wrapped.json")
def test_any_values_in_json(tmp_path: Path, records: list[Any], name: str) -> None:
    with contextlib.suppress(ValueError):
        sys.set_int_max_str_digits(6000)
    whole = {"code": 0, "data": records} if name == "wrapped.json" else records
    lines = [json.dumps(one) for one in records]
    content = "\n".join(lines) if name == "a.jsonl" else json.dumps(whole)
    sys.set_int_max_str_digits(4300)
    found = kept_apart(tmp_path)(name, content.encode())
    assert found is not None


def test_json_nested_without_end(tmp_path: Path) -> None:
    check = kept_apart(tmp_path)
    deep = "[" * 200_000
    for name, content in (
        ("a.json", deep),
        ("a.json", '[{"投诉内容": ' + '{"a":' * 100_000),
        ("a.jsonl", f'{{"投诉内容": "好贵"}}\n{{"投诉内容": {deep}\n'),
    ):
        assert check(name, content.encode())


def test_a_key_given_twice_or_of_another_case_costs_nothing(tmp_path: Path) -> None:
    lines = '{"投诉内容": "慢", "投诉内容": "慢得很呀"}\n{"投诉内容": null}\n{"网点": "东"}\n'
    found = kept_apart(tmp_path)("a.jsonl", lines.encode())
    assert [type(one).__name__ for one in found] == ["Verbatim", "Quarantined", "Quarantined"]


ARROW: dict[str, pa.Array] = {
    "null": pa.nulls(3),
    "bool": pa.array([True, None, False]),
    "uint64": pa.array([2**64 - 1, 0, None], pa.uint64()),
    "float16": pa.array([1.5, None, float("nan")], pa.float32()),
    "decimal": pa.array([Decimal("1.50"), None, Decimal(-1)], pa.decimal128(38, 2)),
    "binary": pa.array([b"\xff\x00", None, "排队".encode()], pa.binary()),
    "large string": pa.array(["慢得很呀没人管", None, ""], pa.large_string()),
    "date32": pa.array([0, 2_932_896, None], pa.int32()).cast(pa.date32()),
    "date of no calendar": pa.array([2**31 - 1, -(2**31), None], pa.int32()).cast(pa.date32()),
    "timestamp s": pa.array([2**40, -(2**40), None], pa.int64()).cast(pa.timestamp("s")),
    "timestamp of no calendar": pa.array([2**62, None, -(2**62)], pa.int64()).cast(
        pa.timestamp("us")
    ),
    "timestamp ns": pa.array([1_700_000_000_123_456_789, None, 1], pa.int64()).cast(
        pa.timestamp("ns")
    ),
    "timestamp of a zone": pa.array([1_700_000_000, None, 1], pa.int64()).cast(
        pa.timestamp("s", "Asia/Shanghai")
    ),
    "timestamp of no zone there is": pa.array([1_700_000_000, None, 1], pa.int64()).cast(
        pa.timestamp("s", "Nowhere/Else")
    ),
    "time": pa.array([dt.time(1, 2), None, dt.time()], pa.time64("us")),
    "duration": pa.array([2**62, None, 1], pa.int64()).cast(pa.duration("us")),
    "list": pa.array([["a", None], None, []], pa.list_(pa.string())),
    "struct": pa.array([{"a": b"\xff"}, None, {"a": None}], pa.struct([("a", pa.binary())])),
    "map": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    "dictionary": pa.array(["慢", None, "慢"]).dictionary_encode(),
}


@pytest.mark.parametrize("role", NAMES)
@pytest.mark.parametrize("kind", ARROW)
def test_any_type_in_any_column_of_parquet(tmp_path: Path, role: str, kind: str) -> None:
    texts = ["排队两个小时没人管", "手续费又涨了", "换一家银行"]
    columns: dict[str, Any] = {"工单编号": ["T1", "T2", "T3"], "投诉内容": texts, role: ARROW[kind]}
    content = _parquet(pa.table(columns), coerce_timestamps=None)
    found = kept_apart(tmp_path)("a.parquet", content)
    # Every row is accounted for: as a record or in quarantine.
    assert isinstance(found, str) or len(found) == 3


def test_parquet_names_that_are_none_or_twice_there(tmp_path: Path) -> None:
    texts = pa.array(["排队两个小时没人管", "手续费又涨了"])
    for names in (["投诉内容", "投诉内容"], ["", "投诉内容"], ["a\nb", "投诉内容"]):
        content = _parquet(pa.Table.from_arrays([texts, texts], names))
        assert kept_apart(tmp_path)("a.parquet", content)


CELLS = st.sampled_from(
    [None, "", "=1+1", "=投诉", "#REF!", True, 0, -1.5, 1e300, 10**20, dt.datetime(1900, 1, 1),
     dt.date(9999, 12, 31), dt.time(23, 59), dt.timedelta(days=-1), "'=x", "慢得很呀没有人管", "\t"]
)  # fmt: skip


@settings(FUZZ, max_examples=100)
@given(st.lists(st.lists(CELLS, max_size=6), max_size=8))
def test_any_cells_in_a_workbook(tmp_path: Path, cells: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in [NAMES, *cells]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    kept_apart(tmp_path)("a.xlsx", out.getvalue())


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "=HYPERLINK(1)"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_text_that_opens_like_a_formula_is_a_text(tmp_path: Path, name: str, start: str) -> None:
    text = f"{start}排队太久了没人管"
    lines = {
        "a.csv": f"工单编号,投诉内容\nT1,{text}\n".encode(),
        "a.jsonl": json.dumps({"工单编号": "T1", "投诉内容": text}).encode(),
        "a.parquet": _parquet([{"工单编号": "T1", "投诉内容": text}]),
    }
    [found] = kept_apart(tmp_path)(name, lines[name])
    assert found.text == text.strip()


# ---- encodings


@settings(FUZZ, max_examples=300)
@given(
    st.lists(
        st.sampled_from(["utf-8", "utf-8", "gb18030", "big5", "utf-16-le", "utf-8-sig", "latin"]),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from(["a.csv", "a.tsv", "a.txt", "a.jsonl"]),
)
def test_encodings_mixed_in_one_file(tmp_path: Path, codecs: list[str], name: str) -> None:
    sign = "\t" if name == "a.tsv" else ","
    lines = [sign.join(["id", "content"]).encode()] if name in ("a.csv", "a.tsv") else []
    for n, codec in enumerate(codecs):
        text = f"客户排队第{n}次没人管" if codec != "big5" else f"客戶的櫃員態度第{n}次不好"
        line = {
            "a.jsonl": json.dumps({"id": f"T{n}", "content": text}, ensure_ascii=False),
            "a.txt": text,
        }.get(name, sign.join([f"T{n}", text]))
        lines.append(b"caf\xe9" if codec == "latin" else line.encode(codec))
    found = kept_apart(tmp_path)(name, b"\n".join(lines))
    if isinstance(found, str) or "utf-16-le" in codecs:
        # A line of UTF-16 has line ends inside its characters: nobody can count its rows.
        return
    if name in ("a.csv", "a.tsv", "a.jsonl") and set(codecs) <= {"utf-8", "gb18030", "big5"}:
        assert len(found) == len(codecs)
    if set(codecs) == {"utf-8"}:
        assert all(isinstance(one, Verbatim) for one in found)


# ---- huge


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.jsonl", "a.json", "a.parquet"])
@pytest.mark.parametrize("size", [100_000, 999_000, 1_000_000, 3_000_000])
def test_a_huge_cell(tmp_path: Path, name: str, size: int) -> None:
    text = ("排队太久，" * (size // 5 + 1))[:size]
    one = {"工单编号": "T2", "投诉内容": text}
    two = {"工单编号": "T3", "投诉内容": "手续费又涨了"}
    sign = "\t" if name == "a.tsv" else ","
    lines = [NAMES[0] + sign + NAMES[2], *(sign.join(row.values()) for row in (two, one, two))]
    content = {
        "a.txt": "\n".join(row["投诉内容"] for row in (two, one, two)).encode(),
        "a.jsonl": "\n".join(json.dumps(row) for row in (two, one, two)).encode(),
        "a.json": json.dumps([two, one, two], indent=1, ensure_ascii=False).encode(),
        "a.parquet": _parquet([two, one, two]),
    }.get(name, "\n".join(lines).encode())  # fmt: skip
    found = kept_apart(tmp_path)(name, content)
    assert isinstance(found, str) or len(found) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.jsonl", "a.json", "quoted.csv"])
def test_a_line_of_a_gigabyte(tmp_path: Path, name: str) -> None:
    """Sparse: the disk holds none of it. What no text has (zero bytes) comes after good rows."""
    path = tmp_path / name
    sign = "\t" if name == "a.tsv" else ","
    row = {"a.jsonl": '{{"工单编号": "T{0}", "投诉内容": "排队第{0}次"}}\n',
           "a.json": ' {{"工单编号": "T{0}", "投诉内容": "排队第{0}次"}},\n',
           "a.txt": "排队第{0}次\n"}.get(name, f"T{{0}}{sign}排队第{{0}}次\n")  # fmt: skip
    head = {"a.json": "[\n", "a.jsonl": "", "a.txt": ""}.get(name, f"工单编号{sign}投诉内容\n")
    with path.open("wb") as stream:
        stream.write((head + "".join(map(row.format, range(9000)))).encode())
        stream.write(b'T9000,"' if name == "quoted.csv" else b"")
        stream.truncate(1 << 30)
    peak, said = limited(path, seconds=120)
    assert peak < 500, said
    assert name == "a.json" or said.startswith("9000 records, 1 refused, last line longer"), said


@pytest.mark.slow
@pytest.mark.parametrize(
    "head", [b"", b"\xef\xbb\xbf", "工单编号,投诉内容\n".encode(), b"{", b"PAR1"]
)
def test_a_gigabyte_of_nothing(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(1 << 30)
    peak, said = limited(path)
    assert said.startswith("refused: "), said
    assert peak < 500, said


@pytest.mark.slow
@pytest.mark.parametrize("form", ["one line", "a line each"])
def test_a_json_array_too_large_for_memory(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a.json"
    row = json.dumps({"工单编号": "T1", "投诉内容": "排队太久了没人管" * 10}, ensure_ascii=False)
    between = ", " if form == "one line" else ",\n "
    with path.open("w", encoding="utf-8") as stream:
        stream.write(f"[{row}")
        for _ in range(1000):
            stream.write((between + row) * 1500)
        stream.write("]")
    peak, said = limited(path, seconds=120)
    assert peak < 1000, said
    assert said.startswith(("1500001 records", "refused: ")), said


# ---- bombs


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def members_of(book: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _sheet(cells: str, dimension: str = "A1:B2") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return (
        f'<worksheet xmlns="{main}"><dimension ref="{dimension}"/><sheetData>{cells}</sheetData>'
        "</worksheet>"
    ).encode()


def _inline(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def far_cell() -> bytes:
    """Two cells, the second in the last row and column there are: 17 billion between them."""
    cells = f'<row r="1">{_inline("A1", "投诉内容")}</row>'
    cells += f'<row r="1048576">{_inline("XFD1048576", "慢")}</row>'
    return _with_sheet(_sheet(cells, "A1:XFD1048576"))


def far_row() -> bytes:
    cells = (
        f'<row r="1">{_inline("A1", "投诉内容")}</row><row r="2">{_inline("A2", "慢得很呀")}</row>'
    )
    return _with_sheet(_sheet(cells + f'<row r="1048576">{_inline("AZ1048576", "慢")}</row>'))


def wide_claim() -> bytes:
    cells = (
        f'<row r="1">{_inline("A1", "投诉内容")}</row><row r="2">{_inline("A2", "慢得很呀")}</row>'
    )
    return _with_sheet(_sheet(cells, "A1:XFD1048576"))


def _with_sheet(sheet: bytes) -> bytes:
    return packed({**members_of(_book()), "xl/worksheets/sheet1.xml": sheet})


def lying_size() -> bytes:
    """A member that says 100 bytes and unfolds to 400 MB: sizes in a directory are claims."""
    spaces = b" " * (400 << 20)
    cells = f'<row r="1">{_inline("A1", "投诉内容")}</row>'.encode()
    sheet = _sheet("").replace(b"</sheetData>", cells + spaces + b"</sheetData>")
    out = bytearray(_with_sheet(sheet))
    size = struct.pack("<I", len(sheet))
    assert out.count(size) == 2
    return bytes(out.replace(size, struct.pack("<I", 100)))


def one_member_many_times() -> bytes:
    """A directory that names the same 20 MB member for 400 sheets: small, dense in no entry."""
    book = members_of(_book(sheets=1))
    del book["xl/worksheets/sheet1.xml"]
    sheets = "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="r{n}"/>' for n in range(1, 400))
    book["xl/workbook.xml"] = (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        f"<sheets>{sheets}</sheets></workbook>"
    ).encode()
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    links = "".join(
        f'<Relationship Id="r{n}" Type="{kind}" Target="worksheets/big.xml"/>'
        for n in range(1, 400)
    )
    book["xl/_rels/workbook.xml.rels"] = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f"{links}</Relationships>"
    ).encode()
    book["xl/worksheets/big.xml"] = _sheet("<row/>" * 3_000_000)
    return packed(book)


def strings() -> bytes:
    """A table of shared strings of 280 MB in 280 kB."""
    item = "<si><t>排</t></si>" * 12
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    table = f'<sst xmlns="{main}" count="1" uniqueCount="1">'.encode() + item.encode() * 1_100_000
    return packed({**members_of(_book()), "xl/sharedStrings.xml": table + b"</sst>"})


def entities() -> bytes:
    """XML entities that unfold to gigabytes where a reader resolves them."""
    declared = '<!ENTITY a0 "慢慢慢慢慢慢慢慢慢慢">'
    for n in range(1, 10):
        declared += f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">'
    cells = f'<row r="1">{_inline("A1", "投诉内容")}</row><row r="2">{_inline("A2", "&a9;")}</row>'
    return _with_sheet(f"<!DOCTYPE w [{declared}]>".encode() + _sheet(cells))


def nested() -> bytes:
    inner = packed({"0": b"0" * (20 << 20)})
    for _ in range(4):
        inner = packed({str(n): inner for n in range(16)})
    return packed({**members_of(_book()), "xl/media/a.zip": inner})


def many_sheets() -> bytes:
    return _book(sheets=2000)


def many_members() -> bytes:
    return packed({**members_of(_book()), **{f"xl/media/{n}": b"" for n in range(60_000)}})


def full_book() -> bytes:
    """As much as is let in: just under the limit, every cell filled."""
    row = "".join(f"<c><v>{n}</v></c>" for n in range(50))
    cells = f'<row r="1">{_inline("A1", "投诉内容")}</row>' + f"<row>{row}</row>" * 330_000
    return _with_sheet(_sheet(cells))


BOMBS = (far_cell, far_row, wide_claim, lying_size, one_member_many_times, strings, entities,
         nested, many_sheets, many_members, full_book)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("make", BOMBS)
def test_a_workbook_that_is_a_bomb(tmp_path: Path, make: Callable[[], bytes]) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(make())
    peak, said = limited(path, seconds=60)
    assert peak < 1200, said


def parquet_of_one_value() -> bytes:
    """Two million rows in some kilobytes: many, and each of them a record."""
    batch = pa.array(["排队太久了没人管"] * 1_000_000).dictionary_encode()
    table = pa.table({"投诉内容": pa.chunked_array([batch] * 2)})
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd", row_group_size=2_000_000)
    return out.getvalue()


def parquet_of_one_cell() -> bytes:
    """600 MB of one character in 55 kB."""
    out = io.BytesIO()
    pq.write_table(pa.table({"投诉内容": ["慢" * 200_000_000]}), out, compression="zstd")
    return out.getvalue()


def parquet_of_columns() -> bytes:
    return _parquet(pa.table({f"c{n}": ["排队太久了没人管"] for n in range(20_000)}))


@pytest.mark.slow
@pytest.mark.parametrize("make", [parquet_of_one_value, parquet_of_one_cell, parquet_of_columns])
def test_a_parquet_file_that_is_a_bomb(tmp_path: Path, make: Callable[[], bytes]) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(make())
    peak, said = limited(path, seconds=150, space=4096)
    assert peak < 1000, said


@pytest.mark.slow
def test_a_table_of_very_many_columns(tmp_path: Path) -> None:
    wide = ",".join(f"列{n}" for n in range(100_000))
    cells = ",".join("排队太久" for _ in range(100_000))
    (tmp_path / "a.csv").write_text("\n".join([wide, cells, cells, cells]), encoding="utf-8")
    for kind in ("complaint", "survey"):
        peak, said = limited(tmp_path / "a.csv", kind)
        assert peak < 1000, said


@pytest.mark.slow
def test_quotes_without_end_take_no_time_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for piece in ('"', '""', '","', 'a"b', '"\n', '",\n"'):
        path.write_text(f"工单编号,投诉内容\n{piece * 400_000}\n", encoding="utf-8")
        peak, said = limited(path)
        assert peak < 500, said


def test_gzip_zip_and_friends_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\x1f\x8b\x08" + zlib.compress(b"a,b\n" * 99))
    assert "gzip" in str(read(tmp_path / "a.csv"))
    (tmp_path / "a.csv").write_bytes(packed({"a.csv": FORMS["a.csv"]}))
    assert "corrupt" in str(read(tmp_path / "a.csv"))


# ---- what lies in folders


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.csv").write_bytes(FORMS["a.csv"])
    (tmp_path / "secret.csv").write_bytes(FORMS["a.csv"])
    return folder


@pytest.mark.parametrize("how", ["file", "folder", "relative", "chain", "hidden"])
def test_a_link_that_leads_out_is_refused(drop: Path, how: str) -> None:
    outside = drop.parent / "secret.csv"
    match how:
        case "file":
            (drop / "b.csv").symlink_to(outside)
        case "folder":
            (drop / "b").symlink_to(drop.parent)
        case "relative":
            (drop / "b.csv").symlink_to("../secret.csv")
        case "chain":
            (drop / "b.csv").symlink_to(drop / "c.csv")
            (drop / "c.csv").symlink_to(outside)
        case "hidden":
            (drop / ".b").symlink_to(drop.parent)
            (drop / "b.csv").symlink_to(".b/secret.csv")
    found = read(drop)
    assert "a link that leads outside" in str(found)
    assert "a link that leads outside" in str(read(drop / "*"))


def test_a_link_within_the_folder_is_read(drop: Path) -> None:
    (drop / "b.csv").symlink_to("a.csv")
    assert len(read(drop)) == 10


@pytest.mark.parametrize("how", ["itself", "two", "parent", "here"])
def test_links_in_a_ring_end(drop: Path, how: str) -> None:
    match how:
        case "itself":
            (drop / "b.csv").symlink_to("b.csv")
        case "two":
            (drop / "b.csv").symlink_to("c.csv")
            (drop / "c.csv").symlink_to("b.csv")
        case "parent":
            (drop / "in").mkdir()
            (drop / "in" / "up").symlink_to(drop)
        case "here":
            (drop / "here").symlink_to(".")
    with within(20):
        for path in (drop, drop / "**" / "*", drop / "*"):
            found = read(path)
            assert isinstance(found, str) or len(found) >= 5
        if how in ("itself", "two"):
            assert isinstance(read(drop / "b.csv"), str)


def test_a_link_to_nothing_costs_nothing_else(drop: Path) -> None:
    (drop / "b.csv").symlink_to("gone.csv")
    assert len(read(drop)) == 5
    assert "no such file" in str(read(drop / "b.csv"))


@pytest.mark.parametrize("inner", ["../*.csv", "*/../../secret.csv", "../secret*", "x/../../*"])
def test_a_pattern_that_climbs_out_opens_nothing(drop: Path, inner: str) -> None:
    (drop / "x").mkdir()
    found = read(drop / inner)
    # The operator's own path may climb; what a pattern finds may not.
    assert isinstance(found, str) or not inner.startswith("*")


@pytest.mark.parametrize(
    "pattern", ["**", "**/**/**/**/*", "[", "[!]", "*" * 60, "a\0b*", "?" * 300]
)
def test_odd_patterns_give_records_or_one_line(drop: Path, pattern: str) -> None:
    with within(20):
        read(drop / pattern)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_sockets_and_devices_are_not_waited_for(drop: Path) -> None:
    os.mkfifo(drop / "b.csv")
    server = socket.socket(socket.AF_UNIX)
    cwd = Path.cwd()
    try:
        # The path of a socket is at most 108 bytes long.
        os.chdir(drop)
        server.bind("c.csv")
    finally:
        os.chdir(cwd)
    with within(20):
        assert len(read(drop)) == 5
        for name in ("b.csv", "c.csv"):
            assert isinstance(read(drop / name), str)
        assert isinstance(read(Path("/dev/zero")), str)
        (drop / "d.csv").symlink_to("/dev/zero")
        assert "a link that leads outside" in str(read(drop))
    server.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_file_that_turns_into_a_pipe_is_not_waited_for(drop: Path) -> None:
    source = SourceSettings(name="s", kind="complaint", path=str(drop))
    [file] = list_files(source)
    (drop / "a.csv").unlink()
    os.mkfifo(drop / "a.csv")
    with within(10), pytest.raises(InputError):
        list(read_file(file, source, timezone="Asia/Shanghai"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_one_line(drop: Path) -> None:
    (drop / "b.csv").write_bytes(FORMS["a.csv"])
    (drop / "b.csv").chmod(0)
    assert "check path and rights" in str(read(drop))
    (drop / "b.csv").unlink()
    (drop / "in").mkdir(mode=0)
    try:
        assert "rights" in str(read(drop))
    finally:
        (drop / "in").chmod(0o700)


ODD_NAMES = (b"a\nb.csv", b"a\r\nb.csv", b"\xff\xfe.csv", b"-rf.csv", b"a\x7fb.csv",
             "客户\u202e表.csv".encode(), b"a\x1b[31mb.csv", b" .csv", b"a'b\";--.csv",
             b"%s{0}.csv",
             b"x" * 250 + b".csv")  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
@pytest.mark.usefixtures("loaded_once")
@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_of_a_file_is_published_or_one_line(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    path = os.fsencode(folder) + b"/" + name
    with open(path, "wb") as stream:  # noqa: PTH123 - a name of bytes
        stream.write(FORMS["a.csv"] + b"T9,\xff\xff,x,x\n")
    config = write_config(tmp_path, {"name": "s", "kind": "complaint", "path": "drop"})
    cfg = load_settings(config)
    assert job.run(cfg).documents == 5
    [listed] = rows_of(cfg.output.database, "SELECT file FROM report_quarantine")
    assert "\n" not in listed["file"]
    assert "\x1b" not in listed["file"]
    assert job.run(cfg).skipped == 1
    with open(path, "wb") as stream:  # noqa: PTH123
        stream.write(b"%PDF-1.7 ")
    assert "a PDF" in str(read(folder))


def test_a_folder_with_nothing_in_it_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "in" / "in").mkdir(parents=True)
    (tmp_path / "in" / ".hidden.csv").write_bytes(FORMS["a.csv"])
    (tmp_path / "in" / "~$a.xlsx").write_bytes(b"lock")
    assert "found none" in str(read(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="the depth is Linux's")
@pytest.mark.parametrize("depth", [100, 1200, 3000])
def test_a_very_deep_folder_is_read_or_one_line(tmp_path: Path, depth: int) -> None:
    cwd = Path.cwd()
    os.chdir(tmp_path)
    try:
        (tmp_path / "a.csv").write_bytes(FORMS["a.csv"])
        for _ in range(depth):
            os.mkdir("d")  # noqa: PTH102 - a path this long has no other way
            os.chdir("d")
        Path("b.csv").write_bytes(FORMS["a.csv"])
        os.chdir(tmp_path)
        with within(60):
            found = read(tmp_path)
        assert isinstance(found, str) or len(found) == 10
    finally:
        os.chdir(tmp_path)
        subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=False)
        os.chdir(cwd)


# ---- files that move


def test_a_file_that_vanishes_before_it_is_read_is_one_line(drop: Path) -> None:
    source = SourceSettings(name="s", kind="complaint", path=str(drop))
    [file] = list_files(source)
    (drop / "a.csv").unlink()
    with pytest.raises(InputError, match="expected the file that was listed"):
        list(read_file(file, source, timezone="Asia/Shanghai"))


def test_a_file_that_vanishes_while_it_is_read_is_read_whole(drop: Path) -> None:
    source = SourceSettings(name="s", kind="complaint", path=str(drop))
    [file] = list_files(source)
    records = read_file(file, source, timezone="Asia/Shanghai")
    next(records)
    (drop / "a.csv").unlink()
    with contextlib.suppress(InputError):
        assert len(list(records)) == 4


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "a.xlsx", "a.parquet"])
@pytest.mark.parametrize("when", ["before it is read", "while it is read"])
def test_a_file_that_changes_is_not_taken_for_what_was_hashed(
    tmp_path: Path, name: str, when: str
) -> None:
    """Else rows of bytes that nobody hashed are published under a hash that says otherwise."""
    path = tmp_path / name
    path.write_bytes(FORMS[name])
    source = SourceSettings(name="s", kind="complaint", path=str(path))
    [file] = list_files(source)
    records = read_file(file, source, timezone="Asia/Shanghai")
    if when == "while it is read":
        next(records)
    with path.open("ab") as stream:
        stream.write(b"\n")
    with pytest.raises(InputError, match="changed"):
        list(records)


@pytest.mark.usefixtures("loaded_once")
def test_a_file_that_changes_in_a_run_is_read_whole_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload that goes on while the run reads: its end may come a day late, never not at all."""
    path = tmp_path / "a.csv"
    path.write_bytes(FORMS["a.csv"])
    config = write_config(tmp_path, {"name": "s", "kind": "complaint", "path": "a.csv"})
    plan = job.plan

    def and_then(*given: Any, **more: Any) -> job.Plan:
        found = plan(*given, **more)
        path.write_bytes(FORMS["a.csv"] + "T9,2026-09-09 10:00:00,停车难得很,东\r\n".encode())
        return found

    with monkeypatch.context() as patch:
        patch.setattr(job, "plan", and_then)
        with contextlib.suppress(InputError):
            job.run(load_settings(config))
    assert job.run(load_settings(config)).documents == 6
