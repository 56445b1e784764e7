"""The configuration of a Keras model from a stranger: only Keras' own building blocks, none that holds code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bitwindow.errors import ModelError

_MOST_LEVELS = 200
# What runs code from the file, loads another framework's, or opens files that the configuration names.
_REFUSED = frozenset(
    {
        "Lambda",
        "__lambda__",
        "__typespec__",
        "TorchModuleWrapper",
        "TFSMLayer",
        "JaxLayer",
        "FlaxLayer",
        "StringLookup",
        "TextVectorization",
        "Hashing",
        "IntegerLookup",
    }
)
# Packages of Keras whose classes are data: layers, their settings, and the containers.
_MODULES = (
    "keras",
    "keras.activations",
    "keras.constraints",
    "keras.dtype_policies",
    "keras.initializers",
    "keras.layers",
    "keras.models",
    "keras.ops",
    "keras.quantizers",
    "keras.random",
    "keras.regularizers",
    "keras.src.dtype_policies",
    "keras.src.layers",
    "keras.src.models",
    "keras.src.ops",
)
_CONTAINERS = ("Functional", "Sequential", "Model")
_LITERALS = frozenset({"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"})
_DATA = frozenset({"InputSpec", "DTypePolicy", "DTypePolicyMap", "SeedGenerator"})


def check_config(config: Mapping[str, Any], where: str) -> None:
    """Check every class that a configuration names, and leave training out of it.

    Args:
        config: The parsed configuration; ``compile_config`` entries (optimizer, losses) are emptied in place.
        where: The file's name, for messages.

    Raises:
        ModelError: If it names a class that is not Keras' own, or one that runs code, or is no model.
    """
    if str(config.get("class_name")) not in _CONTAINERS:
        raise ModelError(
            f"{where}: wanted a functional or sequential Keras model, got {str(config.get('class_name'))[:60]!r}; "
            "open a model with its own classes from the object: bitwindow.load(model, example=x)"
        )
    for entry in _nodes(config, where):
        if "compile_config" in entry:
            entry["compile_config"] = None
        if "class_name" in entry:
            _check_class(entry, where)


def _nodes(root: Any, where: str) -> Iterator[dict[str, Any]]:
    pending: list[tuple[Any, int]] = [(root, 0)]
    while pending:
        item, level = pending.pop()
        if level > _MOST_LEVELS:
            raise ModelError(f"{where}: wanted a configuration of at most {_MOST_LEVELS} levels; use another copy")
        if isinstance(item, dict):
            yield item
            pending.extend((value, level + 1) for key, value in item.items() if key != "compile_config")
        elif isinstance(item, list):
            pending.extend((value, level + 1) for value in item)


def _check_class(entry: Mapping[str, Any], where: str) -> None:
    name, module = entry["class_name"], entry.get("module")
    registered = entry.get("registered_name")
    if not isinstance(name, str) or name in _REFUSED:
        raise _refused(where, name, "it can run code or read files")
    if name in _LITERALS or name in _CONTAINERS:
        return
    builtin = module == "builtins" and name == "function"
    if module is not None and module not in _MODULES and not builtin and not _inside(module):
        raise _refused(where, f"{str(module)[:40]}.{name[:40]}", "it is none of Keras' own")
    if registered is not None and name not in (registered, "function"):
        raise _refused(where, registered, "it is a custom class")
    if module is None and not _is_own(name):
        raise _refused(where, name, "Keras has no layer of that name")


def _inside(module: Any) -> bool:
    own = ("keras.src.layers.", "keras.src.models.", "keras.src.ops.", "keras.src.dtype_policies.")
    return isinstance(module, str) and module.startswith(own)


def _is_own(name: str) -> bool:
    """Whether Keras exports a class of this name; the older format names classes without their module."""
    import keras

    places = (keras.layers, keras.initializers, keras.regularizers, keras.constraints, keras.dtype_policies)
    return name in _DATA or any(hasattr(place, name) for place in places)


def _refused(where: str, name: Any, why: str) -> ModelError:
    return ModelError(
        f"{where}: wanted Keras' own layers, got {str(name)[:80]!r}, and {why}; if you trust the file, open it with "
        "keras.saving.load_model and pass the object: bitwindow.load(model)"
    )
