"""Training of the benchmark's networks through their own ONNX graphs, and the cache of what came out."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import optax
from numpy.typing import NDArray

import bitwindow as bw
from benchmarks.accuracy.data import CACHE, Data
from benchmarks.accuracy.graph import with_weights
from benchmarks.accuracy.networks import NETWORKS

EPOCHS = {"residual": 8, "depthwise": 10, "series": 150, "recurrent": 60, "transformer": 25}
RATES = {"residual": 2e-3, "depthwise": 3e-3, "series": 3e-3, "recurrent": 5e-3, "transformer": 2e-3}
BATCH = 64
STATISTICS_BATCH = 1000
SEED = 1


def trained(name: str, data: Data) -> onnx.ModelProto:
    """Return a trained network for inference, from the cache where it has been trained before."""
    path = CACHE / f"{name}.onnx"
    if not path.exists():
        onnx.save(_train(name, data), path)
    return onnx.load(path)


def _train(name: str, data: Data) -> onnx.ModelProto:
    graph = NETWORKS[name](SEED, training=True)
    model = bw.load(graph)
    batch = min(BATCH, len(data.x_train) // 4)
    steps = EPOCHS[name] * (len(data.x_train) // batch)
    optimizer = optax.adam(optax.cosine_decay_schedule(RATES[name], steps))
    params, state = model.params, optimizer.init(model.params)
    output = graph.graph.output[0].name

    def loss(params: Any, x: Any, y: Any) -> Any:
        logits = _named(graph, model.fn(params, x))[output]
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(params: Any, state: Any, x: Any, y: Any) -> tuple[Any, Any]:
        updates, new = optimizer.update(jax.grad(loss)(params, x, y), state, params)
        return optax.apply_updates(params, updates), new

    random = np.random.default_rng(SEED)
    for _ in range(EPOCHS[name]):
        order = random.permutation(len(data.x_train))
        for start in range(0, len(order) - batch + 1, batch):
            chosen = order[start : start + batch]
            params, state = step(params, state, data.x_train[chosen], data.y_train[chosen])
    learned = by_onnx_name(params)
    return with_weights(NETWORKS[name](SEED), learned | _statistics(with_weights(graph, learned), data))


def _named(graph: onnx.ModelProto, outputs: Any) -> dict[str, Any]:
    """Return the outputs by name; a single one comes alone."""
    return outputs if isinstance(outputs, dict) else {graph.graph.output[0].name: outputs}


def by_onnx_name(params: Any) -> dict[str, NDArray[Any]]:
    """Return parameters by the names of the graph's weights, which are their paths with dots."""
    flat, _ = jax.tree_util.tree_flatten_with_path(params)
    return {
        jax.tree_util.keystr(path, simple=True, separator=".").replace("/", "."): np.asarray(leaf)
        for path, leaf in flat
    }


def _statistics(graph: onnx.ModelProto, data: Data) -> dict[str, NDArray[Any]]:
    """Return the means and variances of a large batch by the names of the weights that keep them."""
    if len(graph.graph.output) == 1:
        return {}
    model = bw.load(graph)
    outputs = _named(graph, jax.jit(model.fn)(model.params, jnp.asarray(data.x_train[:STATISTICS_BATCH])))
    kept = {name: value for name, value in outputs.items() if ".batch_" in name}
    return {name.replace(".batch_", "."): np.asarray(value).ravel() for name, value in kept.items()}
