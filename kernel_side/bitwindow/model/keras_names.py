"""Names for Keras variables by the path of layers that hold them, the same before and after saving.

Keras' own ``variable.path`` depends on where and when a layer was built (``sequential/dense/kernel`` or
``dense/kernel``), so that it cannot name a site in a file.
"""

from __future__ import annotations

from typing import Any


def variable_names(model: Any) -> dict[int, str]:
    """Return a name for each variable of a model, by ``id``, unique: ``"block/conv2d/kernel"``."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    _walk(model, "", found, taken)
    return found


def _walk(layer: Any, prefix: str, found: dict[int, str], taken: set[str]) -> None:
    inner = getattr(layer, "layers", None)
    if isinstance(inner, list) and hasattr(layer, "stateless_call") and hasattr(layer, "save"):
        for child in inner:
            _walk(child, f"{prefix}{child.name}/", found, taken)
    for variable in layer.variables:
        if id(variable) not in found:
            found[id(variable)] = _free(prefix + _inner(variable, layer.name), taken)


def _inner(variable: Any, layer: str) -> str:
    parts = variable.path.split("/")
    return "/".join(parts[parts.index(layer) + 1 :]) if layer in parts[:-1] else variable.path


def _free(name: str, taken: set[str]) -> str:
    number, wanted = 1, name
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name)
    return name
