"""Confidence intervals of a mean over samples, for a population and for a sample of a finite set."""

from __future__ import annotations

from math import inf, sqrt

Z_95 = 1.959963984540054  # the 97.5 % point of the standard normal distribution


def effective_count(n: int, total: int | None) -> float:
    """Return the sample size that a draw of ``n`` out of ``total`` without replacement is worth.

    This is the finite-population correction: the variance shrinks by (N - n) / (N - 1), so n counts as
    n * (N - 1) / (N - n), which is infinite once all are drawn. ``total=None`` means an infinite population.
    """
    if total is None:
        return float(n)
    return inf if n >= total else n * (total - 1) / (total - n)


def wilson(successes: float, n: int, total: int | None = None) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of a proportion, closed to the point itself at n = total.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    >>> low, high = wilson(97, 100)
    >>> round(low, 4), round(high, 4)
    (0.9155, 0.9897)
    >>> wilson(97, 100, total=100)
    (0.97, 0.97)
    """
    share = successes / n
    count = effective_count(n, total)
    if count == inf:
        return share, share
    centre = share + Z_95**2 / (2 * count)
    spread = Z_95 * sqrt(share * (1 - share) / count + Z_95**2 / (4 * count**2))
    scale = 1 + Z_95**2 / count
    # At 0 and 1 the formula gives the share itself up to rounding, which must not move the bound past it.
    low = 0.0 if share == 0 else (centre - spread) / scale
    high = 1.0 if share == 1 else (centre + spread) / scale
    return low, high


def normal(mean: float, variance: float, n: int, total: int | None = None) -> tuple[float, float]:
    """Return the 95 % interval of a mean by the normal approximation; ``variance`` is the samples' (divisor n - 1)."""
    count = effective_count(n, total)
    half = 0.0 if count == inf else Z_95 * sqrt(variance / count)
    return mean - half, mean + half
