"""Make ``counts.json``, the counts that Python and TypeScript must both give, by exact rational arithmetic.

    python tests/vectors/make_counts.py

Nothing of the package is used: the values, their cells and their fates under each type come from
``fractions.Fraction``. A number of values beyond 2^32 is written as a weight, a power of two, on all values of a table.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("counts.json")
HALF = Fraction(1, 2)
ROUNDINGS = ("round", "nearest", "convergent", "half_zero", "half_down", "floor", "ceiling", "zero")
DEEPEST = 32
EVERY = 29
"""How many cases lie between two whose fates are written octave by octave; a prime, so that all modes occur."""

Type = tuple[bool, int, int]


def rounded(x: Fraction, mode: str) -> int:
    """Return x as an integer under a rounding mode."""
    down, up = math.floor(x), math.ceil(x)
    if mode in {"floor", "ceiling", "zero"}:
        return {"floor": down, "ceiling": up, "zero": int(x)}[mode]
    if x - down != HALF:
        return math.floor(x + HALF)
    away, to_zero = (up, down) if x > 0 else (down, up)
    even = down if down % 2 == 0 else up
    return {"round": away, "nearest": up, "convergent": even, "half_zero": to_zero, "half_down": down}[mode]


def fate(x: Fraction, fmt: Type, rounding: str, overflow: str) -> str:
    """Return the class of a nonzero finite value."""
    signed, word_length, fraction_length = fmt
    k = rounded(x * Fraction(2) ** fraction_length, rounding)
    bits = word_length - signed
    least = -(2**bits) + (overflow == "saturate_symmetric") if signed else 0
    if not least <= k < 2**bits:
        return "overflow"
    return "underflow" if k == 0 else "kept"


def cell(x: Fraction) -> tuple[int, int, int, int]:
    """Return (sign, msb, run, tail is zero) of a nonzero value, from its binary digits."""
    magnitude = abs(x)
    msb = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if magnitude < Fraction(2) ** msb:
        msb -= 1
    fraction = magnitude / Fraction(2) ** msb - 1
    sign = 1 if x > 0 else -1
    if fraction == 0:
        return sign, msb, -DEEPEST - 1, 1
    first = fraction >= HALF
    run = 0
    while run < DEEPEST and (fraction >= HALF) == first:
        fraction = fraction * 2 - first
        run += 1
    if not first:
        return sign, msb, -run, int(run < DEEPEST and fraction == HALF)
    return sign, msb, run, int(fraction == 0)


def by_octave(values: list[Fraction], fmt: Type, rounding: str, overflow: str, weight: int) -> list[list[int]]:
    """Return [msb, underflow, kept, overflow] of every octave that holds values, from low to high."""
    fates = Counter((cell(x)[1], fate(x, fmt, rounding, overflow)) for x in values if x)
    names = ("underflow", "kept", "overflow")
    return [[msb, *(weight * fates[msb, name] for name in names)] for msb in sorted({msb for msb, _ in fates})]


def near_borders(types: Iterable[Type]) -> Iterator[Fraction]:
    """Yield float64 values at, just below and just above every border of every type, of both signs."""
    for signed, word_length, fraction_length in types:
        lsb = Fraction(2) ** -fraction_length
        top = 2 ** (word_length - signed)
        for k in (Fraction(1, 4), HALF, 1, Fraction(3, 2), top - HALF, top - 1, top, top + HALF, top + 1, 2 * top):
            at = float(k * lsb)
            for x in (at, math.nextafter(at, 0), math.nextafter(at, math.inf)):
                yield from (Fraction(x), Fraction(-x))


def table(
    name: str, values: list[Fraction], types: list[Type], weight: int, modes: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Return one table of cells and the counts of all its cases."""
    cells = Counter(cell(x) for x in values if x)
    cases: list[list[Any]] = []
    octaves: list[list[Any]] = []
    for rounding, overflow in modes:
        for fmt in types:
            fates = Counter(fate(x, fmt, rounding, overflow) for x in values if x)
            counts = [weight * fates["underflow"], weight * fates["overflow"]]
            cases.append([int(fmt[0]), fmt[1], fmt[2], rounding, overflow, *counts])
            if len(cases) % EVERY == 1:
                octaves.append([*cases[-1][:5], by_octave(values, fmt, rounding, overflow, weight)])
    return {
        "name": name,
        "values": [float(x).hex() for x in values],
        "weight": weight,
        "cells": [[*key, weight * count] for key, count in sorted(cells.items())],
        "tally": {
            "total": weight * (len(values) + 3),
            "zero": weight * values.count(Fraction(0)),
            "nan": weight,
            "inf": 2 * weight,
        },
        "cases": cases,
        "octaves": octaves,
    }


def every_width() -> dict[str, Any]:
    """Every W from 1 to 32, signed and not, around the borders of a few types of that width, under every mode."""
    rng = random.Random(20)
    types = [(signed, w, rng.randint(-6, 20)) for w in range(1, 33) for signed in (False, True) if w > signed]
    values = [*near_borders(types[::5]), *(Fraction(rng.gauss(0, 4)) for _ in range(200)), Fraction(0), Fraction(0)]
    modes = [(rounding, overflow) for rounding in ROUNDINGS for overflow in ("saturate", "saturate_symmetric")]
    return table("every width", values, types, 1, modes)


def every_window() -> dict[str, Any]:
    """Every position of an 8-bit and a 3-bit window, from all values above it to all below."""
    rng = random.Random(21)
    types = [(signed, w, f) for w in (3, 8) for signed in (False, True) for f in range(-20, 31)]
    values = [
        *near_borders(types[::17]),
        *(Fraction(rng.lognormvariate(0, 4) * rng.choice((-1, 1))) for _ in range(100)),
    ]
    return table(
        "every window", values, types, 1, [("round", "saturate"), ("convergent", "wrap"), ("floor", "saturate_zero")]
    )


def extremes() -> dict[str, Any]:
    """Types at both ends of the exponents, with denormals and the largest floats."""
    types: list[Type] = [(True, 8, 126), (False, 32, 126), (True, 32, -96), (False, 1, -127 + 1), (True, 2, -126)]
    ends = (2.0**-149, 2.0**-126, 3.4028234663852886e38, 5e-324, 1.7976931348623157e308)
    values = [*near_borders(types), *(Fraction(sign * x) for x in ends for sign in (-1, 1))]
    return table("extremes", values, types, 1, [(rounding, "saturate") for rounding in ROUNDINGS])


def huge() -> dict[str, Any]:
    """Numbers of values far above 2^32."""
    rng = random.Random(22)
    types: list[Type] = [(True, 8, 3), (False, 8, 5), (True, 16, 12), (True, 4, -3)]
    values = [*(Fraction(rng.gauss(0, 6)) for _ in range(99)), Fraction(0)]
    return table("huge", values, types, 2**40, [("round", "saturate"), ("ceiling", "saturate_symmetric")])


def main() -> None:
    """Write the vectors."""
    tables = [every_width(), every_window(), extremes(), huge()]
    TARGET.write_text("[\n" + ",\n".join(json.dumps(t, separators=(",", ":")) for t in tables) + "\n]\n")


if __name__ == "__main__":
    main()
