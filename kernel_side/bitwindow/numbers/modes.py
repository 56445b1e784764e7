"""The nine rounding modes and the four overflow modes, with their names in MATLAB and in ap_fixed."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from functools import cache
from typing import Self

from bitwindow.errors import SettingError

_ROUNDING_NAMES = {
    "round": ("Round", "AP_RND_INF"),
    "nearest": ("Nearest", "AP_RND"),
    "convergent": ("Convergent", "AP_RND_CONV"),
    "half_zero": (None, "AP_RND_ZERO"),
    "half_down": (None, "AP_RND_MIN_INF"),
    "floor": ("Floor", "AP_TRN"),
    "ceiling": ("Ceiling", None),
    "zero": ("Zero", "AP_TRN_ZERO"),
    "stochastic": (None, None),
}
_OVERFLOW_NAMES = {
    "saturate": ("Saturate", "AP_SAT"),
    "wrap": ("Wrap", "AP_WRAP"),
    "saturate_symmetric": (None, "AP_SAT_SYM"),
    "saturate_zero": (None, "AP_SAT_ZERO"),
}


class _Mode(StrEnum):
    """A named setting that compiled steps take as a small integer, so that changing it compiles nothing."""

    @property
    def code(self) -> int:
        """The mode's place in the order of definition, from 0."""
        return _place(self)

    @classmethod
    def parse(cls, value: object) -> Self:
        """Return the mode that a name (any case, ``-`` or blanks for ``_``) or a member stands for.

        Raises:
            SettingError: If there is no such mode.
        """
        if isinstance(value, cls):
            return value
        what = "Choose one of these names" if isinstance(value, str) else "Pass the mode's name as text"
        if isinstance(value, str):
            with suppress(ValueError):
                return cls(value.strip().lower().replace("-", "_").replace(" ", "_"))
        wanted = ", ".join(repr(mode.value) for mode in cls)
        message = f"{cls.__name__.lower()}: wanted one of {wanted}; got {value!r}. {what}."
        raise SettingError(message)


@cache
def _place(mode: _Mode) -> int:
    """Return a mode's place among its kind: plans ask for it at every step of a drag."""
    return list(type(mode)).index(mode)


class Rounding(_Mode):
    """How x * 2^F becomes an integer.

    ``round`` nearest, ties away from zero (the default); ``nearest`` ties to +inf; ``convergent`` ties to even;
    ``half_zero`` ties to zero; ``half_down`` ties to -inf; ``floor`` to -inf; ``ceiling`` to +inf; ``zero`` to zero;
    ``stochastic`` floor(x * 2^F + u), u uniform on [0, 1).

    >>> Rounding.parse("Half-Down").ap_name
    'AP_RND_MIN_INF'
    >>> Rounding.CONVERGENT.code
    2
    """

    ROUND = "round"
    NEAREST = "nearest"
    CONVERGENT = "convergent"
    HALF_ZERO = "half_zero"
    HALF_DOWN = "half_down"
    FLOOR = "floor"
    CEILING = "ceiling"
    ZERO = "zero"
    STOCHASTIC = "stochastic"

    @property
    def matlab_name(self) -> str | None:
        """The name as MATLAB's ``RoundingMethod``; None where MATLAB has no such mode."""
        return _ROUNDING_NAMES[self.value][0]

    @property
    def ap_name(self) -> str | None:
        """The name as a quantization mode of ``ap_fixed``; None where ``ap_fixed`` has no such mode."""
        return _ROUNDING_NAMES[self.value][1]


class Overflow(_Mode):
    """What becomes of a rounded integer outside the type's range.

    ``saturate`` the nearest end of the range (the default); ``wrap`` modulo 2^W; ``saturate_symmetric`` saturate to
    +-(2^(W-1) - 1) (signed; as ``saturate`` for unsigned types), a range that counts as overflow what it leaves out;
    ``saturate_zero`` 0.

    >>> Overflow.parse("wrap").code
    1
    """

    SATURATE = "saturate"
    WRAP = "wrap"
    SATURATE_SYMMETRIC = "saturate_symmetric"
    SATURATE_ZERO = "saturate_zero"

    @property
    def matlab_name(self) -> str | None:
        """The name as MATLAB's ``OverflowAction``; None where MATLAB has no such mode."""
        return _OVERFLOW_NAMES[self.value][0]

    @property
    def ap_name(self) -> str | None:
        """The name as an overflow mode of ``ap_fixed``; None where ``ap_fixed`` has no such mode."""
        return _OVERFLOW_NAMES[self.value][1]


ROUNDINGS: tuple[Rounding, ...] = tuple(Rounding)
"""All nine rounding modes, in the order of their codes."""

DETERMINISTIC_ROUNDINGS: tuple[Rounding, ...] = tuple(mode for mode in Rounding if mode is not Rounding.STOCHASTIC)
"""The eight rounding modes that need no random bits."""

OVERFLOWS: tuple[Overflow, ...] = tuple(Overflow)
"""All four overflow modes, in the order of their codes."""
