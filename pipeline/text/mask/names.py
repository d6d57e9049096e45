"""Names of persons: a cue or a title beside them, and the shape of a name.

What the law asks for is what tells who somebody is: a full name, or a surname that the customer
gives as such (我姓孙) or that a title makes a form of address (王先生, 李经理). Familiar forms
(小王, 老李, 王总, 张姐) name nobody outside their circle and stay readable, as do nicknames.

A strong cue (我叫, 姓名：) needs a surname and nearly any given name; a weak one (客户, 本人,
我是, 客服) is followed by ordinary words far more often than by a name, so that it also needs
given-name characters and an edge: punctuation or a word of reporting. What no cue announces is
left to ``likely``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.text.mask.cues import Cues, cues
from pipeline.text.mask.person import (
    DOTTED,
    HAN,
    HARD,
    NEVER,
    PLACEHOLDERS,
    PLAIN_SURNAMES,
    REPORT,
    SOFT,
    TITLED,
    candidates,
    crosses_word,
    cut_from_word,
    is_name,
    is_typical,
    name_shape,
    name_words,
    soft_end,
    surname_size,
)

_AFTER_STRONG = re.compile(
    r"[的我您你他她是在身住及啊呀哦]|性别|年龄|民族|籍贯|出生|证件|联系|地址|年|手机"
    r"|电话|号码|今|昨|想|要|请|家住|工号|会员|来自|因|现|已|曾|就"
    r"|对|今年|办|买|订|微信|会[员来回]"
)
_AFTER_STAFF = re.compile(
    r"态度|耐心|天天|每[天次]|提前|绕|送|乱|私|非|多次|推荐|一直|让|给|答应|告知|服务|回复|非常|很|太|不|没|把"
    r"|的|跟|骗|骂|收|拿|帮|上门|处理|解释|接|在|就|对|也"
    r"|都|还|一[起块直]|去|来|说|和|与|也|已|被|是|啊|呀|工号|强行|私自|同志|等"
)
_AFTER_WEAK = re.compile(r"[已因在现曾将未与对从了啊呀吧]|家[的里门住]")
# Surnames that are ordinary words: only where a name is announced and closed by punctuation.
_RARE_SURNAMES = frozenset(
    "计祖那花水全和时向从都有商同后展由原撒楚牧隆火才英门回哈乌青海封初呼依次"
)
# Uyghur, Tibetan, Mongolian names written without a dot.
_PART = (
    r"(?:阿卜杜|买买提|麦麦提|吾买尔|木合|古丽|迪丽|迪里|阿依|努尔|吐尔|图尔|玉素|库尔班|依布拉|艾合|热孜|帕提|夏提|艾尼"
    r"|次仁|扎西|卓玛|多吉|央金|旺堆|达娃|旦增|丹增|索朗|洛桑|平措|尼玛|白玛|格桑|德吉|顿珠|巴特尔|其其格|乌云|格日|那仁|娜仁"
    r"|苏日|巴图|孟克|苏和|岩温|玉罕|玉香|岩罕)"
)
_ENDS_THERE = (
    r"(?=$|(?![\u4e00-\u9fff·])|反映|来电|称|表示|投诉|致电|女士|先生|代述|要求|[的在是因与和])"
)
_OTHER_PEOPLES = re.compile(
    rf"(?:{HAN}{{0,3}}?{_PART}{HAN}{{0,4}}?|[阮黎范陈吴邓裴武]氏{HAN}{{1,3}}?){_ENDS_THERE}"
)
_TWO_PARTS = re.compile(rf"(?<!{HAN})(?:{_PART}){{2}}(?:{HAN}{{0,2}}?{_ENDS_THERE})")
# Tom Smith, SHEN XIAOLEI, WANG/YUCHEN MS, Cindy 霍
_LATIN = re.compile(
    r"(?:[A-Z][a-zà-ÿ'\-]+(?: [A-Z][a-zà-ÿ'\-]*\.?){0,3}"
    r"|[A-Z]{2,}(?:[ ,/]{1,2}[A-Z]{2,}){1,3})(?![A-Za-z])"
    r"(?: ?(?:MS|MR|MRS|MSTR|CHD)(?![A-Za-z]))?(?: [\u4e00-\u9fff](?![\u4e00-\u9fff]))?"
)
_TICKET = re.compile(
    r"(?<![A-Za-z/])[A-Z]{2,12}/[A-Z]{2,20}(?: ?(?:MS|MR|MRS|MSTR|CHD|INF))?(?![A-Za-z/])"
)
_TICKET_NEAR = re.compile(r"姓名|旅客|乘客|票面|拼音|护照|[登乘]机|客票|机票|行李| M[RS]S?$|CHD$")
_FILLER = r"(?:[是为叫:：,，、 (（]|嗯|呃|那个){0,4}"
_SEPARATOR = (
    r"(?:[是为叫由:：,，、 (（=\-—|/>》【】\[\]]|嗯|呃|那个|显示"
    r"|[写填登记]{1,2}(?:成了?|的是)){0,4}"
)
_FIELD = re.compile(rf"(?:的?(?:姓名|名字))?({_SEPARATOR})")
_INTRO = re.compile(rf"[!！。~]?(?:写着|写的|显示)?(?:名字)?{_FILLER}")
# Who is called: 他叫, 我妈叫; 师傅叫 may as well call for somebody.
_CALLED = frozenset(
    "爷奶公婆舅叔伯姨姑侄娃童娘爹者我俺咱名他她人个工员 ,，。;；妈爸儿女子友夫妻公婆哥姐弟妹母父孩"
)
_CALLING = frozenset("个位名员工生士师人")
# What stands behind a name also in the middle of a sentence.
_CLOSING = frozenset(["名下", "名义", "夫妇", "夫妻", "收,", "收，", "收。", "亲收"])
# 邱淑贞 2026.9.1 under a letter, 王建民(13800138000): the number is hidden by now.
_DATED = re.compile(r"(?<=[\u4e00-\u9fff])(?: ?20[0-9]{2} ?[年.\-/]|[ ,，(（:：/]{0,2}\ufffc{5,})")
_DOTTED_REPORT = re.compile(
    rf"(?<!{HAN})({HAN}{{1,5}}(?:·[^\W的0-9A-Za-z]{{1,6}}?){{1,3}})(?=反映|来电|表示|投诉|要求|致电)"
)
_OWN_FAMILY = re.compile(r"(?:免贵|[我您他她]|本人)$")
_AFTER_LISTED = re.compile(
    r"夫[妇妻]|[两二三四五]人|等[人等]?|[的在均都一]|先生|女士|反映|投诉|来电|表示|称"
)
_SIGNED = re.compile(r"[!！。,，、 ~:：\-—)）]{1,4}")
_ENGLISH = re.compile(r"[ ,，:：]{1,3}([A-Z][a-zà-ÿ]+(?:[ -][A-Z][a-zà-ÿ]+){0,3})(?![A-Za-z])")
_LOOSE_ENGLISH = frozenset(["from:", "this is", "i am", "i'm", "dear"])
_PEOPLE = ("staff", "weak", "faint", "accused")
# 工号1024的王丽, 工号B07,李敏
_NUMBERED = re.compile(r"[为是:： ]?[A-Za-z]{0,3}[0-9]{2,8}号?的?[,，、 ]?")
_AFTER_FAMILY = re.compile(rf"$|(?!{HAN})|[的我是叫啊先女]")
_DUTIES = frozenset(["主管", "总监", "组长", "领班", "教练", "导游"])
_LONGER_TITLE = re.compile(
    r"小姐姐|太太太|经理[解论]|老师傅?们|师傅[牌面红茶]|先生们|女士们|医生们"
    r"|主管[部单领人农机业]|教练[车员场]|组长[单负]|主任务|同学[们会校]|家长[们群会]|教授课|律师[函所事]|老师傅"
)
# 江先生菜馆, 金师傅烤肉店: a house called after a person.
_HOUSE = re.compile(
    rf"的?{HAN}{{0,4}}(?:馆|店|坊|铺|火锅|烤[肉鱼鸭]|拉面|牛排|饺子"
    rf"|包子|烧烤|料理|咖啡|奶茶|蛋糕|鱼|面)(?!里|员|长)"
)
_PLACE = re.compile(
    r"[社小]区|[村镇乡县市区路街]|大道|[中小大]学|医院|公司|学校|派出所"
    r"|广场|花园|[支分]行|银行|酒店|车?站|山庄"
)
_PLACES = "路街区村镇县市乡巷桥"
_HARD_LEFT = re.compile(rf"(?:^|(?!{HAN}).)$")
_LEFT_EDGE = re.compile(
    rf"(?:^|(?!{HAN}).|[到以用替代是叫找的给跟和向由请问户位员对了与让被把按及、]"
    r"|联系|告诉|通知|咨询|表扬|感谢|投诉|反映|举报|转告)$"
)
_NOBODY = frozenset(["张三", "李四", "王五", "赵六"])


def holds_signature(text: str) -> bool:
    """Tell at once that no date follows a possible name, which is so for most texts."""
    return "20" in text and _DATED.search(text) is not None


def names(text: str, *, among: Cues | None = None) -> Iterator[tuple[int, int]]:
    """Yield names of persons after a cue (我叫, 姓名, 联系人 …) or before a title (先生, 经理 …).

    ``among`` are the cues of the text, where they are known.

    >>> text = "我叫林晓雯,让周经理回电,客户魏东来称没接到,我叫了外卖,客服温和"
    >>> [text[a:b] for a, b in names(text)]
    ['林晓雯', '魏东来', '周']
    """
    # One name may have two cues: 员工叫…
    found = dict.fromkeys(_all_names(text, cues(text) if among is None else among))
    # 张三、李四 together are nobody; one of them alone may be a customer.
    if sum(name in text for name in _NOBODY) > 1:
        found = {span: None for span in found if text[slice(*span)] not in _NOBODY}
    yield from found


def _all_names(text: str, among: Cues) -> Iterator[tuple[int, int]]:
    for kinds, find_names in _FINDERS:
        for span in () if kinds.isdisjoint(among) else find_names(text, among):
            yield span
            yield from _joined(text, span[1])


def _in_fields(text: str, among: Cues) -> Iterator[tuple[int, int]]:
    for _, end in among.get("field", ()):
        filler = _FIELD.match(text, end)
        colon = filler is not None and _announced(text[end - 1] + filler.group(1))
        if filler and (span := _in_field(text, filler.end(), colon=colon)):
            yield span


def _announced_names(text: str, among: Cues) -> Iterator[tuple[int, int]]:
    for start, end in among.get("introducing", ()):
        if text[start:end] == "叫" and text[max(0, start - 1) : start] not in _CALLED:
            continue
        filler = _INTRO.match(text, end)
        if filler and (span := _introduced(text, filler.end())):
            yield span
    for _, end in among.get("signing", ()):
        filler = _SIGNED.match(text, end)
        if filler and (span := _signed(text, filler.end())):
            yield span


def _people(text: str, among: Cues) -> Iterator[tuple[int, int]]:
    calls = [
        (start, end)
        for start, end in among.get("introducing", ())
        if text[start:end] == "叫" and (not start or text[start - 1] in _CALLING)
    ]
    calls += [
        (start, found.end())
        for start, end in among.get("numbered", ())
        if (found := _NUMBERED.match(text, end))
    ]
    starts = name_words().starts
    dotless = "·" not in text
    for kind, places in (("staff", calls), *((k, among.get(k, ())) for k in _PEOPLE)):
        for _, end in places:
            # For speed: mostly no surname follows.
            if dotless and text[end : end + 1] not in starts:
                continue
            if span := _reported(text, end, kind=kind):
                yield span


def _families(text: str, among: Cues) -> Iterator[tuple[int, int]]:
    for start, end in among.get("family", ()):
        if text[max(0, start - 1) : start] == "贵" and text[end : end + 1] in tuple("是:： "):
            end += 1
        size = surname_size(text, end) if text[max(0, start - 1) : start] not in ("百", "同") else 0
        after = end + size
        said = _OWN_FAMILY.search(text, 0, start) is not None
        free = said and text[end : after + 1] not in name_words().common
        if size and (free or _AFTER_FAMILY.match(text, after)):
            yield end, after


def _addressed(text: str, among: Cues) -> Iterator[tuple[int, int]]:
    for kind in ("title", "office"):
        for start, end in among.get(kind, ()):
            if _LONGER_TITLE.match(text, start) or _HOUSE.match(text, end):
                continue
            if text[max(0, start - 1) : end] in name_words().never_names:
                continue
            if span := _titled(text, start, text[start:end], office=kind == "office"):
                yield span
    for start, end in among.get("closing", ()):
        # 王建民反映…: with nothing to announce it the name has to begin the sentence.
        edge = _LEFT_EDGE if text[start:end] in _CLOSING else _HARD_LEFT
        if span := _before(text, start, edge=edge):
            yield span
    for found in _DATED.finditer(text) if "20" in text or "\ufffc" in text else ():
        if span := _before(text, found.start(), edge=_HARD_LEFT):
            yield span
    for found in _TICKET.finditer(text) if "/" in text else ():
        if _TICKET_NEAR.search(text[max(0, found.start() - 12) : found.end()]):
            yield found.span()
    for found in _DOTTED_REPORT.finditer(text) if "·" in text else ():
        yield found.span(1)


def _of_other_peoples(text: str, among: Cues) -> Iterator[tuple[int, int]]:
    for found in _TWO_PARTS.finditer(text):
        yield found.span()


def _english(text: str, among: Cues) -> Iterator[tuple[int, int]]:
    for start, end in among.get("english", ()):
        cue = text[start:end]
        if (
            cue[0] in "Mm"
            and cue.rstrip(".").title() + cue[len(cue.rstrip(".")) :] != cue
            and " " not in cue
        ):
            continue
        found = _ENGLISH.match(text, end if cue[-1] != ":" else end - 1)
        if found and (" " in found.group(1) or text[start:end].lower() not in _LOOSE_ENGLISH):
            yield found.span(1)


_FINDERS = (
    (frozenset(["field"]), _in_fields),
    (frozenset(["introducing", "signing"]), _announced_names),
    (frozenset(["introducing", "numbered", *_PEOPLE]), _people),
    (frozenset(["family"]), _families),
    (frozenset(["title", "office", "closing", "number"]), _addressed),
    (frozenset(["english"]), _english),
    (frozenset(["peoples"]), _of_other_peoples),
)
#: The cues that names are looked for beside.
NAME_CUES = frozenset().union(*(kinds for kinds, _ in _FINDERS))


def _joined(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield the names that follow one in a list: 邹明辉、傅小梅夫妇."""
    while at < len(text) and text[at] in "、和与及跟":
        listed = text[at] == "、"
        at += 1
        for end, given in candidates(text, at):
            edge = HARD.match(text, end) or _AFTER_LISTED.match(text, end)
            typical = name_shape(given) == 2 or (listed and len(given) == 2)
            if edge and typical and not cut_from_word(text, at, end, given):
                yield at, end
                at = end
                break
        else:
            return


def _signed(text: str, at: int) -> tuple[int, int] | None:
    """Return the name under a letter (此致 敬礼 …)."""
    if found := _LATIN.match(text, at):
        return found.span()
    for end, given in candidates(text, at):
        if HARD.match(text, end) and is_name(text[at:end]) and given:
            return at, end
    return None


def _before(text: str, end: int, *, edge: re.Pattern[str]) -> tuple[int, int] | None:
    """Return the full name that ends where a closing begins (叶紫萱收, 王芳，女，)."""
    for size in (4, 3, 2):
        start = end - size
        if start < 0 or text[start:end] in name_words().public:
            continue
        if not is_name(text[start:end]) or size - surname_size(text, start) < 1:
            continue
        if edge.search(text[max(0, start - 4) : start]) and not crosses_word(text, start):
            return start, end
    return None


def _announced(filler: str) -> bool:
    return any(char in ":：是为叫=|>》】【" for char in filler)


def _foreign(text: str, at: int) -> tuple[int, int] | None:
    """Return a name with a middle dot, or one in Latin letters, at a place."""
    if found := _OTHER_PEOPLES.match(text, at):
        return found.span()
    if found := DOTTED.match(text, at):
        last = text.rfind("·", at, found.end()) + 1
        # The dots say where the parts begin; where the last one ends, a word of reporting says.
        for end in range(last + 1, found.end()):
            if REPORT.match(text, end) or text[end] in "的在是凭因认与和也都将":
                return at, end
        return found.span()
    return None


def _in_field(text: str, at: int, *, colon: bool) -> tuple[int, int] | None:
    if span := _foreign(text, at):
        return span
    if found := _LATIN.match(text, at):
        return found.span()
    if colon or text[at - 1] in " /-—":
        end = at
        while end < len(text) and end - at < 5 and "\u4e00" <= text[end] <= "\u9fff":
            end += 1
        value = text[at:end]
        # 姓名 于洋 电话: between blanks the words of a form stand as well as its values.
        if 2 <= len(value) <= 4 and _is_field_value(value) and (colon or is_name(value)):
            return at, end
    if span := _introduced(text, at):
        return span
    if surname_size(text, at) == 1 and len(text) >= at + 4 and HARD.match(text, at + 4):
        given = text[at + 1 : at + 4]
        if all(map(is_typical, given)) and text[at : at + 2] not in name_words().common:
            return at, at + 4
    return (at, at + 2) if _given_only(text, at) else None


def _is_field_value(value: str) -> bool:
    """Tell whether the value of a form's name field may be a name, surname or not."""
    known = name_words()
    if value in known.never_names or value in PLACEHOLDERS or any(c in NEVER for c in value):
        return False
    if titled := TITLED.search(value):
        # 彭经理 is found by its title; 向先生 is not, as 向 is hardly ever a surname.
        unknown = not surname_size(value, 0) and titled.start() in (1, 2)
        return unknown and "某" not in value and value[: titled.start()] not in known.common
    if 0 < surname_size(value, 0) < len(value):
        return value[:2] not in known.never_names or value[-1] in known.given
    return len(value) < 4 and value not in known.common and all(c in known.given for c in value)


def _given_only(text: str, at: int) -> bool:
    """Tell whether a given name of two characters stands between the cue and punctuation."""
    given = text[at : at + 2]
    known = name_words()
    if given[:1] in ("小", "老", "阿") and surname_size(given, 1):
        return False
    return (
        len(given) == 2
        and all(char in known.given and char not in NEVER for char in given)
        and given not in known.common
        and HARD.match(text, at + 2) is not None
    )


def _introduced(text: str, at: int) -> tuple[int, int] | None:
    """Return the name at a place where one is announced (我叫…)."""
    if span := _foreign(text, at):
        return span
    if found := _LATIN.match(text, at):
        return found.span()
    known = name_words()
    if text[at : at + 2] in known.double and HARD.match(text, at + 5):
        given = text[at + 2 : at + 5]
        if len(given) == 3 and all(map(is_typical, given)):
            return at, at + 5
    if at == len(text) - 1 and text[at - 1] == "叫" and text[at] in PLAIN_SURNAMES:
        return at, at + 1
    for end, given in candidates(text, at):
        hard = HARD.match(text, end) is not None
        edge = hard or REPORT.match(text, end) or _AFTER_STRONG.match(text, end)
        soft = given[-1] in SOFT and given[-1] not in known.given
        if cut_from_word(text, at, end, given):
            # 我叫高能, 我叫叶子琪: a common word, unless written out as a name.
            named = hard and name_shape(given) == 2 and text[at:end] not in known.never_names
            if not named or (len(given) == 1 and text[at:end] in known.never_names):
                continue
        elif not edge:
            if len(given) == 1 or name_shape(given) < 2 or soft_end(text, end, given):
                continue
            if _PLACE.match(text, end):
                continue
        elif (soft and not hard) or (soft_end(text, end, given) and not hard):
            continue
        return at, end
    if _given_only(text, at) and text[at - 1] in "叫是":
        return at, at + 2
    return _rare(text, at)


def _rare(text: str, at: int) -> tuple[int, int] | None:
    """Return a name under a surname that is a common word (我叫那英，)."""
    known = name_words()
    if text[at : at + 1] in _RARE_SURNAMES:
        for end in (at + 3, at + 2):
            given = text[at + 1 : end]
            if (
                HARD.match(text, end)
                and all(char in known.given for char in given)
                and not {given, text[at:end], text[at : at + 2]} & known.common
            ):
                return at, end
    return None


def _reported(text: str, at: int, *, kind: str) -> tuple[int, int] | None:
    """Return the name after a word for a person (客户…称), which mostly has none."""
    if text[at - 1 : at + 1] in name_words().common:
        # 师范, 帮助理解: the cue is part of another word.
        return None
    colon = text[at : at + 1] in (":", "：", " ", "(", "（", "是", "叫")
    at += colon
    staff = kind == "staff"
    # @某客服 深圳·华强...: where a post was written, not a name.
    if text[at - 1] != " " and kind in ("staff", "weak") and (span := _foreign(text, at)):
        return span
    common = name_words().common
    for end, given in candidates(text, at):
        shape = name_shape(given)
        if kind in ("faint", "accused"):
            accused = kind == "accused"
            if is_name(text[at:end]) and _faintly(text, at, end, given, accused=accused):
                return at, end
            continue
        hard = HARD.match(text, end) is not None
        report = REPORT.match(text, end) is not None
        cut = cut_from_word(text, at, end, given)
        if soft_end(text, end, given) and not report and not hard:
            continue
        if text[at - 1] in ":：(（【" and hard and len(given) == 2 and not cut:
            return at, end
        if _PLACE.match(text, end) or given[-1] in _PLACES:
            return None
        if len(given) == 1:
            plain = text[at] in PLAIN_SURNAMES and end - at == 2
            if given in SOFT:
                continue
            after = _AFTER_STAFF if staff else _AFTER_WEAK
            edge = report or hard or (plain and staff) or after.match(text, end) is not None
            if not cut and edge and (shape == 2 or (plain and hard)):
                return at, end
            continue
        plain = text[at] in PLAIN_SURNAMES
        after = _AFTER_STAFF if staff else _AFTER_WEAK
        edge = (
            report
            or hard
            or (
                (plain or staff or shape == 2 or text[end : end + 1] == "家")
                and after.match(text, end) is not None
            )
        )
        # 客户张万里: a given name that is a word in itself needs an edge behind it.
        named = report or (shape == 2 and (hard or (plain and edge)))
        if cut and (text[at:end] in common or not named):
            continue
        if cut and text[at : end - 1] in common and not hard:
            continue
        if cut and shape < 2 and not plain:
            continue
        whole = not cut and given[-1] not in SOFT and text[end - 1 : end + 1] not in common
        starts_word = text[end : end + 2] in common
        if shape == 2 and (edge or (whole and (plain or staff or starts_word))):
            return at, end
        # One untypical character asks for more: a word of reporting, or a surname that is no word.
        partly = any(char in name_words().given for char in given)
        if partly and (report or (plain and edge and shape == 1)):
            return at, end
    return None


def _faintly(text: str, at: int, end: int, given: str, *, accused: bool) -> bool:
    """Tell whether a name stands after words that seldom have one (举报…, 接电话的是…)."""
    if cut_from_word(text, at, end, given) or _PLACE.match(text, end) or given[-1] in _PLACES:
        return False
    if text[at:end] in name_words().public:
        return False
    if HARD.match(text, end) or REPORT.match(text, end):
        return len(given) == 2 or text[at] in PLAIN_SURNAMES
    if len(given) == 1:
        return accused and text[at] in PLAIN_SURNAMES and _AFTER_STAFF.match(text, end) is not None
    if _HOUSE.match(text, end) or soft_end(text, end, given):
        return False
    return accused or text[at] in PLAIN_SURNAMES


_FAMILIAR = ("阿姨", "大爷", "大姐", "大哥")


def _titled(text: str, end: int, title: str, *, office: bool) -> tuple[int, int] | None:
    """Return the name before a title: a full name, or the surname alone (周经理)."""
    before = text[max(0, end - 20) : end]
    if dotted := re.search(rf"{HAN}{{1,8}}(?:·{HAN}{{1,8}}){{1,3}}$", before):
        return end - len(dotted.group()), end
    if others := re.search(rf"(?<!{HAN}){HAN}{{0,3}}?{_PART}{HAN}{{0,4}}$", before):
        return end - len(others.group()), end
    polite = title in ("先生", "女士", "小姐", "太太")
    for size in (4, 3, 2, 1):
        start = end - size
        first = surname_size(text, start, end) if start >= 0 else 0
        if first == size and title in _DUTIES and text[start] in "任查车连应管代":
            # 由局长任组长, 机动车主管部门
            continue
        if not first or size - first > 2 or (office and first == size):
            continue
        if first == size and title in _FAMILIAR:
            # 刘阿姨, like 张姐, names nobody outside the house.
            continue
        given = text[start + first : end]
        if any(not "\u4e00" <= char <= "\u9fff" or char in NEVER for char in given):
            continue
        if office and (given in name_words().common or 0 < len(given) == surname_size(given, 0)):
            continue
        if crosses_word(text, start) or not _title_shape(text, start, given, polite=polite):
            continue
        return start, end
    return None


def _title_shape(text: str, start: int, given: str, *, polite: bool) -> bool:
    """Tell whether the candidate before a title may be a full name, not the end of words."""
    if not given:
        return True
    known = name_words()
    before = text[max(0, start - 4) : start]
    left = _LEFT_EDGE.search(before) is not None or before.endswith(known.people)
    typical = name_shape(given) == 2
    whole = text[start : start + 1 + len(given)]
    if whole in known.never_names:
        return False
    if whole[:2] in known.common or whole in known.common or given in known.common:
        # 叶子琪女士, 黎明先生 are names; 马上张先生 is a word and another name.
        clear = left if len(given) == 2 else left and polite
        return clear and typical and not (len(given) == 2 and surname_size(given[-1], 0))
    if any(char in SOFT and char not in known.given for char in given):
        doubled = given[0] == given[-1] or any(char in known.given for char in given)
        return left and len(given) == 2 and doubled
    return left or (len(given) == 2 and (polite or typical)) or (polite and typical)
