"""Texts that repeat another: word for word, or nearly (one wording passed on and slightly changed).

Equal texts are found by a hash of their letters, near ones by MinHash (Broder, "On the resemblance
and containment of documents", 1997) with banding (Leskovec et al., *Mining of Massive Datasets*,
ch. 3) and then compared outright, so that no text counts as a copy by chance of a hash.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import rensa
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_Item = TypeVar("_Item")

#: Two customers may well say the same few words: only texts of so many letters are copies …
LEAST_LETTERS = 12
#: … and of so many different ones (好好好好 is no wording of anybody's).
LEAST_DISTINCT = 8
#: Shorter texts are compared word for word only: one other word would make them half different.
LEAST_NEAR = 20
#: Near copies share this much of their sequences of three letters (Jaccard).
ALIKE = 0.8

# 10 bands of 6: a pair alike by 0.8 is looked at with 95 % probability, by 0.9 with 99.9 %, one
# alike by 0.4 with 4 %.
_BANDS, _ROWS, _SEED = 10, 6, 20_260_901
_CHUNK = 4096
#: Wordings of one bucket that a text is compared with, earliest first.
_MOST = 10
_NOT_LETTERS = re.compile(r"[\W_]+")


def wording(text: str) -> str:
    """Return the letters of a text, small, without anything between them.

    >>> wording("排队 太久，APP也打不开！")
    '排队太久app也打不开'
    """
    return _NOT_LETTERS.sub("", text).lower()


def alike(one: str, two: str) -> float:
    """Return how much two texts share of their sequences of three letters, 0…1 (Jaccard).

    >>> round(alike("周末停车位太少，转了半小时", "周末停车位太少，转了一小时"), 2)
    0.54
    >>> alike("排队太久", "排队太久！")
    1.0
    """
    left, right = _trigrams(wording(one)), _trigrams(wording(two))
    return len(left & right) / (len(left | right) or 1)


def originals(
    texts: Iterable[str], text_at: Callable[[Sequence[int]], Sequence[str]]
) -> NDArray[np.int64]:
    """Return for each text the position of the one it repeats, −1 where it repeats none.

    The first of several is the original, so the order of ``texts`` decides (oldest first), and an
    original repeats none itself. ``text_at`` gives texts back by position, so that they need not
    be held: memory is about 100 bytes a text.

    >>> said = ["营业厅周末不开门，上班族根本没时间去办业务", "很好",
    ...         "营业厅周末不开门,上班族根本没时间去办业务!", "很好"]
    >>> originals(said, lambda places: [said[place] for place in places]).tolist()
    [-1, -1, 0, -1]
    """
    exact, bands = _digest(texts)
    found = _equal(exact)
    near = np.flatnonzero((found < 0) & (bands[:, 0] != 0))
    buckets = _buckets(bands[near], near)
    del bands
    leaders: dict[int, list[int]] = defaultdict(list)
    grams: dict[int, Ints] = {}
    for places in _batched(sorted(buckets), _CHUNK):
        for place, text in zip(places, text_at(places), strict=True):
            own = _hashed(text)
            candidates = sorted({one for bucket in buckets[place] for one in leaders[bucket]})
            leader = next((one for one in candidates if _overlap(grams[one], own) >= ALIKE), -1)
            found[place] = leader
            if leader < 0:
                grams[place] = own
                for bucket in buckets[place]:
                    if len(leaders[bucket]) < _MOST:
                        leaders[bucket].append(place)
    # A copy of a near copy repeats the original of both.
    copies = np.flatnonzero(found >= 0)
    further = found[found[copies]]
    found[copies] = np.where(further >= 0, further, found[copies])
    return found


def _batched(items: Iterable[_Item], size: int) -> Iterator[tuple[_Item, ...]]:
    source = iter(items)
    while batch := tuple(itertools.islice(source, size)):
        yield batch


def _digest(texts: Iterable[str]) -> tuple[Ints, NDArray[np.uint64]]:
    """Return a hash of each wording (0 where it is too short) and its bands (0 where too short)."""
    exact: list[Ints] = []
    bands: list[NDArray[np.uint64]] = []
    for chunk in _batched(texts, _CHUNK):
        wordings = [wording(text) for text in chunk]
        keys = np.zeros(len(chunk), dtype=np.int64)
        near: list[int] = []
        for place, said in enumerate(wordings):
            if len(said) >= LEAST_LETTERS and len(set(said)) >= LEAST_DISTINCT:
                digest = hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=8).digest()
                keys[place] = int.from_bytes(digest, "little", signed=True) or 1
                if len(said) >= LEAST_NEAR:
                    near.append(place)
        own = np.zeros((len(chunk), _BANDS), dtype=np.uint64)
        if near:
            own[near] = _bands([wordings[place] for place in near])
        exact.append(keys)
        bands.append(own)
    if not exact:
        return np.zeros(0, dtype=np.int64), np.zeros((0, _BANDS), dtype=np.uint64)
    return np.concatenate(exact), np.concatenate(bands)


def _bands(wordings: Sequence[str]) -> NDArray[np.uint64]:
    grams = [[said[at : at + 3] for at in range(len(said) - 2)] for said in wordings]
    signatures = rensa.RMinHash.digests_from_token_sets(grams, _BANDS * _ROWS, _SEED)
    rows = np.asarray(signatures, dtype=np.uint64).reshape(len(wordings), _BANDS, _ROWS)
    mixed = np.full((len(wordings), _BANDS), 0x9E3779B97F4A7C15, dtype=np.uint64)
    mixed += np.arange(_BANDS, dtype=np.uint64)
    for row in range(_ROWS):
        # FNV-1a over whole words: collisions only cost a comparison.
        mixed = (mixed ^ rows[:, :, row]) * np.uint64(0x100000001B3)
        mixed ^= mixed >> np.uint64(29)
    return np.maximum(mixed, np.uint64(1))


def _equal(exact: Ints) -> Ints:
    found = np.full(len(exact), -1, dtype=np.int64)
    order = np.argsort(exact, kind="stable")
    keys = exact[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else order
    first = np.repeat(order[starts], np.diff(np.r_[starts, len(keys)]))
    copies = (first != order) & (keys != 0)
    found[order[copies]] = first[copies]
    return found


def _buckets(bands: NDArray[np.uint64], places: Ints) -> dict[int, list[int]]:
    """Return the buckets of each place that shares at least one with another."""
    found: dict[int, list[int]] = defaultdict(list)
    number = 0
    for band in range(_BANDS if len(places) else 0):
        order = np.argsort(bands[:, band], kind="stable")
        keys = bands[order, band]
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
        sizes = np.diff(np.r_[starts, len(keys)])
        for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
            for place in places[order[start : start + size]].tolist():
                found[place].append(number)
            number += 1
    return found


def _trigrams(said: str) -> set[str]:
    return {said[at : at + 3] for at in range(len(said) - 2)}


def _hashed(text: str) -> Ints:
    values = sorted({_number(gram) for gram in _trigrams(wording(text))})
    return np.array(values, dtype=np.int64)


def _number(gram: str) -> int:
    one, two, three = map(ord, gram)
    return (one << 42) | (two << 21) | three


def _overlap(one: Ints, two: Ints) -> float:
    shared = len(np.intersect1d(one, two, assume_unique=True))
    return shared / ((len(one) + len(two) - shared) or 1)


def group_sizes(found: Ints) -> Iterator[tuple[int, int]]:
    """Yield each original that is repeated, with how many texts its group has, itself included.

    >>> list(group_sizes(np.array([-1, -1, 0, 0])))
    [(0, 3)]
    """
    places, counts = np.unique(found[found >= 0], return_counts=True)
    yield from ((int(place), int(count) + 1) for place, count in zip(places, counts, strict=True))
