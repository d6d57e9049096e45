"""Whatever stands in a file: records, quarantined parts or an error of ours, and nothing else."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.ingest.transcripts import READERS
from pipeline.records import Quarantined, Verbatim
from tests.test_transcript_forms import ALIYUN, TIMED
from tests.test_transcripts import FORMS, TEXTS, source

SEEDS: list[object] = [*FORMS.values(), *TIMED.values(), *ALIYUN.values()]
#: Every name a parser asks for, so that arbitrary values stand where it looks.
NAMES = sorted(
    {
        "key", "text", "timestamp", "sentence_info", "stamp_sents", "text_seg", "punc", "ts_list",
        "mode", "segments", "word_segments", "words", "word", "start", "end", "speaker", "spk",
        "no_speech_prob", "avg_logprob", "Response", "Data", "Result", "ResultDetail", "Words",
        "FinalSentence", "SliceSentence", "StartMs", "EndMs", "SpeakerId", "OffsetStartMs",
        "Sentences", "sentences", "transcripts", "AsrResult", "BeginTime", "EndTime", "ChannelId",
        "roleName", "role", "content", "orderResult", "lattice", "lattice2", "json_1best", "st",
        "rt", "ws", "cw", "w", "wp", "wb", "we", "rl", "bg", "result", "resp", "utterances",
        "additions", "start_time", "end_time", "turns", "messages", "sender", "id", "code",
    }
)  # fmt: skip
ODD = st.sampled_from(
    ["", "=1+1", "@SUM(A1)", "\ud800", "\x00", "客服：", "[[1,2]]", "{", "-1", "1e999", "9" * 400,
     "我要退款" * 9, "<v ", "00:00:01,000 --> ", -1, 10**40, 1e308, float("nan"), True]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | ODD
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])


def _spoiled(value: object, place: int, junk: object) -> object:
    """Replace the ``place``-th node of a JSON value."""
    count = -1

    def walk(node: object) -> object:
        nonlocal count
        count += 1
        if count == place:
            return junk
        if isinstance(node, dict):
            return {key: walk(item) for key, item in node.items()}
        return [walk(item) for item in node] if isinstance(node, list) else node

    return walk(value)


def _read_by_all(content: bytes, suffix: str = ".json") -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"c{suffix}"
        path.write_bytes(content)
        for reader in READERS:
            assert 0 <= reader.sniff(path, content[:65_536]) <= 1
            message = ""
            try:
                for record in reader.read(path, source(), "Asia/Shanghai"):
                    assert isinstance(record, Verbatim | Quarantined)
                    if isinstance(record, Quarantined):
                        assert len(record.excerpt) <= 500
                        record.excerpt.encode()
                    else:
                        assert record.turns
                        "".join(turn.text for turn in record.turns).encode()
            except InputError as exc:
                message = str(exc)
            assert "\n" not in message


def _bytes(value: object, encoding: str = "utf-8") -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(encoding, "replace")


def spoil(seed: object, place: int, junk: object, cut: int | None, encoding: str) -> None:
    _read_by_all(_bytes(_spoiled(seed, place, junk), encoding)[:cut])


SPOILED = {
    "seed": st.sampled_from(SEEDS),
    "place": st.integers(0, 60),
    "junk": JSON,
    "cut": st.none() | st.integers(1, 600),
    "encoding": ENCODINGS,
}


@settings(max_examples=120, deadline=None)
@given(**SPOILED)
def test_spoiled_json(
    seed: object, place: int, junk: object, cut: int | None, encoding: str
) -> None:
    spoil(seed, place, junk, cut, encoding)


@settings(max_examples=120, deadline=None)
@given(JSON)
def test_any_shape_under_the_names_that_parsers_ask_for(value: object) -> None:
    _read_by_all(_bytes(value))


@settings(max_examples=60, deadline=None)
@given(
    text=st.sampled_from(sorted(TEXTS.values())),
    junk=ODD.map(str) | st.text(max_size=6),
    place=st.integers(0, 200),
    cut=st.none() | st.integers(1, 300),
    encoding=ENCODINGS,
    suffix=st.sampled_from([".txt", ".srt", ".vtt", ".csv"]),
)
def test_spoiled_text(
    text: str, junk: str, place: int, cut: int | None, encoding: str, suffix: str
) -> None:
    content = (text[:place] + junk + text[place:]).encode(encoding, "replace")[:cut]
    _read_by_all(content, suffix)


@settings(max_examples=40, deadline=None)
@given(first=st.binary(max_size=80), text=st.sampled_from(sorted(TEXTS.values())), last=ENCODINGS)
def test_bytes_of_two_encodings(first: bytes, text: str, last: str) -> None:
    _read_by_all(first + text.encode(last, "replace"), ".txt")


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"segments":' * 3_000 + "1" + "}" * 3_000,
        '[{"key":"a","text":' + "[" * 2_000 + "]" * 2_000 + "}]",
        '{"lattice": [{"json_1best": "' + "[" * 50_000 + '"}]}',
        json.dumps({"segments": [{"start": 0, "end": 1, "text": "卡" * 200_000}]}),
        json.dumps({"segments": [{"start": 0, "end": 1, "text": "我要退款 " * 30_000}]}),
        '{"text": "' + "客服：" * 200_000,
        "WEBVTT\n\n" + "-->\n" * 10_000,
        "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "<v " * 50_000,
        "1\n00:00:01,000 --> 00:00:02,000\n" + "[" * 200_000,
    ],
    ids=["brackets", "objects", "lists", "in a string", "long word", "loop", "cut", "arrows",
         "voices", "prefix"],
)  # fmt: skip
def test_deep_and_huge(body: str) -> None:
    _read_by_all(body.encode())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_cut_at_every_byte(seed: int) -> None:
    content = _bytes(SEEDS[seed])
    for cut in range(1, len(content)):
        _read_by_all(content[:cut])


@pytest.mark.slow
@settings(max_examples=4_000, deadline=None)
@given(**SPOILED)
def test_spoiled_json_for_long(
    seed: object, place: int, junk: object, cut: int | None, encoding: str
) -> None:
    spoil(seed, place, junk, cut, encoding)


@pytest.mark.slow
@settings(max_examples=4_000, deadline=None)
@given(JSON)
def test_any_shape_for_long(value: object) -> None:
    _read_by_all(_bytes(value))
