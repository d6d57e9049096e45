"""Intervals of shares, of differences of shares and of the silence ratio; all vectorised.

Sources: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
JASA 22 (1927), 209–212; R. G. Newcombe, "Two-sided confidence intervals for the single
proportion", Statistics in Medicine 17 (1998), 857–872, and "Interval estimation for the
difference between independent proportions", ibid., 873–890 (method 10).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

Floats = NDArray[np.float64]


def wilson(successes: ArrayLike, n: ArrayLike, *, confidence: float) -> tuple[Floats, Floats]:
    """Return low and high of Wilson's score interval of the share ``successes / n``.

    Both lie in 0…1, hold the share between them, and are NaN where ``n`` is 0.

    >>> low, high = wilson([0, 81], [20, 263], confidence=0.95)
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0, 0.2553], [0.1611, 0.3662])
    """
    k, total = _counts(successes, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = proportion_confint(k, total, alpha=1 - confidence, method="wilson")
        share = k / total
    # Rounding can leave 0 of n a hair above 0 and n of n a hair below 1.
    low = np.clip(np.minimum(low, share), 0.0, 1.0)
    high = np.clip(np.maximum(high, share), 0.0, 1.0)
    return low, high


def difference(
    successes: ArrayLike,
    n: ArrayLike,
    base_successes: ArrayLike,
    base_n: ArrayLike,
    *,
    confidence: float,
) -> tuple[Floats, Floats]:
    """Return low and high of ``successes / n - base_successes / base_n`` by Newcombe's method 10.

    Both lie in −1…1 and are NaN where one of the two ``n`` is 0.

    >>> low, high = difference(56, 70, 48, 80, confidence=0.95)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0524, 0.3339)
    """
    k, total = _counts(successes, n)
    base_k, base_total = _counts(base_successes, base_n)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = confint_proportions_2indep(
            k, total, base_k, base_total, alpha=1 - confidence, method="newcomb", compare="diff"
        )
    return np.clip(low, -1.0, 1.0), np.clip(high, -1.0, 1.0)


def ratio(
    silent: ArrayLike, complaining: ArrayLike, *, confidence: float
) -> tuple[Floats, Floats, Floats]:
    """Return the ratio silent : complaining with low and high.

    The ratio is the odds of the share ``silent / (silent + complaining)``, and odds rise with
    the share, so Wilson's limits of the share give the limits of the ratio. With nobody
    complaining the ratio has no value (NaN) and no upper limit (NaN), but keeps its lower one;
    with neither all three are NaN.

    >>> [round(float(x), 2) for x in ratio(30, 10, confidence=0.95)]
    [3.0, 1.49, 6.05]
    >>> [round(float(x), 2) for x in ratio(10, 0, confidence=0.95)]
    [nan, 2.6, nan]
    """
    s, c = _counts(silent, complaining)
    low, high = wilson(s, s + c, confidence=confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(c > 0, s / c, np.nan)
        ratio_low = np.where(low < 1, low / (1 - low), np.nan)
        ratio_high = np.where((c > 0) & (high < 1), high / (1 - high), np.nan)
    return value, ratio_low, ratio_high


def _counts(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    return np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
