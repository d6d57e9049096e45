# ruff: noqa: E501
"""Masking: what is personal goes, what only looks like it stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.clean import clean
from pipeline.text.mask import LABELS, find, mask, mask_turns

_DATA = Path(__file__).parent / "data"


def _load(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (_DATA / name).read_text("utf-8").splitlines()]


def _flat(case: dict[str, Any]) -> list[dict[str, object]]:
    # The second file was written without sight of the rules; its texts hold several pieces.
    pieces = case["pieces"] or [{"kind": "", "start": 0, "end": 0}]
    return [{"text": clean(case["text"]), **piece} for piece in pieces]


_CASES = _load("masking_cases.jsonl") + [
    flat for case in _load("masking_cases_b.jsonl") for flat in _flat(case)
]
_SOFT = ("name", "address")
_PIECES = st.sampled_from(
    ["我叫", "王芳", "先生", "经理", "电话", "13800138000", "身份证", "110101", "19900307", "1234", "卡号", "6222", ",", "。", "幺三八", "零零一三", "八零零零", "嗯", "@小雨", "a@b.cn", "家住", "云杉路", "12号", "3单元", "501室", "订单号", "AB12345", "[手机号]", "[姓名]", "客户", "叫", "魏东来", "欧阳", "称", "小区", "女士", "x", "1.2.3.4", "、", " ", "元", "贵姓", "10086", "沪A12345", "微信", "QQ", "尾号", "·", "姓名"]
)  # fmt: skip


def _found(case: dict[str, object]) -> bool:
    text = str(case["text"])
    hidden = {i for kind, a, b in find(text) for i in range(a, b)}
    raw = range(int(str(case["start"])), int(str(case["end"])))
    return all(i in hidden for i in raw if text[i].isalnum() and text[i] not in "嗯呃那个")


def _missed(kinds: tuple[str, ...], *, among: bool) -> tuple[list[str], int]:
    cases = [case for case in _CASES if case["kind"] and (case["kind"] in kinds) == among]
    return [str(case["text"]) for case in cases if not _found(case)], len(cases)


def test_labelled_numbers_are_masked():
    missed, total = _missed(_SOFT, among=False)
    assert len(missed) <= 0.01 * total, missed


def test_labelled_names_and_addresses_are_masked():
    missed, total = _missed(_SOFT, among=True)
    assert len(missed) <= 0.10 * total, missed


def test_near_misses_are_left_alone():
    near = [str(case["text"]) for case in _CASES if not case["kind"]]
    wrong = [(text, mask(text).text) for text in near if mask(text).masks]
    assert len(wrong) <= 0.01 * len(near), wrong


@given(st.one_of(st.text(), st.lists(_PIECES, max_size=12).map("".join)))
def test_masking_twice_changes_nothing(raw):
    once = mask(clean(raw))
    assert mask(once.text).text == once.text


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_masks_never_overlap_and_lie_in_the_text(text):
    at = 0
    for kind, start, end in find(text):
        assert kind in LABELS
        assert at <= start < end <= len(text)
        at = end


def test_nothing_to_mask_gives_the_same_object():
    text = "服务态度很差排队太久"
    assert mask(text).text is text


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (["电话是幺三八", "嗯", "零零一三八零零零"], ["电话是[手机号]", "嗯", "[手机号]"]),
        (["138", "138", "0013", "嗯", "8000"], ["[手机号]", "[手机号]", "[手机号]", "嗯", "[手机号]"]),
        (["您的身份证号是多少?", "110101", "好的", "19900307"], ["您的身份证号是多少?", "[身份证]", "好的", "[身份证]"]),
        (["请问您贵姓?", "王晓梅"], ["请问您贵姓?", "[姓名]"]),
        (["等了30", "好的", "花了200元"], ["等了30", "好的", "花了200元"]),
    ],
)  # fmt: skip
def test_numbers_split_over_turns(turns, expected):
    assert [turn.text for turn in mask_turns(turns)] == expected


_TURNS = st.lists(
    st.one_of(st.lists(_PIECES, max_size=4).map("".join), st.text(max_size=12).map(clean)),
    max_size=8,
)


@given(_TURNS)
def test_masking_the_turns_of_a_call_twice_changes_nothing(turns):
    once = [turn.text for turn in mask_turns(turns)]
    assert [turn.text for turn in mask_turns(once)] == once


@given(_TURNS)
def test_every_turn_keeps_its_place(turns):
    assert len(mask_turns(turns)) == len(turns)


@given(
    st.lists(
        st.sampled_from(["嗯", "好的", "没人接", "太慢了", "谢谢", "为什么", "", "等等"]),
        max_size=8,
    )
)
def test_turns_without_numbers_or_cues_stay_as_they_are(turns):
    assert [turn.text for turn in mask_turns(turns)] == turns


@given(
    st.integers(18, 99),
    st.sampled_from(["嗯", "好的", "那个"]),
    st.integers(100, 99999),
    st.sampled_from(["元", "块钱", "天", "次", "个", "公里", "多块", "岁"]),
)
def test_ages_and_amounts_of_neighbouring_turns_are_not_one_number(age, ack, amount, unit):
    turns = [f"我今年{age}", ack, f"{amount}{unit}"]
    assert [turn.text for turn in mask_turns(turns)] == turns


@pytest.mark.parametrize(
    "turns",
    [
        ["尾数138", "0013", "8000元"],
        ["等了13", "800", "138000块"],
        ["请问您几位", "138", "号楼等", "00138000个"],
    ],
)
def test_what_is_counted_ends_a_number(turns):
    assert "[手机号]" not in "".join(turn.text for turn in mask_turns(turns))


def test_a_recogniser_that_parts_words_by_blanks_is_read_joined_up():
    spaced = "您 好 我 叫 王 晓 芳 电话 是 幺 三 八 零 零 一 三 八 零 零 零 谢谢"
    assert mask(spaced).text == "您 好 我 叫 [姓名] 电话 是 [手机号] 谢谢"


@pytest.mark.parametrize(
    "text", ["小王服务很好", "老李修得快", "找王总签字", "张姐帮我办的", "李哥送来的"]
)
def test_familiar_forms_name_nobody_and_stay(text):
    assert mask(text).text == text
