"""What is known of a document besides its words: where it was said, and what was asked.

The models are trained on texts without either, so both are stated here as plain priors: numbers
to argue about, not learned weights.
"""

from __future__ import annotations

import re

from pipeline.records import Document

#: Questions that ask for what is wrong; who answers them with content mostly says what is wrong.
_ASKS_WHAT_IS_WRONG = re.compile(
    r"不满|不足|不便|不好|不喜欢|问题|缺点|困扰|困难|差在哪|需要?改进|有待(?:改进|提高|加强)|投诉|抱怨"
)
#: Questions that ask for praise.
_ASKS_WHAT_IS_GOOD = re.compile(
    r"(?<!不)(?:最?满意|最?喜欢)的|优点|亮点|做得好|选择.{0,6}(?:原因|理由)"
)

#: How much a question moves the log-odds of dissatisfaction: 1.0 multiplies the odds by 2.7.
_WRONG_SHIFT = 1.0
_GOOD_SHIFT = -0.5

#: Share of dissatisfied messages to a complaint desk that are complaint acts: 135 of 153 among
#: the citizen messages of our annotation.
DESK_COMPLAINT_SHARE = 0.88


def dissatisfaction_shift(question: str) -> float:
    """Return what a question adds to the log-odds that its answer is dissatisfied.

    >>> dissatisfaction_shift("您最不满意的地方是什么？"), dissatisfaction_shift("您最满意的地方？")
    (1.0, -0.5)
    >>> dissatisfaction_shift("")
    0.0
    """
    if not question:
        return 0.0
    if _ASKS_WHAT_IS_WRONG.search(question):
        return _WRONG_SHIFT
    if _ASKS_WHAT_IS_GOOD.search(question):
        return _GOOD_SHIFT
    return 0.0


def at_complaint_desk(document: Document) -> bool:
    """Return whether the document was filed with a complaint desk.

    Whoever is dissatisfied there has performed a complaint act by filing: silence is silence
    towards the complaint desk.
    """
    return document.kind == "complaint"
