"""Aliyun: file transcription (``Sentences``) and the contact centre's lower-case form; ms."""

from __future__ import annotations

from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, gather, json_reader
from pipeline.ingest.transcripts.roles import role_of


def _sentence(item: object) -> Said | None:
    if not isinstance(item, dict):
        return None
    text = v.as_text(v.field(item, "text", "words", "content"))
    if text is None:
        return None
    role = None
    for name in ("role", "role_name", "identity"):
        named = role_of(v.as_text(v.field(item, name)) or "")
        if named in ("agent", "customer"):
            role = named
            break
    speaker = v.as_text(v.field(item, "speaker_id", "role_name", "role"))
    channel = v.as_text(v.field(item, "channel_id"))
    return Said(
        text,
        (speaker if speaker and speaker != channel else channel) or "",
        role,
        start_ms=v.as_ms(v.field(item, "begin_time", "begin", "start_time")),
        end_ms=v.as_ms(v.field(item, "end_time", "end")),
    )


def parse(value: object) -> Call | None:
    """Read one result; None where it isn't Aliyun's.

    >>> parse({"TaskId": "t1", "Result": {"Sentences": [
    ...     {"BeginTime": 340, "EndTime": 1520, "Text": "卡被吞了"}]}}).said[0].end_ms
    1520
    """
    if not isinstance(value, dict):
        return None
    holder: object = value
    for name in ("result", "data", "body"):
        inner = v.field(holder, name)
        if isinstance(inner, str):
            inner = v.loads(inner)
        if isinstance(inner, dict):
            holder = inner
    for name in ("sentences", "asr_result", "dialogue"):
        items = v.field(holder, name)
        if items is None:
            continue
        # Two tracks come as one list, track after track: only the times tell the order.
        said, faults = gather(items, name, _sentence)
        if all(one.start_ms is not None for one in said):
            said = tuple(sorted(said, key=lambda one: one.start_ms or 0))
        fields = {key: item for key, item in value.items() if not isinstance(item, list | dict)}
        return Call(said, fields, faults=faults)
    return None


def _is_sentence(value: object) -> bool:
    return v.field(value, "begin_time") is not None and v.field(value, "text", "words") is not None


READER = json_reader(
    "aliyun",
    parse=parse,
    marks=r'"(?:[Ss]entences|asrResult|roleName)"\s*:|"[Bb]eginTime"\s*:',
    score=0.93,
    segment=_is_sentence,
    wrap="sentences",
)
