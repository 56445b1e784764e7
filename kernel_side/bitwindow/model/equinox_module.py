"""The front end for Equinox: modules written for one sample or for a batch, with or without state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.model.record import Model
from bitwindow.model.split import split

Function = Callable[..., Any]


def load(
    source: Any,
    *,
    example: Any = None,
    name: str | None = None,
    batched: bool | None = None,
    **call: Any,
) -> Model:
    """Make a model of an Equinox module in inference mode.

    Args:
        source: The module, or the pair (module, state) of a stateful one, such as one with batch-norm.
        example: A batch of inputs, as for ``Model``.
        name: What messages call the model; the module's class when None.
        batched: False for a module that takes one sample, as Equinox' own layers do (it is mapped over the batch),
            True for one that takes the batch; None finds out which of them runs.
        **call: Keyword settings of the call.

    Returns:
        The model; its parameters are the module's floating-point arrays by attribute path. The state does not change.

    Raises:
        ModelError: If the example is missing, the module runs in neither form, or in both with different results.
    """
    import equinox as eqx

    paired = isinstance(source, tuple)
    module, state = source if paired and len(source) == 2 else (source, None)
    title = name or type(module).__name__
    if not isinstance(module, eqx.Module) or (paired and not isinstance(state, eqx.nn.State)):
        raise ModelError("wanted an Equinox module or the pair (module, state), got another tuple")
    if example is None:
        raise ModelError(f"{title}: wanted an example input, got none; write example=x with a batch of inputs")
    parts = split((eqx.nn.inference_mode(module), state), _namer(eqx, module, state))

    def whole(params: Any, *inputs: Any) -> Any:
        filled, filled_state = parts.filled(params)
        if state is None:
            return filled(*inputs, **call)
        result, _ = filled(*inputs, filled_state, **call)
        return result

    def each(params: Any, *inputs: Any) -> Any:
        return jax.vmap(lambda *sample: whole(params, *sample), axis_name="batch")(*inputs)

    chosen = _form(title, (each, whole), dict(parts.params), example) if batched is None else (each, whole)[batched]
    return Model(chosen, dict(parts.params), example, name=title)


def _namer(eqx: Any, module: Any, state: Any) -> Callable[[str, Any], str]:
    """Name parameters by their path in the module, and state by the path of the index that reads it."""
    from bitwindow.jax_names import path_text

    names: dict[int, str] = {}
    if state is not None:
        found, _ = jax.tree_util.tree_flatten_with_path(
            module, is_leaf=lambda node: isinstance(node, eqx.nn.StateIndex)
        )
        for path, index in found:
            if isinstance(index, eqx.nn.StateIndex):
                for inner, leaf in jax.tree_util.tree_flatten_with_path(state.get(index))[0]:
                    names[id(leaf)] = "/".join(part for part in (path_text(path), path_text(inner)) if part)
    return lambda path, leaf: names.get(id(leaf), path.partition("/")[2])


def _form(title: str, forms: tuple[Function, Function], params: Any, example: Any) -> Function:
    each, whole = forms
    tried = [_tried(form, params, example) for form in forms]
    shapes, errors = [shape for shape, _ in tried], [error for _, error in tried]
    if shapes[1] is None:
        if shapes[0] is None:
            raise ModelError(
                f"{title}: wanted a module that runs on one sample or on a batch; on one sample: {errors[0]}; on the "
                f"batch: {errors[1]}; check the example's shape"
            )
        return each
    if shapes[0] is None:
        return whole
    if shapes[0] == shapes[1] and _agree(each, whole, params, example):
        return each
    raise ModelError(
        f"{title}: the module runs on one sample and on a batch, with different results; say which it is meant for: "
        "batched=False (one sample, mapped over the batch) or batched=True"
    )


def _arguments(example: Any, batch: int) -> tuple[Any, ...]:
    given = example if isinstance(example, tuple) else (example,)
    rng = np.random.default_rng(0)

    def drawn(leaf: Any) -> Any:
        shape, dtype = (batch, *np.shape(leaf)[1:]), np.dtype(leaf.dtype)
        if dtype.kind in "iub":
            return np.zeros(shape, jax.dtypes.canonicalize_dtype(dtype))
        return rng.normal(size=shape).astype(jax.dtypes.canonicalize_dtype(dtype))

    arguments: tuple[Any, ...] = jax.tree_util.tree_map(drawn, given)
    return arguments


def _tried(form: Function, params: Any, example: Any) -> tuple[Any, str]:
    """Return the output shapes at two batch sizes that no axis is likely to have, or None and why not."""
    shapes = []
    for batch in (11, 13):
        try:
            result = jax.eval_shape(form, params, *_arguments(example, batch))
        except Exception as error:  # noqa: BLE001 (whatever the user's module raises is an answer: not in this form)
            return None, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        leaves = jax.tree_util.tree_leaves(result)
        if any(leaf.shape[:1] != (batch,) for leaf in leaves):
            return None, "an output does not have the batch as its first axis"
        shapes.append([leaf.shape for leaf in leaves])
    return shapes, ""


def _agree(each: Function, whole: Function, params: Any, example: Any) -> bool:
    arguments = _arguments(example, 3)
    results = [jax.tree_util.tree_leaves(jax.jit(form)(params, *arguments)) for form in (each, whole)]
    return all(
        np.allclose(np.asarray(one, np.float64), np.asarray(other, np.float64), rtol=1e-3, atol=1e-5)
        for one, other in zip(*results, strict=True)
    )
