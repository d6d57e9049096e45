"""From verbatim to document: clean, mask, identify. Nothing here writes anything anywhere."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.records import Document, DocumentTurn, Role, Verbatim
from pipeline.text.clean import clean, simplify
from pipeline.text.content import ContentLists, content_of, load_content_lists
from pipeline.text.mask import mask, mask_cell, mask_turns
from pipeline.text.mask.words import digest as mask_digest
from pipeline.text.notes import Frames, load_frames, reported_spans

#: Labels that open a turn's line in the text of a transcript.
TURN_LABELS: Mapping[Role, str] = {"customer": "客户：", "agent": "客服：", "unknown": "未知："}

_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9][0-9]{9})")


@dataclass(frozen=True, slots=True)
class DocumentRules:
    """What turning verbatims into documents needs: word lists, and the customers' key.

    ``lists`` tell answers that say nothing, ``frames`` the customer's report in an agent's note
    from the agent's own words. ``key`` is secret and None where none is configured: then no
    customer key is made.
    """

    lists: ContentLists
    frames: Frames
    key: bytes | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the files behind the word lists, those of masking included."""
        parts = (self.lists.digest, self.frames.digest, mask_digest())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def load_rules(folder: Path, *, key: bytes | None = None) -> DocumentRules:
    """Load the word lists of a lexicon folder; raise `LexiconError` where one does not fit."""
    return DocumentRules(
        lists=load_content_lists(folder), frames=load_frames(folder / "third_person.yaml"), key=key
    )


def to_document(verbatim: Verbatim, rules: DocumentRules, *, repeat: int = 0) -> Document:
    """Clean and mask a verbatim and give it its id.

    The id is a hash of source, external id and question; of a record without an external id, of
    its masked content and ``repeat``, which tells apart identical records of one file (0 for the
    first, 1 for the second …). An external id that holds personal information (a recording named
    after the caller's number) goes in as a keyed hash or, where no key is set, not at all:
    whoever has the database could try all numbers.
    """
    masks: Counter[str] = Counter()
    if verbatim.turns:
        text, turns = _transcript(verbatim, masks)
        said = "".join(text[turn.start : turn.end] for turn in turns)
    else:
        masked = mask(clean(verbatim.text))
        masks.update(masked.masks)
        text, turns, said = masked.text, (), masked.text
    question = mask(clean(verbatim.question)).text
    attributes = {
        name: mask_cell(clean(member), column=name).text
        for name, member in verbatim.attributes.items()
        if member
    }
    shown = mask(clean(verbatim.external_id))
    known = verbatim.external_id
    if shown.masks:
        known = customer_key(known, rules.key)
    identity = [verbatim.source, known or shown.text, question]
    if not known:
        when = verbatim.occurred_at.isoformat() if verbatim.occurred_at else ""
        identity += [text, when, *(f"{k}={v}" for k, v in sorted(attributes.items())), str(repeat)]
    simplified = simplify(text)
    content = content_of(simplify(said), rules.lists)
    if turns and content != "empty":
        # A call is somebody's whatever is said in it.
        content = "content"
    return Document(
        id=hashlib.sha256("\x1f".join(identity).encode("utf-8", "replace")).hexdigest()[:16],
        source=verbatim.source,
        kind=verbatim.kind,
        channel=verbatim.channel,
        external_id=shown.text,
        text=text,
        simplified=simplified,
        turns=turns,
        question=question,
        occurred_at=verbatim.occurred_at,
        customer_key=customer_key(verbatim.customer_id, rules.key),
        scores=dict(verbatim.scores),
        attributes=attributes,
        masks=dict(sorted(masks.items())),
        no_content=content in ("empty", "template"),
        flag=content if content in ("template", "spam") else "",
        own=_reported(verbatim, simplified, rules),
        asr_dropped=verbatim.asr_dropped,
        file=verbatim.file,
        row=verbatim.row,
    )


def _reported(
    verbatim: Verbatim, simplified: str, rules: DocumentRules
) -> tuple[tuple[int, int], ...]:
    """Return the customer's report in a ticket an agent wrote; nothing for any other text."""
    if verbatim.kind != "complaint" or verbatim.turns:
        return ()
    return reported_spans(simplified, rules.frames)


def customer_key(customer_id: str, key: bytes | None) -> str:
    """Return the pseudonym of a customer: a keyed hash (HMAC-SHA256, RFC 2104), 16 hex digits.

    Without a key, or without an id, there is none. A mobile number is the same customer however
    it is written.

    >>> customer_key("C001", None)
    ''
    >>> customer_key("C001", b"secret") == customer_key(" c001 ", b"secret")
    True
    >>> customer_key("+86 138-0013-8000", b"secret") == customer_key("13800138000", b"secret")
    True
    """
    identity = clean(customer_id).lower()
    if mobile := _MOBILE.fullmatch(re.sub(r"[ \-().]", "", identity)):
        identity = mobile[1]
    if not key or not identity:
        return ""
    return hmac.new(key, identity.encode(), hashlib.sha256).hexdigest()[:16]


def _transcript(verbatim: Verbatim, masks: Counter[str]) -> tuple[str, tuple[DocumentTurn, ...]]:
    masked = mask_turns([clean(turn.text) for turn in verbatim.turns])
    lines: list[str] = []
    turns: list[DocumentTurn] = []
    position = 0
    for turn, words in zip(verbatim.turns, masked, strict=True):
        masks.update(words.masks)
        label = TURN_LABELS[turn.role]
        start = position + len(label)
        turns.append(
            DocumentTurn(
                turn_no=turn.turn_no,
                role=turn.role,
                role_source=turn.role_source,
                role_confidence=turn.role_confidence,
                start=start,
                end=start + len(words.text),
                start_ms=turn.start_ms,
                end_ms=turn.end_ms,
                asr=turn.asr,
            )
        )
        lines.append(label + words.text)
        position = start + len(words.text) + 1
    return "\n".join(lines), tuple(turns)
