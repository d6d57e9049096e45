"""The sample inputs open, hold the planted stories, and name nobody real."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from pipeline.config import load_settings
from pipeline.records import POLARITIES, SIGNAL_TYPES, TOPICS

ROOT = Path(__file__).resolve().parent.parent
BANK = ROOT / "pipeline" / "samples" / "bank"
SHARED = ROOT.parent / "shared"
FIRST_DAY = datetime(2026, 8, 31)
FEES = datetime(2026, 9, 21)


@pytest.fixture(scope="module")
def truth() -> list[dict[str, Any]]:
    lines = (BANK / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def tickets() -> dict[str, dict[str, Any]]:
    rows = list(load_workbook(BANK / "tickets.xlsx").active.iter_rows(values_only=True))
    header = [str(name) for name in rows[1]]
    return {
        str(row[0]): dict(zip(header, row, strict=True)) for row in rows[2:] if row[0] is not None
    }


@pytest.fixture(scope="module")
def survey() -> dict[str, dict[str, str]]:
    with (BANK / "survey.csv").open(encoding="gb18030", newline="") as file:
        return {row["序号"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def calls() -> dict[str, str]:
    texts: dict[str, str] = {}
    for path in sorted((BANK / "calls").iterdir()):
        if path.suffix == ".json":
            [call] = json.loads(path.read_text(encoding="utf-8"))
            texts[path.stem.split("_")[1]] = call["text"]
            continue
        parts = re.split(r"===== 通话编号：(C\d+) .*\n", path.read_text(encoding="utf-8"))
        if len(parts) == 1:
            texts[path.stem.split("_")[1]] = parts[0]
        else:
            texts.update(zip(parts[1::2], parts[2::2], strict=True))
    return texts


def text_of(
    label: dict[str, Any],
    tickets: dict[str, dict[str, Any]],
    survey: dict[str, dict[str, str]],
    calls: dict[str, str],
) -> str:
    if label["source"] == "survey":
        return survey[label["id"]][label["question"]]
    if label["source"] == "tickets":
        return str(tickets[label["id"]]["客户诉求"]).strip()
    return calls[label["id"]]


@pytest.fixture(scope="module")
def texts(truth, tickets, survey, calls) -> list[str]:  # type: ignore[no-untyped-def]
    return [text_of(label, tickets, survey, calls) for label in truth]


def ticket_day(row: dict[str, Any]) -> datetime:
    value = row["受理时间"]
    if isinstance(value, datetime):
        return value
    return datetime(*map(int, re.findall(r"\d+", value)[:3]))


def survey_day(row: dict[str, str]) -> datetime:
    return datetime.strptime(row["提交答卷时间"], "%Y/%m/%d %H:%M:%S")


def test_counts(tickets, survey, calls):
    assert 85 <= len(tickets) <= 100
    assert len(calls) == 60
    assert len(list((BANK / "calls").glob("*.json"))) == 25
    assert 300 <= len(survey) <= 370


def test_every_record_has_exactly_one_label(truth, tickets, survey, calls):
    labelled = Counter((label["source"], label["id"]) for label in truth)
    expected = {("tickets", key): 1 for key in tickets} | {("calls", key): 1 for key in calls}
    expected |= {("survey", key): 2 for key in survey}
    assert labelled == expected


def test_labels_use_the_names_of_the_guidelines(truth):
    for label in truth:
        assert label["sentiment"] in POLARITIES
        assert set(label["topics"]) <= set(TOPICS)
        assert set(label["topics"].values()) <= set(POLARITIES)
        assert set(label["signals"]) <= set(SIGNAL_TYPES)
        assert label["dissatisfied"] or set(label["signals"]) <= {"lukewarm"}


def test_all_thirteen_signals_occur(truth):
    assert {signal for label in truth for signal in label["signals"]} == set(SIGNAL_TYPES)


def test_share_of_dissatisfaction_is_plausible(truth):
    spoken = [label for label in truth if not label["no_content"]]
    assert 0.35 <= sum(label["dissatisfied"] for label in spoken) / len(spoken) <= 0.46


def test_texts_are_not_filled_from_a_frame(truth, texts):
    spoken = [
        re.sub(r"[\d\s]", "", text)
        for text, label in zip(texts, truth, strict=True)
        if not label["no_content"]
    ]
    assert len(set(spoken)) / len(spoken) >= 0.95
    starts = Counter(text[:8] for text in spoken if not re.match(r"\W*客", text))
    assert starts.most_common(1)[0][1] <= 6


def test_days_lie_in_the_eight_weeks(tickets, survey):
    days = [ticket_day(row) for row in tickets.values()]
    days += [survey_day(row) for row in survey.values()]
    assert all(0 <= (day - FIRST_DAY).days < 56 for day in days)


def test_price_dissatisfaction_follows_the_fee_change(truth, survey, tickets):
    silent_before = silent_after = complaints = 0
    for label in truth:
        if not label["dissatisfied"] or label["topics"].get("price") != "negative":
            continue
        if label["source"] == "tickets":
            day = ticket_day(tickets[label["id"]])
        elif label["source"] == "survey":
            day = survey_day(survey[label["id"]])
        else:
            day = datetime.fromisoformat(label["date"])
        complaints += label["complaint"] and day >= FEES
        if not label["complaint"]:
            silent_before += day < FEES
            silent_after += day >= FEES
    # five weeks after, three before
    assert silent_after / 5 > 2 * silent_before / 3
    assert silent_after > 2 * complaints


def test_app_outage_fills_its_week_with_complaints(truth, tickets):
    weeks = Counter(
        (ticket_day(tickets[label["id"]]) - FIRST_DAY).days // 7
        for label in truth
        if label["source"] == "tickets" and label["complaint"] and "quality" in label["topics"]
    )
    assert weeks[6] > sum(weeks.values()) / 2


def test_queues_of_one_branch_are_met_with_silence(truth, survey):
    unhappy: Counter[str] = Counter()
    for label in truth:
        if label["source"] == "survey" and "high_effort" in label["signals"]:
            unhappy[survey[label["id"]]["1、您常去的网点"]] += 1
            assert not label["complaint"]
    assert unhappy["云桥支行"] > sum(unhappy.values()) / 2


def test_numbers_belong_to_nobody(tickets, survey, texts):
    everything = " ".join([*texts, *(str(row) for row in [*tickets.values(), *survey.values()])])
    written = re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", everything)
    assert len(written) > len(tickets)
    assert all(re.fullmatch(r"1(42|54)0000\d{4}", number) for number in written)
    spoken = re.findall(r"幺[零一二三四五六七八九幺两]{10}", everything)
    assert spoken
    assert all(re.match(r"幺(四二|五四)零零零零", number) for number in spoken)
    assert not re.search(r"(?<![\dA-Z])\d{15,19}[Xx]?(?!\d)", everything)
    addresses = [row["来自IP"] for row in survey.values()]
    assert all(
        address.startswith(("192.0.2.", "198.51.100.", "203.0.113.")) for address in addresses
    )


def test_shipped_config_names_columns_that_exist(tickets, survey):
    settings = load_settings(ROOT / "config.yaml")
    columns = {
        "tickets": set(next(iter(tickets.values()))),
        "survey": set(next(iter(survey.values()))),
    }
    for source in settings.sources:
        assert Path(source.path).exists()
        named = {*source.columns.values(), *source.answers, *source.scores.values()}
        assert named | set(source.attributes.values()) <= columns.get(source.name, set())


def test_nothing_is_copied_from_the_shared_texts(texts):
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside the repository: nothing to compare with")
    body = "".join(
        path.read_text(encoding="utf-8", errors="ignore")
        for folder in ("data", "gold")
        for path in sorted((SHARED / folder).glob("*"))
        if path.suffix in {".csv", ".jsonl", ".json"}
    )
    copied = [text for text in texts if len(text) >= 14 and text in body]
    assert copied == []
