"""Long division of integers, for values whose binary expansion has no end."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jax import lax

if TYPE_CHECKING:
    from types import ModuleType

    from jax import Array
    from jaxtyping import Bool, Int32, UInt64


class Quotient(NamedTuple):
    """whole + rest / divisor, rest < divisor < 2^31; `beyond` says where `whole` lost bits at the top."""

    whole: UInt64[Array, "*shape"]
    rest: UInt64[Array, "*shape"]
    divisor: UInt64[Array, "*#shape"]
    beyond: Bool[Array, "*shape"]


def extend(quotient: Quotient, bits: UInt64[Array, ""]) -> Quotient:
    """Return the quotient times 2^bits, bits <= 32, by one step of a long division."""
    dividend = quotient.rest << bits
    digit = dividend // quotient.divisor
    beyond = quotient.beyond | (quotient.whole >> np.uint64(32) != 0)
    return Quotient((quotient.whole << bits) + digit, dividend - digit * quotient.divisor, quotient.divisor, beyond)


def divide(
    xp: ModuleType, magnitude: UInt64[Array, "*shape"], divisor: UInt64[Array, "*#shape"], left: Int32[Array, ""]
) -> Quotient:
    """Return magnitude * 2^left / divisor, up to 31 bits a step: mostly none, one where the target is the finer."""
    whole = magnitude // divisor
    start = Quotient(whole, magnitude - whole * divisor, divisor, magnitude < 0)
    step = np.int32(31)

    def digits(i: Array | int, quotient: Quotient) -> Quotient:
        return extend(quotient, xp.minimum(left - i * step, step).astype(np.uint64))

    steps = (left + (step - 1)) // step
    if xp is np:
        return reduce(lambda quotient, i: digits(i, quotient), range(int(steps)), start)
    quotient: Quotient = lax.fori_loop(np.int32(0), steps, digits, start)
    return quotient
