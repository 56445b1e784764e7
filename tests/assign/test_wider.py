"""The search for the sites that need more bits, on losses that are known beforehand."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bitwindow.assign.assign import assign
from bitwindow.assign.offer import Offer
from bitwindow.assign.records import Assignment
from bitwindow.assign.wider import widened
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
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

    def wider(_name: str, fmt: AnyFormat, bits: int) -> AnyFormat:
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


def apart_offered(gains: Mapping[str, float], goal: float) -> Offer:
    """Search where the loss is 10, less what each weight saves with a window for each channel, less a bit's 1."""

    def loss(types: Assignment) -> float:
        saved = sum(gain for name, gain in gains.items() if isinstance(types.formats[name], ChannelFormats))
        return 10.0 - saved - sum(bits - 8 for bits in bits_of(types).values() if bits < 32)

    def wider(_name: str, fmt: AnyFormat, bits: int) -> AnyFormat:
        if isinstance(fmt, ChannelFormats):
            return ChannelFormats(True, bits, fmt.fraction_lengths)
        return FixedPoint(fmt.signed, bits, fmt.fraction_length + bits - fmt.word_length)

    apart = {"dense/kernel": ChannelFormats(True, 8, (7, 6, 5)), "out/kernel": ChannelFormats(True, 8, (7, 9))}
    return widened(NET, START, wider, loss=loss, error=loss, goal=goal, describe="{:g}".format, apart=apart)


def test_a_window_for_each_channel_comes_before_more_bits_and_only_where_it_is_needed() -> None:
    offer = apart_offered({"dense/kernel": 4.0, "out/kernel": 5.0}, goal=5.0)
    assert list(offer.sites) == ["out/kernel"]
    assert offer.sites["out/kernel"].reason == "a window for each channel, as measured"
    assert str(offer).startswith("1 site of no more bits, but other windows: 10 at the present types, 5 with these")
    assert "out/kernel: sfix8_En" in str(offer)
    assert "-> sfix8_En7..9 (2 channels); a window" in str(offer)


def test_more_bits_go_on_from_the_windows_by_channel_that_help() -> None:
    offer = apart_offered({"dense/kernel": 4.0, "out/kernel": 0.0}, goal=2.0)
    assert offer.enough
    assert isinstance(offer.formats["dense/kernel"], ChannelFormats)
    assert [bits for bits in offer.word_lengths.values() if bits > 8] == [12]


def test_windows_by_channel_that_do_not_help_are_not_offered() -> None:
    offer = apart_offered({"dense/kernel": -4.0, "out/kernel": 0.0}, goal=8.0)
    assert all(isinstance(fmt, FixedPoint) for fmt in offer.formats.values())
    assert offer.enough
