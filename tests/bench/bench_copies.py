"""Bench: find copied and nearly copied texts among 1,000,000 (no bar; memory under 0.5 GB).

Run: ``python tests/bench/bench_copies.py [TEXTS]``. One text in twenty repeats an earlier one, half
of those with a word changed. Prints seconds, what was found of what was planted, and peak memory.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence

from pipeline.text.copies import originals

PARTS = (
    "排队等了半个多小时", "柜员态度很冷淡", "手机银行总是闪退", "停车位太少不好停",
    "手续费又涨了也没人通知", "客服电话一直打不通", "大厅空调不凉快", "经理讲解得很清楚",
    "取号机坏了没人修", "贷款审批拖了两个月", "菜上得慢而且是凉的", "前台办入住太磨蹭",
    "座椅间距太小腿伸不直", "快递放在门口没打招呼", "话费莫名其妙多扣了",
)  # fmt: skip
LETTERS = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜"


def text_of(number: int) -> str:
    """Return the text at a place: the same every time, so that none need be held."""
    rng = random.Random(number)
    if rng.random() < 0.05 and number > 100:
        earlier = text_of(rng.randrange(number))
        at = rng.randrange(len(earlier))
        return earlier if rng.random() < 0.5 else f"{earlier[:at]}呃{earlier[at + 1 :]}"
    own = "".join(rng.choices(LETTERS, k=24))
    return f"{rng.choice(PARTS)}，{own}，{rng.choice(PARTS)}"


def main(texts: int = 1_000_000) -> None:
    """Print how long it takes, what is found and how much memory it needs."""
    planted = 0

    def every() -> Iterator[str]:
        for number in range(texts):
            yield text_of(number)

    def text_at(places: Sequence[int]) -> list[str]:
        return [text_of(place) for place in places]

    begun = time.perf_counter()
    for number in range(texts):
        rng = random.Random(number)
        planted += rng.random() < 0.05 and number > 100
    made = time.perf_counter()
    for _ in every():
        pass
    making = time.perf_counter() - made
    begun = time.perf_counter()
    found = originals(every(), text_at)
    seconds = time.perf_counter() - begun - making
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{texts:,} texts: {seconds:.1f} s ({texts / seconds:,.0f}/s without making them), "
        f"{int((found >= 0).sum()):,} copies of {planted:,} planted, peak {peak:,.0f} MB"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
