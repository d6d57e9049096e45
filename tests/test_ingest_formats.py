"""Exports as customers' systems write them: what each of them gives, and its traps."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipeline.config import SourceSettings
from pipeline.ingest import list_files, read_file
from pipeline.ingest.columns import ColumnMap, map_columns
from pipeline.ingest.tables import open_table
from pipeline.records import Quarantined, Verbatim


def _read(path: Path, kind: str = "survey", **more: Any) -> list[Verbatim]:
    source = SourceSettings.model_validate({"name": "s", "kind": kind, "path": str(path), **more})
    [file] = list_files(source)
    found = list(read_file(file, source, timezone="Asia/Shanghai"))
    assert not [row for row in found if isinstance(row, Quarantined)]
    return [row for row in found if isinstance(row, Verbatim)]


def _map(path: Path, kind: str = "survey") -> ColumnMap:
    source = SourceSettings.model_validate({"name": "s", "kind": kind, "path": str(path)})
    return map_columns(open_table(path), source)


def _workbook(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def _xls(path: Path, rows: list[list[object]]) -> Path:
    """Write the old binary form (BIFF8 in an OLE2 file), which no library of ours writes."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def text(value: str) -> bytes:
        return struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")

    def opening(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))

    cells = b""
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, str):
                cells += record(0x0204, struct.pack("<HHH", r, c, 15) + text(value))
            elif isinstance(value, int | float):
                cells += record(0x0203, struct.pack("<HHHd", r, c, 15, value))
    end = record(0x000A, b"")
    name = "工单".encode("utf-16-le")
    before = opening(0x0005) + record(0x0042, struct.pack("<H", 1200))
    size = len(before) + 4 + 8 + len(name) + len(end)
    sheet = record(0x0085, struct.pack("<IHBB", size, 0, 2, 1) + name)
    stream = before + sheet + end + opening(0x0010) + cells + end
    stream += bytes(max(4096, -len(stream) % 512 + len(stream)) - len(stream))
    sectors = len(stream) // 512
    fat = [-3, -2, *range(3, 2 + sectors), -2]
    fat += [-1] * (128 - len(fat))

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = name.encode("utf-16-le")
        head = raw.ljust(64, b"\0") + struct.pack("<HBB", len(raw) + 2 if raw else 0, kind, 1)
        return head + struct.pack("<iii16x4x16xiII", -1, -1, child, start, size, 0)

    folder = entry("Root Entry", 5, 1, -2, 0) + entry("Workbook", 2, -1, 2, len(stream))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIiIIiIiI", 0, 1, 1, 0, 4096, -2, 0, -2, 0)
    header += struct.pack("<109i", 0, *([-1] * 108))
    table = struct.pack("<128i", *fat)
    path.write_bytes(header + table + folder.ljust(512, b"\0") + stream)
    return path


WENJUANXING = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"]


def _wenjuanxing(i: int) -> list[object]:
    return [i, f"2026/9/3 12:{i:02}:00", "60秒", "微信", "N/A", "192.0.2.1(北京-北京)"]


def test_wenjuanxing_multiple_choice_is_no_answer_but_what_stands_in_its_other_is(
    tmp_path: Path,
) -> None:
    header = [*WENJUANXING, "1、您对哪些方面不满意？", "2、您还有什么想说的？", "总分"]
    chosen = ["排队时间┋其他〖保安态度恶劣〗", "价格", "排队时间┋价格", "其他〖停车难〗", "(跳过)"]
    path = _workbook(
        tmp_path / "a.xlsx",
        [header, *([*_wenjuanxing(i), one, f"多开窗口{i}", 60] for i, one in enumerate(chosen, 1))],
    )
    records = _read(path)
    assert [(one.question, one.text) for one in records if "哪些方面" in one.question] == [
        ("您对哪些方面不满意？", "保安态度恶劣"),
        ("您对哪些方面不满意？", "停车难"),
    ]
    assert len(records) == 7
    shown = "".join(str((one.attributes, one.scores, one.text)) for one in records)
    assert "192.0.2.1" not in shown
    assert "60" not in shown


@pytest.mark.parametrize("name", ["5、您来的原因(其他〖详细〗)", "5、您来的原因？(E.其他:____)"])
@pytest.mark.parametrize("mark", ["(跳过)", "(空)"])
def test_a_column_of_other_is_open_though_most_skipped_it(
    tmp_path: Path, name: str, mark: str
) -> None:
    rows = [[*_wenjuanxing(i), mark, "好"] for i in range(1, 60)]
    for i, text in ((7, "陪老人来办社保"), (30, "换零钱"), (41, "打流水")):
        rows[i][6] = text
    path = _workbook(tmp_path / "a.xlsx", [[*WENJUANXING, name, "6、评价"], *rows])
    assert [one.text for one in _read(path) if "原因" in one.question] == [
        "陪老人来办社保",
        "换零钱",
        "打流水",
    ]


def test_an_option_of_a_multiple_choice_in_a_column_of_its_own_is_closed(tmp_path: Path) -> None:
    header = ["答题序号", "开始答题时间", "IP", "UA", "用户类型", "用户标识", "地理位置省",
              "1.您不满意的原因:等候时间太长没有人解释", "1.您不满意的原因:其他[选项填空]",
              "2.您的建议"]  # fmt: skip
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/{}"
    rows = [
        [i, "2026-09-03 12:00:00", "192.0.2.7", agent.format(i), "匿名", f"u{i}", "北京",
         "等候时间太长没有人解释" if i % 3 else None, None, f"第{i}号窗口希望常开着"]
        for i in range(1, 31)
    ]  # fmt: skip
    rows[4][8] = "空调太冷了受不了"
    path = _workbook(tmp_path / "a.xlsx", [header, *rows])
    mapped = _map(path)
    assert mapped.answers == (8, 9)
    assert mapped.attributes == {}
    records = _read(path)
    assert len(records) == 31
    assert records[0].occurred_at is not None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_qualtrics_with_a_mark_and_labels_of_several_lines(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    rows = [
        ["StartDate", "Status", "IPAddress", "ResponseId", "Q1", "Q2_4_TEXT", "Q3"],
        ["Start Date", "Response Type", "IP Address", "Response ID", '"您有多大可能\n推荐我们？"',
         '"您去过哪些网点？ - 其他 - Text"', '"为什么？\n\n请具体说明"'],
        ['"{""ImportId"":""startDate"",""timeZone"":""Asia/Shanghai""}"', '"{""ImportId"":""s""}"',
         '"{""ImportId"":""ip""}"', '"{""ImportId"":""_recordId""}"', '"{""ImportId"":""QID1""}"',
         '"{""ImportId"":""QID2_4_TEXT""}"', '"{""ImportId"":""QID3_TEXT""}"'],
        ["2026-09-03 12:00:00", "IP Address", "192.0.2.1", "R_1", "3", "", '"窗口少\n人多"'],
        ["2026-09-03 12:10:00", "IP Address", "192.0.2.1", "R_2", "9", "火车站旁边那家", "服务好"],
    ]  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_text("\n".join(delimiter.join(row) for row in rows) + "\n", encoding=encoding)
    records = _read(path)
    assert [(one.external_id, one.question, one.text, one.row) for one in records] == [
        ("R_1", "为什么？ 请具体说明", "窗口少\n人多", 4),
        ("R_2", "您去过哪些网点？ - 其他 - Text", "火车站旁边那家", 5),
        ("R_2", "为什么？ 请具体说明", "服务好", 5),
    ]
    assert [one.scores for one in records] == [{"nps": 3.0}, {"nps": 9.0}, {"nps": 9.0}]


def test_surveymonkey_other_please_specify(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "Respondent ID,Collector ID,Date Created,IP Address,您去过哪些网点？,,,意见\n"
        ",,,,城东,城西,Other (please specify),Open-Ended Response\n"
        "11,7,09/03/2026 12:00:00 PM,192.0.2.1,城东,,,多开几个窗口就好了\n"
        "12,7,09/03/2026,192.0.2.2,,城西,机场里面的那家,别再涨年费了行不行\n",
        encoding="utf-8",
    )
    assert [(one.question, one.text) for one in _read(path)] == [
        ("意见", "多开几个窗口就好了"),
        ("您去过哪些网点？ / Other (please specify)", "机场里面的那家"),
        ("意见", "别再涨年费了行不行"),
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["我很喜欢", "它理应如此", "无所谓", "勉强接受", "我很不喜欢"],
        ["非常满意", "满意", "一般", "不满意", "非常不满意"],
        ["很喜欢", "理所当然", "无所谓", "能忍受", "很不喜欢"],
    ],
)
def test_paired_kano_questions_and_word_scales_are_no_open_answers(
    tmp_path: Path, words: list[str]
) -> None:
    header = ["序号", "1、如果提供手机取号，您的感受是？", "2、如果不提供手机取号，您的感受是？",
              "3、其他建议"]  # fmt: skip
    rows: list[list[object]] = [
        [i, word, words[-i], f"第{i}条建议是多开窗口"] for i, word in enumerate(words, 1)
    ]
    assert _map(_workbook(tmp_path / "a.xlsx", [header, *rows])).answers == (3,)


def test_the_reply_is_not_taken_for_the_complaint(tmp_path: Path) -> None:
    header = ["工单号", "登记日期", "客户反映事项", "处理结果", "回复内容", "处理意见"]
    reply = "经核实已向客户致歉并安排专人跟进处理，客户表示理解，予以结案，工单编号{}"
    rows: list[list[object]] = [
        [f"G{i}", 46268.5, f"客户反映第{i}网点一直没人", reply.format(i), reply.format(-i), reply]
        for i in range(1, 6)
    ]
    path = _workbook(tmp_path / "a.xlsx", [header, *rows])
    first, *_ = _read(path, "complaint")
    assert first.text == "客户反映第1网点一直没人"
    assert first.external_id == "G1"
    assert first.occurred_at is not None
    assert first.occurred_at.isoformat() == "2026-09-03T12:00:00+08:00"


def test_an_old_xls_is_read_with_serial_dates_and_lost_ids(tmp_path: Path) -> None:
    path = _xls(
        tmp_path / "导出.xls",
        [
            ["投诉明细表"],
            ["工单编号", "受理时间", "投诉内容", "网点"],
            ["G1", 46268.5, "\t\n客户反映排队太久\n\t", "城东支行"],
            [110101199003070000.0, "2026/9/3", "客户称卡被吞了", "城西支行"],
        ],
    )
    first, second = _read(path, "complaint")
    assert (first.external_id, first.text, first.row) == ("G1", "客户反映排队太久", 3)
    assert first.occurred_at is not None
    assert first.occurred_at.isoformat() == "2026-09-03T12:00:00+08:00"
    assert (second.external_id, second.attributes) == ("", {"branch": "城西支行"})


def test_a_sheet_that_claims_65000_rows(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["工单编号", "投诉内容"])
    for i in range(1, 501):
        book.active.append([f"G{i}", f"第{i}个客户说柜台态度差"])
    for row in (20_000, 40_000, 65_000):
        book.active.cell(row, 2).value = " "
    book.save(tmp_path / "a.xlsx")
    assert len(_read(tmp_path / "a.xlsx", "complaint")) == 500


def test_merged_cells_are_told_apart(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["2026年9月投诉台账", None, None, None, None],
        ["工单编号", "客户信息", None, "投诉内容", "处理"],
        [None, "客户号", "等级", None, "处理结果"],
        ["G1", "C1", "金卡", "柜台只开一个窗口等了一小时", "已致歉"],
        ["G2", "C2", "普卡", "手机银行转账一直失败没人管", "已升级"],
        ["G3", "C3", "普卡", "短信费乱扣要求退还", "已退费"],
    ):
        sheet.append(row)
    for area in ("A1:E1", "A2:A3", "B2:C2", "D2:D3"):
        sheet.merge_cells(area)
    book.save(tmp_path / "a.xlsx")
    first, *_ = records = _read(tmp_path / "a.xlsx", "complaint")
    assert [one.external_id for one in records] == ["G1", "G2", "G3"]
    assert (first.text, first.customer_id, first.row) == ("柜台只开一个窗口等了一小时", "C1", 4)


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_tickets_in_other_encodings_and_delimiters(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    rows = [["工单编号", "受理时间", "投诉内容"]]
    rows += [[f"G{i}", "2026/9/3 12:00:00", f"客户称第{i}次来还是没人"] for i in range(1, 9)]
    path = tmp_path / "a.csv"
    path.write_text("\r\n".join(delimiter.join(row) for row in rows), encoding=encoding)
    assert [one.external_id for one in _read(path, "complaint")] == [f"G{i}" for i in range(1, 9)]
