"""Volcengine ASR: ``result[].utterances``, also the flat and the large-model shapes; ms."""

from __future__ import annotations

from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, Unread, gather, json_reader
from pipeline.ingest.transcripts.pauses import words_of


def _utterance(item: object) -> Said | None:
    if not isinstance(item, dict):
        return None
    text = v.as_text(item.get("text"))
    if text is None:
        return None
    speaker = channel = ""
    for holder in (item, item.get("additions"), item.get("attribute")):
        speaker = speaker or v.as_text(v.field(holder, "speaker", "speaker_id")) or ""
        channel = channel or v.as_text(v.field(holder, "channel_id")) or ""
    return Said(
        text,
        speaker or channel,
        start_ms=v.as_ms(item.get("start_time")),
        end_ms=v.as_ms(item.get("end_time")),
        channel=channel,
        words=words_of(item.get("words"), "text", "start_time", "end_time"),
    )


def parse(value: object) -> Call | None:
    """Read one answer; None where it isn't Volcengine's.

    >>> parse({"reqid": "r1", "result": [{"text": "卡被吞了", "utterances": [
    ...     {"text": "卡被吞了", "start_time": 200, "end_time": 1200}]}]}).said[0].start_ms
    200
    """
    if not isinstance(value, dict):
        return None
    result = value.get("result", value.get("resp"))
    holders: list[object] = [value] if "utterances" in value else []
    holders += result if isinstance(result, list) else [result]
    said: tuple[Said, ...] = ()
    faults: tuple[Unread, ...] = ()
    known = False
    for number, holder in enumerate(holders):
        if not isinstance(holder, dict) or not {"utterances", "text"} & holder.keys():
            if holder is not None and isinstance(result, list):
                fault = f"expected an object, found {type(holder).__name__}"
                faults += (Unread(f"result[{number}]", fault, v.excerpt(holder)),)
            continue
        known = True
        more, wrong = gather(holder.get("utterances"), "utterances", _utterance)
        whole = v.as_text(holder.get("text"))
        if not more and whole and not wrong:
            more = (Said(whole),)
        said, faults = said + more, faults + wrong
    if not known:
        return None
    fields = {key: item for key, item in value.items() if not isinstance(item, list | dict)}
    return Call(said, fields, v.as_text(v.field(value, "reqid", "id")) or "", faults)


READER = json_reader(
    "volcengine",
    parse=parse,
    marks=r'"utterances"\s*:\s*\[\s*\{[^\]]*?"(?:start_time|end_time|definite)"\s*:',
    score=0.96,
)
