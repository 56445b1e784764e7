"""Keras on the JAX backend: chosen before Keras is imported for the first time, for it cannot be changed later."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bitwindow.errors import ModelError

_VARIABLE = "KERAS_BACKEND"
_NOTED = "uninitialized_variables"
"""Keras' own name for the variables that it is still to make."""


def import_keras() -> Any:
    """Return the module ``keras``, running on JAX.

    Raises:
        ModelError: If Keras runs on another backend, or the environment asks for one.
    """
    if "keras" not in sys.modules and os.environ.setdefault(_VARIABLE, "jax") != "jax":
        raise _other_backend(os.environ[_VARIABLE])
    import keras

    if keras.backend.backend() != "jax":
        raise _other_backend(keras.backend.backend())
    return keras


@contextmanager
def rehearsal(keras: Any) -> Iterator[None]:
    """Build a model without its arrays: variables have shapes, and no memory is taken for them.

    Keras notes such variables down and makes them whenever it is next asked for anything, for whatever model: a shape
    or a seed that was refused would take its memory, or fail, there. So what was noted meanwhile is struck out again.
    """
    from keras.src.backend.common import global_state

    def noted() -> list[Any]:
        return list(global_state.get_global_attribute(_NOTED) or [])

    before = noted()
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        known = {id(one) for one in before}
        global_state.set_global_attribute(_NOTED, [one for one in noted() if id(one) in known])


def _other_backend(name: str) -> ModelError:
    return ModelError(
        f"wanted Keras on the jax backend, got {name!r}; start Python anew and write "
        f'os.environ["{_VARIABLE}"] = "jax" before keras is imported for the first time (a saved .keras file opens on '
        "any backend)"
    )
