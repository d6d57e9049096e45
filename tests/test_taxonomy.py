"""The taxonomy ships whole, reads keywords by industry, and says what is wrong with a bad file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import LexiconError
from pipeline.paths import shipped
from pipeline.records import TOPICS
from pipeline.taxonomy import MAX_KEYWORD, Taxonomy, industries_in, load_taxonomy

FOLDER = shipped("lexicons") / "taxonomy"
INDUSTRIES = industries_in(FOLDER)
ALL = load_taxonomy(FOLDER, INDUSTRIES)


def topics_of(taxonomy: Taxonomy, text: str) -> set[str]:
    return {hit.topic for hit in taxonomy.match(text)}


def test_all_eight_industries_ship() -> None:
    assert INDUSTRIES == [
        "airline",
        "bank",
        "government",
        "hotel",
        "property",
        "restaurant",
        "retail",
        "telecom",
    ]


@pytest.mark.parametrize("industry", INDUSTRIES)
def test_each_pack_loads_alone_and_adds_subtopics(industry: str) -> None:
    core = load_taxonomy(FOLDER, [])
    assert set(load_taxonomy(FOLDER, [industry]).subtopics) > set(core.subtopics)
    assert tuple(core.topics) == TOPICS


def test_every_subtopic_is_named_and_its_keywords_are_short() -> None:
    for subtopic in ALL.subtopics.values():
        assert subtopic.zh
        assert subtopic.en
        assert subtopic.root_cause
        assert subtopic.keywords
        assert max(map(len, subtopic.keywords)) <= MAX_KEYWORD


@pytest.mark.parametrize(
    ("industry", "text", "topic"),
    [
        ("bank", "额度一直不涨", "quality"),
        ("bank", "天天打推销电话", "service"),
        ("bank", "年费太贵", "price"),
        ("hotel", "房间有霉味", "environment"),
        ("hotel", "空调坏了", "quality"),
        ("restaurant", "汤洒了一半", "service"),
        ("restaurant", "菜都凉了", "quality"),
        ("government", "门口积水严重", "environment"),
        ("telecom", "信号差", "quality"),
        ("property", "电梯坏了没人修", "quality"),
        ("airline", "航班延误三小时", "service"),
        ("retail", "物流很慢", "service"),
    ],
)
def test_rulings_of_the_guidelines_decide(industry: str, text: str, topic: str) -> None:
    assert topic in topics_of(load_taxonomy(FOLDER, [industry]), text)


@pytest.mark.parametrize(
    ("text", "polarity"), [("太贵", "negative"), ("不贵", "positive"), ("价格", None)]
)
def test_a_keyword_carries_the_polarity_it_implies(text: str, polarity: str | None) -> None:
    (hit,) = load_taxonomy(FOLDER, []).match(text)
    assert (hit.topic, hit.polarity) == ("price", polarity)


@given(st.text(alphabet="价格贵服务态度差位置好APPİ，。不", max_size=40))
def test_hits_point_at_a_keyword_of_their_subtopic_and_do_not_overlap(text: str) -> None:
    end = 0
    for hit in ALL.match(text):
        assert hit.start >= end
        end = hit.end
        assert text[hit.start : hit.end].lower() in ALL.subtopics[hit.subtopic].keywords


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "taxonomy")
    copy = tmp_path / "taxonomy" / "bank.yaml"
    before = load_taxonomy(tmp_path / "taxonomy", ["bank"]).digest
    assert before == load_taxonomy(FOLDER, ["bank"]).digest
    copy.write_text(copy.read_text("utf-8").replace("罚息 negative, ", ""), "utf-8")
    assert before != load_taxonomy(tmp_path / "taxonomy", ["bank"]).digest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("root_cause: value", "root_cause: valeu", "did you mean 'value'"),
        ("年费, ", "年费 negativ, ", "did you mean 'negative'"),
        ("年费, ", "年费 1.5, ", "a weight above 0"),
        ("年费, ", "年费, 年费, ", "each keyword once"),
        ("年费, ", "这个年费实在收得太高, ", "at most 8 characters"),
        ("  price:", "  prise:", "did you mean 'price'"),
        ("zh: 年费", "zhh: 年费", "did you mean 'zh'"),
        ("zh: 年费\n", "\n", "the key 'zh'"),
        ("topics:", "topics: [", "expected YAML"),
    ],
)
def test_a_bad_file_names_line_place_and_cure(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    shutil.copytree(FOLDER, tmp_path / "taxonomy")
    path = tmp_path / "taxonomy" / "bank.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(LexiconError) as caught:
        load_taxonomy(tmp_path / "taxonomy", ["bank"])
    message = str(caught.value)
    assert said in message
    assert message.startswith(f"{path}:")
    assert "\n" not in message


def test_an_unknown_industry_suggests_the_nearest() -> None:
    with pytest.raises(LexiconError, match="did you mean 'hotel'"):
        load_taxonomy(FOLDER, ["hotels"])


def test_whom_a_post_calls_on_is_no_topic() -> None:
    assert topics_of(ALL, "@某地客服 今天天气真好") == set()
    assert "service" in topics_of(ALL, "@某地客服 你们的客服没人")
    assert "quality" in topics_of(ALL, "@某地客服网速慢")


@pytest.mark.parametrize("text", ["贵公司您好", "宝贵意见", "贵州人"])
def test_a_polite_or_precious_word_is_no_price(text: str) -> None:
    assert "price" not in topics_of(ALL, text)
