"""Intervals against the values Newcombe (1998) printed, and the laws they keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.aggregate.intervals import difference, ratio, wilson


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_values(k, n, low, high):
    assert [round(float(x), 4) for x in wilson(k, n, confidence=0.95)] == [low, high]


@pytest.mark.parametrize(
    ("k", "n", "base_k", "base_n", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0),
        (10, 10, 0, 10, 0.6075, 1.0),
    ],
)
def test_difference_gives_the_published_values(k, n, base_k, base_n, low, high):
    found = difference(k, n, base_k, base_n, confidence=0.95)
    assert [round(float(x), 4) for x in found] == [low, high]


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_share_lies_within_its_interval(pair):
    k, n = pair
    low, high = wilson(k, n, confidence=0.95)
    assert 0 <= low <= k / n <= high <= 1
    assert low < high
    assert (low == 0) == (k == 0)
    assert (high == 1) == (k == n)


def test_nothing_counted_gives_no_interval():
    assert np.isnan(wilson(0, 0, confidence=0.95)).all()
    assert np.isnan(difference(0, 0, 3, 10, confidence=0.95)).all()
    assert np.isnan(ratio(0, 0, confidence=0.95)).all()


def test_a_ratio_has_no_upper_end_where_nobody_complains():
    value, low, high = ratio([10, 0, 30], [0, 10, 10], confidence=0.95)
    assert np.isnan(value[0])
    assert np.isnan(high[0])
    assert low[0] > 2
    assert (value[1], low[1]) == (0, 0)
    assert low[2] < value[2] == 3 < high[2]


def test_ratio_and_its_inverse_are_mirror_images():
    value, low, high = ratio(30, 10, confidence=0.9)
    inverse, inverse_low, inverse_high = ratio(10, 30, confidence=0.9)
    assert np.allclose([value, low, high], [1 / inverse, 1 / inverse_high, 1 / inverse_low])
