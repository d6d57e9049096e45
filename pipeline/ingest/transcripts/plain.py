"""Plain text: ``客服：…`` lines with or without times, one call a file or several."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest.arrays import MAX_ITEM
from pipeline.ingest.columns import known_role
from pipeline.ingest.reader import Reader
from pipeline.ingest.transcripts import noise
from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, records, turns_of
from pipeline.ingest.transcripts.roles import label_pattern, role_of
from pipeline.ingest.transcripts.unmarked import units
from pipeline.records import Quarantined, Turn, Verbatim

CLOCK = r"(?:\d{4}[-/]\d{1,2}[-/]\d{1,2}\s+)?\d{1,3}:[0-5]?\d(?::[0-5]?\d)?(?:[.,]\d{1,3})?"
_TIME = rf"[\[\(（【]?\s*({CLOCK})(?:\s*(?:-->|[-~—–至])\s*({CLOCK}))?\s*[\]\)）】]?"
_LABEL = label_pattern()
_HEAD = re.compile(
    rf"^\s*(?:{_TIME}\s*)?(?:[【\[（(]\s*({_LABEL})\s*[】\]）)]\s*[：:]?|({_LABEL})\s*"
    rf"(?:{_TIME})?\s*(?:：|:(?!\d\d(?::\d\d)?\s*$)))\s*(.*)$",
    re.I | re.S,
)
# 讯飞听见 and 通义听悟 put speaker and time on a line of their own.
_ALONE = re.compile(rf"^\s*(?:{_TIME}\s+)?({_LABEL})\s*(?:{_TIME})?\s*$", re.I)
_INLINE = re.compile(
    r"(?<=[\s。！？!?；;])(?=(?:客服|客户|坐席|座席|话务员|用户|来电人|市民|顾客|agent|customer)[0-9]{0,4}\s*[：:])",
    re.I,
)
_RULE = re.compile(r"^\s*([=\-*#_—]{4,})\s*(.*?)\s*[=\-*#_—]*\s*$")
# The head of a further call in the same file.
_OPENING = re.compile(
    r"^\s*(?:通话编号|通话id|通话流水号|录音编号|会话编号|会话id|流水号|工单号|编号|call[ _]?id|"
    r"session[ _]?id|id|通话时间|来电时间|会话时间)\s*[：:]\s*\S",
    re.I,
)
_NAME = re.compile(
    r"(?:^|(?<=[\s，,；;|、]))([A-Za-z\u4e00-\u9fff][A-Za-z0-9_\u4e00-\u9fff]{0,11}"
    r"(?: [A-Za-z]{1,8})?)\s?[：:]\s?"
)
# 客户编号 and 坐席工号 open with a speaker's name and yet are said by nobody.
_HEAD_NAME = re.compile(
    r"(?:编号|工号|号码|账号|卡号|户号|会员号|单号|流水号|主叫|被叫|时间|日期|时长|姓名|名称|等级|"
    r"级别|类型|类别|网点|支行|分行|机构|部门|班组|技能组|渠道|id)$",
    re.I,
)
# 客户诉求 and 客服回复 head the parts of a ticket: about a speaker, not said by one.
_ABOUT = re.compile(
    r"(?:诉求|反映|反馈|称|表示|建议|要求|意见|投诉|回复|答复|说明|问题|评价|处理|情况|描述)$"
)
#: A longer value is speech, not a field of the head.
_LONGEST_VALUE = 80


def clock_ms(clock: str | None) -> int | None:
    """Return the ms of a time in the call; None for a time of day, which has its date before it.

    >>> clock_ms("00:01:05.5"), clock_ms("2026-09-03 10:15")
    (65500, None)
    """
    if not clock:
        return None
    parts = clock.split()[-1].replace(",", ".").split(":")
    if " " in clock.strip():
        return None
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + float(part)
    return round(seconds * 1000)


def _lines_of(text: str) -> list[str]:
    # One space at most: the patterns are quadratic in a run of blanks.
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line]


def utterances(text: str) -> tuple[Said, ...]:
    """Read labelled lines; a line without a label goes on with the turn before it."""
    found: list[list[object]] = []
    for whole in _lines_of(text):
        opening = _HEAD.match(whole)
        pieces = [whole]
        if opening:
            # Before the words stands the label itself: no place to split.
            pieces = _INLINE.split(opening[7])
            pieces[0] = whole[: opening.start(7)] + pieces[0]
        for line in pieces:
            head = _HEAD.match(line)
            alone = None if head else _ALONE.match(line)
            if head:
                label = head[3] or head[4] or ""
                start, end = head[1] or head[5], head[2] or head[6]
                found.append([label, [head[7]], clock_ms(start), clock_ms(end)])
            elif alone and (alone[1] or alone[4] or len(alone[3]) > 1):
                found.append(
                    [alone[3], [], clock_ms(alone[1] or alone[4]), clock_ms(alone[2] or alone[5])]
                )
            elif line.strip():
                if not found:
                    found.append(["", [], None, None])
                found[-1][1].append(line)  # type: ignore[attr-defined]
    said = []
    for label, lines, start_ms, end_ms in found:
        words = v.as_text(" ".join(str(one).strip() for one in lines))  # type: ignore[attr-defined]
        words = re.sub(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])", "", words or "")
        if not words:
            continue
        role = role_of(str(label)) if label else None
        # 未知 says that whoever wrote it down didn't know; A and B only say that there are two.
        settled = role in ("agent", "customer") or str(label) in ("未知", "不明", "unknown")
        said.append(
            Said(
                words,
                str(label),
                role if settled else None,
                "prefix",
                start_ms if isinstance(start_ms, int) else None,
                end_ms if isinstance(end_ms, int) else None,
            )
        )
    return tuple(said)


def parse_turns(text: str) -> tuple[Turn, ...]:
    r"""Read a call written as labelled lines into turns; A: and B: are judged by their wording.

    >>> [(turn.role, turn.text) for turn in parse_turns("客服：您好\n客户: 卡没了，\n怎么办")]
    [('agent', '您好'), ('customer', '卡没了，怎么办')]
    >>> parse_turns("[00:01:23] 坐席：请稍等")[0].start_ms
    83000
    >>> parse_turns("未知：卡被吞了")[0].role
    'unknown'
    """
    said = utterances(text)
    if said and not _labelled(said):
        said = tuple(map(Said, units(text)))
    source = SourceSettings(name="text", kind="transcript", path="-")
    return turns_of(said, source, asr=noise.sounds_recognised([one.text for one in said]))


def _labelled(said: tuple[Said, ...]) -> bool:
    return any(one.speaker for one in said)


def speaker_of(line: str) -> str:
    """Return the speaker's label that opens a line, after a time or not; empty where none does.

    >>> speaker_of("[00:12] 坐席1：请稍等"), speaker_of("客户建议：多开窗口")
    ('坐席1', '')
    """
    if len(line) > 100_000:
        return ""
    head = _HEAD.match(" ".join(line.split()))
    label = (head[3] or head[4] or "") if head else ""
    return "" if _ABOUT.search(label) else label


def labelled_share(text: str) -> float:
    r"""Return the share of non-empty lines that open with a speaker label, 0…1.

    >>> labelled_share("客服：您好\n客户：卡被吞了")
    1.0
    """
    lines = _lines_of(text)[:200]
    return sum(bool(_HEAD.match(line) or _ALONE.match(line)) for line in lines) / max(len(lines), 1)


def _sniff(path: Path, head: bytes) -> float:
    text = v.head_text(head)
    if text.lstrip("\ufeff \t\r\n").startswith(("{", "[{", "WEBVTT")):
        return 0.0
    lines = _lines_of(text)
    labelled = sum(bool(_HEAD.match(line)) for line in lines[:200])
    if labelled >= 2 and labelled_share(text) >= 0.2:
        return 0.9
    if any(_ALONE.match(line) and re.search(r"\d:\d", line) for line in lines[:200]):
        return 0.85
    if labelled and path.suffix.lower() in (".txt", ".log", ".text", ""):
        return 0.7
    return 0.2 if path.suffix.lower() in (".txt", ".text") else 0.0


def named_values(line: str) -> dict[str, str]:
    """Return the ``name：value`` pairs of a line; empty where text stands before the first.

    >>> named_values("通话编号：C0024 通话时间：2026-10-12 10:19:00 网点：东湖支行")
    {'通话编号': 'C0024', '通话时间': '2026-10-12 10:19:00', '网点': '东湖支行'}
    """
    line = line.strip()
    names = list(_NAME.finditer(line))
    if not names or names[0].start() > 0:
        return {}
    ends = [name.start() for name in names[1:]] + [len(line)]
    values = (
        line[name.end() : end].strip(" ，,；;|、") for name, end in zip(names, ends, strict=True)
    )
    return {name[1].casefold(): value for name, value in zip(names, values, strict=True)}


def _head_fields(line: str) -> dict[str, str]:
    """Return the fields of a line of a call's head; empty where somebody says it."""
    found = named_values(line)
    names = list(found)
    heads = names and _is_head(names[0]) and all(_is_head(n) or not role_of(n) for n in names)
    fits = all(0 < len(value) <= _LONGEST_VALUE for value in found.values())
    return found if heads and fits else {}


def _is_head(name: str) -> bool:
    if _HEAD_NAME.search(name):
        return True
    role = "" if role_of(name) else known_role(name)
    return role in ("id", "time", "customer") or role.startswith("attributes.")


def _read(path: Path, source: SourceSettings, timezone: str) -> Iterator[Verbatim | Quarantined]:
    encoding = v.encoding_of(path, source.encoding)
    with path.open(encoding=encoding) as file:
        lines = iter(lambda: file.readline(MAX_ITEM), "")
        yield from read_lines(enumerate(lines, start=1), path, source, timezone)


def read_lines(
    numbered: Iterable[tuple[int, str]], path: Path, source: SourceSettings, timezone: str
) -> Iterator[Verbatim | Quarantined]:
    """Yield the calls that stand in ``(number, line)`` pairs; ``path`` names where they come from.

    Raises `InputError` where the lines hold no words.
    """
    calls = 0
    lines: list[str] = []
    fields: dict[str, object] = {}
    first = 1
    waiting: tuple[int, Call] | None = None
    size = 0
    blank = True

    def ready() -> Call | None:
        text = "\n".join(lines)
        said = utterances(text)
        if said and not _labelled(said):
            said = tuple(map(Said, units(text)))
        # By hand unless its spelling says otherwise: nothing else does.
        heard = noise.sounds_recognised([text] if not _labelled(said) else [s.text for s in said])
        return Call(said, dict(fields), asr=heard) if said else None

    def out(row: int, call: Call, alone: bool) -> Iterator[Verbatim | Quarantined]:
        stem = path.stem if alone else f"{path.stem}#{calls}"
        yield from records(call, source, timezone, path=path, row=row, stem=stem)

    for number, line in numbered:
        size += len(line)
        if size > MAX_ITEM:
            raise InputError(f"{path}: expected calls, found one of more than 64 million signs")
        # A rule or a heading is short; the patterns are slow on long lines.
        short = len(line) <= 300
        rule = _RULE.match(line) if short else None
        may_open = short and (not lines or blank or _OPENING.match(line) is not None)
        head = _head_fields(line.lstrip("\ufeff")) if may_open and not rule else {}
        blank = not line.strip()
        if rule is not None or (head and lines):
            call = ready()
            if call:
                if waiting:
                    calls += 1
                    yield from out(*waiting, False)
                waiting = (first, call)
                fields, first = {}, number
            lines, size = [], 0
        if rule and rule[2]:
            inner = named_values(rule[2])
            fields |= inner
            if not inner and re.fullmatch(r"[\w\-#. ]{1,64}", rule[2]):
                fields["id"] = rule[2]
        elif head:
            fields |= head
        elif not rule and (lines or not blank):
            lines.append(line)
    last = ready()
    if last:
        if waiting:
            calls += 1
            yield from out(*waiting, False)
        waiting = (first, last)
    if waiting is None:
        raise InputError(f"{path}: expected a transcript, found no words; export the call again")
    calls += 1
    yield from out(*waiting, calls == 1)


READER = Reader("transcript_text", ("transcript",), _sniff, _read)
