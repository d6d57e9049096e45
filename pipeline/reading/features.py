"""Hashed character and word n-grams of many texts at once.

The hashing trick (Weinberger et al. 2009, *Feature hashing for large scale multitask learning*)
needs no vocabulary: nothing of the training texts is stored, and a new word costs nothing. The
n-grams of a whole batch are hashed with array operations, which is what makes thousands of
documents a second possible in Python. Hashes depend on code points alone: the same text gives
the same features on every machine, whatever ``PYTHONHASHSEED`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

UInt = npt.NDArray[np.uint64]
Index = npt.NDArray[np.int64]

_PRIME = np.uint64(0x9E3779B97F4A7C15)  # odd, so it has an inverse modulo 2**64
_INVERSE = np.uint64(pow(int(_PRIME), -1, 2**64))


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """Which n-grams are hashed, and into how many buckets (a power of two)."""

    bits: int = 18
    char_orders: tuple[int, ...] = (1, 2, 3)
    word_orders: tuple[int, ...] = (1, 2)

    @property
    def buckets(self) -> int:
        """Number of columns of the feature matrix."""
        return 1 << self.bits


def hash_ngrams(
    texts: Sequence[str],
    spec: FeatureSpec,
    *,
    cut: Callable[[str], Sequence[str]] | None = None,
) -> sparse.csr_matrix:
    """Return the presence (0/1) of every hashed n-gram, one row a text.

    ``cut`` splits a text into words whose concatenation is the text; without it only character
    n-grams are made. Rows have sorted, distinct column indices; values are float32.

    >>> rows = hash_ngrams(["不好", "好"], FeatureSpec(bits=10, char_orders=(1, 2)))
    >>> rows.shape, rows.getnnz(axis=1).tolist()
    ((2, 1024), [3, 1])
    """
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    owner = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    ends = np.repeat(np.cumsum(lengths), lengths)
    atoms = _mix(codes.astype(np.uint64))

    keys = [_char_keys(atoms, owner, ends, order, spec.bits) for order in spec.char_orders]
    if cut is not None and spec.word_orders:
        keys.extend(_word_keys(texts, atoms, lengths, cut, spec))
    found = _distinct(np.concatenate(keys)) if keys else np.empty(0, dtype=np.uint64)

    rows = found >> np.uint64(spec.bits)
    columns = (found & np.uint64(spec.buckets - 1)).astype(np.int32)
    pointers = np.searchsorted(rows, np.arange(len(texts) + 1, dtype=np.uint64)).astype(np.int32)
    values = np.ones(len(columns), dtype=np.float32)
    matrix = sparse.csr_matrix((values, columns, pointers), shape=(len(texts), spec.buckets))
    matrix.has_sorted_indices = True
    return matrix


def _distinct(values: UInt) -> UInt:
    """Sorted distinct values; np.unique hashes first, which is many times slower here."""
    values.sort()
    first = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values[first]


def _mix(values: UInt) -> UInt:
    """SplitMix64's finaliser: every input bit moves every output bit."""
    mixed = (values + _PRIME) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _keys(hashes: UInt, owner: Index, bits: int, salt: int) -> UInt:
    """Row and bucket in one number, so that sorting it sorts by row, then by column."""
    buckets = _mix(hashes ^ np.uint64(salt)) >> np.uint64(64 - bits)
    return (owner.astype(np.uint64) << np.uint64(bits)) | buckets


def _char_keys(atoms: UInt, owner: Index, ends: Index, order: int, bits: int) -> UInt:
    size = len(atoms) - order + 1
    if size <= 0:
        return np.empty(0, dtype=np.uint64)
    hashes = atoms[:size].copy()
    for offset in range(1, order):
        hashes = hashes * _PRIME + atoms[offset : offset + size]
    inside = np.arange(size) + order <= ends[:size]
    return _keys(hashes[inside], owner[:size][inside], bits, salt=order)


def _word_keys(
    texts: Sequence[str],
    atoms: UInt,
    lengths: Index,
    cut: Callable[[str], Sequence[str]],
    spec: FeatureSpec,
) -> list[UInt]:
    sizes: list[int] = []
    counts: list[int] = []
    for text in texts:
        words = cut(text)
        sizes.extend(map(len, words))
        counts.append(len(words))
    word_lengths = np.asarray(sizes, dtype=np.int64)
    stops = np.cumsum(word_lengths)
    starts = stops - word_lengths
    owner = np.repeat(np.arange(len(texts), dtype=np.int64), counts)

    # Hash of atoms[i:j] for any i, j from running sums, all arithmetic modulo 2**64.
    powers = np.multiply.accumulate(np.full(len(atoms) + 1, _PRIME, dtype=np.uint64))
    unpowers = np.multiply.accumulate(np.full(len(atoms) + 1, _INVERSE, dtype=np.uint64))
    sums = np.concatenate(
        [np.zeros(1, dtype=np.uint64), np.cumsum(atoms * powers[:-1], dtype=np.uint64)]
    )
    keys = []
    for order in spec.word_orders:
        count = len(starts) - order + 1
        if count <= 0:
            continue
        first, last = starts[:count], stops[order - 1 :]
        hashes = (sums[last] - sums[first]) * unpowers[first]
        if order > 1:
            # 很|好吃 and 很好|吃 cover the same characters and must not be one feature.
            hashes = _mix(hashes) + word_lengths[:count].astype(np.uint64)
        together = owner[:count] == owner[order - 1 :]
        keys.append(_keys(hashes[together], owner[:count][together], spec.bits, salt=100 + order))
    return keys
