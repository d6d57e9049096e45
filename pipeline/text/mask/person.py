"""The shape of a personal name: surname, given name, and the words that only look like one."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.text.mask.words import words, words_by_kind

HAN = r"[\u4e00-\u9fff]"
KIN = (
    r"的(?:家[属人长]|监护人|爱人|邻居|同学|老师|姐|妹|哥|弟|奶奶|爷爷|外[婆公]|姥|[妈爸]|朋友|同事"
    r"|丈夫|妻子|老[公婆]|父|母|[儿女]|孩子)"
)
HARD = re.compile(rf"$|(?!{HAN})")
REPORT = re.compile(
    r"系(?![统列数])|反映|反馈|来电|来信|来访|称|表示|说|投诉|致电|于(?=[0-9今昨本去前上一二三四五六七八九十])|咨询|要求|办理"
    r"|先生|女士|[小大]姐|大[哥爷夫]|希望|请求|提出|认为|自称|申请|报修"
    rf"|举报|催|通过|再次|多次|您好|你好|{KIN}"
)
# Surnames that hardly begin a word: after them one typical character is a name even before 已, 把.
PLAIN_SURNAMES = frozenset(
    "王李张刘陈赵吴周徐孙胡朱林何郭罗梁宋郑谢韩唐冯董萧曹袁邓傅沈曾彭吕苏卢蒋蔡贾魏薛"
    "阎潘戴汪姜姚谭廖邹郝崔邱秦侯邵孟龚尹贺钱"
    "佟栾闵邬阮冉裴霍褚翁佘倪翟詹俞柯骆蒲靳祁邢聂庞颜樊葛鲍戚滕缪娄窦岑瞿臧苟卞邝甄虞敖郁"
)
# Words of grammar that no given name holds; the second line may stand in one (东来, 可人, 小楼).
NEVER = frozenset(
    "某的了吗呢吧啊是不没我你他她它您就都也还又很太说吃买卖喂谢什怎们着这那个把被让哪问给打和副总班"
)
# Rare characters that nobody is called by: interjections, food, ailments.
RARE_BUT_SPOKEN = frozenset(
    "嗯呃哎嘛咯噢嘿咳啰嗦啡咖噪呵咦唉哟嗨喔唷咩哒嗒嘟噜咕噗咚嗡嘀嘎吱嗓嗝噎呕吣咆哮嚎嘶吼叨唠咄嘲嗤咋咧啧"
    "榴莓柠檬饺馄饨馒脍炙烩焖煲煸煨爆烊腌渍胗腩臊膻馊霉痘疹癣疤疮痔瘤癌痒瘸瘫疯癫瘪皱褶腥龌龊邋遢肮"
    "恍惚恹恻悻惬惘惶愕愠懊憋憎懈惰蹊跷踉跄粑糍糯蹭蹲踹踩躁蹦趟挪攥揣搡撂撸捋掂掐掰揪搓捶擤擀"
    "蟑螂蚂蚁蛐蛔蜷虱蛆鳖猥亵狙獗狡黠犟锃铛锅碗瓢橱柜褥裤衩袄袜袂胯肘腋脖腮皲鼾"
    "厕厢厮叵囤坷坎垃圾垢垮埂墩夯奢奸妒婊嫖尴尬屉屎尿屁崭帚幌廊徘徊忐忑"
)
SOFT = frozenset(
    "来楼家可会能以如若所因由多有生在要到得与跟从或但只才再去昨今日月年号点次元块钱费"
    "店行卡证时分对为用于客户老师"
    "先女士姐理经员人请叫上下里外前后左右少每住找接做拿送退收发订办交存取查等称呼区市省县路街村镇位"
    "该应已曾更最比及按且并而则乃之其此想"
)
DOTTED = re.compile(rf"{HAN}{{1,8}}(?:·{HAN}{{1,8}}){{1,3}}")
TITLE_WITHIN = re.compile(
    r"先生|女士|小姐|太太|师傅|经理|老师|大夫|医生|主任|店长|阿姨|[大小][姐哥爷]"
)
TITLED = re.compile(r"(?:先生|女士|小姐|经理|老师|师傅|主任|同志|某某?)$")
PLACEHOLDERS = frozenset(
    ["不详", "未知", "匿名", "保密", "无名", "不便", "同上", "暂无", "没有", "本人", "先生", "女士"]
)


@dataclass(frozen=True, slots=True)
class NameWords:
    """The word lists that names are judged by, and the surnames by length."""

    single: frozenset[str]
    double: frozenset[str]
    given: frozenset[str]
    never_names: frozenset[str]
    common: frozenset[str]
    people: tuple[str, ...]
    starts: frozenset[str]
    public: frozenset[str]


@functools.cache
def name_words() -> NameWords:
    """Return the word lists, read once a process."""
    surnames = words("surnames.txt")
    kinds = words_by_kind("mask_cues.txt")
    listed = words("mask_not_names.txt")
    return NameWords(
        single=frozenset(word for word in surnames if len(word) == 1),
        double=frozenset(word for word in surnames if len(word) == 2),
        given=frozenset("".join(words("mask_given.txt"))),
        never_names=listed,
        common=listed | words("mask_common_words.txt"),
        starts=frozenset(word[0] for word in surnames) | frozenset(":： (（是叫"),
        public=words("mask_public.txt"),
        people=kinds["staff"] + kinds["weak"],
    )


def surname_size(text: str, at: int, end: int | None = None) -> int:
    """Return how many characters of a surname stand at a place (and before an end): 2, 1 or 0."""
    known = name_words()
    if text[at : at + 2] in known.double and (end is None or at + 2 <= end):
        return 2
    return int(text[at : at + 1] in known.single)


def is_surname(text: str) -> bool:
    """Tell whether a text is a surname and nothing else.

    >>> is_surname("欧阳"), is_surname("王晓")
    (True, False)
    """
    return 0 < len(text) == surname_size(text, 0)


def is_name(value: str) -> bool:
    """Tell whether all of a value is a name, by its shape alone.

    >>> is_name("于洋"), is_name("于是"), is_name("客户")
    (True, False, False)
    """
    first = surname_size(value, 0)
    given = value[first:]
    known = name_words()
    return (
        first > 0
        and 1 <= len(given) <= 2
        and value not in known.never_names
        and not any(char in NEVER for char in value)
        and name_shape(given) == 2
        and given[-1] != "任"
        and not TITLED.search(value)
        and (value not in known.common or value[0] in PLAIN_SURNAMES)
    )


def is_bare_name(value: str) -> bool:
    """Tell whether a cell that nothing announces holds a personal name and nothing else.

    >>> is_bare_name("王晓梅"), is_bare_name("高兴"), is_bare_name("陈列柜")
    (True, False, False)
    """
    if not 2 <= len(value) <= 4 or not all("\u4e00" <= char <= "\u9fff" for char in value):
        return False
    first = surname_size(value, 0)
    known = name_words()
    words_in = {value, value[:2], value[:3], value[1:]} - {value[:first]}
    return (
        0 < first < len(value) <= first + 2
        and not any(char in NEVER for char in value)
        and not words_in & (known.common | known.never_names)
        and name_shape(value[first:]) > 0
    ) or is_name(value)


def is_form_name(value: str) -> bool:
    """Tell whether a value in a column of names is one: nearly every short one is.

    >>> is_form_name("王晓梅"), is_form_name("阿依古丽"), is_form_name("不详"), is_form_name("客户")
    (True, True, False, False)
    """
    if DOTTED.fullmatch(value):
        return True
    return (
        2 <= len(value) <= 4
        and all("\u4e00" <= char <= "\u9fff" for char in value)
        and value not in PLACEHOLDERS
        and value not in name_words().people
        and "某" not in value
        and not TITLED.fullmatch(value)
    )


def candidates(text: str, at: int) -> Iterator[tuple[int, str]]:
    """Yield the end and the given name of what may be a full name here, the longest first."""
    first = surname_size(text, at)
    if not first:
        return
    for size in (2, 1):
        given = text[at + first : at + first + size]
        named = len(given) == size and all(
            "\u4e00" <= char <= "\u9fff" and char not in NEVER for char in given
        )
        if named and not TITLE_WITHIN.search(text, at + 1, at + first + size + 1):
            yield at + first + size, given


def cut_from_word(text: str, at: int, end: int, given: str) -> bool:
    """Tell whether the candidate is a word, or begins or ends inside one."""
    common = name_words().common
    whole = text[at:end]
    if whole in common or any(text[at : end + more] in common for more in (1, 2)):
        return True
    if len(given) == 2:
        return text[at : end - 1] in common or given in common
    return given + text[end : end + 1] in common


@functools.cache
def is_typical(char: str) -> bool:
    """Tell whether a character is used in given names: a listed one, or one that is rare.

    >>> is_typical("芳"), is_typical("骞"), is_typical("桌")
    (True, True, False)
    """
    if char in name_words().given:
        return True
    if char in RARE_BUT_SPOKEN:
        return False
    try:
        # The second level of GB 2312 holds the 3,008 rarer characters.
        return char.encode("gb2312") >= b"\xd8\xa1"
    except UnicodeEncodeError:
        return True


def name_shape(given: str) -> int:
    """Return how much a given name looks like one: 2 wholly, 1 in part, 0 not at all."""
    known = name_words()
    if len(given) == 2 and given[0] == given[1]:
        return 2
    typical = sum(is_typical(char) for char in given)
    if typical == len(given):
        return 2
    return int(typical > 0 and not any(char in SOFT and char not in known.given for char in given))


def soft_end(text: str, end: int, given: str) -> bool:
    """Tell whether the last character rather begins the next word (王明|来电)."""
    return len(given) == 2 and REPORT.match(text, end - 1) is not None


def crosses_word(text: str, start: int) -> bool:
    """Tell whether a word reaches over the left edge (对|方经理, 历|史老师)."""
    known = name_words()
    if text[max(0, start - 1) : start + 1] in known.common:
        return True
    return any(
        text[left:right] in known.never_names
        for left in range(max(0, start - 3), start)
        for right in range(start + 1, min(len(text), left + 6) + 1)
    )
