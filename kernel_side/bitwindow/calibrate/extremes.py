"""The values of a tensor that lie nearest to zero: the first to underflow. The others' extremes are in the spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.spectrum.record import Spectrum

_BLOCK = 1 << 16
"""Float64 values that are looked at together, so that they stay in the cache."""


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """The least value above zero and the greatest below it, exact; None where there is none."""

    above: float | None
    below: float | None

    @classmethod
    def of(cls, values: NDArray[Any]) -> Nearest:
        """Return the values nearest to zero; NaNs and infinities are left out."""
        flat = np.asarray(values).reshape(-1)
        if flat.dtype not in (np.float32, np.float64):
            flat = flat.astype(np.float32)  # exact for float16 and bfloat16
        word: Any = np.dtype(f"u{flat.dtype.itemsize}").type
        top = word(1) << word(8 * flat.dtype.itemsize - 1)
        infinity = np.array(np.inf, flat.dtype).view(word)
        patterns = np.ascontiguousarray(flat).view(word)
        above, below = (min(int(infinity), bits) for bits in _nearest(patterns, top))
        least, greatest = (
            None if bits >= infinity else float(np.array(bits, word).view(flat.dtype)) for bits in (above, below)
        )
        return cls(above=least, below=None if greatest is None else -greatest)

    def may_change_by(self, spectrum: Spectrum) -> bool:
        """Return whether a value of a tensor with this spectrum may lie nearer to zero, on either side."""
        exponents, *sides = spectrum.merged().msb_counts()
        return any(
            present.any() and (limit is None or 2.0 ** int(exponents[present > 0].min()) <= abs(limit))
            for present, limit in zip(sides, (self.above, self.below), strict=True)
        )

    def __add__(self, other: Nearest) -> Nearest:
        return Nearest(
            above=min((v for v in (self.above, other.above) if v is not None), default=None),
            below=max((v for v in (self.below, other.below) if v is not None), default=None),
        )


def _nearest(patterns: NDArray[Any], top: Any) -> tuple[int, int]:
    """Return the least pattern above zero, and the least below it without its sign."""
    if patterns.dtype == np.uint32:
        from bitwindow.calibrate.nearest_kernel import nearest_patterns

        least = np.full(2, np.iinfo(np.uint32).max, np.uint32)
        nearest_patterns(patterns, least)
        return int(least[0]) + 1, int(least[1]) + 1
    above = below = int(np.iinfo(patterns.dtype).max)
    for start in range(0, patterns.size, _BLOCK):
        block = patterns[start : start + _BLOCK] - patterns.dtype.type(1)
        above = min(above, int(block.min()))
        below = min(below, int((block - top).min()))
    return above + 1, below + 1


NOWHERE = Nearest(above=None, below=None)
"""Of no values at all."""
