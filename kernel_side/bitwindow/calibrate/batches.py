"""Data as people have it, cut into chunks of one fixed shape.

An array, a tuple or a dict of arrays is a data set (first axis = samples); any other iterable yields batches. A tuple
holds the model's inputs and may be one longer: the label, which is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from bitwindow.errors import DataError
from bitwindow.model.record import Model


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """What one sample looks like: for every input leaf its name, its shape without the batch, and its dtype."""

    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype[Any], ...]
    arguments: int
    structure: Any

    @staticmethod
    def of(model: Model) -> InputSpec:
        """Return the specification of a model's inputs, read from its example."""
        arguments = model.example if isinstance(model.example, tuple) else (model.example,)
        with_paths, structure = jax.tree_util.tree_flatten_with_path(arguments)
        single = len(with_paths) == 1
        return InputSpec(
            names=tuple("input" if single else "input" + jax.tree_util.keystr(path) for path, _ in with_paths),
            shapes=tuple(tuple(np.shape(leaf)[1:]) for _, leaf in with_paths),
            dtypes=tuple(np.dtype(leaf.dtype) for _, leaf in with_paths),
            arguments=len(arguments),
            structure=structure,
        )


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Input leaves with a fixed leading axis, of which the first ``valid`` samples count; ``first`` is their place."""

    leaves: tuple[NDArray[Any], ...]
    valid: int
    first: int


def is_data_set(data: object) -> bool:
    """Return whether ``data`` is a whole data set (array, tuple, dict) and not an iterable of batches."""
    return isinstance(data, tuple | Mapping) or hasattr(data, "shape")


def sample_count(data: object, spec: InputSpec) -> int | None:
    """Return the number of samples of a data set, or None where only iterating tells."""
    return len(leaves_of(data, spec, where="data set")[0]) if is_data_set(data) else None


def chunks(data: object, spec: InputSpec, size: int) -> Iterator[Chunk]:
    """Cut ``data`` into chunks of ``size`` samples; the last one is padded with its own last sample.

    Raises:
        DataError: If there is no sample, or a batch does not fit the model's inputs.
    """
    pending: list[tuple[NDArray[Any], ...]] = []
    held = first = 0
    for leaves in _batches(data, spec):
        pending.append(leaves)
        held += len(leaves[0])
        if held < size:
            continue
        joined = _join(pending)
        whole = held - held % size
        for start in range(0, whole, size):
            yield Chunk(leaves=tuple(leaf[start : start + size] for leaf in joined), valid=size, first=first)
            first += size
        pending, held = [tuple(leaf[whole:] for leaf in joined)], held - whole
    if held:
        yield Chunk(leaves=tuple(_pad(leaf, size) for leaf in _join(pending)), valid=held, first=first)
    elif first == 0:
        message = (
            "data: wanted at least one sample, got none. Pass an array with a first axis > 0 or a non-empty iterable."
        )
        raise DataError(message)


def leaves_of(batch: object, spec: InputSpec, *, where: str) -> tuple[NDArray[Any], ...]:
    """Return the input leaves of one batch, checked against the model's inputs.

    Raises:
        DataError: If the structure, a shape or a dtype does not fit, or the leaves differ in length.
    """
    arguments = _arguments(batch, spec, where)
    leaves, structure = jax.tree.flatten(arguments)
    if structure != spec.structure:
        message = (
            f"{where}: wanted inputs of the structure {spec.structure}, got {structure}. Pass them as in the example."
        )
        raise DataError(message)
    checked = tuple(
        _checked(leaf, name, shape, dtype, where)
        for leaf, name, shape, dtype in zip(leaves, spec.names, spec.shapes, spec.dtypes, strict=True)
    )
    lengths = {len(leaf) for leaf in checked}
    if len(lengths) != 1:
        named = ", ".join(f"{name}: {len(leaf)}" for name, leaf in zip(spec.names, checked, strict=True))
        message = f"{where}: wanted the same number of samples in every input, got {named}."
        raise DataError(message)
    return checked


def _arguments(batch: object, spec: InputSpec, where: str) -> tuple[Any, ...]:
    if not isinstance(batch, tuple | list):
        return (batch,)
    if len(batch) not in {spec.arguments, spec.arguments + 1}:
        message = (
            f"{where}: wanted a tuple of {spec.arguments} input(s), or one more with the label last, got {len(batch)}."
        )
        raise DataError(message)
    return tuple(batch[: spec.arguments])


def _checked(leaf: Any, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], where: str) -> NDArray[Any]:
    array = np.asarray(leaf)
    if array.ndim == 0 or tuple(array.shape[1:]) != shape:
        wanted = ", ".join(["samples", *map(str, shape)])
        message = f"{where}: {name!r} wants the shape ({wanted}), got {array.shape}. Reshape the data or the example."
        raise DataError(message)
    if not _fits(array, dtype):
        advice = f"Convert it, e.g. x.astype('{dtype}') with the scaling the network was trained with."
        message = f"{where}: {name!r} wants {dtype} values, got {array.dtype}. {advice}"
        raise DataError(message)
    return array.astype(dtype, copy=False)


def _fits(array: NDArray[Any], wanted: np.dtype[Any]) -> bool:
    if jnp.issubdtype(wanted, jnp.floating):
        return bool(jnp.issubdtype(array.dtype, jnp.floating))
    if wanted.kind in "iu" and array.dtype.kind in "iu":
        limits = np.iinfo(wanted)
        return array.size == 0 or (int(array.min()) >= limits.min and int(array.max()) <= limits.max)
    return array.dtype == wanted


def _batches(data: object, spec: InputSpec) -> Iterator[tuple[NDArray[Any], ...]]:
    if is_data_set(data):
        yield leaves_of(data, spec, where="data set")
        return
    if not isinstance(data, Iterable):
        message = (
            f"data: wanted an array, a tuple or dict of arrays, or an iterable of batches, got {type(data).__name__}."
        )
        raise DataError(message)
    for index, batch in enumerate(data):
        yield leaves_of(batch, spec, where=f"batch {index}")


def _join(pending: Sequence[tuple[NDArray[Any], ...]]) -> tuple[NDArray[Any], ...]:
    if len(pending) == 1:
        return pending[0]
    return tuple(np.concatenate(parts) for parts in zip(*pending, strict=True))


def _pad(leaf: NDArray[Any], size: int) -> NDArray[Any]:
    return np.concatenate([leaf, np.repeat(leaf[-1:], size - len(leaf), axis=0)])
