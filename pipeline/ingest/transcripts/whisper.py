"""Whisper and WhisperX JSON, and the segment lists that follow their lead; times in seconds."""

from __future__ import annotations

from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, gather, json_reader
from pipeline.ingest.transcripts.funasr import time_scale, unspaced
from pipeline.ingest.transcripts.pauses import words_of
from pipeline.ingest.transcripts.unmarked import is_spaced


def _is_silence(item: object) -> bool:
    # Whisper's own rule; it only skips such segments while it still decodes.
    silence = v.as_number(v.field(item, "no_speech_prob"))
    log = v.field(item, "avg_logprob")
    sure = isinstance(log, int | float) and not isinstance(log, bool) and log < -1.0
    return silence is not None and silence > 0.6 and sure


def _speech(item: object, scale: float) -> Said | None:
    if not isinstance(item, dict):
        return None
    raw = item.get("text")
    words = item.get("words")
    if raw is None and isinstance(words, list):
        # Whisper's words open with the blank that stands before them.
        names = (v.field(word, "word", "text") for word in words)
        raw = "".join(name for name in names if isinstance(name, str))
    text = v.as_text(raw)
    if text is None:
        return None
    speaker = v.as_text(item.get("speaker"))
    if not speaker and isinstance(words, list):
        # WhisperX leaves it off segments it could not align; its words may still know.
        named = [v.as_text(v.field(word, "speaker")) or "" for word in words]
        named = [name for name in named if name]
        speaker = max(sorted(set(named)), key=named.count) if named else ""
    start, end = (v.as_ms(item.get(key), scale=scale) for key in ("start", "end"))
    timed = words_of(words, "word", "start", "end", scale=scale)
    # Blanks are Whisper's punctuation, unless they stand after every word.
    text = unspaced(text) if is_spaced(text) else text
    return Said(text, speaker or "", start_ms=start, end_ms=end, words=timed)


def parse(value: object) -> Call | None:
    """Read one Whisper or WhisperX result; None where it isn't one.

    >>> [(one.text, one.speaker, one.end_ms) for one in parse({"segments": [
    ...     {"start": 0.0, "end": 2.5, "text": " 我要投訴", "speaker": "SPEAKER_01"}]}).said]
    [('我要投訴', 'SPEAKER_01', 2500)]
    """
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("transcription"), list):
        # whisper.cpp, whose offsets are ms.
        said, faults = gather(value["transcription"], "transcription", _offset)
        return Call(said, _beside(value), faults=faults)
    if not ("segments" in value or "word_segments" in value):
        return None
    items = value.get("segments")
    scale = 1000.0
    silent = 0
    if isinstance(items, list):
        # Silence written as speech is no part of the call that couldn't be read.
        silent = sum(map(_is_silence, items))
        items = [{"text": None} if _is_silence(item) else item for item in items]
        if not any("avg_logprob" in item for item in items if isinstance(item, dict)):
            spans = []
            characters = 0
            for item in items:
                start, end = (v.as_number(v.field(item, key)) for key in ("start", "end"))
                if start is not None and end is not None:
                    spans.append((start, end))
                    characters += len(v.as_text(v.field(item, "text")) or "")
            scale = time_scale(spans, characters) if spans else 1000.0
    said, faults = gather(items, "segments", lambda item: _speech(item, scale))
    whole = v.as_text(value.get("text"))
    if not said and whole and not faults and not silent:
        said = (Said(unspaced(whole)),)
    return Call(said, _beside(value), faults=faults, dropped=silent)


def _beside(value: dict[str, object]) -> dict[str, object]:
    return {key: item for key, item in value.items() if not isinstance(item, list | dict)}


def _offset(item: object) -> Said | None:
    text = v.as_text(v.field(item, "text"))
    if text is None or not isinstance(item, dict):
        return None
    start, end = (v.as_ms(v.field(item.get("offsets"), edge)) for edge in ("from", "to"))
    return Said(text, v.as_text(item.get("speaker")) or "", start_ms=start, end_ms=end)


def _is_segment(value: object) -> bool:
    return (
        isinstance(value, dict)
        and {"start", "end", "text"} <= value.keys()
        and "segments" not in value
    )


READER = json_reader(
    "whisper",
    parse=parse,
    marks=r'"(?:segments|word_segments|transcription)"\s*:\s*\[|"(?:avg_logprob|no_speech_prob)"\s*:'
    r'|"start"\s*:[^{}]{0,60}"end"\s*:[^{}]{0,60}"text"\s*:',
    score=0.8,
    segment=_is_segment,
)
