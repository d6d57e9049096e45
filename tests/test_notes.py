# ruff: noqa: E501
"""Notes in the third person: the customer's report stays, the organisation's words go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import LexiconError
from pipeline.paths import shipped
from pipeline.text.notes import Frames, load_frames, reported_spans

_LINES = (Path(__file__).parent / "data" / "third_person_tickets.jsonl").read_text("utf-8")
_TICKETS = [json.loads(line) for line in _LINES.splitlines()]
_FRAMES = load_frames(shipped("lexicons") / "third_person.yaml")

_PIECES = st.sampled_from(
    ["客户", "客户反映", "来电人称", "该客户", "[姓名]女士", "其表示", "用户投诉称", "据客户描述", "客户要求", "客户表示认可", "客户经理", "来电", "我", "我行", "我行答复", "坐席", "已告知", "已向客户致歉", "经核实", "情况属实", "请相关部门核实处理", "烦请跟进", "转派工程部", "工单派发至信用卡中心", "处理意见：", "客户诉求：", "诉求：", "联系电话：", "[手机号]", "【来电类别】", "【", "】", "投诉", "排队两小时", "态度差", "要求退款", "至今未解决", "但", "不满", "感谢您", "9月3日", "2026-09-03 10:20", "1、", "，", "。", "；", "：", "！", "？", "“", "”", " ", ".", "a", "1"]
)  # fmt: skip

WHOLE = [
    # First person with 客户 in it.
    "我是你们的老客户，客户经理态度差",
    "作为老客户表示很失望",
    "客户端闪退，经核实是你们服务器的问题",
    "用户体验很差，已联系客服三次无果",
    "顾客就是上帝？在这里顾客什么都不是",
    "客户经理承诺的利率没有兑现，我要投诉",
    "会员卡余额查不到，会员中心打不开",
    "客户反映我上个月办的卡一直没收到，你们到底处理不处理",
    "我们小区业主反映过很多次，物业已登记，就是不修",
    "业主反映多次，物业已登记，就是不修",
    "用户反馈渠道形同虚设",
    "顾客很多，排队一小时，味道还行",
    "【正新（金冠店）】顾客排队的很多，味道不错",
    "消费者权益在哪里，退一赔三",
    # The customer asks, or tells what the organisation said and did.
    "请相关部门核实处理中山路施工噪音问题，已经半个月了",
    "尊敬的领导：小区业主反映电梯总坏，我也被困过，请相关部门核实处理",
    "诉求：我要退款，请相关部门核实处理",
    "诉求：请求解决十字路口斑马线及减速带事宜，希望相关部门重视",
    "经核实不是我本人操作，你们为什么还扣款",
    "客服回复：已登记，三天了没人理我",
    "处理结果：不予立案，我不服，商家明明卖过期的",
    "投诉到12315了。处理结果：不予立案。商家明明卖过期的，我不服",
    "打了三次电话，坐席已告知三天解决，至今没有消息",
    "已告知物业，物业不管，烦请尽快修好",
    "你们答复已处理，可是噪音还是那么大",
    "工单已派发三天了，师傅还没来",
    "转了三个部门都说不归自己管",
    "我行我素的服务态度，差评",
    "去年买的理财到期了，收益比宣传页上写的少了一大截，我要求书面解释！",
    # Dialogue, marks, plain texts, and notes that are one whole.
    "顾客：我要退货",
    "客户：宽带又断了 客服：您好，给您带来不便深表歉意",
    "[姓名]，电话[手机号]，宽带一直没修好",
    "无",
    "",
    "服务很好，下次还来",
    "客户咨询装修贷利率及所需材料。",
    "客户要求退还9月、10月两期短信费，称从未开通。",
    "客户对跨行转账恢复收费不满，称开卡时承诺终身免费，要求按承诺执行。",
    "市民举报饭店夜间排放油烟，希望尽快查处",
    "客户到店表扬柜员耐心，帮其找回遗忘的存单。",
]


def _report(text: str) -> list[str]:
    return [text[start:end] for start, end in reported_spans(text, _FRAMES)]


@pytest.mark.parametrize("ticket", _TICKETS, ids=lambda ticket: ticket["text"][:16])
def test_the_customers_report_is_found(ticket):
    assert _report(ticket["text"]) == ticket["report"]


@pytest.mark.parametrize("text", WHOLE)
def test_texts_that_are_no_note_stay_whole(text):
    assert _report(text) == []


@pytest.mark.parametrize(
    ("text", "report"),
    [
        ("客户要求退款。坐席已告知流程。", ["客户要求退款"]),
        ("市民反映路灯不亮，要求尽快处理，希望给予答复，望核实。", ["路灯不亮，要求尽快处理，希望给予答复，望核实"]),
        ("客户反映排队久。经核实，属实，已致歉，客户不认可，要求赔偿。", ["排队久", "客户不认可，要求赔偿"]),
    ],
)  # fmt: skip
def test_demands_stay_with_their_verb(text, report):
    assert _report(text) == report


@pytest.mark.parametrize(
    "text",
    [
        "客户反映致电客服，客服告知三天处理，至今未处理",
        "客户称已联系客服三次，已告知店长，已登记两回，都没下文",
        "客户反映经多次协商无果，已报警，已投诉至消协",
        "客户称坐席已告知退款三天到账，但没有到账",
        "客户称“我行我素，经核实又怎样，请相关部门核实处理”",
    ],
)
def test_what_the_organisation_did_to_the_customer_is_told_by_the_customer(text):
    report = _report(text)
    assert len(report) == 1
    assert text.endswith(report[0])


def test_marks_stay_whole():
    text = "客户[姓名]女士反映打[电话]没人接。联系电话：[手机号]。请贵部门回复客户。"
    assert _report(text) == ["打[电话]没人接"]


@given(st.one_of(st.text(), st.lists(_PIECES, max_size=14).map("".join)))
def test_spans_are_ordered_apart_and_inside_the_text(text):
    at = 0
    for start, end in reported_spans(text, _FRAMES):
        assert at <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        at = end


@given(st.lists(_PIECES.filter(lambda piece: piece not in "“”"), max_size=14).map("".join))
def test_a_report_without_cues_around_it_is_kept(text):
    """Words that no list knows are never lost, whatever stands before them."""
    ticket = f"客户反映{text}。手推车压坏草坪。"
    spans = reported_spans(ticket, _FRAMES) or ((0, len(ticket)),)
    at = ticket.index("手推车压坏草坪")
    kept = any(start <= at < end for start, end in spans)
    assert kept or any(label in text for label in ("处理意见：", "联系电话：", "答复："))


@pytest.mark.parametrize("ticket", _TICKETS, ids=lambda ticket: ticket["text"][:16])
def test_a_report_holds_nothing_more_to_leave_out(ticket):
    report = "。".join(ticket["report"])
    assert _report(report) in ([], ticket["report"])


def test_other_words_make_other_frames(tmp_path):
    path = tmp_path / "third_person.yaml"
    text = (shipped("lexicons") / "third_person.yaml").read_text("utf-8")
    path.write_text(text.replace("reporters: [客户,", "reporters: [钓友, 客户,"), "utf-8")
    frames = load_frames(path)
    assert isinstance(frames, Frames)
    assert frames.digest != _FRAMES.digest
    assert reported_spans("钓友反映鱼塘没水。", frames) == ((4, 8),)
    assert reported_spans("钓友反映鱼塘没水。", _FRAMES) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\nacts:", "\nact:", "did you mean 'acts'"),
        ("courtesies: [", "courtesies: []\nmore: [", "expected one of"),
        ("greetings: [您好, 你好, 各位老师好, 老师好, 同事好, 领导好]", "greetings: []", "at least one"),
    ],
)  # fmt: skip
def test_a_wrong_list_file_says_where(tmp_path, old, new, said):
    path = tmp_path / "third_person.yaml"
    text = (shipped("lexicons") / "third_person.yaml").read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(LexiconError, match=rf"third_person\.yaml:[0-9]+: .*{said}"):
        load_frames(path)
