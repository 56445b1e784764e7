"""Products of matrices."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.dtypes import is_float
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator


@operator("MatMul")
def _matmul(call: Call, a: Array, b: Array) -> Array:
    return call.xp.matmul(a, b)


@operator("Gemm")
def _gemm(call: Call, a: Array, b: Array, c: Array | None = None) -> Array:
    alpha, beta = call.get("alpha", 1.0), call.get("beta", 1.0)
    left = a.T if call.get("transA", 0) else a
    right = b.T if call.get("transB", 0) else b
    result = call.xp.matmul(left, right)
    if alpha != 1.0:
        result = (result * _number(alpha, a)).astype(a.dtype)
    if c is None or beta == 0.0:
        return result
    return result + (c if beta == 1.0 else (c * _number(beta, a)).astype(a.dtype))


def _number(value: float, like: Array) -> Array:
    return np.asarray(value, like.dtype if is_float(like.dtype) else np.float32)


@operator("MatMulInteger")
def _matmul_integer(call: Call, a: Array, b: Array, a_zero: Array | None = None, b_zero: Array | None = None) -> Array:
    left, right = a.astype(np.int32), b.astype(np.int32)
    if a_zero is not None:
        zero = a_zero.astype(np.int32)
        left = left - (zero[..., None] if zero.ndim == 1 else zero)
    if b_zero is not None:
        right = right - b_zero.astype(np.int32)
    return call.xp.matmul(left, right)


@operator("Einsum")
def _einsum(call: Call, *xs: Array) -> Array:
    formula = call.get("equation")
    if len(formula) > 200:
        raise call.fail("an equation of at most 200 characters", f"{len(formula)}")
    return call.xp.einsum(formula.replace(" ", ""), *xs)


@operator("Det")
def _det(call: Call, x: Array) -> Array:
    return jnp.linalg.det(x)
