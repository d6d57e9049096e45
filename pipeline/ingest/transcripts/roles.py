"""Who speaks: role words of call centres, in Chinese and English."""

from __future__ import annotations

import re
import unicodedata

from pipeline.records import Role

# Longest first: 客户经理 is an agent though it starts with 客户.
AGENT_WORDS: tuple[str, ...] = (
    "客户经理", "客户服务", "用户服务", "客服", "坐席", "座席", "话务员", "话务", "接线员",
    "受理员", "工作人员", "服务人员", "专员", "经办人", "柜员", "店员", "机器人", "智能助手",
    "人工", "商家", "卖家", "callcenter", "customerservice", "helpdesk", "agent", "operator",
    "representative", "csr", "staff", "support", "assistant", "server", "seller", "bot", "system",
)  # fmt: skip
CUSTOMER_WORDS: tuple[str, ...] = (
    "客户", "客戶", "用户", "用戶", "顾客", "顧客", "来电人", "來電人", "来电者", "市民", "投诉人",
    "诉求人", "反映人", "买家", "访客", "乘客", "旅客", "业主", "患者", "群众", "会员", "消费者",
    "customer", "client", "caller", "user", "visitor", "guest", "buyer", "consumer",
)  # fmt: skip
UNKNOWN_WORDS: tuple[str, ...] = (
    "未知", "不明", "说话人", "發言人", "发言人", "讲话人", "甲", "乙", "unknown", "speaker", "spk",
    "a", "b",
)  # fmt: skip
_NAME = r"(?:[0-9]{1,6}|[A-Za-z]|[\u4e00-\u9fff]{1,4}|[A-Za-z]?[0-9]{1,6}号?)"
# After a blank 00:15 is a time and not the number of a seat.
_TAIL = rf"(?:[_\-]?{_NAME}| {_NAME}(?![0-9]|:[0-5][0-9]))?"


def role_of(label: str) -> Role | None:
    """Return the role a speaker label names; None where it names none.

    >>> role_of("坐席1"), role_of("客户经理"), role_of("Customer"), role_of("A"), role_of("张三")
    ('agent', 'agent', 'customer', 'unknown', None)
    """
    word = re.sub(r"[\s_\-【】\[\]()<>:：]", "", unicodedata.normalize("NFKC", label)).casefold()
    if not word or len(word) > 24:
        return None
    for words, role in ((AGENT_WORDS, "agent"), (CUSTOMER_WORDS, "customer")):
        if any(word.startswith(known) for known in words):
            return "agent" if role == "agent" else "customer"
    for known in UNKNOWN_WORDS:
        if re.fullmatch(re.escape(known) + r"[0-9a-z]{0,3}", word) and (
            len(known) > 1 or word == known
        ):
            return "unknown"
    return None


def label_pattern() -> str:
    """Return the regular expression of a speaker label, for line heads in plain text."""
    words = sorted((*AGENT_WORDS, *CUSTOMER_WORDS), key=len, reverse=True)
    named = "|".join(re.escape(word) for word in words)
    unknown = (
        r"未知|不明|说话人|發言人|发言人|讲话人|甲|乙|unknown|speaker|spk|[ABＡＢ](?![A-Za-z])"
    )
    return rf"(?:(?:{named}|{unknown}){_TAIL})"
