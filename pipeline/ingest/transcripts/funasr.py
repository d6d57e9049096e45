"""FunASR: AutoModel JSON, runtime messages, segments of the command line and the server."""

from __future__ import annotations

import re
from dataclasses import replace

from pipeline.ingest.transcripts import noise
from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, Unread, gather, json_reader
from pipeline.ingest.transcripts.pauses import stamped

_HAN_GAP = re.compile(r"(?<=[\u3400-\u9fff]) +(?=[\u3400-\u9fff])")


def unspaced(text: str) -> str:
    """Take the spaces out between characters, keep them between Latin words.

    >>> unspaced("我 的 credit card 丢 了")
    '我的 credit card 丢了'
    """
    return _HAN_GAP.sub("", text)


def time_scale(spans: list[tuple[float, float]], characters: int) -> float:
    """Return what turns the times into ms: 1 for ms, 1000 for seconds.

    Nobody says less than one character in ten seconds, or a hundred in one ms: the rate of
    speech tells the unit, which the two programs that share the form don't.

    >>> time_scale([(0, 2500)], 10), time_scale([(0, 2.5)], 10), time_scale([(0, 3)], 10)
    (1.0, 1000.0, 1000.0)
    """
    length = sum(max(end - start, 0.0) for start, end in spans)
    return 1000.0 if length and characters / length >= 0.1 else 1.0


def _sentence(item: object, scale: float = 1.0) -> Said | None:
    if not isinstance(item, dict):
        return None
    raw = v.field(item, "text", "sentence")
    stamps = v.field(item, "timestamp", "ts_list")
    if raw is None and "text_seg" in item:
        spaced = v.as_text(item.get("text_seg"))
        point = v.as_text(item.get("punc"))
        raw = None if spaced is None else unspaced(spaced) + (point or "")
        if spaced is None:
            return None
    text = v.as_text(raw)
    if text is None:
        return None
    speaker = v.as_text(v.field(item, "spk", "speaker", "speaker_id")) or ""
    text = unspaced(noise.strip_tags(text))
    return Said(
        text,
        speaker,
        start_ms=v.as_ms(item.get("start"), scale=scale),
        end_ms=v.as_ms(item.get("end"), scale=scale),
        words=stamped(text, stamps) if scale == 1.0 else (),
    )


def _whole(value: dict[str, object]) -> Said | None:
    """Read the text of a result that has no sentences, with the time of its first and last word."""
    one = _sentence({"text": value.get("text"), "timestamp": value.get("timestamp")})
    if one is None or not one.words:
        return one
    return replace(one, start_ms=one.words[0].start_ms, end_ms=one.words[-1].end_ms)


def parse(value: object) -> Call | None:
    """Read one FunASR result; None where it isn't one.

    >>> one = {"sentence": "<|zh|><|NEUTRAL|>卡 被 吞 了。", "start": 70, "end": 1280, "spk": 1}
    >>> said = parse({"key": "c1", "text": "", "sentence_info": [one]}).said[0]
    >>> said.text, said.speaker, said.start_ms, said.end_ms
    ('卡被吞了。', '1', 70, 1280)
    """
    if not isinstance(value, dict):
        return None
    name = v.as_text(v.field(value, "key", "wav_name")) or ""
    mode = value.get("mode")
    streamed = isinstance(mode, str) and (mode.startswith("2pass") or mode == "online")
    part = f"{name}|{str(mode)[:5]}" if streamed else ""
    fields = {key: item for key, item in value.items() if not isinstance(item, list | dict)}
    # The tags carry the emotion. Beside the words it is metadata: a dimension of the results
    # where the source's 'attributes' ask for it, and no word of the customer's.
    if feeling := noise.emotion(_tagged(value)):
        fields.setdefault("emotion", feeling)
    for key in ("sentence_info", "stamp_sents", "sentences"):
        items = value.get(key)
        if isinstance(items, str):
            items = v.loads(items)
            # The runtime sends an empty string where it can't read its own sentences.
            items = None if isinstance(items, v.Broken) else items
        if items and (key != "sentences" or _is_server(value)):
            said, faults = gather(items, key, _sentence)
            if not said and (whole := _whole(value)) and whole.text:
                said = (whole,)
            return Call(said, fields, name, faults, part_of=part)
    if "segments" in value:
        items = value["segments"]
        spans: list[tuple[float, float]] = []
        characters = 0
        for item in items if isinstance(items, list) else ():
            start, end = (v.as_number(v.field(item, key)) for key in ("start", "end"))
            if start is not None and end is not None:
                spans.append((start, end))
                characters += len(v.as_text(v.field(item, "text", "sentence")) or "")
        scale = time_scale(spans, characters)
        said, faults = gather(items, "segments", lambda item: _sentence(item, scale))
        return Call(said, fields, name, faults)
    if mode == "2pass-online":
        # A draft; the final wording follows in a 2pass-offline message.
        return Call((), fields, name, (), part_of=part)
    if "text" in value and ("key" in value or "mode" in value or "timestamp" in value):
        one = _whole(value)
        if one is None:
            found = type(value["text"]).__name__
            fault = Unread("text", f"expected text, found {found}", v.excerpt(value["text"]))
            return Call((), fields, name, (fault,))
        return Call((one,) if one.text else (), fields, name, part_of=part)
    return None


def _tagged(value: dict[str, object]) -> str:
    items = value.get("sentence_info")
    parts = [v.field(item, "text", "sentence") for item in items] if isinstance(items, list) else []
    return "".join(v.as_text(part) or "" for part in (value.get("text"), *parts))


def _is_server(value: dict[str, object]) -> bool:
    """Say whether an answer is that of FunASR's HTTP server: text, its sentences and a code."""
    return "text" in value and "code" in value


def _is_segment(value: object) -> bool:
    return (
        isinstance(value, dict)
        and {"start", "end"} <= value.keys()
        and bool({"text", "sentence"} & value.keys())
        and not {"segments", "sentence_info", "stamp_sents"} & value.keys()
    )


READER = json_reader(
    "funasr",
    parse=parse,
    marks=r'"(?:sentence_info|stamp_sents|text_seg)"\s*:|"mode"\s*:\s*"(?:2pass|offline|online)'
    r'|"key"\s*:\s*"[^"]*"\s*,\s*"text"\s*:|<\|(?:zh|yue|en|nospeech)\|>'
    r'|"sentences"\s*:\s*\[\s*\{\s*"text"\s*:\s*"[^"]*"\s*,\s*"start"\s*:',
    score=0.95,
    segment=_is_segment,
)
