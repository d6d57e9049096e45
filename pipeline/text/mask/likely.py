"""Names that no rule announces: how much the characters look like one, and what stands beside them.

The likeness compares two models: a name (how usual the surname is, how usual the characters are
in given names) and running text (how usual one character is after another in customers' texts).
The words beside it are weighed by a logistic regression over a few dozen yes-or-no questions,
learned from the labelled cases and from every near-name in texts without names
(``tests/bench/fit_names.py``). ``models/names.npz`` holds both and no text.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.paths import shipped
from pipeline.text.mask.person import (
    NEVER,
    TITLED,
    crosses_word,
    cut_from_word,
    is_typical,
    name_words,
)

HAN = "\u4e00-\u9fff"
#: What stands in the working text for a name, and for anything else, that is hidden already.
NAMED, HIDDEN = "\ufffb", "\ufffc"
FIRST, LAST = 0x4E00, 0x9FFF
#: Cells of the table of character pairs; a power of two.
CELLS = 1 << 19
_KIN = (
    "爱人|老婆|老公|妻子?|丈夫|儿子?|女儿?|父亲?|母亲?|爸爸?|妈妈?|[兄弟姐妹]|[爷奶]奶?|公公|婆婆|孙女?|外[孙婆公甥]女?|媳妇?"
    "|侄[子女]?|岳[父母]|叔|姨|姑|舅|嫂子?|邻居|朋友|同[学事]|室友|男友|女友|孩子|小孩|家属|监护人|亲[戚属]|之[子女母父妻夫]"
)
_ROLE = (
    "[员师士]|客户经理|经理|主任|店长|[班组队站所行院校机乘务]长|客服|客户|用户|市民|村民|居民|业主|旅客|乘客|患者|病人|老人|学生|考生"
    "|家长|司机|柜台|柜员|坐席|座席|专员|保安|管家|骑手|小哥|空姐|空乘|教练|导游|主播|前台|代表|助理|秘书|会计|书记|医生|大夫|护工|保洁"
    "|中介|房东|租客|老板|网友|商户|群众|同志|职工|工人|男子|女子|青年|嫌疑人|当事人|方|号|领导|会员|储户|投保人|车主|机主|户主|房主|货主"
)
_FIELD = (
    "[^某别他个本任有]人|[^患或]者|姓名|名字?|户名|抬头|备注|经办|签[名字发收]|署名|落款|审[核批]|复核|处理|受理|接待|派单|记录"
    "|回访|缺席|出席|参会|业主|乘客|旅客|患者|客户|用户|会员|柜员|坐席|家属|学生|from|to|dear|亲爱的|尊敬的|代表|委托|负责|对接|负责人|值班"
)
_LEFT = (
    ("start", r"^[^\w]*$"),
    ("stop", r"[。!?！?？;；\n…~～]$"),
    ("comma", r"[,，]$"),
    ("colon", r"[:：]$"),
    ("quote", r"[\"'“‘「『【\[<《(（]$"),
    ("gap", r"[ |/\\_\-—\t·*]$"),
    ("dash", r"(?:——|--|—) ?$"),
    ("numbered", r"(?:^|[^0-9])[0-9]{1,2}[.、)）] ?$"),
    ("listed", rf"{NAMED}(?: ?[、和与及跟同] ?|[ ,，/])$"),
    ("hidden", rf"[{HIDDEN}{NAMED}][ ,，:：/|]{{0,2}}$"),
    ("field", rf"(?:{_FIELD}) ?[:：=|】\]\-—]+ ?$"),
    ("field_gap", rf"(?:{_FIELD})(?:[ ,，是为叫系](?:[:：] ?)?)$"),
    ("noun", r"[^某别他个本任有何]人$|[^患或]者$|[^地对双多官]方$"),
    ("role", rf"(?:{_ROLE})$"),
    ("kin", rf"(?:{_KIN})[,， ]?$"),
    ("number", r"[0-9]{2,8}号?[,， ]?$"),
    (
        "called",
        r"(?:[^惨大喊]叫做?|自称(?:是|为|叫)?|名[为叫]|人称|写的?(?:是|着|成)|[签填]的(?:是)?|署名|名字?(?:是|叫|为)?|原名)$",
    ),
    ("i", r"(?:^|[^的给])我(?:[这那]边)?(?:是|叫|系)$"),
    ("me", r"我$"),
    ("be", r"[是系为]$"),
    (
        "by",
        r"(?:由|经|据|被|让|请|派|托|派单给|转给?|[送交寄发]给|打给|电联|联系|回访了?|找到?|问)$",
    ),
    ("thank", r"(?:感谢|谢谢|表扬|点名|投诉|举报|祝)$"),
    ("with", r"[和与跟同及给对向替帮于]$"),
    ("of", r"[的里上中]$"),
)
_RIGHT = (
    ("end", rf"[^\w{HIDDEN}{NAMED}]*$"),
    ("stop", r"[。!?！？;；\n…~～]"),
    ("comma", r"[,，]"),
    ("colon", r"[:：]"),
    ("quote", r"[\"'”’」』】\]>》)）]"),
    ("gap", r"[ |/\\_\-—\t·*]"),
    ("open", r"[(（]"),
    ("listed", r" ?[、]|[和与及跟同][\u4e00-\u9fff]"),
    ("sex", r"[ ,，、(（/|]{1,2}(?:[男女](?![士生的朋友])|[0-9一-九]{1,3}岁|身份证|[0-9]{2}[,，])"),
    ("hidden", rf"(?:[ ,，:：/|、(（]|电话|手机|卡号|身份证号?){{0,3}}{HIDDEN}"),
    ("date", r" ?20[0-9]{2}[ 年.\-/]"),
    (
        "title",
        r"[ ]?(?:先生|女士|小姐|客户|用户|同志|同学|老师|护理师|医[师生]|[书局科处院校所队站行]"
        r"|师傅|经理|主任|本人|名下|夫妇|夫妻|一家|家[的里属中]"
        r"|之[子女父母妻夫])",
    ),
    (
        "report",
        r"(?:反映|反馈|来电|来信|来访|来[到诉]|称|表示|说|投诉|致电|咨询|要求|希望|提出|认为|申请|报修|举报|回复|答复|告知|解释)",
    ),
    (
        "acts",
        r"(?:经办|办理|接[手待听]|处理|代[收办签]|签收|操作|负责|住院|主动|情绪|服务|态度|联系|打|帮|收|接|拿|送|把|将|在|因|被|已|未|也|没|就"
        r"|都|于|系|持|去|不|一直|要|想|等|您)",
    ),
    ("is", r"[是为这那]"),
    ("of", r"的"),
    ("named", rf"(?: ?[、,，/]| |[和与及跟同]){NAMED}"),
    ("pronoun", r"[我你您他她咱俺]"),
    (
        "person",
        r"[\"”』」]?(?:是我|这个名|这名字|这个人|这位|人[美很真太好]|的(?:快递|卡|账户|手机|名字|爱人|妈|爸|儿|女|家|电话|号|申请|单|病|身份))",
    ),
    (
        "spelled",
        r"\(?[读音同]|[,，]?(?:弓长|立早|双口|木子|耳东|口天|古月|言午|双木|草头|走肖|是?[\u4e00-\u9fff]{1,3}(?:旁|字[旁头底])"
        r"|[\u4e00-\u9fff]{2}的[\u4e00-\u9fff])",
    ),
)
LEFT = tuple((f"l_{name}", re.compile(pattern)) for name, pattern in _LEFT)
RIGHT = tuple((f"r_{name}", re.compile(pattern)) for name, pattern in _RIGHT)
_STRONG = (
    "l_field",
    "l_field_gap",
    "l_noun",
    "l_role",
    "l_kin",
    "l_called",
    "l_i",
    "l_listed",
    "l_thank",
    "l_number",
    "l_hidden",
)
_EDGES = ("l_start", "l_stop", "l_comma", "l_colon", "l_quote", "l_gap", "l_dash", "l_numbered")
_SHUT = (
    "r_end",
    "r_stop",
    "r_comma",
    "r_colon",
    "r_quote",
    "r_gap",
    "r_open",
    "r_sex",
    "r_hidden",
    "r_date",
    "r_listed",
)
_SAID = ("r_title", "r_report", "r_person", "r_spelled", "r_named")
# For speed: questions that only a character (or only something else) beside the name can answer.
_HAN_ONLY = frozenset(
    (
        *("l_noun", "l_role", "l_i", "l_me", "l_be", "l_by", "l_thank", "l_with", "l_of"),
        *("r_report", "r_acts", "r_is", "r_of", "r_pronoun"),
    )
)
_NEVER_HAN = frozenset(
    (
        *(*_EDGES, "l_hidden", "l_field", "r_end", "r_stop", "r_comma", "r_colon", "r_quote"),
        *("r_gap", "r_open", "r_sex", "r_date"),
    )
)
_ASKED_LEFT, _ASKED_RIGHT = (
    {
        True: [(name, pattern) for name, pattern in side if name not in _NEVER_HAN],
        False: [(name, pattern) for name, pattern in side if name not in _HAN_ONLY],
    }
    for side in (LEFT, RIGHT)
)
#: The questions in the order of their weights.
QUESTIONS = (
    "bias",
    "likeness",
    "likeness_two",
    "two",
    "four",
    "typical",
    "partly",
    "common",
    "cut",
    "crosses",
    "never",
    "rare",
    "likeness_low",
    "likeness_high",
    "left_edge",
    "left_strong",
    "right_shut",
    "right_said",
    "edge_shut",
    "edge_said",
    "strong_shut",
    "strong_said",
    "edge_both_two",
    "strong_two",
    "by_acts",
    "i_pronoun",
    "role_acts",
    "han_left",
    "han_right",
    "free_free",
    *(name for name, _ in LEFT),
    *(name for name, _ in RIGHT),
)
_AT = {name: number for number, name in enumerate(QUESTIONS)}


@dataclass(frozen=True, slots=True)
class NameModel:
    """How usual characters are, as bits of surprise times eight, and the weights of questions."""

    plain: bytes
    given: bytes
    pairs: bytes
    surnames: dict[str, float]
    gate: re.Pattern[str]
    weights: Sequence[float]
    threshold: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a name at ``text[start:end]``, and the answers to the questions about it."""

    start: int
    end: int
    answers: list[tuple[int, float]]


def cell(first: str, second: str) -> int:
    """Return where the surprise of a pair of characters stands in the table."""
    return (ord(first) * 40503 + ord(second) * 2654435) % 1000003 & (CELLS - 1)


def surnames() -> dict[str, float]:
    """Return how surprising each surname is, in bits: by its place in the lists."""
    listed = [
        word
        for name in ("surnames.txt", "surnames_rare.txt")
        for line in shipped(f"lexicons/{name}").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
        for word in line.split()
    ]
    return {
        word: 3.5 + math.log2(5 + place) * 1.05 for place, word in enumerate(dict.fromkeys(listed))
    }


def gate(known: dict[str, float], plain: bytes, given: bytes) -> re.Pattern[str]:
    """Return what finds the places where a name may begin: an edge or a word that asks for one.

    One of the next two characters is hardly rarer in given names than in running text.
    """
    first = "".join(sorted({word[0] for word in known}))
    before = (
        "员师士长服户民主客者人生机台席安家手哥姐乘练游播表理秘计记生夫工洁介东板友众志子"
        "年方号导会儿女父母爸妈兄弟妹奶公婆孙甥媳妇侄叔姨姑舅嫂居学事孩属叫称为名写着成的"
        "是签填我边由经据被让请派托转给联系访了找到问感谢扬诉报和与跟同及对向替帮里上中之"
        "于的嘛"
    )
    second = "".join(
        chr(FIRST + at)
        for at in range(LAST - FIRST + 1)
        if given[at] <= plain[at] + 8 and chr(FIRST + at) not in NEVER
    )
    return re.compile(
        rf"[{first}](?:(?<=^.)|(?<=[^{HAN}].)|(?<=[{before}].))(?=[{HAN}]?[{second}])"
    )


@functools.cache
def name_model() -> NameModel:
    """Return the model, read once a process."""
    known = surnames()
    with np.load(shipped("models") / "names.npz", allow_pickle=False) as arrays:
        plain, given = arrays["plain"].tobytes(), arrays["given"].tobytes()
        return NameModel(
            plain=plain,
            given=given,
            pairs=arrays["pairs"].tobytes(),
            surnames=known,
            gate=gate(known, plain, given),
            weights=tuple(arrays["weights"].tolist()),
            threshold=float(arrays["threshold"]),
        )


def likely(text: str, *, model: NameModel | None = None) -> list[tuple[int, int]]:
    """Return names that nothing announces but that look like one where one may stand.

    >>> text = "该笔业务由王志磊经办"
    >>> [text[start:end] for start, end in likely(text)]
    ['王志磊']
    """
    model = name_model() if model is None else model
    if not model.gate.search(text):
        return []
    weights = model.weights
    scored = []
    public = name_words().public
    for found in candidates(text, model):
        if text[found.start : found.end] in public:
            continue
        if text.startswith("银行", found.end - 1):
            # 江澜银行 is no 江澜银.
            continue
        score = sum(weights[at] * value for at, value in found.answers)
        if score > model.threshold:
            scored.append((-score, found.start, found.end))
    taken: list[tuple[int, int]] = []
    for _, start, end in sorted(scored):
        if all(end <= left or right <= start for left, right in taken):
            taken.append((start, end))
    return sorted(taken)


#: Below this likeness, in bits, nothing beside it makes a name of it.
LEAST = -2.0
# A name that ends where a word goes on is none; how much the end can add to the likeness.
_MOST_AFTER = 2.0
_LEAST_OPEN = 3.0
# No second character makes up for this.
_HOPELESS = -8.0
_SIZE = (1.5, 0.3)


def candidates(text: str, model: NameModel) -> Iterator[Candidate]:
    """Yield what may be a name, with the answers to every question about it."""
    known, plain, given, pairs = model.surnames, model.plain, model.given, model.pairs
    for place in model.gate.finditer(text):
        start = place.start()
        first, second = text[start], text[start + 1]
        if first + second in known:
            yield from _sized(text, start, 2, model)
        if first in known:
            # For speed: most places are words of running text, which their first pair tells.
            paired = pairs[(ord(first) * 40503 + ord(second) * 2654435) % 1000003 & (CELLS - 1)]
            likeness = plain[ord(first) - FIRST] + paired - given[ord(second) - FIRST]
            if paired == 255 or likeness + 16 > 8 * (known[first] + _HOPELESS):
                yield from _sized(text, start, 1, model)


def _sized(text: str, start: int, surname: int, model: NameModel) -> Iterator[Candidate]:
    """Yield the candidates with one and with two characters after a surname."""
    plain, given, pairs = model.plain, model.given, model.pairs
    likeness = -8 * model.surnames[text[start : start + surname]]
    last = text[start - 1] if start else "。"
    edge = last in ",，。!！ "
    end = start + surname + 2
    for at in range(start, end):
        char = text[at : at + 1]
        if not "\u4e00" <= char <= "\u9fff" or char in NEVER:
            return
        alone = plain[ord(char) - FIRST]
        likeness += _paired(pairs, last, char, alone)
        if at >= start + surname:
            likeness -= given[ord(char) - FIRST]
            right = text[at + 1 : at + 2]
            after = 0
            if "\u4e00" <= right <= "\u9fff":
                usual = plain[ord(right) - FIRST]
                after = _paired(pairs, char, right, usual) - usual
            likely = (likeness + min(after, 8 * _MOST_AFTER)) / 8 - _SIZE[at + 2 - end]
            if likely < _HOPELESS:
                return
            # At an edge, with the sentence going on behind it, few of these are names.
            open_end = edge and "\u4e00" <= right <= "\u9fff"
            if likely > (_LEAST_OPEN if open_end else LEAST):
                yield _asked(text, start, at + 1, surname, likely)
        last = char


def _paired(pairs: bytes, first: str, second: str, alone: int) -> int:
    """Return how surprising the second of two characters is in running text, in eighths of bits."""
    if not "\u4e00" <= first <= "\u9fff":
        return alone
    paired = pairs[(ord(first) * 40503 + ord(second) * 2654435) % 1000003 & (CELLS - 1)]
    return paired if paired < 255 else alone + 16


def _asked(text: str, start: int, end: int, surname: int, likeness: float) -> Candidate:
    """Return the candidate with the answers to the questions that are not no."""
    given = text[start + surname : end]
    whole = text[start:end]
    lead = text[max(0, start - 10) : start]
    rest = text[end : end + 10]
    known = name_words()
    before = "\u4e00" <= lead[-1:] <= "\u9fff"
    after = "\u4e00" <= rest[:1] <= "\u9fff"
    yes = {name for name, pattern in _ASKED_LEFT[before] if pattern.search(lead)}
    if start > 10:
        yes.discard("l_start")
    yes |= {name for name, pattern in _ASKED_RIGHT[after] if pattern.match(rest)}
    edge = not yes.isdisjoint(_EDGES)
    strong = not yes.isdisjoint(_STRONG)
    shut = not yes.isdisjoint(_SHUT)
    said = not yes.isdisjoint(_SAID)
    two = len(given) == 1
    typical = all(map(is_typical, given))
    flags = {
        "two": two,
        "four": surname == 2,
        "typical": typical,
        "partly": not typical and any(map(is_typical, given)),
        "common": whole in known.common or whole in known.public,
        "cut": cut_from_word(text, start, end, given),
        "crosses": crosses_word(text, start),
        "never": TITLED.search(whole) is not None,
        "rare": text[start : start + surname] not in known.single and surname == 1,
        "left_edge": edge,
        "left_strong": strong,
        "right_shut": shut,
        "right_said": said,
        "edge_shut": edge and shut,
        "edge_said": edge and said,
        "strong_shut": strong and shut,
        "strong_said": strong and said,
        "by_acts": "l_by" in yes and "r_acts" in yes,
        "i_pronoun": not yes.isdisjoint(("l_i", "l_called", "l_me"))
        and not yes.isdisjoint(("r_pronoun", "r_spelled")),
        "role_acts": "l_role" in yes and "r_acts" in yes,
        "edge_both_two": edge and two,
        "strong_two": strong and two,
        "han_left": not (edge or strong),
        "han_right": not (shut or said),
        "free_free": not (edge or strong or shut or said),
    }
    answers = [(_AT[name], 1.0) for name, value in flags.items() if value]
    answers += [(_AT[name], 1.0) for name in yes]
    grade = min(likeness, 25.0) / 10
    answers += [
        (_AT["bias"], 1.0),
        (_AT["likeness"], grade),
        (_AT["likeness_two"], grade * two),
        (_AT["likeness_low"], max(0.0, 0.8 - grade)),
        (_AT["likeness_high"], max(0.0, grade - 1.3)),
    ]
    return Candidate(start, end, answers)
