"""Applies one operator to values: at once in NumPy where all is known, as a parameter's expression, or in JAX."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.onnx_import.call import Call, NeedsConstantError
from bitwindow.onnx_import.layout import arranged, logical, outputs_of
from bitwindow.onnx_import.limits import MOST_AXES, Budget, elements_of
from bitwindow.onnx_import.registry import Operator
from bitwindow.onnx_import.values import ChannelsLast, Weight, is_known

_FREE_PRODUCT = 2**22
"""Inputs whose sizes multiply to less cannot give a result that is too large."""


def apply(found: Operator, call: Call, inputs: Sequence[Any], budget: Budget) -> list[Any]:
    """Return the outputs of an operator.

    Raises:
        ModelError: If it cannot be computed on these inputs; the error names file, node and operator.
    """
    with _told(call, inputs):
        if found.sequences:
            return outputs_of(found.function(call, *[logical(value) for value in inputs]))
        if found.folds and all(is_known(value) for value in inputs):
            return _known(found, call, inputs, budget)
        static = _static_inputs(found, call, inputs)
        outputs = arranged(found, call, [static.get(at, value) for at, value in enumerate(inputs)])
        return _checked(outputs, call)


@contextlib.contextmanager
def _told(call: Call, inputs: Sequence[Any]) -> Iterator[None]:
    """Turn whatever an operator raises on its inputs into an error that names file, node and operator."""
    try:
        yield
    except ModelError:
        raise
    except RecursionError as error:
        raise call.fail("an operator that ends", "one that calls itself") from error
    except Exception as error:
        shapes = ", ".join(_described(value) for value in inputs)
        raise call.fail(
            f"inputs that fit {call.node.op} of opset {call.opset}",
            f"({shapes}): {type(error).__name__}: {error}"[:400],
        ) from error


def _static_inputs(found: Operator, call: Call, inputs: Sequence[Any]) -> dict[int, Any]:
    static = {}
    for position in found.static:
        if position < len(inputs) and inputs[position] is not None:
            value = inputs[position]
            if not is_known(value):
                raise NeedsConstantError(
                    f"{call.where}: wanted input {position} ({call.node.inputs[position][:80]!r}) to be known before "
                    "the network runs, as it decides a shape, got one that is computed from the network's inputs; make "
                    "it a constant of the graph, or simplify the graph (onnxruntime, onnx-simplifier)"
                )
            static[position] = _static(value)
    return static


def _known(found: Operator, call: Call, inputs: Sequence[Any], budget: Budget) -> list[Any]:
    if not any(isinstance(value, Weight) for value in inputs):
        return _folded(found, call, inputs, budget)
    count = call.outputs
    cache: dict[str, list[Any]] = {}

    def known(position: int) -> Callable[[], Any]:
        def compute() -> Any:
            if "known" not in cache:
                with _told(call, inputs):
                    cache["known"] = _folded(found, call, [_static(value) for value in inputs], budget)
            return cache["known"][position]

        return compute

    def traced(position: int) -> Callable[[], Any]:
        def compute() -> Any:
            if "traced" not in cache:
                given = [
                    _static(value) if at in found.static else value.array if isinstance(value, Weight) else value
                    for at, value in enumerate(inputs)
                ]
                with _told(call, inputs):
                    outputs = arranged(replace_layout(found), replace(call, channels_last=False), given)
                    cache["traced"] = _checked(outputs, call)
            return cache["traced"][position]

        return compute

    return [Weight(known=known(position), traced=traced(position)) for position in range(count)]


def replace_layout(found: Operator) -> Operator:
    """Return an operator that takes its values with the axes as the graph has them."""
    return replace(found, layout="logical")


def _folded(found: Operator, call: Call, inputs: Sequence[Any], budget: Budget) -> list[Any]:
    _check_product(found, call, inputs)
    with jax.ensure_compile_time_eval(), np.errstate(all="ignore"):
        results = outputs_of(found.function(replace(call, folding=True, channels_last=False), *inputs))
    known = [value if value is None or isinstance(value, tuple) else np.asarray(value) for value in results]
    budget.fold(sum(value.size for value in known if isinstance(value, np.ndarray)), call.where)
    return known


def _check_product(found: Operator, call: Call, inputs: Sequence[Any]) -> None:
    """Check the size of what known inputs give, where it can be much larger than they are."""
    arrays = [value for at, value in enumerate(inputs) if isinstance(value, np.ndarray) and at not in found.static]
    product = 1
    for array in arrays:
        product *= max(1, array.size)
    if product <= _FREE_PRODUCT or len(arrays) < 2:
        return
    make: Any = jax.ShapeDtypeStruct
    shapes = [make(array.shape, jax.dtypes.canonicalize_dtype(array.dtype)) for array in arrays]
    places = [at for at, value in enumerate(inputs) if isinstance(value, np.ndarray) and at not in found.static]

    def shaped(*given: Any) -> list[Any]:
        whole = list(inputs)
        for at, value in zip(places, given, strict=True):
            whole[at] = value
        return outputs_of(found.function(replace(call, channels_last=False), *whole))

    for value in jax.tree_util.tree_leaves(jax.eval_shape(shaped, *shapes)):
        elements_of(value.shape, call.where, folding=True)


def _checked(outputs: list[Any], call: Call) -> list[Any]:
    for value in outputs:
        array = value.array if isinstance(value, ChannelsLast) else value
        if hasattr(array, "shape") and not isinstance(array, np.ndarray):
            elements_of(tuple(array.shape), call.where, samples=call.batch)
    return outputs


def _static(value: Any) -> Any:
    return value.static if isinstance(value, Weight) else value


def _described(value: Any) -> str:
    array = value.array if isinstance(value, ChannelsLast) else value
    if value is None:
        return "nothing"
    if isinstance(value, Weight):
        array = value.static
    if isinstance(array, tuple):
        return f"a sequence of {len(array)}"
    return f"{array.dtype}{list(array.shape[:MOST_AXES])}"
