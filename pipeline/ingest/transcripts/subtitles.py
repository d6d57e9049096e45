"""SRT and WebVTT: speaker as a prefix or ``<v Name>``; multi-line cues; BOM and CRLF."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest.reader import Reader
from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, records
from pipeline.ingest.transcripts.plain import utterances
from pipeline.records import Quarantined, Verbatim

_CLOCK = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_CUE = re.compile(rf"^\s*{_CLOCK}\s*-->\s*{_CLOCK}")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]{1,80})>", re.I)
_MARKUP = re.compile(r"</?[a-z][^<>]{0,80}>|<\d[\d:.]*>|\{\\[^{}]{0,40}\}", re.I)
_PREFIX = re.compile(
    r"^\s*(?:[\[【(（]([^\]】)）]{1,24})[\]】)）]\s*[：:]?|((?:SPEAKER|spk)_?\d{1,3})\s*[：:])\s*"
)


def _ms(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, fraction = parts
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    return whole * 1000 + int((fraction or "0").ljust(3, "0"))


def parse(text: str) -> tuple[tuple[Said, ...], tuple[tuple[int, str], ...]]:
    r"""Read the cues of a subtitle text, and ``(line, reason)`` of each cue at fault.

    >>> said, _ = parse("1\r\n00:00:01,000 --> 00:00:02,500\r\n客户：卡被\r\n吞了\r\n")
    >>> (said[0].role, said[0].text, said[0].end_ms)
    ('customer', '卡被吞了', 2500)
    """
    said: list[Said] = []
    faults: list[tuple[int, str]] = []
    lines = text.lstrip("\ufeff").splitlines()
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        if "-->" not in line:
            continue
        cue = _CUE.match(" ".join(line.split()))
        body: list[str] = []
        while place < len(lines) and lines[place].strip() and "-->" not in lines[place]:
            body.append(lines[place])
            place += 1
        if not cue:
            faults.append((place - len(body), "expected 00:00:01,000 --> 00:00:02,000, found else"))
            continue
        # Without the blank line, the number of the next cue stands under this one's words.
        if place < len(lines) and "-->" in lines[place] and body and body[-1].strip().isdigit():
            body.pop()
        start, end = _ms(cue.groups()[:4]), _ms(cue.groups()[4:])
        for speaker, words in _voices("\n".join(body)):
            for one in utterances(words):
                said.append(
                    Said(
                        one.text,
                        speaker or one.speaker,
                        None if speaker else one.role,
                        "given" if speaker else "prefix",
                        start,
                        end,
                    )
                )
    return tuple(said), tuple(faults)


def _voices(body: str) -> list[tuple[str, str]]:
    parts = _VOICE.split(body)
    found = [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
    out = []
    for speaker, words in found:
        bare = html.unescape(_MARKUP.sub("", words))
        if not speaker and (prefix := _PREFIX.match(bare)):
            speaker, bare = prefix[1] or prefix[2] or "", bare[prefix.end() :]
        if bare.strip():
            out.append((html.unescape(speaker).strip(), bare))
    return out


def _sniff(path: Path, head: bytes) -> float:
    text = v.head_text(head).lstrip("\ufeff \r\n")
    if text.startswith("WEBVTT"):
        return 1.0
    return 0.97 if re.search(rf"^[ \t]{{0,8}}{_CLOCK}\s*-->\s*{_CLOCK}", text, re.M) else 0.0


def _read(path: Path, source: SourceSettings, timezone: str) -> Iterator[Verbatim | Quarantined]:
    encoding = v.encoding_of(path, source.encoding)
    with path.open(encoding=encoding) as file:
        text = file.read(v.MAX_VALUE)
    said, faults = parse(text)
    for line, reason in faults:
        yield Quarantined(str(path), line, "", reason)
    if not said and not faults:
        raise InputError(f"{path}: expected subtitles, found no cue with words; export again")
    if said:
        yield from records(Call(said), source, timezone, path=path, row=1, stem=path.stem)


READER = Reader("subtitles", ("transcript",), _sniff, _read)
