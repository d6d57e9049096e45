"""Home addresses: a road or an estate, and the house, unit or room in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.text.mask.digits import DIGIT

_NUM = r"[0-9A-Za-z一二三四五六七八九十百零〇幺两]{1,6}"
_HAN = r"[\u4e00-\u9fff]"
# 路, 大街, 胡同; 小区, 花园, 公寓 …: the last character is looked for first, for speed.
_ESTATE = (
    r"[区苑庭园村里城府湾寓邸郡院居]"
    r"(?:(?<!区)|(?<=小区))(?!(?<=居)民)"
)
_PLACE = (
    r"[路街巷道同区苑庭园村里城府湾寓邸郡院居]"
    r"(?:(?<![同区])|(?<=\w\w胡同)|(?<=\w\w小区))(?!(?<=居)民)"
)
_UNIT = "[号栋幢座室户弄楼层门房组区期排单]"
_DETAIL = (
    rf"(?:(?:第)?{_NUM}(?:号楼|号院|号门|单元|[号栋幢座室户弄楼层门房组区期排])"
    rf"(?:之{_NUM})?[,，、 \-]{{0,2}})"
)
_DASHED = r"(?!0[0-9]{2,3}[\-—])[0-9]{1,4}[\-—][0-9]{1,4}(?:[\-—][0-9]{2,4})?(?:室|号)?"
_ADDRESS = re.compile(
    rf"{_PLACE}[, ，]?"
    rf"(?:{_HAN}{{1,8}}{_ESTATE})?((?:{_DETAIL})+(?:{_HAN}{{1,8}}{_ESTATE}[, ，]?(?"
    rf":{_DETAIL})*)?(?:{_DASHED}|{DIGIT}{{3,4}}(?![0-9元块点分年月天人]))?"
    rf"|{_DASHED})"
)
#: What every address holds: without it no text need be searched.
ADDRESS_GATE = re.compile(rf"[0-9A-Za-z一二三四五六七八九十百零〇幺两](?:{_UNIT}|[\-—])")
# A building or a road number is a place; a flat or a room is where somebody lives.
_HOME_DETAIL = re.compile(
    rf"{_NUM}(?:单元|[室弄]|门(?!口|[外前]))|[0-9]+[\-—][0-9]+[\-—][0-9]+"
    rf"|(?:[栋幢座]|号楼)[, ，]?(?:{DIGIT}{{3,4}}|{_NUM}[房号])"
)
# xx市xx路xx号: a form to be filled in.
_NAME = re.compile(rf"(?:{_HAN}|[0-9A-Za-z]){{2,24}}$")
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


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Yield home addresses: a road or estate with house, unit or room number.

    A road alone, a branch or a shop is none; a road with only 号 needs words like 家住 before it.

    >>> list(addresses("家住南京市云杉路12号3单元501室,去中山路支行排队"))
    [(2, 18)]
    """
    done = 0
    for found in _ADDRESS.finditer(text):
        name = _NAME.search(text, max(done, found.start() - 24), found.start())
        if not name or _BLANK.search(text[name.start() : found.end()]):
            continue
        start, end = name.start(), found.end()
        done = end
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
