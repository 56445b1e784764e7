"""Opens objects and files of frameworks as models: a registry of front ends, each of which only makes a ``Model``."""

from __future__ import annotations

from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

from bitwindow.errors import ModelError
from bitwindow.model.origin import Origin
from bitwindow.model.record import Model

# A front end is a module with ``load(source, **settings) -> Model``. It is imported when such a source comes.
# By the package whose objects it opens:
_OBJECTS = {
    "flax.linen": "bitwindow.model.flax_linen",
    "flax.nnx": "bitwindow.model.flax_nnx",
    "equinox": "bitwindow.model.equinox_module",
    "keras": "bitwindow.model.keras_model",
    "onnx": "bitwindow.onnx_import.front_end",
}
# By the suffix of the files that it opens:
_SUFFIXES = {
    ".keras": "bitwindow.model.keras_file",
    ".h5": "bitwindow.model.keras_file",
    ".hdf5": "bitwindow.model.keras_file",
    ".onnx": "bitwindow.onnx_import.front_end",
}
# By the kind of a session's origin; such a front end has ``reopen(origin: Origin, example) -> Model`` as well, and
# ``completed(origin, params) -> Origin`` where it stores a file without what the parameters hold:
_ORIGINS = {
    "keras": "bitwindow.model.keras_file",
    "keras-beside": "bitwindow.model.keras_file",
    "onnx": "bitwindow.onnx_import.front_end",
}
_KNOWN = "a Flax module (linen, NNX), an Equinox module, a Keras or ONNX model"


def load(source: Any, **settings: Any) -> Model:
    """Make a model of an object or a file.

    Args:
        source: A ``Model`` (returned as it is), an object of a framework, a pair of it and its variables or state, or
            the path of a model file.
        **settings: What the front end needs: ``example=``, a batch of inputs; ``variables=`` for a Flax linen module;
            ``batched=`` for an Equinox module; ``name=``.

    Returns:
        The model.

    Raises:
        ModelError: If no front end opens the source, the front end's package is missing, or its settings are
            incomplete or unknown.
    """
    if isinstance(source, Model):
        if settings:
            raise ModelError(f"a Model takes no settings, got {', '.join(sorted(settings))}")
        return source
    front_end = _of_path(source) if isinstance(source, str | PathLike) else _of_object(source)
    if front_end is None:
        raise ModelError(
            f"wanted {_KNOWN}, a pair of it and its variables, or the path of a "
            f"{', '.join([*_SUFFIXES, '.bitwindow'])} file, got {type(source).__name__} {str(source)[:80]!r}; for a "
            "plain JAX function write bitwindow.Model(fn, params, example)"
        )
    model: Model = _imported(front_end).load(source, **settings)
    return model


def model_suffixes() -> list[str]:
    """Return the endings of the model files that can be opened."""
    return list(_SUFFIXES)


def reopen(origin: Origin, example: Any, params: Any = None) -> Model:
    """Make the model of a session's own model file again.

    Args:
        origin: The file's kind, bytes and settings.
        example: What the inputs look like.
        params: The session's parameters, for a file that was stored without what they hold.

    Raises:
        ModelError: If no front end reads the kind, or the bytes are damaged.
    """
    if origin.kind not in _ORIGINS:
        raise ModelError(f"wanted a model of kind {' or '.join(_ORIGINS)}, got {origin.kind[:40]!r}; update bitwindow")
    front_end = _imported(_ORIGINS[origin.kind])
    if hasattr(front_end, "completed"):
        origin = front_end.completed(origin, params)
    model: Model = front_end.reopen(origin, example)
    return model


def _of_path(source: str | PathLike[str]) -> str | None:
    return _SUFFIXES.get(Path(source).suffix.lower())


def _of_object(source: Any) -> str | None:
    if isinstance(source, bytes):
        return _ORIGINS["onnx"]  # the one kind of file that comes as bytes
    target = source[0] if isinstance(source, tuple) and source else source
    # The class hierarchy names the framework without importing it.
    for base in type(target).__mro__:
        for package, front_end in _OBJECTS.items():
            if base.__module__ == package or base.__module__.startswith(f"{package}."):
                return front_end
    return None


def _imported(front_end: str) -> Any:
    try:
        return import_module(front_end)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in {"", "bitwindow"}:
            raise
        raise ModelError(
            f"wanted the package {missing} to open this model, and it is not installed; pip install {missing}"
        ) from error
