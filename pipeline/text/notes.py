"""Find the customer's report in a ticket that an agent wrote in the third person 第三人称记录.

What is the organisation's (handling, routing, replies, form fields) and the frame around what the
customer says (客户反映) is left out; every other word stays the customer's, doubtful ones too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ahocorasick_rs import AhoCorasick

from pipeline.marked import load_marked

_KEYS = (
    "reporters",
    "compounds",
    "places",
    "contacts",
    "says",
    "not_says",
    "attitudes",
    "acts",
    "openings",
    "sources",
    "greetings",
    "customer_labels",
    "organisation_labels",
    "field_labels",
    "telling_labels",
    "house",
    "agents",
    "staff",
    "handled",
    "checks",
    "departments",
    "asks",
    "courtesies",
    "continues",
    "resumes",
)

#: The grammar of notes. ``{name}`` is a word list of the file, or a pattern of a line above.
_GRAMMAR = {
    "in_clause": r"[^，。！？；,!?;]",
    "end": r"(?=[，。；,;]|$)",
    "nr": (
        r"(?:(?:[0-9]{1,2}|[一二三四五六七八九十])[、.．)）]|[①-⑨]"
        r"|[（(][0-9一二三四五六七八九][）)])?"
    ),
    # Who reports: 客户, 该客户[姓名]女士（金卡）, 王女士.
    "noun": r"(?!{compounds}){reporters}",
    "title": r"(?:先生|女士|小姐|师傅|阿姨|大爷|同志)",
    "name": r"(?:\[姓名\]|[\u4e00-\u9fff]{1,3}(?={title})|[\u4e00-\u9fff]?某{1,2})?{title}?",
    "person": (
        r"(?:(?:[该此]|这位|上述)?{noun}{name}(?:[（(][^（）()]{1,30}[）)])?"
        r"|(?:\[姓名\]|(?![一这那某有]?[位个名的])[\u4e00-\u9fff]{1,2})(?:先生|女士|小姐))"
    ),
    "subject": r"(?:据|经|接|有|另有|现有|另据|又据)?{person}",
    # What the subject says, and how and when: 9月3日致电95588反映：
    "date": (
        r"(?:(?:[0-9]{2,4}年)?[0-9]{1,2}月[0-9]{1,2}[日号]"
        r"|[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[今昨当][天日]|近日|日前|刚刚|刚才)"
    ),
    "hour": (
        r"(?:(?:上午|下午|晚上?|早上|中午|凌晨)?"
        r"(?:[0-9]{1,2}[:：点时](?:[0-9]{1,2}分?)?(?::[0-9]{2})?)?)"
    ),
    "when": r"(?:[于在]?{date}? ?{hour}(?:许|左右)?)",
    "via": (
        r"(?:(?:通过|拨打|致电|来电){in_clause}{0,14}?"
        r"(?:热线|电话|平台|APP|小程序|邮件|邮箱|公众号|网站|微信|1[0-9]{4}|9[0-9]{4}|客服))?"
    ),
    "feeling": r"表示(?:对{in_clause}{1,12}|{in_clause}{0,3}?){attitudes}",
    "say": r"{contacts}{0,2}?{says}{1,2}(?!{not_says}|了)[：:，,\s]*",
    "said": r"(?!{feeling})(?:{say}|{contacts}{1,2}(?:[：:]\s*|[，,](?={says})(?!{feeling}){say}))",
    "but": r"(?:但是?|不过|然而|后|现|目前|随后|期间|同时|并且)?",
    "frame": (
        r"{nr}(?:{but}{subject}{when}{via}{when}{said}"
        r"|其(?:还|又|并)?(?!{feeling})(?:表示|称|反映)(?!{not_says}|了)[：:，,\s]*"
        r"|据{person}(?:描述|反映|所述|介绍|陈述)[：:，,]?)"
    ),
    # Labels and fields: 客户诉求：… 处理意见：… 【来电类别】投诉
    "colon": r"(?:[（(][^：:，。（()）\s]{1,8}[)）])?[：:]\s*",
    "own": r"{nr}(?:{customer_labels}{colon}|【{customer_labels}】[：:]?\s*)",
    "theirs": r"{nr}(?:{organisation_labels}{colon}|【{organisation_labels}】[：:]?\s*)",
    "value": (
        r"(?:(?:\[[^\[\]]{1,8}\])+"
        r"|[0-9]{4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?(?: ?[0-9]{1,2}:[0-9:]+)?"
        r"|[^，。；;！？\s【】\[]{0,20}(?=[，。；;！？\s【]|$))"
    ),
    "field": r"(?:{field_labels}{colon}|【{field_labels}】[：:]?\s*){value}",
    # What the organisation did, found, asks and where it sends a ticket.
    "done": (
        r"(?:已经?|均已|现已|也已|并已|目前已|当即|当场|随即|第一时间|将)"
        r"(?:当场|及时|第一时间|再次|多次|耐心|分别|电话|短信|当面|主动)*"
    ),
    "to_reporter": (
        r"(?:(?:向|与|为|对|给|和|就{in_clause}{1,10}向)[该此]?{noun}{in_clause}{0,20}?{handled}"
        r"|(?:请|致电|电联|联系|回访|告知|回复|答复|安抚|引导|建议|协助|提醒|通知|指导|帮助)"
        r"[该此到]?{noun})"
    ),
    "at_last": r"(?=[。；！]|$|[，,](?:并|已|请|后续|将|同时|{reporters}))",
    "bare": (
        r"(?:已(?:再次|及时|当场)?(?:致歉|安抚|解答|转派|转办|派单|建单|催单|催办|回访)"
        r"|已告知(?=[，。；]|$|当日|可|需|请|相关|办理|如|具体|预计|将|会|流程)"
        r"|已(?:登记|记录|受理|上报|反馈|解释|核实|报备|处理|办结|回复|答复){in_clause}{0,4}{at_last}"
        r"|已转[交至达给]?(?:(?![账入出走]){in_clause}){0,12}(?:{departments}|负责人)"
        r"|已按{in_clause}{1,10}(?:口径|规定|流程))"
    ),
    "times": r"(?:多次|反复|几次|[一二三四五六七八九十两0-9]+次)",
    "checked": (
        r"(?:(?:后|现|目前)?经(?![过常理营济]|{times})(?:{house}{in_clause}{0,8}?|(?![我你您]){in_clause}{0,8}?)"
        r"{checks}(?!{in_clause}{0,8}(?:无果|未果|失败))"
        r"|经查(?![看询阅收验])"
        r"|经[与和向]该?{noun}(?:本人)?(?:电话)?(?:沟通|联系|核实|了解|协商)"
        r"|经(?:{house}|{agents}|{staff})?(?:再三|耐心|初步)?(?:沟通|协商|协调|解释|安抚|回访)"
        r"(?:后|说明)?(?=[，,]?{noun})"
        r"|(?:{noun})?(?:投诉|反映|所反映)?的?(?:情况|问题|事项|内容)?(?:基本|部分|核实)?"
        r"(?:属实|不属实){end}"
        r"|{noun}(?:问题|诉求|投诉|工单|咨询|建议|反映){in_clause}{0,6}(?:已|不成立|无责))"
    ),
    "acted": (
        r"(?:{house}{in_clause}{0,10}?(?:已|将|会|立即|第一时间|正在|现){in_clause}{0,16}?{handled}"
        r"|{house}(?:高度重视|非常重视|答复|回复|致歉|对?此?深表|(?:致电|联系){noun})"
        r"|{agents}{in_clause}{0,6}?{done}{in_clause}{0,16}?{handled}"
        r"|{staff}{in_clause}{0,6}?{done}{in_clause}{0,4}?{to_reporter}"
        r"|{done}{to_reporter})"
    ),
    "part": r"(?:{departments}|[\u4e00-\u9fff](?:局|部|科|组|处|室))",
    "asked": (
        r"(?:烦请{in_clause}{0,16}?{asks}"
        r"|(?:以上|上述)?(?:情况)?请(?![求问假客])(?:(?!我|领导|政府){in_clause}){0,12}?{part}{in_clause}{0,16}?{asks}"
        r"|请(?:尽快|及时|予以|帮忙)?(?:协助|协查|跟进|知悉|悉知|查收|阅处|阅知)"
        r"|敬?请(?:尽快|及时)?(?:回复|联系|致电|回电|回访|与|给|为)该?{noun})"
    ),
    "routed": (
        r"(?:[此该本]?(?:工单|单)?[现特已]?(?:转派|派发|下派|分派|流转|转办|转送|派单|转单|升级)"
        r"[至给到由]?{in_clause}{0,20}?(?:{part}|处理|办理|核实|跟进)"
        r"|[现特]?转(?![了到来走接账入出人]){in_clause}{0,14}?(?:{part}|{staff})"
        r"(?:核实)?(?:处理|办理|核实|跟进|答复|阅处)?{end}"
        r"|工单已?(?:派|转|提交|升级))"
    ),
    "organisation": r"{nr}(?:{checked}|{acted}|{bare}|{asked}|{routed})",
    # After the organisation's words, what gives the word back to the customer.
    "back": (
        r"{but}{subject}(?!(?:投诉|诉求|反映|要求|问题)的?(?:已|不合|不符|情况|属实|事项|问题|内容))"
        r"{in_clause}{0,8}?(?:{attitudes}|{acts}|{say})"
    ),
    # At the beginning of a sentence less is needed to know the organisation by.
    "sentence": (
        r"{nr}(?:经(?:了解|核|沟通|协调)(?!{in_clause}{0,8}(?:无果|未果))|{agents}{handled}"
        r"|现?已(?:致歉|解释|告知|答复|回复|登记|记录|上报|受理|核实|安抚|办结|联系|安排|派单|转)"
        r"(?!{staff}|{in_clause}{0,8}[未没无仍次账])"
        r"|{staff}已(?:经|当场|及时)?(?:致歉|道歉){end}"
        r"|(?:{staff}|{in_clause}{0,4}部)(?:现?已|解释|告知|答复|回复){in_clause}*"
        r"(?:[，,]{in_clause}*){0,2}[，,](?={back})"
        r"|(?!客服|商家|卖家|店家|老板|对方|[我你他她]){in_clause}{1,10}(?:回复|答复|反馈)[：:]"
        r"|{courtesies}|{house}(?:建议|解释|核实|调查|认为))"
    ),
    # Where the organisation has spoken in the same sentence, this is enough.
    "settled": r"(?:{done}(?:{handled}|介入|同意)|{courtesies})",
    "agrees": (
        r"(?<![向给为对与和同跟请让于待由劝的])"
        r"(?<!联系|告知|回访|安抚|致电|建议|通知|提醒|回复|答复|引导|协助|尊敬|征得|取得|满足|根据)"
        r"{noun}{name}(?:对{in_clause}{1,12})?(?:仍然?|依然|均|已|也|现)?"
        r"(?:表示|称|不?认可|不?接受|不?满意|不满|不?同意|要求|坚持|拒绝)"
    ),
    # How a note begins.
    "before": (
        r"(?:{house}的?|(?!作为|身为)(?:(?![我你您咱俺：:、\s【】]){in_clause}){0,12}?{places}的?)?"
    ),
    "head": (
        r"(?:{field}[，。；;\s]*|【[^【】]{1,12}】\s*"
        r"|(?:(?![：:【】\s]){in_clause}){0,10}?{sources}[，：:,。\s]*)"
    ),
    "time": r"(?:{date}[ ,，]?{hour}[ ,，]*|{greetings}[，,！!。 ]*)",
    "opening": (
        r"{head}{0,12}?(?:(?P<said>{time}{0,2}{nr}(?:{frame}"
        r"|{before}{subject}{when}{via}{when}{said}|{openings}(?!{feeling}){say}))"
        r"|(?P<named>{nr}{before}{subject}(?![们的了很太比是少多好：:])|{openings}{acts})"
        r"|(?P<label>{own}|{theirs}|{field}))"
    ),
    "within": r"(?<=[，。！？；：\s】]){frame}",
    "telling": r"(?<=[。！？；\s】]){nr}(?:{telling_labels}[：:]|【{telling_labels}】)",
    "piece": r"(?P<own>{own})|(?P<theirs>{theirs})|(?P<field>{field})|(?P<frame>{frame})",
}
_NAME = re.compile(r"\{([a-z_]+)\}")

_BOUND = re.compile(r"(?:[，。！？；,!?;：:\s】“”「」『』]|\.(?![0-9A-Za-z]))+")
_SENTENCE_END = frozenset("。！？!?.】")
_OPENING_QUOTE, _CLOSING_QUOTE = re.compile("[“「『]"), re.compile("[”」』]")
_QUOTED = re.compile(r"“[^”]*”|「[^」]*」|『[^』]*』")
_WORDY = re.compile(r"[^\W_]")
_LEFT_EDGE = " ，。；：、,.;:!！?？）)】"
_RIGHT_EDGE = " ，。；：、,;:（(【-"

# Whose words are read: the customer's; the organisation's up to a sentence's end; its section
# under a label; the customer's within that section.
_Voice = Literal["customer", "organisation", "section", "aside"]
# What stands before a place where words may begin to be another's.
_Before = Literal["sentence", "clause", "colon", "quote", "frame"]


@dataclass(frozen=True, slots=True)
class Frames:
    """The patterns made of ``third_person.yaml``; ``digest`` is of the file's bytes.

    ``cues`` finds the words without which no text is a note.
    """

    cues: AhoCorasick
    opening: re.Pattern[str]
    within: re.Pattern[str]
    telling: re.Pattern[str]
    piece: re.Pattern[str]
    organisation: re.Pattern[str]
    sentence: re.Pattern[str]
    settled: re.Pattern[str]
    continues: re.Pattern[str]
    back: re.Pattern[str]
    agrees: re.Pattern[str]
    resumes: re.Pattern[str]
    subject: re.Pattern[str]
    first_person: re.Pattern[str]
    digest: str


def load_frames(path: Path) -> Frames:
    """Read ``third_person.yaml``; raise `LexiconError` with file, line, key and cure."""
    root = load_marked(path).mapping(known=_KEYS, required=_KEYS)
    words: dict[str, list[str]] = {}
    for key in _KEYS:
        words[key] = root[key].texts()
        if not words[key]:
            raise root[key].error("at least one word", "none", "; add one")
    patterns = {key: _any_of(members) for key, members in words.items()}
    for name, template in _GRAMMAR.items():
        patterns[name] = _NAME.sub(lambda found: patterns[found[1]], template)
    houses = _any_of(word[1:] for word in words["house"] if word.startswith("我"))
    labels = (*words["customer_labels"], *words["organisation_labels"], *words["field_labels"])
    cues = {*words["reporters"], *words["openings"], "先生", "女士", "小姐"}
    cues.update(label + end for label in labels for end in "：:】")
    return Frames(
        cues=AhoCorasick(sorted(cues)),
        opening=re.compile(patterns["opening"]),
        within=re.compile(patterns["within"]),
        telling=re.compile(patterns["telling"]),
        piece=re.compile(patterns["piece"]),
        organisation=re.compile(patterns["organisation"]),
        sentence=re.compile(patterns["sentence"]),
        settled=re.compile(patterns["settled"]),
        continues=re.compile(patterns["continues"]),
        back=re.compile(patterns["back"]),
        agrees=re.compile(patterns["agrees"]),
        resumes=re.compile(patterns["resumes"]),
        subject=re.compile(patterns["reporters"]),
        first_person=re.compile(rf"(?<!自)我(?!{houses})|俺|咱|尊敬的"),
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _any_of(words: Iterable[str]) -> str:
    """Return a pattern for any of the words, the longest first, shared beginnings tried once."""
    rests: dict[str, list[str]] = {}
    for word in words:
        rests.setdefault(word[:1], []).append(word[1:])
    branches = [re.escape(char) + _any_of(rests[char]) for char in sorted(rests) if char]
    if not branches:
        return ""
    joined = f"(?:{'|'.join(branches)})"
    return f"{joined}?" if "" in rests else joined


def reported_spans(text: str, frames: Frames) -> tuple[tuple[int, int], ...]:
    """Return the spans of the customer's report in a note written in the third person.

    In order and apart, without the frame (客户反映) and the organisation's words; empty where the
    text is no such note, or nothing of it is to be left out: then all of it is to be read.
    ``text`` is clean, masked and Simplified.

    >>> from pipeline.paths import shipped
    >>> frames = load_frames(shipped("lexicons") / "third_person.yaml")
    >>> text = "客户反映排队两小时，要求赔偿。经核实，已致歉，客户表示认可。"
    >>> [text[start:end] for start, end in reported_spans(text, frames)]
    ['排队两小时，要求赔偿', '客户表示认可']
    >>> reported_spans("我是你们的老客户，客户经理态度差", frames)
    ()
    """
    if not frames.cues.find_matches_as_indexes(text):
        return ()
    opening = frames.opening.match(text)
    if opening is None and not frames.telling.search(text) and not frames.within.search(text):
        return ()
    walk = _Walk(text, frames)
    spans = walk.spans(opening)
    if not (walk.left_out and walk.third_person):
        return ()
    if opening is not None and (walk.answered or _quotes(text, opening)):
        return spans
    # Whoever says 我 is no agent; without a frame at the beginning, wherever it is said.
    parts = [text[start:end] for start, end in spans] if opening is not None else [text]
    return () if frames.first_person.search(_QUOTED.sub("", "\n".join(parts))) else spans


def _quotes(text: str, opening: re.Match[str] | None) -> bool:
    """Return whether the frame at the beginning quotes: a colon or quotation mark follows it."""
    if opening is None:
        return False
    end = opening.end()
    return text[end : end + 1] in ("“", "「") or text[end - 1 : end] in ("：", ":")


class _Walk:
    """Goes through a note clause by clause and keeps what is the customer's.

    ``left_out`` says whether anything else was found; ``third_person`` whether more than the label
    over the customer's words shows that an agent wrote; ``answered`` whether a label opens the
    organisation's answer: such a text is a ticket even where it speaks in the first person.
    """

    def __init__(self, text: str, frames: Frames) -> None:
        self._text = text
        self._frames = frames
        self._voice: _Voice = "customer"
        self._start = 0
        self._spans: list[tuple[int, int]] = []
        # Whether the organisation has spoken in this sentence, or did in the last one.
        self._spoke = False
        self.left_out = False
        self.third_person = False
        self.answered = False

    def spans(self, opening: re.Match[str] | None) -> tuple[tuple[int, int], ...]:
        """Return the customer's spans; ``opening`` is how the note begins, if it does so."""
        text = self._text
        at = self._begin(opening)
        before: _Before = "frame" if opening and opening["said"] else "sentence"
        quoted = 0
        quotes = _OPENING_QUOTE.search(text) is not None and _balanced(text)
        while at < len(text):
            if before != "quote":
                after = self._at_piece(at, before)
                if after > at:
                    at, before = after, self._after_piece
                    continue
                if before in ("sentence", "clause"):
                    self._at_clause(at, opens_sentence=before == "sentence")
            bound = _BOUND.search(text, at)
            end = bound.start() if bound else len(text)
            self._in_clause(at, end)
            if bound is None:
                break
            run = bound[0]
            at = bound.end()
            if quotes:
                quoted += len(_OPENING_QUOTE.findall(run)) - len(_CLOSING_QUOTE.findall(run))
            before = "quote" if quoted > 0 else _before(run)
        self._turn("organisation", len(text))
        return tuple(self._spans)

    def _begin(self, opening: re.Match[str] | None) -> int:
        if opening is not None and opening["said"]:
            self._start = opening.end()
            self.left_out = True
        self.third_person = opening is not None and opening["label"] is None
        return self._start

    def _turn(self, voice: _Voice, at: int, *, start: int | None = None) -> None:
        """Give the word to ``voice`` from ``at`` on; a customer's words begin at ``start``."""
        if self._voice in ("customer", "aside"):
            self._keep(self._start, at)
        self._voice = voice
        self._start = at if start is None else start

    def _keep(self, start: int, end: int) -> None:
        text = self._text
        while start < end and text[start] in _LEFT_EDGE:
            start += 1
        while end > start and text[end - 1] in _RIGHT_EDGE:
            end -= 1
        if _WORDY.search(text, start, end):
            self._spans.append((start, end))

    def _at_piece(self, at: int, before: _Before) -> int:
        """Read a label, field or frame that stands here; return where it ends."""
        piece = self._frames.piece.match(self._text, at)
        if piece is None:
            return at
        self.left_out = True
        if piece.lastgroup != "own" or self._frames.subject.search(piece[0]):
            self.third_person = True
        end = piece.end()
        if before == "sentence":
            self._spoke = False
        self._after_piece: _Before = "clause"
        if piece.lastgroup == "frame":
            self._after_piece = "frame"
            apart = self._voice in ("section", "aside") and "反映" not in piece[0]
            self._turn("aside" if apart else "customer", at, start=end)
            return end
        if piece.lastgroup == "own":
            self._turn("customer", at, start=end)
        elif piece.lastgroup == "theirs":
            self.answered = True
            self._turn("section", at)
        else:
            within = self._voice in ("section", "aside")
            self._turn("section" if within else "customer", at, start=end)
        return end

    def _at_clause(self, at: int, *, opens_sentence: bool) -> None:
        """Decide whose words begin here."""
        text, frames = self._text, self._frames
        looser = frames.sentence if opens_sentence else frames.settled if self._spoke else None
        theirs = bool(
            frames.organisation.match(text, at) or (looser is not None and looser.match(text, at))
        )
        goes_on = self._spoke and frames.continues.match(text, at)
        self._spoke = theirs or (self._spoke and (not opens_sentence or bool(goes_on)))
        match self._voice:
            case "customer":
                if theirs:
                    self.left_out = True
                    self._turn("organisation", at)
            case "organisation":
                if theirs:
                    return
                if frames.back.match(text, at) or not (
                    goes_on if opens_sentence else not frames.resumes.match(text, at)
                ):
                    self._turn("customer", at)
            case "section":
                if frames.back.match(text, at):
                    self._turn("aside", at)
            case "aside":
                if theirs or opens_sentence:
                    self._turn("section", at)

    def _in_clause(self, start: int, end: int) -> None:
        """Find the customer's consent or refusal within a clause of the organisation's."""
        if self._voice in ("organisation", "section"):
            agrees = self._frames.agrees.search(self._text, start, end)
            if agrees:
                self._turn("customer" if self._voice == "organisation" else "aside", agrees.start())


def _before(run: str) -> _Before:
    # A bare blank was the end of a line before cleaning.
    if run.isspace() or not _SENTENCE_END.isdisjoint(run):
        return "sentence"
    return "colon" if "：" in run or ":" in run else "clause"


def _balanced(text: str) -> bool:
    return all(text.count(a) == text.count(b) for a, b in ("“”", "「」", "『』"))
