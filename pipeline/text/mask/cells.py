"""Mask a table's cell by the name of its column, and the excerpt of a row that can't be read."""

from __future__ import annotations

import re
from collections import Counter
from types import MappingProxyType

from pipeline.text.clean import clean, simplify
from pipeline.text.mask.digits import ATOM, DIGIT, ascii_digits, is_hotline
from pipeline.text.mask.find import LABELS, MARK, Masked, mask
from pipeline.text.mask.person import is_bare_name, is_form_name

_COLUMNS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("email", r"邮箱|邮件地址|e-?mail"),
        ("ip", r"(?<![a-z])ip(?![a-z])"),
        ("id_card", r"身[份分]证|id_?card"),
        ("certificate", r"证件号|证号|护照|社保|医保|passport"),
        ("bank_card", r"卡号|账号|帐号|账户|帐户|银行卡|card_?(?:no|num)"),
        ("plate", r"车牌|牌照|plate"),
        ("wechat", r"微信|wechat|weixin"),
        ("qq", r"qq"),
        ("mobile", r"手机|电话|联系方式|号码|座机|传真|phone|mobile|(?<![a-z])tel(?![a-z])"),
        ("address", r"地址|住址|住所|户籍|收货地|address"),
        ("name", r"姓名|名字|联系人|称呼|客户名|人(?:名称?)?$|户主|户名|用户名|持卡人|机主|业主"
                 r"|(?:^|customer|contact|user|full|first|last|real|your|[_ ])_? ?name$|^contact$"),
    )
)  # fmt: skip
_NOT_PERSONAL = re.compile(
    r"产品|商品|门店|网点|机构|部门|公司|单位|企业|店铺|品牌|文件|项目|渠道|类型|是否|数量|次数|时间|日期"
    r"|product|store|shop|file|company|channel|type|count|date|time",
    re.IGNORECASE,
)
_NUMBER = re.compile(rf"[+(（]?{ATOM}(?:[ \-—.()（）转*xX]{{0,3}}{ATOM})*[xX]?")
_SEPARATOR = re.compile(r"[、,，;；/ ]+|和|及")
_NOBODY = re.compile(
    r"(?:无|空|不详|未知|匿名|保密|同上|暂无|没有|未填|未提供|n/?a|null|none|-+|/)?", re.I
)
# 广东省深圳市 says where, not whose home.
_REGION = re.compile(r"(?:[\u4e00-\u9fff]{2,7}(?:省|市|区|县|自治区|自治州|盟|旗)){1,4}")
_LEAST_DIGITS = 4


def mask_cell(text: str, *, column: str = "") -> Masked:
    """Mask a cell; its column's name says what a bare name, number or address in it is.

    Expects cleaned text, as ``mask`` does. Without a telling column it is masked as any text.

    >>> mask_cell("王晓梅", column="客户姓名").text, mask_cell("1380013", column="联系电话").text
    ('[姓名]', '[手机号]')
    """
    kind = kind_of_column(column)
    masked = mask(text, lead=f"{column}:" if column else "")
    counts = Counter(masked.masks)
    whole = masked.text.strip()
    if kind and whole and not _NOBODY.fullmatch(whole):
        left = MARK.split(masked.text)
        marks = [*MARK.findall(masked.text), ""]
        pieces = [_cell_part(part, kind, counts) for part in left]
        done = "".join(piece + mark for piece, mark in zip(pieces, marks, strict=True))
        return Masked(done, MappingProxyType(dict(+counts)))
    return masked


def kind_of_column(column: str) -> str:
    """Return which kind of personal information a column's name announces.

    >>> kind_of_column("家庭住址"), kind_of_column("产品名称"), kind_of_column("customer_name")
    ('address', '', 'name')
    """
    plain = simplify(column)
    if _NOT_PERSONAL.search(plain):
        return ""
    return next((kind for kind, pattern in _COLUMNS if pattern.search(plain)), "")


def _cell_part(part: str, kind: str, counts: Counter[str]) -> str:
    """Return what no mark covers yet of a cell, masked as the column's kind asks for."""
    if not part.strip():
        return part
    if kind == "name":
        return _name_part(part, counts)
    if kind == "address":
        return _whole(part, kind, counts) if _is_place(part.strip()) else part
    if kind in ("email", "wechat", "qq", "plate", "ip"):
        enough = sum(char.isalnum() and char.isascii() for char in part) >= _LEAST_DIGITS
        return _whole(part, kind, counts) if enough else part
    return _number_part(part, kind, counts)


def _whole(part: str, kind: str, counts: Counter[str]) -> str:
    counts[kind] += 1
    core = part.strip()
    return part.replace(core, LABELS[kind], 1)


def _name_part(part: str, counts: Counter[str]) -> str:
    pieces = []
    at = 0
    for found in [*_SEPARATOR.finditer(part), None]:
        value = part[at : found.start() if found else len(part)]
        named = is_form_name(simplify(value))
        counts["name"] += named
        pieces.append(LABELS["name"] if named else value)
        if found:
            pieces.append(found.group())
            at = found.end()
    # Zhang Wei: the blank stands inside the name.
    if re.fullmatch(r" ?[A-Za-z]+(?:[ .'\-]+[A-Za-z]+){0,3} ?", part):
        counts["name"] += 1
        return LABELS["name"]
    return "".join(pieces)


def _is_place(text: str) -> bool:
    return len(text) > 3 and not _REGION.fullmatch(simplify(text))


def _number_part(part: str, kind: str, counts: Counter[str]) -> str:
    def put(found: re.Match[str]) -> str:
        digits = ascii_digits(found.group())
        if len(digits) < _LEAST_DIGITS or is_hotline(digits):
            return found.group()
        counts[kind] += 1
        return LABELS[kind]

    return _NUMBER.sub(put, part)


_NUMBER_MARK = "[数字]"
_ANY_MARK = re.compile(rf"{MARK.pattern}|{re.escape(_NUMBER_MARK)}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CELL_BREAK = re.compile(r"[\t\r\n]+")
_EDGE = re.compile(r"([|,，;；:：\"'\[\]{}=]+)")
_RUN = re.compile(rf"{DIGIT}(?:[ \-]?{DIGIT}){{4,}}")
_CODE = re.compile(r"(?=[A-Za-z_]*(?:[0-9][A-Za-z_]*){3})[A-Za-z0-9_]{5,}(?![^\[\]]{0,8}\])")
_DATE = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}(?: [0-9]{1,2})?")


def excerpt(text: str, *, longest: int = 120) -> str:
    """Return the beginning of a row that could not be read, with nothing personal in it.

    Stricter than ``mask``: every run of five digits and every cell that looks like a name goes.
    The row may be garbled; what comes back can be stored as UTF-8.

    >>> excerpt('9917,王晓梅,"13800138000",3月打了20260方')
    '9917,[姓名],"[手机号]",3月打了[数字]方'
    """
    tidy = clean(_CELL_BREAK.sub(" | ", _SURROGATE.sub("\ufffd", text)))
    strict = _RUN.sub(_run, mask(tidy).text)
    if "\ufffd" in strict:
        # What announces a number, or belongs to a plate, may be among what is garbled.
        strict = _CODE.sub(_NUMBER_MARK, strict)
    cells = _EDGE.split(strict)
    done = "".join(_nameless(cell) for cell in cells)
    return _cut(done, longest)


def _run(found: re.Match[str]) -> str:
    return found.group() if _DATE.fullmatch(found.group()) else _NUMBER_MARK


def _nameless(cell: str) -> str:
    core = cell.strip(" \ufffd")
    return cell.replace(core, LABELS["name"], 1) if is_bare_name(simplify(core)) else cell


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    end = longest
    for found in _ANY_MARK.finditer(text):
        if found.start() < longest < found.end():
            end = found.start()
    return text[:end] + "…"
