"""Dialogue JSON of chat and helpdesk systems: turns with a sender, under any usual name."""

from __future__ import annotations

from pipeline.ingest.transcripts import noise
from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, Unread, json_reader
from pipeline.ingest.transcripts.plain import utterances
from pipeline.ingest.transcripts.roles import role_of

TURN_LISTS = ("turns", "messages", "utterances", "dialogue", "dialog", "conversation", "content",
              "对话", "对话内容", "消息")  # fmt: skip
SPEAKERS = (
    "sender",
    "role",
    "speaker",
    "from",
    "sender_type",
    "author",
    "角色",
    "说话人",
    "发送人",
)
WORDS = ("utterances", "utterance", "text", "content", "message", "value", "body", "内容", "文本")


def _words(item: object) -> str | None:
    raw = item if isinstance(item, str) else v.field(item, *WORDS)
    if isinstance(raw, list):
        parts = [v.as_text(v.field(one, *WORDS) if isinstance(one, dict) else one) for one in raw]
        if any(part is None for part in parts):
            return None
        return " ".join(part for part in parts if part)
    return v.as_text(raw)


def _turns(items: list[object], name: str) -> tuple[list[Said], list[Unread]]:
    said: list[Said] = []
    faults: list[Unread] = []
    for number, item in enumerate(items):
        text = _words(item)
        if text is None:
            reason = f"expected speech as text, found {type(item).__name__}"
            faults.append(Unread(f"{name}[{number}]", reason, v.excerpt(item)))
            continue
        if isinstance(item, str):
            said += utterances(text)
            continue
        speaker = v.as_text(v.field(item, *SPEAKERS)) or ""
        if not text:
            continue
        role = role_of(speaker)
        said.append(
            Said(
                text,
                speaker,
                role if role in ("agent", "customer") or speaker in ("未知", "unknown") else None,
                start_ms=v.as_ms(v.field(item, "start_ms", "begin_ms")),
                end_ms=v.as_ms(v.field(item, "end_ms")),
            )
        )
    return said, faults


def parse(value: object) -> Call | None:
    """Read one dialogue; None where it holds no list of turns.

    >>> call = parse({"id": "d1", "turns": [{"sender": "customer", "utterances": ["卡", "丢了"]}]})
    >>> call.said[0].role, call.said[0].text
    ('customer', '卡 丢了')
    """
    if not isinstance(value, dict):
        return None
    for name in TURN_LISTS:
        items = value.get(name)
        if isinstance(items, list):
            said, faults = _turns(items, name)
            heard = noise.sounds_recognised([one.text for one in said])
            return Call(tuple(said), value, faults=tuple(faults), asr=heard)
        if items is not None and name in TURN_LISTS[:5] and not isinstance(items, str | dict):
            reason = f"expected a list of turns, found {type(items).__name__}"
            fault = Unread(name, reason, v.excerpt(items))
            return Call((), value, faults=(fault,), asr=False)
    return None


def _is_turn(value: object) -> bool:
    """Say whether an item of a top-level list is a turn: a sender and words, no call id."""
    return (
        isinstance(value, dict)
        and parse(value) is None
        and v.field(value, *SPEAKERS) is not None
        and _words(value) is not None
        and v.field(value, "call_id", "conversation_id", "session_id", "通话编号", "会话编号", "id")
        is None
    )


READER = json_reader(
    "dialogue",
    parse=parse,
    marks=r'"(?:turns|messages|utterances|dialogue|dialog|conversation|对话|对话内容|消息)"\s*:\s*\['
    r'|"(?:sender|speaker|role|from)"\s*:',
    score=0.75,
    segment=_is_turn,
    wrap="turns",
)
