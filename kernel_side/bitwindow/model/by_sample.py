"""A model's function at a batch of one, mapped over the samples: the same results, each sample computed by itself.

What a function does with the batch as a part of another axis (``x.reshape((-1, features))``) or step by step
(``lax.map`` over the samples) keeps the batch apart here, and a function that names a batch of one runs at any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_SAMPLES = 3
_TOLERANCE = 1e-4


def by_sample(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``fn(params, *inputs)`` mapped over the samples of the inputs."""

    def mapped(params: Any, *inputs: Any) -> Any:
        def one(*sample: Any) -> Any:
            made = fn(params, *jax.tree.map(lambda leaf: leaf[None], sample))
            return jax.tree.map(lambda leaf: leaf[0], made)

        return jax.vmap(one)(*inputs)

    return mapped


def agrees(fn: Callable[..., Any], params: Any, shapes: Callable[[int], Any]) -> bool:
    """Whether a function and itself by sample give the same for drawn inputs.

    Args:
        fn: The function.
        params: Its parameters.
        shapes: The shapes and dtypes of the inputs, by batch size.
    """
    rng = np.random.default_rng(5)
    inputs = jax.tree.map(lambda leaf: _drawn(rng, leaf), shapes(_SAMPLES))
    one, other = (jax.tree.leaves(jax.jit(run)(params, *inputs)) for run in (fn, by_sample(fn)))
    return all(_close(np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in zip(one, other, strict=True))


def _drawn(rng: np.random.Generator, leaf: Any) -> Any:
    if jnp.issubdtype(leaf.dtype, jnp.floating):
        return jnp.asarray(rng.normal(size=leaf.shape), leaf.dtype)
    return jnp.asarray(rng.integers(0, 2, leaf.shape), leaf.dtype)


def _close(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    scale = float(np.max(np.abs(one[np.isfinite(one)]), initial=0.0))
    return one.shape == other.shape and np.allclose(one, other, rtol=0, atol=_TOLERANCE * scale, equal_nan=True)
