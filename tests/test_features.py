"""Hashed n-grams: the same text gives the same features, wherever it stands in a batch."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reading.features import FeatureSpec, hash_ngrams

SPEC = FeatureSpec(bits=12)
PINNED = [8365, 14558, 43091, 45504, 54113, 54984, 60881]


def by_character(text: str) -> list[str]:
    return list(text)


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6), st.integers(0, 5))
def test_features_do_not_depend_on_the_batch(texts: list[str], place: int) -> None:
    place %= len(texts)
    together = hash_ngrams(texts, SPEC, cut=by_character)
    alone = hash_ngrams([texts[place]], SPEC, cut=by_character)
    assert (together[place] != alone[0]).nnz == 0


@given(st.lists(st.text(max_size=30), max_size=6))
def test_rows_hold_each_bucket_once_and_in_order(texts: list[str]) -> None:
    rows = hash_ngrams(texts, SPEC, cut=by_character)
    assert rows.shape == (len(texts), SPEC.buckets)
    for start, end in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
        assert np.all(np.diff(rows.indices[start:end]) > 0)


def test_character_ngrams_stop_at_the_end_of_a_text() -> None:
    spec = FeatureSpec(bits=16, char_orders=(2,), word_orders=())
    apart = hash_ngrams(["不", "好"], spec)
    assert apart.nnz == 0
    assert hash_ngrams(["不好"], spec).nnz == 1


def test_word_boundaries_matter() -> None:
    spec = FeatureSpec(bits=16, char_orders=(), word_orders=(2,))
    one = hash_ngrams(["很好吃"], spec, cut=lambda _: ["很", "好吃"])
    other = hash_ngrams(["很好吃"], spec, cut=lambda _: ["很好", "吃"])
    assert one.indices.tolist() != other.indices.tolist()


def test_hashes_are_pinned() -> None:
    # A trained model is only as good as its buckets: a change here needs new models.
    spec = FeatureSpec(bits=16, char_orders=(1, 2), word_orders=(1,))
    assert hash_ngrams(["太慢了"], spec, cut=lambda _: ["太慢", "了"]).indices.tolist() == PINNED
