"""Networks of every family, small enough to trace in an instant: the battery that the tracer is tested on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.model.load import load
from bitwindow.model.record import Model

BATCH = 3
CASES: dict[str, Callable[[], Model]] = {}


def case(make: Callable[[], Model]) -> Callable[[], Model]:
    CASES[make.__name__] = make
    return make


def normal(*shape: int, seed: int = 0) -> Any:
    values = np.random.default_rng(seed + sum(shape)).normal(scale=0.5, size=shape)
    return values.astype(np.float32)


def conv(x: Any, kernel: Any, *, strides: Any = (1, 1), padding: Any = "SAME", layout: str = "NHWC", **kw: Any) -> Any:
    numbers = ("NHWC", "HWIO", "NHWC") if layout == "NHWC" else ("NCHW", "OIHW", "NCHW")
    return lax.conv_general_dilated(x, kernel, strides, padding, dimension_numbers=numbers, **kw)


def pool(x: Any, kind: str, *, padding: str = "VALID", size: int = 2) -> Any:
    start, pick = (-jnp.inf, lax.max) if kind == "max" else (0.0, lax.add)
    return lax.reduce_window(x, start, pick, (1, size, size, 1), (1, 2, 2, 1), padding)


def flax_model(module: nn.Module, example: Any, **call: Any) -> Model:
    arguments = example if isinstance(example, tuple) else (example,)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(1), *arguments, **call))
    # Positive everywhere: some leaves are variances.
    scattered = jax.tree.map(lambda leaf: 0.1 + np.abs(normal(*leaf.shape)), shapes)
    return load(module, variables=scattered, example=example, **call)


@case
def mlp() -> Model:
    params = {"w1": normal(6, 8), "b1": normal(8), "w2": normal(8, 4), "b2": normal(4)}

    def forward(p: Any, x: Any) -> Any:
        return jax.nn.relu(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]

    return Model(forward, params, normal(BATCH, 6))


@case
def cnn_nhwc() -> Model:
    params = {
        "conv1": {"kernel": normal(3, 3, 2, 4), "bias": normal(4)},
        "conv2": {"kernel": normal(3, 3, 4, 4), "bias": normal(4)},
        "head": {"kernel": normal(16, 3), "bias": normal(3)},
    }

    def forward(p: Any, x: Any) -> Any:
        x = pool(jax.nn.relu(conv(x, p["conv1"]["kernel"]) + p["conv1"]["bias"]), "max")
        x = jnp.clip(conv(x, p["conv2"]["kernel"], strides=(2, 2)) + p["conv2"]["bias"], -1, 2)
        return x.reshape((x.shape[0], -1)) @ p["head"]["kernel"] + p["head"]["bias"]

    return Model(forward, params, normal(BATCH, 8, 8, 2))


@case
def cnn_nchw() -> Model:
    params = [(normal(4, 2, 3, 3), normal(4)), (normal(5, 4, 3, 3), normal(5))]

    def forward(p: Any, x: Any) -> Any:
        for kernel, bias in p:
            x = jax.nn.relu6(conv(x, kernel, layout="NCHW", padding="VALID") + bias[None, :, None, None])
        return jnp.mean(x, axis=(2, 3))

    return Model(forward, params, normal(BATCH, 2, 7, 7))


@case
def depthwise_dilated() -> Model:
    params = {"dw": {"kernel": normal(3, 3, 1, 8)}, "grouped": {"kernel": normal(3, 3, 4, 6)}, "up": normal(2, 2, 6, 2)}

    def forward(p: Any, x: Any) -> Any:
        x = lax.clamp(0.0, conv(x, p["dw"]["kernel"], feature_group_count=8, rhs_dilation=(2, 2)), 1.0)
        x = conv(x, p["grouped"]["kernel"], feature_group_count=2, strides=(2, 2), padding=((1, 0), (0, 1)))
        return lax.conv_transpose(x, p["up"], (2, 2), "SAME")

    return Model(forward, params, normal(BATCH, 6, 6, 8))


@case
def residual() -> Model:
    params = {"a": {"kernel": normal(3, 3, 4, 4)}, "b": {"kernel": normal(3, 3, 4, 4), "bias": normal(4)}}

    def forward(p: Any, x: Any) -> Any:
        y = jax.nn.relu(conv(x, p["a"]["kernel"]))
        y = conv(y, p["b"]["kernel"]) + p["b"]["bias"]
        z = jax.nn.relu(x + y)
        return z - jnp.mean(z, axis=(1, 2), keepdims=True)

    return Model(forward, params, normal(BATCH, 5, 5, 4))


@case
def branches() -> Model:
    params = {"a": {"w": normal(4, 4)}, "b": {"w": normal(4, 4)}}

    def forward(p: Any, x: Any) -> Any:
        left, right = jnp.split(x, 2, axis=1)
        a, b = left @ p["a"]["w"], right @ p["b"]["w"]
        joined = jnp.concatenate([jax.nn.relu(a), b, a], axis=-1)
        return jax.nn.relu(joined)[:, ::-1], -b

    return Model(forward, params, normal(BATCH, 8))


average: Callable[..., Any] = nn.avg_pool


@case
def pools() -> Model:
    def forward(p: Any, x: Any) -> Any:
        same = average(x, (3, 3), (2, 2), "SAME", count_include_pad=False)
        full = jnp.minimum(average(x, (2, 2), (2, 2)), 0.25)
        ninth = pool(x, "sum", padding="SAME", size=3) * (1.0 / 9.0)
        return jnp.concatenate([same, full, ninth, pool(x, "sum"), pool(x, "max", padding="SAME", size=3)], axis=-1)

    return Model(forward, {}, normal(BATCH, 6, 6, 2))


@case
def moves() -> Model:
    def forward(p: Any, x: Any) -> Any:
        x = jnp.pad(x, ((0, 0), (1, 1), (0, 0)))
        x = jnp.transpose(x, (0, 2, 1))[:, :, ::2]
        x = jnp.expand_dims(jnp.maximum(x, 0.0), 2).squeeze(2)
        return jnp.broadcast_to(lax.stop_gradient(x)[:, None, 1:, -3:], (x.shape[0], 2, 2, 3)) * 1.0

    return Model(forward, {}, normal(BATCH, 6, 3))


@case
def heads() -> Model:
    params = {"w": normal(5, 4)}

    def forward(p: Any, x: Any) -> Any:
        y = x @ p["w"]
        return {
            "probabilities": jax.nn.softmax(y),
            "log": jax.nn.log_softmax(y),
            "tanh": jnp.tanh(y),
            "sigmoid": jax.nn.sigmoid(y),
            "gelu": jax.nn.gelu(y),
            "exact_gelu": jax.nn.gelu(y, approximate=False),
            "leaky": jax.nn.leaky_relu(y),
            "class": jnp.argmax(y, axis=-1),
        }

    return Model(forward, params, normal(BATCH, 5))


@case
def normalized_input() -> Model:
    mean, deviation = np.array([0.1, 0.2], np.float32), np.array([0.5, 0.7], np.float32)
    params = {"conv1": {"kernel": normal(3, 3, 2, 3)}}

    def forward(p: Any, x: Any) -> Any:
        x = (x.astype(jnp.float32) / 255.0 - mean) / deviation
        return conv(x, p["conv1"]["kernel"]) + 0.5

    return Model(forward, params, np.arange(BATCH * 18, dtype=np.uint8).reshape(BATCH, 3, 3, 2))


@case
def two_inputs() -> Model:
    params = {"left": {"w": normal(4, 3)}, "right": {"w": normal(5, 3)}, "bias": normal(3)}

    def forward(p: Any, image: Any, text: Any) -> Any:
        return jax.nn.relu(image @ p["left"]["w"] + text @ p["right"]["w"]) + p["bias"]

    return Model(forward, params, (normal(BATCH, 4), normal(BATCH, 5)))


@case
def dictionary() -> Model:
    params = {"w": normal(4, 3)}

    def forward(p: Any, inputs: Mapping[str, Any]) -> Any:
        return {"out": inputs["x"] @ p["w"] - inputs["y"], "same": inputs["y"]}

    return Model(forward, params, {"x": normal(BATCH, 4), "y": normal(BATCH, 3)})


@case
def shared_weights() -> Model:
    params = {"cell": {"w": normal(4, 4), "b": normal(4)}, "scale": jnp.float32(0.5)}

    def forward(p: Any, x: Any) -> Any:
        for _ in range(3):
            x = jax.nn.relu(x @ p["cell"]["w"] + p["cell"]["b"])
        return x @ p["cell"]["w"].T * p["scale"]

    return Model(forward, params, normal(BATCH, 4))


@case
def folded_weights() -> Model:
    params = {"conv": {"kernel": normal(3, 3, 2, 4), "gain": normal(4)}}

    def forward(p: Any, x: Any) -> Any:
        kernel = p["conv"]["kernel"]
        standard = kernel / jnp.sqrt(jnp.sum(kernel**2, axis=(0, 1, 2)))
        return conv(x, standard * p["conv"]["gain"]) + conv(x, jnp.transpose(kernel, (1, 0, 2, 3)))

    return Model(forward, params, normal(BATCH, 4, 4, 2))


@case
def attention() -> Model:
    params = {name: normal(6, 6, seed=seed) for seed, name in enumerate(("q", "k", "v", "o"))}

    def forward(p: Any, x: Any) -> Any:
        q, k, v = (x @ p[name] for name in "qkv")
        weights = jax.nn.softmax(q @ jnp.swapaxes(k, 1, 2) / np.sqrt(6.0), axis=-1)
        return x + (weights @ v) @ p["o"]

    return Model(forward, params, normal(BATCH, 5, 6), name="attention")


@case
def embedding() -> Model:
    params = {"table": normal(11, 6), "position": normal(4, 6), "out": {"w": normal(6, 2)}}

    def forward(p: Any, tokens: Any) -> Any:
        x = p["table"][tokens] + p["position"]
        return jnp.mean(x, axis=1) @ p["out"]["w"]

    return Model(forward, params, np.arange(BATCH * 4, dtype=np.int32).reshape(BATCH, 4) % 11)


@case
def loop() -> Model:
    params = {"w": normal(4, 4), "u": normal(3, 4)}

    def forward(p: Any, x: Any) -> Any:
        def step(carry: Any, now: Any) -> Any:
            carry = jnp.tanh(carry @ p["w"] + now @ p["u"])
            return carry, carry

        last, _ = lax.scan(step, jnp.zeros((x.shape[0], 4)), jnp.swapaxes(x, 0, 1))
        return lax.cond(jnp.bool_(True), lambda y: y * 2, lambda y: y, last)

    return Model(forward, params, normal(BATCH, 5, 3))


@case
def wrapped() -> Model:
    params = {"a": {"w": normal(4, 4)}, "b": {"w": normal(4, 4)}}

    @jax.jit
    def block(w: Any, x: Any) -> Any:
        return jax.nn.relu(x @ w)

    @jax.custom_vjp
    def double(x: Any) -> Any:
        return x + x

    double.defvjp(lambda x: (double(x), None), lambda _, g: (2 * g,))

    def forward(p: Any, x: Any) -> Any:
        return double(jax.checkpoint(block)(p["b"]["w"], block(p["a"]["w"], x)))

    return Model(forward, params, normal(BATCH, 4))


@case
def gated() -> Model:
    params = {"conv": {"kernel": normal(3, 3, 4, 4)}, "squeeze": {"w": normal(4, 4), "b": normal(4)}}

    def forward(p: Any, x: Any) -> Any:
        y = conv(x, p["conv"]["kernel"])
        y = y * jax.nn.sigmoid(y)
        gate = jnp.mean(y, axis=(1, 2)) @ p["squeeze"]["w"] + p["squeeze"]["b"]
        return y * jax.nn.hard_sigmoid(gate)[:, None, None, :]

    return Model(forward, params, normal(BATCH, 4, 4, 4))


@case
def half_precision() -> Model:
    params = {"w": jnp.asarray(normal(6, 4), jnp.bfloat16), "b": normal(4).astype(np.float16)}

    def forward(p: Any, x: Any) -> Any:
        return jax.nn.relu(x @ p["w"].astype(jnp.float32) + p["b"].astype(jnp.float32))

    return Model(forward, params, normal(BATCH, 6))


@case
def time_major() -> Model:
    params = {"w": normal(3, 4)}

    def forward(p: Any, x: Any) -> Any:
        return jnp.swapaxes(jax.nn.relu(jnp.swapaxes(x, 0, 1) @ p["w"]), 0, 1) @ p["w"].T

    return Model(forward, params, normal(BATCH, 5, 3))


class Block(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x: Any) -> Any:
        y = nn.Conv(self.features, (3, 3), use_bias=False)(x)
        y = nn.relu(nn.BatchNorm(use_running_average=True)(y))
        y = nn.BatchNorm(use_running_average=True)(nn.Conv(self.features, (3, 3))(y))
        return nn.relu(x + y)


class Nested(nn.Module):
    @nn.compact
    def __call__(self, x: Any, *, train: bool = False) -> Any:
        x = nn.relu(nn.Conv(4, (3, 3), name="stem")(x))
        x = Block(4)(Block(4)(x))
        x = nn.Dropout(0.5, deterministic=not train)(x.mean(axis=(1, 2)))
        return nn.softmax(nn.Dense(3, name="head")(x))


class Transformer(nn.Module):
    @nn.compact
    def __call__(self, tokens: Any) -> Any:
        x = nn.Embed(13, 8)(tokens)
        x = x + nn.MultiHeadDotProductAttention(num_heads=2)(nn.LayerNorm()(x))
        return nn.Dense(2)(nn.gelu(nn.Dense(8)(nn.LayerNorm()(x))).mean(axis=1))


@case
def flax_nested() -> Model:
    return flax_model(Nested(), normal(BATCH, 6, 6, 2), train=False)


@case
def flax_sequential() -> Model:
    layers: list[Callable[..., Any]] = [
        nn.Dense(6),
        nn.relu,
        nn.Dense(6),
        nn.LayerNorm(),
        nn.silu,
        nn.Dense(2),
        jnp.tanh,
    ]
    return flax_model(nn.Sequential(layers), normal(BATCH, 5))


@case
def flax_transformer() -> Model:
    return flax_model(Transformer(), np.arange(BATCH * 4, dtype=np.int32).reshape(BATCH, 4))
