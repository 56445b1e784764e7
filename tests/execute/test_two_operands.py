"""Products of two activations, with parameters and powers of two, and lookups: against exact rational arithmetic."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bitwindow.errors import ExecutionError
from bitwindow.execute.modes import Modes
from bitwindow.network.records import Contraction, Lookup, Product
from bitwindow.numbers.modes import Rounding
from tests.execute.agree import Path, check, run
from tests.execute.traced import random_types, traced

RNG = np.random.default_rng(3)
MODES = (Modes(), Modes(rounding=Rounding.FLOOR), Modes(rounding=Rounding.STOCHASTIC, seed=4))


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def attend(p: Any, x: Any) -> Any:
    q, k, v = (jnp.einsum("btf,fhd->bthd", x, p[name]) for name in "qkv")
    scores = jnp.einsum("bthd,bshd->bhts", q * 0.5, k) / jnp.sqrt(jnp.float32(3))
    return jnp.einsum("bhts,bshd->bthd", jax.nn.relu(scores), v)


def gate(p: Any, x: Any) -> Any:
    left, right = jnp.split(x @ p["w"], 2, axis=-1)
    return jnp.minimum(left * right, 2.0) * p["scale"] + x * x


def embed(p: Any, tokens: Any) -> Any:
    x = p["table"][tokens] + p["position"]
    return jnp.mean(x * x, axis=1) @ p["table"].T


ATTENTION = traced(attend, {name: normal(4, 2, 3) for name in "qkv"}, normal(2, 3, 4))
GATE = traced(gate, {"w": normal(3, 6), "scale": normal(3)}, normal(2, 3))
EMBEDDING = traced(embed, {"table": normal(5, 4), "position": normal(3, 4)}, np.zeros((2, 3), np.int32))
TOKENS = np.array([[0, 4, 2], [1, 1, 3]], np.int32)


def test_the_layers_are_integer_ones() -> None:
    kinds = [type(layer.operation) for net in (ATTENTION, GATE, EMBEDDING) for layer in net.layers]
    assert {Contraction, Product, Lookup} <= set(kinds)
    assert all(not layer.note.startswith("float") for net in (ATTENTION, GATE, EMBEDDING) for layer in net.layers)


@pytest.mark.parametrize("modes", MODES, ids=lambda modes: str(modes.rounding))
def test_attention_gates_and_embeddings_agree(modes: Modes) -> None:
    paths: tuple[Path, ...] = ("convolution", "patches") if modes == Modes() else ("convolution",)
    for seed in range(2):
        check(ATTENTION, random_types(ATTENTION, seed), modes, (normal(2, 3, 4),), paths=paths)
        check(GATE, random_types(GATE, seed), modes, (normal(2, 3),), paths=paths)
        check(EMBEDDING, random_types(EMBEDDING, seed), modes, (TOKENS,), paths=paths)


def test_wide_products_agree_and_those_beyond_62_bits_are_refused() -> None:
    check(GATE, random_types(GATE, 0, (20, 25), 18), Modes(), (normal(2, 3),), paths=("convolution",))
    square = traced(lambda p, x: x * x, {}, normal(2, 3))
    with pytest.raises(ExecutionError, match=r"mul: wanted an exact product of at most 62 bits; got 64 bits"):
        run(square, random_types(square, 0, (32, 33), 8), Modes(), (normal(2, 3),))


def test_tokens_outside_a_table_are_zero() -> None:
    net = traced(lambda p, i: jnp.take(p["table"], i, axis=0), {"table": np.ones((4, 2), np.float32)}, TOKENS)
    made = run(net, random_types(net, 1), Modes(), (np.array([[0, 9, 1], [3, 2, -1]], np.int32),))
    stored = np.asarray(made.boundaries[net.outputs[0]])
    assert (stored[0, 1] == 0).all()
    assert (stored[1] != 0).all()


def test_sequences_with_time_first_agree() -> None:
    def forward(p: Any, x: Any) -> Any:
        y = jnp.swapaxes(x, 0, 1)
        z = jnp.concatenate([jax.nn.relu(y @ p["w"] + p["b"]), y], axis=-1)
        averaged = (z[1:] + z[:-1]) * z[1:]
        return jnp.swapaxes(averaged, 0, 1), jnp.mean(averaged, axis=0)

    net = traced(forward, {"w": normal(3, 2), "b": normal(2)}, normal(2, 4, 3))
    assert all(not layer.note.startswith("float") for layer in net.layers)
    check(net, random_types(net, 2), MODES[2], (normal(2, 4, 3),), paths=("convolution",))


def test_mapped_layers_with_turned_products_agree() -> None:
    params = {"w": normal(4, 3), "b": normal(4)}
    net = traced(lambda p, x: jax.vmap(lambda row: jax.nn.relu(p["w"] @ row + p["b"]))(x), params, normal(2, 3))
    (layer,) = net.layers
    assert layer.bias is not None
    check(net, random_types(net, 3), Modes(), (normal(2, 3),), paths=("convolution",))
