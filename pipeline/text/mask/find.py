"""One function per kind of personal information, and ``find`` and ``mask`` over all of them."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from pipeline.text.clean import simplify
from pipeline.text.mask.digits import DIGIT, RUN, find_numbers
from pipeline.text.mask.names import NAME_GATE, names
from pipeline.text.mask.words import words

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
MARK = re.compile("|".join(re.escape(label) for label in LABELS.values()))
_HIDDEN = "\ufffc"
_LATIN = re.compile(r"[0-9A-Za-z@]")
_PLACE_GATE = re.compile(r"[路街巷弄道村里苑园区庭寓院楼栋幢室号镇]")
_SPOKEN_GATE = re.compile(r"[一二三四五六七八九十零〇幺两百]")

_GAP = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
_EMAIL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._%+\-]*(?: ?@ ?|艾特|爱特| at )"
    r"(?:[A-Za-z0-9][A-Za-z0-9\-]*(?:(?:\.| ?点 ?| dot )[A-Za-z0-9\-]{2,})+"
    r"|(?:qq|163|126|139|189|gmail|sina|sohu|hotmail|outlook|foxmail"
    r"|yahoo|icloud|aliyun)(?![A-Za-z0-9]))",
    re.IGNORECASE,
)
_IP4 = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9]|\.[0-9])")
_IP6 = re.compile(
    r"(?<![0-9A-Za-z:])[0-9A-Fa-f]{1,4}(?::{1,2}[0-9A-Fa-f]{1,4}){3,7}(?![0-9A-Za-z:])"
)
_VERSION = re.compile(
    r"(?:[vV]|版本|固件|系统|version|ver|升级|更新)[号是为到至:：. ]{0,3}$", re.IGNORECASE
)
_NETWORK = re.compile(r"[iI][pP]|登[录陆]|地址|来自|网络|服务器|访问|设备")
_PLATE = re.compile(
    rf"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Za-hj-np-z][·\-. ]?"
    rf"((?:[A-HJ-NP-Za-hj-np-z]|{DIGIT}){{5,6}}|(?:[A-HJ-NP-Za-hj-np-z]"
    rf"|{DIGIT}){{4}}[挂学警港澳])(?![0-9A-Za-z])"
)
_JOINER = r"(?:[是为叫:：,，、 #(（]|号码?|码|[Ii][Dd]|[Nn][Oo]\.?|的|嗯|呃|账号|编号|名|加我){0,5}"
_WECHAT = re.compile(
    rf"(?:微信|薇信|威信|(?<![A-Za-z])[vVwW][xX]|加[vV]|[vV]信|wechat)({_JOINER})("
    rf"[A-Za-z][A-Za-z0-9_\-]{{4,19}})(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
_ORDER = re.compile(
    rf"(?:订单|工单|运单|保单|快递单|物流单|单号|流水|受理|(?:投诉|业务"
    rf"|客户|申请|参考|受理)编号|案件|合同|票号|凭证|取件码?|交易|报案"
    rf"|快递|保险单){_JOINER}"
    r"(?:是|为)?([A-Za-z0-9][A-Za-z0-9\-_]{5,39})(?![A-Za-z0-9])"
)
_PASSPORT = re.compile(
    r"(?:护照|通行证|证件|军官证|驾驶证|驾照|社保|医保|居住证|社会保障)(?:卡|账|帐)?"
    rf"{_JOINER}([A-Za-z]{{0,2}}[0-9]{{6,18}}[A-Za-z]?)(?![0-9A-Za-z])"
    rf"|(?<![0-9A-Za-z\-])([EG](?:[0-9]{{8}}|[A-Z][0-9]{{7}}))(?![0-9A-Za-z])"
)
_HANDLE = re.compile(r"(?<![0-9A-Za-z])@ ?([\w\-]{2,24})")
_STARRED = re.compile(r"(?<![0-9])1[3-9][0-9]\*{4}[0-9]{4}(?![0-9])")

_NUM = r"[0-9A-Za-z一二三四五六七八九十百零〇幺两]{1,6}"
_HAN = r"[\u4e00-\u9fff]"
_ROAD = r"(?:大街|大道|胡同|[路街巷道])"
_ESTATE = r"(?:小区|花园|公寓|家园|新村|[苑庭园村里城府湾寓邸郡院]|居(?!民))"
_DETAIL = (
    rf"(?:(?:第)?{_NUM}(?:号楼|号院|号门|单元|[号栋幢座室户弄楼层门房组区期排])"
    rf"(?:之{_NUM})?[,，、 \-]{{0,2}})"
)
_DASHED = r"(?!0[0-9]{2,3}[\-—])[0-9]{1,4}[\-—][0-9]{1,4}(?:[\-—][0-9]{2,4})?(?:室|号)?"
_ADDRESS = re.compile(
    rf"(?:{_HAN}|[0-9A-Za-z]){{2,24}}?(?:{_ROAD}|{_ESTATE})[, ，]?"
    rf"(?:{_HAN}{{1,8}}(?:{_ESTATE}))?((?:{_DETAIL})+(?:{_HAN}{{1,8}}{_ESTATE}[, ，]?(?"
    rf":{_DETAIL})*)?(?:{_DASHED}|{DIGIT}{{3,4}}(?![0-9元块点分年月天人]))?"
    rf"|{_DASHED})"
)
# A building or a road number is a place; a flat or a room is where somebody lives.
_HOME_DETAIL = re.compile(
    rf"{_NUM}(?:单元|[室弄]|门(?!口|[外前]))|[0-9]+[\-—][0-9]+[\-—][0-9]+"
    rf"|(?:[栋幢座]|号楼)[, ，]?(?:{DIGIT}{{3,4}}|{_NUM}[房号])"
)
# xx市xx路xx号: a form to be filled in.
_BLANK = re.compile(r"[xX×某]{2}[省市区县路街号]")
_HOME_CUE = re.compile(
    r"家住|我们?住|住在|住址|地址|家在|我家|寄到|送到|送货到|收货|家庭"
    r"|居住|住处|上门|户籍|租住|住的?是|家是|寄给|(?<!居)住$"
)
# 公司地址, 地址…办事处: an office gives its address to be found.
_OFFICE_CUE = re.compile(
    r"(?:注册|办公|公司|单位|机构|网点|门店|中心|部门|联系|官方|经营|方)的?地址"
)
_TRIM = re.compile(
    r".*(?:住址|地址|家住|住在|家在|我家|位于|坐落于|坐落在|关于|反映"
    r"|投诉|解决|造成|购买了?|针对|开发的|日内?对?|部门对|题|寄到|送到"
    r"|寄给|送货到|收货到|来到|搬到|家是|[是在到住为去来给寄送说了我您你他她的]"
    r"|门牌)(?=.{2})"
)
_BUSINESS = re.compile(
    r"支行|分行|网点|酒店|宾馆|饭店|商场|营业厅|餐厅|大厅|大厦|医院"
    r"|学校|广场|超市|门店|分店|房间|客房|大学|中学|机场|车站|柜台"
    r"|窗口|大院|机关|政府|办公|中心|公司|大队|[教商]育?局|委员|社区居委"
    r"|派出所|工业园|全体业主|业主代表|架空层|门面"
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
            unset = not found.group().strip("0.:")
            if unset or re.match("[的这]?版本", text[found.end() :]):
                continue
            try:
                ipaddress.ip_address(found.group())
            except ValueError:
                continue
            if _is_address(found.group()) or _NETWORK.search(
                text[max(0, found.start() - 10) : found.start()]
            ):
                yield found.span()


def _is_address(dotted: str) -> bool:
    # 7.14.21.28休 lists days: without a word of networks one part has to have three digits.
    return ":" in dotted or any(len(part) == 3 for part in dotted.split("."))


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
    official = words("mask_official.txt")
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
        if _BLANK.search(found.group()):
            continue
        start, end = found.span()
        place_end = found.start(1)
        trimmed = _TRIM.match(text[start:place_end])
        lead = text[max(0, start - 8) : place_end]
        cue = _HOME_CUE.search(lead) is not None and not _OFFICE_CUE.search(lead)
        if trimmed:
            start += trimmed.end()
        home = _HOME_DETAIL.search(found.group(1)) is not None
        around = text[start : end + 12]
        living = cue and (lead.find("地址") < 0 or not _BUSINESS.search(around))
        if (living or (home and not _BUSINESS.search(around))) and end - start >= 5:
            while end > start and text[end - 1] in ",，、 -":
                end -= 1
            yield start, end


def find(text: str, *, lead: str = "") -> list[Mask]:
    """Return where personal information stands, in order and never overlapping.

    ``text`` is cleaned text; ``lead`` is what was said just before it (the turn before).

    >>> find("我叫林晓雯,电话13800138000")
    [Mask(kind='name', start=2, end=5), Mask(kind='mobile', start=8, end=19)]
    """
    if " " in text and len(_GAP.findall(text)) * 6 >= len(text):
        # A recogniser's words or characters, one blank apart: read them joined up.
        kept = [at for at in range(len(text)) if not _GAP.match(text, at)]
        joined = "".join(text[at] for at in kept)
        return [
            Mask(kind, kept[start], kept[end - 1] + 1)
            for kind, start, end in _find(joined, lead=lead)
        ]
    return _find(text, lead=lead)


def _find(text: str, *, lead: str) -> list[Mask]:
    latin = _LATIN.search(text) is not None
    run = RUN.search(text) is not None
    plain = simplify(text)
    named = NAME_GATE.search(plain) is not None
    placed = (latin or _SPOKEN_GATE.search(plain) is not None) and _PLACE_GATE.search(
        plain
    ) is not None
    if not (latin or run or named or placed):
        return []
    work = MARK.sub(lambda found: _HIDDEN * len(found.group()), plain) if "[" in plain else plain
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
