"""Bad input gives one clear line: where, what was expected, what was found, and the cure."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest import list_files, read_file, read_records
from pipeline.records import Quarantined, Verbatim


def _source(path: Path, kind: str = "complaint", **more: object) -> SourceSettings:
    return SourceSettings.model_validate({"name": "投诉", "kind": kind, "path": str(path), **more})


def _read(path: Path, kind: str = "complaint", **more: object) -> list[Verbatim | Quarantined]:
    source = _source(path, kind, **more)
    return [
        record
        for file in list_files(source)
        for record in read_file(file, source, timezone="Asia/Shanghai")
    ]


def _message(path: Path, kind: str = "complaint", **more: object) -> str:
    with pytest.raises(InputError) as caught:
        _read(path, kind, **more)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


def test_a_missing_file_names_its_nearest_neighbour(tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text("text\n慢\n", encoding="utf-8")
    message = _message(tmp_path / "ticket.csv")
    assert "did you mean 'tickets.csv'" in message
    assert "set 'path:' of source '投诉'" in message


def test_a_folder_without_matching_files_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "expected at least one file, found none" in _message(tmp_path / "empty")
    assert "found none" in _message(tmp_path / "*.xlsx")


@pytest.mark.parametrize("kind", ["complaint", "transcript", "survey"])
@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_says_so(tmp_path: Path, kind: str, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert "found an empty file; export it again" in _message(tmp_path / "a.csv", kind)


def test_a_header_without_rows_gives_no_records(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("工单编号,投诉内容\n", encoding="utf-8")
    assert _read(tmp_path / "a.csv") == []


def test_a_wrong_encoding_names_the_right_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("工单编号,投诉内容\nT1,排队太久没有人管\n".encode("gbk"))
    message = _message(path, encoding="utf-8")
    assert "expected text in utf-8" in message
    assert "perhaps gb18030; set that, or auto" in message


def test_a_missing_column_names_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("工单编号,投诉内容\nT1,慢\n", encoding="utf-8")
    message = _message(tmp_path / "a.csv", columns={"time": "受理时问", "text": "投诉内容"})
    assert "受理时问" in message
    assert "工单编号, 投诉内容" in message
    assert "columns: {time:" in message


@pytest.mark.parametrize("kind", ["complaint", "transcript", "survey"])
def test_a_corrupt_workbook_says_how_to_mend_it(tmp_path: Path, kind: str) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "a.xlsx")
    whole = (tmp_path / "a.xlsx").read_bytes()
    for broken in (whole[:200], whole[: len(whole) // 2], b"PK\x03\x04" + b"\x00" * 50):
        (tmp_path / "a.xlsx").write_bytes(broken)
        message = _message(tmp_path / "a.xlsx", kind)
        assert "found a corrupt file" in message
        assert "save it again as .xlsx" in message


def test_an_absent_sheet_names_the_nearest(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("九月投诉", 0).append(["内容"])
    book.save(tmp_path / "a.xlsx")
    assert "did you mean '九月投诉'" in _message(tmp_path / "a.xlsx", sheet="九月投拆")


def test_a_workbook_that_unfolds_without_end_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 40_000_000)
    assert "unfolds to 40,000,000 bytes" in _message(tmp_path / "a.xlsx")


@pytest.mark.parametrize("kind", ["complaint", "transcript", "survey"])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%PDF-1.7\n1 0 obj", "a PDF"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a picture"),
        (b"RIFF\x00\x00\x00\x00WAVE", "a sound"),
        (bytes(range(256)) * 4, "binary content"),
        (b"\x00\x01\x02\x03\x04", "binary content"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, kind: str, content: bytes, found: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    assert f"found {found}" in _message(tmp_path / "a.txt", kind)
    with pytest.raises(InputError, match=found):
        list(read_records(io.BytesIO(content)))


@pytest.mark.parametrize("text", ["内容\n慢\x00\n", "内容\n慢\x0c\n好\x1a", "A\r\n😀\r\n\ue000"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_stray_sign_does_not_condemn_a_text(text: str, encoding: str) -> None:
    assert list(read_records(io.BytesIO(text.encode(encoding))))


def test_an_unreadable_row_is_named_by_file_row_and_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("工单编号,投诉内容,网点\nT1,慢,东\nT2,".encode() + b"\xff\xfe,x\nT3,,\nT4\n")
    found = [record for record in _read(path) if isinstance(record, Quarantined)]
    assert [(Path(one.file).name, one.row, one.column) for one in found] == [
        ("a.csv", 3, "投诉内容"),
        ("a.csv", 4, "投诉内容"),
        ("a.csv", 5, "投诉内容"),
    ]
    assert all("\n" not in one.reason and one.reason for one in found)


JUNK = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=120).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text(alphabet='",;\t\n\r{}[]:客户服慢1', max_size=120).map(str.encode),
    st.text(alphabet='",\n客户：', max_size=80).map(lambda text: text.encode("gb18030")),
)


@settings(max_examples=300, deadline=None)
@given(
    JUNK,
    st.sampled_from(["x.csv", "x.jsonl", "x.xlsx", "x.txt", "x.json"]),
    st.sampled_from(["", "PK\x03\x04", "PAR1", "{", "[{"]),
    st.sampled_from(["auto", "transcript", "survey"]),
)
@example(b'"', "x.csv", "", "auto")
@example(b'{"text": 1e999}', "x.jsonl", "", "auto")
def test_any_bytes_give_records_or_one_line(
    content: bytes, name: str, start: str, kind: str
) -> None:
    stream = io.BytesIO(start.encode() + content)
    stream.name = name
    message = name
    found: list[Verbatim | Quarantined] = []
    try:
        found = list(read_records(stream, kind=kind))
    except InputError as error:
        message = str(error)
    assert message.startswith(name)
    assert "\n" not in message
    assert all(isinstance(record, Verbatim | Quarantined) for record in found)
    assert all(record.row >= 1 for record in found)


def test_a_garbled_name_of_a_column_costs_no_row(tmp_path: Path) -> None:
    rows = "T1,慢,东\nT2,贵,西\nT3,远,东\n".encode()
    (tmp_path / "a.csv").write_bytes("工单编号,投诉内容,网".encode() + b"\xff\n" + rows)
    found = _read(tmp_path / "a.csv")
    assert [one.text for one in found if isinstance(one, Verbatim)] == ["慢", "贵", "远"]


def test_unreadable_names_of_columns_give_one_line(tmp_path: Path) -> None:
    rows = "".join(f"T{n},慢,东,1\n" for n in range(30))
    (tmp_path / "a.csv").write_text('工单编号,"投诉内容,网点\n' + rows, encoding="utf-8")
    assert "a.csv:1: expected the names of the columns" in _message(tmp_path / "a.csv")
