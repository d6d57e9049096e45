"""Bench: aggregates over 1,000,000 documents and 200 branches (bar: 60 s, two cores, 1.5 GB).

Run: ``python tests/bench/bench_aggregate.py [DOCUMENTS]``. Prints seconds, rows and peak memory.
"""
# ruff: noqa: E402

import random
import resource
import sys
import tempfile
import time
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from test_aggregate import fresh_db, insert_into

from pipeline.aggregate.facts import load_facts
from pipeline.aggregate.findings import find
from pipeline.aggregate.silence import aggregate_silence
from pipeline.config import AggregateSettings
from pipeline.records import SIGNAL_TYPES

TOPICS = ("price", "service", "quality", "environment")


def fill(db, documents):
    rng = random.Random(0)
    tables = {name: [] for name in ("documents", "readings", "document_attributes",
              "document_topics", "signals", "clauses", "clause_topics")}  # fmt: skip
    for i in range(documents):
        id_ = f"{rng.getrandbits(64):016x}"
        unhappy, complaint = rng.random() < 0.3, rng.random() < 0.1
        day = (date(2025, 1, 6) + timedelta(days=rng.randrange(364))).isoformat()
        channel = ("survey", "hotline", "complaint")[rng.randrange(3)]
        tables["documents"].append((id_, i, channel, "取号等太久", day, 1))
        tables["readings"].append(
            (id_, unhappy, rng.random(), complaint, unhappy and not complaint, rng.random() < 0.05)
        )
        for dimension, size in (("branch", 200), ("product", 20), ("cohort", 5)):
            tables["document_attributes"].append((id_, dimension, f"m{rng.randrange(size)}"))
        for topic in rng.sample(TOPICS, rng.randrange(1, 3)):
            polarity = "negative" if unhappy else "positive"
            tables["document_topics"].append((id_, topic, polarity))
            tables["clause_topics"].append(
                (id_, len(tables["clause_topics"]), topic, f"s{rng.randrange(20)}", polarity, 1.0)
            )
        tables["clauses"].append((id_, 0, 0, 5, "negative" if unhappy else "positive"))
        if unhappy:
            for number, signal in enumerate(rng.sample(SIGNAL_TYPES, 2)):
                tables["signals"].append((id_, number, signal))
        if i % 50_000 == 49_999 or i == documents - 1:
            for name, rows in tables.items():
                if rows:
                    db.executemany(insert_into(name), rows)
                rows.clear()
    db.commit()


def main():
    documents = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        db = fresh_db(str(Path(folder) / "bench.sqlite"))
        fill(db, documents)
        settings = AggregateSettings()
        times = [time.perf_counter()]
        facts = load_facts(db, settings.dimensions)
        times.append(time.perf_counter())
        rows = aggregate_silence(db, 1, settings, facts=facts)
        times.append(time.perf_counter())
        found = find(db, settings, tokenize=str.split, facts=facts)
        times.append(time.perf_counter())
        load, count, tell = (round(b - a, 1) for a, b in pairwise(times))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{documents} documents: load {load} s, count {count} s ({rows} rows), "
              f"find {tell} s ({len(found)} findings), peak {peak:.0f} MB")  # fmt: skip


if __name__ == "__main__":
    main()
