"""What a model's parts must be, each with an error that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.jax_names import path_text

if TYPE_CHECKING:
    from bitwindow.model.record import Model


def check_parameters(params: Any, where: str) -> Any:
    """Return the parameters with every leaf an array, float64 as float32.

    Raises:
        ModelError: If a leaf is not an array of numbers, or float64 while x64 is on.
    """

    def checked(path: Any, leaf: Any) -> Any:
        name = path_text(path) or "params"
        if isinstance(leaf, (str, bytes)) or callable(leaf):
            raise ModelError(
                f"{where}: parameter {name}: wanted an array of numbers, got {type(leaf).__name__}; "
                "keep settings out of params, for example by functools.partial"
            )
        dtype = np.dtype(leaf.dtype) if hasattr(leaf, "dtype") else np.result_type(leaf)
        if dtype.kind in "OSUcM" or (dtype.kind == "V" and not jnp.issubdtype(dtype, jnp.floating)):
            raise ModelError(f"{where}: parameter {name}: wanted an array of real numbers, got dtype {dtype}")
        if dtype == np.float64 and jax.dtypes.canonicalize_dtype(np.float64) == np.float64:
            raise ModelError(
                f"{where}: parameter {name}: wanted float32, bfloat16 or float16, got float64; "
                "convert it with .astype(np.float32): 64-bit networks are not quantized"
            )
        array = leaf if hasattr(leaf, "shape") else np.asarray(leaf)
        return array if dtype == jax.dtypes.canonicalize_dtype(dtype) else jnp.asarray(array)

    return jax.tree_util.tree_map_with_path(checked, params)


def check_example(arguments: tuple[Any, ...], where: str) -> int:
    """Return the example's batch size.

    Raises:
        ModelError: If there is no array, an array has no batch axis, the batch is empty, or the lengths differ.
    """
    leaves = jax.tree_util.tree_flatten_with_path(arguments)[0]
    if not leaves:
        raise ModelError(f"{where}: example: wanted an array, or a tuple or dictionary of arrays, got {arguments!r}")
    sizes: dict[str, int] = {}
    for path, leaf in leaves:
        name = f"example {path_text(path)}"
        if isinstance(leaf, (str, bytes)) or not hasattr(leaf, "shape"):
            raise ModelError(f"{where}: {name}: wanted an array, got {type(leaf).__name__}; pass np.asarray of a batch")
        if np.dtype(leaf.dtype).kind in "OSUcM":
            raise ModelError(f"{where}: {name}: wanted an array of real numbers, got dtype {leaf.dtype}")
        if len(leaf.shape) == 0:
            raise ModelError(
                f"{where}: {name}: wanted a first axis that counts samples, got a scalar; add one with x[None]"
            )
        sizes[name] = int(leaf.shape[0])
    if 0 in sizes.values():
        raise ModelError(f"{where}: example: wanted a batch of at least one sample, got an empty first axis ({sizes})")
    if len(set(sizes.values())) > 1:
        raise ModelError(f"{where}: example: wanted the same number of samples in every array, got {sizes}")
    return next(iter(sizes.values()))


def check_runs(model: Model) -> None:
    """Check that the function runs on the example and returns arrays.

    Raises:
        ModelError: If it raises, with the original error as its cause, or returns no array.
    """
    try:
        result = jax.eval_shape(model.fn, model.params, *model.at_batch(model.batch))
    except Exception as error:
        shapes = [tuple(leaf.shape) for leaf in jax.tree_util.tree_leaves(model.at_batch(model.batch))]
        raise ModelError(
            f"{model.name}: wanted a function that runs on the example (inputs of shape {shapes}), got "
            f"{type(error).__name__}: {error}; check that fn takes (params, *inputs) and that params fit it"
        ) from error
    if not jax.tree_util.tree_leaves(result):
        raise ModelError(f"{model.name}: wanted a function that returns an array or a pytree of arrays, got none")
