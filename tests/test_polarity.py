"""Lexicon polarity, clauses, tokens and lexicon errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import LexiconError
from pipeline.lexicons import load_lexicons
from pipeline.paths import shipped
from pipeline.reading.polarity import load_polarity
from pipeline.text.clauses import split
from pipeline.text.tokens import load_segmenter

SCORER = load_polarity(load_lexicons(shipped("lexicons")))


@pytest.mark.parametrize(
    ("worse", "better"),
    [("贵", "不贵"), ("让我失望", "没让我失望"), ("不是很好", "很好"), ("好吗？", "好"),
     ("要是态度好点就好了", "态度好"), ("质量差", "质量不差")],
)  # fmt: skip
def test_minimal_pair(worse, better):
    assert SCORER.score(worse).value < SCORER.score(better).value


@given(st.text("好的味道，但是。 ～an因为", max_size=120))
def test_every_hanzi_is_in_one_unit(text):
    units = split(text, [(0, len(text))])
    inside = [n for start, end in units for n in range(start, end)]
    assert inside == sorted(set(inside))
    assert {n for n, c in enumerate(text) if "\u4e00" <= c <= "\u9fff"} <= set(inside)


@pytest.mark.parametrize("engine", ["jieba", "auto"])
def test_words_joined_are_the_text(engine):
    text = "客服电话 一直没人接，\r\n等了40分钟😡"
    assert "".join(load_segmenter(engine, []).cut(text)) == text


def test_bad_user_dictionary_line_is_named(tmp_path):
    path = tmp_path / "u.txt"
    path.write_text("好\n坏 x1 y z\n", encoding="utf-8")
    with pytest.raises(LexiconError, match="u.txt:2"):
        load_segmenter("auto", [path])
