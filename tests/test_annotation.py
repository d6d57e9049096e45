"""The committed labels use the guidelines' names, belong to their texts and are not the gold's."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipeline.records import POLARITIES, SIGNAL_TYPES, TOPICS

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
FILES = sorted((ROOT / "models" / "annotation").glob("*.jsonl"))
FIELDS = {
    "source",
    "file",
    "row",
    "sha256",
    "sentiment",
    "topics",
    "complaint",
    "dissatisfied",
    "signals",
}
#: Without dissatisfaction only a grudging acceptance may be signalled.
ALONE = {"lukewarm"}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
needs_data = pytest.mark.skipif(
    not (SHARED / "data").is_dir(), reason="needs ../shared/data, which is never committed"
)
needs_gold = pytest.mark.skipif(
    not (SHARED / "gold").is_dir(), reason="needs ../shared/gold, which is never committed"
)


def labels(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def opening(text: str) -> str:
    """Letters and digits only: the gold joins a message's title and body with a full stop."""
    return re.sub(r"[\W_]", "", text.removeprefix("客户："))[:30]


def dialogue_text(dialogue: dict[str, Any]) -> str:
    who = {"customer": "客户", "helpdesk": "客服"}
    return "\n".join(
        f"{who[turn['sender']]}：{' '.join(turn['utterances'])}" for turn in dialogue["turns"]
    )


def message_texts(path: Path) -> list[str]:
    """Title, a space and the body, every run of white space one space."""
    header, *data = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    title, body = header.index("留言主题"), header.index("留言详情")
    return [" ".join(f"{row[title]} {row[body]}".split()) for row in data]


@cache
def texts(name: str) -> list[str]:
    path = SHARED / "data" / name
    if path.suffix == ".json":
        return [dialogue_text(each) for each in json.loads(path.read_text(encoding="utf-8"))]
    if path.suffix == ".xlsx":
        return message_texts(path)
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return [row["text"] for row in csv.DictReader(handle)]


def text_of(label: dict[str, Any]) -> str:
    return texts(label["file"])[label["row"]]


def test_there_are_labels():
    assert FILES, "models/annotation holds no labels"


@each_file
def test_labels_use_the_known_fields_and_names(path):
    for label in labels(path):
        where = (path.name, label["row"])
        assert set(label) == FIELDS, where
        assert type(label["row"]) is int, where
        assert label["row"] >= 0, where
        assert len(label["sha256"]) == 64, where
        assert label["sentiment"] in POLARITIES, where
        assert set(label["topics"]) <= set(TOPICS), where
        assert set(label["topics"].values()) <= set(POLARITIES), where
        assert isinstance(label["complaint"], bool), where
        assert isinstance(label["dissatisfied"], bool), where
        assert set(label["signals"]) <= set(SIGNAL_TYPES), where
        assert len(label["signals"]) == len(set(label["signals"])), where


@each_file
def test_who_is_not_dissatisfied_signals_nothing_but_lukewarm(path):
    wrong = [
        label["row"]
        for label in labels(path)
        if not label["dissatisfied"] and not set(label["signals"]) <= ALONE
    ]
    assert wrong == []


def test_no_text_is_labelled_twice():
    seen = [label["sha256"] for path in FILES for label in labels(path)]
    assert len(seen) == len(set(seen))


@needs_data
@each_file
def test_hashes_are_those_of_the_texts(path):
    wrong = [label["row"] for label in labels(path) if digest(text_of(label)) != label["sha256"]]
    assert wrong == []


@needs_gold
def test_no_text_is_in_the_gold():
    known = {
        digest(json.loads(line)["text"])
        for name in ("gold.jsonl", "train.jsonl")
        for line in (SHARED / "gold" / name).read_text(encoding="utf-8").splitlines()
    }
    assert [
        label["row"] for path in FILES for label in labels(path) if label["sha256"] in known
    ] == []


@needs_data
@needs_gold
def test_no_opening_is_in_the_gold():
    known = {
        opening(json.loads(line)["text"])
        for name in ("gold.jsonl", "train.jsonl")
        for line in (SHARED / "gold" / name).read_text(encoding="utf-8").splitlines()
    }
    same = [
        (path.name, label["row"])
        for path in FILES
        for label in labels(path)
        if opening(text_of(label)) in known
    ]
    assert same == []
