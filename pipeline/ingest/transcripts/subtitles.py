"""SRT and WebVTT: speaker as a prefix or ``<v Name>``; multi-line cues; BOM and CRLF."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from webvtt.errors import MalformedCaptionError
from webvtt.models import Caption
from webvtt.vtt import WebVTTCommentBlock, WebVTTCueBlock, WebVTTStyleBlock

from pipeline.config import SourceSettings
from pipeline.errors import InputError
from pipeline.ingest.arrays import MAX_ITEM
from pipeline.ingest.reader import Reader
from pipeline.ingest.transcripts import values as v
from pipeline.ingest.transcripts.calls import Call, Said, Unread, records
from pipeline.ingest.transcripts.plain import utterances
from pipeline.ingest.transcripts.roles import role_of
from pipeline.records import Quarantined, Verbatim

_CLOCK = r"(?:\d{1,10}:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?"
_TIMING = re.compile(rf"\s*({_CLOCK})\s*-->\s*({_CLOCK})(?![\d:])(.*)", re.S)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]{1,80})>", re.I)
_MARKUP = re.compile(r"</?[a-z][^<>]{0,80}>|<\d[\d:.]*>|\{\\[^{}]{0,40}\}", re.I)
_PREFIX = re.compile(
    r"^\s*(?:[\[【(（]([^\]】)）]{1,24})[\]】)）]\s*[：:]?|((?:SPEAKER|spk)_?\d{1,3})\s*[：:])\s*"
)
_NAME = re.compile(r"\s*([^\W\d][^:：，。,!?！？<>\n]{0,23}?)\s*[:：]\s*")
_LINE_END = re.compile(r"\r\n|\r|\n")


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield ``(line, block)``: lines between empty ones, and a block for each ``-->``.

    Many programs leave the empty line out: the number of a cue then stands under the words of the
    one before.
    """
    block: list[str] = []
    first = 1
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            if block:
                yield first, block
            block = []
            continue
        if "-->" in line and any("-->" in one for one in block):
            own = [block.pop()] if block[-1].strip().isdigit() else []
            yield first, block
            block, first = own, number - len(own)
        elif not block:
            first = number
        block.append(line)
    if block:
        yield first, block


def _cue(block: list[str]) -> Caption | None:
    """Return the cue of a block as webvtt-py reads it, None where it is malformed.

    What it refuses and other programs write is spelled its way first: commas, no fraction.
    """
    at = next(n for n, line in enumerate(block) if "-->" in line)
    found = _TIMING.match(block[at])
    if not found or at > 1:
        return None
    start, end = (
        clock.replace(",", ".") if re.search("[.,]", clock) else f"{clock}.000"
        for clock in found.groups()[:2]
    )
    spelled = [*block[:at], f"{start} --> {end} {found[3].strip()}", *block[at + 1 :]]
    if not WebVTTCueBlock.is_valid(spelled):
        return None
    cue = WebVTTCueBlock.from_lines(spelled)
    try:
        return Caption(cue.start, cue.end, cue.payload, cue.identifier)
    except MalformedCaptionError:
        return None


def parse(text: str) -> tuple[tuple[Said, ...], tuple[tuple[int, Unread], ...]]:
    r"""Read the cues of a subtitle text, and ``(line, fault)`` of each cue that can't be read.

    >>> said, _ = parse("1\r\n00:00:01,000 --> 00:00:02,500\r\n客户：卡被\r\n吞了\r\n")
    >>> (said[0].role, said[0].text, said[0].end_ms)
    ('customer', '卡被吞了', 2500)
    """
    cues: list[Caption] = []
    faults: list[tuple[int, Unread]] = []
    text = text.lstrip("\ufeff")
    vtt = text.startswith("WEBVTT")
    broken = False
    for line, block in _blocks(_LINE_END.split(text)):
        if any("-->" in one for one in block):
            cue = _cue(block)
            broken = cue is None
            if cue is None:
                reason = "expected 00:00:01,000 --> 00:00:02,000 and words, found else"
                place = line + next(n for n, one in enumerate(block) if "-->" in one)
                faults.append((place, Unread("", reason, v.excerpt("\n".join(block)))))
            else:
                cues.append(cue)
            continue
        if vtt and (not cues or _is_aside(block)):
            continue
        if len(block) == 1 and block[0].strip().isdigit():
            continue
        if broken or not cues:
            reason = "expected a cue, found words without a time"
            faults.append((line, Unread("", reason, v.excerpt("\n".join(block)))))
        else:
            # The words of one cue go on under an empty line.
            cues[-1].lines.extend(block)
    said: list[Said] = []
    named = _named([cue.raw_text for cue in cues])
    for cue in cues:
        for speaker, words in _voices(cue.raw_text):
            name = _NAME.match(words) if named and not speaker else None
            if name and name[1] in named:
                speaker, words = name[1], words[name.end() :]
            for one in utterances(words):
                said.append(
                    Said(
                        one.text,
                        speaker or one.speaker,
                        None if speaker else one.role,
                        "given" if speaker else "prefix",
                        cue.start_time.in_milliseconds(),
                        cue.end_time.in_milliseconds(),
                    )
                )
    return tuple(said), tuple(faults)


def _is_aside(block: list[str]) -> bool:
    return (
        WebVTTCommentBlock.is_valid(block)
        or WebVTTStyleBlock.is_valid(block)
        or block[0].strip() in ("STYLE", "REGION")
    )


def _named(texts: list[str]) -> frozenset[str]:
    """Return the names that open the cues, as Zoom writes them; none where few cues have one."""
    found = [name[1] for text in texts if (name := _NAME.match(text)) and not role_of(name[1])]
    names = frozenset(found)
    # A word before a colon that comes once in a while is what somebody said.
    return names if 2 <= len(names) <= 6 and len(found) * 10 >= 6 * len(texts) else frozenset()


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
        text = file.read(MAX_ITEM)
    said, faults = parse(text)
    for line, fault in faults:
        yield Quarantined(str(path), line, fault.column, fault.reason, fault.excerpt)
    if not said and not faults:
        raise InputError(f"{path}: expected subtitles, found no cue with words; export again")
    if said:
        yield from records(Call(said), source, timezone, path=path, row=1, stem=path.stem)


READER = Reader("subtitles", ("transcript",), _sniff, _read)
