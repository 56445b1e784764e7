from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.records import Assignment
from bitwindow.execute.modes import Modes
from bitwindow.network.records import SiteInfo
from bitwindow.numbers.channel_formats import AnyFormat
from bitwindow.numbers.format import FixedPoint
from bitwindow.quantizer.closer import CloserLook
from bitwindow.quantizer.site import Site
from bitwindow.quantizer.state import State
from bitwindow.spectrum.record import Spectrum

ZEROS = np.zeros(5, np.float32)


class Owner:
    """A quantizer of one site of zeros, whose values are known (a parameter) or only counted (an activation)."""

    def __init__(self, *, known: bool) -> None:
        self.known = known
        types = Assignment(formats={"site": FixedPoint(True, 8, 4)}, reasons={"site": "set by hand"})
        self.state = State(assignment=types, modes=Modes(), scheme="histogram", word_length=8)

    @property
    def closer(self) -> CloserLook:
        raise AssertionError

    def site_values(self, name: str) -> NDArray[np.float32] | None:
        return ZEROS if self.known else None

    def site_spectrum(self, name: str) -> Spectrum:
        return Spectrum.of(ZEROS)

    def set_format(self, name: str, fmt: AnyFormat | str) -> None:
        raise AssertionError


def test_nothing_is_lost_of_zeros_whether_they_are_known_or_counted() -> None:
    info = SiteInfo(name="site", kind="weight", shape=(5,), layer="layer")
    for known in (True, False):
        site = Site(Owner(known=known), info)
        assert site.sqnr == inf
        assert site.sqnr_is_exact
