"""The interval of paired differences: known figures, limits, and its coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from bitwindow.evaluate.intervals import wilson
from bitwindow.evaluate.paired import difference_interval, tango


def likelihood_statistic(gained: float, lost: float, n: float, difference: float) -> float:
    """Tango's statistic with the nuisance probability found by search and not by his formula."""
    losses = np.linspace(max(0.0, -difference), (1 - difference) / 2, 400_001)[1:-1]
    gains = losses + difference
    same = 1 - losses - gains
    with np.errstate(divide="ignore", invalid="ignore"):
        log = gained * np.log(gains) + lost * np.log(losses) + (n - gained - lost) * np.log(same)
    best = losses[int(np.nanargmax(log))]
    return float((gained - lost - n * difference) / np.sqrt(n * (2 * best + difference - difference**2)))


@pytest.mark.parametrize(("gained", "lost", "n"), [(3, 11, 256), (12, 2, 64), (1, 1, 40), (7, 30, 100)])
def test_the_ends_are_where_the_score_statistic_is_the_quantile(gained: int, lost: int, n: int) -> None:
    low, high = tango(gained, lost, n)
    assert low < (gained - lost) / n < high
    assert likelihood_statistic(gained, lost, n, low) == pytest.approx(1.959964, abs=2e-3)
    assert likelihood_statistic(gained, lost, n, high) == pytest.approx(-1.959964, abs=2e-3)


def test_the_limits() -> None:
    z2 = 1.959963984540054**2
    assert tango(0, 0, 256) == pytest.approx((-z2 / (256 + z2), z2 / (256 + z2)))
    assert tango(0, 256, 256)[0] == -1
    assert tango(256, 0, 256)[1] == 1
    assert tango(11, 3, 256) == pytest.approx([-end for end in reversed(tango(3, 11, 256))])


def test_it_is_closed_once_all_samples_are_drawn_and_much_tighter_than_two_accuracies() -> None:
    changes = np.zeros(1000)
    changes[:9] = -1
    assert difference_interval(changes, 1000, proportion=True) == (-0.009, -0.009)
    low, high = difference_interval(changes, 20_000, proportion=True)
    apart = wilson(970, 1000, 20_000)
    assert high - low < 0.6 * (apart[1] - apart[0])
    values = np.arange(10.0)
    assert difference_interval(values, 10, proportion=False) == (4.5, 4.5)
    assert difference_interval(values[:1], 10, proportion=False) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("gained", "lost", "total", "n"),
    [(10, 40, 2000, 256), (5, 15, 1000, 256), (50, 60, 5000, 512), (30, 300, 1000, 256), (0, 10, 2000, 256)],
)
def test_it_covers_the_whole_sets_difference_as_often_as_it_says(gained: int, lost: int, total: int, n: int) -> None:
    population = np.zeros(total)
    population[:gained], population[gained : gained + lost] = 1, -1
    rng, rounds = np.random.default_rng(3), 1500
    covered = 0
    for _ in range(rounds):
        low, high = difference_interval(rng.choice(population, n, replace=False), total, proportion=True)
        covered += low <= population.mean() <= high
    # Three standard deviations of the simulation below 95 %; never so wide that it says nothing.
    assert covered / rounds > 0.95 - 3 * np.sqrt(0.95 * 0.05 / rounds)
    assert high - low < 0.2
