"""Keras on the JAX backend: chosen before Keras is imported for the first time, for it cannot be changed later."""

from __future__ import annotations

import os
import sys
from typing import Any

from bitwindow.errors import ModelError

_VARIABLE = "KERAS_BACKEND"


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


def _other_backend(name: str) -> ModelError:
    return ModelError(
        f"wanted Keras on the jax backend, got {name!r}; start Python anew and write "
        f'os.environ["{_VARIABLE}"] = "jax" before keras is imported for the first time (a saved .keras file opens on '
        "any backend)"
    )
