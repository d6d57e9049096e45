"""Names of persons: a cue or a title beside them, and the shape of a name.

What the law asks for is what tells who somebody is: a full name, or a surname that the customer
gives as such (我姓孙) or that a title makes a form of address (王先生, 李经理). Familiar forms
(小王, 老李, 王总, 张姐) name nobody outside their circle and stay readable, as do nicknames.

A strong cue (我叫, 姓名：) needs a surname and nearly any given name; a weak one (客户, 本人,
我是, 客服) is followed by ordinary words far more often than by a name, so that it also needs
given-name characters and an edge: punctuation or a word of reporting. A bare name in running
text is not looked for.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.text.mask.cues import Cues, cues
from pipeline.text.mask.words import words, words_by_kind

NAME_CUES = frozenset(["field", "introducing", "staff", "weak", "family", "title", "office"])

_HAN = r"[\u4e00-\u9fff]"
_KIN = r"的(?:家[属人]|[妈爸]|朋友|同事|丈夫|妻子|老[公婆]|父|母|[儿女]|孩子)"
_HARD = re.compile(rf"$|(?!{_HAN})")
_REPORT = re.compile(
    r"反映|反馈|来电|来信|来访|称|表示|说|投诉|致电|于(?=[0-9今昨本去前上一二三四五六七八九十])|咨询|要求|办理"
    r"|先生|女士|小姐|希望|请求|提出|认为|自称|申请|报修"
    rf"|举报|催|通过|再次|多次|您好|你好|{_KIN}"
)
_AFTER_STRONG = re.compile(
    r"[的我是在身住及]|性别|年龄|民族|籍贯|出生|证件|联系|地址|年|手机"
    r"|电话|号码|今|昨|想|要|请|家住|工号|会员|来自|因|现|已|曾|就"
    r"|对|今年|办|买|订|微信|会[员来回]"
)
_AFTER_STAFF = re.compile(
    r"态度|推荐|一直|让|给|答应|告知|服务|回复|非常|很|太|不|没|把"
    r"|的|跟|骗|骂|收|拿|帮|上门|处理|解释|接|在|就|对|也"
    r"|都|还|工号|强行|私自|同志|等"
)
_AFTER_WEAK = re.compile(r"[已因在现曾将未与对从]")
# Surnames that hardly begin a word: after them one typical character is a name even before 已, 把.
_PLAIN_SURNAMES = frozenset(
    "王李张刘陈赵吴周徐孙胡朱林何郭罗梁宋郑谢韩唐冯董萧曹袁邓傅沈曾彭吕苏卢蒋蔡贾魏薛"
    "阎潘戴汪姜姚谭廖邹郝崔邱秦侯邵孟龚尹贺钱"
    "佟栾闵邬阮冉裴霍褚翁佘倪翟詹俞柯骆蒲靳祁邢聂庞颜樊葛鲍戚滕缪娄窦岑瞿臧苟卞邝甄虞敖郁"
)
# Surnames that are ordinary words: only where a name is announced and closed by punctuation.
_RARE_SURNAMES = frozenset(
    "计祖那花水全和时向从都有商同后展由原撒楚牧隆火才英门回哈乌青海封初呼依次"
)
# Words of grammar that no given name holds; the second line may stand in one (东来, 可人, 小楼).
_NEVER = frozenset(
    "的了吗呢吧啊是不没我你他她它您就都也还又很太说吃买卖喂谢什怎们着这那个把被让哪问给打和副总班"
)
_SOFT = frozenset(
    "来楼家可会能以如若所因由多有生在要到得与跟从或但只才再去昨今日月年号点次元块钱费"
    "店行卡证时分对为用于客户老师"
    "先女士姐理经员人请叫上下里外前后左右少每住找接做拿送退收发订办交存取查等称呼区市省县路街村镇位"
    "该应已曾更最比及按且并而则乃之其此想"
)
_DOTTED = re.compile(rf"{_HAN}{{1,8}}(?:·{_HAN}{{1,8}}){{1,3}}")
_LATIN = re.compile(r"[A-Z][a-z]+(?: [A-Z][a-z]+){0,2}(?![A-Za-z])")
_FILLER = r"(?:[是为叫:：,，、 (（]|嗯|呃|那个){0,4}"
_FIELD = re.compile(rf"(?:的?(?:姓名|名字))?({_FILLER})")
_INTRO = re.compile(_FILLER)
# Who is called: 他叫, 我妈叫; 师傅叫 may as well call for somebody.
_CALLED = frozenset("我名他她人个工员 ,，。;；妈爸儿女子友夫妻公婆哥姐弟妹母父孩")
_CALLING = frozenset("个位名员工生士师人")
_AFTER_FAMILY = re.compile(rf"$|(?!{_HAN})|[的我是叫啊先女]")
_LONGER_TITLE = re.compile(
    r"小姐姐|太太太|经理[解论]|老师傅?们|师傅[牌面红茶]|先生们|女士们|医生们"
    r"|主任务|同学[们会校]|家长[们群会]|教授课|律师[函所事]|老师傅"
)
# 江先生菜馆, 金师傅烤肉店: a house called after a person.
_HOUSE = re.compile(
    rf"的?{_HAN}{{0,4}}(?:馆|店|坊|铺|火锅|烤[肉鱼鸭]|拉面|牛排|饺子"
    rf"|包子|烧烤|料理|咖啡|奶茶|蛋糕|鱼|面)(?!里|员|长)"
)
_PLACE = re.compile(
    r"[社小]区|[村镇乡县市区路街]|大道|[中小大]学|医院|公司|学校|派出所"
    r"|广场|花园|[支分]行|银行|酒店|车?站|山庄"
)
_LEFT_EDGE = re.compile(
    rf"(?:^|(?!{_HAN}).|[是叫找的给跟和向由请问户位员对了与让被把按及、]"
    r"|联系|告诉|通知|咨询|表扬|感谢|投诉|反映|举报|转告)$"
)
_PLACEHOLDERS = frozenset(
    ["不详", "未知", "匿名", "保密", "无名", "不便", "同上", "暂无", "没有", "本人", "先生", "女士"]
)


@dataclass(frozen=True, slots=True)
class _Words:
    single: frozenset[str]
    double: frozenset[str]
    given: frozenset[str]
    never_names: frozenset[str]
    common: frozenset[str]
    people: tuple[str, ...]


@functools.cache
def _lists() -> _Words:
    surnames = words("surnames.txt")
    kinds = words_by_kind("mask_cues.txt")
    listed = words("mask_not_names.txt")
    return _Words(
        single=frozenset(word for word in surnames if len(word) == 1),
        double=frozenset(word for word in surnames if len(word) == 2),
        given=frozenset("".join(words("mask_given.txt"))),
        never_names=listed,
        common=listed | words("mask_common_words.txt"),
        people=kinds["staff"] + kinds["weak"],
    )


def _surname(text: str, at: int, end: int | None = None) -> int:
    """Return how many characters of a surname stand at a place (and before an end): 2, 1 or 0."""
    lists = _lists()
    if text[at : at + 2] in lists.double and (end is None or at + 2 <= end):
        return 2
    return int(text[at : at + 1] in lists.single)


def names(text: str, *, among: Cues | None = None) -> Iterator[tuple[int, int]]:
    """Yield names of persons after a cue (我叫, 姓名, 联系人 …) or before a title (先生, 经理 …).

    ``among`` are the cues of the text, where they are known.

    >>> text = "我叫林晓雯,让周经理回电,客户魏东来称没接到,我叫了外卖,客服温和"
    >>> [text[a:b] for a, b in names(text)]
    ['林晓雯', '魏东来', '周']
    """
    # One name may have two cues: 员工叫…
    yield from dict.fromkeys(_all_names(text, cues(text) if among is None else among))


def _all_names(text: str, among: Cues) -> Iterator[tuple[int, int]]:
    for _, end in among.get("field", ()):
        filler = _FIELD.match(text, end)
        if filler and (span := _in_field(text, filler.end(), colon=_announced(filler.group(1)))):
            yield span
    loose: list[tuple[int, bool]] = []
    for start, end in among.get("introducing", ()):
        before = text[start - 1] if start else ""
        if text[start:end] == "叫":
            if before in _CALLING or not start:
                loose.append((end, True))
            if before not in _CALLED:
                continue
        filler = _INTRO.match(text, end)
        if filler and (span := _introduced(text, filler.end())):
            yield span
    loose += [(end, True) for _, end in among.get("staff", ())]
    loose += [(end, False) for _, end in among.get("weak", ())]
    for end, staff in loose:
        if span := _reported(text, end, staff=staff):
            yield span
    for start, end in among.get("family", ()):
        if start and text[start - 1] == "贵" and text[end : end + 1] in ("是", ":", "：", " "):
            end += 1
        size = _surname(text, end)
        if size and _AFTER_FAMILY.match(text, end + size):
            yield end, end + size
    for kind in ("title", "office"):
        for start, end in among.get(kind, ()):
            if _LONGER_TITLE.match(text, start) or _HOUSE.match(text, end):
                continue
            if span := _titled(text, start, text[start:end], office=kind == "office"):
                yield span


def _announced(filler: str) -> bool:
    return any(char in ":：是为叫" for char in filler)


def _foreign(text: str, at: int) -> tuple[int, int] | None:
    """Return a name with a middle dot, or one in Latin letters, at a place."""
    if found := _DOTTED.match(text, at):
        last = text.rfind("·", at, found.end()) + 1
        # The dots say where the parts begin; where the last one ends, a word of reporting says.
        for end in range(last + 1, found.end()):
            if _REPORT.match(text, end) or text[end] in "的在是":
                return at, end
        return found.span()
    return None


def _in_field(text: str, at: int, *, colon: bool) -> tuple[int, int] | None:
    if span := _foreign(text, at):
        return span
    if found := _LATIN.match(text, at):
        return found.span()
    if colon:
        end = at
        while end < len(text) and end - at < 5 and "\u4e00" <= text[end] <= "\u9fff":
            end += 1
        if 2 <= end - at <= 4 and _is_field_value(text[at:end]):
            return at, end
    if span := _introduced(text, at):
        return span
    return (at, at + 2) if _given_only(text, at) else None


def _is_field_value(value: str) -> bool:
    """Tell whether the value of a form's name field may be a name, surname or not."""
    lists = _lists()
    if value in lists.never_names or value in _PLACEHOLDERS or any(c in _NEVER for c in value):
        return False
    if 0 < _surname(value, 0) < len(value):
        return value[:2] not in lists.never_names or value[-1] in lists.given
    return len(value) < 4 and value not in lists.common and all(c in lists.given for c in value)


def _given_only(text: str, at: int) -> bool:
    """Tell whether a given name of two characters stands between the cue and punctuation."""
    given = text[at : at + 2]
    lists = _lists()
    return (
        len(given) == 2
        and all(char in lists.given and char not in _NEVER for char in given)
        and given not in lists.common
        and _HARD.match(text, at + 2) is not None
    )


def _candidates(text: str, at: int) -> Iterator[tuple[int, str]]:
    """Yield the end and the given name of what may be a full name here, the longest first."""
    first = _surname(text, at)
    if not first:
        return
    for size in (2, 1):
        given = text[at + first : at + first + size]
        if len(given) == size and all(
            "\u4e00" <= char <= "\u9fff" and char not in _NEVER for char in given
        ):
            yield at + first + size, given


def _cut_from_word(text: str, at: int, end: int, given: str) -> bool:
    """Tell whether the candidate is a word, or begins or ends inside one."""
    common = _lists().common
    whole = text[at:end]
    if whole in common or any(text[at : end + more] in common for more in (1, 2)):
        return True
    if len(given) == 2:
        return text[at : end - 1] in common or given in common
    return given + text[end : end + 1] in common


def _shape(given: str) -> int:
    """Return how much a given name looks like one: 2 wholly, 1 in part, 0 not at all."""
    lists = _lists()
    if len(given) == 2 and given[0] == given[1]:
        return 2
    typical = sum(char in lists.given for char in given)
    if typical == len(given):
        return 2
    return int(typical > 0 and not any(char in _SOFT and char not in lists.given for char in given))


def _soft_end(text: str, end: int, given: str) -> bool:
    """Tell whether the last character rather begins the next word (王明|来电)."""
    return len(given) == 2 and _REPORT.match(text, end - 1) is not None


def _introduced(text: str, at: int) -> tuple[int, int] | None:
    """Return the name at a place where one is announced (我叫…)."""
    if span := _foreign(text, at):
        return span
    if found := _LATIN.match(text, at):
        return found.span()
    lists = _lists()
    for end, given in _candidates(text, at):
        hard = _HARD.match(text, end) is not None
        edge = hard or _REPORT.match(text, end) or _AFTER_STRONG.match(text, end)
        soft = given[-1] in _SOFT and given[-1] not in lists.given
        if _cut_from_word(text, at, end, given):
            # 我叫高能, 我叫叶子琪: a common word, unless written out as a name.
            named = hard and _shape(given) == 2 and text[at:end] not in lists.never_names
            if not named or (len(given) == 1 and text[at:end] in lists.never_names):
                continue
        elif not edge:
            if len(given) == 1 or _shape(given) < 2 or _soft_end(text, end, given):
                continue
            if _PLACE.match(text, end):
                continue
        elif (soft and not hard) or (_soft_end(text, end, given) and not hard):
            continue
        return at, end
    if _given_only(text, at) and text[at - 1] in "叫是":
        return at, at + 2
    return _rare(text, at)


def _rare(text: str, at: int) -> tuple[int, int] | None:
    """Return a name under a surname that is a common word (我叫那英，)."""
    lists = _lists()
    if text[at : at + 1] in _RARE_SURNAMES:
        for end in (at + 3, at + 2):
            given = text[at + 1 : end]
            if (
                _HARD.match(text, end)
                and all(char in lists.given for char in given)
                and not {given, text[at:end], text[at : at + 2]} & lists.common
            ):
                return at, end
    return None


def _reported(text: str, at: int, *, staff: bool) -> tuple[int, int] | None:
    """Return the name after a word for a person (客户…称), which mostly has none."""
    colon = text[at : at + 1] in (":", "：", " ", "(", "（", "是", "叫")
    at += colon
    # @某客服 深圳·华强...: where a post was written, not a name.
    if text[at - 1] != " " and (span := _foreign(text, at)):
        return span
    common = _lists().common
    for end, given in _candidates(text, at):
        shape = _shape(given)
        hard = _HARD.match(text, end) is not None
        report = _REPORT.match(text, end) is not None
        cut = _cut_from_word(text, at, end, given)
        if _soft_end(text, end, given) and not report and not hard:
            continue
        if _PLACE.match(text, end) or given[-1] in "路街区村镇县市乡巷桥":
            return None
        if len(given) == 1:
            plain = text[at] in _PLAIN_SURNAMES and end - at == 2
            if given in _SOFT:
                continue
            after = _AFTER_STAFF if staff else _AFTER_WEAK
            edge = report or hard or (plain and after.match(text, end) is not None)
            if not cut and edge and (shape == 2 or (plain and hard)):
                return at, end
            continue
        plain = text[at] in _PLAIN_SURNAMES
        if cut and not (text[at:end] not in common and (report or (shape == 2 and hard))):
            continue
        if cut and text[at : end - 1] in common and not hard:
            continue
        if cut and shape < 2 and not plain:
            continue
        edge = report or hard or (staff and _AFTER_STAFF.match(text, end) is not None)
        whole = not cut and given[-1] not in _SOFT and text[end - 1 : end + 1] not in common
        starts_word = text[end : end + 2] in common
        if shape == 2 and (edge or (whole and (plain or starts_word))):
            return at, end
        # One untypical character asks for more: a word of reporting, or a surname that is no word.
        partly = any(char in _lists().given for char in given)
        if partly and (report or (plain and edge and shape == 1)):
            return at, end
    return None


def _titled(text: str, end: int, title: str, *, office: bool) -> tuple[int, int] | None:
    """Return the name before a title: a full name, or the surname alone (周经理)."""
    before = text[max(0, end - 20) : end]
    if dotted := re.search(rf"{_HAN}{{1,8}}(?:·{_HAN}{{1,8}}){{1,3}}$", before):
        return end - len(dotted.group()), end
    polite = title in ("先生", "女士", "小姐", "太太")
    for size in (4, 3, 2, 1):
        start = end - size
        first = _surname(text, start, end) if start >= 0 else 0
        if not first or size - first > 2 or (office and first == size):
            continue
        given = text[start + first : end]
        if any(not "\u4e00" <= char <= "\u9fff" or char in _NEVER for char in given):
            continue
        if office and (given in _lists().common or 0 < len(given) == _surname(given, 0)):
            continue
        if _crosses_word(text, start) or not _title_shape(text, start, given, polite=polite):
            continue
        return start, end
    return None


def _title_shape(text: str, start: int, given: str, *, polite: bool) -> bool:
    """Tell whether the candidate before a title may be a full name, not the end of words."""
    if not given:
        return True
    lists = _lists()
    before = text[max(0, start - 4) : start]
    left = _LEFT_EDGE.search(before) is not None or before.endswith(lists.people)
    typical = _shape(given) == 2
    whole = text[start : start + 1 + len(given)]
    if whole in lists.never_names:
        return False
    if whole[:2] in lists.common or whole in lists.common or given in lists.common:
        # 叶子琪女士, 黎明先生 are names; 马上张先生 is a word and another name.
        clear = left if len(given) == 2 else left and polite
        return clear and typical and not (len(given) == 2 and _surname(given[-1], 0))
    if any(char in _SOFT and char not in lists.given for char in given):
        doubled = given[0] == given[-1] or any(char in lists.given for char in given)
        return left and len(given) == 2 and doubled
    return left or (len(given) == 2 and (polite or typical)) or (polite and typical)


def _crosses_word(text: str, start: int) -> bool:
    """Tell whether a word reaches over the left edge (对|方经理, 历|史老师)."""
    lists = _lists()
    if text[max(0, start - 1) : start + 1] in lists.common:
        return True
    return any(
        text[left:right] in lists.never_names
        for left in range(max(0, start - 3), start)
        for right in range(start + 1, min(len(text), left + 6) + 1)
    )
