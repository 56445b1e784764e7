"""How the panel writes numbers: counts, shares, decibels, bytes and metrics. Nothing rounded looks exact."""

from __future__ import annotations

import math
import re

TIMES = "\N{MULTIPLICATION SIGN}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"\b2\^(-?\d+)")
_BYTE_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def count(value: int) -> str:
    """Return an exact count with its thousands apart.

    >>> count(1203)
    '1,203'
    """
    return f"{value:,}"


def searching(evaluations: int, best: str) -> str:
    """Return how far a search for better types is.

    >>> searching(12, "accuracy 0.98 over 500 samples")
    'Choosing types by loss: 12 evaluations so far, the best: accuracy 0.98 over 500 samples. Any change ends it.'
    """
    if not evaluations:
        return "Choosing types by loss …"
    found = f", the best: {best}" if best else ""
    return f"Choosing types by loss: {count(evaluations)} evaluations so far{found}. Any change ends it."


def share(part: int, whole: int) -> str:
    """Return a percentage that reads 0 % only for none and 100 % only for all.

    >>> share(0, 10), share(1, 100_000), share(421, 10_000), share(99_999, 100_000), share(5, 5)
    ('0 %', '<0.01 %', '4.2 %', '>99.9 %', '100 %')
    >>> share(0, 0)
    '—'
    """
    if whole == 0:
        return "—"
    if part in {0, whole}:
        return "100 %" if part else "0 %"
    percent = 100 * part / whole
    if percent < 0.01:
        return "<0.01 %"
    if percent > 99.9:
        return ">99.9 %"
    return f"{percent:.2f} %" if percent < 1 else f"{percent:.1f} %"


def decibels(value: float | None, *, is_exact: bool) -> str:
    """Return a signal-to-noise ratio; an estimate carries its sign, a cast without any error is "lossless".

    >>> decibels(42.13, is_exact=True), decibels(42.13, is_exact=False), decibels(math.inf, is_exact=True)
    ('42.1 dB', '≈42.1 dB', 'lossless')
    >>> decibels(None, is_exact=True)
    '—'
    """
    if value is None or math.isnan(value):
        return "—"
    if math.isinf(value):
        return "lossless" if value > 0 else "\N{MINUS SIGN}∞ dB"
    return f"{'' if is_exact else '≈'}{value:.1f} dB"


def exponent(power: int) -> str:
    """Return a bit position as text.

    >>> exponent(-3)
    '2^-3'
    """
    return f"2^{power}"


def power(exponent: int) -> str:
    """Return a power of two in superscript digits.

    >>> power(-13), power(4)
    ('2⁻¹³', '2⁴')
    """
    return "2" + str(exponent).translate(_RAISED)


def powers(text: str) -> str:
    """Return a text with its powers of two in superscript digits.

    >>> powers("window 2^-2 to 2^-8 holds 97 % of the MSBs")
    'window 2⁻² to 2⁻⁸ holds 97 % of the MSBs'
    """
    return _POWER.sub(lambda found: power(int(found[1])), text)


def memory(size: int) -> str:
    """Return a size in bytes with three digits.

    >>> memory(512), memory(412_000)
    ('512 bytes', '412 KB')
    """
    scaled, unit = float(size), 0
    while scaled >= 1000 and unit < len(_BYTE_UNITS) - 1:
        scaled, unit = scaled / 1000, unit + 1
    return f"{scaled:.0f} {_BYTE_UNITS[unit]}" if unit == 0 or scaled >= 100 else f"{scaled:.3g} {_BYTE_UNITS[unit]}"


def metric(name: str, value: float | None) -> str:
    """Return a metric's value: shares of samples as a percentage with two digits, the rest with four digits.

    >>> metric("accuracy", 0.9873), metric("mse", 0.0123456)
    ('98.73 %', '0.01235')
    """
    if value is None or math.isnan(value):
        return "—"
    if _is_share(name):
        return f"{100 * value:.2f} %"
    return f"{value:.4g}"


def number(value: float | None) -> str:
    """Return a real number with five digits.

    >>> number(-0.123456789), number(None)
    ('\N{MINUS SIGN}0.12346', '—')
    """
    return "—" if value is None else exactly(value, 5)


def minus(value: int) -> str:
    """Return an integer with a proper minus sign.

    >>> minus(-3), minus(3)
    ('\N{MINUS SIGN}3', '3')
    """
    return f"{value}".replace("-", "\N{MINUS SIGN}")


def exactly(value: float, digits: int = 7) -> str:
    """Return a real number to some significant digits: 17 tell every float from its neighbours.

    >>> exactly(-0.125), exactly(0.1234567890123), exactly(1e30)
    ('\N{MINUS SIGN}0.125', '0.1234568', '1e+30')
    """
    text = f"{value:.{digits}g}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if value < 0 else text


def short(value: float | None) -> str:
    """Return a real number to three significant digits.

    >>> short(-0.50408), short(None)
    ('\N{MINUS SIGN}0.504', '—')
    """
    return "—" if value is None else exactly(value, 3)


def difference(name: str, change: float) -> str:
    """Return by how much a metric changed, with its sign: shares in percentage points.

    >>> difference("accuracy", -0.0123), difference("mse", 0.0), difference("top5", 0.00001)
    ('\N{MINUS SIGN}1.23 points', '0', '+<0.01 points')
    >>> difference("accuracy", 0.0)
    '0.00 points'
    >>> difference("mse", 0.01234), difference("mse", float("nan"))
    ('+0.0123', '—')
    """
    if math.isnan(change):
        return "—"
    if change == 0:
        return "0.00 points" if _is_share(name) else "0"
    sign = "+" if change > 0 else "\N{MINUS SIGN}"
    if not _is_share(name):
        return f"{sign}{abs(change):.3g}"
    return f"{sign}<0.01 points" if abs(change) < 0.00005 else f"{sign}{100 * abs(change):.2f} points"


def _is_share(name: str) -> bool:
    return name in {"accuracy", "agreement"} or name.startswith("top")
