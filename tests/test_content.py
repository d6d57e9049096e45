"""Which answers say nothing, which are not a customer's words, and which only look like it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import LexiconError
from pipeline.paths import shipped
from pipeline.text.clean import clean, simplify
from pipeline.text.content import CONTENTS, FILES, content_of, load_content_lists
from pipeline.text.mask import mask

LISTS = load_content_lists(shipped("lexicons"))

EMPTY = """
无
无。
没有
没有。。。
没有了
没有啊~
没啦
木有
暂无
暂无。谢谢
无无无
没有没有
没有没有没有！
没有没有没有没有没有没有没有没有
无 无 无
同上
同上。
如上所述，同上
见上题
略
跳过
(跳过)
(空)
/
-
——
。
。。。。。。
？？？？？？
!!!
…
√
N/A
n/a
NA
none
None.
null
no comment
Nothing
1
0
111111
123456
1、没有 2、没有 3、没有
1.无；2.无
没意见
没有意见
我没有意见
没有意见，谢谢
没有什么意见
没有什么建议
没有什么好的建议
没有特别的建议
没有其他建议了
无其他意见
无其他建议
无其它意见和建议
暂无其他意见或建议
暂时没有
暂时没有，谢谢
目前没有
目前没有什么建议
目前还没有
我暂时没有其他建议，谢谢！
没有，谢谢
没有，辛苦了
没有意见也没有建议
还没有什么想法
没什么
没什么了
没啥
没啥建议
没啥想说的
没什么要说的
没什么可说的
没有什么可补充的
没有需要补充的
没有异议
客户表示无意见
不知道
我不知道
不知道呢
不清楚
不太清楚
这个不清楚
想不到
想不出来
还没想好
不知道写什么
好的
好的。
好的，谢谢
好的谢谢
好的 谢谢
嗯嗯，好的
OK
收到，谢谢
是的
你好，没有
不好意思，没有建议
哈哈
哈哈哈哈哈哈
啊啊啊啊
嗯
嗯嗯嗯嗯
呃呃
asdf
asdfghjkl
ASDASD
sdfsdfsdf
qwerty
qweqwe
zxcvb
fghjfgh
hjkhjk
aaaa
xxxx
a
aaa111
凑字数
其他
其他：____
建议：无
意见：无，建议：无
意见暂无
答：没有
其他
其他：____
建议：无
意见：无，建议：无
意见暂无
答：没有
我我我我
[手机号]
[手机号] [手机号]
[地址]
2024年5月1日
2024-05-01
2024/05/01 12:30
5月1号下午3点
🐶
无🐶
""".strip().splitlines()

TEMPLATE = """
系统默认好评
系统默认好评！
默认好评
此用户没有填写评价
此用户没有填写评价。
此用户没有填写评论!
该用户未填写评价内容
用户未及时评价系统默认好评
用户未及时评价，系统默认好评
评价方未及时做出评价,系统默认好评!
15天内买家未作出评价
超时未评价，系统默认好评
满意度调查自动回复
自动回复
【自动回复】您好，您的反馈已收到，我们会尽快处理
您好，您的反馈已收到，我们会尽快处理，感谢您的支持！
您好！您的投诉我们已收到，工作人员会尽快与您联系，请保持电话畅通。
尊敬的客户，您反映的问题已受理，请耐心等待
您的工单已提交，请您耐心等待
已收到您的反馈，感谢您的支持与理解
感谢您的反馈
感谢您参与本次调查，祝您生活愉快！
感谢您抽出宝贵时间参与问卷
此邮件为系统自动发送，请勿回复
以下为系统自动生成
系统自动生成，请勿直接回复
[图片]
【图片】
[图片][图片]
[表情]
[动画表情]
[语音]
[视频] [图片]
[不支持的消息类型]
[image]
请在此输入您的意见
请在此处填写您的建议…
请输入您的意见
请输入内容
请填写
请填写您的宝贵意见
请填写具体原因
其他（请注明）
其他(请注明)：
其他，请注明____
写下您的评价
点击此处输入文字
Click or tap here to enter text.
Type your answer here
您还有其他意见或建议吗？
您的意见对我们非常重要
选填，200字以内
本次会话已结束
由于您长时间未回复，系统已自动结束会话
该评论已被删除
匿名用户
15天内用户未做出评价，系统默认好评
该用户暂未填写评价
系统自动给出好评
这个人很懒，什么都没留下
亲，您的建议已收到，我们会不断改进，祝您购物愉快
请对本次服务进行评价：1满意 2不满意
其他原因（请注明）
限200字
您的建议是我们前进的动力
修复已知问题，优化体验
暂不支持查看此类消息，请在手机上查看
""".strip().splitlines()

SPAM = """
兼职日结，想做的加微信[微信]
招兼职刷单，日入300，加QQ[QQ]
兼职刷单，一单一结，有意者联系QQ[QQ]
在家就能做的兼职，月入过万，有意加V
宝妈学生兼职，足不出户日赚200，加VX[微信]
无抵押贷款当天放款，联系电话[手机号]
专业办理贷款，不看征信，黑户可做，加微信[微信]
需要贷款的加微信[微信]
贷款加微信
急用钱加我微信[微信]，不查征信秒下款
代开发票 [手机号]
代开各类发票，点数低，联系[手机号]
办证刻章，联系微信[微信]
专业代办各类证件，快速出证，电话[电话]
招代理，一手货源，加微信[微信]
莆田鞋一手货源，支持验货，看我头像
信用卡代还，套现秒到，加薇信
开户送彩金，www.xx88.com
注册送58，点击链接http://t.cn/abc
北京赛车计划群，带你回血，加群[QQ]
真人荷官在线，首充送100，网址www.xx.cc
牛股推荐，免费领取，进群
复制这段话，打开手机淘宝领内部优惠券
淘宝内部优惠券，加群[QQ]
想赚零花钱的朋友加我，手机就能做，0投资
还在为缺钱发愁吗？身份证即可，秒批，加微信[微信]
美女裸聊，加QQ[QQ]
约炮加微信[微信]
代写论文，专业代发，扣扣[QQ]
游戏代练接单，诚信合作，私聊
微商代理招募，诚招代理，加薇[微信]
刷粉刷赞，加v[微信]
打开支付宝首页搜索领红包，天天领，即可领红包
高仿手表，厂家直销，微信[微信]
减肥产品加微信[微信]，7天无效退款
股票群，免费带，扫码进群
➕V领取，日结兼职
恭喜中奖，请登录www.abc.com领取
复制这条消息打开抖音
快来帮我助力领现金
大额信用卡代办[手机号]
""".strip().splitlines()

CONTENT = """
很好
满意
挺好的
都挺好
好好好
好 好 好！！
一般
还行
还可以。。。。。
可以
不错
差
差差差
烂
贵
慢
赞赞赞
不
不满意
没问题
没有问题
没有缺点
没有不满意的地方
没有，都挺好
没有意见，服务很好
没什么不满意的
没的说
没得说，服务一流
没说的
没话说
没毛病
没什么特别的
没什么好
没什么好的
没好的
没意思
没用
没劲
没有用
没人
没人接
没有人接电话
没有送水
没有送水没有送水没有送水
没有座位
没有回复
没有任何回复
没反馈
没解决
还没有解决
还没有
还没好
没好
没到账
没有惊喜
没有诚意
没有下次了
没有建议就是太贵
没有需要的时候找不到人
什么都没有
啥都没有，房间里连热水都没有
无语
无语了
无良商家
无聊
无线网太差
无人接听
无法登录
无所谓了，反正也没人管
不知道怎么投诉
不知道找谁
不知道客服是干什么吃的
不清楚为什么扣钱
不知道说什么好，太差了
想不到服务这么差
想不通
好的服务
好的，那什么时候处理
好吧
好难吃
好贵
同上次一样慢
略贵
略有不足
跳过广告要会员
1次都没打通
100元太贵
10分
5星
五星
4G信号差
3天了还没到账
2024年5月1日办的卡至今没到
5月1号打过电话没人接
👍
👍👍👍
😡
。。。😡
无👍
❤
唉
唉……
哼
呸
呜呜呜
哈哈哈笑死，这也叫服务
啊啊啊太好吃了
嗯，不错
谢谢
谢谢你们
辛苦了
加油
继续努力
good
GOOD!
nice
bad
slow
very good
perfect
yyds
nmsl
tmd
app
wifi
WiFi慢
贵贵贵
慢慢慢
[姓名]态度很好
打[手机号]没人接
请打我电话[手机号]
电话：[手机号]
我的微信[微信]，请联系我
@[用户] 太慢了
系统默认好评，其实很差
默认好评，懒得写
系统默认好评？我明明给的差评
默认给好评吧，东西凑合
系统自动扣费
系统自动升级后打不开
此用户没有填写评价，这种显示误导人
客服只会自动回复
全是自动回复，没有人工
您的反馈已收到，每次都是这句话，从来没解决
您的服务态度太差
您的意见反馈渠道在哪
回复没有
问题没有解决
加载中一直转圈
系统默认开通了会员，投诉
系统自动扣款
目前没到账
不清楚收费标准
意见很大
其他没有，就是慢
您的快递已收到，包装破损
已收到
已收到货，包装完好
感谢您的支持，下次还来
感谢客服小王
感谢您的耐心解答
祝您生活愉快
请尽快处理
请说明原因
请填写表格太多次了
请输入验证码一直收不到
请选择人工服务，按了没用
[图片]发错货了
[图片] 这是你们的服务？
图片
位置
语音
视频加载慢
表情包很可爱
[赞]
[怒]
[微笑]
其他都好
选填项太多
会话超时太快
匿名
一直给我发贷款广告短信
天天打电话推销贷款，烦死了
客户经理让我加微信办贷款，利息很高
你们的短信里全是代开发票和贷款广告，能不能管管
商家刷单，评价都是水军
好评都是刷的，刷单太明显
靠刷单刷出来的好评
卖家让加微信返现，加了又不给
包裹里的卡片说加微信领红包，扫码以后什么都没有
骑手还要加我微信给我转红包
群里有人发兼职刷单广告，能不能管管
被兼职刷单骗了3000元，请尽快冻结
骗子，说日赚300，加微信后就拉黑
网赌平台骗了我的钱，银行不给止付
想贷款，请联系我[手机号]
我想办理贷款，联系电话[手机号]
我想申请贷款，加微信聊吧[微信]
需要贷款，电话[手机号]
贷款利息太高
想办低息贷款，微信：[微信]
开发票加微信[微信]
无抵押贷款年化太高，联系电话[手机号]
临时工日结工资拖欠，电话[手机号]
有的私信我谢谢啊
看完了，谁想要转送给谁，需要的联系我[QQ]
上门开锁很快，师傅很专业，电话[手机号]
请加我微信[微信]处理退款
贷款审批慢，材料多
建行有公积金贷款能下吗
低息贷款宣传得好，办下来利息很高
秒批，打开微信就能申请，很方便
你们代办点态度差
服务员很多是兼职，不专业
加微信会员后送了一份牛腩
加微信群领优惠券挺划算
加VIP还要看广告
扫码点餐不方便
扫码领券后不能用
打开支付宝闪退
复制链接打不开
点击链接没反应
优惠券领了用不了
发票开得慢，打客服电话[电话]没人接
开发票要加微信，麻烦
招聘信息虚假
减肥期间吃很合适，下次还点
网址打不开 www.abc.com
酒店照片见 http://t.cn/abc，太坑了
建议加强培训，联系电话也要更新
理财经理推荐的产品亏了
快来人处理一下
低息快速放款，比别家银行好
""".strip().splitlines()

CASES = [
    *((text, "empty") for text in EMPTY),
    *((text, "template") for text in TEMPLATE),
    *((text, "spam") for text in SPAM),
    *((text, "content") for text in CONTENT),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(shipped("lexicons") / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(("text", "content"), CASES)
def test_texts_are_told_apart(text: str, content: str) -> None:
    assert content_of(simplify(clean(text)), LISTS) == content


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("暫時沒有其他建議，謝謝", "empty"),
        ("沒有人接電話", "content"),
        ("兼职日结，想做的加微信 wxid_ab12cd34", "spam"),
        ("代开发票，联系13800138000", "spam"),
        ("13800138000", "empty"),
    ],
)
def test_texts_are_read_as_the_pipeline_makes_them(text: str, content: str) -> None:
    assert content_of(simplify(mask(clean(text)).text), LISTS) == content


@given(st.text(max_size=60))
def test_any_text_has_one_of_the_four(text: str) -> None:
    assert content_of(text, LISTS) in CONTENTS


WORDS = [*sorted(LISTS.answers), *EMPTY, *TEMPLATE, *SPAM]


@given(st.lists(st.sampled_from([*"无没有好的谢系统默认评 。，1a[]", *WORDS]), max_size=30))
def test_texts_of_list_words_never_hang(parts: list[str]) -> None:
    assert content_of("".join(parts), LISTS) in CONTENTS


@given(
    st.sampled_from([text for text in EMPTY if "🐶" not in text] + TEMPLATE),
    st.sampled_from(["", " ", "。", "！", "  ", "~", "...", "\n"]),
    st.sampled_from(["", " ", "。", "！！", "~", "…", "\n", "，"]),
)
def test_blanks_and_punctuation_around_change_nothing(text: str, before: str, after: str) -> None:
    text = simplify(clean(text))
    assert content_of(before + text + after, LISTS) == content_of(text, LISTS)


@given(st.sampled_from([*CONTENT]), st.sampled_from(["无，", "没有，", "默认好评。", "[图片]"]))
def test_opinions_beside_emptiness_are_content(text: str, before: str) -> None:
    text = simplify(clean(text))
    courteous = content_of(f"无，{text}", LISTS) == "empty" or LISTS.companion.fullmatch(text)
    assert courteous or content_of(before + text, LISTS) == "content"


@given(st.sampled_from(sorted(LISTS.answers)))
def test_every_listed_answer_is_empty(text: str) -> None:
    assert content_of(text, LISTS) == "empty"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "empty_answers.txt",
            lambda old: old + "没有。\n",
            r"empty_answers.*'没有。'; write '没有'",
        ),
        (
            "template_texts.txt",
            lambda old: old + "默认，好评\n",
            r"template_texts\.txt:\d+: .*'默认，",
        ),
        (
            "template_texts.txt",
            lambda old: old + "(甲|乙)…\n",
            r"template_texts\.txt:\d+: .*two or",
        ),
        (
            "empty_parts.yaml",
            lambda old: "wich: [啥]\n" + old,
            r"'wich' \(did you mean 'which'\?\)",
        ),
        ("empty_parts.yaml", lambda old: "a: [", r"empty_parts\.yaml: expected YAML"),
        ("empty_parts.yaml", lambda old: "", r"empty_parts\.yaml: expected lists named"),
        (
            "spam_words.yaml",
            lambda old: old.replace("goods: [", "goods: [加V, "),
            r"goods: .*'加V'",
        ),
        (
            "spam_words.yaml",
            lambda old: old.replace("goods: [", "goods: [12, "),
            r"goods: .*got 12",
        ),
        ("spam_words.yaml", lambda old: old.replace("goods:", "pitch:"), r"goods: expected a list"),
    ],
)
def test_a_bad_list_is_named(
    folder: Path, name: str, change: Callable[[str], str], message: str
) -> None:
    path = folder / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(LexiconError, match=message) as caught:
        load_content_lists(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_list_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(LexiconError, match=name):
        load_content_lists(folder)
