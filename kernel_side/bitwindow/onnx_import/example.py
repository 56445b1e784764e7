"""What the inputs look like: from the file, from sizes by name, or from an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bitwindow.errors import ModelError
from bitwindow.onnx_import.limits import elements_of
from bitwindow.onnx_import.records import Declared, Opened

SAMPLES = 2
"""In an example made from the file alone, where the file leaves the batch open."""


def example_of(opened: Opened, example: Any, dims: Mapping[str, int]) -> dict[str, Any]:
    """Return a batch of inputs by name.

    Args:
        opened: The file.
        example: The user's, or None.
        dims: Sizes by the file's names for them.

    Raises:
        ModelError: If a size is unknown, or the example does not fit what the file declares.
    """
    declared = opened.graph.inputs
    if not declared:
        raise ModelError(f"{opened.where}: wanted a graph with at least one input, got none")
    if any(item.dtype.kind == "V" and item.dtype == np.dtype(np.void) for item in declared):
        raise ModelError(f"{opened.where}: wanted inputs that are tensors, got a sequence, a map or an optional")
    if example is not None:
        return _given(opened, example, declared)
    return {item.name: np.zeros(_shape(opened, item, dims), _kept(item)) for item in declared}


def arguments_of(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the inputs, in the file's order."""
    return tuple(given)


def _kept(item: Declared) -> np.dtype[Any]:
    return np.dtype(np.float32) if item.dtype == np.float64 else item.dtype


def _shape(opened: Opened, item: Declared, dims: Mapping[str, int]) -> tuple[int, ...]:
    where = f"{opened.where}: input {item.name[:80]!r}"
    if item.shape is None:
        raise ModelError(f"{where}: wanted to know its shape, and the file does not say; write example= with a batch")
    if not item.shape:
        raise ModelError(
            f"{where}: wanted a first axis that counts samples, got a single number; make it a constant of the graph"
        )
    first = item.shape[0]
    batch = dims.get(first, SAMPLES) if isinstance(first, str) else first or SAMPLES
    sizes = [int(batch)]
    for at, size in enumerate(item.shape[1:], start=1):
        found = dims.get(size) if isinstance(size, str) else size
        if found is None or found < 1:
            named = f"dims={{{size!r}: ...}}" if isinstance(size, str) else "example= with a batch of inputs"
            raise ModelError(
                f"{where}: wanted the size of axis {at}, and the file leaves it open ({list(item.shape)}); "
                f"write {named}"
            )
        sizes.append(int(found))
    elements_of(tuple(sizes), where)
    return tuple(sizes)


def _given(opened: Opened, example: Any, declared: tuple[Declared, ...]) -> dict[str, Any]:
    names = [item.name for item in declared]
    if isinstance(example, tuple | list) and len(example) == len(names):
        example = dict(zip(names, example, strict=True))
    if not isinstance(example, Mapping):
        if len(names) > 1:
            raise ModelError(f"{opened.where}: example: wanted a dictionary of the inputs {names}, got one array")
        example = {names[0]: example}
    if set(example) != set(names):
        raise ModelError(f"{opened.where}: example: wanted the inputs {names}, got {sorted(map(str, example))[:9]}")
    return {item.name: _fitting(opened, item, example[item.name]) for item in declared}


def _fitting(opened: Opened, item: Declared, array: Any) -> Any:
    where = f"{opened.where}: example {item.name[:80]!r}"
    if not hasattr(array, "shape") or not hasattr(array, "dtype"):
        raise ModelError(f"{where}: wanted an array, got {type(array).__name__}; pass np.asarray of a batch")
    fits = item.shape is None or (
        len(item.shape) == len(array.shape)
        and all(
            not isinstance(size, int) or size in {0, have}
            for size, have in zip(item.shape[1:], array.shape[1:], strict=True)
        )
    )
    if not fits:
        raise ModelError(f"{where}: wanted a shape like {list(item.shape or ())}, got {list(array.shape)}")
    if np.dtype(array.dtype).kind != item.dtype.kind and not (item.dtype.kind in "iu" and array.dtype.kind in "iu"):
        raise ModelError(f"{where}: wanted {item.dtype.name}, got {array.dtype}; convert it with .astype")
    return array
