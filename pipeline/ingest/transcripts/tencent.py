"""Tencent Cloud ASR: ``ResultDetail`` sentences, or the ``[0:1.2,0:3.4,0] text`` lines; ms."""

from __future__ import annotations

import re

from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, gather, json_reader
from pipeline.ingest.transcripts.funasr import unspaced
from pipeline.ingest.transcripts.pauses import words_of
from pipeline.ingest.transcripts.roles import role_of

_LINE = re.compile(r"\[(\d+):(\d+(?:\.\d+)?),(\d+):(\d+(?:\.\d+)?)(?:,(\d+))?\]\s*([^\[\n]*)")


def _sentence(item: object) -> Said | None:
    if not isinstance(item, dict):
        return None
    raws = [v.field(item, name) for name in ("FinalSentence", "WrittenText", "SliceSentence")]
    texts = [v.as_text(raw) for raw in raws]
    text = next((one for one in texts if one), "")
    if not text and None in texts:
        return None
    speaker = v.as_text(v.field(item, "SpeakerId", "ChannelId"))
    role = role_of(v.as_text(v.field(item, "SpeakerRoleName")) or "")
    start = v.as_ms(v.field(item, "StartMs"))
    # The words' times count from the start of their sentence.
    timed = words_of(
        v.field(item, "Words"), "Word", "OffsetStartMs", "OffsetEndMs", base=start or 0
    )
    return Said(
        unspaced(text),
        speaker or "",
        role if role in ("agent", "customer") else None,
        start_ms=start,
        end_ms=v.as_ms(v.field(item, "EndMs")),
        words=timed,
    )


def lines(text: str) -> tuple[Said, ...]:
    """Read the plain result, minutes and seconds in brackets.

    >>> lines("[0:0.020,0:2.380,1]  卡被吞了。")[0].end_ms
    2380
    """
    return tuple(
        Said(
            " ".join(found[6].split()),
            found[5] or "",
            start_ms=round(int(found[1][:6]) * 60_000 + float(found[2][:12]) * 1000),
            end_ms=round(int(found[3][:6]) * 60_000 + float(found[4][:12]) * 1000),
        )
        for found in _LINE.finditer(text)
        if found[6].strip()
    )


def parse(value: object) -> Call | None:
    """Read one result, bare or in its ``Response.Data``; None where it isn't Tencent's.

    >>> parse({"Response": {"Data": {"ResultDetail": [
    ...     {"FinalSentence": None, "SliceSentence": "卡 被 吞 了"}]}}}).said[0].text
    '卡被吞了'
    """
    if not isinstance(value, dict):
        return None
    holder: object = value
    for name in ("Response", "Data"):
        inner = v.field(holder, name)
        holder = inner if isinstance(inner, dict) else holder
    items = v.field(holder, "ResultDetail")
    if isinstance(items, str):
        items = v.loads(items)
    # A callback has the lines under "text".
    plain = v.field(holder, "Result") or v.field(holder, "text")
    found = lines(plain) if isinstance(plain, str) else ()
    if (
        items is None
        and not found
        and not (isinstance(holder, dict) and {"ResultDetail", "TaskId"} <= holder.keys())
    ):
        return None
    said, faults = gather(items, "ResultDetail", _sentence)
    fields = dict(holder) if isinstance(holder, dict) else {}
    fields = {key: item for key, item in fields.items() if not isinstance(item, list | dict)}
    return Call(said or found, fields, faults=faults)


def _is_sentence(value: object) -> bool:
    return isinstance(value, dict) and "FinalSentence" in value


READER = json_reader(
    "tencent",
    parse=parse,
    marks=r'"(?:text|Result)"\s*:\s*"\[\d+:\d+\.\d+,\d+:\d+\.\d+[\],]|"(?:FinalSentence|SliceSentence|ResultDetail|resultDetail)"\s*:',
    score=0.95,
    segment=_is_sentence,
    wrap="ResultDetail",
)
