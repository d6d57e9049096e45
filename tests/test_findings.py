"""Planted stories come first; where there is only noise, nothing is told."""

import datetime as dt
import json
import random

import pytest

from pipeline.aggregate.findings import find, write_findings
from pipeline.config import AggregateSettings
from tests.test_aggregate import add, fresh_db

SUBTOPICS = {"service": ["queue", "attitude"], "price": ["fees"], "quality": ["app"]}
SAYS = {
    "queue": "取号 以后 等 太久",
    "attitude": "柜员 态度 冷淡",
    "fees": "手续费 又 涨价",
    "app": "手机 银行 闪退",
}
START = dt.date(2026, 6, 1)


def history(seed, *, n=2400, branches=12, plant=True):
    rng, db = random.Random(seed), fresh_db()
    for _ in range(n):
        branch, week = f"支行{rng.randrange(branches):02}", rng.randrange(8)
        spoken = {s: rng.random() < 0.04 for ss in SUBTOPICS.values() for s in ss}
        if plant and branch == "支行03":
            spoken["queue"] = rng.random() < 0.40
        if plant and week == 6:
            spoken["fees"] = rng.random() < 0.30
        text, clauses, topics = "", [], {}
        for topic, subtopics in SUBTOPICS.items():
            for subtopic in subtopics:
                if spoken[subtopic]:
                    clauses.append((len(text), len(text + SAYS[subtopic]), topic, subtopic))
                    topics[topic] = "negative"
                    text += SAYS[subtopic] + "，"
        day = START + dt.timedelta(days=7 * week + rng.randrange(7))
        add(db, f"{rng.getrandbits(64):016x}", day=day.isoformat(), unhappy=bool(clauses),
            channel=rng.choice(["survey", "hotline"]), topics=topics, text=text, clauses=clauses,
            score=round(rng.uniform(0.5, 1), 3), branch=branch)  # fmt: skip
    return db


def told(db, **options):
    return find(db, AggregateSettings(dimensions=["branch"]), tokenize=str.split, **options)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_planted_branch_and_week_come_first_and_once(seed):
    first, second, *rest = told(history(seed))
    stories = {(f.kind, f.subtopic, f.member, f.period_start): f for f in (first, second)}
    assert set(stories) == {
        ("member", "queue", "支行03", ""),
        ("change", "fees", "*", "2026-07-13"),
    }
    queue = stories["member", "queue", "支行03", ""]
    assert queue.low < queue.share - queue.base_share < queue.high
    assert queue.q_value < 1e-6
    assert "取号" in queue.terms
    assert len(queue.document_ids) == 5
    assert not [f for f in rest if f.member == "支行03" and f.topic in ("service", "*")]
    assert len(rest) <= 2


def test_pure_noise_tells_nothing():
    # 60 branches x (4 subtopics + 3 topics + other + any) and 8 weeks: over 300 series a seed.
    assert sum(len(told(history(seed, branches=60, plant=False))) for seed in range(5)) <= 1


def test_few_documents_are_no_finding():
    db = fresh_db()
    for i in range(60):
        add(db, f"a{i}", branch="甲")
    for i in range(9):
        add(db, f"b{i}", branch="乙", unhappy=True, topics={"price": "negative"})
    assert told(db) == []


def test_a_mix_of_channels_is_no_finding_about_a_branch():
    # Within each channel both branches are alike; only their mix of channels differs.
    db, number = fresh_db(), 0
    for branch, channel, count, every in [
        ("甲", "survey", 400, 2), ("甲", "hotline", 100, 20),
        ("乙", "survey", 100, 2), ("乙", "hotline", 400, 20),
    ]:  # fmt: skip
        for i in range(count):
            number += 1
            unhappy = i % every == 0
            add(db, f"{number:05}", branch=branch, channel=channel, unhappy=unhappy, day=None,
                topics={"service": "negative"} if unhappy else {})  # fmt: skip
    assert [f for f in told(db) if f.dimension == "branch"] == []


def test_findings_are_written_in_rank_order_and_replaced():
    db = history(1)
    findings = told(db)
    assert findings == told(db)
    for _ in range(2):
        assert write_findings(db, 7, findings) == len(findings)
    rows = db.execute("SELECT rank, subtopic, terms FROM findings ORDER BY rank").fetchall()
    assert [row[0] for row in rows] == list(range(1, len(findings) + 1))
    assert tuple(json.loads(rows[0][2])) == findings[0].terms
    assert told(db, limit=1) == findings[:1]
