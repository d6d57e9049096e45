"""Which side is the agent, judged by wording where the input doesn't say.

Measured on the half of 2,940 public helpdesk dialogues that set no weight
(``python tests/bench/bench_roles.py``). Speakers told apart and not named: 96.6 % of turns get a
role, 99.6 % of them the right one. No marks at all, the dialogues run together without punctuation
and cut into units: 44 % get a role, and it counts as right only where the side said four fifths of
the unit:

=========  =======  =====
stated     units    right
=========  =======  =====
0.75-0.85    1,626  0.81
0.85-0.95    1,822  0.91
=========  =======  =====
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from pipeline.records import Role

#: Below this confidence a role stays unknown.
THRESHOLD = 0.75

# (pattern, log-odds that the speaker is the agent); texts are compared without blanks. Weights
# come from a logistic regression on half of 2,940 public helpdesk dialogues, drawn towards zero
# for what people say otherwise on the telephone (我, 您, 又); the cues of a call's opening and
# close, which chats lack, are set by hand.
_CUES: tuple[tuple[re.Pattern[str], float], ...] = tuple(
    (re.compile(pattern), weight)
    for pattern, weight in (
        (r"高[兴興][为為]?您服[务務]|[为為]您服[务務]|竭[诚誠][为為]", 2.5),
        (r"(?:什[么麼]|哪些|啥)(?:可以|能|需要)?(?:[帮幫](?:到|助|忙)?您|[为為]您)"
         r"|可以[帮幫]到?您|有什[么麼](?:可以|需要)", 2.5),
        (r"祝您|感[谢謝](?:您的)?(?:来|來)[电電]|不要挂机"
         r"|[评評][价價].{0,8}(?:服[务務]|[满滿]意)|(?:服[务務]|[满滿]意).{0,4}[评評][价價]", 3.0),
        (r"[请請您]您?稍[等候]|您.{0,2}稍[后後]", 1.8),
        (r"(?:[这這][边邊里]|我|[现現]在?)(?:[这這][边邊]|先)?(?:来)?(?:[帮幫]|[为為])您", 2.0),
        (r"已[经經]?(?:[帮幫]|[为為])您|[为為]您(?:核[实實]|登[记記]|反[馈饋]|查[询詢]|[办辦]理|[转轉]接|[处處]理)",
         1.8),
        (r"抱歉|(?:不好意思|[对對]不起|不住).{0,6}(?:您|久等)|久等|[给給]您添麻[烦煩]|[谅諒]解", 1.4),  # noqa: E501
        (r"[请請][问問](?:您|一下您|是|[还還]有)|[请請](?:您)?提供|您[贵貴]姓|怎[么麼][称稱]呼", 1.6),  # noqa: E501
        (r"工[号號]|您的(?:心情|意见|建议|問題|问题|[号號][码碼]|手机|[诉訴]求)", 1.0),
        (r"[还還]有(?:什[么麼]|其他).{0,6}(?:[问問]题|[问問]題|需要|[帮幫])", 2.2),
        (r"^[亲親](?![戚人朋自])|[亲親][，,~～]|[给給]您(?:反[馈饋]|登[记記]|回[复復電电]|答[复復])",
         1.7),
        (r"不客[气氣]", 1.6),
        (r"[请請]您|建[议議]您|麻[烦煩]您|[烦煩][请請]|您可(?:以)?", 1.4),
        (r"(?<![谢謝烦煩])您(?![好帮幫给給说說])", 1.2),
        (r"(?<![烦煩])[帮幫为為]您|我.{0,6}[帮幫为為给給]你", 1.2),
        (r"我[们們](?:会|會|[将將]|已|[这這][边邊]会|[马馬]上|[尽盡]快)", 1.8),
        (r"我(?:就|是)?(?:想|要|是想)(?:[请請]?[问問]|咨[询詢]|投[诉訴]|查|[办辦]|取消|退|了解)", -2.0),  # noqa: E501
        (r"你[们們]", -2.2),
        (r"我(?:的|[这這](?:个|個|边的)?)(?:卡|手[机機]|[账賬帐帳][户戶号號]|[号號]|[钱錢]|[宽寬][带帶]|流量|[话話][费費]|[订訂][单單]|[号號][码碼]|套餐|[电電][话話])",
         -1.5),
        (r"[为為]什[么麼]|怎[么麼](?:回事|办|辦|搞|[还還]|[会會])|凭什[么麼]|到底", -1.4),
        (r"你[帮幫]我|[帮幫]我(?:查|看|[办辦]|[处處]|[开開取转轉])|[给給]我(?:解|退|[办辦]|[换換])", -2.0),  # noqa: E501
        (r"(?:打了|投[诉訴]了).{0,4}(?:次|遍)|[没沒]人(?:管|接|理)|太(?:差|慢|[过過]分|[贵貴]|坑)|垃圾",
         -1.4),
        (r"我(?:在|家|昨天|今天|上[个個]?月|自己|都|[刚剛]|已[经經])", -0.9),
        (r"(?<![请請帮幫为為给給])你(?![好们們])", -0.6),
        (r"我(?![们們这這帮幫为為司来來给給的再先])", -0.9),
        (r"又|老是|一直|[还還]是|怎[么麼]|[没沒]有?[人用办辦反]|用不了", -0.8),
    )
)  # fmt: skip
#: However plain its wording, so many units of a call without marks are one side's alone.
_SUREST_UNIT = 0.93
#: Evidence for both sides of this weight each: two people share the words, or nobody can say.
_BOTH = 1.4


def _evidence(text: str) -> tuple[float, float]:
    """Return the weight of what speaks for the agent, and of what speaks for the customer."""
    joined = re.sub(r"\s+", "", text)
    odds = [weight * min(len(pattern.findall(joined)), 2) for pattern, weight in _CUES]
    return math.fsum(one for one in odds if one > 0), -math.fsum(one for one in odds if one < 0)


def agent_odds(text: str) -> float:
    """Return the log-odds that a speaker is the agent; 0 where nothing speaks for either side.

    >>> agent_odds("您好，很高兴为您服务") > 0 > agent_odds("我要投诉，你们怎么回事")
    True
    >>> agent_odds("嗯")
    0.0
    """
    agent, customer = _evidence(text)
    return agent - customer


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


def _of_unit(text: str) -> tuple[Role, float]:
    """Return the role of words that stand without a speaker, and the confidence in it.

    The longer a unit, the likelier the other side speaks in it too: judged on calls put together
    from real dialogues, one in ten units of 20 characters and one in four of 75 are shared.
    """
    agent, customer = _evidence(text)
    if min(agent, customer) >= _BOTH:
        return "unknown", 0.5
    role, confidence = side_of(agent - customer)
    own = max(1 - 0.004 * max(len(text) - 15, 0), 0.8)
    confidence = min(max(round(confidence * own, 2), 0.5), _SUREST_UNIT)
    return (role if confidence >= THRESHOLD else "unknown"), confidence


def infer_roles(texts: Sequence[str], speakers: Sequence[str]) -> list[tuple[Role, float]]:
    """Return ``(role, confidence)`` for each turn from the wording of its speaker.

    Turns of one speaker are judged together, and of exactly two speakers one against the other;
    turns without a speaker are judged alone, and stay unknown where both sides speak in them:
    a unit of a call without marks may hold a question and its answer. That turns take turns is no
    help there, for units aren't turns. Confidence 0.5 means that nothing was found.

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
        side_of(sums[speaker]) if speaker else _of_unit(text)
        for text, speaker in zip(texts, speakers, strict=True)
    ]
