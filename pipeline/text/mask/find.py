# ruff: noqa: E501, D400, SIM102 - patterns read better whole than folded
"""One function per kind of personal information, and ``find`` and ``mask`` over all of them."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from pipeline.paths import shipped
from pipeline.text.clean import simplify
from pipeline.text.mask.digits import DIGIT, RUN, find_numbers

#: Kind of personal information → the mark that stands in its place.
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "mobile": "[手机号]",
        "landline": "[电话]",
        "id_card": "[身份证]",
        "bank_card": "[银行卡]",
        "email": "[邮箱]",
        "plate": "[车牌]",
        "wechat": "[微信]",
        "qq": "[QQ]",
        "name": "[姓名]",
        "address": "[地址]",
        "ip": "[IP]",
        "order": "[订单号]",
        "certificate": "[证件号]",
        "handle": "[用户]",
    }
)


class Mask(NamedTuple):
    """Personal information of one kind at ``text[start:end]``."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with marks in it, and how many of each kind were put there."""

    text: str
    masks: Mapping[str, int]


_NONE: Mapping[str, int] = MappingProxyType({})
_MARK = re.compile("|".join(re.escape(label) for label in LABELS.values()))
_HIDDEN = "\ufffc"
_LATIN = re.compile(r"[0-9A-Za-z@]")
_TITLE = r"先生|女士|小姐|太太|师傅|经理|老师|大夫|医生|主任|店长|阿姨|大爷|大姐|大哥|律师|警官|教授|护士"
_CUE_WORDS = (
    r"我叫|我是|本人|姓|名叫|他叫|她叫|人叫|个叫|员叫|工叫|客户|用户|市民|人[:： ]|联系人|收件人|收货人|户主|户名"
    r"|持卡人|投保人|申请人|投诉人|反映人|经办人|乘客|旅客|机主|业主|患者|员工|柜员|坐席|客服"
)
_NAME_GATE = re.compile(rf"{_TITLE}|{_CUE_WORDS}|·")
_PLACE_GATE = re.compile(r"[路街巷弄道村里苑园区庭寓院楼栋幢室号镇]")
_SPOKEN_GATE = re.compile(r"[一二三四五六七八九十零〇幺两百]")

_EMAIL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._%+\-]*(?: ?@ ?|艾特|爱特| at )"
    r"(?:[A-Za-z0-9][A-Za-z0-9\-]*(?:(?:\.|点| dot )[A-Za-z0-9\-]{2,})+"
    r"|(?:qq|163|126|139|189|gmail|sina|sohu|hotmail|outlook|foxmail|yahoo|icloud|aliyun)(?![A-Za-z0-9]))",
    re.IGNORECASE,
)
_IP4 = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9]|\.[0-9])")
_IP6 = re.compile(
    r"(?<![0-9A-Za-z:])[0-9A-Fa-f]{1,4}(?::{1,2}[0-9A-Fa-f]{1,4}){3,7}(?![0-9A-Za-z:])"
)
_VERSION = re.compile(
    r"(?:[vV]|版本|固件|系统|version|ver|升级|更新)[号是为到至:：. ]{0,3}$", re.IGNORECASE
)
_PLATE = re.compile(
    rf"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Za-hj-np-z][·\-. ]?"
    rf"((?:[A-HJ-NP-Za-hj-np-z]|{DIGIT}){{5,6}}|(?:[A-HJ-NP-Za-hj-np-z]|{DIGIT}){{4}}[挂学警港澳])(?![0-9A-Za-z])"
)
_JOINER = r"(?:[是为叫:：,，、 #(（]|号码?|码|[Ii][Dd]|[Nn][Oo]\.?|的|嗯|呃|账号|名|加我){0,5}"
_WECHAT = re.compile(
    rf"(?:微信|薇信|威信|(?<![A-Za-z])[vVwW][xX]|加[vV]|[vV]信|wechat)({_JOINER})([A-Za-z][A-Za-z0-9_\-]{{4,19}})(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_ORDER = re.compile(
    rf"(?:订单|工单|运单|保单|快递单|物流单|单号|流水|受理|编号|案件|合同|票号|凭证|取件码?|交易|报案|快递|保险单){_JOINER}"
    r"(?:是|为)?([A-Za-z0-9][A-Za-z0-9\-_]{5,39})(?![A-Za-z0-9])"
)
_PASSPORT = re.compile(
    r"(?:护照|通行证|证件|军官证|驾驶证|驾照|社保|医保|居住证|社会保障)(?:卡|账|帐)?"
    rf"{_JOINER}([A-Za-z]{{0,2}}[0-9]{{6,18}}[A-Za-z]?)(?![0-9A-Za-z])|(?<![0-9A-Za-z\-])([EG](?:[0-9]{{8}}|[A-Z][0-9]{{7}}))(?![0-9A-Za-z])"
)
_HANDLE = re.compile(r"(?<![0-9A-Za-z])@ ?([\w\-]{2,24})")
_STARRED = re.compile(r"(?<![0-9])1[3-9][0-9]\*{4}[0-9]{4}(?![0-9])")

_NUM = r"[0-9A-Za-z一二三四五六七八九十百零〇幺两]{1,6}"
_HAN = r"[\u4e00-\u9fff]"
_ROAD = r"(?:大街|大道|胡同|[路街巷道])"
_ESTATE = r"(?:小区|花园|公寓|家园|新村|[苑庭园村里城府湾寓邸郡院居])"
_DETAIL = rf"(?:(?:第)?{_NUM}(?:号楼|号院|号门|单元|[号栋幢座室户弄楼层门房组])(?:之{_NUM})?[,，、 \-]{{0,2}})"
_DASHED = r"[0-9]{1,4}[\-—][0-9]{1,4}(?:[\-—][0-9]{2,4})?(?:室|号)?"
_ADDRESS = re.compile(
    rf"(?:{_HAN}|[0-9A-Za-z]){{2,24}}?(?:{_ROAD}|{_ESTATE})[, ，]?"
    rf"(?:{_HAN}{{1,8}}(?:{_ESTATE}))?((?:{_DETAIL})+(?:{_HAN}{{1,8}}{_ESTATE}[, ，]?(?:{_DETAIL})*)?(?:{_DASHED}|{DIGIT}{{3,4}}(?![0-9元块点分年月天人]))?|{_DASHED})"
)
_HOME_DETAIL = re.compile(rf"{_NUM}(?:单元|[室栋幢户弄]|号楼)|[0-9]+[\-—][0-9]+[\-—][0-9]+")
_HOME_CUE = re.compile(
    r"(?:家住|我住|住在|住址|地址|家在|我家|寄到|送到|送货到|收货|家庭|居住|住处|上门|户籍|租住|住的?是|家是|寄给)"
)
_TRIM = re.compile(
    r".*(?:住址|地址|家住|住在|家在|我家|位于|寄到|送到|寄给|送货到|收货到|来到|搬到|家是|[是在到住为去来给寄送说了我您你他她的]|门牌)(?=.{2})"
)
_BUSINESS = re.compile(
    r"支行|分行|网点|酒店|宾馆|饭店|商场|营业厅|餐厅|大厅|大厦|医院|学校|广场|超市|门店|分店|房间|客房|大学|中学|机场|车站|柜台|窗口"
)


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Yield e-mail addresses, also when glued to 汉字 or read out (艾特 … 点com).

    >>> list(emails("发到li.m@example.com谢谢"))
    [(2, 18)]
    """
    return (found.span() for found in _EMAIL.finditer(text))


def ips(text: str) -> Iterator[tuple[int, int]]:
    """Yield IP addresses; four-part version numbers announced as such are not.

    >>> list(ips("来自192.168.3.7,系统版本10.3.2.1"))
    [(2, 13)]
    """
    for pattern in (_IP4, _IP6):
        for found in pattern.finditer(text):
            if _VERSION.search(text[max(0, found.start() - 10) : found.start()]):
                continue
            if found.group() == "0.0.0.0" or re.match("[的这]?版本", text[found.end() :]):  # noqa: S104
                continue
            try:
                ipaddress.ip_address(found.group())
            except ValueError:
                continue
            yield found.span()


def plates(text: str) -> Iterator[tuple[int, int]]:
    """Yield number plates of motor vehicles.

    >>> list(plates("我的车沪A·12F45停在门口"))
    [(3, 11)]
    """
    for found in _PLATE.finditer(text):
        digits = len(re.findall(DIGIT, found.group(1)))
        small = any(char.islower() for char in found.group())
        if digits >= (3 if small else 1):
            yield found.span()


def identifiers(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield WeChat ids, order and ticket ids, passports and other certificates with letters.

    >>> list(identifiers("加我微信lm_2020,订单号JD20260901A"))
    [('wechat', 4, 11), ('order', 15, 26)]
    """
    for found in _WECHAT.finditer(text):
        word = found.group(2)
        announced = re.search(r"号|是|[:：]|[Ii][Dd]|加我", found.group(1))
        if any(char.isdigit() or char in "_-" for char in word) or announced:
            yield "wechat", *found.span(2)
    for found in _ORDER.finditer(text):
        if sum(char.isdigit() for char in found.group(1)) >= 4 and not re.match(
            r"20[0-9]{2}-[0-9]{1,2}", found.group(1)
        ):
            yield "order", *found.span(1)
    for found in _PASSPORT.finditer(text):
        yield "certificate", *found.span(1 if found.group(1) else 2)


def handles(text: str) -> Iterator[tuple[int, int]]:
    """Yield @user names; accounts of businesses and offices are not personal.

    >>> list(handles("@小雨不打伞 看看 @中国联通客服"))
    [(0, 6)]
    """
    official = _words("mask_official.txt")
    for found in _HANDLE.finditer(text):
        if not any(word in found.group(1) for word in official):
            yield found.span()


def numbers(text: str, *, lead: str = "") -> Iterator[tuple[str, int, int]]:
    """Yield personal numbers by kind: mobile, landline, identity, card, QQ, order ….

    ``lead`` is what was said just before the text. Hotlines, prices, dates are not personal.

    >>> list(numbers("拨打95588,工号也报了,卡尾号1234"))
    [Number(kind='bank_card', start=17, end=21)]
    """
    for found in _STARRED.finditer(text):
        yield "mobile", *found.span()
    yield from find_numbers(text, lead=lead)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Yield home addresses: a road or estate with house, unit or room number.

    A road alone, a branch or a shop is none; a road with only 号 needs words like 家住 before it.

    >>> list(addresses("家住南京市云杉路12号3单元501室,去中山路支行排队"))
    [(2, 18)]
    """
    for found in _ADDRESS.finditer(text):
        start, end = found.span()
        place_end = found.start(1)
        trimmed = _TRIM.match(text[start:place_end])
        cue = _HOME_CUE.search(text[max(0, start - 8) : place_end]) is not None
        if trimmed:
            start += trimmed.end()
        home = _HOME_DETAIL.search(found.group(1)) is not None
        around = text[start : end + 5]
        if (home or cue) and (cue or not _BUSINESS.search(around)) and end - start >= 5:
            while end > start and text[end - 1] in ",，、 -":
                end -= 1
            yield start, end


@functools.cache
def _words(name: str) -> frozenset[str]:
    lines = shipped(f"lexicons/{name}").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@dataclass(frozen=True, slots=True)
class _NameRules:
    after_strong: re.Pattern[str]
    after_weak: re.Pattern[str]
    before_title: re.Pattern[str]
    surname: re.Pattern[str]
    not_names: frozenset[str]


# Characters that hardly occur in given names but often follow a surname character in words.
_NOT_GIVEN = (
    "的了吗呢吧啊是在不没有我你他她它您就都也还又很太想要说问打给把被让个这那什么怎们着过到得地与和跟从或但"
    "只才再去来吃买卖昨今日月年号天点次款元块钱费店行卡证时分对为用于客户老师先女士姐经理员人请谢您喂哪"
    "上下里外前后左右先没多少每住找接做拿送退收发订交办存取查等叫称呼家楼区市省县路街村镇位"
    "以所能可会应该该已曾更最比及按由因如若且并而则乃之其此被把"
)
_EDGE = r"(?=$|[^\u4e00-\u9fff]|[的,我是在,身电手住说于来反表称投致今昨要]|反映|先生|女士)"
_REPORTS = r"(?=反映|来电|称|表示|说|投诉|致电|于|咨询|要求|办理|先生|女士|的(?:家[属人]|[妈爸]|朋友|同事|丈夫|妻子|老[公婆]|父|母|[儿女])|[,，:：;；。、 ]|$)"


@functools.cache
def _name_rules() -> _NameRules:
    surnames = sorted(_words("surnames.txt"), key=len, reverse=True)
    compound = "|".join(word for word in surnames if len(word) > 1)
    single = "".join(word for word in surnames if len(word) == 1)
    given = rf"(?![{_NOT_GIVEN}])[\u4e00-\u9fff]"
    chinese = rf"(?:(?:{compound}|[{single}])(?:{given}){{1,2}}?)"
    dotted = r"[\u4e00-\u9fff]{1,8}(?:·[\u4e00-\u9fff]{1,8}){1,3}?"
    latin = r"[A-Z][a-z]+(?: [A-Z][a-z]+){0,2}"
    sep = r"(?:[是为叫:：,，、 (（]|的?名字|嗯|呃|那个){0,4}"
    strong = (
        r"我叫|名叫|我的名字|我名字|姓名|联系人|收件人|收货人|寄件人|户主|户名|持卡人|投保人|被保险人|申请人|投诉人|反映人|经办人"
        r"|乘车人|乘机人|乘客|旅客|机主|业主|患者|[他她人个工员]叫"
    )
    weak = r"我是|本人|这里是|客户|用户|市民|员工|柜员|来电人|坐席|客服|大堂|专员|店员"
    return _NameRules(
        after_strong=re.compile(
            rf"(?:{strong}){sep}(?:({dotted}){_EDGE}|({latin})(?![A-Za-z])|({chinese}){_EDGE}"
            rf"|((?:{compound}|[{single}])(?:{given}){{2}}))"
        ),
        after_weak=re.compile(
            rf"(?:{weak})(?:[:：]?({dotted})(?=$|[^\u4e00-\u9fff·.])|[:： ]?({chinese}){_REPORTS})"
        ),
        before_title=re.compile(rf"{_TITLE}"),
        surname=re.compile(rf"(?:{compound}|[{single}])"),
        not_names=_words("mask_not_names.txt"),
    )


_FAMILY = re.compile(r"(?:免贵姓|我姓|贵姓[是:： ]?|叫?姓)")
_LONGER_TITLE = re.compile(
    r"小姐姐|经理[解论]|老师傅?们|师傅[牌面红茶]|先生们|女士们|医生们|主任务"
)


def _is_word(text: str, start: int, end: int, not_names: frozenset[str]) -> bool:
    """Is what looks like a name at [start:end) a listed word, or cut out of one?"""
    for left in range(max(0, start - 3), start + 1):
        for right in range(start + 1, min(len(text), left + 6) + 1):
            if right - left > 1 and text[left:right] in not_names:
                return True
    return False


def names(text: str) -> Iterator[tuple[int, int]]:
    """Yield names of persons after a cue (我叫, 姓名, 联系人 …) or before a title (先生, 经理 …).

    >>> text = "我叫林晓雯,让周经理回电,我叫了外卖,经理说马上"
    >>> [text[a:b] for a, b in names(text)]
    ['林晓雯', '周']
    """
    rules = _name_rules()
    for pattern in (rules.after_strong, rules.after_weak):
        for found in pattern.finditer(text):
            start, end = found.span(found.lastindex or 0)
            if not _is_word(text, start, end, rules.not_names):
                yield start, end
    for found in _FAMILY.finditer(text):
        surname = rules.surname.match(text, found.end())
        if surname and re.match(r"$|[^\u4e00-\u9fff]|[的我是叫啊先女]", text[surname.end() :]):
            yield surname.span()
    for found in rules.before_title.finditer(text):
        if _LONGER_TITLE.match(text, found.start()):
            continue
        span = _titled(text, found.start(), found.group(), rules)
        if span:
            yield span


def _titled(text: str, end: int, title: str, rules: _NameRules) -> tuple[int, int] | None:
    dotted = re.search(
        r"[\u4e00-\u9fff]{1,8}(?:·[\u4e00-\u9fff]{1,8}){1,3}$", text[max(0, end - 20) : end]
    )
    if dotted:
        return end - len(dotted.group()), end
    for size in (4, 3, 2, 1):
        start = end - size
        if start < 0:
            continue
        surname = rules.surname.match(text, start, end)
        if not surname:
            continue
        given = text[surname.end() : end]
        if len(given) > 2 or any(
            char in _NOT_GIVEN or not "\u4e00" <= char <= "\u9fff" for char in given
        ):
            continue
        if given and title not in ("先生", "女士", "小姐"):
            # 维修老师傅, 管理经理: a longer name needs a clear left edge before a weak title.
            if (
                start
                and "\u4e00" <= text[start - 1] <= "\u9fff"
                and text[start - 1] not in "是叫找的给跟和向由请问户位员对了"
            ):
                continue
        if _is_word(text, start, end, rules.not_names):
            continue
        return start, end
    return None


def find(text: str, *, lead: str = "") -> list[Mask]:
    """Return where personal information stands, in order and never overlapping.

    ``text`` is cleaned text; ``lead`` is what was said just before it (the turn before).

    >>> find("我叫林晓雯,电话13800138000")
    [Mask(kind='name', start=2, end=5), Mask(kind='mobile', start=8, end=19)]
    """
    latin = _LATIN.search(text) is not None
    run = RUN.search(text) is not None
    plain = simplify(text)
    named = _NAME_GATE.search(plain) is not None
    placed = (latin or _SPOKEN_GATE.search(plain) is not None) and _PLACE_GATE.search(
        plain
    ) is not None
    if not (latin or run or named or placed):
        return []
    work = _MARK.sub(lambda found: _HIDDEN * len(found.group()), plain) if "[" in plain else plain
    masks: list[Mask] = []

    def take(kind: str, start: int, end: int) -> None:
        nonlocal work
        if end > start and _HIDDEN not in work[start:end]:
            masks.append(Mask(kind, start, end))
            work = work[:start] + _HIDDEN * (end - start) + work[end:]

    def all_of(kind: str, finder: Callable[[str], Iterator[tuple[int, int]]]) -> None:
        for start, end in list(finder(work)):
            take(kind, start, end)

    if latin:
        all_of("email", emails)
        if "@" in work:
            all_of("handle", handles)
        if "." in work or ":" in work:
            all_of("ip", ips)
        all_of("plate", plates)
        for kind, start, end in list(identifiers(work)):
            take(kind, start, end)
    if placed:
        all_of("address", addresses)
    if run or "*" in work:
        for kind, start, end in list(numbers(work, lead=lead)):
            take(kind, start, end)
    if named:
        all_of("name", names)
    masks.sort(key=lambda found: found.start)
    return masks


def mask(text: str, *, lead: str = "") -> Masked:
    """Return the text with personal information replaced by marks, and their number by kind.

    Masking twice changes nothing more; a text with nothing to mask is returned as it is.

    >>> mask("我叫林晓雯,电话13800138000").text
    '我叫[姓名],电话[手机号]'
    """
    counts: Counter[str] = Counter()
    # A mark can bring a cue closer to what follows: go on until nothing more is found.
    while masks := find(text, lead=lead):
        parts: list[str] = []
        at = 0
        for kind, start, end in masks:
            parts += (text[at:start], LABELS[kind])
            at = end
            counts[kind] += 1
        text = "".join(parts) + text[at:]
    return Masked(text, MappingProxyType(dict(counts)) if counts else _NONE)
