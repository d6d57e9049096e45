"""Chinese names of the closed vocabularies, for readers; code and tables keep the English ones."""

from __future__ import annotations

from collections.abc import Mapping

TOPIC_NAMES: Mapping[str, str] = {
    "*": "全部",
    "price": "价格",
    "service": "服务",
    "quality": "质量",
    "environment": "环境",
    "other": "其他",
}
SIGNAL_NAMES: Mapping[str, str] = {
    "churn_intent": "流失意向",
    "competitor_preference": "竞品更优",
    "high_effort": "费时费力",
    "unresolved": "反复未解决",
    "expectation_gap": "期望落差",
    "resignation": "无奈放弃",
    "channel_barrier": "渠道不畅",
    "improvement_wish": "改进期望",
    "implicit_negative": "事实性不满",
    "sarcasm": "反讽",
    "poor_value": "不值",
    "trust_loss": "信任受损",
    "lukewarm": "勉强接受",
}
#: Why customers stay silent, and the signals that show it (domain model, section 1).
SILENCE_REASONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "channel_blocked": ("渠道不畅或不了解", ("channel_barrier",)),
    "not_worth_it": ("不值得花时间精力", ("resignation", "lukewarm")),
    "going_elsewhere": ("打算改购其它", ("churn_intent", "competitor_preference")),
    "in_the_text_only": (
        "只在话里流露",
        (
            "high_effort",
            "unresolved",
            "expectation_gap",
            "improvement_wish",
            "sarcasm",
            "poor_value",
            "trust_loss",
            "implicit_negative",
        ),
    ),
}
CHANNEL_NAMES: Mapping[str, str] = {
    "*": "全部渠道",
    "complaint": "投诉工单",
    "hotline": "热线通话",
    "survey": "问卷开放题",
}
DIMENSION_NAMES: Mapping[str, str] = {
    "*": "全部",
    "branch": "网点",
    "product": "产品",
    "cohort": "客群",
    "channel": "渠道",
}
POLARITY_NAMES: Mapping[str, str] = {
    "negative": "负面",
    "neutral": "中性",
    "positive": "正面",
    "mixed": "褒贬兼有",
}

#: Columns of ``report_quality``.
QUALITY_NAMES: Mapping[str, str] = {
    "rows_read": "读入的记录",
    "kept": "收下的记录",
    "quarantined": "隔离的记录",
    "duplicates": "同一编号的重复记录",
    "documents": "在库文档",
    "no_content": "其中没有内容的回答",
    "templates": "其中表单、系统或传抄的话",
    "spam": "其中广告",
    "copies": "其中重复别人的话",
    "counted": "进分母的文档",
    "without_time": "没有时间的文档",
    "without_customer": "没有客户标识的文档",
    "masked": "脱敏的个人信息",
    "turns": "话轮",
    "unknown_speakers": "其中角色不明",
    "inferred_speakers": "其中角色靠推断",
    "calls": "通话与会话",
    "unknown_calls": "其中认不出客户的",
    "asr_dropped": "识别引擎编造、已剔除的片段",
}


def named(names: Mapping[str, str], key: str) -> str:
    """Return the Chinese name of a key, or the key itself where a user added it.

    >>> named(TOPIC_NAMES, "price"), named(CHANNEL_NAMES, "微信小程序")
    ('价格', '微信小程序')
    """
    return names.get(key, key)
