"""Each shipped rule fires on its examples, not on its counter-examples, and cites its span."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import LexiconError
from pipeline.paths import shipped
from pipeline.reading.rules import RULE_LABELS, Rule, Rules, load_rules
from pipeline.records import SIGNAL_TYPES
from pipeline.text.tokens import load_segmenter

SEGMENTER = load_segmenter("auto", [])
RULES = load_rules(shipped("lexicons") / "rules", SEGMENTER)

GOOD = """
label: lukewarm
rules:
  - id: test.rule
    weight: 0.5
    triggers: [贵]
    patterns:
      - [{TEXT: {IN: [太贵, 好贵]}}]
    unless: [不觉得]
    examples: [太贵了, 真是太贵]
    counter_examples: [贵宾]
"""


def labels(text: str) -> set[str]:
    return {hit.label for hit in RULES.find(text)}


def write(folder: Path, text: str) -> Rules:
    (folder / "test.yaml").write_text(text, "utf-8")
    return load_rules(folder, SEGMENTER)


@pytest.mark.parametrize(
    ("rule_id", "text"), [(rule.id, text) for rule in RULES.rules for text in rule.examples]
)
def test_rule_fires_on_its_examples(rule_id: str, text: str) -> None:
    assert rule_id in {hit.rule_id for hit in RULES.find(text)}


@pytest.mark.parametrize(
    ("rule_id", "text"),
    [(rule.id, text) for rule in RULES.rules for text in rule.counter_examples],
)
def test_rule_is_silent_on_its_counter_examples(rule_id: str, text: str) -> None:
    assert rule_id not in {hit.rule_id for hit in RULES.find(text)}


def test_every_label_has_a_rule() -> None:
    assert {rule.label for rule in RULES.rules} == set(RULE_LABELS)


@pytest.mark.parametrize(
    ("fires", "silent", "label"),
    [
        ("太让人失望了", "从来没让我失望", "expectation_gap"),
        ("我要投诉", "懒得投诉", "complaint_act"),
        ("东西太贵", "东西不贵", "poor_value"),
        ("以后再也不来了", "以后还会再来", "churn_intent"),
        ("排队太久", "不用排队", "high_effort"),
        ("全是骗人的", "商家不骗人", "trust_loss"),
        ("打电话没人接", "电话一打就有人接", "channel_barrier"),
        ("要是早餐再丰富点就好了", "早餐很丰富", "improvement_wish"),
        ("服务一般", "服务不是一般的好", "lukewarm"),
    ],
)
def test_minimal_pairs(fires: str, silent: str, label: str) -> None:
    assert label in labels(fires)
    assert label not in labels(silent)


def test_a_guard_reaches_only_its_own_clause(tmp_path: Path) -> None:
    rules = write(tmp_path, GOOD)
    assert rules.find("我不觉得太贵") == []
    (hit,) = rules.find("我不觉得难吃，就是太贵")
    assert (hit.start, hit.end) == (9, 11)


SHORT = """
label: unresolved
rules:
  - id: test.short
    weight: 0.5
    triggers: [还是, 仍]
    patterns: ['还是|仍 都? $negation ~2 /解决|修./']
    unless_text: [谢谢]
    examples: [还是没解决, 仍没有帮我修好]
    counter_examples: [还是解决了]
"""


def test_the_short_form_names_word_classes_gaps_and_expressions(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text("negation: [没, 没有]", "utf-8")
    rules = write(tmp_path, SHORT)
    text = "催过，仍没有给我解决，算了"
    (hit,) = rules.find(text)
    assert text[hit.start : hit.end] == "仍没有给我解决"
    assert rules.find("还是没有，后来解决") == []
    assert rules.find("还是没解决，谢谢") == []


def test_an_unknown_word_class_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text("negations: [没, 没有]", "utf-8")
    with pytest.raises(LexiconError, match="did you mean 'negations'"):
        write(tmp_path, SHORT)


def test_a_text_without_all_the_words_of_a_pattern_is_not_segmented(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text("negation: [没, 没有]", "utf-8")
    rules = write(tmp_path, SHORT)
    assert rules.needs_tokens("还是没解决")
    assert not rules.needs_tokens("味道还是很好")
    assert not rules.needs_tokens("还是没空，解决")


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_what_stands_around_an_example_does_not_hide_it(rule: Rule) -> None:
    if rule.unless_text:
        return
    for text in rule.examples:
        hits = RULES.find(f"周三去的。{text}。第二天下雨")
        assert rule.id in {hit.rule_id for hit in hits}


def test_most_of_the_signal_rules_read_tokens() -> None:
    shown = [rule for rule in RULES.rules if rule.label in SIGNAL_TYPES]
    assert sum(bool(rule.patterns) for rule in shown) >= len(shown) * 0.4


def test_only_texts_with_a_trigger_are_segmented(tmp_path: Path) -> None:
    rules = write(tmp_path, GOOD)
    assert rules.needs_tokens("太贵")
    assert not rules.needs_tokens("很便宜")


def test_latin_letters_match_in_either_case() -> None:
    assert "thanks" in labels("THANKS 客服")


@given(st.lists(st.sampled_from([*"不太贵了没人排队，。\nİA", "再也不来", "失望", "等了两个小时"])))
def test_spans_lie_in_the_text_and_one_rule_never_overlaps_itself(parts: list[str]) -> None:
    text = "".join(parts)
    reached: dict[str, int] = {}
    for hit in RULES.find(text):
        assert 0 <= hit.start < hit.end <= len(text)
        assert hit.start >= reached.get(hit.rule_id, 0)
        reached[hit.rule_id] = hit.end


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("label: lukewarm", "label: lukewarn", "did you mean 'lukewarm'"),
        ("weight: 0.5", "weight: 5", "a number from 0 to 1"),
        ("weight: 0.5", "wieght: 0.5", "did you mean 'weight'"),
        ("    triggers: [贵]\n", "", "triggers beside patterns"),
        ("{TEXT: {IN", "{TEXTT: {IN", "spaCy token patterns"),
        ("[太贵了, 真是太贵]", "[太贵了]", "at least 2 texts"),
        (
            "patterns:\n      - [{TEXT: {IN: [太贵, 好贵]}}]",
            "regex: ['(贵']",
            "a regular expression",
        ),
        (
            "patterns:\n      - [{TEXT: {IN: [太贵, 好贵]}}]",
            "regex: ['贵*']",
            "at least one character",
        ),
        ("[太贵了, 真是太贵]", "太贵", "a list"),
        ("rules:", "rules: }", "expected YAML"),
    ],
)
def test_a_bad_file_names_line_place_and_cure(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in GOOD
    with pytest.raises(LexiconError) as caught:
        write(tmp_path, GOOD.replace(old, new, 1))
    message = str(caught.value)
    assert said in message
    assert message.startswith(f"{tmp_path / 'test.yaml'}:")
    assert "\n" not in message


@pytest.mark.parametrize("regex", ["'(贵|太贵)*了'", "'(贵|太贵)+了'"])
def test_a_regex_that_could_hang_is_refused(tmp_path: Path, regex: str) -> None:
    pattern = "patterns:\n      - [{TEXT: {IN: [太贵, 好贵]}}]"
    with pytest.raises(LexiconError, match="bounded repeats"):
        write(tmp_path, GOOD.replace(pattern, f"regex: [{regex}]"))


def test_an_id_may_stand_once(tmp_path: Path) -> None:
    rule = GOOD.split("rules:\n")[1]
    with pytest.raises(LexiconError, match="each rule id once"):
        write(tmp_path, GOOD + rule)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match="found none"):
        load_rules(tmp_path, SEGMENTER)
