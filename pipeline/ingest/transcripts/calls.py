"""From what was said to records: one road for every transcript form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest.columns import known_role
from pipeline.ingest.reader import Reader
from pipeline.ingest.transcripts import noise
from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.infer import infer_roles
from pipeline.ingest.transcripts.pauses import SHORT, Word, pieces
from pipeline.ingest.transcripts.roles import role_of
from pipeline.ingest.transcripts.unmarked import LONGEST, units
from pipeline.records import Quarantined, Role, RoleSource, Turn, Verbatim

ID_FIELDS = (
    "call_id", "callid", "conversation_id", "session_id", "dialogue_id", "dialog_id", "key",
    "wav_name", "task_id", "order_id", "req_id", "file_id", "id", "通话id", "通话编号",
    "通话流水号", "会话id", "会话编号", "录音编号", "录音id", "流水号", "工单号", "编号",
)  # fmt: skip
TIME_FIELDS = (
    "occurred_at", "call_time", "call_start_time", "通话时间", "通话开始时间", "来电时间",
    "会话时间", "会话开始时间", "受理时间", "呼叫时间", "created_at", "create_time", "started_at",
    "datetime", "date", "日期", "时间",
)  # fmt: skip
CUSTOMER_FIELDS = (
    "customer_id", "caller_id", "client_id", "客户号", "客户编号", "客户id", "用户id", "会员号",
    "主叫号码", "来电号码", "caller_number", "user_id",
)  # fmt: skip
#: A longer value beside the words is a remark, not the member of a dimension.
LONGEST_MEMBER = 60
_FILE_DATE = re.compile(
    r"(?<!\d)(20\d{2})[-_.年]?(0[1-9]|1[0-2])[-_.月]?(0[1-9]|[12]\d|3[01])日?"
    r"(?:[-_T ]?([01]\d|2[0-3])[-_:.]?([0-5]\d)(?:[-_:.]?([0-5]\d))?)?(?!\d)"
)
# 20260831_C0001: recorders put the day before the number, which is unique without it.
_DATED_ID = re.compile(rf"{_FILE_DATE.pattern}[-_ ]+([A-Za-z]{{1,8}}[-_]?\d{{4,12}})")
_SOUND = re.compile(r"\.(?:wav|mp3|m4a|amr|flac|ogg|opus|aac|pcm)$", re.I)
_TEXT_DATE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?秒?)?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What one speaker said in one go, as the input has it: ``speaker`` is the input's label.

    ``channel`` is the track of a recording with one side a track, where the label is another.
    ``words`` are there where the recogniser timed them.
    """

    text: str
    speaker: str = ""
    role: Role | None = None
    role_source: RoleSource = "given"
    start_ms: int | None = None
    end_ms: int | None = None
    channel: str = ""
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a call that couldn't be read: where, why, and what stands there, raw."""

    column: str
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as a form's parser found it.

    ``faults`` are the parts that couldn't be read. ``fields`` holds the values that stand beside
    the words. ``asr`` says that a recogniser wrote the words, so that its inventions are looked
    for; ``dropped`` counts those that the parser left out itself. Calls with the same ``part_of``
    that follow each other are one.
    """

    said: tuple[Said, ...]
    fields: Mapping[str, object] = field(default_factory=dict)
    external_id: str = ""
    faults: tuple[Unread, ...] = ()
    asr: bool = True
    part_of: str = ""
    dropped: int = 0


def listed(value: object, name: str = "") -> tuple[Unread, ...]:
    """Return the fault of a field that should hold a list; nothing where it does or is null."""
    if value is None or isinstance(value, list):
        return ()
    return (Unread(name, f"expected a list, found {type(value).__name__}", v.excerpt(value)),)


def gather(
    items: object, name: str, read: Callable[[object], Said | None]
) -> tuple[tuple[Said, ...], tuple[Unread, ...]]:
    """Read every item of a list; an item that isn't speech becomes a fault, an empty one nothing.

    ``read`` returns None for an item it can't read.
    """
    if not isinstance(items, list):
        return (), listed(items, name)
    said: list[Said] = []
    faults: list[Unread] = []
    for number, item in enumerate(items):
        found = read(item)
        if found is None:
            reason = f"expected speech as text, found {_kind(item)}"
            faults.append(Unread(f"{name}[{number}]", reason, v.excerpt(item)))
        elif found.text:
            said.append(found)
    return tuple(said), tuple(faults)


def _kind(item: object) -> str:
    return "an object without readable text" if isinstance(item, dict) else type(item).__name__


def settings_of(source: SourceSettings, name: str) -> frozenset[str]:
    """Return the speaker or channel values that the source's ``columns`` give to a side.

    ``columns: {agent: "0|坐席组"}`` says which side of a two-channel recording is the agent.
    """
    text = source.columns.get(name, "")
    return frozenset(part.strip().casefold() for part in re.split(r"[|,，]", text) if part.strip())


def told_apart(said: Sequence[Said]) -> bool:
    """Say whether the input tells the speakers apart; one label on everything doesn't.

    Of one track, or where nobody was told apart, every sentence is of speaker or channel 0.

    >>> told_apart([Said("您好", "0"), Said("卡没了", "0")])
    False
    """
    known = any(one.role for one in said)
    return known or len({(one.speaker, one.channel) for one in said if one.speaker}) > 1


def turns_of(
    said: Sequence[Said], source: SourceSettings, *, asr: bool = False
) -> tuple[Turn, ...]:
    """Give every utterance its role: given, by channel, by label, else inferred from wording."""
    agents, callers = settings_of(source, "agent"), settings_of(source, "caller")
    roles: list[tuple[Role, RoleSource, float]] = []
    known = agents | callers
    tracks = {one.channel.strip().casefold() for one in said if one.channel}
    # Of two tracks the configuration names the track, not who was told apart on it.
    by_track = len(tracks) > 1 and bool(tracks & known)
    for one in said:
        label = one.speaker.strip().casefold()
        track = one.channel.strip().casefold()
        if track and (by_track or (track in known and label not in known)):
            label = track
        named = role_of(one.speaker) if one.role is None else None
        if label and label in known:
            roles.append(("agent" if label in agents else "customer", "channel", 1.0))
        elif label and agents and not callers and one.role is None and named in (None, "unknown"):
            roles.append(("customer", "channel", 1.0))
        elif label and callers and not agents and one.role is None and named in (None, "unknown"):
            roles.append(("agent", "channel", 1.0))
        elif one.role is not None:
            source_name: RoleSource = "none" if one.role == "unknown" else one.role_source
            roles.append((one.role, source_name, 1.0))
        elif named in ("agent", "customer"):
            roles.append((named, one.role_source, 1.0))
        else:
            roles.append(("unknown", "inferred", 1.0))
    open_ = [n for n, (_, how, _) in enumerate(roles) if how == "inferred"]
    if open_:
        apart = told_apart(said)
        speakers = [said[n].speaker if apart else "" for n in open_]
        guesses = infer_roles([said[n].text for n in open_], speakers)
        for n, (role, confidence) in zip(open_, guesses, strict=True):
            # What stays unknown was not inferred, however near it came.
            sure = role != "unknown"
            roles[n] = (role, "inferred" if sure else "none", confidence if sure else 1.0)
    return tuple(
        Turn(number, role, one.text, how, confidence, one.start_ms, one.end_ms, asr)
        for number, (one, (role, how, confidence)) in enumerate(
            zip(said, roles, strict=True), start=1
        )
    )


def cleaned(said: Sequence[Said]) -> tuple[list[Said], int]:
    """Drop recogniser markup, hallucinations, loops and segments said again and again."""
    kept: list[Said] = []
    lost = 0
    run = 0
    for one in said:
        text, count = noise.dropped(noise.strip_tags(one.text))
        lost += count
        same = kept and len(text) >= 4 and kept[-1].text == text and kept[-1].speaker == one.speaker
        run = run + 1 if same else 0
        if run >= 2:
            lost += 1
        elif text:
            kept.append(replace(one, text=text))
    return kept, lost


def parted(said: Sequence[Said]) -> list[Said]:
    """Part long bare speech at the pauses that its word times show.

    Where speakers are told apart a turn stays one turn, and a blank marks the pause: opinion units
    end there, and a name or number said across it is still seen whole when it is masked. A call
    without any speaker is parted into units of their own, which either side may have said.

    >>> text = "您好很高兴为您服务有什么可以帮您呃我想问一下话费怎么这么高啊你们查一下退给我行不行"
    >>> [one.text for one in parted([Said(text)])]
    ['您好很高兴为您服务有什么可以帮您', '呃我想问一下话费怎么这么高啊你们查一下退给我行不行']
    """
    marked = told_apart(said)
    found: list[Said] = []
    for one in said:
        if len(one.text) < SHORT:
            found.append(one)
            continue
        parts = pieces(one.text, one.words)
        if marked:
            text = " ".join(part.text for part in parts)
            found.append(replace(one, text=text))
            continue
        spread: list[Said] = []
        for part in parts:
            whole = len(parts) == 1
            start, end = (one.start_ms, one.end_ms) if whole else (part.start_ms, part.end_ms)
            texts = units(part.text) if len(part.text) > LONGEST else [part.text]
            spread += [
                # Of a unit inside a piece nobody knows when it was said.
                Said(
                    text,
                    start_ms=start if n == 0 else None,
                    end_ms=end if n == len(texts) - 1 else None,
                )
                for n, text in enumerate(texts)
            ]
        found += spread
    return found


def records(
    call: Call, source: SourceSettings, timezone: str, *, path: Path, row: int, stem: str = ""
) -> Iterator[Verbatim | Quarantined]:
    """Yield the `Verbatim` of a call and a `Quarantined` for each part that couldn't be read.

    Dropped recogniser inventions are counted in ``Verbatim.asr_dropped``. ``stem`` is the id
    where the call has none of its own.
    """
    for fault in call.faults:
        yield Quarantined(str(path), row, fault.column, fault.reason, fault.excerpt)
    said, lost = cleaned(call.said) if call.asr else (list(call.said), 0)
    lost += call.dropped
    if call.asr:
        said = parted(said)
    if not said:
        if lost:
            reason = "recogniser hallucination dropped, no words left"
            yield Quarantined(str(path), row, "", reason, v.excerpt([s.text for s in call.said]))
        elif not call.faults:
            yield Quarantined(str(path), row, "", "expected speech, found a call without words")
        return
    fields = call.fields
    columns = source.columns
    attributes = dict(source.constants)
    attributes |= _attributes(fields, source)
    scores: dict[str, float] = {}
    for name, column in source.scores.items():
        cell = fields.get(column)
        number = v.as_number(cell)
        if number is not None:
            scores[name] = number
        elif cell not in (None, ""):
            reason = f"expected a number, found {type(cell).__name__}"
            yield Quarantined(str(path), row, column, reason, v.excerpt(cell))
    when = time_of(_named(fields, columns.get("time", ""), TIME_FIELDS, "time"), timezone)
    given = undated(call.external_id) or v.as_text(
        _named(fields, columns.get("id", ""), ID_FIELDS, "id")
    )
    if given and given.isdecimal() and len(given) < 7:
        # A small number starts anew in every export; its time or its file tells them apart.
        given = f"{given}@{when:%Y%m%dT%H%M%S}" if when else f"{stem or path.stem}:{given}"
    yield Verbatim(
        source=source.name,
        kind="transcript",
        channel=source.channel,
        turns=turns_of(said, source, asr=call.asr),
        asr_dropped=lost,
        external_id=given or undated(stem),
        occurred_at=when
        or time_in_name(call.external_id, timezone)
        or time_in_name(path.stem, timezone),
        customer_id=v.as_text(
            _named(fields, columns.get("customer", ""), CUSTOMER_FIELDS, "customer")
        )
        or "",
        scores=scores,
        attributes=attributes,
        file=str(path),
        row=row,
    )


def undated(name: str) -> str:
    """Return the number of a recording whose name puts the day before it; else the name.

    A name without a number that could stand alone is kept: 0001 starts anew every day.

    >>> undated("20260831_C0001"), undated("20260831_0001"), undated("2026-08-31 A班")
    ('C0001', '20260831_0001', '2026-08-31 A班')
    """
    bare = _SOUND.sub("", name)
    found = _DATED_ID.fullmatch(bare)
    return found[found.re.groups] if found else bare


def _attributes(fields: Mapping[str, object], source: SourceSettings) -> dict[str, str]:
    found: dict[str, str] = {}
    if source.attributes:
        for name, column in source.attributes.items():
            if text := v.as_text(v.field(fields, column)):
                found[name] = text
        return found
    for column, value in fields.items():
        role, _, name = known_role(column).partition(".")
        text = v.as_text(value) or ""
        if role == "attributes" and name not in found and 0 < len(text) <= LONGEST_MEMBER:
            found[name] = text
    return found


def _named(fields: Mapping[str, object], wanted: str, guesses: Sequence[str], role: str) -> object:
    if wanted:
        return v.field(fields, wanted)
    found = v.field(fields, *guesses)
    if found is not None:
        return found
    # A number such as 序号 counts rows; it names no call.
    counting = {"序号", "index"}
    names = (name for name in fields if name not in counting and known_role(name) == role)
    return next((fields[name] for name in names), None)


def time_of(value: object, timezone: str) -> datetime | None:
    """Read a point in time: ISO text, 2026/9/3 12:00:00, 2026年9月3日, seconds or ms since 1970.

    >>> time_of("2026/9/3 12:00:00", "Asia/Shanghai").isoformat()
    '2026-09-03T12:00:00+08:00'
    >>> time_of("next week", "Asia/Shanghai") is None
    True
    """
    zone = ZoneInfo(timezone)
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if value > 1e11 else value
            # Smaller numbers are offsets into the call, not dates.
            return datetime.fromtimestamp(seconds, zone) if 9e8 < seconds < 4.1e9 else None
        if not isinstance(value, str):
            return None
        found = _TEXT_DATE.match(value.strip())
        if not found:
            return time_in_name(value.strip(), timezone) if re.match(r"\d{8}", value) else None
        parts = [int(part or 0) for part in found.groups()[:6]]
        year, month, day, hour, minute, second = parts
        when = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        if offset := found[7]:
            shifted = when.isoformat()[:19] + ("+00:00" if offset == "Z" else offset)
            return datetime.fromisoformat(shifted).astimezone(zone)
        return when
    except (ValueError, OverflowError, OSError):
        return None


def time_in_name(stem: str, timezone: str) -> datetime | None:
    """Read the date, and the time if there is one, out of a file's name.

    >>> time_in_name("call_20260903_101530_0007", "Asia/Shanghai").isoformat()
    '2026-09-03T10:15:30+08:00'
    >>> time_in_name("13800138000", "Asia/Shanghai") is None
    True
    """
    for found in _FILE_DATE.finditer(stem):
        try:
            parts = [int(part or 0) for part in found.groups()]
            year, month, day, hour, minute, second = parts
            zone = ZoneInfo(timezone)
            return datetime(year, month, day, hour, minute, second, tzinfo=zone)
        except ValueError:
            continue
    return None


def json_reader(
    name: str,
    *,
    parse: Callable[[object], Call | None],
    marks: str,
    score: float,
    segment: Callable[[object], bool] | None = None,
    wrap: str = "segments",
) -> Reader:
    """Build the reader of a JSON form.

    ``parse`` turns one JSON value into a `Call`, None where it isn't this form. ``marks`` is a
    regular expression over the first bytes that gives the form away, and ``score`` how sure that
    makes us. Where ``segment`` holds for the items of a top-level list, the whole list is one
    call: ``{wrap: [...]}``.
    """
    pattern = re.compile(marks)

    def sniff(path: Path, head: bytes) -> float:
        text = v.head_text(head).lstrip("\ufeff \t\r\n")
        if not text.startswith(("{", "[")):
            return 0.0
        return score if pattern.search(text) else 0.0

    def read(path: Path, source: SourceSettings, timezone: str) -> Iterator[Verbatim | Quarantined]:
        yield from _read_json(path, source, timezone, name, parse, segment, wrap)

    return Reader(name, ("transcript",), sniff, read)


def _read_json(
    path: Path,
    source: SourceSettings,
    timezone: str,
    name: str,
    parse: Callable[[object], Call | None],
    segment: Callable[[object], bool] | None,
    wrap: str,
) -> Iterator[Verbatim | Quarantined]:
    pending: tuple[int, Call] | None = None
    loose: list[object] = []
    first_loose = 0
    seen = 0

    def out(row: int, call: Call) -> Iterator[Verbatim | Quarantined]:
        stem = path.stem if seen <= 1 or call.part_of else f"{path.stem}#{row}"
        yield from records(call, source, timezone, path=path, row=row, stem=stem)

    for row, value in v.json_values(path, source.encoding):
        if isinstance(value, v.Broken):
            if row <= 1 and not seen and not loose:
                raise InputError(f"{path}: {value.reason}")
            yield Quarantined(str(path), row, "", value.reason, value.excerpt)
            continue
        if segment is not None and segment(value):
            loose.append(value)
            first_loose = first_loose or row
            continue
        call = parse(value)
        if call is None:
            reason = f"expected a {name} call, found {type(value).__name__}"
            yield Quarantined(str(path), row, "", reason, v.excerpt(value))
            continue
        seen += 1
        if pending and call.part_of and pending[1].part_of == call.part_of:
            pending = (pending[0], _joined(pending[1], call))
            continue
        if pending:
            # The stem alone names the call only where the file holds just one.
            seen += pending[1].part_of == "" and seen < 2
            yield from out(*pending)
        pending = (row, call)
    if pending:
        yield from out(*pending)
    if loose and (call := parse({wrap: loose})) is not None:
        seen = 1 if not pending else 2
        yield from out(first_loose, call)
    elif not seen and not loose:
        raise InputError(
            f"{path}: expected a {name} transcript, found no call of that form; "
            "set 'reader' of the source, or leave it at auto"
        )


def _joined(one: Call, two: Call) -> Call:
    return replace(
        one,
        said=one.said + two.said,
        faults=one.faults + two.faults,
        dropped=one.dropped + two.dropped,
    )
