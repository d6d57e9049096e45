"""What is written in letters and digits: e-mail, IP, plates, ids, orders, certificates, @names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from pipeline.text.mask.cues import Cues, cues
from pipeline.text.mask.digits import DIGIT
from pipeline.text.mask.words import words

_AT = ("@", "艾特", "爱特", " at ", " AT ")
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
_CERTIFICATE = re.compile(
    r"(?:护照|通行证|证件|军官证|驾驶证|驾照|社保|医保|居住证|社会保障)(?:卡|账|帐)?"
    rf"{_JOINER}([A-Za-z]{{0,2}}[0-9]{{6,18}}[A-Za-z]?)(?![0-9A-Za-z])"
)
_PASSPORT = re.compile(r"[EG](?<![0-9A-Za-z\-][EG])(?:[0-9]{8}|[A-Z][0-9]{7})(?![0-9A-Za-z])")
_HANDLE = re.compile(r"(?<![0-9A-Za-z])@ ?([\w\-]{2,24})")


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Yield e-mail addresses, also when glued to 汉字 or read out (艾特 … 点com).

    >>> list(emails("发到li.m@example.com谢谢"))
    [(2, 18)]
    """
    if any(sign in text for sign in _AT):
        for found in _EMAIL.finditer(text):
            yield found.span()


def ips(text: str) -> Iterator[tuple[int, int]]:
    """Yield IP addresses; four-part version numbers announced as such are not.

    >>> list(ips("来自192.168.3.7,系统版本10.3.2.1"))
    [(2, 13)]
    """
    for pattern, dot in ((_IP4, "."), (_IP6, ":")):
        if text.count(dot) < 3:
            continue
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


def identifiers(text: str, *, among: Cues | None = None) -> Iterator[tuple[str, int, int]]:
    """Yield WeChat ids, order and ticket ids, passports and other certificates with letters.

    ``among`` are the cues of the text, where they are known.

    >>> list(identifiers("加我微信lm_2020,订单号JD20260901A"))
    [('wechat', 4, 11), ('order', 15, 26)]
    """
    among = cues(text) if among is None else among
    for found in _WECHAT.finditer(text) if "wechat" in among else ():
        word = found.group(2)
        announced = re.search(r"号|是|[:：]|[Ii][Dd]|加我", found.group(1))
        if any(char.isdigit() or char in "_-" for char in word) or announced:
            yield "wechat", *found.span(2)
    for found in _ORDER.finditer(text) if "order" in among else ():
        if sum(char.isdigit() for char in found.group(1)) >= 4 and not re.match(
            r"20[0-9]{2}-[0-9]{1,2}", found.group(1)
        ):
            yield "order", *found.span(1)
    for found in _CERTIFICATE.finditer(text) if "certificate" in among else ():
        yield "certificate", *found.span(1)
    for found in _PASSPORT.finditer(text):
        yield "certificate", *found.span()


def handles(text: str) -> Iterator[tuple[int, int]]:
    """Yield @user names; accounts of businesses and offices are not personal.

    >>> list(handles("@小雨不打伞 看看 @中国联通客服"))
    [(0, 6)]
    """
    official = words("mask_official.txt")
    for found in _HANDLE.finditer(text):
        if not any(word in found.group(1) for word in official):
            yield found.span()
