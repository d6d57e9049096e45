"""What is written in letters and digits: e-mail, IP, plates, ids, orders, certificates, @names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from pipeline.text.mask.cues import Cues, cues
from pipeline.text.mask.digits import CERTIFICATES, DIGIT, SPOKEN, ascii_digits, is_dates
from pipeline.text.mask.words import words

_HAN = r"[\u4e00-\u9fff]"
_LABEL = rf"(?:[A-Za-z0-9][A-Za-z0-9\-]*|[{SPOKEN}]+|[qQ] ?[qQ]|扣扣)"
_DOT = r"(?:\.| ?点儿? ?| dot | ?[\[(（【]dot[\])）】] ?| \. |。)"
_PROVIDERS = (
    r"(?:qq|扣扣|163|126|139|189|[幺一]六三|[幺一]二六|[幺一]三九|gmail|sina|sohu|hotmail|outlook"
    r"|foxmail|yahoo|icloud|aliyun)(?![A-Za-z0-9])"
)
# What stands behind the name: @example.com, 艾特 幺六三 点 com, at sina dot com, @qq.
_HOST = re.compile(
    r"(?: ?@ ?| ?(?:艾特|爱特|埃特|[圈花] ?a|a ?圈|小老鼠|@符号|at符号|[\[(（【{<]at[\])）】}>]"
    r"|[#＃](?=[0-9a-z]+(?:\.| ?点)) ?) ?| at )"
    rf"(?:{_LABEL}(?:{_DOT}(?:[A-Za-z0-9\-]{{2,}}|c o m|c n|康姆|抗姆))+|{_PROVIDERS})",
    re.IGNORECASE,
)
_AT = re.compile(r"[@特圈鼠#＃]|花 ?a|(?i:at)[ \])）】}>符]")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+\-]*$")
_SAID_USER = re.compile(
    rf"(?:(?:[A-Za-z0-9._%+\-]+|[{SPOKEN}]+|下划线|下滑线|底杠"
    r"|下杠|减号|横线|[横中]?杠|点|[大小]写的?) ?)+$"
)
IP4 = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9]|\.[0-9])")
IP6 = re.compile(
    r"(?<![0-9A-Za-z:])[0-9A-Fa-f]{1,4}(?::{1,2}[0-9A-Fa-f]{1,4}){2,7}(?![0-9A-Za-z:])"
)
# 58 点 60 点 201 点 14
_IP_SAID = re.compile(rf"(?<!{DIGIT}){DIGIT}{{1,3}}(?: ?点 ?{DIGIT}{{1,3}}){{3}}(?!{DIGIT})")
_MAC = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}(?![0-9A-Za-z])")
_VERSION = re.compile(
    r"(?:[vV]|版本|固件|系统|version|ver|升级|更新)[号是为到至:：. ]{0,3}$", re.IGNORECASE
)
# What every router has, and public name servers, tell nothing about a person.
_PRIVATE = re.compile(
    r"(?:127|10|0)\.|192\.168\.|114\.114\.|8\.8\.|1\.1\.1\.1|223\.[56]\.5\.5|255\."
)
_ASKED_IP = re.compile(r"[iI][pP]|登[录陆]|来自")
_NETWORK = re.compile(
    r"[iI][pP]|登[录陆]|地址|来自|网络|服务器|访问|设备|[公外内]网|网关|路由|主机"
)
# WJ京12345, 使012345, ABC-1234: forms that only the words before tell from other numbers.
_CUED_PLATE = re.compile(
    r"(?:车牌|牌照|车号)(?:号码?)?(?:[是为:：,， ]|我的){0,3}"
    r"((?:WJ|使|领)?[\u4e00-\u9fff]?[0-9A-Z][0-9A-Z·\-]{4,8})(?![0-9A-Za-z])"
)
_OTHER_PLATE = re.compile(
    r"WJ[\u4e00-\u9fff]?[0-9]{4}[0-9A-Z](?![0-9A-Za-z])|[使领][0-9]{6}(?![0-9])"
)
PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼] ?"
    r"[A-HJ-NP-Za-hj-np-z][·\-. ]?"
    rf"((?:(?:[A-HJ-NP-Za-hj-np-z]|{DIGIT}) ?){{5,6}}|(?:(?:[A-HJ-NP-Za-hj-np-z]"
    rf"|{DIGIT}) ?){{4}}[挂学警港澳])(?<! )(?![0-9A-Za-z])"
)
_JOINER = (
    r"(?:[是为叫:：,，、 #(（]|号码?|码|[Ii][Dd]|[Nn][Oo]\.?"
    r"|的|嗯|呃|账号|编号|字号|名|加我|搜|加|就|❤){0,5}"
)
_WECHAT_CUE = (
    r"(?:微信|薇信|威信|徽信|围信|(?<![A-Za-z0-9])[vVwW][xX]|(?<![A-Za-z0-9])[vV](?=[:：号])"
    r"|weixin|[加+]我?[vV]|[vV]信|卫星(?=[:：号])|薇|wechat)"
)
# What WeChat gives who chose none.
_WECHAT_OWN = re.compile(r"(?<![A-Za-z0-9_])wxid_[A-Za-z0-9]{6,20}")
# lm_2020, or read out: wen xin 二零零幺.
_WECHAT_ID = (
    r"(?:[A-Za-z][A-Za-z0-9_\-]{4,19}"
    rf"|[A-Za-z](?: ?(?:[A-Za-z0-9_\-]+|[{SPOKEN}]+|下划线|减号)){{1,12}})"
)
WECHAT = re.compile(
    rf"{_WECHAT_CUE}({_JOINER})({_WECHAT_ID})(?![A-Za-z0-9_])",
    re.IGNORECASE,
)
ORDER = re.compile(
    r"(?:订单|[工运保维退换提货安装送修派服务售后]单|快递单|物流单|单编?号|流水|受理|(?:投诉|业务|客户|申请|参考"
    r"|受理|维修|退款|售后|服务|登记|回访|理赔|查询|记录)编号|预[约订]编?号|案件|合同|票号|凭证|取件码?|交易|报案"
    r"|快递|保险单|客票|机票|行程单|订座|座位|票面|出票|提单|面单|包裹|邮件|邮包|[Pp][Nn][Rr])(?:编码|编号|代码)?"
    rf"{_JOINER}(?:是|为)?([A-Za-z0-9][A-Za-z0-9\-_]{{5,39}}|[A-Z]{{1,4}}(?: ?[0-9]){{8,18}}"
    rf"|[A-Za-z](?: ?[A-Za-z]){{0,3}} ?(?:{DIGIT} ?){{6,20}})(?<! )(?![A-Za-z0-9])"
)
_BOOKING = re.compile(r"预[约订]|客票|机票|行程单|订座|票面|出票|[Pp][Nn][Rr]|订单")
_LONG = re.compile(r"[0-9]{7}")
# SF1234567890123 says by itself whose parcel it is.
PARCEL = re.compile(
    r"(?<![0-9A-Za-z])(?:SF|YT|JD[A-Z]{0,2}|ZTO|STO|JT|DPK|YD|EMS)[0-9]{10,15}(?![0-9A-Za-z])"
)
# YT 7749 2210 3358 6, read or typed in groups.
_READ_PARCEL = re.compile(
    r"(?<![0-9A-Za-z])(?:SF|YT|JD|ZTO|STO|JT|DPK|YD|EMS|ZT|ST)(?: ?[0-9]){10,16}(?![0-9A-Za-z])"
)
_LOGIN = re.compile(
    rf"(?:账号|帐号|用户名|登录名|会员名){_JOINER}([A-Za-z][A-Za-z0-9_\-]{{4,19}})(?![0-9A-Za-z])"
)
# Identity cards of Taiwan and Hong Kong, and those of foreigners.
_OTHER_ID = re.compile(
    r"(?:身[份分]证|证件)(?:字号|号码?|号)?[是为:： ]{0,3}"
    r"([A-Z][0-9]{6}[(（][0-9A][)）]|[A-Z][1289][0-9]{8}|[A-Z]{3}[0-9]{12})(?![0-9])"
)
CERTIFICATE = re.compile(
    rf"{CERTIFICATES}(?:档案)?{_JOINER}"
    r"([A-Za-z]{0,3}(?!(?:19|20)[0-9][0-9]-)[0-9][0-9\-]{5,20}(?:[ \-][0-9]{3,8}){0,4}[A-Za-z]?"
    r"|(?=(?:[A-Z]*[0-9]){4})[A-Z][0-9A-Z]{6,17}"
    rf"|[A-Za-z](?: ?{DIGIT}){{6,12}}"
    rf"|{_HAN}{{1,2}}字第? ?[0-9]{{5,12}}号?)(?![0-9A-Za-z*])"
)
PASSPORT = re.compile(r"[EG](?<![0-9A-Za-z\-][EG])(?:[0-9]{8}|[A-Z][0-9]{7})(?![0-9A-Za-z])")
_PLATFORM = (
    r"(?:抖音|快手|小红书|微博|B站|b站|哔哩哔哩|知乎|豆瓣|闲鱼|淘宝|天猫|京东|旺旺|支付宝|钉钉|贴吧|头条|微信|QQ|qq|拼多多|美团"
    r"|饿了么|西瓜视频|飞书|陌陌|网易|携程|飞猪|游戏|论坛|客户|会员|用户|账户|网站|平台|[Ii][Nn][Ss]|推特|脸书|[Ff]acebook|LINE|Line)"
)
_NICKNAME = re.compile(
    rf"(?:{_PLATFORM}(?:的|里的?|上的?|UP主)?(?:号码?|[Ii][Dd]|昵称|网名|账号|帐号|用户名|名字|名称|花名){{1,3}}|网名|昵称"
    rf"|[Ii][Dd](?=[:：]))"
    r"(?:[是为叫:： ]|就是){0,3}"
    r"(?:[\"“”「『【《](?P<quoted>[^\"“”」』】》]{2,16})[\"“”」』】》]"
    r"|(?P<latin>(?=[A-Za-z]{0,24}[0-9_])[A-Za-z][A-Za-z0-9_.\-]{3,23})(?![A-Za-z0-9])"
    r"|(?<=[称名号叫是:：])(?P<said>(?=[\u4e00-\u9fff]{0,10}[0-9A-Za-z_]"
    r"|[\u4e00-\u9fff]{0,10}的)[\u4e00-\u9fffA-Za-z_]{2,10}[0-9_]*)(?=[,，。 !！;；)）]|$))"
    rf"|我(?:的)?{_PLATFORM}(?:[是叫:：]){{0,2}}"
    r"(?P<mine>[\u4e00-\u9fff]{2,8}_?[0-9]{2,6}"
    r"|(?=[a-z]*[0-9_])[a-z][a-z0-9_\-]{4,20})(?![0-9A-Za-z])"
)
HANDLE = re.compile(
    r"(?<![0-9A-Za-z])@(?:(?<![\u4e00-\u9fff]@) )?(?!\d{2,6}(?!\w)|(?:qq|163|126)\b)((?:(?!是我"
    r"|就是|的微博|本人)[\w\-]){2,24})"
)


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Yield e-mail addresses, also when glued to 汉字 or read out (艾特 … 点com).

    >>> list(emails("发到li.m@example.com谢谢"))
    [(2, 18)]
    """
    if _AT.search(text):
        for found in _HOST.finditer(text):
            said = not found.group().startswith("@")
            user = (_SAID_USER if said else _USER).search(
                text, max(0, found.start() - 48), found.start()
            )
            if user and re.search("[A-Za-z0-9]|" + DIGIT, user.group()):
                yield user.start(), found.end()


def ips(text: str) -> Iterator[tuple[int, int]]:
    """Yield IP addresses; four-part version numbers announced as such are not.

    >>> list(ips("来自192.168.3.7,系统版本10.3.2.1"))
    [(2, 13)]
    """
    for found in _IP_SAID.finditer(text) if text.count("点") > 2 else ():
        parts = [ascii_digits(part) for part in found.group().split("点")]
        near = text[max(0, found.start() - 12) : found.start()]
        if all(int(part) < 256 for part in parts) and _NETWORK.search(near):
            yield found.span()
    for found in _MAC.finditer(text) if text.count(":") > 4 or text.count("-") > 4 else ():
        yield found.span()
    for pattern, dot in ((IP4, "."), (IP6, ":")):
        if text.count(dot) < 3:
            continue
        for found in pattern.finditer(text):
            if _VERSION.search(text[max(0, found.start() - 10) : found.start()]):
                continue
            if dot == ":" and "::" not in found.group() and found.group().count(":") < 7:
                continue
            near = text[max(0, found.start() - 10) : found.start()]
            if dot == "." and _PRIVATE.match(found.group()) and not _ASKED_IP.search(near):
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
    for found in PLATE.finditer(text):
        digits = len(re.findall(DIGIT, found.group(1)))
        small = any(char.islower() for char in found.group())
        if digits >= (3 if small else 1):
            yield found.span()
    for found in _CUED_PLATE.finditer(text) if "车" in text or "牌" in text else ():
        if sum(char.isdigit() for char in found.group(1)) > 3:
            yield found.span(1)
    if "WJ" in text or "使" in text or "领" in text:
        for found in _OTHER_PLATE.finditer(text):
            yield found.span()


def identifiers(text: str, *, among: Cues | None = None) -> Iterator[tuple[str, int, int]]:
    """Yield WeChat ids, order and ticket ids, passports and other certificates with letters.

    ``among`` are the cues of the text, where they are known.

    >>> list(identifiers("加我微信lm_2020,订单号JD20260901A"))
    [('wechat', 4, 11), ('order', 15, 26)]
    """
    among = cues(text) if among is None else among
    for found in _WECHAT_OWN.finditer(text) if "wxid_" in text else ():
        yield "wechat", *found.span()
    for found in WECHAT.finditer(text) if "wechat" in among else ():
        word = found.group(2)
        announced = re.search(r"号|是|[:：]|[Ii][Dd]|加我", found.group(1))
        digits = re.search(DIGIT, word) is not None
        whole = " " not in word and word.isascii()
        if len(word) > 4 and (digits or "_" in word or "-" in word or (announced and whole)):
            yield "wechat", *found.span(2)
    for found in ORDER.finditer(text) if "order" in among else ():
        dated = is_dates(found.group(1)) or re.match(r"20[0-9]{2}-[0-9]{1,2}", found.group(1))
        if _is_order(found) and not dated:
            yield "order", *found.span(1)
    for found in _READ_PARCEL.finditer(text) if "order" in among else ():
        yield "order", *found.span()
    long = _LONG.search(text) is not None
    for found in PARCEL.finditer(text) if long else ():
        yield "order", *found.span()
    for found in _LOGIN.finditer(text) if "login" in among else ():
        if re.search(r"[0-9_]", found.group(1)):
            yield "handle", *found.span(1)
    for found in _OTHER_ID.finditer(text) if "certificate" in among else ():
        yield "id_card", *found.span(1)
    for found in CERTIFICATE.finditer(text) if "certificate" in among else ():
        yield "certificate", *found.span(1)
    for found in PASSPORT.finditer(text) if long else ():
        yield "certificate", *found.span()


def nicknames(text: str) -> Iterator[tuple[int, int]]:
    """Yield what somebody is called on a platform (抖音号dyx92hs7k2, 微博昵称风吹麦浪).

    >>> list(nicknames("淘宝账号雨落无声2011"))
    [(4, 12)]
    """
    official = words("mask_official.txt")
    for found in _NICKNAME.finditer(text):
        value = found.group(found.lastgroup or 0)
        if not any(word in value for word in official):
            yield found.span(found.lastgroup or 0)


def _is_order(found: re.Match[str]) -> bool:
    """Tell whether what follows a word for an order is its number or booking code."""
    value = found.group(1)
    digits = len(re.findall(DIGIT, value))
    booked = len(value) == 6 and value.isupper() and 0 < digits < 6
    return digits >= 4 or (booked and _BOOKING.match(found.group()) is not None)


def handles(text: str) -> Iterator[tuple[int, int]]:
    """Yield @user names; accounts of businesses and offices are not personal.

    >>> list(handles("@小雨不打伞 看看 @中国联通客服"))
    [(0, 6)]
    """
    official = words("mask_official.txt")
    for found in HANDLE.finditer(text):
        if not any(word in found.group(1) for word in official):
            yield found.span()
