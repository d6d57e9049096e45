"""Aliyun: file transcription (``Sentences``) and the contact centre's lower-case form; ms."""

from __future__ import annotations

from dataclasses import replace

from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, Unread, gather, json_reader
from pipeline.ingest.transcripts.funasr import unspaced
from pipeline.ingest.transcripts.pauses import Word, words_of
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
    speaker = v.as_text(v.field(item, "speaker_id", "role_name", "role")) or ""
    channel = v.as_text(v.field(item, "channel_id")) or ""
    return Said(
        text,
        speaker or channel,
        role,
        start_ms=v.as_ms(v.field(item, "begin_time", "begin", "start_time", "start")),
        end_ms=v.as_ms(v.field(item, "end_time", "end")),
        channel=channel,
        words=words_of(v.field(item, "words"), "text", "begin_time", "end_time"),
    )


def _timed(said: tuple[Said, ...], words: object) -> tuple[Said, ...]:
    """Give each sentence its words out of the one list that stands beside the sentences."""
    if not isinstance(words, list):
        return said
    tracks: dict[str, list[Word]] = {}
    for word in words:
        track = v.as_text(v.field(word, "channel_id")) or ""
        tracks.setdefault(track, []).extend(words_of([word], "word", "begin_time", "end_time"))
    found = []
    for one in said:
        own = tracks.get(one.channel, [])
        start, end = one.start_ms, one.end_ms
        if start is not None and end is not None and not one.words:
            inside = (word for word in own if start <= (word.start_ms or 0) <= end)
            one = replace(one, words=tuple(inside))
        found.append(one)
    return tuple(found)


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
    # DashScope's Paraformer gives a transcript a track, each with its own sentences.
    tracks = v.field(holder, "transcripts")
    if isinstance(tracks, list) and any(v.field(one, "sentences") is not None for one in tracks):
        every, wrong = _tracks(tracks)
        return Call(in_time(every), _beside(value), faults=wrong)
    paragraphs = v.field(v.field(holder, "transcription") or holder, "paragraphs")
    if isinstance(paragraphs, list):
        said, faults = gather(paragraphs, "paragraphs", _paragraph)
        return Call(said, _beside(value), faults=faults)
    for name in ("sentences", "asr_result", "phrases", "dialogue"):
        items = v.field(holder, name)
        # The answer of the contact centre holds AsrResult in AsrResult.
        items = v.field(items, name) if isinstance(items, dict) else items
        if items is None:
            continue
        # Two tracks come as one list, track after track: only the times tell the order.
        said, faults = gather(items, name, _sentence)
        said = _timed(said, v.field(holder, "words"))
        return Call(in_time(said), _beside(value), faults=faults)
    return None


def _paragraph(item: object) -> Said | None:
    """Read a paragraph of 通义听悟: its words hold the text."""
    words = words_of(v.field(item, "words"), "text", "start", "end")
    if not isinstance(v.field(item, "words"), list):
        return None
    return Said(
        unspaced("".join(word.text for word in words)),
        v.as_text(v.field(item, "speaker_id")) or "",
        start_ms=words[0].start_ms if words else None,
        end_ms=words[-1].end_ms if words else None,
        words=words,
    )


def _tracks(tracks: list[object]) -> tuple[tuple[Said, ...], tuple[Unread, ...]]:
    every: list[Said] = []
    wrong: list[Unread] = []
    for number, track in enumerate(tracks):
        if not isinstance(track, dict):
            reason = f"expected a track, found {type(track).__name__}"
            wrong.append(Unread(f"transcripts[{number}]", reason, v.excerpt(track)))
            continue
        channel = v.as_text(v.field(track, "channel_id")) or ""
        said, faults = gather(v.field(track, "sentences"), "sentences", _sentence)
        every += [
            replace(one, channel=channel, speaker=one.speaker or channel)
            if len(tracks) > 1
            else one
            for one in said
        ]
        wrong += faults
    return tuple(every), tuple(wrong)


def in_time(said: tuple[Said, ...]) -> tuple[Said, ...]:
    """Return what was said in order of time, as it stands where a time is missing."""
    if any(one.start_ms is None for one in said):
        return said
    return tuple(sorted(said, key=lambda one: one.start_ms or 0))


def _beside(value: dict[str, object]) -> dict[str, object]:
    return {key: item for key, item in value.items() if not isinstance(item, list | dict)}


def _is_sentence(value: object) -> bool:
    return v.field(value, "begin_time") is not None and v.field(value, "text", "words") is not None


READER = json_reader(
    "aliyun",
    parse=parse,
    marks=r'"(?:[Ss]entences|[Aa]srResult|Phrases|Paragraphs|roleName)"\s*:|"(?:[Bb]eginTime|begin_time)"\s*:',
    score=0.93,
    segment=_is_sentence,
    wrap="sentences",
)
