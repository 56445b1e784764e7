"""A site as the user sees it: always the present type, with the counts that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.cast_noise import CastNoise, cast_noise
from bitwindow.assign.records import Format
from bitwindow.calibrate.channels import Channels
from bitwindow.errors import SettingError
from bitwindow.network.records import SiteInfo, SiteKind
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding
from bitwindow.quantizer.closer import CloserLook
from bitwindow.quantizer.state import State
from bitwindow.spectrum.counts import Counts
from bitwindow.spectrum.record import Spectrum

Result = TypeVar("Result")


class Owner(Protocol):
    """What a site asks of its quantizer."""

    @property
    def state(self) -> State:
        """The present types and settings."""
        ...

    def site_values(self, name: str) -> NDArray[Any] | None:
        """A parameter's values; None for an input or activation."""
        ...

    def site_spectrum(self, name: str) -> Spectrum | None:
        """A site's spectrum, if it is known."""
        ...

    def set_format(self, name: str, fmt: AnyFormat | str) -> None:
        """Give one site a type."""
        ...

    @property
    def closer(self) -> CloserLook:
        """Examples and channels by name."""
        ...


class Site:
    """One tensor that can have a type: a weight, a bias, an input or an activation.

    The counts are those of the site's calibration values (of the float network), or of the parameter itself; the counts
    of a bit-true run stand in its ``Report``.
    """

    def __init__(self, owner: Owner, info: SiteInfo) -> None:
        self._owner = owner
        self._info = info
        self._cache: dict[tuple[object, ...], Any] = {}

    @property
    def name(self) -> str:
        """The stable name, such as ``conv1/kernel``."""
        return self._info.name

    @property
    def kind(self) -> SiteKind:
        """``"input"``, ``"weight"``, ``"bias"`` or ``"activation"``."""
        return self._info.kind

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, without the batch for inputs and activations."""
        return self._info.shape

    @property
    def format(self) -> Format:
        """The type; assign a FixedPoint, ChannelFormats, one of their text forms, or ``"float"`` to change it.

        A site with a type for each output channel has ``ChannelFormats``, whose ``[c]`` is the type of channel c.
        """
        return self._owner.state.assignment.formats[self.name]

    @format.setter
    def format(self, fmt: AnyFormat | str) -> None:
        self._owner.set_format(self.name, fmt)

    @property
    def reason(self) -> str:
        """Why the site has this type, or why it is float."""
        assignment = self._owner.state.assignment
        corrected = assignment.corrected.get(self.name)
        words = "" if corrected is None else f"; its values are corrected by at most {corrected.largest:.3g}"
        return assignment.reasons[self.name] + words

    @property
    def flag(self) -> str:
        """A warning about the values or the type; empty when there is none."""
        return self._owner.state.assignment.flags.get(self.name, "")

    @property
    def spectrum(self) -> Spectrum | None:
        """The spectrum of the values; None for an input or activation before calibration."""
        return self._owner.site_spectrum(self.name)

    @property
    def minimum(self) -> float | None:
        """The smallest finite value seen; None when there is none."""
        return None if self.spectrum is None else self.spectrum.minimum

    @property
    def maximum(self) -> float | None:
        """The largest finite value seen; None when there is none."""
        return None if self.spectrum is None else self.spectrum.maximum

    @property
    def examples(self) -> NDArray[np.float64] | None:
        """Some real values, the extremes of each sign among them; None for an activation of which none were kept."""
        return self._owner.closer.examples(self.name)

    @property
    def channel_axis(self) -> int | None:
        """The axis of ``shape`` that counts the channels; None where there is none."""
        return self._info.channel_axis

    @property
    def channels(self) -> Channels | None:
        """The spectra of the channels: all values of a parameter, counted when asked for, or the first samples'."""
        return self._owner.closer.channels(self.name)

    @property
    def counts(self) -> Counts | None:
        """Exact counts under the present type and modes.

        Those of a site with a type for each output channel are the sum of the channels', each under its own type. None
        for a float site, before calibration, and for stochastic rounding, where only a run has counts.
        """
        fmt, modes, spectrum = self.format, self._owner.state.modes, self.aligned_spectrum
        if fmt == "float" or spectrum is None or modes.rounding is Rounding.STOCHASTIC:
            return None
        one = fmt.coarsest if isinstance(fmt, ChannelFormats) else fmt
        return self._cached("counts", fmt, spectrum, lambda: spectrum.counts(one, modes.rounding, modes.overflow))

    @property
    def aligned_spectrum(self) -> Spectrum | None:
        """The spectrum that the one window of the site's row has its exact counts from.

        Where each output channel has its own type it counts channel c's values times 2^(F_c - F), F that of the
        coarsest channel: all windows then lie on one, and stay there while they move together. Else it is
        ``spectrum``.
        """
        fmt, channels = self.format, self.channels if isinstance(self.format, ChannelFormats) else None
        if not isinstance(fmt, ChannelFormats) or channels is None:
            return self.spectrum
        least = min(fmt.fraction_lengths)
        shifts = tuple(length - least for length in fmt.fraction_lengths)
        key = ("aligned", shifts, id(channels))
        if key not in self._cache:
            self._cache[key] = (channels, channels.spectrum.shifted(shifts).merged())
        aligned: Spectrum = self._cache[key][1]
        return aligned

    @property
    def rounded(self) -> int | None:
        """How many values the cast changes by rounding alone; known for parameters, None where only estimates exist."""
        measured = self._measured()
        return None if measured is None else measured.rounded

    @property
    def sqnr(self) -> float | None:
        """Signal to quantization noise of the cast of this tensor alone, in dB; see ``sqnr_is_exact``."""
        measured = self._measured()
        if measured is not None:
            return measured.db
        estimate = self._estimate()
        return None if estimate is None else estimate[0]

    @property
    def sqnr_is_exact(self) -> bool:
        """Whether ``sqnr`` is measured on the values themselves and no estimate from the spectrum."""
        if self._measured() is not None:
            return True
        estimate = self._estimate()
        return estimate is not None and estimate[1]

    def __repr__(self) -> str:
        return f"Site({self.name!r}, {self.kind}, shape={self.shape}, format={self.format!s})"

    def _estimate(self) -> tuple[float, bool] | None:
        fmt, modes, spectrum = self.format, self._owner.state.modes, self.spectrum
        if not isinstance(fmt, FixedPoint) or spectrum is None or modes.rounding is Rounding.STOCHASTIC:
            return None

        def compute() -> tuple[float, bool]:
            result = spectrum.sqnr(fmt, modes.rounding, modes.overflow)
            return result.db, result.exact

        return self._cached("estimate", fmt, spectrum, compute)

    def _measured(self) -> CastNoise | None:
        fmt, values = self.format, self._owner.site_values(self.name)
        if fmt == "float" or values is None or self._owner.state.modes.rounding is Rounding.STOCHASTIC:
            return None
        return self._cached("measured", fmt, values, lambda: self._measure(fmt, values))

    def _measure(self, fmt: AnyFormat, values: NDArray[Any]) -> CastNoise:
        modes = self._owner.state.modes
        return cast_noise(values, fmt, self.channel_axis, modes.rounding, modes.overflow)

    def _cached(self, what: str, fmt: AnyFormat, source: object, compute: Callable[[], Result]) -> Result:
        modes = self._owner.state.modes
        key = (what, fmt, modes.rounding, modes.overflow, id(source))
        if key not in self._cache:
            if len(self._cache) > 200:
                self._cache.clear()
            self._cache[key] = (source, compute())  # holding the source keeps its id from being given away
        result: Result = self._cache[key][1]
        return result


def wanted_site(name: str, names: list[str]) -> SettingError:
    """Return the error for a site that does not exist, with the names that come nearest."""
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=3) or names[:6]
    return SettingError(f"site: wanted one of this network's {len(names)} sites, got {name!r}. Did you mean {near}?")
