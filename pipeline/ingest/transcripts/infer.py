"""Which side is the agent, judged by wording where the input doesn't say."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from pipeline.records import Role

#: Below this confidence a role stays unknown.
THRESHOLD = 0.75

# (pattern, log-odds that the speaker is the agent); texts are compared without blanks.
_CUES: tuple[tuple[re.Pattern[str], float], ...] = tuple(
    (re.compile(pattern), weight)
    for pattern, weight in (
        (r"高[兴興][为為]?您服[务務]|[为為]您服[务務]|[竭诚誠]{1,2}[为為]您", 3.0),
        (r"(?:什[么麼]|哪些|啥)(?:可以|能|需要)?(?:[帮幫](?:到|助|忙)?您|[为為]您)", 3.0),
        (r"可以[帮幫]到?您|有什[么麼](?:可以|需要)", 2.5),
        (r"祝您|感[谢謝](?:您的)?(?:来|來)[电電]|[请請]您?(?:稍等|对.{0,6}评价|不要挂机)", 3.0),
        (r"您稍等|稍等一下", 1.2),
        (r"(?:[这這][边邊里]|我)(?:这边)?(?:来)?(?:[帮幫]|[为為])您", 2.2),
        (r"已[经經]?(?:[帮幫]|[为為])您|[帮幫][您]?(?:核[实實]|登记|登記|反[馈饋]|查[询詢])", 1.8),
        (r"(?:抱歉|不好意思|[对對]不起).{0,6}(?:您|[给給]您|久等)|久等", 1.8),
        (r"[请請][问問](?:您|一下您|是|[还還]有)|[请請]提供|您[贵貴]姓|怎[么麼][称稱]呼", 1.8),
        (r"工[号號]|[您]的(?:心情|意见|建议|問題|问题|[号號][码碼]|手机|[诉訴]求)", 1.2),
        (r"[还還]有(?:什[么麼]|其他).{0,6}(?:[问問]题|[问問]題|需要|[帮幫])", 2.2),
        (r"[亲親][,，~～]|您[这這]边|[给給]您(?:反[馈饋]|登[记記]|回[复復電电]|答[复復])", 1.5),
        (r"您", 0.25),
        (r"我(?:就|是)?(?:想|要|是想)(?:[问問]|咨[询詢]|投[诉訴]|查|[办辦]|退|了解)", -2.5),
        (r"我(?:要|想|就是)?投[诉訴]|投[诉訴]你[们們]|你[们們]", -2.2),
        (r"我(?:的|[这這](?:个|個|边的)?)(?:卡|手[机機]|[账賬帐帳][户戶号號]|[号號]|[钱錢]|[宽寬][带帶]|流量|[话話][费費]|[订訂][单單]|[号號][码碼])",
         -2.0),
        (r"[为為]什[么麼]|怎[么麼](?:回事|办|辦|搞|[还還]|[会會])|凭什[么麼]|到底", -1.2),
        (r"你[帮幫]我|[帮幫]我(?:查|看|[办辦]|[处處])|[给給]我(?:解|退|[办辦]|[换換])", -2.2),
        (r"(?:打了|投[诉訴]了).{0,4}(?:次|遍)|没人(?:管|接|理)|太(?:差|慢|[过過]分)", -1.5),
        (r"我(?:在|家|[们們]|昨天|今天|上[个個]?月|自己|都)", -0.5),
    )
)  # fmt: skip


def agent_odds(text: str) -> float:
    """Return the log-odds that a speaker is the agent; 0 where nothing speaks for either side.

    >>> agent_odds("您好，很高兴为您服务") > 0 > agent_odds("我要投诉，你们怎么回事")
    True
    >>> agent_odds("嗯")
    0.0
    """
    joined = re.sub(r"\s+", "", text)
    return math.fsum(weight * min(len(pattern.findall(joined)), 3) for pattern, weight in _CUES)


def side_of(odds: float) -> tuple[Role, float]:
    """Return the role for log-odds, and the confidence (0.5…0.99) in it.

    >>> side_of(3.0)
    ('agent', 0.95)
    >>> side_of(0.4)
    ('unknown', 0.6)
    """
    confidence = min(round(1 / (1 + math.exp(-min(abs(odds), 20))), 2), 0.99)
    if confidence < THRESHOLD:
        return "unknown", confidence
    return ("agent" if odds > 0 else "customer"), confidence


def infer_roles(texts: Sequence[str], speakers: Sequence[str]) -> list[tuple[Role, float]]:
    """Return ``(role, confidence)`` for each turn from the wording of its speaker.

    Turns of one speaker are judged together, and of exactly two speakers one against the other;
    turns without a speaker are judged alone. Confidence 0.5 means that nothing was found.

    >>> infer_roles(["您好，请问有什么可以帮您", "那个，卡被吞了", "请稍等"], ["0", "1", "0"])
    [('agent', 0.99), ('customer', 0.99), ('agent', 0.99)]
    """
    sums: dict[str, float] = {}
    for text, speaker in zip(texts, speakers, strict=True):
        if speaker:
            sums[speaker] = sums.get(speaker, 0.0) + agent_odds(text)
    if len(sums) == 2:
        (one, left), (two, right) = sums.items()
        sums = {one: left - right, two: right - left}
    return [
        side_of(sums[speaker] if speaker else agent_odds(text))
        for text, speaker in zip(texts, speakers, strict=True)
    ]
