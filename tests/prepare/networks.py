"""Small networks with batch-norm in every place where it can stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import bitwindow as bw

RNG = np.random.default_rng(21)
Params = dict[str, Any]


def drawn(*shape: int) -> np.ndarray[Any, Any]:
    made: np.ndarray[Any, Any] = RNG.normal(size=shape)
    return made.astype(np.float32)


def norm(channels: int) -> Params:
    return {
        "scale": drawn(channels) + 2.0,
        "bias": drawn(channels),
        "mean": drawn(channels),
        "var": drawn(channels) ** 2 + np.float32(0.1),
    }


def normed(params: Params, x: Any) -> Any:
    return (x - params["mean"]) * (params["scale"] * lax.rsqrt(params["var"] + 1e-5)) + params["bias"]


def conv(params: Params, x: Any, *, groups: int = 1, padding: str = "SAME") -> Any:
    space = "HW"[: x.ndim - 2]
    numbers = (f"N{space}C", f"{space}IO", f"N{space}C")
    strides = (1,) * len(space)
    y = lax.conv_general_dilated(
        x, params["kernel"], strides, padding, dimension_numbers=numbers, feature_group_count=groups
    )
    return y + params["bias"] if "bias" in params else y


def dense(params: Params, x: Any) -> Any:
    y = x @ params["kernel"]
    return y + params["bias"] if "bias" in params else y


def weights(*shape: int, bias: bool) -> Params:
    return {"kernel": drawn(*shape), **({"bias": drawn(shape[-1])} if bias else {})}


def model(fn: Callable[..., Any], params: Params, *shape: int) -> bw.Model:
    return bw.Model(fn, params, drawn(4, *shape))


def foldable(kind: str, *, ahead: bool, bias: bool) -> bw.Model:
    """Return a product with batch-norm behind it, or ahead of it where nothing is padded."""
    padding = "VALID" if ahead else "SAME"
    products: dict[str, tuple[Callable[[Params, Any], Any], Params, tuple[int, ...], int]] = {
        "conv1d": (lambda p, x: conv(p, x, padding=padding), weights(3, 4, 6, bias=bias), (9, 4), 6),
        "conv2d": (lambda p, x: conv(p, x, padding=padding), weights(3, 3, 4, 6, bias=bias), (6, 6, 4), 6),
        "grouped": (lambda p, x: conv(p, x, groups=2, padding=padding), weights(3, 3, 2, 6, bias=bias), (6, 6, 4), 6),
        "depthwise": (lambda p, x: conv(p, x, groups=4, padding=padding), weights(3, 3, 1, 8, bias=bias), (6, 6, 4), 8),
        "dense": (dense, weights(5, 6, bias=bias), (5,), 6),
    }
    product, params, shape, outputs = products[kind]
    if ahead:
        return model(
            lambda p, x: product(p["product"], normed(p["norm"], x)),
            {"product": params, "norm": norm(shape[-1])},
            *shape,
        )
    return model(
        lambda p, x: jax.nn.relu(normed(p["norm"], product(p["product"], x))),
        {"product": params, "norm": norm(outputs)},
        *shape,
    )


def relu_between() -> bw.Model:
    params = {"product": weights(5, 6, bias=True), "norm": norm(6)}
    return model(lambda p, x: normed(p["norm"], jax.nn.relu(dense(p["product"], x))), params, 5)


def shared_weights() -> bw.Model:
    params = {"product": weights(5, 5, bias=False), "norm": norm(5)}
    return model(lambda p, x: dense(p["product"], jax.nn.relu(normed(p["norm"], dense(p["product"], x)))), params, 5)


def two_readers() -> bw.Model:
    params = {"product": weights(5, 6, bias=False), "norm": norm(6)}

    def fn(p: Params, x: Any) -> Any:
        y = dense(p["product"], x)
        return normed(p["norm"], y) + y

    return model(fn, params, 5)


def padded_ahead() -> bw.Model:
    params = {"product": weights(3, 3, 4, 6, bias=False), "norm": norm(4)}
    return model(lambda p, x: conv(p["product"], normed(p["norm"], x)), params, 6, 6, 4)


def residual() -> bw.Model:
    params = {"one": weights(3, 3, 4, 4, bias=False), "a": norm(4), "two": weights(3, 3, 4, 4, bias=True), "b": norm(4)}

    def fn(p: Params, x: Any) -> Any:
        y = jax.nn.relu(normed(p["a"], conv(p["one"], x)))
        return jax.nn.relu(x + normed(p["b"], conv(p["two"], y)))

    return model(fn, params, 6, 6, 4)


def flattened() -> bw.Model:
    """A batch-norm whose channels are spread over a dense layer's features by a reshape."""
    params = {"norm": norm(3), "head": weights(4 * 4 * 3, 5, bias=True)}
    return model(lambda p, x: dense(p["head"], normed(p["norm"], x).reshape(x.shape[0], -1)), params, 4, 4, 3)


def bad_channels() -> bw.Model:
    """Convolution, ReLU, pool, flatten, dense: the first one's channels span 12 bits, evened out by the second."""
    spread = np.exp2(np.linspace(-6, 6, 6)).astype(np.float32)
    head = drawn(3, 3, 6, 5) / spread[:, None]
    params = {
        "first": {"kernel": drawn(3, 3, 4, 6) * spread, "bias": drawn(6) * spread},
        "head": {"kernel": head.reshape(-1, 5), "bias": drawn(5)},
    }

    def fn(p: Params, x: Any) -> Any:
        y = jax.nn.relu(conv(p["first"], x))
        y = lax.reduce_window(y, -np.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        return dense(p["head"], y.reshape(x.shape[0], -1))

    return model(fn, params, 6, 6, 4)


def attention() -> bw.Model:
    """A normed product whose scores with a second one weight the values: two products of two activations."""
    params = {name: {"kernel": drawn(4, 4)} for name in ("query", "key")} | {"norm": norm(4)}

    def forward(p: Params, x: Any) -> Any:
        query = normed(p["norm"], x @ p["query"]["kernel"])
        scores = jax.nn.softmax(jnp.einsum("nic,njc->nij", query, x @ p["key"]["kernel"]))
        return jnp.einsum("nij,njc->nic", scores, x)

    return bw.Model(forward, params, drawn(3, 5, 4))
