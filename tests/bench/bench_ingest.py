"""Rows a second and peak memory of reading survey CSV, by size: memory must not grow with it.

Run: python -m tests.bench.bench_ingest [--rows 100000 300000 1000000] [--run]
Answers are invented: 8 columns, two open questions, 5 % 无, personal information in 5 %. Every
measurement is a process of its own; ``--run`` measures the whole job and its workers as well.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

HEADER = (
    "答卷编号,提交答卷时间,1、您办理业务的网点,2、您有多大可能推荐我们？,3、您对我们的总体满意度,"
    "4、您对网点的服务有什么建议？,5、您不满意的原因是什么？,6、客户类型"
)
FIRST = (
    "排队等了{}分钟才轮到我", "手续费又涨了{}块", "柜员态度冷淡", "手机银行闪退了{}次",
    "大厅环境不错", "利息算不清楚",
)  # fmt: skip
SECOND = (
    "算了以后不来了", "打电话没人接", "总之还可以吧", "别的银行都免费", "希望尽快改进",
    "跑了{}趟没办成",
)  # fmt: skip
THIRD = (
    "上周{}号去的", "在二楼等了{}分钟", "客服说要{}天", "同事也遇到{}回", "办了{}张卡",
    "号码排到{}", "窗口只开{}个", "存了{}万", "孩子{}岁没人让座", "停车花了{}元",
)  # fmt: skip
PERSONAL = (
    "请打1420{:07d}回电",
    "我叫钱晓雨，邮箱li{}@post.example.cn",
    "身份证{:06d}199003071234",
)


def write_survey(path: Path, rows: int, *, seed: int = 0) -> None:
    """Write a wide survey export of so many people."""
    rng = random.Random(seed)

    def answer() -> str:
        if rng.random() < 0.05:
            return "无"
        # Few of so many may be copies of each other: copies are counted once.
        parts = [rng.choice(FIRST), rng.choice(SECOND), *rng.sample(THIRD, rng.randrange(4))]
        rng.shuffle(parts)
        text = "，".join(part.format(rng.randrange(2, 99)) for part in parts)
        if rng.random() < 0.05:
            text += "，" + rng.choice(PERSONAL).format(rng.randrange(1_000_000))
        return f'"{text}"'

    start = datetime(2026, 1, 1)
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(HEADER + "\r\n")
        for n in range(rows):
            when = start + timedelta(seconds=17 * n)
            stream.write(
                f"SV{n:08d},{when:%Y/%m/%d %H:%M:%S},支行{rng.randrange(40):02d},"
                f"{rng.randrange(11)},{rng.randrange(1, 6)},{answer()},{answer()},"
                f"{rng.choice(('老客户', '新客户'))}\r\n"
            )


def read_only(path: Path) -> tuple[int, int]:
    """Read a file; return its rows and records."""
    from pipeline.config import SourceSettings
    from pipeline.ingest import list_files, read_file

    source = SourceSettings(name="survey", kind="survey", path=str(path))
    [file] = list_files(source)
    seen = last = 0
    notes: Counter[str] = Counter()
    for record in read_file(file, source, timezone="Asia/Shanghai", notes=notes):
        seen += 1
        last = record.row
    return last - 1, seen


def read_and_mask(path: Path) -> tuple[int, int]:
    """Read, clean and mask a file; return its rows and records."""
    from pipeline import job
    from pipeline.config import SourceSettings
    from pipeline.ingest import list_files, read_file
    from pipeline.records import Quarantined
    from pipeline.text.documents import to_document

    rules = job.rules_for(job.default_settings())
    source = SourceSettings(name="survey", kind="survey", path=str(path))
    [file] = list_files(source)
    seen = last = masked = 0
    for record in read_file(file, source, timezone="Asia/Shanghai"):
        assert not isinstance(record, Quarantined), record.reason
        masked += bool(to_document(record, rules).masks)
        seen += 1
        last = record.row
    assert masked > 0.03 * seen, "the personal information is there to be masked"
    return last - 1, seen


def whole_job(path: Path) -> tuple[int, int]:
    """Run the job with two workers; return rows read and documents."""
    import yaml

    from pipeline import job
    from pipeline.config import load_settings

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        config = Path(folder) / "config.yaml"
        source = {"name": "survey", "kind": "survey", "path": str(path)}
        raw = {"sources": [source], "text": {"industries": ["bank"]}, "run": {"workers": 2}}
        config.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
        stages: list[str] = []
        begun = time.perf_counter()
        with _samples(stages, begun):
            summary = job.run(load_settings(config))
        size = summary.database.stat().st_size >> 20
        print(f"  database {size} MiB; {'; '.join(stages)}", file=sys.stderr)
    with path.open("rb") as stream:
        return sum(1 for _ in stream) - 1, summary.documents


class _samples:  # noqa: N801 - used like a function
    """Note how the memory of this process climbs, stage by stage."""

    def __init__(self, stages: list[str], begun: float) -> None:
        self._stages, self._begun, self._over = stages, begun, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        former = 0
        while not self._over.wait(0.5):
            now = _peak(resource.RUSAGE_SELF)
            if now > former * 1.2 + 20:
                self._stages.append(f"{now} MiB after {time.perf_counter() - self._begun:.0f} s")
                former = now


WORK: dict[str, Callable[[Path], tuple[int, int]]] = {
    "read": read_only,
    "read + mask": read_and_mask,
    "whole job": whole_job,
}


def _peak(who: int) -> int:
    """Return peak resident memory in MiB; of children that of the largest."""
    return resource.getrusage(who).ru_maxrss // (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measure(work: str, path: Path) -> None:
    """Do one work in this process and print its figures as JSON."""
    begun = time.perf_counter()
    rows, records = WORK[work](path)
    spent = time.perf_counter() - begun
    peaks = [_peak(resource.RUSAGE_SELF), _peak(resource.RUSAGE_CHILDREN)]
    print(json.dumps([rows, records, spent, *peaks]))


def figures(sizes: list[int], works: list[str], folder: Path) -> Iterator[str]:
    """Yield the lines of the table."""
    names = f"{'work':<12} {'rows':>9} {'records':>9} {'s':>7} {'rows/s':>8} "
    yield f"{names}{'MiB':>6} {'child MiB':>9}"
    for size in sizes:
        path = folder / f"{size}.csv"
        write_survey(path, size)
        for work in works:
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.bench_ingest", "--measure", work, str(path)],
                stdout=subprocess.PIPE,
                check=True,
            )
            rows, records, spent, own, children = json.loads(done.stdout)
            assert rows == size, (rows, size)
            yield (
                f"{work:<12} {rows:>9,} {records:>9,} {spent:>7.1f} {rows / spent:>8,.0f} "
                f"{own:>6} {children or '':>9}"
            )
        path.unlink()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--run", action="store_true", help="the whole job too, two workers")
    parser.add_argument("--only", choices=list(WORK), action="append", help="only this work")
    parser.add_argument("--measure", nargs=2, metavar=("WORK", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]))
        return
    works = options.only or ["read", "read + mask", *(["whole job"] if options.run else [])]
    with tempfile.TemporaryDirectory() as folder:
        for line in figures(options.rows, works, Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
