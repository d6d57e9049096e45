"""The measure of silence: every count recounted by hand, every total equal to its parts."""

import random
import sqlite3
from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from pipeline.aggregate.silence import aggregate_silence
from pipeline.config import AggregateSettings
from pipeline.store import schema

ZERO = {"TEXT": "''", "INTEGER": "0", "REAL": "0.0"}
COLUMNS = {
    "documents": ("id", "number", "channel", "text", "period_day", "counted"),
    "document_attributes": ("document_id", "dimension", "member"),
    "readings": (
        "document_id", "dissatisfied", "dissatisfaction_score", "complaint", "silent", "leaving",
    ),
    "document_topics": ("document_id", "topic", "polarity"),
    "signals": ("document_id", "signal_no", "type"),
    "clauses": ("document_id", "clause_no", "start", "end", "polarity"),
    "clause_topics": ("document_id", "clause_no", "topic", "subtopic", "polarity", "score"),
}  # fmt: skip


@cache
def insert_into(table):
    """Insert the columns that matter here; what else may not be NULL is empty or zero."""
    given = COLUMNS[table]
    spec = next(t for t in schema.TABLES if t.name == table)
    rest = [c for c in spec.columns if not c.nullable and c.name not in given]
    names = ", ".join(f'"{name}"' for name in (*given, *(c.name for c in rest)))
    values = ", ".join([*("?" for _ in given), *(ZERO[c.type] for c in rest)])
    return f"INSERT INTO {table} ({names}) VALUES ({values})"


def fresh_db(path=":memory:"):
    db = sqlite3.connect(path)
    schema.create_tables(Database(db))
    return db


def add(db, id_, *, channel="survey", day="2026-09-02", unhappy=False, complaint=False,
        leaving=False, topics=None, signals=(), text="", clauses=(), no_content=False, score=0.75,
        **members):  # fmt: skip
    def put(table, *row):
        db.execute(insert_into(table), row)

    number = db.execute("SELECT coalesce(max(number), 0) + 1 FROM documents").fetchone()[0]
    put("documents", id_, number, channel, text, day, not no_content)
    put("readings", id_, unhappy, score, complaint, unhappy and not complaint, leaving)
    for dimension, member in members.items():
        put("document_attributes", id_, dimension, member)
    for topic, polarity in (topics or {}).items():
        put("document_topics", id_, topic, polarity)
    for signal_no, signal in enumerate(signals):
        put("signals", id_, signal_no, signal)
    for clause_no, (start, end, topic, subtopic) in enumerate(clauses):
        put("clauses", id_, clause_no, start, end, "negative")
        put("clause_topics", id_, clause_no, topic, subtopic, "negative", 1.0)


def cell(db, *, period=("all", ""), topic="*", channel="*", dimension="*", member="*"):
    db.row_factory = sqlite3.Row
    return db.execute(
        "SELECT * FROM silence WHERE period_type=? AND period_start=? AND topic=? AND channel=?"
        " AND dimension=? AND member=?",
        (*period, topic, channel, dimension, member),
    ).fetchone()


def test_a_polite_unhappy_answer_is_silent_and_a_complaint_is_not():
    db = fresh_db()
    for i in range(6):
        add(db, f"s{i}", unhappy=True, topics={"price": "negative"}, branch="城东")
    for i in range(3):
        add(db, f"c{i}", unhappy=True, complaint=True, topics={"price": "mixed"}, branch="城西")
    for i in range(11):
        add(db, f"h{i}", topics={"price": "positive"}, branch="城东")
    aggregate_silence(db, 1, AggregateSettings(min_n=5))
    whole = cell(db, topic="price")
    assert (whole["documents"], whole["mentions"]) == (20, 20)
    assert (whole["dissatisfied"], whole["silent"], whole["complaining"]) == (9, 6, 3)
    assert whole["silent_share"] == pytest.approx(0.3)
    assert whole["silence_ratio"] == pytest.approx(2)
    assert whole["intensity"] == pytest.approx(0.75)
    west = cell(db, topic="price", dimension="branch", member="城西")
    assert west["complaining"] == 3
    assert west["silent_share"] is None
    assert west["silence_ratio"] is None


def test_answers_without_content_are_no_denominator_and_undated_count_in_all_only():
    db = fresh_db()
    add(db, "a")
    add(db, "b", day=None)
    add(db, "n", no_content=True)
    aggregate_silence(db, 1, AggregateSettings())
    assert cell(db)["documents"] == 2
    # 2026-09-02 is a Wednesday: its week starts on Monday, 31 August.
    assert cell(db, period=("week", "2026-08-31"))["documents"] == 1
    assert cell(db, period=("month", "2026-09-01"))["documents"] == 1


def test_unhappy_without_a_negative_topic_is_about_other_and_counted_once_in_total():
    db = fresh_db()
    add(db, "a", unhappy=True, topics={"service": "positive"})
    add(db, "b", unhappy=True)
    add(db, "c", unhappy=True, topics={"service": "negative", "price": "negative"})
    aggregate_silence(db, 1, AggregateSettings(min_n=1))
    assert [cell(db, topic=t)["silent"] for t in ("other", "service", "price", "*")] == [2, 1, 1, 3]


@st.composite
def worlds(draw):
    return [
        {
            "channel": draw(st.sampled_from(["survey", "hotline"])),
            "day": draw(st.sampled_from([None, "2026-08-30", "2026-08-31", "2026-09-01"])),
            "unhappy": draw(st.booleans()),
            "complaint": draw(st.booleans()),
            "leaving": draw(st.booleans()),
            "no_content": draw(st.integers(0, 5)) == 0,
            "score": draw(st.floats(0, 1)),
            "topics": draw(
                st.dictionaries(
                    st.sampled_from(["price", "service"]),
                    st.sampled_from(["negative", "mixed", "positive"]),
                )
            ),
            "signals": draw(st.lists(st.sampled_from(["sarcasm", "unresolved"]), max_size=3)),
            **draw(st.fixed_dictionaries({}, optional={"branch": st.sampled_from("甲乙")})),
        }
        for _ in range(draw(st.integers(0, 25)))
    ]


def rows_of(world, order):
    db = fresh_db()
    for i in order:
        add(db, f"d{i:03}", **world[i])
    aggregate_silence(db, 1, AggregateSettings(min_n=3, dimensions=["branch"]))
    return db, [
        db.execute(f"SELECT * FROM {table} ORDER BY 1,2,3,4,5,6,7,8").fetchall()
        for table in ("silence", "silence_signals")
    ]


@settings(max_examples=40, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_totals_are_sums_of_their_parts_whatever_the_order_of_rows(world, shuffle):
    order = list(range(len(world)))
    db, rows = rows_of(world, order)
    shuffle.shuffle(order)
    assert rows_of(world, order)[1] == rows

    kept = [d for d in world if not d["no_content"]]
    signals = Counter(s for d in kept if d["unhappy"] for s in set(d["signals"]))
    found = db.execute(
        "SELECT signal, documents FROM silence_signals WHERE period_type='all' AND topic='*'"
        " AND channel='*' AND dimension='*'"
    )
    assert dict(found.fetchall()) == dict(signals)
    if not kept:
        return
    for topic in ("*", "price", "service", "other"):
        total = cell(db, topic=topic)
        for count, belongs in {
            "documents": lambda d: True,
            "silent": lambda d, t=topic: d["unhappy"] and not d["complaint"] and about(d, t),
            "complaining": lambda d, t=topic: d["complaint"] and about(d, t),
            "leaving": lambda d, t=topic: d["leaving"] and about(d, t),
        }.items():
            expected = sum(map(belongs, kept))
            assert (total[count] if total else 0) == (expected if total else 0)
            assert total or count == "documents" or expected == 0
            undated = sum(belongs(d) for d in kept if d["day"] is None)
            loose = sum(belongs(d) for d in kept if "branch" not in d)
            assert summed(db, count, "period_type='all' AND dimension='branch' AND channel='*'",
                          topic) + loose == expected or count == "documents"  # fmt: skip
            if topic == "*" or count != "documents":
                for where, left in {
                    "period_type='all' AND dimension='*' AND channel<>'*'": 0,
                    "period_type='week' AND dimension='*' AND channel='*'": undated,
                    "period_type='month' AND dimension='*' AND channel<>'*'": undated,
                    "period_type='all' AND dimension='branch' AND channel<>'*'": loose,
                }.items():
                    assert summed(db, count, where, topic) + left == expected
    for row in db.execute("SELECT * FROM silence WHERE silent_share IS NOT NULL"):
        assert row["documents"] >= 3
        assert row["silent_low"] <= row["silent_share"] <= row["silent_high"]
        assert row["complaint_low"] <= row["complaint_share"] <= row["complaint_high"]
        assert row["silent"] + row["complaining"] <= row["documents"]
        assert row["silent"] <= row["dissatisfied"] <= row["documents"]
    assert not db.execute(
        "SELECT 1 FROM silence WHERE documents < 3 AND coalesce(silent_share, silent_low,"
        " intensity, complaint_share, silence_ratio, ratio_low) IS NOT NULL"
    ).fetchall()


def about(d, topic):
    negative = {t for t, p in d["topics"].items() if p in ("negative", "mixed")}
    if topic == "other":
        return not negative and (d["unhappy"] or d["complaint"] or d["leaving"])
    return topic == "*" or topic in negative


def summed(db, count, where, topic):
    sql = f"SELECT coalesce(sum({count}), 0) FROM silence WHERE topic = ? AND {where}"
    return db.execute(sql, (topic,)).fetchone()[0]


def test_writing_twice_leaves_the_same_rows():
    db = fresh_db()
    rng = random.Random(3)
    for i in range(50):
        add(db, f"d{i}", unhappy=rng.random() < 0.4, topics={"price": "negative"})
    written = aggregate_silence(db, 1, AggregateSettings())
    before = db.execute("SELECT * FROM silence").fetchall()
    assert aggregate_silence(db, 1, AggregateSettings()) == written
    assert db.execute("SELECT * FROM silence").fetchall() == before
