"""The labelled sets beside the project, as examples of one shape.

The texts are third-party and never committed; see the README beside them for what may train what.
Every loader returns examples in file order, so that training is reproducible.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl

from pipeline.errors import InputError
from pipeline.text.clean import clean, simplify

#: Aspect categories of the restaurant and laptop sets, and subjects of the car set, as our topics.
_CATEGORY_TOPICS: Mapping[str, str] = {
    "SERVICE": "service",
    "AMBIENCE": "environment",
    "LOCATION": "environment",
    "FOOD": "quality",
    "DRINKS": "quality",
}
_CAR_TOPICS: Mapping[str, str] = {"价格": "price", "油耗": "price"}
_ASPECT_TOPICS: Mapping[str, str] = {
    "service": "service",
    "price": "price",
    "environment": "environment",
    "location": "environment",
    "dish": "quality",
}
_POLARITY: Mapping[str, str] = {"POS": "positive", "NEG": "negative", "NEU": "neutral"}


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text; labels a set does not give are None or empty.

    ``text`` is cleaned and Simplified, and holds the customer's words only. ``topics`` maps topic
    to the set of polarities given to it; None where the set says nothing about topics.
    """

    source: str
    text: str
    sentiment: str | None = None
    topics: Mapping[str, frozenset[str]] | None = None
    complaint: bool | None = None
    dissatisfied: bool | None = None
    signals: frozenset[str] | None = None
    satisfaction: float | None = None
    group: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def normal(text: str) -> str:
    """Return the form in which texts are compared and trained on."""
    return simplify(clean(text))


def customer_words(text: str) -> str:
    r"""Return the customer's turns of a ``客户：…\n客服：…`` text, one a line; other text whole."""
    if not text.startswith(("客户：", "客服：")):
        return normal(text)
    own: list[str] = []
    speaker = ""
    for line in text.split("\n"):
        for label in ("客户：", "客服："):
            if line.startswith(label):
                speaker = label
                line = line.removeprefix(label)
        if speaker == "客户：":
            own.append(normal(line))
    return "\n".join(own)


def gold(folder: Path, name: str) -> list[Example]:
    """Read ``gold.jsonl`` or ``train.jsonl`` of our own annotation."""
    return [_annotated(record) for record in _json_lines(folder / name)]


def _annotated(record: Mapping[str, Any]) -> Example:
    return Example(
        source=record["source"],
        text=customer_words(record["text"]),
        sentiment=record["sentiment"],
        topics={
            topic: frozenset(("negative", "positive") if polarity == "mixed" else (polarity,))
            for topic, polarity in record["topics"].items()
        },
        complaint=record["complaint"],
        dissatisfied=record["dissatisfied"],
        signals=frozenset(record["signals"]),
        group=record["id"],
        extra=record,
    )


def annotation(labels: Path, data: Path) -> list[Example]:
    """Read our further annotation: labels that name a row of a public set, and its text there.

    ``labels`` is the folder ``models/annotation``. A label whose text has changed or is missing
    raises `InputError`: it would teach the wrong words.
    """
    examples = []
    texts: dict[str, list[str]] = {}
    for path in sorted(labels.glob("*.jsonl")):
        for record in _json_lines(path):
            name = record["file"]
            if name not in texts:
                texts[name] = _texts_of(data / name)
            row = record["row"]
            raw = texts[name][row] if row < len(texts[name]) else ""
            if hashlib.sha256(raw.encode()).hexdigest() != record["sha256"]:
                raise InputError(
                    f"{data / name}: expected in row {row} the text that {path.name} labels, found "
                    "another; restore the file or remove the label"
                )
            examples.append(_annotated({**record, "text": raw, "id": f"{path.stem}{row}"}))
    return examples


def _texts_of(path: Path) -> list[str]:
    """Return the raw texts of a public set, in row order, as our annotation hashed them."""
    if path.suffix == ".csv":
        return [row["text"] for row in _csv(path)]
    if path.suffix == ".json":
        return [_dialogue_text(record["turns"]) for record in _json(path)]
    if not path.exists():
        raise _absent(path)
    header, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    title, body = header.index("留言主题"), header.index("留言详情")
    # Bodies come wrapped in tabs and newlines; the labels were given to the words.
    return [" ".join(f"{row[title]} {row[body]}".split()) for row in rows]


def _dialogue_text(turns: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(
        f"{'客户' if turn['sender'] == 'customer' else '客服'}：{' '.join(turn['utterances'])}"
        for turn in turns
    )


def reviews(folder: Path) -> list[Example]:
    """Read the hotel, takeaway and shopping reviews: positive or negative."""
    examples = []
    for source in ("hotel", "takeaway", "shopping"):
        for row in _csv(folder / f"{source}_sentiment.csv"):
            examples.append(
                Example(
                    source=source,
                    text=normal(row["text"]),
                    sentiment=row["label"],
                    group=row.get("cat") or "",
                )
            )
    return examples


def bank(folder: Path) -> list[Example]:
    """Read the bank-product comments: negative, neutral or positive."""
    return [
        Example(source="bank", text=normal(row["text"]), sentiment=row["label"])
        for row in _csv(folder / "bank_comments.csv")
    ]


def chat(folder: Path) -> list[Example]:
    """Read the chat turns: positive or negative, very short."""
    return [
        Example(source="chat", text=normal(row["text"]), sentiment=row["label"])
        for row in _csv(folder / "chat_turn_sentiment.csv")
    ]


def food_safety(folder: Path) -> list[Example]:
    """Read the takeaway comments that do or do not report a food-safety problem."""
    return [
        Example(source="food", text=normal(row["text"]), extra={"risk": row["food_safety"] == "1"})
        for row in _csv(folder / "food_safety.csv")
    ]


def car_posts(folder: Path) -> list[Example]:
    """Read the car-forum posts; the rows of one text are one example."""
    by_text: dict[str, dict[str, set[str]]] = {}
    sentiments: dict[str, set[str]] = {}
    for row in _csv(folder / "auto_topic_sentiment.csv"):
        text = normal(row["text"])
        topic = _CAR_TOPICS.get(row["subject"], "quality")
        by_text.setdefault(text, {}).setdefault(topic, set()).add(row["sentiment_value"])
        sentiments.setdefault(text, set()).add(row["sentiment_value"])
    return [
        Example(
            source="auto",
            text=text,
            sentiment=overall(sentiments[text]),
            topics={topic: frozenset(values) for topic, values in topics.items()},
        )
        for text, topics in by_text.items()
    ]


def restaurant_opinions(folder: Path) -> list[Example]:
    """Read the restaurant sentences; only their polarities are used, aspects have no category."""
    examples = []
    for part in ("train", "dev"):
        for row in _csv(folder / f"restaurant_opinions_{part}.csv"):
            opinions = json.loads(row["opinions"])
            polarities = {_POLARITY[opinion["polarity"]] for opinion in opinions}
            examples.append(
                Example(
                    source="dining",
                    text=normal(row["text"]),
                    sentiment=overall(polarities),
                    extra={
                        "opinions": [
                            (
                                normal(opinion["aspect"] or ""),
                                normal(opinion["opinion"] or ""),
                                _POLARITY[opinion["polarity"]],
                            )
                            for opinion in opinions
                        ]
                    },
                )
            )
    return examples


def traditional(folder: Path) -> list[Example]:
    """Read the Traditional Chinese restaurant and laptop sentences with categories."""
    examples = []
    for domain in ("restaurant", "laptop"):
        for part in ("train", "dev"):
            for record in _json_lines(folder / f"traditional_{domain}_{part}.jsonl"):
                topics: dict[str, set[str]] = {}
                for quad in record["Quadruplet"]:
                    topic = category_topic(quad["Category"])
                    topics.setdefault(topic, set()).add(_POLARITY[quad["Polarity"]])
                examples.append(
                    Example(
                        source=f"traditional_{domain}",
                        text=normal(record["Text"]),
                        sentiment=overall(set().union(*topics.values())) if topics else None,
                        topics={topic: frozenset(values) for topic, values in topics.items()},
                    )
                )
    return examples


def restaurant_aspects(folder: Path) -> list[Example]:
    """Read the long restaurant reviews with 18 aspects as our topics, and the star as verdict."""
    examples = []
    for part in ("train", "dev"):
        for row in _csv(folder / f"restaurant_aspects_{part}.csv"):
            topics: dict[str, set[str]] = {}
            for name, value in row.items():
                topic = _ASPECT_TOPICS.get(name.split("_")[0])
                if topic is None or value == "-2":
                    continue
                polarity = {"1": "positive", "0": "neutral", "-1": "negative"}[value]
                topics.setdefault(topic, set()).add(polarity)
            examples.append(
                Example(
                    source="asap",
                    text=normal(row["text"].replace("\\n", " ")),
                    topics={topic: frozenset(values) for topic, values in topics.items()},
                    extra={"star": float(row["star"])},
                )
            )
    return examples


def dialogues(folder: Path) -> list[Example]:
    """Read the helpdesk dialogues with the mean of 19 satisfaction votes, −2…2."""
    examples = []
    for record in _json(folder / "helpdesk_dialogues.json"):
        own = []
        lines = []
        for turn in record["turns"]:
            words = normal(" ".join(turn["utterances"]))
            label = "客户" if turn["sender"] == "customer" else "客服"
            lines.append(f"{label}：{words}")
            if turn["sender"] == "customer":
                own.append(words)
        votes = record["satisfaction_votes"]
        examples.append(
            Example(
                source="helpdesk",
                text="\n".join(own),
                satisfaction=sum(votes) / len(votes),
                group=record["id"],
                extra={"whole": "\n".join(lines)},
            )
        )
    return examples


def category_topic(category: str) -> str:
    """Return our topic for a ``ENTITY#ATTRIBUTE`` category of the shared aspect task.

    >>> category_topic("FOOD#PRICES"), category_topic("LAPTOP#GENERAL")
    ('price', 'quality')
    """
    entity, _, attribute = category.partition("#")
    if attribute in {"PRICES", "PRICE"}:
        return "price"
    if entity in {"SUPPORT", "SHIPPING", "COMPANY"}:
        return "service"
    if entity == "RESTAURANT":
        return "other"
    return _CATEGORY_TOPICS.get(entity, "quality")


def overall(polarities: Iterable[str]) -> str:
    """Return the verdict that a set of polarities adds up to.

    >>> overall({"positive", "neutral"}), overall({"positive", "negative"})
    ('positive', 'mixed')
    """
    found = set(polarities) - {"neutral"}
    if {"positive", "negative"} <= found or "mixed" in found:
        return "mixed"
    return found.pop() if found else "neutral"


def _csv(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from csv.DictReader(stream)
    except OSError as exc:
        raise _absent(path) from exc


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for line in stream:
                if line.strip():
                    yield json.loads(line)
    except OSError as exc:
        raise _absent(path) from exc


def _json(path: Path) -> list[dict[str, Any]]:
    try:
        records: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise _absent(path) from exc
    return records


def _absent(path: Path) -> InputError:
    return InputError(
        f"{path}: no such file; expected the labelled sets (see models/README.md for where from)"
    )
