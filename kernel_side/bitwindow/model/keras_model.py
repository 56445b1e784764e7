"""The front end for Keras 3 models on the JAX backend: functional, sequential and subclassed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.model.keras_archive import origin_of
from bitwindow.model.keras_backend import import_keras
from bitwindow.model.keras_held import beside
from bitwindow.model.keras_names import variable_names
from bitwindow.model.origin import Origin
from bitwindow.model.record import Model

_BATCH = 2


def load(
    source: Any, *, example: Any = None, name: str | None = None, origin: Origin | None = None, **call: Any
) -> Model:
    """Make a model of a Keras model.

    Args:
        source: The Keras model; it is run for inference and not changed.
        example: A batch of inputs, as for ``Model``; where None it is made from the model's declared inputs.
        name: What messages call the model; its own name when None.
        origin: The ``.keras`` file it was read from; made from the model when None, where it holds Keras' own layers
            alone.
        **call: Keyword settings of the model's call, such as ``mask=None``.

    Returns:
        The model; its parameters are the Keras variables by layer path.

    Raises:
        ModelError: If Keras runs on another backend, the model is not built, or an example is needed and missing.
    """
    keras = import_keras()
    title = name or source.name
    if not source.built:
        raise ModelError(f"{title}: wanted a built Keras model, got one without variables; call it once on a batch")
    inputs = _example(keras, source, title) if example is None else example
    params, fn = _function(source, call, listed=_takes_a_list(source))
    made = origin_of(source) if origin is None and not call else origin
    kept = None if made is None else replace(made, beside=beside(made, params))
    return Model(fn, params, inputs, name=title, source=f"keras:{source.name}", origin=kept)


def _function(source: Any, call: dict[str, Any], *, listed: bool) -> tuple[dict[str, Any], Callable[..., Any]]:
    trained, others = list(source.trainable_variables), list(source.non_trainable_variables)
    names = variable_names(source)
    keyed = {names[id(variable)]: variable.value for variable in (*trained, *others)}
    # Whole-number variables are counters and the state of random numbers: nothing that inference reads.
    params = {name: value for name, value in keyed.items() if jax.numpy.issubdtype(value.dtype, jax.numpy.floating)}
    settings = {**({"training": False} if _takes_training(source) else {}), **call}

    def apply(params: Any, *inputs: Any) -> Any:
        values = {**keyed, **params}

        def state(variables: Sequence[Any]) -> list[Any]:
            return [values[names[id(variable)]] for variable in variables]

        given = (list(inputs),) if listed else inputs
        result, _ = source.stateless_call(state(trained), state(others), *given, **settings)
        return result

    return params, apply


def _takes_a_list(source: Any) -> bool:
    """Whether the model has several inputs that travel as one list."""
    return isinstance(_declared(source), list | tuple) and len(_declared(source)) > 1


def _takes_training(source: Any) -> bool:
    parameters = inspect.signature(source.call).parameters
    return "training" in parameters or any(entry.kind is entry.VAR_KEYWORD for entry in parameters.values())


def _declared(source: Any) -> Any:
    """Return the model's symbolic inputs as it was built with them, or None for a subclassed model."""
    for attribute in ("input", "inputs"):
        try:
            declared = getattr(source, attribute)
        except (AttributeError, ValueError):
            continue
        # One input alone is no list of inputs, whatever it is declared in.
        return declared[0] if isinstance(declared, list | tuple) and len(declared) == 1 else declared
    return None


def _example(keras: Any, source: Any, title: str) -> Any:
    declared = _declared(source)
    if declared is None:
        raise ModelError(f"{title}: wanted an example input, got none; write example=x with a batch of inputs")

    def zeros(tensor: Any) -> Any:
        if tensor.shape[0] not in {None, 1} or any(size is None for size in tensor.shape[1:]):
            raise ModelError(
                f"{title}: wanted inputs whose shape is known except for the batch, got {tuple(tensor.shape)}; write "
                "example=x with a batch of inputs"
            )
        dtype = keras.backend.standardize_dtype(tensor.dtype)
        return np.zeros((_BATCH, *tensor.shape[1:]), dtype if dtype != "string" else "U1")

    # A list of inputs is several arguments; a dictionary is one.
    made = {key: zeros(value) for key, value in declared.items()} if isinstance(declared, dict) else None
    if made is not None:
        return made
    if isinstance(declared, list | tuple):
        return tuple(zeros(tensor) for tensor in declared)
    return zeros(declared)
