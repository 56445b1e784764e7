"""Families of networks by the parts that they are known for, small and written out in JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.model.record import Model
from tests.network.networks import BATCH, CASES, case, normal

_BEFORE = set(CASES)


def convolved(x: Any, w: Any, *, strides: int = 1, dilation: int = 1, groups: int = 1) -> Any:
    """NHWC with HWIO."""
    return lax.conv_general_dilated(
        x,
        w,
        (strides, strides),
        "SAME",
        rhs_dilation=(dilation, dilation),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )


def convolved_in_time(x: Any, w: Any, *, dilation: int = 1) -> Any:
    """NWC with WIO, nothing from the future."""
    before = (len(w) - 1) * dilation
    return lax.conv_general_dilated(
        x, w, (1,), [(before, 0)], rhs_dilation=(dilation,), dimension_numbers=("NWC", "WIO", "NWC")
    )


def images(channels: int) -> Any:
    return normal(BATCH, 6, 6, channels)


@case
def squeeze_excite() -> Model:
    params = {"c": normal(3, 3, 2, 4), "down": normal(4, 2), "up": normal(2, 4)}

    def forward(p: Any, x: Any) -> Any:
        y = convolved(x, p["c"])
        gate = jax.nn.sigmoid(jax.nn.relu(y.mean((1, 2)) @ p["down"]) @ p["up"])
        return (y * gate[:, None, None]).mean((1, 2))

    return Model(forward, params, images(2))


@case
def ghost() -> Model:
    params = {"primary": normal(1, 1, 3, 4), "cheap": normal(3, 3, 1, 4)}

    def forward(p: Any, x: Any) -> Any:
        primary = jax.nn.relu(convolved(x, p["primary"]))
        return jnp.concatenate([primary, jax.nn.relu(convolved(primary, p["cheap"], groups=4))], -1)

    return Model(forward, params, images(3))


@case
def shuffled_channels() -> Model:
    params = {"a": normal(1, 1, 2, 4), "b": normal(3, 3, 2, 4)}

    def forward(p: Any, x: Any) -> Any:
        y = convolved(x, p["a"], groups=2)
        n, h, w, c = y.shape
        y = y.reshape(n, h, w, 2, c // 2).swapaxes(3, 4).reshape(n, h, w, c)
        return convolved(y, p["b"], groups=2)

    return Model(forward, params, images(4))


@case
def inception() -> Model:
    params = {"one": normal(1, 1, 3, 2), "three": normal(3, 3, 3, 2), "pooled": normal(1, 1, 3, 2)}

    def forward(p: Any, x: Any) -> Any:
        pooled = lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 1, 1, 1), "SAME")
        parts = [convolved(x, p["one"]), convolved(x, p["three"]), convolved(pooled, p["pooled"])]
        return jax.nn.relu(jnp.concatenate(parts, -1))

    return Model(forward, params, images(3))


@case
def dense_block() -> Model:
    params = [normal(3, 3, 2 + 2 * i, 2) for i in range(3)]

    def forward(p: Any, x: Any) -> Any:
        for w in p:
            x = jnp.concatenate([x, jax.nn.relu(convolved(x, w))], -1)
        return x

    return Model(forward, params, images(2))


@case
def pyramid() -> Model:
    params = {"down": normal(3, 3, 2, 4), "side": normal(1, 1, 2, 4), "out": normal(3, 3, 4, 2)}

    def forward(p: Any, x: Any) -> Any:
        top = jax.nn.relu(convolved(x, p["down"], strides=2))
        wide = jnp.repeat(jnp.repeat(top, 2, 1), 2, 2)
        return convolved(wide + convolved(x, p["side"]), p["out"])

    return Model(forward, params, images(2))


@case
def pixel_shuffle() -> Model:
    def forward(p: Any, x: Any) -> Any:
        y = convolved(x, p["w"])
        n, h, w, c = y.shape
        return y.reshape(n, h, w, 2, 2, c // 4).transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * h, 2 * w, c // 4)

    return Model(forward, {"w": normal(3, 3, 2, 8)}, images(2))


@case
def inverted_bottleneck() -> Model:
    params = {"up": normal(1, 1, 3, 6), "depth": normal(3, 3, 1, 6), "down": normal(1, 1, 6, 3)}

    def forward(p: Any, x: Any) -> Any:
        y = jax.nn.hard_swish(convolved(x, p["up"]))
        y = jnp.clip(convolved(y, p["depth"], groups=6), 0, 6)
        return x + convolved(y, p["down"])

    return Model(forward, params, images(3))


@case
def discriminator() -> Model:
    params = {"a": normal(4, 4, 2, 4), "b": normal(4, 4, 4, 4), "w": normal(4, 1)}

    def forward(p: Any, x: Any) -> Any:
        for name in "ab":
            x = jax.nn.leaky_relu(convolved(x, p[name], strides=2), 0.2)
        return x.sum((1, 2)) @ p["w"]

    return Model(forward, params, images(2))


@case
def transposed_autoencoder() -> Model:
    params = {"in": normal(3, 3, 2, 4), "out": normal(3, 3, 4, 2)}

    def forward(p: Any, x: Any) -> Any:
        code = jax.nn.relu(convolved(x, p["in"], strides=2))
        return lax.conv_transpose(code, p["out"], (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    return Model(forward, params, images(2))


@case
def dilated_in_time() -> Model:
    params = [{"w": normal(2, 3, 3), "b": normal(3)} for _ in range(3)]

    def forward(p: Any, x: Any) -> Any:
        for i, layer in enumerate(p):
            x = x + jax.nn.relu(convolved_in_time(x, layer["w"], dilation=2**i) + layer["b"])
        return x[:, -1]

    return Model(forward, params, normal(BATCH, 9, 3))


@case
def gated_waves() -> Model:
    params = {name: normal(2, 3, 3) for name in ("filter", "gate")} | {"skip": normal(3, 2)}

    def forward(p: Any, x: Any) -> Any:
        y = jnp.tanh(convolved_in_time(x, p["filter"])) * jax.nn.sigmoid(convolved_in_time(x, p["gate"]))
        return (x + y) @ p["skip"]

    return Model(forward, params, normal(BATCH, 8, 3))


@case
def highway() -> Model:
    params = {"h": normal(4, 4), "t": normal(4, 4), "b": normal(4)}

    def forward(p: Any, x: Any) -> Any:
        gate = jax.nn.sigmoid(x @ p["t"] + p["b"])
        return gate * jax.nn.relu(x @ p["h"]) + (1 - gate) * x

    return Model(forward, params, normal(BATCH, 4))


@case
def minimal_recurrence() -> Model:
    params = {"w": normal(3, 4), "u": normal(4, 4), "f": normal(3, 4)}

    def forward(p: Any, x: Any) -> Any:
        def step(state: Any, now: Any) -> Any:
            keep = jax.nn.sigmoid(now @ p["f"])
            state = keep * state + (1 - keep) * jnp.tanh(now @ p["w"] + state @ p["u"])
            return state, None

        return lax.scan(step, jnp.zeros((len(x), 4)), x.swapaxes(0, 1))[0]

    return Model(forward, params, normal(BATCH, 5, 3))


@case
def linear_attention() -> Model:
    def forward(p: Any, x: Any) -> Any:
        q, k, v = (x @ p[name] for name in "qkv")
        q, k = jax.nn.relu(q), jax.nn.relu(k)
        return jnp.einsum("btd,bde->bte", q, jnp.einsum("btd,bte->bde", k, v))

    return Model(forward, {name: normal(3, 3) for name in "qkv"}, normal(BATCH, 5, 3))


@case
def mixed_by_frequency() -> Model:
    def forward(p: Any, x: Any) -> Any:
        return jax.nn.relu(x + jnp.real(jnp.fft.fft2(x, axes=(1, 2)))) @ p["w"]

    return Model(forward, {"w": normal(4, 2)}, normal(BATCH, 6, 4))


@case
def patches_as_words() -> Model:
    params = {"p": normal(3, 3, 2, 4), "place": normal(4, 4), "q": normal(4, 4), "k": normal(4, 4), "v": normal(4, 4)}

    def forward(p: Any, x: Any) -> Any:
        y = lax.conv_general_dilated(x, p["p"], (3, 3), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        y = y.reshape(len(x), -1, 4) + p["place"]
        weights = jax.nn.softmax(jnp.einsum("bqd,bkd->bqk", y @ p["q"], y @ p["k"]) / 2)
        return (y + weights @ (y @ p["v"])).mean(1)

    return Model(forward, params, images(2))


@case
def best_of_experts() -> Model:
    params = {"choose": normal(4, 3), "experts": normal(3, 4, 2)}

    def forward(p: Any, x: Any) -> Any:
        chosen = jax.nn.one_hot(jnp.argmax(x @ p["choose"], -1), 3)
        return jnp.einsum("be,beo->bo", chosen, jnp.einsum("bi,eio->beo", x, p["experts"]))

    return Model(forward, params, normal(BATCH, 4))


@case
def twins() -> Model:
    def forward(p: Any, one: Any, other: Any) -> Any:
        a, b = (jax.nn.relu(x @ p["w"]) for x in (one, other))
        return jnp.abs(a - b) @ p["v"]

    return Model(forward, {"w": normal(4, 3), "v": normal(3, 1)}, (normal(BATCH, 4), normal(BATCH, 4)))


@case
def fixed_graph() -> Model:
    params = {"a": normal(5, 5), "w": normal(3, 4), "v": normal(4, 2)}

    def forward(p: Any, x: Any) -> Any:
        y = jax.nn.relu(jnp.einsum("mn,bnf->bmf", p["a"], x @ p["w"]))
        return jnp.einsum("mn,bnf->bmf", p["a"], y @ p["v"]).max(1)

    return Model(forward, params, normal(BATCH, 5, 3))


@case
def sets() -> Model:
    def forward(p: Any, x: Any) -> Any:
        y = jax.nn.relu(x @ p["phi"])
        return jnp.concatenate([y.sum(1), y.max(1)], -1) @ p["rho"]

    return Model(forward, {"phi": normal(3, 4), "rho": normal(8, 2)}, normal(BATCH, 6, 3))


@case
def capsules() -> Model:
    def forward(p: Any, x: Any) -> Any:
        y = jnp.einsum("bio,ioc->boc", x, p["w"])
        length = jnp.sum(y * y, -1, keepdims=True)
        return y * length / (1 + length) / jnp.sqrt(length + 1e-6)

    return Model(forward, {"w": normal(4, 3, 2)}, normal(BATCH, 4, 3))


@case
def radial() -> Model:
    def forward(p: Any, x: Any) -> Any:
        distance = ((x[:, None] - p["centres"]) ** 2).sum(-1)
        return jnp.exp(-distance) @ p["w"]

    return Model(forward, {"centres": normal(5, 3), "w": normal(5, 2)}, normal(BATCH, 3))


@case
def curves_on_edges() -> Model:
    def forward(p: Any, x: Any) -> Any:
        hats = jax.nn.relu(1 - jnp.abs(x[..., None] - p["grid"]))
        return jnp.einsum("big,igo->bo", hats, p["w"])

    return Model(forward, {"grid": normal(4), "w": normal(3, 4, 2)}, normal(BATCH, 3))


@case
def maxout() -> Model:
    def forward(p: Any, x: Any) -> Any:
        return jnp.max((x @ p["w"]).reshape(len(x), 3, 2), -1) @ p["v"]

    return Model(forward, {"w": normal(4, 6), "v": normal(3, 2)}, normal(BATCH, 4))


@case
def both_signs() -> Model:
    def forward(p: Any, x: Any) -> Any:
        y = convolved(x, p["w"])
        return convolved(jnp.concatenate([jax.nn.relu(y), jax.nn.relu(-y)], -1), p["v"])

    return Model(forward, {"w": normal(3, 3, 2, 3), "v": normal(1, 1, 6, 2)}, images(2))


@case
def heads() -> Model:
    params = {"w": normal(4, 5), "value": normal(5, 1), "advantage": normal(5, 3)}

    def forward(p: Any, x: Any) -> Any:
        y = jax.nn.relu(x @ p["w"])
        advantage = y @ p["advantage"]
        return {"q": y @ p["value"] + advantage - advantage.mean(-1, keepdims=True), "hidden": y}

    return Model(forward, params, normal(BATCH, 4))


@case
def graph_of_fixed_edges() -> Model:
    """Mean of the neighbours along edges that are known, and the largest of two halves."""
    start, end = np.array([0, 1, 2, 3, 3, 4]), np.array([1, 2, 3, 0, 4, 0])
    degree = np.bincount(end).astype(np.float32)

    def forward(p: Any, x: Any) -> Any:
        for w in (p["a"], p["b"]):
            y = x @ w
            near = jnp.zeros_like(y).at[:, end].add(y[:, start]) / degree[:, None]
            x = jax.nn.leaky_relu((1 + p["eps"]) * y + near, 0.2)
        return jax.vmap(lambda one: jax.ops.segment_max(one, np.array([0, 0, 0, 1, 1]), 2))(x)

    params = {"a": normal(3, 4), "b": normal(4, 2), "eps": np.float32(0.1)}
    return Model(forward, params, normal(BATCH, 5, 3))


@case
def turned_causal_attention() -> Model:
    """Rotary positions, a causal mask and a first word that is written in."""

    def turned(x: Any) -> Any:
        angle = jnp.arange(x.shape[1])[:, None] * 10.0 ** -jnp.arange(2)
        even, odd = x[..., ::2], x[..., 1::2]
        parts = [even * jnp.cos(angle) - odd * jnp.sin(angle), even * jnp.sin(angle) + odd * jnp.cos(angle)]
        return jnp.stack(parts, -1).reshape(x.shape)

    def forward(p: Any, x: Any) -> Any:
        words = jnp.zeros((len(x), x.shape[1] + 1, 4)).at[:, 0].set(p["class"]).at[:, 1:].set(x)
        q, k, v = (words @ p[name] for name in "qkv")
        scores = jnp.einsum("btd,bsd->bts", turned(q), turned(k)) / 2
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[1:], bool)), scores, -1e9)
        return (words + jax.nn.softmax(scores) @ v)[:, -1]

    return Model(forward, {name: normal(4, 4) for name in "qkv"} | {"class": normal(4)}, normal(BATCH, 5, 4))


KNOWN = tuple(sorted(set(CASES) - _BEFORE))
"""Names of the families of this file."""
