"""The spectrum inside XLA: a state of fixed shape for jit, scan, while and GPUs, with the bits of the host path.

All arithmetic is on bit patterns, since XLA flushes denormals. Counts are pairs of uint32 words; sums are 16-bit limbs
in uint32 words, carried after every ``CHUNK`` values, so that nothing overflows without x64 mode. On the CPU the
scatters are more than ten times slower than the host path: use the host path for arrays in memory.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from bitwindow.errors import DataError
from bitwindow.spectrum.float32_kernel import ROWS as FIELDS
from bitwindow.spectrum.host import ZERO_COLUMN, parts_of_rows
from bitwindow.spectrum.parts import Parts

CHUNK = 1 << 14
"""Values between two carries: a limb of 17 bits times 2^14 values fits 32 bits."""
DENORMAL_ROWS = 22
"""Octaves below field 1, less the one that field 0 is taken for."""
ROWS = FIELDS // 2 + DENORMAL_ROWS + 1
"""Rows of a sign: octaves from 2^-149 on, the specials, and zero last."""
CELLS = 2 * ROWS * 128
FIRST_LIMBS, SECOND_LIMBS = 6, 7
"""Limbs for sums of 2^62 fractions of 23 bits, and of their squares."""

State = dict[str, Array]


def init() -> State:
    """Return the state of no values."""
    return {
        "counts": jnp.zeros((2, CELLS), jnp.uint32),
        "first": jnp.zeros((2 * ROWS, FIRST_LIMBS), jnp.uint32),
        "second": jnp.zeros((2 * ROWS, SECOND_LIMBS), jnp.uint32),
        "extremes": jnp.array([2**31 - 1, -(2**31), 0], jnp.int32),
    }


def update(state: State, x: Array, mask: Array | None = None) -> State:
    """Return the state with the values of ``x`` added; where ``mask`` (broadcast to ``x``) is False they are left out.

    Pure, with one shape in and out. ``x``: float32, bfloat16 or float16, fewer than 2^32 values.

    Raises:
        DataError: If ``x`` has another dtype.
    """
    pattern = float32_patterns(x).reshape(-1)
    chosen = jnp.ones(x.shape, bool) if mask is None else jnp.broadcast_to(mask, x.shape)
    chosen = chosen.reshape(-1)
    whole = pattern.size - pattern.size % CHUNK
    carry = (jnp.zeros(CELLS, jnp.uint32), {name: state[name] for name in ("first", "second", "extremes")})
    if whole:
        blocks = pattern[:whole].reshape(-1, CHUNK), chosen[:whole].reshape(-1, CHUNK)
        carry, _ = lax.scan(lambda state, block: (_add_chunk(state, *block), None), carry, blocks)
    if whole < pattern.size:
        carry = _add_chunk(carry, pattern[whole:], chosen[whole:])
    counts, rest = carry
    return {"counts": _add_words(state["counts"], jnp.stack([counts, jnp.zeros_like(counts)])), **rest}


def merge(a: State, b: State) -> State:
    """Return the state of the values of both, the same in any order."""
    return {
        "counts": _add_words(a["counts"], b["counts"]),
        "first": _carried(a["first"] + b["first"]),
        "second": _carried(a["second"] + b["second"]),
        "extremes": _joined(a["extremes"], b["extremes"]),
    }


def float32_patterns(x: Array) -> Array:
    """Return the bit patterns of the float32 numbers equal to ``x``, made without float arithmetic."""
    if x.dtype == jnp.float32:
        return lax.bitcast_convert_type(x, jnp.uint32)
    if x.dtype == jnp.bfloat16:
        return lax.bitcast_convert_type(x, jnp.uint16).astype(jnp.uint32) << 16
    if x.dtype != jnp.float16:
        message = (
            f"spectrum: wanted float32, bfloat16 or float16 inside a compiled program; got dtype {x.dtype}. "
            "Convert it to float32, or take Spectrum.of on the host."
        )
        raise DataError(message)
    bits = lax.bitcast_convert_type(x, jnp.uint16).astype(jnp.uint32)
    magnitude = bits & 0x7FFF
    shift = lax.clz(jnp.maximum(magnitude, 1)) - 21
    denormal = ((113 - shift) << 23) | (((magnitude << shift) & 0x3FF) << 13)
    normal = (magnitude << 13) + (112 << 23)
    special = (magnitude << 13) | 0x7F800000
    wide = jnp.where(magnitude >= 0x7C00, special, jnp.where(magnitude < 0x400, denormal, normal))
    return jnp.where(magnitude == 0, 0, wide) | ((bits >> 15) << 31)


def _add_chunk(carry: tuple[Array, State], pattern: Array, chosen: Array) -> tuple[Array, State]:
    counts, state = carry
    row, fraction = _rows(pattern)
    ordered = lax.bitcast_convert_type(pattern, jnp.int32)
    ordered = ordered ^ ((ordered >> 31) & 0x7FFFFFFF)
    finite = chosen & ((pattern & 0x7FFFFFFF) < 0x7F800000)
    bits = lax.reduce(
        lax.bitcast_convert_type(jnp.where(finite, fraction, 0), jnp.int32), np.int32(0), lax.bitwise_or, (0,)
    )
    extremes = jnp.stack(
        [
            jnp.min(jnp.where(finite, ordered, 2**31 - 1)),
            jnp.max(jnp.where(finite, ordered, -(2**31))),
            bits,
        ]
    )
    # What is not chosen goes to a row that does not exist.
    row = jnp.where(chosen, row, 2 * ROWS)
    counts = counts.at[row * 128 + _columns(fraction)].add(jnp.uint32(1), mode="drop")
    low, high = fraction & 0xFFFF, fraction >> 16
    square, cross = low * low, 2 * high * low
    limbs = jnp.stack(
        [low, high, square & 0xFFFF, (square >> 16) + (cross & 0xFFFF), (cross >> 16) + high * high], axis=1
    )
    sums = jnp.zeros((2 * ROWS, 5), jnp.uint32).at[row].add(limbs, mode="drop")
    return counts, {
        "first": _carried(state["first"].at[:, :2].add(sums[:, :2])),
        "second": _carried(state["second"].at[:, :3].add(sums[:, 2:])),
        "extremes": _joined(state["extremes"], extremes),
    }


def _rows(pattern: Array) -> tuple[Array, Array]:
    """Return the row (octave of a sign) and the 23 fraction bits, denormals brought to the form of the others."""
    magnitude = pattern & 0x7FFFFFFF
    denormal = magnitude < 0x00800000
    shift = jnp.where(denormal, lax.clz(jnp.maximum(magnitude, 1)) - 8, 0)
    field = jnp.where(denormal, 1 - shift.astype(jnp.int32), (magnitude >> 23).astype(jnp.int32))
    row = jnp.where(magnitude == 0, ROWS - 1, field + DENORMAL_ROWS)
    return row + ROWS * (pattern >> 31).astype(jnp.int32), (magnitude << shift) & 0x7FFFFF


def _columns(fraction: Array) -> Array:
    top = fraction << 9
    ones = (top >> 31).astype(bool)
    run = lax.clz(jnp.where(ones, ~top, top) | 256)
    # A run of all 23 zeros ends without a one: a shift of 24 leaves nothing of the fraction either way.
    rest = top << jnp.where(ones, run, run + 1)
    return (jnp.where(ones, 64, 0) + 2 * run + (rest != 0)).astype(jnp.int32)


def _add_words(a: Array, b: Array) -> Array:
    low = a[0] + b[0]
    return jnp.stack([low, a[1] + b[1] + (low < a[0]).astype(jnp.uint32)])


def _carried(limbs: Array) -> Array:
    def step(carry: Array, limb: Array) -> tuple[Array, Array]:
        total = limb + carry
        return total >> 16, total & 0xFFFF

    _, out = lax.scan(step, jnp.zeros_like(limbs[:, 0]), limbs.T)
    return out.T


def _joined(a: Array, b: Array) -> Array:
    return jnp.stack([jnp.minimum(a[0], b[0]), jnp.maximum(a[1], b[1]), a[2] | b[2]])


def parts_of_state(state: State) -> Parts:
    """Return the parts of a spectrum from a state."""
    words: dict[str, NDArray[Any]] = {name: np.asarray(value) for name, value in jax.device_get(state).items()}
    counts = words["counts"][0].astype(np.int64) + (words["counts"][1].astype(np.int64) << 32)
    table = counts.reshape(2, ROWS, 128)
    zeros = table[:, ROWS - 1].sum()
    infinite = table[:, ROWS - 2, ZERO_COLUMN].sum()
    special = np.array([[zeros, table[:, ROWS - 2].sum() - infinite, infinite, 0]], np.int64)
    exponents = np.tile(np.arange(ROWS) - DENORMAL_ROWS - 127, 2)
    values = np.tile(np.arange(ROWS) < ROWS - 2, 2)
    terms = [
        [(words[name][:, place].astype(np.uint64), 16 * place) for place in range(words[name].shape[1])]
        for name in ("first", "second")
    ]
    return parts_of_rows(
        table.reshape(2 * ROWS, 128), exponents, values, terms[0], terms[1], special, words["extremes"]
    )
