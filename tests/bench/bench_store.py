"""Throughput and memory of parts → publish on short documents, in seconds of one core.

Run: python -m tests.bench.bench_store --documents 200000
Documents are invented: two clauses, one topic, one signal, two attributes.
"""

import argparse
import random
import resource
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.records import (
    Clause,
    ClauseReading,
    Document,
    Reading,
    Signal,
    TopicOpinion,
)
from pipeline.store import parts, publish

FIRST = (
    "排队等了很久",
    "手续费又涨了",
    "柜员态度冷淡",
    "手机银行闪退",
    "大厅环境不错",
    "利息算不清楚",
)
SECOND = (
    "算了以后不来了",
    "打电话没人接",
    "总之还可以吧",
    "别的银行都免费",
    "希望尽快改进",
    "跑了三趟没办成",
)


def invent(n: int, *, seed: int = 0) -> tuple[list[Document], list[Reading]]:
    """Return ``n`` documents of two clauses and their readings."""
    rng = random.Random(seed)
    documents, readings = [], []
    for i in range(n):
        one, two = rng.choice(FIRST), rng.choice(SECOND)
        text = f"{one}，{two}，第{i}次。"
        identity = f"{rng.getrandbits(64):016x}"
        spans = ((0, len(one)), (len(one) + 1, len(one) + 1 + len(two)))
        clauses = tuple(
            ClauseReading(
                Clause(identity, number, start, end, text[start:end]),
                "negative",
                -0.5,
                (TopicOpinion("service", "queue", "negative", -0.5),) if number == 1 else (),
            )
            for number, (start, end) in enumerate(spans, start=1)
        )
        documents.append(
            Document(
                id=identity,
                source="bench",
                kind="survey",
                channel="survey",
                external_id=str(i),
                text=text,
                simplified=text,
                occurred_at=datetime(2026, 6, 1) + timedelta(minutes=i % 80_000),
                customer_key=f"{rng.getrandbits(64):016x}",
                attributes={"branch": f"支行{rng.randrange(40):02}", "product": "卡"},
                row=i + 2,
            )
        )
        readings.append(
            Reading(
                document_id=identity,
                sentiment="negative",
                sentiment_score=-0.5,
                topics={"service": "negative"},
                complaint=False,
                complaint_score=0.1,
                dissatisfied=True,
                dissatisfaction_score=0.8,
                leaving=False,
                signals=(Signal("resignation", *spans[1], two, 0.7, "rule"),),
                clauses=clauses,
            )
        )
    return documents, readings


def main() -> None:
    """Print documents a second of each step, peak memory and the size of the database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=2_000)
    options = parser.parse_args()
    spent = {"part_of": 0.0, "write_part": 0.0, "read_part": 0.0, "publish": 0.0}
    record = publish.RunRecord("", "bench", "", "", "", "", "", "", "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voc.db"
        batches = range(0, options.documents, options.batch)
        with publish.publishing(path, record) as writer:
            file_id = writer.add_file(
                publish.FileRecord("bench", "bench.csv", "", options.documents, 0, 0, 0)
            )
            for start in batches:
                documents, readings = invent(options.batch, seed=start)
                clock = [time.process_time()]
                part = parts.part_of(documents, readings)
                clock.append(time.process_time())
                stored = parts.write_part(part, Path(folder), f"{start:09d}")
                clock.append(time.process_time())
                part = parts.read_part(stored)
                clock.append(time.process_time())
                writer.add_part(part, file_id)
                clock.append(time.process_time())
                for i, name in enumerate(spent):
                    spent[name] += clock[i + 1] - clock[i]
            began = time.process_time()
            writer.end_file(file_id)
        spent["publish"] += time.process_time() - began
        size = path.stat().st_size
    n = len(batches) * options.batch
    for name, seconds in spent.items():
        print(f"{name:10} {n / seconds:10,.0f} documents/s")
    print(f"all        {n / sum(spent.values()):10,.0f} documents/s")
    writing = spent["read_part"] + spent["publish"]
    print(f"writer     {n / writing:10,.0f} documents/s (read_part + publish)")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {memory:,.0f} MB; database {size / n:,.0f} bytes a document")


if __name__ == "__main__":
    main()
