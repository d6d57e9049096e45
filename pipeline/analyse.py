"""Ad-hoc reading: records in, one plain object a record out; no database."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.cells import csv_line, safe_cell
from pipeline.reading.reader import Resources, read_documents
from pipeline.records import Document, Quarantined, Reading, Verbatim
from pipeline.text.documents import DocumentRules, to_document

#: Keys of the objects `analyse` yields, in order; ``satisfaction`` is there for transcripts only.
RECORD_KEYS: tuple[str, ...] = (
    "id",
    "text",
    "sentiment",
    "sentiment_score",
    "topics",
    "complaint",
    "complaint_score",
    "dissatisfied",
    "dissatisfaction_score",
    "silent",
    "leaving",
    "signals",
    "units",
    "satisfaction",
)


def analyse(
    records: Iterable[Verbatim | Quarantined],
    resources: Resources,
    rules: DocumentRules,
    *,
    batch_size: int = 500,
) -> Iterator[dict[str, Any] | Quarantined]:
    """Yield one object a record, in order; rows that could not be read pass through."""
    stream = iter(records)
    while batch := list(itertools.islice(stream, batch_size)):
        verbatims = [record for record in batch if isinstance(record, Verbatim)]
        documents = [to_document(verbatim, rules) for verbatim in verbatims]
        readings = iter(read_documents(documents, resources))
        pairs = zip(verbatims, documents, strict=True)
        for record in batch:
            if isinstance(record, Quarantined):
                yield record
            else:
                verbatim, document = next(pairs)
                yield as_record(document, next(readings), identity=verbatim.external_id)


def as_record(document: Document, reading: Reading, *, identity: str) -> dict[str, Any]:
    """Return a reading as a plain object, keys as in `RECORD_KEYS`.

    ``text`` is masked; ``start`` and ``end`` of signals and units are offsets into it.
    """
    record: dict[str, Any] = {
        "id": identity or document.id,
        "text": document.text,
        "sentiment": reading.sentiment,
        "sentiment_score": reading.sentiment_score,
        "topics": dict(reading.topics),
        "complaint": reading.complaint,
        "complaint_score": reading.complaint_score,
        "dissatisfied": reading.dissatisfied,
        "dissatisfaction_score": reading.dissatisfaction_score,
        "silent": reading.silent,
        "leaving": reading.leaving,
        "signals": [
            {
                "type": signal.type,
                "text": signal.text,
                "start": signal.start,
                "end": signal.end,
                "score": signal.score,
            }
            for signal in reading.signals
        ],
        "units": [
            {
                "text": unit.clause.text,
                "start": unit.clause.start,
                "end": unit.clause.end,
                "polarity": unit.polarity,
                "score": unit.score,
                "topics": [
                    {
                        "topic": opinion.topic,
                        "subtopic": opinion.subtopic,
                        "polarity": opinion.polarity,
                    }
                    for opinion in unit.topics
                ],
            }
            for unit in reading.clauses
        ],
    }
    if reading.satisfaction is not None:
        record["satisfaction"] = reading.satisfaction
    return record


def to_json_line(record: Mapping[str, Any]) -> str:
    """Return one line of JSON Lines.

    >>> to_json_line({"id": "1", "text": "还行吧"})
    '{"id": "1", "text": "还行吧"}'
    """
    return json.dumps(record, ensure_ascii=False)


def to_csv(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield CSV lines, header first; nested values as JSON, formula cells made harmless."""
    yield csv_line(RECORD_KEYS)
    for record in records:
        yield csv_line([_cell(record.get(key)) for key in RECORD_KEYS])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return safe_cell(value) if isinstance(value, str) else str(value)
