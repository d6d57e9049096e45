"""What a recogniser makes up: stock hallucinations, repetition loops, markup tags."""

from __future__ import annotations

import re

_TAGS = re.compile(r"<\s*\|[^|<>]{0,40}\|\s*>")
_EMOTION = re.compile(
    r"<\s*\|\s*(HAPPY|SAD|ANGRY|NEUTRAL|FEARFUL|DISGUSTED|SURPRISED)\s*\|\s*>", re.I
)
# Credits and channel slogans from the subtitles the models were trained on.
_STOCK = re.compile(
    r"(?:中文)?(?:字幕(?:由|[:：])?|由)\s*amara\.?\s*org\s*(?:社[群区區])?(?:提供)?(?:的字幕)?"
    r"|[请請]不吝[点點][赞贊讚].{0,30}?(?:[栏欄]目|[点點]{2}|打[赏賞](?:支持)?|[订訂][阅閱]|$)"
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
    """Take SenseVoice tags out of a text.

    >>> strip_tags("<|zh|><|ANGRY|><|Speech|><|withitn|>怎么还没好")
    '怎么还没好'
    """
    return _TAGS.sub("", text).strip()


def emotion(text: str) -> str:
    """Return the SenseVoice emotion tag of a text in lower case, or an empty string.

    >>> emotion("<|zh|><|ANGRY|>怎么还没好")
    'angry'
    """
    found = _EMOTION.search(text)
    return found[1].lower() if found else ""


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
