"""The values that flow through a graph while it is run.

A value is a NumPy array (known now: shapes, integers, single numbers), a ``Weight`` (known now, and a parameter of the
model when it is computed with), a JAX array (known when the network runs), a ``ChannelsLast`` (the same, with its
channel axis kept last), a tuple (a sequence), or None (a missing optional).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bitwindow.onnx_import.records import Array


@dataclass(frozen=True, eq=False)
class Weight:
    """A parameter, or an expression of parameters alone.

    ``known`` computes it now, in NumPy; ``traced`` gives it as the network reads it, from the model's parameters.
    Either is asked for only where it is needed: a number that only says how far to clip never becomes a parameter.
    """

    known: Callable[[], np.ndarray[Any, Any]]
    traced: Callable[[], Array]

    @cached_property
    def static(self) -> np.ndarray[Any, Any]:
        """The value now."""
        return self.known()

    @cached_property
    def array(self) -> Array:
        """The value as the network reads it."""
        return self.traced()


@dataclass(frozen=True, eq=False)
class ChannelsLast:
    """A value of shape (N, C, ...) in the graph, kept as (N, ..., C)."""

    array: Array

    @cached_property
    def logical(self) -> Array:
        """The value with the axes as the graph has them."""
        import jax.numpy as jnp

        return jnp.moveaxis(self.array, -1, 1)


def channels_last(array: Array) -> ChannelsLast:
    """Return an array of shape (N, C, ...) with its channels last."""
    import jax.numpy as jnp

    return ChannelsLast(jnp.moveaxis(array, 1, -1))


@dataclass(kw_only=True)
class Parameters:
    """The model's parameters while a graph runs: which constants are read as such, and what they are now.

    ``given`` maps names to arrays in a run of the model, and is None in the run that finds out which are read;
    ``used`` is that run's result.
    """

    given: Any = None
    used: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)

    def weight(self, name: str, value: np.ndarray[Any, Any]) -> Weight:
        """Return a constant as a parameter of the model."""
        import jax.numpy as jnp

        def traced() -> Array:
            self.used[name] = value
            return jnp.asarray(value) if self.given is None else self.given[name]

        return Weight(known=lambda: value, traced=traced)


def is_known(value: Any) -> bool:
    """Whether a value can be computed with now."""
    if isinstance(value, tuple):
        return all(is_known(item) for item in value)
    return value is None or isinstance(value, np.ndarray | np.generic | Weight)
