"""Reading with the shipped models: laws that hold for any text, and texts nobody disputes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.ingest.transcripts.plain import parse_turns
from pipeline.paths import shipped
from pipeline.reading.reader import MODEL_NAMES, Resources, read_documents
from pipeline.records import SIGNAL_TYPES, TOPICS, Document, Reading, Verbatim
from pipeline.text.documents import load_rules, to_document

RULES = load_rules(shipped("lexicons"))
TEXTS = (
    "等了两个小时也没人理，以后再也不来了",
    "早餐很丰富，房间干净，下次还会再来！",
    "你们信用卡的年费是多少",
    "味道不错，就是太贵了",
    "無線網路很慢，房間也很舊",
    "无",
)
some_text = st.text(alphabet="很不没差好贵慢的了，。！？服务员房间排队App12 \n😀", max_size=60)


def document(text: str, **more: object) -> Document:
    plain = Verbatim("s", "survey", "survey", text=text, **more)  # type: ignore[arg-type]
    return to_document(plain, RULES)


def call(text: str) -> Document:
    verbatim = Verbatim("c", "transcript", "hotline", turns=parse_turns(text), external_id="1")
    return to_document(verbatim, RULES)


def read(resources: Resources, *documents: Document) -> list[Reading]:
    return read_documents(documents, resources)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(some_text)
def test_offsets_point_at_the_text_they_name(resources: Resources, text: str) -> None:
    one = document(text)
    (reading,) = read(resources, one)
    for signal in reading.signals:
        assert 0 <= signal.start < signal.end <= len(one.text)
        assert one.text[signal.start : signal.end] == signal.text
        assert signal.type in SIGNAL_TYPES
        assert 0 <= signal.score <= 1
    for unit in reading.clauses:
        assert one.text[unit.clause.start : unit.clause.end] == unit.clause.text
        assert -1 <= unit.score <= 1


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(some_text, min_size=1, max_size=5), st.integers(0, 4))
def test_a_reading_does_not_depend_on_its_batch(
    resources: Resources, texts: list[str], place: int
) -> None:
    documents = [document(text) for text in texts]
    chosen = documents[place % len(documents)]
    together = read(resources, *documents)[place % len(documents)]
    assert read(resources, chosen)[0] == together


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(some_text)
def test_scores_stay_in_their_ranges(resources: Resources, text: str) -> None:
    (reading,) = read(resources, document(text))
    assert -1 <= reading.sentiment_score <= 1
    assert 0 <= reading.complaint_score <= 1
    assert 0 <= reading.dissatisfaction_score <= 1
    assert set(reading.topics) <= set(TOPICS)
    assert reading.silent == (reading.dissatisfied and not reading.complaint)
    assert reading.satisfaction is None


def test_every_topic_of_a_document_is_shown_by_a_clause(resources: Resources) -> None:
    for reading in read(resources, *map(document, TEXTS)):
        shown = {opinion.topic for unit in reading.clauses for opinion in unit.topics}
        assert shown == set(reading.topics)


def test_texts_nobody_disputes(resources: Resources) -> None:
    unhappy, happy, asking, mixed, traditional, nothing = read(resources, *map(document, TEXTS))
    assert unhappy.silent
    assert unhappy.leaving
    assert {signal.type for signal in unhappy.signals} >= {"high_effort", "churn_intent"}
    assert happy.sentiment == "positive"
    assert not happy.dissatisfied
    assert not asking.dissatisfied
    assert mixed.topics["price"] == "negative"
    assert traditional.dissatisfied
    assert traditional.topics
    assert nothing.sentiment == "neutral"
    assert not nothing.clauses


def test_a_demand_is_a_complaint_act(resources: Resources) -> None:
    (reading,) = read(resources, document("已经投诉三次了，要求退款并赔偿，否则向12315举报"))
    assert reading.complaint
    assert not reading.silent


def test_traditional_reads_like_simplified(resources: Resources) -> None:
    simple, traditional = read(
        resources, document("服务态度很差，等了很久"), document("服務態度很差，等了很久")
    )
    assert simple.dissatisfaction_score == traditional.dissatisfaction_score
    assert simple.topics == traditional.topics


def test_the_agents_words_are_not_the_customers(resources: Resources) -> None:
    kind = "客户：好的，谢谢，已经收到了\n客服："
    calm, scolding = read(
        resources,
        call(kind + "不客气，祝您生活愉快"),
        call(kind + "太差了，骗子，垃圾，再也不来了"),
    )
    assert calm.dissatisfaction_score == scolding.dissatisfaction_score
    assert calm.satisfaction is not None
    assert -2 <= calm.satisfaction <= 2


def test_whoever_is_unhappy_at_the_complaint_desk_is_not_silent(resources: Resources) -> None:
    said = document("排队两个小时，窗口只开一个，太差了")
    survey, ticket = read(resources, said, replace(said, kind="complaint"))
    assert survey.silent
    assert ticket.dissatisfied
    assert ticket.complaint
    assert ticket.complaint_score > survey.complaint_score


def test_a_question_about_faults_raises_the_odds_of_dissatisfaction(resources: Resources) -> None:
    words = "窗口"
    bare, asked = read(
        resources, document(words), document(words, question="您最不满意的地方是什么？")
    )
    assert asked.dissatisfaction_score > bare.dissatisfaction_score


def test_no_documents_no_readings(resources: Resources) -> None:
    assert read(resources) == []


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_the_shipped_models_are_small_and_have_cards(name: str) -> None:
    folder = shipped("models")
    assert (folder / f"{name}.yaml").exists()
    assert sum(path.stat().st_size for path in folder.glob("*.npz")) < 40_000_000


def test_the_last_turn_weighs_most(resources: Resources) -> None:
    start = "客户：网速太慢了\n客服：您好，马上为您处理\n客户："
    solved, worse = read(
        resources, call(start + "好了，谢谢，很满意"), call(start + "根本没用，太差了，投诉你们")
    )
    assert solved.satisfaction is not None
    assert worse.satisfaction is not None
    assert solved.satisfaction > worse.satisfaction + 0.3


def test_no_signal_cites_only_whom_a_post_calls_on(resources: Resources) -> None:
    posts = [
        "@中国电信客服 真有你们的，宽带又断了一整天",
        "网络天天掉线，还说是精品网络，呵呵 @中国联通客服 @中国联通广东客服",
        "@某某银行客服 打了三次电话都没人管[怒]",
    ]
    for one, reading in zip(
        map(document, posts), read(resources, *map(document, posts)), strict=True
    ):
        for signal in reading.signals:
            bare = re.sub(r"@\S+|\[[^\]]*\]", "", one.text[signal.start : signal.end])
            assert bare.strip(), signal
