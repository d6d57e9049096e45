"""Short texts a second on one core: ``python tests/bench/bench_mask.py FILE.csv [COLUMN]``."""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

from pipeline.text.clean import clean, simplify
from pipeline.text.mask import mask


def main(path: str, column: str = "text") -> None:
    """Print the speed of cleaning and of masking over the texts of a CSV column."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        texts = [row[column] for row in csv.DictReader(file)]
    for name, work in (("clean+simplify", lambda text: simplify(clean(text))), ("mask", mask)):
        if name == "mask":
            texts = [clean(text) for text in texts]
        work(texts[0])
        begun = time.perf_counter()
        for text in texts:
            work(text)
        print(f"{name}: {len(texts) / (time.perf_counter() - begun):,.0f} texts/s")


if __name__ == "__main__":
    main(*sys.argv[1:])
