"""Rules an analyst can read and edit: what words show a signal, a complaint act, a risk.

Rules are data (``lexicons/rules/*.yaml``; the format stands in ``lexicons/rules/README.md``).
Three ways to say what is looked for: plain phrases, regular expressions over characters, and
spaCy token patterns over our own segmentation, which may name word classes (``words.yaml``). One
Aho-Corasick pass over phrases and trigger words decides which rules are tried at all, since
spaCy's Matcher is slow.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
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

from pipeline.errors import LexiconError, did_you_mean
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
    "unless_text",
    "examples",
    "counter_examples",
)
_REQUIRED = ("id", "weight", "examples", "counter_examples")
_WAYS = ("phrases", "patterns", "regex")
_WORDS = "words.yaml"
_GAP = re.compile(r"~([1-9])")
_CLAUSE_END = "，。！？；,!?;\n~～…"
_CLAUSE_MARK = re.compile(f"[{re.escape(_CLAUSE_END)}]")
_SENTENCE_END = "。！？!?\n"
_PART_END = "，。！？；：、,!?;:…\n"


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

    ``unless`` are phrases that silence the rule where they stand in the same clause as the hit,
    ``unless_text`` where they stand anywhere in the text.
    """

    id: str
    label: str
    weight: float
    triggers: tuple[str, ...]
    phrases: tuple[str, ...]
    patterns: tuple[tuple[Mapping[str, Any], ...], ...]
    regexes: tuple[re.Pattern[str], ...]
    unless: tuple[str, ...]
    unless_text: tuple[str, ...]
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
        self._needed = {
            number: (_reach(rule), tuple(_needed(pattern) for pattern in rule.patterns))
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
        silent = {
            number
            for number in {number for number, _, _ in found}
            if any(phrase in lowered for phrase in rules[number].unless_text)
        }
        guards = _Guards(lowered)
        return [
            RuleHit(rules[number].id, rules[number].label, start, end, rules[number].weight)
            for number, start, end in _apart(found)
            if number not in silent
            and not (
                rules[number].unless and guards.silence(number, start, end, rules[number].unless)
            )
        ]

    def needs_tokens(self, text: str) -> bool:
        """Return whether a text reaches the slow stage, segmentation and token patterns."""
        lowered = _lower(text)
        wanted: dict[int, list[int]] = {}
        for index, start, _ in self._automaton.find_matches_as_indexes(lowered, overlapping=True):
            for number, is_phrase in self._uses[index]:
                if not is_phrase and number in self._matchers:
                    wanted.setdefault(number, []).append(start)
        return bool(self._parts(lowered, wanted))

    def _parts(
        self, text: str, wanted: Mapping[int, Sequence[int]]
    ) -> dict[tuple[int, int], list[int]]:
        """Return the parts around the triggers that hold, in order, all that some pattern needs."""
        parts: dict[tuple[int, int], list[int]] = {}
        for number, positions in wanted.items():
            ends, patterns = self._needed[number]
            reached = -1
            for at in positions:
                if at < reached:
                    continue
                span = _span(text, at, at + 1, ends)
                reached = span[1]
                if any(_in_order(text, span, needed) for needed in patterns):
                    parts.setdefault(span, []).append(number)
        return parts

    def _match_tokens(
        self, text: str, wanted: Mapping[int, Sequence[int]]
    ) -> list[tuple[int, int, int]]:
        """Run the token patterns of the wanted rules over the parts their triggers stand in."""
        found = []
        for (left, right), numbers in self._parts(text, wanted).items():
            tokens = [t for t in self._segmenter.tokenize(text[left:right]) if t.text.strip()]
            if not tokens:
                continue
            doc = Doc(self._vocab, words=[token.text for token in tokens])
            for number in numbers:
                for _, first, last in self._matchers[number](doc):
                    found.append((number, left + tokens[first].start, left + tokens[last - 1].end))
        return found


class _Guards:
    """Which rules are silenced in which clause of one text; each pair is looked at once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [mark.start() for mark in _CLAUSE_MARK.finditer(text)]
        self._known: dict[tuple[int, int, int], bool] = {}

    def silence(self, number: int, start: int, end: int, unless: Sequence[str]) -> bool:
        """Return whether one of the phrases stands in the clause around ``text[start:end]``."""
        before, after = bisect_left(self._ends, start), bisect_left(self._ends, end)
        left = self._ends[before - 1] + 1 if before else 0
        right = self._ends[after] if after < len(self._ends) else len(self._text)
        key = (number, left, right)
        if key not in self._known:
            clause = self._text[left:right]
            self._known[key] = any(phrase in clause for phrase in unless)
        return self._known[key]


def load_rules(folder: Path, segmenter: Tokenizer) -> Rules:
    """Read every ``*.yaml`` of a folder; raise `LexiconError` with file, line, path and cure."""
    paths = sorted(path for path in folder.glob("*.yaml") if path.name != _WORDS)
    if not paths:
        raise LexiconError(f"{folder}: expected rule files (*.yaml), found none; restore them")
    hasher = hashlib.sha256()
    rules: dict[str, Rule] = {}
    classes: dict[str, list[str]] = {}
    if (folder / _WORDS).exists():
        hasher.update((folder / _WORDS).read_bytes() + b"\0")
        for name, entry in load_marked(folder / _WORDS).mapping().items():
            classes[name] = [word.lower() for word in entry.texts()]
    for path in paths:
        hasher.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        root = load_marked(path).mapping(
            known=("label", "unless", "unless_text", "rules"), required=("rules",)
        )
        label = root["label"].choice(RULE_LABELS) if "label" in root else ""
        shared = {
            key: [text.lower() for text in root[key].texts()] if key in root else []
            for key in ("unless", "unless_text")
        }
        for entry in root["rules"].items():
            rule = _read_rule(entry, label, shared, classes)
            if rule.id in rules:
                raise entry.error("each rule id once", rule.id, "; give it another id")
            rules[rule.id] = rule
    return Rules(list(rules.values()), segmenter, hasher.hexdigest())


def _read_rule(
    entry: Marked,
    label: str,
    shared: Mapping[str, Sequence[str]],
    classes: Mapping[str, Sequence[str]],
) -> Rule:
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
        patterns=tuple(_read_pattern(item, classes) for item in parts["patterns"].items())
        if "patterns" in parts
        else (),
        regexes=tuple(_read_regex(item) for item in parts["regex"].items())
        if "regex" in parts
        else (),
        unless=(*shared["unless"], *texts("unless")),
        unless_text=(*shared["unless_text"], *texts("unless_text")),
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


def _read_pattern(
    item: Marked, classes: Mapping[str, Sequence[str]]
) -> tuple[Mapping[str, Any], ...]:
    tokens = item.plain()
    if isinstance(tokens, str):
        return tuple(_read_word(item, word, classes) for word in tokens.lower().split())
    if not isinstance(tokens, list) or not all(isinstance(token, dict) for token in tokens):
        raise item.error("words, or a list of tokens such as {TEXT: 等}", tokens)
    return tuple(tokens)


def _read_word(item: Marked, word: str, classes: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    """Turn a word of the short form (``没|未``, ``$fault``, ``都?``, ``~3``) into a token."""
    if gap := _GAP.fullmatch(word):
        # Punctuation ends a clause, and a pattern that crossed it would cite two statements.
        return {"IS_PUNCT": False, "OP": f"{{0,{gap[1]}}}"}
    body, repeat = (word[:-1], word[-1]) if word[-1] in "?*" else (word, "")
    if len(body) > 2 and body.startswith("/") and body.endswith("/"):
        regex = {"REGEX": f"^(?:{_safe_regex(item, body[1:-1])})$"}
        return {"TEXT": regex, "OP": repeat} if repeat else {"TEXT": regex}
    inverse, body = body.startswith("!"), body.removeprefix("!")
    texts: list[str] = []
    for part in body.split("|"):
        if not part.startswith("$"):
            texts.append(part)
        elif part[1:] in classes:
            texts.extend(classes[part[1:]])
        else:
            cure = did_you_mean(part[1:], classes)
            raise item.error(f"a word class of {_WORDS}", part, cure)
    token: dict[str, Any] = {"TEXT": {"NOT_IN" if inverse else "IN": texts}}
    return {**token, "OP": repeat} if repeat else token


def _read_regex(item: Marked) -> re.Pattern[str]:
    source = _safe_regex(item, item.text())
    regex = re.compile(source, re.IGNORECASE)
    if regex.match(""):
        raise item.error("a regular expression that needs at least one character", source)
    return regex


def _safe_regex(item: Marked, source: str) -> str:
    try:
        re.compile(source)
    except re.error as exc:
        raise item.error("a regular expression", source, f"; {exc}") from exc
    # (a|ab)* backtracks without end on a text made to do so; a bounded repeat can't.
    if re.search(r"\)[*+]", source):
        raise item.error("bounded repeats of groups, such as (…){0,6}", source)
    return source


def _matcher(vocab: Vocab, rule: Rule) -> Matcher:
    matcher = Matcher(vocab, validate=True)
    patterns = [[dict(token) for token in pattern] for pattern in rule.patterns]
    matcher.add(rule.id, patterns, greedy="LONGEST")
    return matcher


def _needed(pattern: Sequence[Mapping[str, Any]]) -> tuple[re.Pattern[str], ...]:
    """Return what must stand in a text, as characters, before a token pattern can match."""
    needed = []
    for token in pattern:
        text = token.get("TEXT")
        if text is None or token.get("OP", "1") not in ("1", "+"):
            continue
        if isinstance(text, str):
            needed.append(re.compile(re.escape(text)))
        elif "IN" in text:
            needed.append(re.compile("|".join(map(re.escape, text["IN"]))))
        elif str(text.get("REGEX", "")).startswith("^(?:"):
            needed.append(re.compile(text["REGEX"][1:-1]))
    return tuple(needed)


def _in_order(text: str, span: tuple[int, int], needed: Sequence[re.Pattern[str]]) -> bool:
    start, end = span
    for words in needed:
        match = words.search(text, start, end)
        if match is None:
            return False
        start = match.start() + 1
    return True


def _reach(rule: Rule) -> str:
    """Return the marks that bound a rule's patterns: a clause's, unless a token may be a mark."""
    for pattern in rule.patterns:
        for token in pattern:
            text = token.get("TEXT")
            if text is None:
                if token.get("IS_PUNCT") is not False:
                    return _SENTENCE_END
            elif isinstance(text, str):
                if text in _PART_END:
                    return _SENTENCE_END
            elif "IN" in text:
                if any(word in _PART_END for word in text["IN"]):
                    return _SENTENCE_END
            elif "REGEX" in text:
                if any(re.search(text["REGEX"], mark) for mark in _PART_END):
                    return _SENTENCE_END
            else:
                return _SENTENCE_END
    return _PART_END


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


def _span(text: str, start: int, end: int, ends: str) -> tuple[int, int]:
    """Return the stretch around ``text[start:end]`` up to the nearest of the end marks."""
    while start > 0 and text[start - 1] not in ends:
        start -= 1
    while end < len(text) and text[end] not in ends:
        end += 1
    return start, end
