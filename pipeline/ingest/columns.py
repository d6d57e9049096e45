"""Which column holds what: the configured mapping first, then guesses with their reasons."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.config import SourceSettings
from pipeline.errors import InputError, did_you_mean
from pipeline.ingest.tables import SAMPLE, Cell, Coded, Table, as_text

#: What stands between the columns of ``columns.text`` when several are joined.
JOIN = " + "


def _names(listed: str) -> tuple[str, ...]:
    return tuple(listed.split("|"))


_NAMES: Mapping[str, tuple[str, ...]] = {
    "text": _names(
        "投诉内容|投诉详情|投诉描述|留言详情|工单内容|问题描述|诉求内容|反映内容|"
        "客户诉求|来电内容|通话内容|通话文本|对话内容|受理内容|事件描述|情况描述|"
        "内容描述|详细内容|客户原声|客户意见|意见建议|评论内容|评价内容|反馈内容|"
        "留言内容|工单描述|内容|正文|文本|原文|评论|评价|描述|详情|留言|诉求|反馈|意见|"
        "text|content|body|description|complaint|complaint text|"
        "consumer complaint narrative|narrative|comment|comments|review|review text|"
        "message|verbatim|feedback|transcript|note|notes|投诉事由|备注"
    ),
    "id": _names(
        "工单编号|工单号|投诉编号|留言编号|受理编号|答卷编号|答题序号|记录编号|流水号|"
        "单号|序号|编号|id|ticket id|ticket|ticket no|complaint id|case id|case number|"
        "responseid|response id|respondent id|respondentid|record id|content id|index|"
        "call id|uuid|通话编号|通话id|通话流水号|会话编号|会话id|录音编号|录音id|呼叫编号|"
        "session id|conversation id"
    ),
    "time": _names(
        "受理时间|投诉时间|留言时间|提交答卷时间|提交时间|答题时间|来电时间|通话时间|"
        "创建时间|登记时间|反馈时间|评论时间|发生时间|开始答题时间|开始时间|受理日期|"
        "投诉日期|时间|日期|recordeddate|recorded date|enddate|end date|startdate|"
        "start date|created at|created|created time|accepted at|submitted at|date|time|"
        "datetime|timestamp|date received|结束答题时间|通话开始时间|会话时间|会话开始时间|"
        "呼叫时间|录音时间|接听时间|call time"
    ),
    "customer": _names(
        "客户编号|客户号|客户id|会员编号|会员号|会员卡号|用户id|用户编号|留言用户|"
        "客户手机号|联系电话|手机号|手机号码|电话号码|来电号码|主叫号码|customer id|"
        "customer|customer no|user id|userid|user|member id|phone|mobile"
    ),
}
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "branch": _names(
        "受理网点|办理网点|所属网点|网点|网点名称|支行|支行名称|分行|机构|机构名称|门店|"
        "门店名称|店铺|分店|营业厅|分公司|branch|branch name|store|outlet|office|"
        "您办理业务的网点|您常去的网点"
    ),
    "product": _names(
        "产品|产品名称|业务|业务线|业务类型|业务类别|业务品种|产品类型|产品线|product|"
        "product name|business line|business|cat|category|品类"
    ),
    "cohort": _names(
        "客群|客户群|客户类型|客户分群|客户分类|用户类型|cohort|segment|customer segment"
    ),
    "level": _names(
        "客户等级|客户级别|会员等级|会员级别|星级|客户层级|level|tier|customer level|vip等级"
    ),
    "region": _names("地区|区域|城市|省份|region|city|province|area"),
    "agent_group": _names("受理班组|班组|team"),
}
#: Columns that describe how an answer came in; never shown, never a dimension.
_METADATA = re.compile(
    r"^(?:序号|答卷编号|编号|id|index|提交答卷时间|所用时间|用时|来源|来源详情|来自ip|ip|"
    r"ip ?address|总分|开始答题时间|"
    r"结束答题时间|答题时间|答题时长|答题序号|地理位置|用户ip|浏览器|设备|昵称|自定义字段|startdate|enddate|recordeddate|"
    r"status|progress|duration.*|finished|recipient.*|externalreference|location.*|"
    r"distributionchannel|userlanguage|respondent ?id|collector ?id|date created|date modified|"
    r"email ?address|first ?name|last ?name|custom ?data.*|"
    r"姓名|手机号?.*|电话.*|微信.*|openid|unionid)$",
    re.IGNORECASE,
)
#: Names of columns whose number starts at 1 in every export.
_COUNTING = frozenset({"序号", "答题序号", "行号", "no", "no.", "index", "row", "row number", "#"})
_NPS = re.compile(
    r"nps|推荐给|推荐.{0,12}(?:可能|意愿|程度)|可能.{0,8}推荐|"
    r"愿意.{0,8}推荐|likel.*recommend",
    re.IGNORECASE,
)
_CSAT = re.compile(
    r"csat|满意度|满意程度|满意吗|打几分|"
    r"整体.{0,6}满意|总体.{0,6}满意|satisf",
    re.IGNORECASE,
)
_IMPORTANCE = re.compile(r"重要(?:性|程度)|importance", re.IGNORECASE)
_NUMBERING = re.compile(
    r"^\s*(?:[Qq]\d+(?:_\d+)*\s*[.、:：．]?\s*|\d+\s*[、.．:：)）]\s*|"
    r"[（(]\d+[)）]\s*|第[\d一二三四五六七八九十]+题\s*[:：、.]?\s*)+"
)
_TAGS = re.compile(
    r"[\[【(（](?:单选|多选|填空|问答|"
    r"必填|选填|打分|量表|矩阵|主观)[^\]】)）]*[\]】)）]\s*[*＊]?|^[*＊]"
)
_OPEN_NAME = re.compile(
    r"建议|意见|原因|为什么|请说明|请描述|请填写|想说|不满|改进|其他|其它|具体|感受|评论|评价|反馈|"
    r"why|comment|reason|suggest|improve|"
    r"open-ended|other|text$|describe|feedback",
    re.IGNORECASE,
)

#: Words of the bad end of a scale.
_AGAINST = re.compile(r"不|差|没|低|\bun|dis|\bnot\b|poor|bad|low", re.IGNORECASE)
_NOTHING = re.compile(r"^(?:无|没有|暂无|没|没了|none|n/?a|no)?[\W_]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column holds what.

    ``text`` are column indices joined into one text, ``answers`` those of open survey answers.
    ``id_counts`` says that the id is a number that counts rows and starts anew in every export.
    ``reasons`` says of every role (``text``, ``scores.nps``, ``attributes.branch`` …) which
    column was taken and why.
    """

    text: tuple[int, ...]
    answers: tuple[int, ...]
    id: int | None
    time: int | None
    customer: int | None
    question: int | None
    scores: Mapping[str, int]
    attributes: Mapping[str, int]
    reasons: Mapping[str, str]
    id_counts: bool = False


def clean_question(label: str) -> str:
    """Return a question without its number and type mark.

    >>> clean_question("3、您对网点的服务有什么建议？【填空题】")
    '您对网点的服务有什么建议？'
    """
    text = _TAGS.sub("", _NUMBERING.sub("", label)).strip()
    return text or label.strip()


def known_role(name: str) -> str:
    """Return the role a column's name is known for, as in ``ColumnMap.reasons``; else nothing.

    >>> known_role("网点"), known_role("通话编号"), known_role("客户ID"), known_role("天气")
    ('attributes.branch', 'id', 'customer', '')
    """
    normal = _normal(name)
    for role in ("id", "time", "customer", "text"):
        if normal in _NAMES[role]:
            return role
    return next((f"attributes.{one}" for one in _ATTRIBUTES if normal in _ATTRIBUTES[one]), "")


def map_columns(table: Table, source: SourceSettings, *, cure: str = "") -> ColumnMap:
    """Map the columns of a table; raise `InputError` naming the one needed and the cure.

    ``cure`` says what to do where no settings are at hand; by default the key to set is named.

    What the source configures is taken as it stands; the rest is guessed from names and, for
    survey answers and scores, from the first rows.
    """
    guess = _Guess(table, source, cure)
    roles = {role: guess.role(role) for role in ("id", "time", "customer", "question")}
    scores = guess.scores()
    attributes = guess.attributes()
    text: tuple[int, ...] = ()
    answers: tuple[int, ...] = ()
    if source.kind == "survey" and "text" not in source.columns:
        answers = guess.answers()
    if not answers:
        text = guess.text()
    return ColumnMap(
        text=text,
        answers=answers,
        id=roles["id"],
        time=roles["time"],
        customer=roles["customer"],
        question=roles["question"],
        scores=scores,
        attributes=attributes,
        reasons=guess.reasons,
        id_counts=guess.counts(roles["id"]),
    )


def _normal(name: str) -> str:
    bare = re.sub(r"[（(【\[].*?[)）】\]]", "", _NUMBERING.sub("", name)) or name
    return re.sub(r"[\s_\-:：*？?]+", " ", bare).strip().casefold()


class _Guess:
    def __init__(self, table: Table, source: SourceSettings, cure: str = "") -> None:
        self.table = table
        self.source = source
        self.cure = cure
        self.normal = [_normal(label) for label in table.labels]
        self.by_name = [_normal(name) for name in table.columns]
        self.taken: set[int] = set()
        self.reasons: dict[str, str] = {}
        self.values = [
            [text for row in table.sample if (text := as_text(row.cells[i]))]
            for i in range(len(table.columns))
        ]

    def named(self, role: str, name: str) -> int:
        """Return the index of a configured column."""
        for names in (self.table.columns, self.table.labels):
            for i, column in enumerate(names):
                if column == name or column.strip().casefold() == name.strip().casefold():
                    self.reasons[role] = f"{column}: configured"
                    return i
        for i, (short, label) in enumerate(zip(self.by_name, self.normal, strict=True)):
            if _normal(name) in {short, label}:
                self.reasons[role] = f"{self.table.columns[i]}: configured"
                return i
        raise InputError(self.message(role, f"no column {name!r}", name))

    def message(self, role: str, found: str, name: str) -> str:
        columns = self.table.columns
        listed = ", ".join(columns[:30]) + (" …" if len(columns) > 30 else "")
        section, _, key = role.rpartition(".")
        near = did_you_mean(name, columns)
        example = next((c for c in columns if f"{c!r}" in near), "列名")
        if role == "answers":
            snippet = f"answers: [{example}]"
        else:
            snippet = f"{section or 'columns'}: {{{key}: {example}}}"
        cure = self.cure or f"set in source {self.source.name!r}: {snippet}"
        return (
            f"{self.table.name}: expected a column for {role}, found {found}{near} among: "
            f"{listed}; {cure}"
        )

    def by_list(self, role: str, names: Sequence[str]) -> int | None:
        for wanted in names:
            for i in range(len(self.normal)):
                if i not in self.taken and wanted in {self.normal[i], self.by_name[i]}:
                    self.reasons[role] = f"{self.table.columns[i]}: name known for {role}"
                    return i
        return None

    def role(self, role: str) -> int | None:
        if role in self.source.columns:
            index = self.named(role, self.source.columns[role])
        elif (guessed := self.by_list(role, _NAMES.get(role, ()))) is not None:
            index = guessed
        else:
            return None
        self.taken.add(index)
        return index

    def counts(self, index: int | None) -> bool:
        """Tell whether an id column only counts the rows of the export."""
        if index is None:
            return False
        values = self.values[index]
        if not values or not all(value.isdecimal() and len(value) <= 7 for value in values):
            return False
        if _COUNTING & {self.normal[index], self.by_name[index]}:
            return True
        numbers = [int(value) for value in values]
        steps = [two - one for one, two in itertools.pairwise(numbers)]
        # Newest first is as usual as oldest first; a gap is a row that somebody deleted.
        up = numbers[0] <= 1 and sum(0 < step <= 2 for step in steps) >= 0.9 * len(steps)
        down = bool(steps) and sum(-2 <= step < 0 for step in steps) >= 0.9 * len(steps)
        # The first rows of a long export that counts down do not show its end.
        return up or (down and (numbers[-1] <= 1 or len(numbers) >= 0.9 * SAMPLE))

    def scores(self) -> dict[str, int]:
        found = {n: self.named(f"scores.{n}", c) for n, c in self.source.scores.items()}
        if not found:
            for name, pattern, top in (
                ("nps", _NPS, 10),
                ("csat", _CSAT, 10),
                ("importance", _IMPORTANCE, 10),
            ):
                for i, label in enumerate(self.table.labels):
                    if i in self.taken or i in found.values() or name in found:
                        continue
                    if (
                        pattern.search(label) or pattern.search(self.table.columns[i])
                    ) and self._in_range(i, top):
                        found[name] = i
                        self.reasons[f"scores.{name}"] = (
                            f"{self.table.columns[i]}: name fits {name} and its values are 0–{top}"
                        )
        self.taken.update(found.values())
        return found

    def _in_range(self, i: int, top: int) -> bool:
        cells = [row.cells[i] for row in self.table.sample if as_text(row.cells[i])]
        if _counts_down(cells):
            return False
        numbers = [score_of(cell) for cell in cells if not _is_refusal(cell)]
        good = sum(number is not None and 0 <= number <= top for number in numbers)
        return bool(numbers) and good >= 0.9 * len(numbers)

    def attributes(self) -> dict[str, int]:
        found = {n: self.named(f"attributes.{n}", c) for n, c in self.source.attributes.items()}
        if not found:
            for dimension, names in _ATTRIBUTES.items():
                index = self.by_list(f"attributes.{dimension}", names)
                if index is not None and index not in found.values():
                    found[dimension] = index
        self.taken.update(found.values())
        return found

    def text(self) -> tuple[int, ...]:
        configured = self.source.columns.get("text", "")
        if configured:
            if configured in self.table.columns or JOIN not in configured:
                return (self.named("text", configured),)
            parts = [part for part in configured.split(JOIN) if part.strip()]
            indices = tuple(self.named("text", part.strip()) for part in parts)
            self.reasons["text"] = f"{configured}: configured"
            return indices
        index = self.by_list("text", _NAMES["text"])
        if index is not None and all(map(_is_code, self.values[index])):
            # A flag named complaint or a rating named review is no text, if there is any other.
            wordy = self._longest()
            index = index if wordy is None else wordy
        if index is None:
            index = self._longest()
        if index is None:
            raise InputError(self.message("text", "none that looks like free text", "text"))
        return (index,)

    def _longest(self) -> int | None:
        best, best_length = None, 8.0
        for i, values in enumerate(self.values):
            if i in self.taken or not values or _METADATA.match(self.normal[i]):
                continue
            if self.is_coded(i):
                continue
            words = [value for value in values if not _is_code(value)]
            length = sum(map(len, words)) / len(values)
            if length > best_length and len(set(values)) > len(values) / 3:
                best, best_length = i, length
        if best is None and len(self.values) == 1:
            best = 0
        if best is not None:
            self.reasons["text"] = f"{self.table.columns[best]}: the longest free text"
        return best

    def answers(self) -> tuple[int, ...]:
        if self.source.answers:
            indices = tuple(self.named("answers", name) for name in self.source.answers)
            self.reasons["answers"] = ", ".join(self.source.answers) + ": configured"
            return indices
        known = self.by_list("text", _NAMES["text"])
        if known is not None and self.normal[known] in {"text", "内容", "文本", "content"}:
            # A plain list of answers: its other columns are labels, not further questions.
            self.taken.add(known)
            self.reasons["answers"] = f"{self.table.columns[known]}: name known for text"
            self.reasons.pop("text", None)
            return (known,)
        self.reasons.pop("text", None)
        found = tuple(i for i in range(len(self.values)) if self._is_open(i))
        if found:
            names = ", ".join(self.table.columns[i] for i in found)
            self.reasons["answers"] = f"{names}: free text with many different values"
        return found

    def is_coded(self, i: int) -> bool:
        """Tell whether a column holds codes with labels: a closed question."""
        return any(isinstance(row.cells[i], Coded) for row in self.table.sample)

    def _is_open(self, i: int) -> bool:
        values = self.values[i]
        if i in self.taken or not values or self.is_coded(i):
            return False
        if _METADATA.match(self.normal[i]) or _METADATA.match(self.by_name[i]):
            return False
        if sum("┋" in value for value in values) > 0:
            return False
        words = [value for value in values if not _is_code(value)]
        if len(words) < len(values) / 2:
            return False
        named = bool(_OPEN_NAME.search(self.table.labels[i]))
        # 无 and 没有 say nothing about whether a column is a choice or an open answer.
        words = [word for word in words if not _NOTHING.match(word)]
        if not words:
            return named
        distinct = len(set(words)) / len(words)
        length = sum(map(len, words)) / len(words)
        if named:
            return distinct > 0.3 or length > 8
        return distinct > 0.5 and length > 6 and len(words) > 1


def _is_code(value: str) -> bool:
    return bool(re.fullmatch(r"[\x00-\x7f]{0,40}", value)) and " " not in value.strip()


def parse_score(value: str) -> float | None:
    """Return the number of a score cell such as ``9``, ``8分`` or ``10 - 非常愿意``, or None.

    >>> parse_score("8分"), parse_score("(跳过)")
    (8.0, None)
    """
    match = re.match(r"^\s*(-?\d+(?:\.\d+)?)\s*(?:分|星|$|[-—–:：(（ ])", value)
    return float(match[1]) if match else None


def score_of(cell: Cell) -> float | None:
    """Return the number of a score cell; of a coded answer the code, unless it is a refusal.

    >>> score_of(Coded(4.0, "比较满意")), score_of(Coded(99.0, "拒答")), score_of("8分")
    (4.0, None, 8.0)
    """
    if not isinstance(cell, Coded):
        return parse_score(as_text(cell))
    if cell.is_refusal:
        return None
    return cell.code if isinstance(cell.code, float) else parse_score(cell.code)


def _is_refusal(cell: Cell) -> bool:
    return isinstance(cell, Coded) and cell.is_refusal


def _counts_down(cells: Sequence[Cell]) -> bool:
    """Tell a scale whose lowest code is the best answer, 1 for 非常满意: its numbers mislead."""
    labels = {
        cell.code: cell.label
        for cell in cells
        if isinstance(cell, Coded) and isinstance(cell.code, float) and not cell.is_refusal
    }
    if len(labels) < 2:
        return False
    lowest, highest = labels[min(labels)], labels[max(labels)]
    return bool(_AGAINST.search(highest)) and not _AGAINST.search(lowest)
