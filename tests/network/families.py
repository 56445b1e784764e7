"""More families, as people write them: by hand, mapped, masked, rotated, resized, sharded over one device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.model.record import Model
from tests.network.networks import BATCH, case, flax_model, normal


def layer_norm(x: Any, gain: Any, offset: Any) -> Any:
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * gain + offset


def gelu(x: Any) -> Any:
    return 0.5 * x * (1 + jnp.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x: Any) -> Any:
    powers = jnp.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


WRITTEN_OUT: dict[str, Callable[[Any], Any]] = {
    "softmax": softmax,
    "sigmoid": lambda y: 1 / (1 + jnp.exp(-y)),
    "silu": lambda y: y / (1 + jnp.exp(-y)),
    "mish": lambda y: y * jnp.tanh(jnp.log1p(jnp.exp(y))),
    "softplus": lambda y: jnp.log(1 + jnp.exp(y)),
    "elu": lambda y: jnp.where(y > 0, y, jnp.exp(y) - 1),
    "leaky_relu": lambda y: jnp.where(y > 0, y, 0.1 * y),
    "gelu": gelu,
    "rms_norm": lambda y: y * lax.rsqrt(jnp.mean(y * y, -1, keepdims=True) + 1e-6),
}


@case
def written_out() -> Model:
    def forward(p: Any, x: Any) -> Any:
        y = x @ p["w"]
        return {name: function(y) for name, function in WRITTEN_OUT.items()}

    return Model(forward, {"w": normal(4, 4)}, normal(BATCH, 4))


@case
def mixer() -> Model:
    params = {"g": normal(4), "b": normal(4), "t": normal(5, 5), "c1": normal(4, 6), "c2": normal(6, 4)}

    def forward(p: Any, x: Any) -> Any:
        x = x + jnp.swapaxes(jnp.swapaxes(layer_norm(x, p["g"], p["b"]), 1, 2) @ p["t"], 1, 2)
        return x + gelu(layer_norm(x @ p["c1"], 1.0, 0.0)) @ p["c2"]

    return Model(forward, params, normal(BATCH, 5, 4))


@case
def masked_attention() -> Model:
    def forward(p: Any, tokens: Any) -> Any:
        x = p["table"][tokens]
        real = tokens != 0
        scores = jnp.where(real[:, None, :], jnp.einsum("btd,bsd->bts", x, x), -1e9)
        mixed = jax.nn.softmax(scores, axis=-1) @ x
        return (mixed * real[..., None]).sum(1) @ p["table"].T

    return Model(forward, {"table": normal(7, 4)}, np.ones((BATCH, 5), np.int32), name="attention")


@case
def causal_rotated_attention() -> Model:
    def rotate(y: Any) -> Any:
        angle = jnp.arange(y.shape[1])[:, None] / 10 ** (jnp.arange(2) / 2)
        a, b = y[..., :2], y[..., 2:]
        return jnp.concatenate([a * jnp.cos(angle) - b * jnp.sin(angle), a * jnp.sin(angle) + b * jnp.cos(angle)], -1)

    def forward(p: Any, x: Any) -> Any:
        scores = jnp.einsum("btd,bsd->bts", rotate(x @ p["q"]), rotate(x @ p["k"])) * 0.5
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[1:], bool)), scores, -jnp.inf)
        return jax.nn.softmax(scores, -1) @ (x @ p["v"])

    return Model(forward, {name: normal(4, 4) for name in "qkv"}, normal(BATCH, 5, 4), name="attention")


@case
def mapped() -> Model:
    params = {"a": {"w": normal(4, 3), "b": normal(4)}, "b": {"w": normal(2, 4), "b": normal(2)}}

    def forward(p: Any, x: Any) -> Any:
        def one(row: Any) -> Any:
            return p["b"]["w"] @ jax.nn.relu(p["a"]["w"] @ row + p["a"]["b"]) + p["b"]["b"]

        return jax.vmap(one)(x)

    return Model(forward, params, normal(BATCH, 3))


@case
def merged_axes() -> Model:
    def forward(p: Any, x: Any) -> Any:
        rows = jax.nn.relu(x.reshape(-1, x.shape[-1]) @ p["w"])
        return rows.reshape(x.shape[0], x.shape[1], -1) @ p["v"]

    return Model(forward, {"w": normal(3, 4), "v": normal(4, 2)}, normal(BATCH, 5, 3))


add_up: Any = lax.psum
shard_map: Any = jax.shard_map


@case
def sharded_over_one_device() -> Model:
    mesh = jax.make_mesh((1,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
    spec: Any = jax.sharding.PartitionSpec

    def forward(p: Any, x: Any) -> Any:
        def product(w: Any, a: Any) -> Any:
            return add_up(jax.nn.relu(a @ w), "x")

        specs = {"mesh": mesh, "in_specs": (spec("x"), spec(None, "x")), "out_specs": spec()}
        made = shard_map(product, **specs)
        return made(p["w"], x)

    return Model(forward, {"w": normal(4, 2)}, normal(BATCH, 4))


class Unet(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        wide = nn.relu(nn.Conv(4, (3, 3))(x))
        deep = nn.relu(nn.Conv(4, (3, 3))(nn.max_pool(wide, (2, 2), (2, 2))))
        near = jax.image.resize(deep, wide.shape, "nearest")
        smooth = jax.image.resize(deep, wide.shape, "bilinear")
        copied = jnp.repeat(jnp.repeat(deep, 2, 1), 2, 2)
        return nn.Conv(1, (1, 1))(jnp.concatenate([wide, near, smooth, copied], -1))


class Gated(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        y = nn.silu(nn.GroupNorm(2)(nn.Conv(4, (3,))(x)))
        gate = nn.sigmoid(nn.Dense(4)(nn.relu(nn.Dense(2)(y.mean(1)))))
        return nn.RMSNorm()(nn.Conv(4, (3,), feature_group_count=4)(y * gate[:, None, :]))


class Repeated(nn.Module):
    @nn.compact
    def __call__(self, x: Any, _: Any) -> Any:
        return x + nn.Dense(4)(nn.gelu(nn.LayerNorm()(x))), None


class Scanned(nn.Module):
    @nn.compact
    def __call__(self, x: Any) -> Any:
        blocks = nn.scan(Repeated, variable_axes={"params": 0}, split_rngs={"params": True}, length=3)
        return nn.remat(nn.Dense)(2)(blocks()(x, None)[0])


@case
def flax_unet() -> Model:
    return flax_model(Unet(), normal(BATCH, 4, 4, 2))


@case
def flax_gated() -> Model:
    return flax_model(Gated(), normal(BATCH, 6, 2))


@case
def flax_scanned_blocks() -> Model:
    return flax_model(Scanned(), normal(BATCH, 4))


@case
def branches_known_beforehand() -> Model:
    def forward(p: Any, x: Any) -> Any:
        x = lax.cond(jnp.array(False), lambda y: y * 3, lambda y: jax.nn.relu(y @ p["w"]), x)
        return lax.switch(1, [lambda y: y, lambda y: y * 2], x), lax.map(lambda row: row @ p["w"], x)

    return Model(forward, {"w": normal(4, 4)}, normal(BATCH, 4))


@case
def odd_operations() -> Model:
    def forward(p: Any, x: Any) -> Any:
        return {
            "sorted": jnp.sort(x, -1),
            "sums": jnp.cumsum(x, 1),
            "top": lax.top_k(x, 2)[0],
            "fourier": jnp.fft.rfft(x).real,
            "picked": jnp.take_along_axis(x, jnp.argsort(x, -1), -1),
            "set": x.at[:, 0].set(0),
            "scan": lax.associative_scan(jnp.add, x, axis=1),
            "least": jnp.min(x, 1, keepdims=True),
            "spread": jnp.var(x, 1, keepdims=True),
            "reflected": jnp.pad(x, ((0, 0), (1, 1)), mode="reflect"),
            "larger": jnp.maximum(x, x @ p["w"]),
            "outer": jnp.einsum("bi,bj->bij", x, x),
            "interpolated": jnp.interp(x, jnp.linspace(-1, 1, 5), jnp.arange(5.0)),
            "known": jnp.isnan(x),
            "rest": x % 1.0,
        }

    return Model(forward, {"w": normal(4, 4)}, normal(BATCH, 4), name="odd_operations")
