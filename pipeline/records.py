"""The nouns of the pipeline. Frozen; the docstring of each defines the term.

A *verbatim* comes in from a reader, raw, and lives in memory only. Cleaning and masking turn it
into a *document*; reading a document gives a *reading*: its clauses, topics and signals.
All offsets are Python string indices into ``Document.text``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

Kind = Literal["complaint", "transcript", "survey"]
Role = Literal["customer", "agent", "unknown"]
RoleSource = Literal["given", "channel", "prefix", "inferred", "none"]
Polarity = Literal["negative", "neutral", "positive", "mixed"]
Flag = Literal["", "template", "spam"]

KINDS: tuple[Kind, ...] = ("complaint", "transcript", "survey")
POLARITIES: tuple[Polarity, ...] = ("negative", "neutral", "positive", "mixed")

#: The four topics fixed by the client, and ``other``.
TOPICS: tuple[str, ...] = ("price", "service", "quality", "environment", "other")

#: The thirteen ways in which dissatisfaction shows; see the annotation guidelines.
SIGNAL_TYPES: tuple[str, ...] = (
    "churn_intent",
    "competitor_preference",
    "high_effort",
    "unresolved",
    "expectation_gap",
    "resignation",
    "channel_barrier",
    "improvement_wish",
    "implicit_negative",
    "sarcasm",
    "poor_value",
    "trust_loss",
    "lukewarm",
)

#: Signals that say the customer means to leave: the third axis, kept apart from the other two.
LEAVING_SIGNALS: frozenset[str] = frozenset({"churn_intent", "competitor_preference"})

_EMPTY: Mapping[str, str] = MappingProxyType({})
_NO_SCORES: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker turn 话轮 of a call or chat.

    ``start_ms``/``end_ms`` are milliseconds from the start of the call, None where the input has
    no times. ``role_confidence`` is 1.0 unless the role was inferred. ``asr`` says that a
    recogniser wrote the words, not a person.
    """

    turn_no: int
    role: Role
    text: str
    role_source: RoleSource = "given"
    role_confidence: float = 1.0
    start_ms: int | None = None
    end_ms: int | None = None
    asr: bool = False


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Words as received 客户原声: in memory only, never stored unmasked.

    Exactly one of ``text`` (complaint, survey answer) and ``turns`` (transcript) is filled.
    ``external_id`` is the id in the source system; empty when the source has none, and then the
    content identifies the record. ``customer_id`` is raw personal data. ``scores`` are numbers
    given beside the words (``nps`` 0–10, ``csat`` 1–5 …); ``attributes`` are the columns results
    are broken down by (``branch``, ``product``, ``cohort`` …). ``asr_dropped`` counts what a
    recogniser made up (hallucinations, loops) and the reader left out.
    """

    source: str
    kind: Kind
    channel: str
    text: str = ""
    turns: tuple[Turn, ...] = ()
    external_id: str = ""
    question: str = ""
    occurred_at: datetime | None = None
    customer_id: str = ""
    scores: Mapping[str, float] = field(default_factory=lambda: _NO_SCORES)
    attributes: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    asr_dropped: int = 0
    file: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row that can't be read: where, and why.

    ``row`` counts from 1 and is the row a person sees in the file (the header is row 1); 0 means
    the file as a whole. ``column`` is empty where no single column is at fault. ``excerpt`` shows
    what was found there: raw as a reader yields it, masked and short once it has left
    ``pipeline.ingest``.
    """

    file: str
    row: int
    column: str
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class DocumentTurn:
    """Where one speaker turn stands in ``Document.text``: ``text[start:end]``, label excluded."""

    turn_no: int
    role: Role
    role_source: RoleSource
    role_confidence: float
    start: int
    end: int
    start_ms: int | None = None
    end_ms: int | None = None
    asr: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    r"""One cleaned, masked verbatim 文档 with source, channel, time and customer key.

    ``text`` is what is stored and shown; of a transcript it is one line a turn,
    ``客户：…\n客服：…``. ``simplified`` has the same length as ``text``, character for character,
    in Simplified Chinese: analysis reads it, so an offset into one is an offset into the other.
    ``no_content`` marks answers such as 无 or 没有: kept, but left out of denominators. ``flag``
    is ``template`` where a form or a system wrote the text, ``spam`` where it advertises, else
    empty. ``masks`` counts what was masked, by kind (``mobile``, ``name`` …). ``own`` are the
    spans of the customer's own words in a note that an agent wrote, empty where it is no such
    note.
    """

    id: str
    source: str
    kind: Kind
    channel: str
    external_id: str
    text: str
    simplified: str
    turns: tuple[DocumentTurn, ...] = ()
    question: str = ""
    occurred_at: datetime | None = None
    customer_key: str = ""
    scores: Mapping[str, float] = field(default_factory=lambda: _NO_SCORES)
    attributes: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    masks: Mapping[str, int] = field(default_factory=dict)
    no_content: bool = False
    flag: Flag = ""
    own: tuple[tuple[int, int], ...] = ()
    asr_dropped: int = 0
    file: str = ""
    row: int = 0

    def customer_spans(self) -> list[tuple[int, int]]:
        """Spans of the customer's own words: of a call their turns, of an agent's note the report.

        Any other text is the customer's as a whole. Turns of unknown role count as the
        customer's where no turn is known to be, or where roles were inferred throughout: nobody
        told the speakers apart, and what is not the agent's is then mostly the customer's.
        """
        if not self.turns:
            return list(self.own) or [(0, len(self.text))]
        told = any(turn.role_source not in ("inferred", "none") for turn in self.turns)
        own = [(turn.start, turn.end) for turn in self.turns if turn.role == "customer"]
        if own and told:
            return own
        return [(turn.start, turn.end) for turn in self.turns if turn.role != "agent"]


@dataclass(frozen=True, slots=True)
class Clause:
    """One opinion unit 观点单元; ``text == document.text[start:end]``."""

    document_id: str
    clause_no: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Token:
    """One word 词 of a text; ``text == source[start:end]``."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Signal:
    """One kind of dissatisfaction evidence 不满信号; ``text == document.text[start:end]``.

    ``score`` is 0…1. ``origin`` is the id of the rule that fired, or ``model`` where the
    evidence was found by the weights of the linear model.
    """

    type: str
    start: int
    end: int
    text: str
    score: float
    origin: str = "model"


@dataclass(frozen=True, slots=True)
class TopicOpinion:
    """A topic spoken about in one clause 主题与极性: ``subtopic`` is empty at the first level."""

    topic: str
    subtopic: str
    polarity: Polarity
    score: float


@dataclass(frozen=True, slots=True)
class ClauseReading:
    """A clause with its polarity score (−1…1) and the topics spoken about in it."""

    clause: Clause
    polarity: Polarity
    score: float
    topics: tuple[TopicOpinion, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document says on the axes this product measures.

    Three axes are kept apart: ``dissatisfied``, ``complaint`` (a complaint act was performed) and
    ``leaving`` (an intent to leave). Scores of the first two are 0…1; ``sentiment_score`` is
    −1…1. ``topics`` maps topic to polarity; a topic not spoken about is absent. ``satisfaction``
    (−2…2) is estimated for transcripts only.
    """

    document_id: str
    sentiment: Polarity
    sentiment_score: float
    topics: Mapping[str, Polarity]
    complaint: bool
    complaint_score: float
    dissatisfied: bool
    dissatisfaction_score: float
    leaving: bool
    signals: tuple[Signal, ...] = ()
    clauses: tuple[ClauseReading, ...] = ()
    satisfaction: float | None = None

    @property
    def silent(self) -> bool:
        """Silent dissatisfaction 非投诉型抱怨: dissatisfied and no complaint act."""
        return self.dissatisfied and not self.complaint
