"""Networks that invite a wrong step: what must be folded or evened out, and what must not, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import bitwindow as bw
from tests.prepare.networks import Params, conv, dense, drawn, norm, normed, weights

C = 6
SPREAD = 2.0 ** np.array([0, -6, 4, 0, -5, 3], np.float32)
relu = jax.nn.relu
Fn = Callable[[Params, Any], Any]


def spread_first(**others: Any) -> Params:
    """A convolution whose channels' ranges span ten bits, and other parameters."""
    first = weights(3, 3, 2, C, bias=True)
    return {"a": {"kernel": first["kernel"] * SPREAD, "bias": first["bias"] * SPREAD}, **others}


def made(fn: Fn, params: Params, *shape: int) -> bw.Model:
    return bw.Model(fn, params, drawn(4, *shape))


def between(inside: Callable[[Any], Any], *, padding: str = "SAME", **others: Any) -> bw.Model:
    """Two convolutions with something between them."""
    params = spread_first(b=weights(3, 3, C, 4, bias=True), **others)
    return made(lambda p, x: conv(p["b"], inside(conv(p["a"], x)), padding=padding), params, 7, 7, 2)


def with_norm(fn: Fn, inputs: int = 2, **others: Any) -> bw.Model:
    params = {"a": weights(3, 3, inputs, C, bias=True), "b": weights(3, 3, C, 4, bias=True), "n": norm(C), **others}
    return made(fn, params, 7, 7, inputs)


def after_norm(p: Params, x: Any) -> Any:
    return conv(p["b"], relu(normed(p["n"], conv(p["a"], x))))


def norm_read_by_two(p: Params, x: Any) -> Any:
    y = normed(p["n"], conv(p["a"], x))
    return conv(p["b"], relu(y)) + jnp.tanh(y)[..., :4]


def product_read_by_two(p: Params, x: Any) -> Any:
    y = conv(p["a"], x)
    return conv(p["b"], relu(normed(p["n"], y))) + jnp.tanh(y)[..., :4]


def norm_after_concatenation(p: Params, x: Any) -> Any:
    y = jnp.concatenate([conv(p["a"], x)[..., :3], conv(p["c"], x)], axis=-1)
    return conv(p["b"], relu(normed(p["n"], y)))


def norm_after_sum(p: Params, x: Any) -> Any:
    return conv(p["b"], relu(normed(p["n"], conv(p["a"], x) + x)))


def depthwise(p: Params, x: Any) -> Any:
    return conv(p["b"], relu(conv(p["d"], relu(conv(p["a"], x)), groups=C)))


def padded_average(y: Any) -> Any:
    window = ((1, 2, 2, 1), (1, 2, 2, 1), "SAME")
    total, count = (lax.reduce_window(each, 0.0, lax.add, *window) for each in (relu(y), jnp.ones_like(y)))
    return total / count


def shuffled(y: Any) -> Any:
    return relu(y).reshape(*y.shape[:-1], 2, 3).swapaxes(-1, -2).reshape(y.shape)


def two_outputs(p: Params, x: Any) -> Any:
    y = relu(conv(p["a"], x))
    return conv(p["b"], y), y


def flattened(p: Params, x: Any) -> Any:
    return dense(p["b"], relu(conv(p["a"], x)).transpose(0, 3, 1, 2).reshape(x.shape[0], -1))


def mixed_by_reshape(p: Params, x: Any) -> Any:
    return dense(p["b"], relu(conv(p["a"], x)).reshape(x.shape[0], -1, 4))


def scaled_ahead(p: Params, x: Any) -> Any:
    return conv(p["b"], relu(x) * p["s"])


def shifted_ahead(p: Params, x: Any, padding: str = "SAME") -> Any:
    return conv(p["b"], relu(x) * p["s"] + p["t"], padding=padding)


def ahead(fn: Fn) -> bw.Model:
    return made(fn, {"b": weights(3, 3, 2, 4, bias=True), "s": drawn(2), "t": drawn(2)}, 7, 7, 2)


ODD_NORM = {
    **norm(C),
    "var": np.array([0, 1, 0, 2, 1e-12, 3], np.float32),
    "scale": np.array([1, -2, 0, -1e-3, 1, 0], np.float32),
}
PLACES = drawn(7, 7, 1)
CORNER = ((0, 0), (1, 1), (1, 1), (0, 0))

FOLDED: dict[str, bw.Model] = {
    "variance of zero, gamma of zero and below": with_norm(after_norm, n=ODD_NORM),
    "norm read by two": with_norm(norm_read_by_two),
    "two norms": with_norm(lambda p, x: after_norm({**p, "n": p["m"]}, normed(p["n"], x)), C, m=norm(C)),
    "scale ahead of padding": ahead(scaled_ahead),
    "shift ahead, not padded": ahead(lambda p, x: shifted_ahead(p, x, "VALID")),
}
NOT_FOLDED: dict[str, bw.Model] = {
    "product read by two": with_norm(product_read_by_two),
    "norm after a concatenation": with_norm(norm_after_concatenation, c=weights(3, 3, 2, 3, bias=True)),
    "norm after a sum": with_norm(norm_after_sum, C),
    "shift ahead of padding": ahead(shifted_ahead),
    "scale by place": between(lambda y: jnp.tanh(y * PLACES)),
}
EVENED: dict[str, bw.Model] = {
    "relu": between(relu),
    "leaky relu": between(lambda y: jax.nn.leaky_relu(y, 0.1)),
    "absolute value": between(jnp.abs),
    "nothing": between(lambda y: y),
    "relu of a shift": between(lambda y: relu(y - 1.0)),
    "padded max-pool": between(
        lambda y: lax.reduce_window(relu(y), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "SAME")
    ),
    "padded average": between(padded_average),
    "shuffled channels": between(shuffled),
    "zeros put around": between(lambda y: jnp.pad(relu(y), CORNER), padding="VALID"),
    "scaled by place": between(lambda y: relu(y) * PLACES),
    "depthwise chain": made(
        depthwise, spread_first(d=weights(3, 3, 1, C, bias=True), b=weights(1, 1, C, 4, bias=True)), 7, 7, 2
    ),
    "depth multiplier": made(
        depthwise, spread_first(d=weights(3, 3, 1, 2 * C, bias=True), b=weights(1, 1, 2 * C, 4, bias=True)), 7, 7, 2
    ),
    "transposed and flattened": made(flattened, spread_first(b=weights(7 * 7 * C, 4, bias=True)), 7, 7, 2),
}
NOT_EVENED: dict[str, bw.Model] = {
    "relu6": between(lambda y: jnp.clip(y, 0, 6)),
    "hard swish": between(jax.nn.hard_swish),
    "tanh": between(jnp.tanh),
    "gelu": between(jax.nn.gelu),
    "largest with one": between(lambda y: jnp.maximum(y, 1.0)),
    "ones put around": between(lambda y: jnp.pad(relu(y), CORNER, constant_values=1.0), padding="VALID"),
    "a quotient": between(lambda y: relu(2.0 / y)),
    "a square": between(lambda y: y * y),
    "scaled by its own mean": between(lambda y: relu(y) * jax.nn.sigmoid(y.mean((1, 2), keepdims=True))),
    "normalized by itself": between(
        lambda y: relu((y - y.mean((1, 2), keepdims=True)) / jnp.sqrt(y.var((1, 2), keepdims=True) + 1e-5))
    ),
    "summed over channels": between(lambda y: relu(y) + relu(y).sum(-1, keepdims=True)),
    "also an output": made(two_outputs, spread_first(b=weights(3, 3, C, 4, bias=True)), 7, 7, 2),
    "the same weight twice": made(
        lambda p, x: conv(p["a"], relu(conv(p["a"], x))), {"a": weights(3, 3, C, C, bias=True)}, 7, 7, C
    ),
    "channels mixed by a reshape": made(mixed_by_reshape, spread_first(b=weights(4, 4, bias=True)), 8, 8, 2),
}
