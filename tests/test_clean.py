# ruff: noqa: E501
"""Cleaning folds what machines add and keeps what the customer wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.clean import clean, simplify

_MESSY = st.lists(
    st.sampled_from(["&", "amp;", "lt;", "<", "br>", "１", "　", "\u200b", "é", "e\u0301", "，", "\ufe0f", "\t", "態度", "a"])
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("１３８００１３８０００，没人接", "13800138000，没人接"),
        ("\ufeff等了\t很\n\n久", "等了 很 久"),
        ("好&amp;快<br/>谢谢", "好&快 谢谢"),
        ("價格<100元", "價格<100元"),
        ("1️⃣3️⃣", "13"),
    ],
)
def test_clean(raw, expected):
    assert clean(raw) == expected


@given(st.one_of(st.text(), _MESSY))
def test_cleaning_twice_changes_nothing(raw):
    assert clean(clean(raw)) == clean(raw)


@given(st.text())
def test_simplify_keeps_the_length(text):
    assert len(simplify(text)) == len(text)


@pytest.mark.parametrize("text", ["這台筆電的螢幕不錯,網路很慢", "服務態度太差了", "办理程序复杂"])
def test_simplifying_twice_changes_nothing(text):
    assert simplify(simplify(text)) == simplify(text)
