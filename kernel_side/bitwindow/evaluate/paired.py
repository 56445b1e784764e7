"""The interval of the difference of two proportions over the same samples: quantized against float.

Both networks see the same samples, so only those count on which they differ. That makes the interval of the difference
much tighter than the interval of either accuracy.
"""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from bitwindow.evaluate.intervals import Z_95, effective_count
from bitwindow.evaluate.report import Interval

_HALVINGS = 40


def tango(gained: float, lost: float, n: float, z: float = Z_95) -> Interval:
    """Return the score interval of (gained - lost) / n, where n pairs of 0 or 1 differ upwards and downwards so often.

    It holds the differences D for which the score statistic (gained - lost - n D) / sqrt(n (2 q + D (1 - D))) lies
    within +-z, q being the most likely probability of a loss under D.

    Source: T. Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design", Statistics in Medicine 17 (1998).

    Args:
        gained: Pairs (0, 1): the float network is wrong and the quantized one right.
        lost: Pairs (1, 0).
        n: All pairs; a draw from a finite set counts as more (``effective_count``).
        z: The quantile; 1.96 for 95 %.

    >>> low, high = tango(3, 11, 256)
    >>> round(low, 4), round(high, 4)
    (-0.0652, -0.003)
    """
    middle = (gained - lost) / n
    # The statistic falls as D grows, and is 0 at the observed difference.
    low = _edge(gained, lost, n, z, inside=middle, outside=-1.0)
    high = _edge(gained, lost, n, z, inside=middle, outside=1.0)
    return low, high


def _edge(gained: float, lost: float, n: float, z: float, *, inside: float, outside: float) -> float:
    if abs(_statistic(gained, lost, n, outside)) <= z:
        return outside
    for _ in range(_HALVINGS):
        half = (inside + outside) / 2
        if abs(_statistic(gained, lost, n, half)) <= z:
            inside = half
        else:
            outside = half
    return outside


def _statistic(gained: float, lost: float, n: float, difference: float) -> float:
    linear = (2 * n - gained + lost) * difference - gained - lost
    constant = -lost * difference * (1 - difference)
    loss = (sqrt(max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * loss + difference * (1 - difference))
    distance = gained - lost - n * difference
    if variance <= 0:
        return 0.0 if distance == 0 else inf
    return distance / sqrt(variance)


def difference_interval(
    changes: NDArray[np.float64], total: int | None, *, proportion: bool, z: float = Z_95
) -> Interval:
    """Return the interval of the mean of paired differences of scores, shape (n,), drawn from ``total`` samples.

    For proportions (every difference -1, 0 or 1) it is Tango's, else the normal one; closed to the mean at n = total.
    """
    n = len(changes)
    mean = float(changes.mean())
    count = effective_count(n, total)
    if count == inf:
        return mean, mean
    if proportion:
        scale = count / n
        gained, lost = np.count_nonzero(changes > 0), np.count_nonzero(changes < 0)
        return tango(gained * scale, lost * scale, count, z)
    half = z * sqrt(float(changes.var(ddof=1)) / count) if n > 1 else inf
    return mean - half, mean + half
