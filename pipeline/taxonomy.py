"""What customers speak about: a two-level taxonomy of topics, as data, and its keyword matcher.

``core.yaml`` holds the topics that the product fixes and the subtopics every industry shares;
each industry pack (``bank.yaml`` …) adds subtopics and keywords. The format stands in the head
of ``core.yaml``. Keywords are Simplified Chinese, so texts are matched simplified.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple, cast

import ahocorasick_rs

from pipeline.errors import LexiconError, did_you_mean
from pipeline.marked import Marked, load_marked
from pipeline.records import TOPICS

ROOT_CAUSES = ("value", "system", "people")
CUSTOMER_COSTS = ("money", "time", "energy", "psychological", "none")
SERVQUAL = ("reliability", "responsiveness", "assurance", "empathy", "tangibles", "none")
CORE = "core"
MAX_KEYWORD = 8

_IMPLIED = ("negative", "positive")
# Whom a post calls on (@某某客服) is not its subject; the name ends at a mark or these words.
_MENTION = re.compile(r"@[\w-]{1,20}?(?:客服|官方微博|营业厅|(?=[^\w-]|$))")
_SUBTOPIC_KEYS = ("zh", "en", "root_cause", "customer_cost", "servqual", "keywords")


class TopicHit(NamedTuple):
    """A keyword found: ``text[start:end]`` speaks of the subtopic.

    ``weight`` is 0…1, how surely the keyword means it; ``polarity`` is what the keyword implies
    by itself (贵 → negative), None where it only names the matter.
    """

    topic: str
    subtopic: str
    start: int
    end: int
    weight: float
    polarity: Literal["negative", "positive"] | None


@dataclass(frozen=True, slots=True)
class Subtopic:
    """A second-level topic, with what its failure means for the customer and for the provider.

    ``root_cause`` is where the fault lies (value · system · people), ``customer_cost`` what it
    costs the customer, ``servqual`` the factor of service quality it belongs to; the last two
    are empty where none applies.
    """

    id: str
    topic: str
    zh: str
    en: str
    root_cause: str
    customer_cost: str
    servqual: str
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Topics, subtopics and keywords of the chosen industries; built by `load_taxonomy`.

    ``topics`` maps the id of a topic to its Chinese name, ``subtopics`` the id of a subtopic to
    the subtopic. ``digest`` is the SHA-256 of the files read.
    """

    topics: Mapping[str, str]
    subtopics: Mapping[str, Subtopic]
    industries: tuple[str, ...]
    digest: str
    _automaton: ahocorasick_rs.AhoCorasick
    _meanings: tuple[tuple[str, str, float, Literal["negative", "positive"] | None], ...]

    def match(self, text: str) -> list[TopicHit]:
        """Return the keywords in a simplified text, leftmost longest, without overlaps.

        Names that a post calls on (``@某某客服``) are passed over: they are no topic of it.

        >>> from pipeline.paths import shipped
        >>> taxonomy = load_taxonomy(shipped("lexicons") / "taxonomy", ["bank"])
        >>> [(hit.topic, hit.polarity) for hit in taxonomy.match("年费太贵，柜台排队久")]
        [('price', None), ('price', 'negative'), ('service', None), ('service', None)]
        """
        lowered = text.lower()
        if len(lowered) != len(text):
            lowered = text
        meanings = self._meanings
        mentions = [found.span() for found in _MENTION.finditer(lowered)] if "@" in lowered else []
        hits = []
        for index, start, end in self._automaton.find_matches_as_indexes(lowered):
            if any(left < start < right for left, right in mentions):
                continue
            topic, subtopic, weight, polarity = meanings[index]
            hits.append(TopicHit(topic, subtopic, start, end, weight, polarity))
        return hits


def industries_in(folder: Path) -> list[str]:
    """Return the names of the industry packs in a taxonomy folder."""
    return sorted(path.stem for path in folder.glob("*.yaml") if path.stem != CORE)


def load_taxonomy(folder: Path, industries: Sequence[str]) -> Taxonomy:
    """Read ``core.yaml`` and the packs of the named industries; raise `LexiconError`.

    Where a keyword stands in several files, the pack named first decides, and any pack decides
    over the core: an industry knows better what its words mean.
    """
    known = industries_in(folder)
    for name in industries:
        if name not in known:
            raise LexiconError(
                f"{folder}: expected an industry among {', '.join(known)}, found {name!r}"
                f"{did_you_mean(name, known)}"
            )
    paths = [folder / f"{name}.yaml" for name in (CORE, *dict.fromkeys(industries))]
    hasher = hashlib.sha256()
    topics: dict[str, str] = {}
    subtopics: dict[str, Subtopic] = {}
    meanings: dict[str, tuple[str, str, float, Literal["negative", "positive"] | None]] = {}
    core_words: set[str] = set()
    for path in paths:
        words = _read_file(path, topics, subtopics)
        hasher.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        if path.stem == CORE:
            meanings.update(words)
            core_words = set(words)
            continue
        for word, meaning in words.items():
            if word not in meanings or word in core_words:
                meanings[word] = meaning
                core_words.discard(word)
    ordered = sorted(meanings)
    return Taxonomy(
        topics=MappingProxyType(topics),
        subtopics=MappingProxyType(subtopics),
        industries=tuple(dict.fromkeys(industries)),
        digest=hasher.hexdigest(),
        _automaton=ahocorasick_rs.AhoCorasick(
            ordered, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest
        ),
        _meanings=tuple(meanings[word] for word in ordered),
    )


def _read_file(
    path: Path, topics: dict[str, str], subtopics: dict[str, Subtopic]
) -> dict[str, tuple[str, str, float, Literal["negative", "positive"] | None]]:
    is_core = path.stem == CORE
    root = load_marked(path).mapping(known=("topics",), required=("topics",))
    stand = root["topics"].mapping(known=TOPICS, required=TOPICS if is_core else ())
    words: dict[str, tuple[str, str, float, Literal["negative", "positive"] | None]] = {}
    for topic, entry in stand.items():
        parts = entry.mapping(
            known=("zh", "subtopics"), required=("zh", "subtopics") if is_core else ("subtopics",)
        )
        if is_core:
            topics[topic] = parts["zh"].text()
        for name, body in parts["subtopics"].mapping().items():
            subtopic, meanings = _read_subtopic(topic, name, body, subtopics.get(name))
            for word, (place, meaning) in meanings.items():
                if word in words:
                    other = words[word][1]
                    raise place.error(
                        "each keyword once in a file", word, f"; it stands under {other} too"
                    )
                words[word] = meaning
            subtopics[name] = subtopic
    return words


def _read_subtopic(
    topic: str, name: str, body: Marked, former: Subtopic | None
) -> tuple[
    Subtopic,
    dict[str, tuple[Marked, tuple[str, str, float, Literal["negative", "positive"] | None]]],
]:
    required = ("keywords",) if former else _SUBTOPIC_KEYS
    parts = body.mapping(known=_SUBTOPIC_KEYS, required=required)
    if former and former.topic != topic:
        raise body.error(
            f"subtopic {name!r} under {former.topic}", topic, "; give it an id of its own"
        )
    words: dict[
        str, tuple[Marked, tuple[str, str, float, Literal["negative", "positive"] | None]]
    ] = {}
    for item in parts["keywords"].items():
        word, weight, polarity = _read_keyword(item)
        if word in words:
            raise item.error("each keyword once", word, "; delete one of the two")
        words[word] = (item, (topic, name, weight, polarity))

    def chosen(key: str, known: Sequence[str], kept: str) -> str:
        value = parts[key].choice(known) if key in parts else kept
        return "" if value == "none" else value

    subtopic = Subtopic(
        id=name,
        topic=topic,
        zh=parts["zh"].text() if "zh" in parts else (former.zh if former else ""),
        en=parts["en"].text() if "en" in parts else (former.en if former else ""),
        root_cause=chosen("root_cause", ROOT_CAUSES, former.root_cause if former else ""),
        customer_cost=chosen(
            "customer_cost", CUSTOMER_COSTS, former.customer_cost if former else ""
        ),
        servqual=chosen("servqual", SERVQUAL, former.servqual if former else ""),
        keywords=(*(former.keywords if former else ()), *words),
    )
    return subtopic, words


def _read_keyword(item: Marked) -> tuple[str, float, Literal["negative", "positive"] | None]:
    word, *rest = item.text().lower().split()
    if len(word) > MAX_KEYWORD:
        raise item.error(f"a keyword of at most {MAX_KEYWORD} characters", word)
    weight = 1.0
    polarity: Literal["negative", "positive"] | None = None
    for part in rest:
        if part in _IMPLIED:
            polarity = cast(Literal["negative", "positive"], part)
            continue
        try:
            weight = float(part)
        except ValueError:
            cure = did_you_mean(part, _IMPLIED)
            raise item.error("'keyword [negative|positive] [weight]'", part, cure) from None
        if not 0 < weight <= 1:
            raise item.error("a weight above 0 and up to 1", part)
    return word, weight, polarity
