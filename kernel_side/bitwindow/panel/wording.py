"""How the panel writes numbers: counts, shares, decibels, bytes and metrics. Nothing rounded looks exact."""

from __future__ import annotations

import math

TIMES = "\N{MULTIPLICATION SIGN}"
_BYTE_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def count(value: int) -> str:
    """Return an exact count with its thousands apart.

    >>> count(1203)
    '1,203'
    """
    return f"{value:,}"


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
    if name in {"accuracy", "agreement"} or name.startswith("top"):
        return f"{100 * value:.2f} %"
    return f"{value:.4g}"


def number(value: float | None) -> str:
    """Return a real number with five digits.

    >>> number(-0.123456789), number(None)
    ('-0.12346', '—')
    """
    return "—" if value is None else f"{value:.5g}"
