"""Lexicon polarity: minimal pairs, and what its numbers promise."""

import math
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lexicons import load_lexicons
from pipeline.paths import shipped
from pipeline.reading.polarity import load_polarity

SCORER = load_polarity(load_lexicons(shipped("lexicons")))
PAIRS = [
    line.split("\t")
    for line in (Path(__file__).parent / "data/minimal_pairs.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
# Pairs that word lists and rules of scope can't tell apart. This number may only fall.
BEYOND = 1
_NONE = 0.1


def sign(value):
    return "0" if abs(value) < _NONE else "+" if value > 0 else "-"


def holds(text_a, text_b, expectation):
    sign_a, relation, sign_b = expectation.split()
    a, b = SCORER.score(text_a).value, SCORER.score(text_b).value
    compared = {">": a > b, "<": a < b, "=": a == b}[relation]
    return compared and sign_a in (sign(a), "?") and sign_b in (sign(b), "?")


def test_minimal_pairs():
    failing = [f"{a} / {b}: {e}" for a, b, e in PAIRS if not holds(a, b, e)]
    assert len(PAIRS) >= 150
    assert len(failing) <= BEYOND, "\n".join(failing)


@given(st.text("不没太很好差贵慢了吗？！，但希望要是就除了哪里点儿满意失望 a", max_size=40))
def test_score_is_bounded_and_hits_quote_the_text(text):
    score = SCORER.score(text)
    assert -1 <= score.value <= 1
    assert score.value == pytest.approx(math.tanh((score.positive - score.negative) / 3))
    assert min(score.positive, score.negative) >= 0
    for hit in score.hits:
        assert text[hit.start : hit.end] == hit.word
    assert SCORER.score(text) == score


@given(
    st.lists(
        st.sampled_from(["好", "差", "太贵了", "但是很快", "不如以前", "还行", "嗯"]), max_size=30
    )
)
def test_document_score_is_bounded(clauses):
    assert -1 <= SCORER.score_document(clauses) <= 1


def test_what_follows_contrast_weighs_more():
    assert SCORER.score_document(["味道好", "但是太贵了"]) < SCORER.score_document(
        ["味道好", "太贵了"]
    )


def test_hits_show_why():
    score = SCORER.score("客服一点也不耐心")
    assert [(hit.word, hit.weight < 0) for hit in score.hits] == [("耐心", True)]


@pytest.mark.parametrize(
    "run",
    [
        "不",
        "没有",
        "好吃不",
        "除了",
        "没好",
        "差点了",
        "不好吃的",
        "什么好",
        "没比这更差",
        "希望",
        "虽然",
    ],
)
def test_long_runs_take_linear_time(run):
    started = time.process_time()
    SCORER.score(run * 10_000)
    assert time.process_time() - started < 2
