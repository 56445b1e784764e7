"""The search for the sites that need more bits, on losses that are known beforehand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bitwindow.assign.assign import assign
from bitwindow.assign.offer import Offer
from bitwindow.assign.records import Assignment
from bitwindow.assign.wider import widened
from bitwindow.numbers.format import FixedPoint
from tests.assign.test_assign import PARAMETERS, SPECTRA, network

NET = network()
START = assign(NET, SPECTRA, PARAMETERS)


def bits_of(types: Assignment) -> dict[str, int]:
    return {name: fmt.word_length for name, fmt in types.formats.items() if isinstance(fmt, FixedPoint)}


def offered(needs: Mapping[str, int], goal: float = 0.0) -> tuple[Offer, int]:
    """Search where each site costs one for every bit that it lacks."""
    calls = 0

    def loss(types: Assignment) -> float:
        nonlocal calls
        calls += 1
        return float(sum(max(0, bits - bits_of(types)[name]) for name, bits in needs.items()))

    def wider(name: str, bits: int) -> FixedPoint:
        fmt = START.formats[name]
        assert isinstance(fmt, FixedPoint)
        return FixedPoint(fmt.signed, bits, fmt.fraction_length + bits - fmt.word_length)

    offer = widened(NET, START, wider, loss=loss, error=loss, goal=goal, describe="loss {:g}".format)
    return offer, calls


@pytest.mark.parametrize(
    "needs",
    [
        {"dense": 11},
        {"dense/kernel": 9, "out": 16},
        {"input": 12, "dense/kernel": 10, "dense": 14, "out/kernel": 9, "out": 13},
    ],
)
def test_the_sites_that_need_it_get_the_bits_that_they_need(needs: dict[str, int]) -> None:
    offer, calls = offered(needs)
    assert offer.word_lengths == needs
    assert offer.enough
    assert calls < 80
    assert f"loss {sum(bits - 8 for bits in needs.values())} at the present types, loss 0 with these" in str(offer)


def test_no_more_is_widened_than_the_goal_asks_for() -> None:
    offer, _ = offered({"dense": 12, "out": 10}, goal=2.0)
    assert offer.word_lengths == {"dense": 12}


def test_where_nothing_is_needed_nothing_is_offered() -> None:
    offer, calls = offered({"dense": 8})
    assert not offer
    assert calls == 1
    assert str(offer) == "no site needs more bits: loss 0, wanted loss 0 or better"


def test_where_not_even_16_bits_are_enough_it_is_said() -> None:
    offer, _ = offered({"dense": 20})
    assert not offer.enough
    assert "not even 16 bits at all sites" in str(offer)
    assert set(offer.word_lengths.values()) == {16}


def test_following_biases_follow_and_are_never_offered() -> None:
    offer, _ = offered({"input": 10})
    assert set(offer.formats) == {"input"}
