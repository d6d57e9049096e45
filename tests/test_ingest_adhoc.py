"""Ad-hoc input: what people throw at ``voc analyse``, from files and from a pipe."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.ingest import read_records
from pipeline.records import Quarantined, Verbatim

CALL = "客服：您好，请问有什么可以帮您？\n客户：我的卡被吞了，\n没人管。\n"
ROLES = ["agent", "customer"]


def _read(
    content: str | object, *, path: Path | None = None, **options: str
) -> list[Verbatim | Quarantined]:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    if path is None:
        return list(read_records(io.BytesIO(text.encode()), **options))
    path.write_text(text, encoding="utf-8")
    return list(read_records(path, **options))


def _verbatims(records: list[Verbatim | Quarantined]) -> list[Verbatim]:
    found = [record for record in records if isinstance(record, Verbatim)]
    assert len(found) == len(records)
    return found


@pytest.mark.parametrize("kind", ["auto", "transcript"])
def test_lines_of_one_call_are_one_record(tmp_path: Path, kind: str) -> None:
    (one,) = _verbatims(_read(CALL, path=tmp_path / "call7.txt", kind=kind))
    assert (one.kind, one.external_id, [turn.role for turn in one.turns]) == (
        "transcript",
        "call7",
        ROLES,
    )
    assert one.turns[1].text == "我的卡被吞了，没人管。"


def test_lines_of_one_call_come_through_a_pipe() -> None:
    (one,) = _verbatims(_read(f"[00:01] {CALL}"))
    assert [turn.role for turn in one.turns] == ROLES


def test_several_calls_in_one_text_stay_apart(tmp_path: Path) -> None:
    text = f"==== 通话编号：C1 ====\n{CALL}==== 通话编号：C2 ====\n{CALL}"
    found = _verbatims(_read(text, path=tmp_path / "day.txt"))
    assert [one.external_id for one in found] == ["C1", "C2"]


def test_the_lines_of_another_kind_stay_records_of_their_own(tmp_path: Path) -> None:
    found = _verbatims(_read("客户：太慢\n客户：太贵\n", path=tmp_path / "a.txt", kind="complaint"))
    assert [one.kind for one in found] == ["complaint", "complaint"]


def test_json_and_csv_records_with_a_call_are_one_record_each() -> None:
    records = [{"id": f"c{n}", "text": CALL} for n in range(3)]
    lines = "\n".join(json.dumps(one, ensure_ascii=False) for one in records)
    cells = "id,text\n" + "".join(f'c{n},"{CALL}"\n' for n in range(3))
    for text in (lines, cells):
        found = _verbatims(_read(text))
        assert [(one.external_id, len(one.turns)) for one in found] == [
            ("c0", 2),
            ("c1", 2),
            ("c2", 2),
        ]


TURNS = [{"role": "agent", "text": "您好"}, {"role": "customer", "text": "卡被吞了，没人管"}]


@pytest.mark.parametrize(
    "content",
    [
        {"id": "d1", "turns": TURNS},
        [{"id": "d1", "turns": TURNS}],
        {
            "id": "d1",
            "messages": [{"sender": one["role"], "content": one["text"]} for one in TURNS],
        },
        {"data": [{"id": "d1", "turns": TURNS}]},
    ],
)
def test_nested_dialogues_are_one_record_each(content: object) -> None:
    (one,) = _verbatims(_read(content))
    assert (one.kind, one.external_id, [turn.role for turn in one.turns]) == (
        "transcript",
        "d1",
        ROLES,
    )


def test_what_a_recogniser_wrote_is_a_call(tmp_path: Path) -> None:
    said = [{"text": "您好，很高兴为您服务", "spk": 0, "start": 0, "end": 900},
            {"text": "我的卡被吞了，怎么回事", "spk": 1, "start": 900, "end": 1900}]  # fmt: skip
    body = [{"key": "20260831_C0001", "text": "", "sentence_info": said}]
    (one,) = _verbatims(_read(body, path=tmp_path / "a.json"))
    assert [turn.role for turn in one.turns] == ROLES
    assert (one.external_id, str(one.occurred_at)[:10]) == ("C0001", "2026-08-31")


@pytest.mark.parametrize(
    "name",
    ["text", "content", "评论", "内容", "留言详情", "verbatim", "comment", "Comment "],
)
def test_a_text_column_is_found_by_its_name(name: str) -> None:
    rows = "".join(f"{n},主题{n}号很长很长的标题在这里,太慢,9\n" for n in range(3))
    found = _verbatims(_read(f"id,标题,{name},score\n{rows}"))
    assert [one.text for one in found] == ["太慢"] * 3


def test_ids_come_back_as_they_were_given() -> None:
    records = [{"id": n, "text": "慢"} for n in (1, 2, 3)]
    lines = "\n".join(json.dumps(one) for one in records)
    assert [one.external_id for one in _verbatims(_read(lines))] == ["1", "2", "3"]


def test_a_wrong_field_names_the_columns_and_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        _read("id,comments,score\n1,慢,3\n", text_field="coments")
    message = str(caught.value)
    assert "did you mean 'comments'" in message
    assert "id, comments, score" in message
    assert "--text-field" in message
    assert "\n" not in message


def test_times_without_a_zone_take_the_one_that_is_asked_for() -> None:
    text = "内容,时间\n太慢,2026/9/3 12:00\n"
    (one,) = _verbatims(_read(text, timezone="Asia/Tokyo"))
    assert one.occurred_at is not None
    assert one.occurred_at.isoformat() == "2026-09-03T12:00:00+09:00"


def test_standard_input_really_piped() -> None:
    code = (
        "import sys\nfrom pipeline.ingest import read_records\n"
        "for one in read_records(sys.stdin.buffer):\n"
        "    print(one.kind, one.external_id, len(one.text), len(one.turns))"
    )
    for content, expected in (
        ("排队太久\n没人管\n".encode("gbk"), "survey 1 4 0\nsurvey 2 3 0\n"),
        (CALL.encode(), "transcript stdin 0 2\n"),
        ('{"id": "a", "text": "慢"}\n'.encode() * 5000, "survey a 1 0\n" * 5000),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code], input=content, capture_output=True, check=True
        )
        assert done.stdout.decode().replace("\r\n", "\n") == expected


@pytest.mark.parametrize(
    "text",
    ["客户的意见：大厅很干净", "客户诉求：退费\n客服回复：已办", "用户名：小王\n原因：没人接"],
)
def test_a_text_about_a_speaker_is_no_call(text: str) -> None:
    (one,) = _verbatims(_read({"id": "a", "text": text}))
    assert one.kind == "survey"


@pytest.mark.parametrize("text", ["客户：转账失败", "客服：您好 客户：卡被吞了"])
def test_a_call_may_be_one_line(text: str) -> None:
    (one,) = _verbatims(_read({"id": "a", "text": text}))
    assert one.kind == "transcript"


def test_a_flag_named_like_a_text_is_none() -> None:
    (one,) = _verbatims(_read({"id": "a", "complaint": True, "answer": "排队排了两个小时都没人管"}))
    assert one.text == "排队排了两个小时都没人管"


def test_every_open_answer_of_a_wide_survey_is_a_record() -> None:
    header = "序号,1、您常去的网点,2、您最不满意的地方是什么？,3、您还有什么建议？\n"
    rows = "".join(f"{n},城东支行,第{n}次来都要排长队,多开{n}个窗口好不好\n" for n in range(1, 4))
    *answers, empty = _read(header + rows + "4,城东支行,,\n")
    assert isinstance(empty, Quarantined)
    assert (empty.row, empty.reason) == (5, "expected an open answer, found none")
    found = _verbatims(answers)
    assert [(one.external_id, one.question[:4]) for one in found[:2]] == [
        ("1", "您最不满"),
        ("1", "您还有什"),
    ]
    assert len(found) == 6
