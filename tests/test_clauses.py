"""Opinion units: where texts are cut, and what no cut may lose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.clauses import split


def units(text):
    return [text[start:end] for start, end in split(text, [(0, len(text))])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("环境好，服务差。", ["环境好", "服务差"]),
        ("菜、汤、饭都不错", ["菜、汤、饭都不错"]),
        ("你们这样对客户合适吗？我不满意", ["你们这样对客户合适吗？", "我不满意"]),
        ("这也叫服务??", ["这也叫服务??"]),
        ("真的好吗！？", ["真的好吗！？"]),
        ("“房间很小。”他说", ["房间很小", "他说"]),
        ("菜品很新鲜但是上得太慢", ["菜品很新鲜", "但是上得太慢"]),
        ("味道挺不错就是贵了点", ["味道挺不错", "就是贵了点"]),
        ("这家就是我常去的店", ["这家就是我常去的店"]),
        ("房间干净可是隔音很差", ["房间干净", "可是隔音很差"]),
        ("手机外观漂亮只是电池不耐用", ["手机外观漂亮", "只是电池不耐用"]),
        ("这不只是价格的问题", ["这不只是价格的问题"]),
        ("味道不过如此", ["味道不过如此"]),
        ("味道再好不过了", ["味道再好不过了"]),
        ("送餐挺快只不过汤洒了", ["送餐挺快", "只不过汤洒了"]),
        ("我但愿下次别再排队", ["我但愿下次别再排队"]),
        ("总的来说还行，但是，排队太久", ["总的来说还行", "但是，排队太久"]),
        ("办卡很快，谢谢", ["办卡很快，谢谢"]),
        ("嗯，办卡很快", ["嗯，办卡很快"]),
        ("太咸。难吃", ["太咸", "难吃"]),
        ("很满意 ^_^", ["很满意 ^_^"]),
        ("年费1,000元，不值", ["年费1,000元", "不值"]),
        ("打了3.5折,很划算", ["打了3.5折", "很划算"]),
        ("早餐凉了.房间也小.", ["早餐凉了", "房间也小"]),
        ("味道不错 送得很快 下次再点", ["味道不错", "送得很快", "下次再点"]),
        ("我 想 问 一下 话费", ["我 想 问 一下 话费"]),
        ("用 iPhone 13 扫码", ["用 iPhone 13 扫码"]),
        ("😡😡😡", ["😡😡😡"]),
        ("！！！", []),
        ("", []),
        (
            "我上个星期去你们柜台办一张卡等了两个小时然后柜员跟我说系统坏了让我改天再来"
            "结果我今天来了还是办不了",
            [
                "我上个星期去你们柜台办一张卡等了两个小时",
                "然后柜员跟我说系统坏了让我改天再来",
                "结果我今天来了还是办不了",
            ],
        ),
        (
            "那 我 前天 就 报修 了 没有 人 来 呃 昨天 又 打 电话 还是 没有 人 来 "
            "然后 今天 宽带 又 断 了",
            [
                "那 我 前天 就 报修 了 没有 人 来",
                "呃 昨天 又 打 电话 还是 没有 人 来",
                "然后 今天 宽带 又 断 了",
            ],
        ),
    ],
)
def test_units(text, expected):
    assert units(text) == expected


def test_spans_are_split_apart():
    text = "客户：卡丢了，怎么办\n客服：请稍等\n客户：好"
    spans = [(3, 10), (21, 22)]
    assert [text[a:b] for a, b in split(text, spans)] == ["卡丢了", "怎么办", "好"]


def test_unpunctuated_speech_has_a_length_bound():
    text = "机票改签打客服电话排队" * 40
    assert max(map(len, units(text))) <= 60
    assert "".join(units(text)) == text


def test_a_mark_is_never_cut():
    for shift in range(60):
        text = "机" * shift + "[手机号]" * 30
        assert all(unit.count("[") == unit.count("]") for unit in units(text))


_WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "但是",
                "不过",
                "就是",
                "只是",
                "可是",
                "然后",
                "因为",
                "呃",
                "嗯",
                "好的",
                "[手机号]",
                "味道很好",
                "1,000",
                "3.5",
                "？",
                "?!",
                "，",
                "。",
                "、",
                "…",
                ".",
                ",",
                "🙂",
                "iPhone",
                "谢谢",
                "了",
                "我",
                "的",
            ]
        ),
        st.just(" "),
        st.text(max_size=6),
        st.text("好差贵慢服务态度", max_size=30),
    ),
    max_size=30,
).map("".join)


@given(_WORDS, st.data())
def test_laws(text, data):
    bounds = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    spans = [*zip(bounds[::2], bounds[1::2], strict=False)]
    found = split(text, spans)
    covered = [n for start, end in found for n in range(start, end)]
    assert covered == sorted(set(covered))
    assert all(start < end for start, end in found)
    assert all(any(a <= start and end <= b for a, b in spans) for start, end in found)
    inside = {n for a, b in spans for n in range(a, b) if text[n].isalnum()}
    assert inside <= set(covered)


@given(_WORDS)
def test_units_begin_and_end_in_no_blank_or_comma(text):
    for unit in units(text):
        assert unit[0] not in " ，。！？,!?;；"
        assert unit[-1] not in " ，。！,!;；"
