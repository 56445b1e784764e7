"""The spectrum of a tensor: one pass over the values, then the exact counts of every type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.errors import DataError
from bitwindow.numbers.channel_formats import AnyFormat, as_any_format
from bitwindow.numbers.format import FixedPoint, as_format
from bitwindow.numbers.modes import Overflow, Rounding
from bitwindow.spectrum.borders import borders
from bitwindow.spectrum.counts import Counts
from bitwindow.spectrum.exact_sums import integers
from bitwindow.spectrum.landmarks import CELL_BITS, POSITION_ZERO, RANKS, runs_of_ranks
from bitwindow.spectrum.parts import Parts, merged, values_in_octaves

if TYPE_CHECKING:
    from bitwindow.spectrum.sqnr import Sqnr

_FIELDS = ("cells", "counts", "octaves", "sums", "special", "extremes")
_POSITION_MASK = (1 << CELL_BITS) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrum:
    """How many values of a tensor lie in each cell (sign, MSB, run after the leading one, nothing after the run).

    ``Spectrum.of(a) + Spectrum.of(b) == Spectrum.of(concatenate([a, b]))``, bit for bit, in any order and grouping. It
    depends on the values alone: a float16 array and its float32 copy have the same spectrum.

    Attributes:
        channels: The number of channels of a spectrum made with ``axis=``; None for one of a whole tensor.
        parts: The canonical arrays.

    >>> import numpy as np
    >>> s = Spectrum.of(np.array([0.5, -3.0, 0.0, 100.0], np.float32))
    >>> s.counts("sfix8_En4")
    Counts(total=4, zero=1, underflow=0, overflow=1, nan=0, inf=0)
    >>> s.minimum, s.maximum
    (-3.0, 100.0)
    >>> (s + s).total
    8
    """

    parts: Parts
    channels: int | None = None

    @classmethod
    def of(cls, x: Any, axis: int | None = None) -> Spectrum:
        """Return the spectrum of an array of float32, bfloat16, float16 or float64, of any shape.

        Args:
            x: The values; NaNs, infinities and zeros of both signs are counted apart.
            axis: One channel for each index of this axis; None for the whole tensor.

        Raises:
            DataError: If the dtype is none of these, or there is no such axis.
        """
        from bitwindow.spectrum.host import count

        parts = count(x, axis)
        return cls(parts=parts, channels=None if axis is None else len(parts.special))

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Spectrum:
        """Return the spectrum of a state that ``bitwindow.spectrum.xla`` filled inside a compiled program."""
        from bitwindow.spectrum.xla import parts_of_state

        return cls(parts=parts_of_state(dict(state)))

    def __add__(self, other: Spectrum) -> Spectrum:
        if not isinstance(other, Spectrum):
            return NotImplemented
        if self.channels != other.channels:
            message = (
                f"spectrum: wanted spectra with the same channels to add; got {self.channels} and {other.channels}. "
                "Merge the channels with .merged() first."
            )
            raise DataError(message)
        return Spectrum(parts=merged([self.parts, other.parts]), channels=self.channels)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spectrum):
            return NotImplemented
        return self.channels == other.channels and all(
            np.array_equal(getattr(self.parts, name), getattr(other.parts, name)) for name in _FIELDS
        )

    __hash__ = None  # type: ignore[assignment]  # equality looks at arrays

    def __getitem__(self, channel: int) -> Spectrum:
        """Return the spectrum of one channel.

        Raises:
            DataError: If there is no such channel.
        """
        if self.channels is None or not -self.channels <= channel < self.channels:
            message = (
                f"spectrum: wanted a channel of {self.channels or 'none: it is of a whole tensor'}; got {channel}."
            )
            raise DataError(message)
        channel %= self.channels
        start, stop = np.searchsorted(self.parts.cells, [2 * channel << CELL_BITS, 2 * channel + 2 << CELL_BITS])
        first, last = np.searchsorted(
            self.parts.octaves, [2 * channel << (CELL_BITS - 7), 2 * channel + 2 << (CELL_BITS - 7)]
        )
        parts = Parts(
            cells=self.parts.cells[start:stop] - (2 * channel << CELL_BITS),
            counts=self.parts.counts[start:stop],
            octaves=self.parts.octaves[first:last] - (2 * channel << (CELL_BITS - 7)),
            sums=self.parts.sums[first:last],
            special=self.parts.special[channel : channel + 1],
            extremes=self.parts.extremes[channel : channel + 1],
        )
        return Spectrum(parts=parts)

    def only(self, chosen: NDArray[np.int64]) -> Spectrum:
        """Return the spectrum of some channels, whose numbers are given in rising order."""
        parts = self.parts
        place = np.full(len(parts.special), -1, np.int64)
        place[chosen] = np.arange(len(chosen))
        octave_bits = CELL_BITS - 7
        cells, octaves = place[parts.cells >> CELL_BITS + 1], place[parts.octaves >> octave_bits + 1]
        kept = Parts(
            cells=_renumbered(parts.cells, cells, CELL_BITS + 1),
            counts=parts.counts[cells >= 0],
            octaves=_renumbered(parts.octaves, octaves, octave_bits + 1),
            sums=parts.sums[octaves >= 0],
            special=parts.special[chosen],
            extremes=parts.extremes[chosen],
        )
        return Spectrum(parts=kept, channels=len(chosen))

    def merged(self) -> Spectrum:
        """Return the spectrum of all channels together."""
        if self.channels is None:
            return self
        parts = self.parts
        whole = Parts(
            cells=parts.cells & ((2 << CELL_BITS) - 1),
            counts=parts.counts,
            octaves=parts.octaves & ((2 << (CELL_BITS - 7)) - 1),
            sums=parts.sums,
            special=np.concatenate(
                [parts.special[:, :3].sum(axis=0), parts.special[:, 3:].max(axis=0, initial=0)]
            ).reshape(1, 4),
            extremes=np.array([[parts.extremes[:, 0].min(initial=np.inf), parts.extremes[:, 1].max(initial=-np.inf)]]),
        )
        return Spectrum(parts=merged([whole]))

    def shifted(self, shifts: Sequence[int]) -> Spectrum:
        """Return the spectrum of the values of channel c times 2^shifts[c].

        Its counts of a type are, channel by channel, those of the type with a fraction length larger by the shift.

        Args:
            shifts: One for each channel, in bits.

        Raises:
            DataError: If they are not as many as the channels.

        >>> import numpy as np
        >>> s = Spectrum.of(np.array([[1.0, 3.0], [0.25, 0.75]]), axis=0)
        >>> s.shifted([0, 2]).merged() == Spectrum.of(np.array([1.0, 3.0, 1.0, 3.0]))
        True
        """
        parts, by = self.parts, np.array(shifts, np.int64)
        if len(by) != (self.channels or 1):
            message = f"spectrum: wanted a shift for each of {self.channels or 1} channels; got {len(by)}."
            raise DataError(message)
        octave_bits = CELL_BITS - 7
        moved = Parts(
            cells=parts.cells + RANKS * by[parts.cells >> CELL_BITS + 1],
            counts=parts.counts,
            octaves=parts.octaves + by[parts.octaves >> octave_bits + 1],
            sums=parts.sums,
            special=parts.special,
            extremes=np.ldexp(parts.extremes, by[:, None].astype(np.int32)),
        )
        return Spectrum(parts=moved, channels=self.channels)

    def positive(self) -> Spectrum:
        """Return the spectrum of the values above zero alone, all channels together."""
        parts = self.merged().parts
        cells = np.searchsorted(parts.cells, 1 << CELL_BITS)
        octaves = np.searchsorted(parts.octaves, 1 << (CELL_BITS - 7))
        kept = Parts(
            cells=parts.cells[:cells],
            counts=parts.counts[:cells],
            octaves=parts.octaves[:octaves],
            sums=parts.sums[:octaves],
            special=parts.special * np.array([0, 0, 0, 1]),
            # The least value above zero is not known; zero bounds it.
            extremes=np.maximum(parts.extremes, 0.0) if cells else np.array([[np.inf, -np.inf]]),
        )
        return Spectrum(parts=kept)

    @property
    def zero(self) -> int:
        """Zeros, of both signs."""
        return int(self.parts.special[:, 0].sum())

    @property
    def nan(self) -> int:
        """NaNs."""
        return int(self.parts.special[:, 1].sum())

    @property
    def inf(self) -> int:
        """Infinities, of both signs."""
        return int(self.parts.special[:, 2].sum())

    @property
    def nonzero(self) -> int:
        """Finite values other than zero."""
        return int(self.parts.counts.sum())

    @property
    def total(self) -> int:
        """All values."""
        return self.nonzero + int(self.parts.special[:, :3].sum())

    @property
    def fraction_bits(self) -> int:
        """The most bits after the leading one that a value needs: 23 at most for float32."""
        return int(self.parts.special[:, 3].max(initial=0))

    @property
    def minimum(self) -> float | None:
        """The least finite value, exact; None where there is none."""
        least = float(self.parts.extremes[:, 0].min(initial=np.inf))
        return None if least == np.inf else least

    @property
    def maximum(self) -> float | None:
        """The greatest finite value, exact; None where there is none."""
        greatest = float(self.parts.extremes[:, 1].max(initial=-np.inf))
        return None if greatest == -np.inf else greatest

    @property
    def has_negative(self) -> bool:
        """Whether a finite value lies below zero."""
        return bool(np.any((self.parts.cells >> CELL_BITS) & 1))

    def msb_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return (exponents, positive, negative): values with MSB 2^e for each e from the smallest to the largest.

        >>> Spectrum.of([1.5, -4.0, -7.0]).msb_counts()
        (array([0, 1, 2]), array([1, 0, 0]), array([0, 0, 2]))
        """
        exponents, counts = self.channel_msb_counts()
        positive, negative = counts.sum(axis=0).T
        return exponents, positive, negative

    def channel_msb_counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (exponents, counts): how many values of each channel have MSB 2^e, int64[channels, exponents, 2].

        The last axis counts those above and those below zero; the exponents are all channels'. One channel for a whole
        tensor.
        """
        exponent = ((self.parts.cells & _POSITION_MASK) - POSITION_ZERO) // RANKS
        least, most = (int(exponent.min()), int(exponent.max())) if exponent.size else (0, -1)
        exponents = np.arange(least, most + 1)
        counts = np.zeros((len(self.parts.special), len(exponents), 2), np.int64)
        channel, sign = np.divmod(self.parts.cells >> CELL_BITS, 2)
        np.add.at(counts, (channel, exponent - least, sign), self.parts.counts)
        return exponents, counts

    def channel_nonzero(self) -> NDArray[np.int64]:
        """Return how many finite values other than zero each channel has; one channel for a whole tensor."""
        found = np.zeros(len(self.parts.special), np.int64)
        np.add.at(found, self.parts.cells >> CELL_BITS + 1, self.parts.counts)
        return found

    def counts(self, fmt: FixedPoint | str, rounding: str = "round", overflow: str = "saturate") -> Counts:
        """Return the exact counts of a type, over all channels.

        Args:
            fmt: The type, as a record or as text.
            rounding: Any deterministic mode.
            overflow: ``saturate_symmetric`` narrows the range of signed types; the others share one.

        Raises:
            SettingError: For ``stochastic`` rounding, or a mode that does not exist.
        """
        under, over = self.channel_counts(fmt, rounding, overflow)
        return Counts(
            total=self.total,
            zero=self.zero,
            underflow=int(under.sum()),
            overflow=int(over.sum()),
            nan=self.nan,
            inf=self.inf,
        )

    def channel_counts(
        self, fmt: AnyFormat | str, rounding: str = "round", overflow: str = "saturate"
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (underflows, overflows), int64[channels]; one channel for a whole tensor.

        Args:
            fmt: The type of all channels, or the types channel by channel.
            rounding: Any deterministic mode.
            overflow: As for ``counts``.

        Raises:
            DataError: If there are not as many types as channels.
        """
        formats, mode, beyond = as_any_format(fmt), Rounding.parse(rounding), Overflow.parse(overflow)
        lengths = self._fraction_lengths(formats)
        at_one = FixedPoint(formats.signed, formats.word_length, 0)
        below = np.append(0, np.cumsum(self.parts.counts))
        under, over = (np.zeros(len(self.parts.special), np.int64) for _ in range(2))
        for negative in (False, True):
            kept, limit = borders(at_one, mode, beyond, negative=negative)
            start = (2 * np.arange(len(under)) + negative) << CELL_BITS
            # An LSB half as large moves every border down by an octave.
            places = np.array([kept, limit]) + POSITION_ZERO - RANKS * lengths[:, None]
            # A border below all floats, or above them, stays within its sign's cells.
            places = np.clip(np.pad(places, ((0, 0), (1, 1)), constant_values=(0, _POSITION_MASK)), 0, _POSITION_MASK)
            edges = below[np.searchsorted(self.parts.cells, start[:, None] + places)]
            under += edges[:, 1] - edges[:, 0]
            over += edges[:, 3] - edges[:, 2]
        return under, over

    def _fraction_lengths(self, formats: AnyFormat) -> NDArray[np.int64]:
        channels = len(self.parts.special)
        if isinstance(formats, FixedPoint):
            return np.full(channels, formats.fraction_length, np.int64)
        if len(formats) != channels:
            message = f"spectrum: wanted a type for each of {channels} channels; got {len(formats)} types."
            raise DataError(message)
        return np.array(formats.fraction_lengths, np.int64)

    def signal_energy(self) -> Fraction:
        """Return the sum of the squares of all finite values, exact."""
        total = Fraction(0)
        for octave, (_, second) in zip(self.parts.octaves, integers(self.parts.sums), strict=True):
            exponent = int(octave & (_POSITION_MASK >> 7)) - POSITION_ZERO // RANKS
            total += second * Fraction(2) ** (2 * (exponent - 52))
        return total

    def sqnr(self, fmt: FixedPoint | str, rounding: str = "round", overflow: str = "saturate") -> Sqnr:
        """Return the signal-to-quantization-noise ratio of casting the finite values; it says whether it is exact."""
        from bitwindow.spectrum.sqnr import sqnr_of

        return sqnr_of(self, as_format(fmt), Rounding.parse(rounding), Overflow.parse(overflow))

    def values_in_octaves(self) -> NDArray[np.int64]:
        """Return how many values lie in each of ``parts.octaves``."""
        return values_in_octaves(self.parts.cells, self.parts.counts)

    def wire(self) -> NDArray[np.float64]:
        """Return the nonempty cells, all channels together, as float64[n, 5] rows for a browser.

        Columns: sign (1 or -1); MSB exponent; run, n ones (n > 0) or -n zeros that follow the leading one, -33 for a
        power of two; 1 if nothing follows the run and the bit that ends it; count.
        """
        parts = self.merged().parts
        position = (parts.cells & _POSITION_MASK) - POSITION_ZERO
        run, tail = runs_of_ranks()
        rank = position % RANKS
        sign = np.where((parts.cells >> CELL_BITS) & 1, -1, 1)
        return np.stack([sign, position // RANKS, run[rank], tail[rank], parts.counts], axis=1).astype(np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that ``from_arrays`` takes, for a file."""
        out: dict[str, NDArray[Any]] = {name: getattr(self.parts, name) for name in _FIELDS}
        return {**out, "channels": np.array(-1 if self.channels is None else self.channels, np.int64)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Spectrum:
        """Return the spectrum that ``to_arrays`` wrote.

        Raises:
            DataError: If the arrays are not those of a spectrum.
        """
        from bitwindow.spectrum.reading import checked

        parts, channels = checked(arrays)
        return cls(parts=parts, channels=channels)


def _renumbered(keys: NDArray[np.int64], channels: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Return the keys of the channels that stay (not -1), whose number lies above so many bits."""
    stay = channels >= 0
    renumbered: NDArray[np.int64] = keys[stay] & ((1 << bits) - 1) | channels[stay] << bits
    return renumbered
