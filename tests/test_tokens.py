"""Tokens: pinned words in both engines, offsets, the user dictionary and jieba's own cache."""

import csv
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import LexiconError
from pipeline.paths import shipped
from pipeline.text.tokens import load_segmenter

DICTIONARY = shipped("lexicons") / "user_dictionary.txt"
SHARED = Path(__file__).resolve().parents[2] / "shared/data/takeaway_sentiment.csv"


@pytest.fixture(scope="module", params=["jieba", "rjieba"])
def segmenter(request):
    if request.param == "rjieba":
        pytest.importorskip("rjieba", reason="rjieba is an optional extra")
    return load_segmenter(request.param, [DICTIONARY])


@pytest.mark.parametrize(
    "words",
    [
        "手机银行/登录/不/上去",
        "信用卡/年费/太高/了",
        "柜台/只开/了/一个/窗口/，/排队/两个/小时",
        "客户经理/推荐/的/理财产品/亏损/了",
        "银行卡/被/冻结/，/打/客服/电话/一直/没人接",
        "网银/转账/限额/太低",
        "贷款/审批/流程/繁琐",
        "取款机/吞卡/了/没人理",
        "积分/兑换/的/礼品/一直/没寄来",
        "柜员/服务态度/很/好",
        "航班/延误/了/五个/小时/没有/任何/解释",
        "行李箱/被/摔坏/了",
        "机票/退改签/手续费/太贵",
        "值机/柜台/排长队",
        "空乘人员/服务/热情周到",
        "飞机餐/很/难吃",
        "登机口/临时/变更/没有/通知",
        "会员/里程/不能/兑换",
        "菜品/很/新鲜/，/就是/上菜/太慢",
        "服务员/爱理不理/的",
        "这家/店/的/麻辣/小龙虾/很/入味",
        "包间/里/有/烟味",
        "等位/等/了/四十分钟",
        "价格/实惠/，/分量/很足",
        "汤里/吃/出/一根/头发",
        "酒店/前台/态度/冷漠",
        "房间/隔音/效果/很差",
        "空调/整晚/不/制冷",
        "早餐/品种/太/少",
        "地理位置/优越/，/出门/就是/地铁站",
        "浴室/下水道/堵塞",
        "押金/迟迟/不/退",
        "收到/的/衣服/有/色差",
        "快递小哥/送货/很/及时",
        "客服/推卸责任/不/给/退款",
        "商品/与/描述/严重/不符",
        "质量/不错/，/性价比/很/高",
        "刚买/完/就/降价",
        "包装/破损/，/奶粉/撒/了",
        "宽带/经常/断网/，/报修/了/三次/都/没/解决",
        "套餐/流量/莫名其妙/就/用/完/了",
        "营业厅/办理/业务/要排/很/久",
        "转人工/要/等/半天",
        "话费/余额/被/乱/扣",
        "信号/覆盖/不好/，/电梯/里/没有/信号",
        "携号转网/被/各种/刁难",
        "合约机/到期/了/不/给/解约",
        "首问负责制/形同虚设",
    ],
)
def test_pinned_words(segmenter, words):
    assert segmenter.cut(words.replace("/", "")) == words.split("/")


@given(text=st.text(st.one_of(st.characters(), st.sampled_from("空调很好 a1\n\r"))))
def test_words_joined_are_the_text(segmenter, text):
    text = text.encode("utf-8", "ignore").decode("utf-8")
    assert "".join(segmenter.cut(text)) == text


@pytest.mark.parametrize(
    "text", ["", " ", "\r\n", "客服 一直没人接，\r\n等了40分钟😡", "👨‍👩‍👧 很好"]
)
def test_offsets_quote_the_text(segmenter, text):
    tokens = segmenter.tokenize(text)
    assert [text[token.start : token.end] for token in tokens] == [token.text for token in tokens]
    assert "".join(token.text for token in tokens) == text


def test_engines_agree_on_real_texts():
    pytest.importorskip("rjieba", reason="rjieba is an optional extra")
    if not SHARED.exists():
        pytest.skip(f"{SHARED} is absent: the labelled sets lie beside the project")
    with SHARED.open(encoding="utf-8-sig", newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream)][:1000]
    python, rust = (load_segmenter(engine, [DICTIONARY]) for engine in ("jieba", "rjieba"))
    same = sum(python.cut(text) == rust.cut(text) for text in texts)
    assert same >= 0.95 * len(texts)


def test_segmenters_do_not_share_words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("# own words\n首问不负责制 30000 n\n", encoding="utf-8")
    for engine in ("jieba", "auto"):
        own, plain = load_segmenter(engine, [path]), load_segmenter(engine, [])
        assert "首问不负责制" in own.cut("取消首问不负责制")
        assert "首问不负责制" not in plain.cut("取消首问不负责制")
        assert own.digest != plain.digest


@pytest.mark.parametrize("line", ["坏 x1 y z", "坏 0", "坏 -3", "坏 10 N"])
def test_bad_dictionary_line_is_named(tmp_path, line):
    path = tmp_path / "words.txt"
    path.write_text(f"好\n{line}\n", encoding="utf-8")
    with pytest.raises(LexiconError, match=r"words\.txt:2: expected 'word \[freq \[tag\]\]'"):
        load_segmenter("auto", [path])


def test_missing_dictionary_is_named(tmp_path):
    with pytest.raises(LexiconError, match=r"absent\.txt"):
        load_segmenter("auto", [tmp_path / "absent.txt"])


def test_cache_is_private_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    load_segmenter("jieba", [])
    folder = tmp_path / "voc-silence"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (cache,) = folder.iterdir()
    written = cache.stat().st_mtime_ns
    load_segmenter("jieba", [])
    assert cache.stat().st_mtime_ns == written


def test_folder_open_to_others_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "voc-silence"
    folder.mkdir()
    folder.chmod(0o777)
    assert load_segmenter("jieba", []).cut("服务态度") == ["服务态度"]
    assert not list(folder.iterdir())


def test_link_to_another_folder_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    target = tmp_path / "elsewhere"
    target.mkdir(mode=0o700)
    (tmp_path / "voc-silence").symlink_to(target)
    load_segmenter("jieba", [])
    assert not list(target.iterdir())


def test_no_home_is_no_obstacle(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert load_segmenter("jieba", []).engine == "jieba"
