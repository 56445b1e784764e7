"""The end of every integer layer: accumulator limit, activation, and the one cast to the output's type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.execute.plan import Settings, Variant
from bitwindow.execute.samples import Samples
from bitwindow.execute.tally import CLASSES, count_quick, count_verdicts
from bitwindow.numbers.cast import cast_integers, cast_ratio
from bitwindow.numbers.quick import QuickCast, quick_cast

if TYPE_CHECKING:
    from jax import Array
    from jaxtyping import Int, Int32, Int64


class Result(NamedTuple):
    """What a step returns: the output's carrier, the verdicts' counts, and the accumulator's overflows."""

    output: Array
    counts: Int64[Array, "7"]
    accumulator_overflows: Int64[Array, ""]


def unpack(numbers: Int64[Array, "settings *channels"]) -> Settings:
    """Return traced settings: scalars, or arrays with a number for each output channel (`along`)."""
    settings = Settings.unpacked([numbers[index] for index in range(numbers.shape[0])])
    if numbers.ndim == 1:
        return settings
    return settings._replace(carrier=settings.carrier[0], rounding=settings.rounding[0], overflow=settings.overflow[0])


def along(settings: Settings, axis: int, rank: int) -> Settings:
    """Return settings by channel so that they broadcast over sums with their channels at an axis."""
    shape = [1] * rank
    shape[axis] = -1
    spread: Settings = jax.tree.map(lambda one: one.reshape(shape) if one.ndim else one, settings)
    return spread


def narrow_to(number: Int64[Array, ""], dtype: np.dtype | type) -> Array:
    """Return a bound in the sum's own dtype, clamped to its range."""
    if jnp.issubdtype(dtype, jnp.floating):
        return number.astype(dtype)
    info = np.iinfo(dtype)
    clamped: Array = jnp.clip(number, info.min, info.max).astype(dtype)
    return clamped


def no_counts() -> Int64[Array, "7"]:
    """Return the counts of a step that casts nothing."""
    return jnp.zeros(CLASSES, np.int64)


def finish_sum(
    total: Int[Array, "rows *shape"],
    settings: Settings,
    fmt: Int32[Array, "3"],
    samples: Samples,
    *,
    variant: Variant,
    clips: bool,
    tally: bool,
    carrier: np.dtype[Any],
    divisor: Int[Array, "..."] | None = None,
    bounds: tuple[Array, Array] | None = None,
) -> Result:
    """Limit, clip and cast exact sums at LSB 2^-point, divided once by `divisor` if given.

    Args:
        total: The exact sums: int32, int64, or float64 that hold integers.
        settings: Traced settings.
        fmt: The output's type.
        samples: The chunk's samples.
        variant: CAREFUL and STOCHASTIC limit the accumulator and clip at bounds off the sums' grid; the others clip on
            the grid and cast.
        clips: Whether the layer has an activation.
        tally: Whether verdicts are counted.
        carrier: The dtype of the output's carrier.
        divisor: Divisor of an average, broadcastable to the sums.
        bounds: Clip bounds that differ by divisor, in units of the sum, in place of those in the settings.
    """
    low, high = (settings.clip_min, settings.clip_max) if bounds is None else bounds
    low, high = narrow_to(low, total.dtype), narrow_to(high, total.dtype)
    point: Array = settings.point.astype(np.int32)
    words = samples.random_bits(total.shape) if variant is Variant.STOCHASTIC else None
    careful = variant in (Variant.CAREFUL, Variant.STOCHASTIC)
    overflows: Array = jnp.zeros((), np.int64)
    if careful:
        total, overflows = limit_sum(total, settings, samples)
    if clips and careful:
        total, point, divisor = _clip_off_grid(total, low, high, settings, divisor)
    elif clips:
        total = jnp.clip(total, low, high)
    if divisor is None and not careful:
        return _finish_quickly(total, settings.cast, samples, tally=tally, carrier=carrier)
    codes = (fmt, settings.rounding.astype(np.int32), settings.overflow.astype(np.int32))
    if divisor is None:
        result = cast_integers(total, point, *codes, random_bits=words)
    else:
        result = cast_ratio(total, divisor, point, *codes, random_bits=words)
    if not tally:
        return Result(result.stored, no_counts(), overflows)
    # Else XLA fuses the cast into the counting once more, where it runs on one core.
    stored, verdict = lax.optimization_barrier((result.stored, result.verdict))  # type: ignore[no-untyped-call]
    return Result(stored, count_verdicts(verdict, samples.valid, finite=True), overflows)


def _finish_quickly(total: Array, cast: QuickCast, samples: Samples, *, tally: bool, carrier: np.dtype[Any]) -> Result:
    none: Array = jnp.zeros((), np.int64)
    counts = count_quick(total, cast, samples.valid) if tally else no_counts()
    return Result(quick_cast(total, cast, carrier), counts, none)


def _clip_off_grid(
    k: Array, low: Array, high: Array, settings: Settings, divisor: Array | None
) -> tuple[Array, Array, Array | None]:
    """Put the bounds themselves, m * 2^-p, where the sums lie beyond them; they may be off the sum's grid."""
    point = jnp.broadcast_to(settings.point.astype(np.int32), k.shape)
    beyond = (k < low) | (k > high)
    for outside, mantissa, own_point in (
        (k < low, settings.lower, settings.lower_point),
        (k > high, settings.upper, settings.upper_point),
    ):
        k = jnp.where(outside, mantissa.astype(k.dtype), k)
        point = jnp.where(outside, own_point.astype(np.int32), point)
    return k, point, None if divisor is None else jnp.where(beyond, np.int64(1), divisor)


def limit_sum(k: Int[Array, "rows *shape"], settings: Settings, samples: Samples) -> tuple[Array, Array]:
    """Return the sums as a limited accumulator holds them, and how many of the valid rows it could not hold."""
    low, high = narrow_to(settings.limit_min, k.dtype), narrow_to(settings.limit_max, k.dtype)
    outside = (k < low) | (k > high)
    rows = (jnp.arange(k.shape[0]) < samples.valid).reshape((k.shape[0],) + (1,) * (k.ndim - 1))
    count = (outside & rows & (settings.limit != 0)).sum(dtype=np.int64)
    # high is 2^(bits-1) - 1 when the limit acts: the low bits, sign-extended from the top one.
    sign = high + np.asarray(1, k.dtype)
    wrapped = ((k & (high | sign)) ^ sign) - sign
    limited = jnp.where(settings.limit_wraps != 0, wrapped, jnp.clip(k, low, high))
    return jnp.where(settings.limit != 0, limited, k), count


def sum_to_float(
    total: Int[Array, "rows *shape"],
    settings: Settings,
    samples: Samples,
    clip: tuple[float | None, float | None],
    divisor: Int[Array, "..."] | None = None,
) -> Result:
    """Convert exact sums once to float32 (nearest even) for an output that has no type, then clip.

    Clipping after the conversion is exact: it is monotonic, and the bounds are float32 numbers.
    """
    overflows: Array = jnp.zeros((), np.int64)
    if not jnp.issubdtype(total.dtype, jnp.floating):  # sums in float64 have no limit
        total, overflows = limit_sum(total, settings, samples)
    half = (-settings.point) // 2
    if divisor is None:
        exact = total.astype(np.float32)
    else:
        exact = (total.astype(np.float64) / divisor.astype(np.float64)).astype(np.float32)
    values = exact * _power_of_two(half) * _power_of_two(-settings.point - half)
    return Result(clip_floats(values, clip), no_counts(), overflows)


def clip_floats(values: Array, clip: tuple[float | None, float | None]) -> Array:
    """Return ``min(max(values, lower), upper)``."""
    lower, upper = clip
    if lower is not None:
        values = jnp.maximum(values, np.float32(lower))
    return values if upper is None else jnp.minimum(values, np.float32(upper))


def _power_of_two(exponent: Array) -> Array:
    """Return 2^exponent as float32 by its bits, for exponents of normal numbers."""
    bits: Array = lax.bitcast_convert_type(((exponent + 127) << 23).astype(np.int32), np.float32)
    return bits
