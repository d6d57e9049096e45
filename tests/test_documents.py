"""From verbatim to document: offsets, ids, customer keys, empty answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.paths import shipped
from pipeline.records import Turn, Verbatim
from pipeline.text.documents import load_rules, to_document

RULES = load_rules(shipped("lexicons"))
KEYED = replace(RULES, key=b"0123456789abcdef")


def answer(text: str, **more: object) -> Verbatim:
    return Verbatim("survey", "survey", "survey", text=text, **more)  # type: ignore[arg-type]


def call(*lines: tuple[str, str]) -> Verbatim:
    turns = tuple(
        Turn(number, role, text)  # type: ignore[arg-type]
        for number, (role, text) in enumerate(lines, start=1)
    )
    return Verbatim("calls", "transcript", "hotline", turns=turns, external_id="C1")


roles = st.sampled_from(["customer", "agent", "unknown"])


@given(st.lists(st.tuples(roles, st.text(max_size=40)), min_size=1, max_size=6))
def test_turn_offsets_point_at_the_turns_words(lines: list[tuple[str, str]]) -> None:
    document = to_document(call(*lines), RULES)
    shown = document.text.split("\n")
    assert len(document.simplified) == len(document.text)
    for turn, line in zip(document.turns, shown, strict=True):
        label, _, words = line.partition("：")
        assert document.text[turn.start : turn.end] == words
        assert label == {"customer": "客户", "agent": "客服", "unknown": "未知"}[turn.role]


@given(st.text(max_size=80))
def test_simplified_has_the_length_of_the_text(text: str) -> None:
    document = to_document(answer(text), RULES)
    assert len(document.simplified) == len(document.text)


def test_only_the_customers_turns_are_the_customers_words() -> None:
    document = to_document(call(("agent", "您好"), ("customer", "太慢了")), RULES)
    assert [document.text[a:b] for a, b in document.customer_spans()] == ["太慢了"]


def test_without_known_customers_unknown_speakers_count() -> None:
    document = to_document(call(("unknown", "太慢了"), ("agent", "您好")), RULES)
    assert [document.text[a:b] for a, b in document.customer_spans()] == ["太慢了"]


def test_the_same_record_in_two_files_is_one_document() -> None:
    first = to_document(answer("太慢", external_id="7", file="a.csv", row=2), RULES)
    second = to_document(answer("太慢", external_id="7", file="b.csv", row=9), RULES)
    assert first.id == second.id


NUMBERED = "20260903_14200001234_0007"


def test_a_recording_named_after_a_number_is_not_known_by_a_hash_of_it() -> None:
    one = to_document(answer("太慢了", external_id=NUMBERED), RULES)
    assert "14200001234" not in one.external_id
    # Nobody can tell the number by trying all: another one gives the same id.
    other = answer("太慢了", external_id=NUMBERED.replace("1234", "5678"))
    assert to_document(other, RULES).id == one.id
    assert to_document(other, RULES, repeat=1).id != one.id
    assert to_document(answer("换了内容", external_id=NUMBERED), RULES).id != one.id


def test_with_a_key_it_is_known_by_a_keyed_hash() -> None:
    keyed = KEYED
    one = to_document(answer("太慢了", external_id=NUMBERED), keyed)
    assert to_document(answer("补充了内容", external_id=NUMBERED), keyed).id == one.id
    other = answer("太慢了", external_id=NUMBERED.replace("1234", "5678"))
    assert to_document(other, keyed).id != one.id


def test_two_answers_of_one_person_are_two_documents() -> None:
    first = to_document(answer("太慢", external_id="7", question="哪里不满意"), RULES)
    second = to_document(answer("太慢", external_id="7", question="有何建议"), RULES)
    assert first.id != second.id


def test_identical_answers_without_ids_stay_apart() -> None:
    first = to_document(answer("太慢"), RULES, repeat=0)
    second = to_document(answer("太慢"), RULES, repeat=1)
    assert first.id != second.id


def test_a_customer_key_needs_a_secret() -> None:
    keyed = KEYED
    other = replace(RULES, key=b"fedcba9876543210")
    verbatim = answer("太慢", customer_id="C001")
    assert to_document(verbatim, RULES).customer_key == ""
    key = to_document(verbatim, keyed).customer_key
    assert len(key) == 16
    assert key != to_document(verbatim, other).customer_key
    assert "C001" not in key


def test_personal_data_is_masked_in_every_field_that_is_stored() -> None:
    number = "14200001234"
    document = to_document(
        answer(f"打{number}没人接", question=f"请致电{number}", attributes={"branch": number}),
        RULES,
    )
    assert number not in repr(document)
    assert document.masks["mobile"] == 1


@pytest.mark.parametrize("text", ["无", " 无。", "没有！", "。。。", "", "🐶"])
def test_answers_without_content_are_marked(text: str) -> None:
    assert to_document(answer(text), RULES).no_content


@pytest.mark.parametrize("text", ["无线网太差", "没有座位", "😀"])
def test_answers_with_content_are_not_marked(text: str) -> None:
    assert not to_document(answer(text), RULES).no_content


@pytest.mark.parametrize(
    ("text", "no_content", "flag"),
    [
        ("系统默认好评", True, "template"),
        ("专业代办信用卡提额，加微信秒到账", False, "spam"),
        ("天天发贷款广告短信，烦死了", False, ""),
    ],
)
def test_what_no_customer_wrote_is_flagged(text: str, no_content: bool, flag: str) -> None:
    document = to_document(answer(text), RULES)
    assert (document.no_content, document.flag) == (no_content, flag)


NOTE = "客户反映上周在云桥支行排队两小时，要求道歉。经核实，已向客户解释。"


def test_of_an_agents_note_only_the_report_is_the_customers() -> None:
    rules = RULES
    ticket = Verbatim("desk", "complaint", "complaint", text=NOTE)
    document = to_document(ticket, rules)
    own = [document.text[a:b] for a, b in document.customer_spans()]
    assert document.text == NOTE
    assert own
    assert "已向客户解释" not in "".join(own)
    assert "排队两小时" in "".join(own)
    # The same words in a survey are somebody's answer, and read whole.
    assert to_document(answer(NOTE), rules).customer_spans() == [(0, len(NOTE))]
