"""Plain JAX functions with parameters of every shape that a pytree takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import bitwindow as bw
from tests.model.case import Case

RNG = np.random.default_rng(5)


def drawn(*shape: int) -> np.ndarray[Any, Any]:
    made: np.ndarray[Any, Any] = RNG.normal(size=shape) / np.sqrt(shape[0])
    return made.astype(np.float32)


@jax.tree_util.register_dataclass
@dataclass
class Dense:
    kernel: Any
    bias: Any


class Gates(NamedTuple):
    update: Any
    candidate: Any


def mixed(params: Any, x: Any) -> Mapping[str, Any]:
    stem, (first, nothing), gates = params["stem"], params["blocks"], params["gates"]
    assert nothing is None
    h = jax.nn.relu(x["image"] @ stem.kernel + stem.bias) + x["side"] @ first[0]
    gate = jax.nn.sigmoid(h @ gates.update)
    return {"class": gate * jnp.tanh(h @ gates.candidate) @ params["head"], "hidden": h}


def pytrees() -> Case:
    params = {
        "stem": Dense(drawn(6, 8), drawn(8)),
        "blocks": ([drawn(3, 8)], None),
        "gates": Gates(drawn(8, 8), drawn(8, 8)),
        "head": drawn(8, 4),
    }
    inputs = {"image": drawn(16, 6) * 4, "side": drawn(16, 3) * 4}
    names = ("stem/kernel", "stem/bias", "blocks/0/0", "gates/update", "gates/candidate", "head", "image", "side")
    return Case(
        make=lambda: bw.Model(mixed, params, inputs),
        inputs=inputs,
        reference=lambda: mixed(params, inputs),
        names=names,
    )


def two(params: Any, left: Any, right: Any) -> tuple[Any, Any]:
    joined = jnp.concatenate([left @ params[0], right @ params[1]], axis=-1)
    return joined, jnp.maximum(joined, 0) @ params[2]


def several_inputs() -> Case:
    params = [drawn(4, 5), drawn(3, 5), drawn(10, 2)]
    inputs = (drawn(16, 4) * 4, drawn(16, 3) * 4)
    return Case(
        make=lambda: bw.Model(two, params, inputs),
        inputs=inputs,
        reference=lambda: two(params, *inputs),
        names=("left", "right", "0", "1", "2"),
    )


CASES = {"pytrees": pytrees, "several_inputs": several_inputs}
