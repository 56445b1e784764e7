"""A pytree of a module split into its floating-point arrays, which are parameters, and everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from bitwindow.jax_names import path_text


@dataclass(frozen=True, kw_only=True)
class Split:
    """The parts of a pytree: ``params`` by path ("block/conv/kernel"), and how to put them back.

    Whole numbers, random keys, functions and settings are no parameters: they stay in the tree.
    """

    params: Mapping[str, Any]
    _leaves: Sequence[Any]
    _positions: Mapping[str, int]
    _tree: Any

    def filled(self, params: Mapping[str, Any]) -> Any:
        """Return the pytree with these parameters in place of its own."""
        leaves = list(self._leaves)
        for name, position in self._positions.items():
            leaves[position] = params[name]
        return jax.tree_util.tree_unflatten(self._tree, leaves)


def split(tree: Any, rename: Callable[[str, Any], str] = lambda name, _leaf: name) -> Split:
    """Split a pytree.

    Args:
        tree: Any pytree; leaves that are no arrays are allowed.
        rename: Gives a parameter's name from its path and its array.
    """
    found, structure = jax.tree_util.tree_flatten_with_path(tree)
    positions: dict[str, int] = {}
    for position, (path, leaf) in enumerate(found):
        if hasattr(leaf, "dtype") and hasattr(leaf, "shape") and jnp.issubdtype(leaf.dtype, jnp.floating):
            wanted = rename(path_text(path), leaf) or "parameter"
            name, number = wanted, 1
            while name in positions:
                number += 1
                name = f"{wanted}_{number}"
            positions[name] = position
    leaves = [leaf for _, leaf in found]
    params = {name: leaves[position] for name, position in positions.items()}
    return Split(params=params, _leaves=leaves, _positions=positions, _tree=structure)
