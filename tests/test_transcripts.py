"""Every transcript form gives the same turns; what can't be read is listed, never raised."""

from __future__ import annotations

import json
import time
from pathlib import Path

import openpyxl
import pytest

from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest.transcripts import READERS, parse_turns
from pipeline.records import Quarantined, Verbatim

BY_NAME = {reader.name: reader for reader in READERS}
DATA = Path(__file__).parents[2] / "shared" / "data"


def source(**more: object) -> SourceSettings:
    return SourceSettings.model_validate(
        {"name": "calls", "kind": "transcript", "path": "x", **more}
    )


def surest(path: Path) -> str:
    head = path.read_bytes()[:65_536]
    return max(READERS, key=lambda reader: reader.sniff(path, head)).name


def read(path: Path, content: object, **more: object) -> tuple[str, list[Verbatim | Quarantined]]:
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")
    name = surest(path)
    return name, records_in(path, name, **more)


def records_in(path: Path, name: str, **more: object) -> list[Verbatim | Quarantined]:
    found = BY_NAME[name].read(path, source(**more), "Asia/Shanghai")
    return [one for one in found if isinstance(one, Verbatim | Quarantined)]


def said(records: list[Verbatim | Quarantined]) -> list[tuple[str, str]]:
    return [
        (turn.role, turn.text)
        for record in records
        if isinstance(record, Verbatim)
        for turn in record.turns
    ]


CALL = [("agent", "您好，请问有什么可以帮您？"), ("customer", "我的卡被吞了，没人管。")]
A, C = CALL[0][1], CALL[1][1]


def iflytek(text: str, speaker: str, start: int) -> dict[str, object]:
    words = [{"cw": [{"w": sign, "wp": "n"}]} for sign in text]
    return {"st": {"bg": str(start), "ed": str(start + 900), "rl": speaker, "rt": [{"ws": words}]}}


FORMS = {
    "funasr": [
        {"key": "c1", "text": A + C, "sentence_info": [
            {"sentence": "<|zh|><|NEUTRAL|>" + A, "start": 70, "end": 2000, "spk": 0},
            {"text": C, "start": 2100, "end": 4000, "spk": 1}]},
    ],
    "whisper": {"text": "", "segments": [
        {"start": 0.07, "end": 2.0, "text": A, "speaker": "SPEAKER_00", "avg_logprob": -0.2},
        {"start": 2.1, "end": 4.0, "text": C, "words": [
            {"word": "我"}, {"word": "的", "speaker": "SPEAKER_01"}]},
        {"start": 4.0, "end": 5.0, "text": ""},
        {"start": 5.0, "end": 9.0, "text": "字幕由 Amara.org 社群提供"}]},
    "aliyun": {"TaskId": "c1", "StatusText": "SUCCESS", "Result": {"Sentences": [
        {"BeginTime": 2100, "EndTime": 4000, "ChannelId": 1, "SpeakerId": "2", "Text": C},
        {"BeginTime": 70, "EndTime": 2000, "ChannelId": 0, "SpeakerId": "1", "Text": A}]}},
    "tencent": {"Response": {"Data": {"TaskId": 1, "ResultDetail": [
        {"FinalSentence": A, "SliceSentence": None, "StartMs": 70, "EndMs": 2000, "SpeakerId": 0},
        {"FinalSentence": C, "StartMs": None, "EndMs": None, "SpeakerId": 1}]}}},
    "iflytek": {"code": "000000", "content": {"orderInfo": {"orderId": "c1"},
        "orderResult": json.dumps({
            "lattice": [{"json_1best": json.dumps(iflytek(A, "1", 70))},
                        {"json_1best": json.dumps(iflytek(C, "2", 2100))}],
            "lattice2": [{"json_1best": iflytek(A, "1", 70)},
                         {"json_1best": iflytek(C, "2", 2100)}]})}},
    "volcengine": {"reqid": "c1", "result": [{"text": A + C, "utterances": [
        {"text": A, "start_time": 70, "end_time": 2000, "additions": {"speaker": "1"}},
        {"text": C, "start_time": 2100, "end_time": 4000, "additions": {"speaker": "2"}}]}]},
    "dialogue": [{"id": "c1", "turns": [
        {"sender": "helpdesk", "utterances": [A]}, {"sender": "customer", "utterances": [C]}]}],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_json_form_gives_the_same_turns(form: str, tmp_path: Path) -> None:
    name, records = read(tmp_path / "c1.json", FORMS[form])
    assert name == form
    assert said(records) == CALL
    record = next(one for one in records if isinstance(one, Verbatim))
    assert record.external_id in ("c1", "c1:1")
    if form != "dialogue":
        assert record.turns[0].start_ms == 70
        assert {turn.role_source for turn in record.turns} == {"inferred"}
        assert all(0.75 <= turn.role_confidence < 1 for turn in record.turns)


TEXTS = {
    "plain": f"客服：{A}\n客户: 我的卡被吞了，\n没人管。\n",
    "times": f"[00:00:01] 坐席1：{A}\n00:12 来电人：{C}\n",
    "alone": f"话务员 00:01\n{A}\n市民 00:12\n{C}\n",
    "letters": f"A：{A}\nB：{C}\n",
    "srt": f"\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\n客服：{A}\r\n\r\n2\r\n"
    "00:00:02,500 --> 00:00:04,000\r\n客户：我的卡被吞了，\r\n没人管。\r\n",
    "vtt": f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v 客服小李>{A}</v>\n\n"
    f"00:02.500 --> 00:04.000\n<v 客户>{C}</v>\n",
    "csv": f"通话编号,轮次,角色,内容\nc1,2,客户,{C}\nc1,1,客服,{A}\n",
    "cell": f'id,text\nc1,"客服：{A}\n客户：{C}"\n',
    "jsonl": json.dumps({"call_id": "c1", "turn": 1, "role": "agent", "text": A})
    + "\n"
    + json.dumps({"call_id": "c1", "turn": 2, "role": "user", "text": C}),
}


@pytest.mark.parametrize("form", TEXTS)
def test_every_text_form_gives_the_same_turns(form: str, tmp_path: Path) -> None:
    _, records = read(tmp_path / "c1.txt", TEXTS[form])
    assert said(records) == CALL


def test_several_calls_in_one_file_keep_their_ids(tmp_path: Path) -> None:
    text = f"==== 通话编号：c1 ====\n客服：{A}\n==== 通话编号：c2 ====\n客户：{C}\n"
    _, records = read(tmp_path / "day.txt", text)
    assert [one.external_id for one in records if isinstance(one, Verbatim)] == ["c1", "c2"]


def test_unknown_label_stays_unknown() -> None:
    assert [turn.role for turn in parse_turns("未知：我要投诉\n客户：我要投诉")] == [
        "unknown",
        "customer",
    ]


def test_weak_wording_stays_unknown() -> None:
    assert {turn.role for turn in parse_turns("A：嗯\nB：好的")} == {"unknown"}


def test_configured_channel_says_who_the_agent_is(tmp_path: Path) -> None:
    body = {"ResultDetail": [{"FinalSentence": "嗯", "SpeakerId": 1, "StartMs": 0},
                             {"FinalSentence": "好", "SpeakerId": 0, "StartMs": 9}]}  # fmt: skip
    _, records = read(tmp_path / "c.json", body, columns={"agent": "1"})
    assert said(records) == [("agent", "嗯"), ("customer", "好")]


@pytest.mark.parametrize(("scale", "form"), [(1, "ms"), (0.001, "seconds")])
def test_segments_in_ms_and_in_seconds_give_the_same_times(
    scale: float, form: str, tmp_path: Path
) -> None:
    body = {"segments": [{"start": 500 * scale, "end": 2500 * scale, "text": "我要投诉你们"}]}
    path = tmp_path / f"{form}.json"
    path.write_text(json.dumps(body))
    for name in ("funasr", "whisper"):
        (record,) = BY_NAME[name].read(path, source(), "Asia/Shanghai")
        assert isinstance(record, Verbatim)
        assert (record.turns[0].start_ms, record.turns[0].end_ms) == (500, 2500)


def test_dropped_inventions_are_counted(tmp_path: Path) -> None:
    _, records = read(tmp_path / "c.json", FORMS["whisper"])
    assert [one.asr_dropped for one in records if isinstance(one, Verbatim)] == [1]


def test_a_part_that_cannot_be_read_is_listed_and_shown(tmp_path: Path) -> None:
    body = {"segments": [{"start": 0, "end": 2, "text": ["卡"]}, {"start": 2, "end": 4, "text": C}]}
    _, records = read(tmp_path / "c.json", body)
    (fault,) = [one for one in records if isinstance(one, Quarantined)]
    assert (fault.row, fault.column) == (1, "segments[0]")
    assert fault.excerpt == '{"start": 0, "end": 2, "text": ["卡"]}'


def test_date_in_the_file_name_is_the_time_of_the_call(tmp_path: Path) -> None:
    _, (record,) = read(tmp_path / "rec_20260903_101530.txt", TEXTS["plain"])
    assert isinstance(record, Verbatim)
    assert record.occurred_at is not None
    assert record.occurred_at.isoformat() == "2026-09-03T10:15:30+08:00"


def test_gb18030_and_utf16_are_read(tmp_path: Path) -> None:
    for encoding in ("gb18030", "utf-16"):
        _, records = read(tmp_path / "c.txt", TEXTS["plain"].encode(encoding))
        assert said(records) == CALL


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data, which is not shipped")
def test_real_helpdesk_dialogues_all_come_in() -> None:
    reader = BY_NAME[surest(DATA / "helpdesk_dialogues.json")]
    found = list(reader.read(DATA / "helpdesk_dialogues.json", source(), "Asia/Shanghai"))
    assert reader.name == "dialogue"
    assert len(found) == 2940
    assert sum(len(one.turns) for one in found if isinstance(one, Verbatim)) == 12_120


@pytest.mark.parametrize(
    "body",
    [" " * 300_000, "\n" * 60_000 + "x", "客户" * 60_000, "[00:01" * 30_000, "[" * 50_000],
    ids=["blanks", "empty lines", "labels", "times", "brackets"],
)
def test_a_hostile_file_is_read_quickly(body: str, tmp_path: Path) -> None:
    path = tmp_path / "c.txt"
    path.write_text(body, encoding="utf-8")
    begun = time.process_time()
    for reader in READERS:
        try:
            reader.sniff(path, body.encode()[:65_536])
            list(reader.read(path, source(), "Asia/Shanghai"))
        except InputError:
            continue
    # A pattern that is quadratic in its input takes minutes here.
    assert time.process_time() - begun < 10


def test_a_stray_quote_in_a_table_of_calls_swallows_no_call(tmp_path: Path) -> None:
    rows = [f'c{n},"客服：{A}\n客户：{C}"' for n in range(4)]
    rows[1] = f'c1,"客户：{C}'
    _, records = read(tmp_path / "c.csv", "\n".join(["id,text", *rows, ""]))
    assert [one.external_id for one in records if isinstance(one, Verbatim)] == [
        f"c{n}" for n in range(4)
    ]
    assert [len(one.turns) for one in records if isinstance(one, Verbatim)] == [2, 1, 2, 2]


def test_calls_in_a_workbook_are_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("通话", 0)
    for row in (["通话编号", "网点", "对话内容"], ["c1", "城东支行", f"客服：{A}\n客户：{C}"]):
        sheet.append(row)
    book.save(tmp_path / "c.xlsx")
    name = surest(tmp_path / "c.xlsx")
    records = records_in(tmp_path / "c.xlsx", name)
    assert said(records) == CALL
    assert [one.external_id for one in records if isinstance(one, Verbatim)] == ["c1"]


def test_a_divider_names_the_call_its_time_and_its_branch(tmp_path: Path) -> None:
    text = (
        f"===== 通话编号：C0024 通话时间：2026-10-12 10:19:00 网点：东湖支行 =====\n客服：{A}\n\n"
        "----- 录音编号: C0025 | 来电时间: 2026/10/13 09:03 | 业务线: 信用卡 | 客户编号: 88 ---\n"
        f"客户：{C}\n"
    )
    _, records = read(tmp_path / "20261012_A班.txt", text)
    one, two = (record for record in records if isinstance(record, Verbatim))
    assert (one.external_id, one.attributes) == ("C0024", {"branch": "东湖支行"})
    assert str(one.occurred_at) == "2026-10-12 10:19:00+08:00"
    assert (two.external_id, two.attributes, two.customer_id) == (
        "C0025",
        {"product": "信用卡"},
        "88",
    )
    assert str(two.occurred_at) == "2026-10-13 09:03:00+08:00"


def test_head_lines_are_fields_and_nobody_says_them(tmp_path: Path) -> None:
    text = (
        "通话编号：C1\n坐席工号：8001\n客户姓名：李雷\n通话时间：2026年9月3日 10:15\n"
        "门店：城东店\n\n"
        f"客服：{A}\n客户：{C}\n"
    )
    _, records = read(tmp_path / "day.txt", text)
    assert said(records) == CALL
    (one,) = records
    assert isinstance(one, Verbatim)
    assert (one.external_id, one.attributes) == ("C1", {"branch": "城东店"})
    assert str(one.occurred_at) == "2026-09-03 10:15:00+08:00"


def test_what_a_customer_says_of_a_time_opens_no_call(tmp_path: Path) -> None:
    _, records = read(tmp_path / "c.txt", f"客服：{A}\n客户：来吧，\n时间：明天上午\n网点：城东\n")
    assert len(records) == 1
    assert said(records)[1] == ("customer", "来吧，时间：明天上午网点：城东")


@pytest.mark.parametrize(
    ("name", "identity"), [("20260831_C0001", "C0001"), ("20260831_0001", "20260831_0001")]
)
def test_a_dated_name_gives_the_day_and_a_number_of_its_own(
    name: str, identity: str, tmp_path: Path
) -> None:
    body = [{"key": name, "sentence_info": [{"text": C, "start": 0, "end": 9, "spk": 1}]}]
    for path, content in ((tmp_path / f"{name}.txt", TEXTS["plain"]), (tmp_path / "x.json", body)):
        _, (one,) = read(path, content)
        assert isinstance(one, Verbatim)
        assert one.external_id == identity
        assert str(one.occurred_at)[:10] == "2026-08-31"


def test_configured_attributes_come_from_the_head(tmp_path: Path) -> None:
    text = f"===== 通话编号：C1 技能组：挂失 =====\n客服：{A}\n"
    _, (one,) = read(tmp_path / "c.txt", text, attributes={"team": "技能组"})
    assert isinstance(one, Verbatim)
    assert one.attributes == {"team": "挂失"}
