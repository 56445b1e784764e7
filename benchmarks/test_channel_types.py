"""Types by channel of a wide layer: all channels at once against one call of the scheme for each; the same types."""

from __future__ import annotations

import numpy as np

from benchmarks.timing import least_seconds
from bitwindow.assign.channel_schemes import CHANNEL_SCHEMES, choose_channels
from bitwindow.assign.schemes import choose
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.spectrum.record import Spectrum

FEATURES, CHANNELS, SHARE = 2048, 512, 16
"""The scheme alone is timed on one channel in ``SHARE``, and multiplied."""
BITS = 8
ROUNDS = 2


def test_types_by_channel() -> None:
    rng = np.random.default_rng(0)
    scales = 2.0 ** rng.integers(-5, 6, CHANNELS)
    kernel = (rng.standard_normal((FEATURES, CHANNELS)) * scales).astype(np.float32)
    rows = np.ascontiguousarray(kernel.T)
    spectrum = Spectrum.of(kernel, axis=1)
    print(f"\ntypes by channel of {FEATURES} x {CHANNELS} values:")
    for scheme in CHANNEL_SCHEMES:

        def together(scheme: str = scheme) -> ChannelFormats:
            return choose_channels(scheme, spectrum, BITS, rows)[0]

        def alone(scheme: str = scheme) -> list[object]:
            some = range(0, CHANNELS, SHARE)
            return [choose(scheme, spectrum[channel], BITS, True, values=rows[channel]).format for channel in some]

        least = least_seconds({"together": together, "alone": alone}, ROUNDS)
        assert list(together())[::SHARE] == alone()
        ratio = SHARE * least["alone"] / least["together"]
        print(f"  {scheme:10s} {1000 * least['together']:6.0f} ms, {ratio:5.1f} times as fast as channel by channel")
