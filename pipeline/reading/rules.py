"""Rules an analyst can read and edit: what words show a signal, a complaint act, a risk.

Rules are data (``lexicons/rules/*.yaml``; the format stands in ``lexicons/rules/README.md``).
Three ways to say what is looked for: plain phrases, regular expressions over characters, and
spaCy token patterns over our own segmentation. One Aho-Corasick pass over phrases and trigger
words decides which rules are tried at all, since spaCy's Matcher is slow.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import ahocorasick_rs
import spacy
from spacy.errors import MatchPatternError
from spacy.matcher import Matcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

from pipeline.errors import LexiconError
from pipeline.marked import Marked, load_marked
from pipeline.records import SIGNAL_TYPES, Token

#: What a rule can show: the signals, and seven labels beside them.
RULE_LABELS: tuple[str, ...] = (
    *SIGNAL_TYPES,
    "complaint_act",
    "resolved",
    "thanks",
    "question",
    "financial_risk",
    "food_safety_risk",
    "severe",
)

_KEYS = (
    "id",
    "label",
    "weight",
    "triggers",
    "phrases",
    "patterns",
    "regex",
    "unless",
    "examples",
    "counter_examples",
)
_REQUIRED = ("id", "weight", "examples", "counter_examples")
_WAYS = ("phrases", "patterns", "regex")
_CLAUSE_END = "，。！？；,!?;\n~～…"
_SENTENCE_END = "。！？!?\n"


class Tokenizer(Protocol):
    """Anything that cuts a text into words with offsets: `pipeline.text.tokens.Segmenter`."""

    def tokenize(self, text: str) -> Sequence[Token]:
        """Return the words of a text."""


class RuleHit(NamedTuple):
    """A rule that fired: ``text[start:end]`` shows ``label``; ``weight`` is 0…1."""

    rule_id: str
    label: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; ``weight`` 0…1 is how sure the rule alone makes its label.

    ``unless`` are phrases that silence the rule where they stand in the same clause as the hit.
    """

    id: str
    label: str
    weight: float
    triggers: tuple[str, ...]
    phrases: tuple[str, ...]
    patterns: tuple[tuple[Mapping[str, Any], ...], ...]
    regexes: tuple[re.Pattern[str], ...]
    unless: tuple[str, ...]
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]


class Rules:
    """The rules of a folder, ready to be searched for; built by `load_rules`.

    >>> from pipeline.paths import shipped
    >>> from pipeline.text.tokens import load_segmenter
    >>> rules = load_rules(shipped("lexicons") / "rules", load_segmenter("auto", []))
    >>> [(hit.label, hit.start, hit.end) for hit in rules.find("我要投诉，太贵")]
    [('complaint_act', 2, 4), ('poor_value', 5, 7)]
    """

    def __init__(self, rules: Sequence[Rule], segmenter: Tokenizer, digest: str) -> None:
        self.rules = tuple(rules)
        self.digest = digest
        self._segmenter = segmenter
        uses: dict[str, list[tuple[int, bool]]] = {}
        for number, rule in enumerate(self.rules):
            for phrase in rule.phrases:
                uses.setdefault(phrase, []).append((number, True))
            for trigger in rule.triggers:
                uses.setdefault(trigger, []).append((number, False))
        words = sorted(uses)
        self._automaton = ahocorasick_rs.AhoCorasick(words)
        self._uses = tuple(tuple(uses[word]) for word in words)
        self._vocab = spacy.blank("zh").vocab
        self._matchers = {
            number: _matcher(self._vocab, rule)
            for number, rule in enumerate(self.rules)
            if rule.patterns
        }

    def find(self, text: str) -> list[RuleHit]:
        """Return the rules that fire in a simplified text, in the order of their spans.

        Spans of one rule do not overlap; spans of different rules may.
        """
        lowered = _lower(text)
        found: list[tuple[int, int, int]] = []
        regexes: set[int] = set()
        tokens: dict[int, list[int]] = {}
        rules = self.rules
        for index, start, end in self._automaton.find_matches_as_indexes(lowered, overlapping=True):
            for number, is_phrase in self._uses[index]:
                if is_phrase:
                    found.append((number, start, end))
                    continue
                if rules[number].regexes:
                    regexes.add(number)
                if number in self._matchers:
                    tokens.setdefault(number, []).append(start)
        for number in regexes:
            for regex in rules[number].regexes:
                found.extend((number, *match.span()) for match in regex.finditer(lowered))
        if tokens:
            found.extend(self._match_tokens(lowered, tokens))
        if not found:
            return []
        return [
            RuleHit(rules[number].id, rules[number].label, start, end, rules[number].weight)
            for number, start, end in _apart(found)
            if not (rules[number].unless and _guarded(lowered, start, end, rules[number].unless))
        ]

    def needs_tokens(self, text: str) -> bool:
        """Return whether a text reaches the slow stage, segmentation and token patterns."""
        return any(
            not is_phrase and number in self._matchers
            for index, _, _ in self._automaton.find_matches_as_indexes(
                _lower(text), overlapping=True
            )
            for number, is_phrase in self._uses[index]
        )

    def _match_tokens(
        self, text: str, wanted: Mapping[int, Sequence[int]]
    ) -> list[tuple[int, int, int]]:
        """Run the token patterns of the wanted rules over the sentences their triggers stand in."""
        sentences: dict[tuple[int, int], list[int]] = {}
        for number, positions in wanted.items():
            for span in {_span(text, at, at + 1, _SENTENCE_END) for at in positions}:
                sentences.setdefault(span, []).append(number)
        found = []
        for (left, right), numbers in sentences.items():
            tokens = [t for t in self._segmenter.tokenize(text[left:right]) if t.text.strip()]
            if not tokens:
                continue
            doc = Doc(self._vocab, words=[token.text for token in tokens])
            for number in numbers:
                for _, first, last in self._matchers[number](doc):
                    found.append((number, left + tokens[first].start, left + tokens[last - 1].end))
        return found


def load_rules(folder: Path, segmenter: Tokenizer) -> Rules:
    """Read every ``*.yaml`` of a folder; raise `LexiconError` with file, line, path and cure."""
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise LexiconError(f"{folder}: expected rule files (*.yaml), found none; restore them")
    hasher = hashlib.sha256()
    rules: dict[str, Rule] = {}
    for path in paths:
        hasher.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        root = load_marked(path).mapping(known=("label", "unless", "rules"), required=("rules",))
        label = root["label"].choice(RULE_LABELS) if "label" in root else ""
        unless = [text.lower() for text in root["unless"].texts()] if "unless" in root else []
        for entry in root["rules"].items():
            rule = _read_rule(entry, label, unless)
            if rule.id in rules:
                raise entry.error("each rule id once", rule.id, "; give it another id")
            rules[rule.id] = rule
    return Rules(list(rules.values()), segmenter, hasher.hexdigest())


def _read_rule(entry: Marked, label: str, unless: Sequence[str]) -> Rule:
    parts = entry.mapping(known=_KEYS, required=_REQUIRED)
    if not label or "label" in parts:
        if "label" not in parts:
            raise entry.error("the key 'label' here or at the top of the file", "neither")
        label = parts["label"].choice(RULE_LABELS)
    if not any(way in parts for way in _WAYS):
        raise entry.error(f"one of {', '.join(_WAYS)}", "none", "; say what is looked for")
    if ("patterns" in parts or "regex" in parts) and "triggers" not in parts:
        raise entry.error(
            "triggers beside patterns or regex", "none", "; name words one of which must occur"
        )
    for key, least in (("examples", 2), ("counter_examples", 1)):
        if len(parts[key].items()) < least:
            raise parts[key].error(f"at least {least} texts", len(parts[key].items()))

    def texts(key: str) -> tuple[str, ...]:
        return tuple(text.lower() for text in parts[key].texts()) if key in parts else ()

    rule = Rule(
        id=parts["id"].text(),
        label=label,
        weight=parts["weight"].number(0, 1),
        triggers=texts("triggers"),
        phrases=texts("phrases"),
        patterns=tuple(_read_pattern(item) for item in parts["patterns"].items())
        if "patterns" in parts
        else (),
        regexes=tuple(_read_regex(item) for item in parts["regex"].items())
        if "regex" in parts
        else (),
        unless=(*unless, *texts("unless")),
        examples=tuple(parts["examples"].texts()),
        counter_examples=tuple(parts["counter_examples"].texts()),
    )
    if rule.patterns:
        try:
            _matcher(Vocab(), rule)
        except (MatchPatternError, ValueError) as exc:
            found = " ".join(str(exc).split())
            raise parts["patterns"].error("spaCy token patterns", found) from exc
    return rule


def _read_pattern(item: Marked) -> tuple[Mapping[str, Any], ...]:
    tokens = item.plain()
    if not isinstance(tokens, list) or not all(isinstance(token, dict) for token in tokens):
        raise item.error("a list of tokens such as {TEXT: 等}", tokens)
    return tuple(tokens)


def _read_regex(item: Marked) -> re.Pattern[str]:
    source = item.text()
    try:
        regex = re.compile(source, re.IGNORECASE)
    except re.error as exc:
        raise item.error("a regular expression", source, f"; {exc}") from exc
    # (a|ab)* backtracks without end on a text made to do so; a bounded repeat can't.
    if re.search(r"\)[*+]", source):
        raise item.error("bounded repeats of groups, such as (…){0,6}", source)
    if regex.match(""):
        raise item.error("a regular expression that needs at least one character", source)
    return regex


def _matcher(vocab: Vocab, rule: Rule) -> Matcher:
    matcher = Matcher(vocab, validate=True)
    patterns = [[dict(token) for token in pattern] for pattern in rule.patterns]
    matcher.add(rule.id, patterns, greedy="LONGEST")
    return matcher


def _lower(text: str) -> str:
    # 'İ'.lower() is two characters: offsets matter more than one capital letter.
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text


def _apart(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Sort by span and drop, within each rule, a span that overlaps an earlier one."""
    reached: dict[int, int] = {}
    kept = []
    for number, start, end in sorted(found, key=lambda hit: (hit[1], -hit[2], hit[0])):
        if start >= reached.get(number, 0):
            kept.append((number, start, end))
            reached[number] = end
    return kept


def _guarded(text: str, start: int, end: int, unless: Sequence[str]) -> bool:
    left, right = _span(text, start, end, _CLAUSE_END)
    clause = text[left:right]
    return any(phrase in clause for phrase in unless)


def _span(text: str, start: int, end: int, ends: str) -> tuple[int, int]:
    """Return the stretch around ``text[start:end]`` up to the nearest of the end marks."""
    while start > 0 and text[start - 1] not in ends:
        start -= 1
    while end < len(text) and text[end] not in ends:
        end += 1
    return start, end
