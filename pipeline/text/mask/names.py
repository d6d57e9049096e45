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

_HAN = r"[\u4e00-\u9fff]"
_KIN = (
    r"的(?:家[属人长]|监护人|爱人|邻居|同学|老师|姐|妹|哥|弟|奶奶|爷爷|外[婆公]|姥|[妈爸]|朋友|同事"
    r"|丈夫|妻子|老[公婆]|父|母|[儿女]|孩子)"
)
_HARD = re.compile(rf"$|(?!{_HAN})")
_REPORT = re.compile(
    r"系(?![统列数])|反映|反馈|来电|来信|来访|称|表示|说|投诉|致电|于(?=[0-9今昨本去前上一二三四五六七八九十])|咨询|要求|办理"
    r"|先生|女士|[小大]姐|大[哥爷夫]|希望|请求|提出|认为|自称|申请|报修"
    rf"|举报|催|通过|再次|多次|您好|你好|{_KIN}"
)
_AFTER_STRONG = re.compile(
    r"[的我您你他她是在身住及]|性别|年龄|民族|籍贯|出生|证件|联系|地址|年|手机"
    r"|电话|号码|今|昨|想|要|请|家住|工号|会员|来自|因|现|已|曾|就"
    r"|对|今年|办|买|订|微信|会[员来回]"
)
_AFTER_STAFF = re.compile(
    r"态度|耐心|天天|每[天次]|提前|绕|送|乱|私|非|多次|推荐|一直|让|给|答应|告知|服务|回复|非常|很|太|不|没|把"
    r"|的|跟|骗|骂|收|拿|帮|上门|处理|解释|接|在|就|对|也"
    r"|都|还|一[起块直]|去|来|说|和|与|也|已|被|是|啊|呀|工号|强行|私自|同志|等"
)
_AFTER_WEAK = re.compile(r"[已因在现曾将未与对从了啊呀吧]|家[的里门住]")
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
    "某的了吗呢吧啊是不没我你他她它您就都也还又很太说吃买卖喂谢什怎们着这那个把被让哪问给打和副总班"
)
# Rare characters that nobody is called by: interjections, food, ailments.
_RARE_BUT_SPOKEN = frozenset(
    "嗯呃哎嘛咯噢嘿咳啰嗦啡咖噪呵咦唉哟嗨喔唷咩哒嗒嘟噜咕噗咚嗡嘀嘎吱嗓嗝噎呕吣咆哮嚎嘶吼叨唠咄嘲嗤咋咧啧"
    "榴莓柠檬饺馄饨馒脍炙烩焖煲煸煨爆烊腌渍胗腩臊膻馊霉痘疹癣疤疮痔瘤癌痒瘸瘫疯癫瘪皱褶腥龌龊邋遢肮"
    "恍惚恹恻悻惬惘惶愕愠懊憋憎懈惰蹊跷踉跄粑糍糯蹭蹲踹踩躁蹦趟挪攥揣搡撂撸捋掂掐掰揪搓捶擤擀"
    "蟑螂蚂蚁蛐蛔蜷虱蛆鳖猥亵狙獗狡黠犟锃铛锅碗瓢橱柜褥裤衩袄袜袂胯肘腋脖腮皲鼾"
    "厕厢厮叵囤坷坎垃圾垢垮埂墩夯奢奸妒婊嫖尴尬屉屎尿屁崭帚幌廊徘徊忐忑"
)
_SOFT = frozenset(
    "来楼家可会能以如若所因由多有生在要到得与跟从或但只才再去昨今日月年号点次元块钱费"
    "店行卡证时分对为用于客户老师"
    "先女士姐理经员人请叫上下里外前后左右少每住找接做拿送退收发订办交存取查等称呼区市省县路街村镇位"
    "该应已曾更最比及按且并而则乃之其此想"
)
_DOTTED = re.compile(rf"{_HAN}{{1,8}}(?:·{_HAN}{{1,8}}){{1,3}}")
_NO_MORE = r"(?![\u4e00-\u9fff·])"
# Uyghur, Tibetan, Mongolian names written without a dot.
_OTHER_PEOPLES = re.compile(
    rf"{_HAN}{{0,3}}?(?:阿卜杜|买买提|麦麦提|古丽|迪丽|阿依|努尔|吐尔|图尔|玉素|库尔班|依布拉|艾合|热孜"
    rf"|帕提|艾尼|次仁|扎西|卓玛|多吉|央金|旺堆|巴特尔|其其格|乌云|格日|那仁|娜仁|苏日){_HAN}{{0,4}}{_NO_MORE}"
)
_LATIN = re.compile(r"[A-Z][a-z]+(?: [A-Z][a-z]+){0,2}(?![A-Za-z])")
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
    rf"(?<!{_HAN})({_HAN}{{1,5}}(?:·[^\W的0-9A-Za-z]{{1,6}}?){{1,3}})(?=反映|来电|表示|投诉|要求|致电)"
)
_OWN_FAMILY = re.compile(r"(?:免贵|[我您他她]|本人)$")
_AFTER_LISTED = re.compile(
    r"夫[妇妻]|[两二三四五]人|等[人等]?|[的在均都一]|先生|女士|反映|投诉|来电|表示|称"
)
_SIGNED = re.compile(r"[!！。,，、 ~:：\-—)）]{1,4}")
_ENGLISH = re.compile(r"[ ,，:：]{1,3}([A-Z][a-z]+(?:[ -][A-Z][a-z]+){0,2})(?![A-Za-z])")
_LOOSE_ENGLISH = frozenset(["from:", "this is", "i am", "i'm", "dear"])
_PEOPLE = ("staff", "weak", "faint", "accused")
# 工号1024的王丽, 工号B07,李敏
_NUMBERED = re.compile(r"[为是:： ]?[A-Za-z]{0,3}[0-9]{2,8}号?的?[,，、 ]?")
_AFTER_FAMILY = re.compile(rf"$|(?!{_HAN})|[的我是叫啊先女]")
_DUTIES = frozenset(["主管", "总监", "组长", "领班", "教练", "导游"])
_LONGER_TITLE = re.compile(
    r"小姐姐|太太太|经理[解论]|老师傅?们|师傅[牌面红茶]|先生们|女士们|医生们"
    r"|主管[部单领人农机业]|教练[车员场]|组长[单负]|主任务|同学[们会校]|家长[们群会]|教授课|律师[函所事]|老师傅"
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
_TITLE_WITHIN = re.compile(
    r"先生|女士|小姐|太太|师傅|经理|老师|大夫|医生|主任|店长|阿姨|[大小][姐哥爷]"
)
_TITLED = re.compile(r"(?:先生|女士|小姐|经理|老师|师傅|主任|同志|某某?)$")
_PLACES = "路街区村镇县市乡巷桥"
_HARD_LEFT = re.compile(rf"(?:^|(?!{_HAN}).)$")
_LEFT_EDGE = re.compile(
    rf"(?:^|(?!{_HAN}).|[到以用替代是叫找的给跟和向由请问户位员对了与让被把按及、]"
    r"|联系|告诉|通知|咨询|表扬|感谢|投诉|反映|举报|转告)$"
)
_NOBODY = frozenset(["张三", "李四", "王五", "赵六"])
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
    starts: frozenset[str]
    public: frozenset[str]


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
        starts=frozenset(word[0] for word in surnames) | frozenset(":： (（是叫"),
        public=words("mask_public.txt"),
        people=kinds["staff"] + kinds["weak"],
    )


def _surname(text: str, at: int, end: int | None = None) -> int:
    """Return how many characters of a surname stand at a place (and before an end): 2, 1 or 0."""
    lists = _lists()
    if text[at : at + 2] in lists.double and (end is None or at + 2 <= end):
        return 2
    return int(text[at : at + 1] in lists.single)


def is_surname(text: str) -> bool:
    """Tell whether a text is a surname and nothing else.

    >>> is_surname("欧阳"), is_surname("王晓")
    (True, False)
    """
    return 0 < len(text) == _surname(text, 0)


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
    starts = _lists().starts
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
        size = _surname(text, end) if text[max(0, start - 1) : start] not in ("百", "同") else 0
        after = end + size
        said = _OWN_FAMILY.search(text, 0, start) is not None
        free = said and text[end : after + 1] not in _lists().common
        if size and (free or _AFTER_FAMILY.match(text, after)):
            yield end, after


def _addressed(text: str, among: Cues) -> Iterator[tuple[int, int]]:
    for kind in ("title", "office"):
        for start, end in among.get(kind, ()):
            if _LONGER_TITLE.match(text, start) or _HOUSE.match(text, end):
                continue
            if text[max(0, start - 1) : end] in _lists().never_names:
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
    for found in _DOTTED_REPORT.finditer(text) if "·" in text else ():
        yield found.span(1)


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
)
#: The cues that names are looked for beside.
NAME_CUES = frozenset().union(*(kinds for kinds, _ in _FINDERS))


def _joined(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield the names that follow one in a list: 邹明辉、傅小梅夫妇."""
    while at < len(text) and text[at] in "、和与及跟":
        listed = text[at] == "、"
        at += 1
        for end, given in _candidates(text, at):
            edge = _HARD.match(text, end) or _AFTER_LISTED.match(text, end)
            typical = _shape(given) == 2 or (listed and len(given) == 2)
            if edge and typical and not _cut_from_word(text, at, end, given):
                yield at, end
                at = end
                break
        else:
            return


def _signed(text: str, at: int) -> tuple[int, int] | None:
    """Return the name under a letter (此致 敬礼 …)."""
    if found := _LATIN.match(text, at):
        return found.span()
    for end, given in _candidates(text, at):
        if _HARD.match(text, end) and _is_name(text[at:end]) and given:
            return at, end
    return None


def _before(text: str, end: int, *, edge: re.Pattern[str]) -> tuple[int, int] | None:
    """Return the full name that ends where a closing begins (叶紫萱收, 王芳，女，)."""
    for size in (4, 3, 2):
        start = end - size
        if start < 0 or text[start:end] in _lists().public:
            continue
        if not _is_name(text[start:end]) or size - _surname(text, start) < 1:
            continue
        if edge.search(text[max(0, start - 4) : start]) and not _crosses_word(text, start):
            return start, end
    return None


def _announced(filler: str) -> bool:
    return any(char in ":：是为叫=|>》】【" for char in filler)


def _foreign(text: str, at: int) -> tuple[int, int] | None:
    """Return a name with a middle dot, or one in Latin letters, at a place."""
    if found := _OTHER_PEOPLES.match(text, at):
        return found.span()
    if found := _DOTTED.match(text, at):
        last = text.rfind("·", at, found.end()) + 1
        # The dots say where the parts begin; where the last one ends, a word of reporting says.
        for end in range(last + 1, found.end()):
            if _REPORT.match(text, end) or text[end] in "的在是凭因认与和也都将":
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
        if 2 <= len(value) <= 4 and _is_field_value(value) and (colon or _is_name(value)):
            return at, end
    if span := _introduced(text, at):
        return span
    if _surname(text, at) == 1 and len(text) >= at + 4 and _HARD.match(text, at + 4):
        given = text[at + 1 : at + 4]
        if all(map(_typical, given)) and text[at : at + 2] not in _lists().common:
            return at, at + 4
    return (at, at + 2) if _given_only(text, at) else None


def _is_field_value(value: str) -> bool:
    """Tell whether the value of a form's name field may be a name, surname or not."""
    lists = _lists()
    if value in lists.never_names or value in _PLACEHOLDERS or any(c in _NEVER for c in value):
        return False
    if titled := _TITLED.search(value):
        # 彭经理 is found by its title; 向先生 is not, as 向 is hardly ever a surname.
        unknown = not _surname(value, 0) and titled.start() in (1, 2)
        return unknown and "某" not in value and value[: titled.start()] not in lists.common
    if 0 < _surname(value, 0) < len(value):
        return value[:2] not in lists.never_names or value[-1] in lists.given
    return len(value) < 4 and value not in lists.common and all(c in lists.given for c in value)


def _is_name(value: str) -> bool:
    """Tell whether all of a value is a name, by its shape alone.

    >>> _is_name("于洋"), _is_name("于是"), _is_name("客户")
    (True, False, False)
    """
    first = _surname(value, 0)
    given = value[first:]
    lists = _lists()
    return (
        first > 0
        and 1 <= len(given) <= 2
        and value not in lists.never_names
        and not any(char in _NEVER for char in value)
        and _shape(given) == 2
        and given[-1] != "任"
        and not _TITLED.search(value)
        and (value not in lists.common or value[0] in _PLAIN_SURNAMES)
    )


def is_bare_name(value: str) -> bool:
    """Tell whether a cell that nothing announces holds a personal name and nothing else.

    >>> is_bare_name("王晓梅"), is_bare_name("高兴"), is_bare_name("陈列柜")
    (True, False, False)
    """
    if not 2 <= len(value) <= 4 or not all("\u4e00" <= char <= "\u9fff" for char in value):
        return False
    first = _surname(value, 0)
    lists = _lists()
    words_in = {value, value[:2], value[:3], value[1:]} - {value[:first]}
    return (
        0 < first < len(value) <= first + 2
        and not any(char in _NEVER for char in value)
        and not words_in & (lists.common | lists.never_names)
        and _shape(value[first:]) > 0
    ) or _is_name(value)


def is_form_name(value: str) -> bool:
    """Tell whether a value in a column of names is one: nearly every short one is.

    >>> is_form_name("王晓梅"), is_form_name("阿依古丽"), is_form_name("不详"), is_form_name("客户")
    (True, True, False, False)
    """
    if _DOTTED.fullmatch(value):
        return True
    return (
        2 <= len(value) <= 4
        and all("\u4e00" <= char <= "\u9fff" for char in value)
        and value not in _PLACEHOLDERS
        and value not in _lists().people
        and "某" not in value
        and not _TITLED.fullmatch(value)
    )


def _given_only(text: str, at: int) -> bool:
    """Tell whether a given name of two characters stands between the cue and punctuation."""
    given = text[at : at + 2]
    lists = _lists()
    if given[:1] in ("小", "老", "阿") and _surname(given, 1):
        return False
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
        named = len(given) == size and all(
            "\u4e00" <= char <= "\u9fff" and char not in _NEVER for char in given
        )
        if named and not _TITLE_WITHIN.search(text, at + 1, at + first + size + 1):
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


@functools.cache
def _typical(char: str) -> bool:
    """Tell whether a character is used in given names: a listed one, or one that is rare.

    >>> _typical("芳"), _typical("骞"), _typical("桌")
    (True, True, False)
    """
    if char in _lists().given:
        return True
    if char in _RARE_BUT_SPOKEN:
        return False
    try:
        # The second level of GB 2312 holds the 3,008 rarer characters.
        return char.encode("gb2312") >= b"\xd8\xa1"
    except UnicodeEncodeError:
        return True


def _shape(given: str) -> int:
    """Return how much a given name looks like one: 2 wholly, 1 in part, 0 not at all."""
    lists = _lists()
    if len(given) == 2 and given[0] == given[1]:
        return 2
    typical = sum(_typical(char) for char in given)
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
    if text[at : at + 2] in lists.double and _HARD.match(text, at + 5):
        given = text[at + 2 : at + 5]
        if len(given) == 3 and all(map(_typical, given)):
            return at, at + 5
    if at == len(text) - 1 and text[at - 1] == "叫" and text[at] in _PLAIN_SURNAMES:
        return at, at + 1
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


def _reported(text: str, at: int, *, kind: str) -> tuple[int, int] | None:
    """Return the name after a word for a person (客户…称), which mostly has none."""
    if text[at - 1 : at + 1] in _lists().common:
        # 师范, 帮助理解: the cue is part of another word.
        return None
    colon = text[at : at + 1] in (":", "：", " ", "(", "（", "是", "叫")
    at += colon
    staff = kind == "staff"
    # @某客服 深圳·华强...: where a post was written, not a name.
    if text[at - 1] != " " and kind in ("staff", "weak") and (span := _foreign(text, at)):
        return span
    common = _lists().common
    for end, given in _candidates(text, at):
        shape = _shape(given)
        if kind in ("faint", "accused"):
            accused = kind == "accused"
            if _is_name(text[at:end]) and _faintly(text, at, end, given, accused=accused):
                return at, end
            continue
        hard = _HARD.match(text, end) is not None
        report = _REPORT.match(text, end) is not None
        cut = _cut_from_word(text, at, end, given)
        if _soft_end(text, end, given) and not report and not hard:
            continue
        if text[at - 1] in ":：(（【" and hard and len(given) == 2 and not cut:
            return at, end
        if _PLACE.match(text, end) or given[-1] in _PLACES:
            return None
        if len(given) == 1:
            plain = text[at] in _PLAIN_SURNAMES and end - at == 2
            if given in _SOFT:
                continue
            after = _AFTER_STAFF if staff else _AFTER_WEAK
            edge = report or hard or (plain and staff) or after.match(text, end) is not None
            if not cut and edge and (shape == 2 or (plain and hard)):
                return at, end
            continue
        plain = text[at] in _PLAIN_SURNAMES
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
        whole = not cut and given[-1] not in _SOFT and text[end - 1 : end + 1] not in common
        starts_word = text[end : end + 2] in common
        if shape == 2 and (edge or (whole and (plain or staff or starts_word))):
            return at, end
        # One untypical character asks for more: a word of reporting, or a surname that is no word.
        partly = any(char in _lists().given for char in given)
        if partly and (report or (plain and edge and shape == 1)):
            return at, end
    return None


def _faintly(text: str, at: int, end: int, given: str, *, accused: bool) -> bool:
    """Tell whether a name stands after words that seldom have one (举报…, 接电话的是…)."""
    if _cut_from_word(text, at, end, given) or _PLACE.match(text, end) or given[-1] in _PLACES:
        return False
    if text[at:end] in _lists().public:
        return False
    if _HARD.match(text, end) or _REPORT.match(text, end):
        return len(given) == 2 or text[at] in _PLAIN_SURNAMES
    if len(given) == 1:
        return accused and text[at] in _PLAIN_SURNAMES and _AFTER_STAFF.match(text, end) is not None
    if _HOUSE.match(text, end) or _soft_end(text, end, given):
        return False
    return accused or text[at] in _PLAIN_SURNAMES


def _titled(text: str, end: int, title: str, *, office: bool) -> tuple[int, int] | None:
    """Return the name before a title: a full name, or the surname alone (周经理)."""
    before = text[max(0, end - 20) : end]
    if dotted := re.search(rf"{_HAN}{{1,8}}(?:·{_HAN}{{1,8}}){{1,3}}$", before):
        return end - len(dotted.group()), end
    if others := re.search(
        rf"(?<!{_HAN})(?:{_OTHER_PEOPLES.pattern.removesuffix(_NO_MORE)})$", before
    ):
        return end - len(others.group()), end
    polite = title in ("先生", "女士", "小姐", "太太")
    for size in (4, 3, 2, 1):
        start = end - size
        first = _surname(text, start, end) if start >= 0 else 0
        if first == size and title in _DUTIES and text[start] in "任查车连应管代":
            # 由局长任组长, 机动车主管部门
            continue
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
