"""Tables as customers' systems export them, and the records they become."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest import list_files, read_file, read_records
from pipeline.ingest.columns import map_columns
from pipeline.ingest.dates import parse_time
from pipeline.ingest.tables import BadRow, Row, open_table
from pipeline.records import Quarantined, Verbatim

ZONE = ZoneInfo("Asia/Shanghai")


def _source(path: Path, kind: str = "complaint", **more: object) -> SourceSettings:
    return SourceSettings.model_validate({"name": "s", "kind": kind, "path": str(path), **more})


def _read(path: Path, kind: str = "complaint", **more: object) -> list[Verbatim | Quarantined]:
    source = _source(path, kind, **more)
    return [
        record
        for file in list_files(source)
        for record in read_file(file, source, timezone="Asia/Shanghai")
    ]


def _workbook(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "big5"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encoding_and_delimiter_are_recognised(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = tmp_path / "a.csv"
    lines = [("工單編號", "內容"), ("T1", "我在這個網點等了很久，沒有人來"), ("T2", "收費不清")]
    if encoding not in {"big5", "utf-16", "utf-8"}:
        lines = [("工单编号", "内容"), ("T1", "我在这个网点等了很久，没有人来"), ("T2", "收费不清")]
    path.write_bytes("\n".join(delimiter.join(line) for line in lines).encode(encoding))
    columns = {"text": lines[0][1], "id": lines[0][0]}
    records = _read(path, columns=columns)
    assert [(r.external_id, r.text) for r in records] == list(lines[1:])
    assert [r.row for r in records] == [2, 3]


def test_a_bad_byte_costs_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    good = "编号,内容\n1,排队太久\n".encode()
    path.write_bytes(good + b"2,\xff\xfe\xe6\n" + "3,还行\n".encode())
    records = _read(path)
    assert [type(r) for r in records] == [Verbatim, Quarantined, Verbatim]
    bad = records[1]
    assert isinstance(bad, Quarantined)
    assert (bad.row, bad.column, bad.excerpt) == (3, "内容", "2 | ���")


def test_row_numbers_count_records_not_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('编号,内容\n1,"第一行\n第二行"\n\n3,好\n', encoding="utf-8")
    assert [r.row for r in _read(path)] == [2, 4]


def test_title_rows_above_the_header_are_skipped(tmp_path: Path) -> None:
    path = _workbook(
        tmp_path / "a.xlsx",
        [["九月投诉明细"], [], ["工单编号", "投诉内容", "受理时间", "网点"]]
        + [[f"T{i}", f"第{i}次来都没人", 46268.5, "城东支行"] for i in range(5)],
    )
    records = _read(path)
    assert [r.external_id for r in records] == [f"T{i}" for i in range(5)]
    assert records[0].row == 4
    assert records[0].occurred_at == datetime(2026, 9, 3, 12, tzinfo=ZONE)
    assert records[0].attributes == {"branch": "城东支行"}


def test_merged_headings_above_the_names_are_one_header(tmp_path: Path) -> None:
    path = _workbook(
        tmp_path / "a.xlsx",
        [["基本信息", None, "反映情况", None], ["工单号", "受理时间", "投诉内容", "网点"]]
        + [["T1", "2026/9/3", "排队两个小时，窗口只开一个，没人来管", "城东"] for _ in range(3)],
    )
    source = _source(path, columns={"text": "反映情况 / 投诉内容"})
    table = open_table(path)
    assert table.header_row == 2
    assert [row.number for row in table.rows] == [3, 4, 5]
    assert map_columns(open_table(path), source).text == (2,)


def test_a_sheet_that_claims_more_rows_than_it_holds_gives_those_it_holds(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["编号", "内容"])
    book.active.append(["1", "柜台态度差"])
    book.active.cell(20_000, 1).value = "  "
    book.save(tmp_path / "a.xlsx")
    assert len(_read(tmp_path / "a.xlsx")) == 1


@pytest.mark.parametrize("lost", ["1.23457E+17", 110101199003070000.0])
def test_an_id_that_a_spreadsheet_rounded_is_left_empty(tmp_path: Path, lost: object) -> None:
    path = _workbook(tmp_path / "a.xlsx", [["工单编号", "内容"], [lost, "排队太久"], [7, "还行"]])
    assert [r.external_id for r in _read(path)] == ["", "7"]


def test_wenjuanxing_gives_one_record_an_answer(tmp_path: Path) -> None:
    header = ["序号", "提交答卷时间", "所用时间", "来源", "来自IP", "1、您常去的网点：",
              "2、您有多大可能把我们推荐给朋友？",
              "3、您给出这个分数的原因是什么？", "4、您还有什么建议？"]  # fmt: skip
    rows = [
        [i, "2026/9/3 12:00:00", "60秒", "微信", "192.0.2.1", "城东支行", 6, f"排队久{i}", "无"]
        for i in range(1, 6)
    ]
    rows[1][8] = None
    records = _read(_workbook(tmp_path / "a.xlsx", [header, *rows]), "survey")
    assert len(records) == 9
    first, second = records[:2]
    assert (first.external_id, first.question) == (
        "1@20260903T120000",
        "您给出这个分数的原因是什么？",
    )
    assert (second.external_id, second.question, second.text) == (
        "1@20260903T120000",
        "您还有什么建议？",
        "无",
    )
    assert first.scores == {"nps": 6.0}
    assert all("192.0.2.1" not in r.attributes.values() for r in records)


def test_qualtrics_three_header_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "ResponseId,RecordedDate,Q1,Q2\nResponse ID,Recorded Date,您满意吗？,您为什么这么说？\n"
        '"{""ImportId"":""_recordId""}","{""ImportId"":""d""}",'
        '"{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n'
        "R_1,2026-09-03 12:00:00,4,窗口总是只开一个\n"
        "R_2,2026-09-03 13:00:00,2,手机银行闪退好几次\n",
        encoding="utf-8",
    )
    records = _read(path, "survey")
    assert [(r.external_id, r.question, r.row) for r in records] == [
        ("R_1", "您为什么这么说？", 4),
        ("R_2", "您为什么这么说？", 5),
    ]
    assert records[0].scores == {"csat": 4.0}


def test_surveymonkey_two_header_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "Respondent ID,Date Created,您对我们有什么建议？,您去过哪些网点？,\n"
        ",,Open-Ended Response,城东,城西\n"
        "11,09/03/2026 12:00:00 PM,多开几个窗口就好了,城东,\n"
        "12,09/03/2026,别再涨年费了行不行,,城西\n",
        encoding="utf-8",
    )
    records = _read(path, "survey")
    assert [(r.external_id, r.question, r.text) for r in records] == [
        ("11", "您对我们有什么建议？", "多开几个窗口就好了"),
        ("12", "您对我们有什么建议？", "别再涨年费了行不行"),
    ]


def test_a_missing_column_names_the_nearest_and_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("编号,投诉内容\n1,慢\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"投诉内荣.*did you mean '投诉内容'.*columns: \{text: 投诉内容\}"
    ):
        _read(path, columns={"text": "投诉内荣"})


def test_several_columns_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("主题,详情\n占道施工,没有人行道\n", encoding="utf-8")
    assert _read(path, columns={"text": "主题 + 详情"})[0].text == "占道施工\n没有人行道"


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", b""), ("a.xlsx", b"PK\x03\x04broken"), ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1broken"),
     ("a.json", b'[{"text": "x"'), ("a.parquet", b"PAR1broken")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_gives_one_line(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        _read(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "tickets.csv").write_text("text\n慢\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"did you mean 'tickets\.csv'"):
        list_files(_source(tmp_path / "ticket.csv"))


def test_lock_files_and_hidden_files_are_skipped_and_outside_links_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.csv", "~$a.csv", ".b.csv"):
        (folder / name).write_text("text\n慢\n", encoding="utf-8")
    assert [file.path.name for file in list_files(_source(folder))] == ["a.csv"]
    assert [file.path.name for file in list_files(_source(folder / "*.csv"))] == ["a.csv"]
    (tmp_path / "secret.csv").write_text("text\n慢\n", encoding="utf-8")
    (folder / "c.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(InputError, match="outside"):
        list_files(_source(folder))


def test_jsonl_line_at_fault_is_quarantined(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "text": "慢"}\n{"id": 2, "te\n[3]\n{"id": 4, "text": "好"}\n')
    records = _read(path)
    assert [(type(r).__name__, r.row) for r in records] == [
        ("Verbatim", 1), ("Quarantined", 2), ("Quarantined", 3), ("Verbatim", 4),
    ]  # fmt: skip


def test_ad_hoc_lines_are_told_apart() -> None:
    call = json.dumps({"text": "客户：转账一直失败\n客服：请稍等"}, ensure_ascii=False)
    plain = json.dumps({"text": "排队太久"}, ensure_ascii=False)
    records = list(read_records(io.BytesIO(f"{call}\n{plain}\n".encode())))
    assert [(r.kind, r.external_id) for r in records] == [("transcript", "1"), ("survey", "2")]
    assert [turn.role for turn in records[0].turns] == ["customer", "agent"]


def test_plain_lines_from_standard_input() -> None:
    records = list(read_records(io.BytesIO("排队太久，没人管\n还行\n".encode("gbk"))))
    assert [(r.text, r.external_id) for r in records] == [("排队太久，没人管", "1"), ("还行", "2")]


@pytest.mark.parametrize(
    "written",
    ["2026/9/3 12:00:00", "2026-09-03T04:00:00Z", "2026年9月3日 12时00分",
     "2026.9.3 下午12:00", 46268.5,
     "46268.5", "20260903 12:00", "2026年9月3日 星期四 12:00", datetime(2026, 9, 3, 12)],
)  # fmt: skip
def test_times_in_many_forms(written: object) -> None:
    assert parse_time(written, ZONE) == datetime(2026, 9, 3, 12, tzinfo=ZONE)


@pytest.mark.parametrize("written", ["2026-02-30", "昨天", "", None, "2026/9/3 29:00", 1e308])
def test_impossible_times_are_none(written: object) -> None:
    assert parse_time(written, ZONE) is None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_one_error_of_ours(content: bytes) -> None:
    try:
        rows = list(open_table(io.BytesIO(content), name="x.csv").rows)
    except InputError:
        return
    assert all(isinstance(row, Row | BadRow) for row in rows)


@settings(max_examples=60, deadline=None)
@given(st.text(), st.sampled_from([int, float, str]))
def test_parsing_a_time_never_raises(text: str, make: type) -> None:
    try:
        value = make(text)
    except ValueError:
        value = text
    assert parse_time(value, ZONE) is None or parse_time(value, ZONE).tzinfo is not None


@pytest.mark.parametrize("encoding", ["utf-9", "base64"])
def test_an_unknown_encoding_gives_one_line(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_text("text\n慢\n", encoding="utf-8")
    with pytest.raises(InputError, match="no text encoding named"):
        _read(tmp_path / "a.csv", encoding=encoding)


def test_a_utf16_file_without_a_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("text\n排队太久\n".encode("utf-16-le"))
    assert [r.text for r in _read(tmp_path / "a.csv", encoding="utf-16")] == ["排队太久"]


def test_records_wrapped_in_an_object_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"data": [{"id": 1, "text": "慢"}]}', encoding="utf-8")
    assert [r.text for r in _read(tmp_path / "a.json")] == ["慢"]


@pytest.mark.parametrize("content", ["[1,2", "[" * 100_000])
def test_broken_json_gives_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="broken"):
        _read(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("name", "content", "excerpt"),
    [
        ("a.csv", "编号,内容\n1,慢,太慢\n2,好\n", "1 | 慢 | 太慢"),
        ("a.csv", '编号,内容\n1,"慢\n', None),
        ("a.csv", '编号,内容,网点\n1,"慢\n2,好,城东\n3,好,城西\n', '1,"慢'),
        ("a.csv", "编号,内容\n1,\n2,好\n", "1"),
        ("a.jsonl", '{"内容": "好"}\n{"内容": 慢}\n', '{"内容": 慢}'),
        ("a.jsonl", '{"内容": "好"}\n["慢"]\n', '["慢"]'),
        ("a.json", '[{"内容": "好"}, 17]', "17"),
        ("a.txt", f"好\n{'慢' * 1_000_001}\n", "慢" * 500),
        ("a.csv", f"编号,内容\n1,{'慢' * 1_000_001}\n2,好\n", f"1,{'慢' * 498}"),
        ("a.csv", f"编号,内容\n1,慢,{'慢' * 1000}\n2,好\n", f"1 | 慢 | {'慢' * 492}"),
    ],
)
def test_a_row_at_fault_shows_how_it_starts(
    tmp_path: Path, name: str, content: str, excerpt: str | None
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    found = [row.excerpt for row in _read(path) if isinstance(row, Quarantined)]
    assert found == ([] if excerpt is None else [excerpt])
    ad_hoc = [row.excerpt for row in read_records(path) if isinstance(row, Quarantined)]
    # Ad hoc, a row without text is a record.
    assert ad_hoc == (found if excerpt != "1" else [])
