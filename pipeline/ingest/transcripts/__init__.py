"""Hotline and chat transcripts: one small file per form, all yielding the same records."""

from __future__ import annotations

from pipeline.ingest.reader import Reader
from pipeline.ingest.transcripts import (
    aliyun,
    dialogue,
    funasr,
    iflytek,
    plain,
    subtitles,
    tables,
    tencent,
    volcengine,
    whisper,
)
from pipeline.ingest.transcripts.plain import parse_turns

#: Readers of transcripts; the surest one reads the file.
READERS: tuple[Reader, ...] = (
    plain.READER,
    subtitles.READER,
    funasr.READER,
    whisper.READER,
    aliyun.READER,
    tencent.READER,
    iflytek.READER,
    volcengine.READER,
    dialogue.READER,
    tables.READER,
)

__all__ = ["READERS", "parse_turns"]
