"""The traps of every transcript form, as the systems write them; see FORMATS.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.ingest.transcripts import noise, parse_turns
from pipeline.ingest.transcripts.pauses import Word, pieces
from pipeline.records import Quarantined, Turn, Verbatim
from pipeline.text.clauses import split
from pipeline.text.clean import simplify
from pipeline.text.documents import DocumentRules, to_document
from tests.test_transcripts import CALL, A, C, iflytek, read, said

LONG = "我的卡被吞了然后你们也没人管到底怎么回事"
# Silent for a second before 然后.
TIMES = [(200 * n + (1000 if n > 5 else 0), 200 * n + 180 + (1000 if n > 5 else 0))
         for n in range(len(LONG))]  # fmt: skip
PARTS = [("我的卡被吞了", 0, 1180), ("然后你们也没人管到底怎么回事", 2200, 4980)]


def verbatims(records: list[Verbatim | Quarantined]) -> list[Verbatim]:
    return [one for one in records if isinstance(one, Verbatim)]


def faults(records: list[Verbatim | Quarantined]) -> list[Quarantined]:
    return [one for one in records if isinstance(one, Quarantined)]


def turns(records: list[Verbatim | Quarantined]) -> list[Turn]:
    return [turn for one in verbatims(records) for turn in one.turns]


def seconds(text: str, times: list[tuple[int, int]]) -> list[dict[str, object]]:
    return [
        {"word": sign, "start": start / 1000, "end": end / 1000}
        for sign, (start, end) in zip(text, times, strict=True)
    ]


WORDS = seconds(LONG, TIMES)
SLOTS = [
    {"wb": start // 10, "we": end // 10, "cw": [{"w": sign, "wp": "n"}]}
    for sign, (start, end) in zip(LONG, TIMES, strict=True)
]
TIMED = {
    "funasr, times in a string": {
        "mode": "offline", "text": LONG, "wav_name": "c1", "is_final": False,
        "timestamp": json.dumps(TIMES)},
    "funasr, times in an array": {
        "mode": "offline", "text": " ".join(LONG), "wav_name": "c1", "timestamp": TIMES},
    "funasr, sentences broken": {
        "mode": "offline", "text": LONG, "timestamp": TIMES, "stamp_sents": ""},
    "funasr AutoModel": [{"key": "c1", "text": " ".join(LONG), "timestamp": TIMES}],
    "whisper": {"segments": [
        {"start": 0.0, "end": 4.98, "text": LONG, "avg_logprob": -0.2, "words": WORDS}]},
    "aliyun": {"TaskId": "c1", "Result": {
        "Sentences": [{"BeginTime": 0, "EndTime": 4980, "ChannelId": 0, "Text": LONG}],
        "Words": [{"Word": sign, "BeginTime": start, "EndTime": end, "ChannelId": 0}
                  for sign, (start, end) in zip(LONG, TIMES, strict=True)]}},
    "tencent": {"ResultDetail": [
        {"FinalSentence": LONG, "StartMs": 0, "EndMs": 4980, "SpeakerId": 0, "Words": [
            {"Word": sign, "OffsetStartMs": start, "OffsetEndMs": end}
            for sign, (start, end) in zip(LONG, TIMES, strict=True)]}]},
    "iflytek": {"lattice2": [{"json_1best": {"st": {
        "bg": "0", "ed": "4980", "rl": "0", "rt": [{"ws": SLOTS}]}}}]},
    "volcengine": {"result": {"text": LONG, "utterances": [
        {"text": LONG, "start_time": 0, "end_time": 4980, "words": [
            {"text": sign, "start_time": start, "end_time": end}
            for sign, (start, end) in zip(LONG, TIMES, strict=True)]}]}},
}  # fmt: skip


@pytest.mark.parametrize("form", TIMED)
def test_bare_speech_is_parted_at_its_pauses(form: str, tmp_path: Path) -> None:
    _, records = read(tmp_path / "c1.json", TIMED[form])
    assert [(turn.text, turn.start_ms, turn.end_ms) for turn in turns(records)] == PARTS
    assert all(turn.asr for turn in turns(records))


def test_a_turn_stays_one_turn_and_its_pause_ends_an_opinion_unit(tmp_path: Path) -> None:
    segments = [
        {"start": 0.0, "end": 4.98, "text": LONG, "speaker": "SPEAKER_01", "words": WORDS},
        {"start": 6.0, "end": 8.0, "text": A, "speaker": "SPEAKER_00"},
    ]
    _, records = read(tmp_path / "c1.json", {"segments": segments})
    (text, *_) = [turn.text for turn in turns(records)]
    assert text == " ".join(part for part, *_ in PARTS)
    assert [text[a:b] for a, b in split(text, [(0, len(text))])] == [part for part, *_ in PARTS]


@pytest.mark.parametrize("speaker", ["", "SPEAKER_01"])
@pytest.mark.parametrize(
    "parts",
    [
        ["我要投诉你们我的电话是幺三八", "零零幺三", "八零零零你们记一下"],
        ["你们给我打电话吧我的号码是", "幺三八零零幺三八零零零好吧"],
        ["身份证号码四四零一零六", "嗯一九九零零一", "零一一二三四我要投诉"],
        ["你们给我记一下我叫", "李雷", "不要再打错了听到没有啊"],
    ],
)
def test_what_is_masked_is_masked_across_pauses(
    parts: list[str], speaker: str, tmp_path: Path
) -> None:
    text, times, at = "".join(parts), [], 0
    for part in parts:
        times += [(at + 200 * n, at + 200 * n + 180) for n in range(len(part))]
        at += 200 * len(part) + 1200
    one = {"start": 0, "end": at / 1000, "text": text, "words": seconds(text, times)}
    other = {"start": at / 1000, "end": at / 1000 + 1, "text": "好的", "speaker": "SPEAKER_00"}
    segments = [{**one, "speaker": speaker}, other] if speaker else [one]
    _, records = read(tmp_path / "c1.json", {"segments": segments})
    (record,) = verbatims(records)
    document = to_document(record, DocumentRules(empty_answers=()))
    kept = simplify(document.text)
    assert not any(word in kept for word in ("幺三", "零零", "八零", "四四零", "李雷")), kept
    assert "[" in kept


def test_no_pause_parts_a_number() -> None:
    text = "你们记一下我的电话幺三八零零幺三八零零零"
    words = [Word(sign, 900 * n, 900 * n + 100) for n, sign in enumerate(text)]
    assert pieces(text, words)[-1].text.endswith("幺三八零零幺三八零零零")


def test_numerals_without_times_do_not_spoil_the_rest(tmp_path: Path) -> None:
    words = [dict(word) for word in WORDS]
    for word in words[2:4]:
        del word["start"], word["end"]
    _, records = read(
        tmp_path / "c1.json",
        {"segments": [{"start": 0, "end": 4.98, "text": LONG, "words": words}]},
    )
    assert [(turn.text, turn.start_ms, turn.end_ms) for turn in turns(records)] == PARTS


def test_speaker_missing_on_words_and_segments(tmp_path: Path) -> None:
    segments = [
        {"start": 0, "end": 2, "text": A, "speaker": "SPEAKER_00"},
        {"start": 2, "end": 3, "text": "嗯"},
        {"start": 3, "end": 6, "text": C, "words": [
            {"word": "我"}, {"word": "的", "speaker": "SPEAKER_01"}]},
    ]  # fmt: skip
    _, records = read(tmp_path / "c1.json", {"segments": segments})
    assert said(records) == [("agent", A), ("unknown", "嗯"), ("customer", C)]


def test_runtime_sentences_are_spaced_and_punctuated_apart(tmp_path: Path) -> None:
    sentences = [{"text_seg": "正 是 因 为", "punc": ",", "start": 430, "end": 1130,
                  "ts_list": [[430, 670], [670, 810], [810, 1030], [1030, 1130]]}]  # fmt: skip
    body = {"mode": "offline", "wav_name": "c1.wav", "text": "x", "stamp_sents": sentences}
    _, records = read(tmp_path / "x.json", body)
    assert [(turn.text, turn.start_ms) for turn in turns(records)] == [("正是因为,", 430)]
    assert verbatims(records)[0].external_id == "c1"


def test_drafts_of_two_passes_are_left_out(tmp_path: Path) -> None:
    messages = [
        {"mode": "2pass-online", "text": "我的", "wav_name": "c1"},
        {"mode": "2pass-offline", "text": A, "wav_name": "c1", "timestamp": "[[0,90]]"},
        {"mode": "2pass-online", "text": "没人", "wav_name": "c1"},
        {"mode": "2pass-offline", "text": C, "wav_name": "c1", "timestamp": "[[0,90]]"},
    ]
    _, records = read(tmp_path / "c.jsonl", "\n".join(map(json.dumps, messages)))
    assert said(records) == [("agent", A), ("customer", C)]


def test_http_server_of_funasr(tmp_path: Path) -> None:
    body = {"code": 0, "text": A + C, "sentences": [
        {"text": A, "start": 0, "end": 0}, {"text": C, "start": 2100, "end": 2100}]}  # fmt: skip
    name, records = read(tmp_path / "c.json", body)
    assert (name, said(records)) == ("funasr", CALL)
    assert turns(records)[1].start_ms == 2100


@pytest.mark.parametrize(
    "text",
    ["<|zh|><|NEUTRAL|><|Speech|><|woitn|>您好<|zh|><|ANGRY|><|Speech|>卡没了", "🎼您好卡没了😡"],
)
def test_sensevoice_tags_are_metadata(text: str, tmp_path: Path) -> None:
    body = [{"key": "c1", "text": text}]
    _, records = read(tmp_path / "c.json", body, attributes={"mood": "emotion"})
    assert [turn.text for turn in turns(records)] == ["您好卡没了"]
    assert verbatims(records)[0].attributes == {"mood": "angry"}
    _, records = read(tmp_path / "c.json", body)
    assert verbatims(records)[0].attributes == {}


def test_what_whisper_invents_is_dropped_and_counted_and_no_fault(tmp_path: Path) -> None:
    segments = [
        {"start": 0, "end": 2, "text": A, "avg_logprob": -0.2, "no_speech_prob": 0.01},
        {"start": 2, "end": 4, "text": "谢谢大家", "avg_logprob": -1.3, "no_speech_prob": 0.9},
        {"start": 4, "end": 6, "text": "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目"},
        {"start": 6, "end": 8, "text": ""},
        {"start": 8, "end": 20, "text": "我要退款" * 12, "compression_ratio": 9.0},
        {"start": 20, "end": 22, "text": "字幕由 Amara.org 社群提供"},
    ]
    _, records = read(tmp_path / "c.json", {"text": "x", "segments": segments})
    assert [turn.text for turn in turns(records)] == [A, "我要退款"]
    assert verbatims(records)[0].asr_dropped == 4
    assert not faults(records)


def test_blanks_are_punctuation_to_whisper(tmp_path: Path) -> None:
    body = {"segments": [{"start": 0, "end": 5, "text": " 我要投訴你們的服務 怎么一直没人管"}]}
    _, records = read(tmp_path / "c.json", body)
    assert [turn.text for turn in turns(records)] == ["我要投訴你們的服務 怎么一直没人管"]


ALIYUN = {
    "lower case": {"sentences": [
        {"beginTime": 9, "endTime": 90, "role": 1, "roleName": "坐席", "text": A},
        {"beginTime": 90, "endTime": 190, "role": 2, "roleName": "客户", "text": C}]},
    "quality check": {"AsrResult": {"AsrResult": [
        {"Begin": 9, "End": 90, "Role": "客服", "Words": A, "EmotionValue": 6},
        {"Begin": 90, "End": 190, "Role": "客户", "Words": C}]}},
    "track after track": {"Result": {"Sentences": [
        {"BeginTime": 90, "EndTime": 190, "ChannelId": 1, "Text": C, "EmotionValue": None},
        {"BeginTime": 9, "EndTime": 90, "ChannelId": 0, "Text": A, "SpeechRate": 177}]}},
    "DashScope": {"file_url": "https://x", "transcripts": [
        {"channel_id": 1, "sentences": [{"begin_time": 90, "end_time": 190, "text": C}]},
        {"channel_id": 0, "sentences": [{"begin_time": 9, "end_time": 90, "text": A}]}]},
}  # fmt: skip


@pytest.mark.parametrize("form", ALIYUN)
def test_aliyun_spellings(form: str, tmp_path: Path) -> None:
    name, records = read(tmp_path / "c.json", ALIYUN[form])
    assert (name, said(records), turns(records)[0].start_ms) == ("aliyun", CALL, 9)


def test_one_label_on_every_sentence_tells_nobody_apart(tmp_path: Path) -> None:
    body = {"Sentences": [
        {"BeginTime": 0, "EndTime": 9, "ChannelId": 0, "Text": A},
        {"BeginTime": 9, "EndTime": 19, "ChannelId": 0, "Text": C}]}  # fmt: skip
    _, records = read(tmp_path / "c.json", body)
    assert said(records) == CALL


OTHERS: dict[str, tuple[str, str, object]] = {
    "Whisper with ids and speakers": ("c.json", "whisper", {
        "task": "transcribe", "language": "zh", "duration": 5.0, "text": A + C, "segments": [
            {"id": 0, "start": 0.07, "end": 2, "text": A, "speaker": "A"},
            {"id": 1, "start": 2, "end": 5, "text": C, "speaker": "B"}]}),
    "whisper.cpp": ("c.json", "whisper", {"result": {"language": "zh"}, "transcription": [
        {"offsets": {"from": 70, "to": 2500}, "text": A},
        {"offsets": {"from": 2500, "to": 4000}, "text": C}]}),
    "通义听悟": ("c.json", "aliyun", {"TaskId": "c1", "Transcription": {"Paragraphs": [
        {"SpeakerId": "1", "Words": [{"Start": 70, "End": 90, "Text": A[:3]},
                                     {"Start": 90, "End": 99, "Text": A[3:]}]},
        {"SpeakerId": "2", "Words": [{"Start": 100, "End": 200, "Text": C}]}]}}),
    "Tencent callback": ("c.json", "tencent", {"code": 0, "requestId": 123456789, "text":
        f"[0:0.070,0:2.380,0]  {A}\n[0:2.5,0:4.0,1]  {C}\n"}),
    "iFlytek, nobody told apart": ("c.json", "iflytek", {"lattice": [
        {"json_1best": json.dumps(iflytek(A, "0", 70)), "spk": "段落-0"},
        {"json_1best": json.dumps(iflytek(C, "0", 2100)), "spk": "段落-0"}]}),
    "Zoom": ("c.vtt", "subtitles",
        f"WEBVTT\n\n1\n00:00:00.070 --> 00:00:05.000\nLi Lei: {A}\n\n"
        f"2\n00:00:05.000 --> 00:00:06.000\n韩梅: {C}\n"),
    "clock in a table": ("c.csv", "transcript_table",
        f"通话编号,角色,开始时间,内容\nc1,客服,00:00:00.07,{A}\nc1,客户,00:00:05,{C}\n"),
}  # fmt: skip


@pytest.mark.parametrize("form", OTHERS)
def test_other_spellings(form: str, tmp_path: Path) -> None:
    file, reader, content = OTHERS[form]
    name, records = read(tmp_path / file, content)
    assert (name, said(records), turns(records)[0].start_ms) == (reader, CALL, 70)


@pytest.mark.parametrize("agent", ["0", "1"])
def test_the_track_of_the_agent_is_configuration(agent: str, tmp_path: Path) -> None:
    # Speakers 1 and 2 were told apart on tracks 1 and 0: the configuration names the track.
    body = {"Sentences": [
        {"BeginTime": 0, "ChannelId": 1, "SpeakerId": "0", "Text": "嗯"},
        {"BeginTime": 9, "ChannelId": 0, "SpeakerId": "1", "Text": "好"}]}  # fmt: skip
    _, records = read(tmp_path / "c.json", body, columns={"agent": agent})
    roles = {turn.text: turn.role for turn in turns(records)}
    assert roles == ({"嗯": "agent", "好": "customer"} if agent == "1" else
                     {"嗯": "customer", "好": "agent"})  # fmt: skip
    assert {turn.role_source for turn in turns(records)} == {"channel"}


def test_a_configured_name_is_no_track(tmp_path: Path) -> None:
    body = {"sentences": [
        {"beginTime": 0, "channelId": 0, "roleName": "小李", "text": "嗯"},
        {"beginTime": 9, "channelId": 1, "roleName": "王女士", "text": "好"}]}  # fmt: skip
    _, records = read(tmp_path / "c.json", body, columns={"agent": "小李"})
    assert said(records) == [("agent", "嗯"), ("customer", "好")]


def test_what_stays_unknown_was_not_inferred() -> None:
    # 你 speaks for the customer, and not loud enough.
    turns_ = parse_turns("A：嗯你\nB：好的")
    assert {(turn.role, turn.role_source, turn.role_confidence) for turn in turns_} == {
        ("unknown", "none", 1.0)
    }


def test_tencent_nulls_and_chinese_numerals(tmp_path: Path) -> None:
    body = {"Response": {"Data": {"TaskId": 95223940, "Result": "", "ResultDetail": [
        {"FinalSentence": None, "WrittenText": None, "StartMs": None, "SpeakerId": None,
         "Words": None, "SliceSentence": "号码 是 幺 三 八 零 零 一 三 八 零 零 零"}
    ]}}}  # fmt: skip
    _, records = read(tmp_path / "c.json", body)
    (record,) = verbatims(records)
    document = to_document(record, DocumentRules(empty_answers=()))
    assert document.text.endswith("：号码是[手机号]")
    assert document.turns[0].asr


def test_a_broken_string_of_iflytek_is_shown(tmp_path: Path) -> None:
    _, records = read(
        tmp_path / "c.json", {"content": {"orderResult": '{"lattice": [', "orderInfo": {}}}
    )
    (fault,) = faults(records)
    assert (fault.column, fault.excerpt) == ("orderResult", '{"lattice": [')


def test_every_label_of_the_list_and_times_before_and_after() -> None:
    labels = ["客服", "坐席", "座席", "话务员", "客户", "用户", "来电人", "市民"]
    text = "\n".join(f"{label}{colon}好的" for label in labels for colon in ("：", ":", " : "))
    assert [turn.role for turn in parse_turns(text)] == ["agent"] * 12 + ["customer"] * 12
    timed = parse_turns("来电人 00:15 ：嗯\n(00:16) 坐席1001：请\n稍等\n[00:17] 市民: 好")
    assert [(turn.role, turn.text, turn.start_ms) for turn in timed] == [
        ("customer", "嗯", 15_000), ("agent", "请稍等", 16_000), ("customer", "好", 17_000)
    ]  # fmt: skip


def test_webvtt_blocks_settings_voices_and_a_broken_cue(tmp_path: Path) -> None:
    text = (
        "\ufeffWEBVTT - call\r\nKind: captions\r\n\r\nNOTE\r\n内部备注\r\n\r\nSTYLE\r\n"
        "::cue { color: red }\r\n\r\nREGION\r\nid:fred\r\n\r\nid-1\r\n"
        "00:01.000 --> 00:02.000 align:start position:10%\r\n"
        "<v.loud 客服小李>您好<v 客户>卡<b>没</b>了</v>\r\n\r\nNOTE 改过\r\n\r\n"
        "00:03.000 --> xx\r\n坏了\r\n\r\n"
        "01:00:04.000 --> 01:00:05.000\r\n<v 客户>没人\r\n管</v>\r\n"
    )
    name, records = read(tmp_path / "c.vtt", text)
    assert name == "subtitles"
    assert [(turn.role, turn.text, turn.start_ms) for turn in turns(records)] == [
        ("agent", "您好", 1000), ("customer", "卡没了", 1000), ("customer", "没人管", 3_604_000)
    ]  # fmt: skip
    (fault,) = faults(records)
    assert (fault.row, fault.excerpt) == (19, "00:03.000 --> xx\n坏了")


def test_srt_without_empty_lines_and_with_too_many(tmp_path: Path) -> None:
    text = (
        "1\n00:00:01,000 --> 00:00:02,000\n客服：您好\n2\n00:00:02,000 --> 00:00:03,000\n"
        "客户：卡没了，\n\n没人管\n\n3\n00:00:61,000 --> 00:00:03,000\n坏了\n\n还有\n"
    )
    _, records = read(tmp_path / "c.srt", text)
    assert said(records) == [("agent", "您好"), ("customer", "卡没了，没人管")]
    assert [(one.row, one.excerpt[-2:]) for one in faults(records)] == [(11, "坏了"), (14, "还有")]


@pytest.mark.parametrize(
    ("text", "asr"),
    [
        (f"客服：{A}\n客户：{C}", False),
        ("客户：呃你好就是我想问一下我这个手机怎么老是没有信号啊然后上网也上不了", True),
        ("您好 很 高兴 为您服务 呃 你好 我 想 问 一下 话费", True),
        ("客户：在吗\n客服：亲在的\n客户：什么时候发货", False),
    ],
)
def test_a_recogniser_is_known_by_its_spelling(text: str, asr: bool, tmp_path: Path) -> None:
    _, records = read(tmp_path / "c.txt", text)
    assert {turn.asr for turn in turns(records)} == {asr}


def test_a_unit_in_which_both_sides_speak_stays_unknown() -> None:
    shared = "我要投诉你们怎么老是没有信号请您稍等我帮您核实一下"
    (turn,) = parse_turns(f"A：{shared}")
    assert (turn.role, turn.role_source) == ("unknown", "none")


@pytest.mark.parametrize(
    ("broken", "excerpt"),
    [
        ('[{"key": "a", "text": "您好"}, {"key": "b", "te', '{"key": "b", "te'),
        ('{"key": "a", "text": "您好"}\n{"key": "b"; }\n', '{"key": "b"; }'),
        ('[{"key": "a", "text": "您好"}, 7]', "7"),
        ('[{"key": "a", "text": "您好"}, {"key": "b", "text": ["=1+1"]}]', '["=1+1"]'),
    ],
)
def test_what_cannot_be_read_is_shown(broken: str, excerpt: str, tmp_path: Path) -> None:
    _, records = read(tmp_path / "c.json", broken)
    assert [one.excerpt for one in faults(records)] == [excerpt]
    assert len(verbatims(records)) == 1


def test_excerpts_are_short(tmp_path: Path) -> None:
    _, records = read(tmp_path / "c.json", [{"key": "a", "text": "好"}, {"x": "长" * 10_000}])
    assert [len(one.excerpt) for one in faults(records)] == [500]


def test_a_slogan_goes_whole() -> None:
    slogan = "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目"
    assert noise.dropped(slogan) == ("", 1)
    assert noise.dropped(slogan + " 我要投诉") == ("我要投诉", 1)
