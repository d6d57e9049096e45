"""Numbers, written or spoken, whole or broken: which are personal, and of what kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import phonenumbers
from stdnum import luhn

SPOKEN = "〇零一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
DIGIT = f"[0-9{SPOKEN}]"
_TIMES = {"两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6}
_TO_ASCII = str.maketrans(SPOKEN, "00123456789" + "12" + "123456789")
# What callers say and recognisers write between two groups of one number.
FILLER = (
    r"(?:[ \-—.,，、。…)）*]|嗯|呃|额|诶|啊|哦|唔|哈|那个|再?然后是?|就是|接着|再来|最后"
    r"|杠|横杠|停一下|等一下"
    r"|[后前][边面头](?:是|呢)?|开头是?|中间(?:是|四位)?|[前后末][三四3456]位(?:是|数)?)"
)
# 四个八: a digit said how many times.
_REPEAT = rf"[两二三四五六]个{DIGIT}"
ATOM = rf"{DIGIT}(?:(?<=[两二三四五六])个{DIGIT})?"
RUN = re.compile(rf"{ATOM}(?:{FILLER}{{0,6}}{ATOM}){{2,}}")
_GROUP = re.compile(
    rf"{_REPEAT}|[0-9]+(?![0-9]*位)|[{SPOKEN}](?!位)(?:(?!{_REPEAT})[{SPOKEN}](?!位))*"
)
UNIT = re.compile(
    r" ?(?:[元块万亿%％度年月天人次米斤克升瓦个件条毫吨分秒倍像mMkKgGwWvV]|公里|平方|千)"
)
_TAIL = re.compile(
    r"(?:(?<!车)(?<!车牌)尾[号数]|[后末][四4六6三3]位(?:数字?)?)[是为:： 嗯呃,，]{0,3}$"
)
_JOIN = (
    r"(?:[是为叫有填写报:：,，、 #(（)）]|编?号码?|码|的|嗯|呃|额|啊|哦"
    r"|那个|就是|应该|我|您|你|他|她|这|上面|[前后下][面边头]|显示|一下|多少|[?？呢吧哈给新老旧]"
    r"|[念报记]|没有?区号|本地|[改换变]成|改为|档案|如下|完整|[七八十0-9一]{1,2}位){0,7}$"
)
#: Papers whose number is personal; a permit or a quality mark belongs to a business.
CERTIFICATES = (
    r"(?:社保|医保|社会保障|公积金|护照|通行证|驾驶证|驾照|军官证|士官证|警官证|士兵证|证件"
    r"|港澳证|居住证"
    r"|居留证|居留许可证?|出生(?:医学)?证明?|离婚证|签证"
    r"|海员证|行驶证|低保证"
    r"|独生子女证|工作证|记者证|律师证|毕业证|学位证|老年卡"
    r"|市民卡|校园卡|一卡通|借书证|[Pp]assport(?: ?[Nn]o\.?)?"
    r"|台胞证|回乡证|残疾人?证|学生证|老年证|优待证|退[休役]证|结婚证|房[产本]证?|不动产权?证|准考证|资格证"
    r"|户口[本簿]|执业证|永居证|永久居留证?|(?:病历|住院|门诊|就诊|病案)号?|户号|学号|学籍号?|考号|客户号|用户号"
    r"|会员号|纳税人识别号|(?<!许可)(?<!合格)(?<!卫生)(?<!身份)(?<!认)(?<!保)证(?=编?号))(?:卡|账|帐)?"
)
_CUES = tuple(
    (kind, re.compile(words + _JOIN))
    for kind, words in (
        ("id_card", r"(?:身[份分]证件?|居民证|身份号)"),
        (
            "certificate",
            CERTIFICATES,
        ),
        (
            "order",
            r"(?:(?:订单|工单|运单|保单|快递单|快递|物流单|[维退换提货安装送修派服务售后据]单|单(?=编?号)"
            r"|流水|受理|(?:业务|投诉|退款|售后|服务|登记|回访|理赔|查询|记录)编|案件|合同"
            r"|票号|凭证|取件|保险单|交易|报案|参考编|客户编|申请编"
            r"|预[约订]|会员)(?=编?号|单|码|编|[:： ]|$)"
            r"|(?:顺丰|中通|圆通|韵达|申通|极兔|德邦)(?:快递)?)",
        ),
        ("qq", r"(?:[qQ] ?[qQ]群?|(?<![0-9A-Za-z])[qQ]|扣扣群?|[加我]扣|企鹅)"),
        ("wechat", r"(?:微信|薇信|威信|[vVwW][xX]|加[vV]|[vV]信)"),
        (
            "phone",
            r"(?:手机|电话|联系方式|联系|固话|座机|宅电|市话|小灵通|回电|来电|致电|拨打|打我|传真"
            r"|(?<![奖票彩车牌房位证])号码|[Tt]el|TEL|[Pp]hone|[Mm]obile)",
        ),
        (
            "bank_card",
            r"(?:卡号|银行卡|信用卡|储蓄卡|借记卡|账号|帐号|账户|帐户|(?<![显网声存视点饭门水电油会])卡|存折)",
        ),
    )
)
_DATE18 = re.compile(r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}")
_DATE15 = re.compile(
        r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])\d{6}(?:0[1-9]|1[0-2])(?:0[1-9]"
        r"|[12]\d|3[01])\d{3}")  # fmt: skip
# 0912345678 is a mobile of Taiwan.
MOBILE = re.compile(r"(?:(?:00)?86|0)?1[3-9]\d{9}|09\d{8}")
LANDLINE = re.compile(r"(?:010|02\d)[2-9]\d{7}|0[3-9]\d\d[2-9]\d{6,7}")
_HOTLINE = re.compile(
    r"(?:86)?[48]00\d{7}|1010\d{4}|(?:010|02\d|0[3-9]\d\d)?(?:9[56]\d{3,4}|1[012]\d{3})"
)
_INTERNATIONAL = re.compile(r"\+[1-9][0-9][0-9 \-]{5,17}[0-9]")
CHECK_LETTER = re.compile(r" ?(?:[xX叉×]|埃克斯)")
_EXTENSION = re.compile(r" ?(?:转|-)(?:分机)? ?[0-9]{1,5}(?![0-9])")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[,，][0-9]{3})+")


# 13866004217次 is a count, 商品编码13812345678 the number of a thing.
_COUNTED_OFF = re.compile(r" ?(?:[元块万亿%％份吨]|次(?![次日])|人次|字节)")
_CODE = re.compile(
    r"(?:编码|条形?码|货号|批[次号]|型号|序列号|[Ss][Kk][Uu]|[播放阅读销售总产]量|[总余金]额)"
    r"[是为:： ]{0,2}$"
)
# 138****8000, 138/0013/8000, 6217 **** **** 1234, 320502********2045
STARRED = re.compile(
    r"(?<![0-9])(?:1[3-9][0-9](?:[*xX]{4}[0-9]{4}|([/_·])[0-9]{4}\1[0-9]{4})"
    r"|[0-9]{3,6}(?: ?\*{3,4}){2,4} ?[0-9]{2,4}[Xx]?)(?![0-9])"
)
# 0411/84627053
_SLASHED = re.compile(r"(?<![0-9/])0[0-9]{2,3}/[2-9][0-9]{6,7}(?![0-9/])")
_DATE = r"(?:19|20)[0-9]{2}[\-./_ ]?(?:0?[1-9]|1[0-2])[\-./_ ]?(?:0[1-9]|[12][0-9]|3[01]|[1-9])"
_DATES = re.compile(rf"{_DATE}(?:[\-—~_ ]{{1,3}}{_DATE})?")
_NEARLY_MOBILE = re.compile(r"1[3-9][0-9]{8}(?:[0-9]{2})?")
_PARCEL_NEAR = re.compile(r"(?:订单|运单|快递|包裹|面单|派件|物流|单号|客票)[^,，。]{0,12}$")
# l36O1234567: letters that a reader of pictures takes for digits.
_LOOKALIKE = re.compile(
    r"(?<![0-9A-Za-z])[1lI][3-9](?=[0-9]*[lIoOSB])(?:[0-9]|[lIoOSB](?![a-z]{2})){9}(?![0-9A-Za-z])"
)
# 一百三十九 零零一二 …: the first three digits read as a number.
_AS_NUMBER = re.compile(
    rf"[一幺]百(?:[三五七八九]十[一二三四五六七八九]?)(?:{FILLER}{{0,3}}{DIGIT}){{8}}(?!{DIGIT})"
)
_CORRECTION = re.compile(
    rf"[ ,，。]*(?:哦?不对|说?错了|不是|哦不|更正一下|应该是)[ ,，。是]*"
    rf"({ATOM}(?:{FILLER}{{0,6}}{ATOM}){{3,}})"
)


class Number(NamedTuple):
    """A personal number at ``text[start:end]``."""

    kind: str
    start: int
    end: int


def ascii_digits(text: str) -> str:
    """Return the digits of a text, spoken ones included, as 0–9.

    >>> ascii_digits("幺三八嗯0013")
    '1380013'
    """
    return "".join(map(_plain, _GROUP.findall(text)))


def _plain(group: str) -> str:
    """Return one group of digits as 0–9."""
    if group[1:2] == "个":
        return group[2].translate(_TO_ASCII) * _TIMES[group[0]]
    return group.translate(_TO_ASCII)


def cue_before(before: str) -> str:
    """Return the kind of number the words just before announce, or an empty string.

    >>> cue_before("我的手机号码是")
    'phone'
    """
    for kind, pattern in _CUES:
        if pattern.search(before):
            return kind
    return ""


def shape(digits: str) -> str:
    """Return what a digit string is by its form alone, or an empty string.

    >>> shape("13800138000"), shape("4008208820"), shape("02161234567")
    ('mobile', '', 'landline')
    """
    size = len(digits)
    if size in (17, 18) and _DATE18.fullmatch(digits[:17]):
        # 17 digits: the check digit was lost or is an X outside the run.
        return "id_card" if size == 18 or digits[:2] in _PROVINCES else ""
    if MOBILE.fullmatch(digits):
        return "mobile"
    if LANDLINE.fullmatch(digits):
        return "landline"
    if size == 15 and _DATE15.fullmatch(digits):
        return "id_card"
    issued = digits.startswith("62") or luhn.is_valid(digits)
    return "bank_card" if 16 <= size <= 19 and digits[0] in "34569" and issued else ""


_PROVINCES = frozenset(
    f"{code}"
    for codes in (range(11, 16), range(21, 24), range(31, 38), range(41, 47), range(50, 55))
    for code in (*codes, 61, 62, 63, 64, 65, 71, 81, 82)
)
# What a cue says a number is, and the lengths it may have then: recognisers drop digits.
_ANNOUNCED: Mapping[str, range] = MappingProxyType(
    {
        "id_card": range(6, 21),
        "certificate": range(6, 21),
        "order": range(6, 33),
        "qq": range(5, 13),
        "wechat": range(6, 14),
        "bank_card": range(8, 23),
    }
)


def _classify(digits: str, before: str, after: str, *, groups: list[str]) -> str:
    size = len(digits)
    if 3 <= size <= 6 and _TAIL.search(before):
        if "身份证" in before:
            return "id_card"
        return "mobile" if re.search(r"手机|电话|号码尾", before) else "bank_card"
    if size < 5 or _HOTLINE.fullmatch(digits):
        return ""
    cue = cue_before(before)
    # Nothing is counted in fifteen digits: 信用卡5187 1020 3344 7896年费.
    amount = size < 15 and UNIT.match(after) is not None
    found = shape(digits)
    announced = not amount and size in _ANNOUNCED.get(cue, range(0))
    # 预售证号2018-0128 is a permit.
    yearly = cue == "certificate" and len(groups) > 1 and groups[0][:2] in ("19", "20")
    if announced and not (cue == "bank_card" and found == "mobile") and not yearly:
        return cue
    counted = _COUNTED_OFF.match(after) or _CODE.search(before)
    if found == "mobile" and cue != "phone" and counted:
        return ""
    if (
        size > 17
        and not digits.startswith("106")
        and len(groups) == 1
        and not (found or cue or counted)
    ):
        # Nothing else than an order, a parcel or a payment is numbered with so many digits.
        return "order"
    if (
        size > 11
        and len(groups) == 1
        and not (found or cue or counted)
        and _PARCEL_NEAR.search(before)
    ):
        return "order"
    if (
        found
        and (cue or _whole(groups))
        and not (amount and found == "landline" and cue != "phone")
    ):
        return found
    pairs = len(groups) > 3 and max(map(len, groups)) <= 2
    if cue == "phone" and 7 <= size <= 13 and not (amount or pairs or _dated(groups)):
        return "landline" if digits[0] in "02345678" else "mobile"
    return ""


def _dated(groups: list[str]) -> bool:
    return (
        len(groups) > 1
        and len(groups[0]) == 4
        and groups[0][:2] in ("19", "20")
        and len(groups[1]) <= 2
    )


def is_dates(text: str) -> bool:
    """Tell whether digits are a date or the span between two, as names of exports have it.

    >>> is_dates("20260901-20260930"), is_dates("2026-09-01"), is_dates("20269901")
    (True, True, False)
    """
    return _DATES.fullmatch(text) is not None


def is_hotline(digits: str) -> bool:
    """Tell whether digits are a public number.

    >>> is_hotline("95588"), is_hotline("4008208820"), is_hotline("13800138000")
    (True, True, False)
    """
    return _HOTLINE.fullmatch(digits) is not None


def _hotline(groups: list[str]) -> int:
    """Return how many groups make up a public 400 or 800 number; 0 where none does."""
    for size in range(1, len(groups) + 1):
        if re.fullmatch(r"[48]00[0-9]{7}", "".join(groups[:size])):
            return size
    return 0


def _listed_hotline(text: str, group: str, end: int) -> bool:
    """Tell whether the group is a public number in a list (12329、0746-2215426)."""
    return (
        re.fullmatch(r"12[0-9]{3}|9[56][0-9]{3}|10[0-9]{3}", group) is not None
        and re.match(r"[、,，; ]{1,2}(?:0|$|(?![0-9]))|转|、", text[end : end + 3]) is not None
    )


def _whole(groups: list[str]) -> bool:
    """Tell whether the groups are one number said in parts, not a list of small numbers."""
    if len(groups) == 1:
        return True
    if all(len(group) == 1 for group in groups):
        return True
    if _dated(groups) or (min(map(len, groups)) == 1 and max(map(len, groups)) > 4):
        return False
    return (
        len(groups) <= 7
        and max(map(len, groups)) >= 2
        and len(groups[0]) >= 2
        and (len(groups[0]) >= 3 or len(groups) >= 4 or groups[0] in ("86", "00"))
    )


def numbers(text: str, *, lead: str = "") -> Iterator[Number]:
    """Yield personal numbers by kind: mobile, landline, identity, card, QQ, order ….

    ``lead`` is what was said just before the text (an earlier turn). Hotlines, prices, dates are
    not personal.

    >>> list(numbers("退款380元,打幺三八,零零一三,八零零零,卡尾号1234"))
    [Number(kind='mobile', start=8, end=21), Number(kind='bank_card', start=25, end=29)]
    """
    for found in STARRED.finditer(text):
        mobile = re.match(r"1[3-9][0-9][^0-9 ]", found.group()) is not None
        yield Number("mobile" if mobile else "bank_card", *found.span())
    for found in _SLASHED.finditer(text) if "/" in text else ():
        yield Number("landline", *found.span())
    for found in (
        _LOOKALIKE.finditer(text)
        if text.count("O") + text.count("o") + text.count("l") + text.count("I")
        else ()
    ):
        yield Number("mobile", *found.span())
    for found in _AS_NUMBER.finditer(text) if "百" in text else ():
        yield Number("mobile", *found.span())
    for found in _INTERNATIONAL.finditer(text) if "+" in text else ():
        try:
            possible = phonenumbers.is_possible_number(phonenumbers.parse(found.group()))
        except phonenumbers.NumberParseException:
            possible = False
        digits = ascii_digits(found.group())
        if possible and not _HOTLINE.fullmatch(digits):
            yield Number("mobile" if shape(digits) == "mobile" else "landline", *found.span())
            blank = "\ufffc" * (found.end() - found.start())
            text = text[: found.start()] + blank + text[found.end() :]
    tail = "尾" in text or "位" in text
    for run in RUN.finditer(text):
        # Most numbers are prices: nothing shorter than five digits is personal by itself.
        if run.end() - run.start() < 5 and not tail:
            continue
        yield from _in_run(text, run.start(), run.end(), lead)


def _in_run(text: str, start: int, end: int, lead: str) -> Iterator[Number]:
    spans = [(part.start(), part.end()) for part in _GROUP.finditer(text, start, end)]
    groups = [_plain(text[a:b]) for a, b in spans]
    at = 0
    while at < len(spans):
        if hotline := _hotline(groups[at : at + 4]):
            at += hotline
            continue
        if len(groups[at]) == 5 and _HOTLINE.fullmatch(groups[at]) and len(groups) > at + 1:
            # 10000-1-4-3: a hotline and what to press there.
            presses = [len(group) for group in groups[at + 1 :]]
            at += 1 + next((i for i, size in enumerate(presses) if size > 1), len(presses))
            continue
        if _listed_hotline(text, groups[at], spans[at][1]):
            at += 1
            continue
        for stop in range(min(len(spans), at + 20), at, -1):
            digits = "".join(groups[at:stop])
            # 电话13800138123一直不通: a whole number is not drawn out by what follows it.
            if not 3 <= len(digits) <= 32 or (stop > at + 1 and shape(groups[at])):
                continue
            left, right = spans[at][0], spans[stop - 1][1]
            before = text[max(0, left - 18) : left]
            if left < 12 and lead:
                before = lead[-18:] + before
            if not _free(text, left, right, before, len(digits)):
                continue
            kind = _classify(digits, before, text[right : right + 3], groups=groups[at:stop])
            if kind == "order" and is_dates(text[left:right]):
                at = stop
                break
            if not kind and "幺" in text[left:right] and _NEARLY_MOBILE.fullmatch(digits):
                # 幺 is said in numbers that are read out, and a recogniser loses a digit.
                kind = "mobile"
            if kind:
                yield _widened(text, kind, left, right)
                # 幺八六幺零幺零 不对 幺零幺幺九五二七
                if more := _CORRECTION.match(text, right):
                    yield Number(kind, *more.span(1))
                at = stop
                break
        else:
            at += 1


def _free(text: str, left: int, right: int, before: str, size: int) -> bool:
    """Tell whether the digits stand by themselves, not in a model name, amount or list."""
    if _letter(text[right : right + 1]) and text[right] not in "xX":
        return False
    if _letter(text[max(0, left - 1) : left]) and not cue_before(text[max(0, left - 10) : left]):
        return False
    if left and text[left - 1] in ".¥￥$" and size < 11:
        return False
    raw = text[left:right]
    if "," in raw and _THOUSANDS.fullmatch(raw):
        return False
    # 808、809、202路: a list, unless a number was asked for.
    return not ("、" in raw and raw[0].isascii() and not cue_before(before))


def _letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _widened(text: str, kind: str, left: int, right: int) -> Number:
    """Take in the sign, bracket, check letter or extension that belongs to the number."""
    raw = text[left:right]
    if kind == "id_card" and (check := CHECK_LETTER.match(text, right)):
        right = check.end()
    if left and text[left - 1] == "+":
        left -= 1
    if kind == "landline" and (extension := _EXTENSION.match(text, right)):
        right = extension.end()
    if left and text[left - 1] in "(（" and (")" in raw or "）" in raw):
        left -= 1
    return Number(kind, left, right)
