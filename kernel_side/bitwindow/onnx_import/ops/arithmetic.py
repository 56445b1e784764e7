"""Arithmetic, element by element, with NumPy's broadcasting."""

from __future__ import annotations

from functools import reduce
from typing import Any

import jax.numpy as jnp
import jax.scipy.special as jsp
import numpy as np
from jax import lax

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.dtypes import is_float
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator

_SAME_NAME = {
    "Abs": "abs",
    "Acos": "arccos",
    "Acosh": "arccosh",
    "Asin": "arcsin",
    "Asinh": "arcsinh",
    "Atan": "arctan",
    "Atanh": "arctanh",
    "Ceil": "ceil",
    "Cos": "cos",
    "Cosh": "cosh",
    "Exp": "exp",
    "Floor": "floor",
    "Log": "log",
    "Neg": "negative",
    "Round": "rint",
    "Sign": "sign",
    "Sin": "sin",
    "Sinh": "sinh",
    "Sqrt": "sqrt",
    "Tan": "tan",
    "Tanh": "tanh",
    "IsNaN": "isnan",
    "Not": "logical_not",
    "BitwiseNot": "bitwise_not",
}


@operator(*_SAME_NAME, layout="elementwise")
def _unary(call: Call, x: Array) -> Array:
    result = getattr(call.xp, _SAME_NAME[call.node.op])(x)
    return result if result.dtype == np.bool_ else result.astype(x.dtype)


@operator("Reciprocal", layout="elementwise")
def _reciprocal(call: Call, x: Array) -> Array:
    return call.xp.ones((), x.dtype) / x


@operator("Erf", layout="elementwise")
def _erf(call: Call, x: Array) -> Array:
    return jsp.erf(x) if is_float(x.dtype) else jsp.erf(jnp.asarray(x, jnp.float32)).astype(x.dtype)


@operator("IsInf", layout="elementwise")
def _is_inf(call: Call, x: Array) -> Array:
    xp = call.xp
    positive = xp.logical_and(xp.isinf(x), x > 0)
    negative = xp.logical_and(xp.isinf(x), x < 0)
    none = xp.zeros(x.shape, bool)
    return xp.logical_or(
        positive if call.get("detect_positive", 1) else none, negative if call.get("detect_negative", 1) else none
    )


@operator("Add", "Sub", "Mul", layout="elementwise")
def _binary(call: Call, x: Array, y: Array) -> Array:
    name = {"Add": "add", "Sub": "subtract", "Mul": "multiply"}[call.node.op]
    return getattr(call.xp, name)(x, y)


@operator("Div", layout="elementwise")
def _div(call: Call, x: Array, y: Array) -> Array:
    if is_float(x.dtype) or np.dtype(x.dtype).kind == "c":
        return call.xp.true_divide(x, exact_divisor(x, y))
    if not call.folding:
        x, y = jnp.broadcast_arrays(x, y)
        return lax.div(x, y.astype(x.dtype))
    # Whole numbers: towards zero, as in C.
    quotient = np.floor_divide(x, y)
    inexact = np.multiply(quotient, y) != x
    return (quotient + np.where(inexact & ((x < 0) != (y < 0)), 1, 0)).astype(x.dtype)


def exact_divisor(x: Array, y: Array) -> Array:
    """Return a divisor that XLA divides by: for a computed scalar it multiplies by the reciprocal, and rounds twice."""
    if isinstance(y, np.ndarray | np.generic) or np.size(y) != 1 or np.size(x) == 1:
        return y
    barrier: Any = lax.optimization_barrier
    return barrier(jnp.broadcast_to(y, np.broadcast_shapes(np.shape(x), np.shape(y))))


@operator("Mod", layout="elementwise")
def _mod(call: Call, x: Array, y: Array) -> Array:
    if call.get("fmod", 0):
        return call.xp.fmod(x, y).astype(x.dtype)
    return call.xp.remainder(x, y).astype(x.dtype)


@operator("Pow", layout="elementwise")
def _pow(call: Call, x: Array, y: Array) -> Array:
    if isinstance(y, np.ndarray) and y.size == 1 and not call.folding and is_float(x.dtype):
        exponent = float(y.reshape(()))
        if exponent.is_integer() and abs(exponent) <= 64:
            return lax.integer_pow(x, int(exponent))
        if exponent == 0.5:
            return jnp.sqrt(x)
    if call.folding and not is_float(x.dtype) and np.any(np.asarray(y) < 0):
        return np.power(np.asarray(x, np.float64), y).astype(x.dtype)
    if not is_float(x.dtype) and is_float(y.dtype):
        return call.xp.power(x.astype(y.dtype), y).astype(x.dtype)
    return call.xp.power(x, y if is_float(x.dtype) or not call.folding else y.astype(x.dtype)).astype(x.dtype)


@operator("Sum", "Max", "Min", layout="elementwise")
def _variadic(call: Call, *xs: Array) -> Array:
    name = {"Sum": "add", "Max": "maximum", "Min": "minimum"}[call.node.op]
    return reduce(getattr(call.xp, name), xs)


@operator("Mean", layout="elementwise")
def _mean(call: Call, *xs: Array) -> Array:
    total = reduce(call.xp.add, xs)
    return total / np.asarray(len(xs), total.dtype)


@operator("Clip", layout="elementwise")
def _clip(call: Call, x: Array, low: Array | None = None, high: Array | None = None) -> Array:
    if call.opset < 11:
        # The defaults are float32's bounds; there they bound nothing.
        low, high = (_bound(call, name, x.dtype) for name in ("min", "max"))
    result = x
    if low is not None:
        result = call.xp.maximum(result, _number(low).astype(x.dtype))
    if high is not None:
        result = call.xp.minimum(result, _number(high).astype(x.dtype))
    return result


def _bound(call: Call, name: str, dtype: Any) -> Array | None:
    value = call.get(name, None)
    return None if value is None or abs(value) >= 3.4e38 else np.asarray(value, dtype)


def _number(bound: Array) -> Array:
    return bound.reshape(()) if bound.size == 1 else bound


@operator("And", "Or", "Xor", layout="elementwise")
def _logical(call: Call, x: Array, y: Array) -> Array:
    return getattr(call.xp, f"logical_{call.node.op.lower()}")(x, y)


@operator("BitwiseAnd", "BitwiseOr", "BitwiseXor", layout="elementwise")
def _bitwise(call: Call, x: Array, y: Array) -> Array:
    return getattr(call.xp, f"bitwise_{call.node.op[7:].lower()}")(x, y)


@operator("BitShift", layout="elementwise")
def _bit_shift(call: Call, x: Array, y: Array) -> Array:
    xp, bits = call.xp, x.dtype.itemsize * 8
    shift = xp.left_shift if call.get("direction") == "LEFT" else xp.right_shift
    shifted = shift(x, xp.minimum(y, np.asarray(bits - 1, y.dtype)))
    if np.dtype(x.dtype).kind == "i" and call.get("direction") == "RIGHT":
        return shifted.astype(x.dtype)  # the sign fills what is shifted in, however far
    return xp.where(y >= bits, np.zeros((), x.dtype), shifted).astype(x.dtype)
