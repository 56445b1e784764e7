"""The text forms of a fixed-point type, read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bitwindow.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable

_QUANTIZATION_MODES = frozenset(
    {"AP_RND", "AP_RND_ZERO", "AP_RND_MIN_INF", "AP_RND_INF", "AP_RND_CONV", "AP_TRN", "AP_TRN_ZERO"}
)
_OVERFLOW_MODES = frozenset({"AP_SAT", "AP_SAT_ZERO", "AP_SAT_SYM", "AP_WRAP", "AP_WRAP_SM"})

Fields = tuple[bool, int, int]
"""(signed, word length, fraction length)."""


def read_type(text: str) -> Fields:
    """Return (signed, word length, fraction length) of a type written as text; the type itself is not checked.

    Raises:
        FormatError: If the text has none of the forms, or names an ``ap_fixed`` mode that does not exist.

    >>> read_type(" fixdt( 1, 8, -2 ) ")
    (True, 8, -2)
    """
    if isinstance(text, str):
        for pattern, read in _FORMS:
            match = pattern.fullmatch(text.strip())
            if match is not None:
                return read(match)
    message = (
        "fixed-point type: wanted text like 'sfix8_En3', 'ufix8_E2', 'fixdt(1,8,3)', 'ap_fixed<8,5>', 'ap_ufixed<8,5>' "
        f"or 'Q4.3'; got {text!r}. Write the type in one of these forms."
    )
    raise FormatError(message)


def _read_fix(match: re.Match[str]) -> Fields:
    sign, word, negative, exponent = match.groups()
    fraction = 0 if exponent is None else int(exponent) if negative else -int(exponent)
    return sign in "sS", int(word), fraction


def _read_fixdt(match: re.Match[str]) -> Fields:
    signed, word, fraction = match.groups()
    return signed.lower() in {"1", "true"}, int(word), int(fraction)


def _read_ap_fixed(match: re.Match[str]) -> Fields:
    unsigned, word, integer, quantization, overflow, _ = match.groups()
    for name, names in ((quantization, _QUANTIZATION_MODES), (overflow, _OVERFLOW_MODES)):
        if name is not None and name.upper() not in names:
            message = (
                f"{match.string.strip()!r}: wanted one of the modes {', '.join(sorted(names))}; got {name!r}. "
                "Correct the name, or leave the modes out."
            )
            raise FormatError(message)
    return not unsigned, int(word), int(word) - int(integer)


def _read_q(match: re.Match[str]) -> Fields:
    integer, fraction = (int(group) for group in match.groups())
    return True, 1 + integer + fraction, fraction


# Four digits are more than any type needs and keep int() clear of its own limit on the length of its text.
# Without re.ASCII the long s would stand for an s, and other digits for 0 to 9.
_CASE = re.IGNORECASE | re.ASCII
_COUNT, _SIGNED = r"([0-9]{1,4})", r"([+-]?[0-9]{1,4})"
_MODE = r"(?:\s*,\s*([A-Za-z_]+)"
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Fields]], ...] = (
    (re.compile(rf"([su])fix{_COUNT}(?:_E(n?){_COUNT})?", _CASE), _read_fix),
    (re.compile(rf"fixdt\s*\(\s*([01]|true|false)\s*,\s*{_COUNT}\s*,\s*{_SIGNED}\s*\)", _CASE), _read_fixdt),
    (
        re.compile(rf"ap_(u?)fixed\s*<\s*{_COUNT}\s*,\s*{_SIGNED}{_MODE}{_MODE}(?:\s*,\s*([0-9]+))?)?)?\s*>", _CASE),
        _read_ap_fixed,
    ),
    (re.compile(rf"q{_COUNT}\.{_COUNT}", _CASE), _read_q),
)
