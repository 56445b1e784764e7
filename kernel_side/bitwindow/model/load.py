"""Opens objects of frameworks as models: a registry of front ends, each of which only makes a ``Model``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from bitwindow.errors import ModelError
from bitwindow.model.record import Model

# Module of the front end by the package whose objects it opens. It is imported when such an object comes.
_FRONT_ENDS = {"flax.linen": "bitwindow.model.flax_linen"}


def load(source: Any, **settings: Any) -> Model:
    """Make a model of an object.

    Args:
        source: A ``Model`` (returned as it is), a Flax linen module, or the pair (module, variables).
        **settings: What the front end needs: ``variables=`` and ``example=`` for a Flax linen module.

    Returns:
        The model.

    Raises:
        ModelError: If no front end opens the object, or the front end's settings are incomplete.
    """
    if isinstance(source, Model):
        if settings:
            raise ModelError(f"a Model takes no settings, got {', '.join(sorted(settings))}")
        return source
    target = source[0] if isinstance(source, tuple) and source else source
    # The class hierarchy names the framework without importing it.
    for base in type(target).__mro__:
        for package, front_end in _FRONT_ENDS.items():
            if base.__module__ == package or base.__module__.startswith(f"{package}."):
                model: Model = import_module(front_end).load(source, **settings)
                return model
    raise ModelError(
        f"wanted a Flax linen module, a (module, variables) pair, or the path of a .bitwindow file, got "
        f"{type(target).__name__} {str(target)[:80]!r}; for a plain JAX function write "
        "bitwindow.Model(fn, params, example)"
    )
