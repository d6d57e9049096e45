"""What a recogniser makes up: stock hallucinations, repetition loops, markup tags."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.ingest.transcripts.unmarked import is_spaced

_TAGS = re.compile(r"<\s*\|[^|<>]{0,40}\|\s*>")
_EMOTION = re.compile(
    r"<\s*\|\s*(HAPPY|SAD|ANGRY|NEUTRAL|FEARFUL|DISGUSTED|SURPRISED)\s*\|\s*>", re.I
)
# What rich_transcription_postprocess writes in place of the tags of emotions and of sounds.
_FACES = {
    "😊": "happy",
    "😔": "sad",
    "😡": "angry",
    "😰": "fearful",
    "🤢": "disgusted",
    "😮": "surprised",
}
_SIGNS = re.compile(rf"[{''.join(_FACES)}🎼👏😀😭🤧😷❓]")
# Credits and channel slogans from the subtitles the models were trained on.
_STOCK = re.compile(
    r"(?:中文)?(?:字幕(?:由|[:：])?|由)\s*amara\.?\s*org\s*(?:社[群区區])?(?:提供)?(?:的字幕)?"
    r"|[请請]不吝[点點][赞贊讚](?:[\s,，、]{0,3}(?:[订訂][阅閱]|[转轉][发發]|打[赏賞]|支持|[与與和]|明[镜鏡]"
    r"|[点點]{2}|[栏欄]目|我的|[频頻]道)){0,12}"
    r"|明[镜鏡][与與需][点點]{2}[栏欄]目"
    r"|(?:中文)?字幕志[愿願]者\s*[\u4e00-\u9fff]{0,4}"
    r"|[优優]{2}[独獨]播[剧劇][场場][—\-]*(?:yoyo\s*television\s*series\s*exclusive)?"
    r"|(?:本)?字幕(?:[制製]作|提供)(?:者)?[:：]?\s*[\u4e00-\u9fff]{0,4}$",
    re.I,
)
_WEAK = re.compile(
    r"(?:[谢謝]{2}|感[谢謝])(?:大家)?(?:的)?(?:[观觀]看|收看|收[听聽])|我[们們]下(?:期|次|集)再[见見]"
    r"|thankyouforwatching|thanksforwatching|(?:[订訂][阅閱]|[点點][赞讚贊])(?:我的)?(?:[频頻]道)?",
    re.I,
)
_LOOP = re.compile(r"(.{2,24}?)\1{4,}", re.S)


def strip_tags(text: str) -> str:
    """Take SenseVoice tags out of a text, and the pictures its postprocessing writes for them.

    >>> strip_tags("<|zh|><|ANGRY|><|Speech|><|withitn|>怎么还没好😡")
    '怎么还没好'
    """
    return _SIGNS.sub("", _TAGS.sub("", text)).strip()


def emotion(text: str) -> str:
    """Return the emotion that SenseVoice tagged most often, in lower case; empty without tags.

    A text has one tag a segment; neutral ones count only where there is no other.

    >>> emotion("<|zh|><|NEUTRAL|>您好<|zh|><|ANGRY|>怎么还没好")
    'angry'
    """
    found = [tag.lower() for tag in _EMOTION.findall(text)]
    found += [_FACES[sign] for sign in text if sign in _FACES]
    moved = [tag for tag in found if tag != "neutral"] or found
    return max(sorted(set(moved)), key=moved.count, default="")


def sounds_recognised(texts: Sequence[str]) -> bool:
    """Say whether a recogniser wrote the words, where the form doesn't say: by their spelling.

    People who write a call down punctuate it, and a chat has no long message without punctuation.
    A recogniser that punctuates can't be told from a person this way.

    >>> sounds_recognised(["呃你好就是我想问一下我这个手机怎么老是没有信号啊然后上网也上不了"])
    True
    >>> sounds_recognised(["您好，请问有什么可以帮您？", "我的卡被吞了"])
    False
    """
    every = sum(map(len, texts))
    bare = sum(len(text) for text in texts if is_spaced(text) or _is_bare(text))
    # One message without punctuation makes no recording of a chat.
    return 0 < every * 2 < bare * 3


def _is_bare(text: str) -> bool:
    marks = len(re.findall(r"[，。！？；、,.!?;:：…~～\[\]@\"“”]| (?=[^ ])", text))
    return len(text) >= 30 and marks * 60 < len(text)


def dropped(text: str) -> tuple[str, int]:
    """Return the text without hallucinations and loops, and how many were dropped.

    Of a loop its first round stays: the words may have been said, their repetition was not.

    >>> dropped("字幕由 Amara.org 社群提供")
    ('', 1)
    >>> dropped("我要退款我要退款我要退款我要退款我要退款我要退款")
    ('我要退款', 1)
    >>> dropped("对对对对对对")
    ('对对对对对对', 0)
    """
    kept, count = _STOCK.subn("", text)
    if count:
        kept = kept.strip(" ,，。.!！、")
    if _WEAK.fullmatch(re.sub(r"[\s,，。.!！~、]+", "", kept)):
        return "", count + 1

    def once(match: re.Match[str]) -> str:
        nonlocal count
        if len(set(match[1])) == 1 or len(match[0]) < 12:
            return match[0]
        # Spoken digits repeat in real numbers, and there every one counts.
        if re.fullmatch(r"[\d零〇一二三四五六七八九十幺两\s]+", match[1]):
            return match[0]
        count += 1
        return match[1]

    # The pattern backtracks; no spoken segment is this long.
    if len(kept) <= 4000:
        kept = _LOOP.sub(once, kept)
    return kept, count
