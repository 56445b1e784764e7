"""Whether a type is enough for its tensor, by the spectrum alone: the noise of its cast, and what would lower it."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from bitwindow.assign.choice import window_text
from bitwindow.assign.offer import Better
from bitwindow.assign.schemes import choose
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding
from bitwindow.spectrum.record import Spectrum

LEAST_SQNR = 20.0
"""In dB; a tensor whose cast leaves less has noise of more than a tenth of its values' root mean square.

Measured on the networks of ``docs/accuracy.md``: 8-bit types of the scheme ``mse`` leave 33 dB and more at every site,
and the sites that broke a network had 1 to 13.
"""
MOST_BITS = 16


def better(
    spectrum: Spectrum,
    fmt: FixedPoint,
    rounding: str,
    overflow: str,
    values: NDArray[Any] | None = None,
    least: float = LEAST_SQNR,
) -> Better | None:
    """Return the type of least width, from the present one on, that leaves enough; None where the present one does.

    Args:
        spectrum: Of the tensor.
        fmt: Its type.
        rounding: The active mode; ``stochastic`` is taken as ``round``.
        overflow: The active mode.
        values: The tensor itself, where it is a parameter.
        least: What is enough, in dB.
    """
    known = Rounding.parse(rounding)
    mode = Rounding.ROUND.value if known is Rounding.STOCHASTIC else known.value
    before = spectrum.sqnr(fmt, mode, overflow).db
    if before >= least or fmt.word_length > MOST_BITS:
        return None
    best, after = fmt, before
    for bits in range(fmt.word_length, MOST_BITS + 1):
        wider = choose("mse", spectrum, bits, fmt.signed, mode, overflow, values).format
        found = spectrum.sqnr(wider, mode, overflow).db
        if found > after:
            best, after = wider, found
        if found >= least:
            break
    return None if best == fmt else Better(present=fmt, format=best, reason=_words(fmt, best, before, after))


def _words(fmt: FixedPoint, best: FixedPoint, before: float, after: float) -> str:
    same = best.word_length == fmt.word_length
    what = "another window" if same else f"{best.word_length} bits"
    return f"{fmt.word_length} bits leave {before:.1f} dB here, {what} ({window_text(best)}) {after:.1f} dB"
