"""Names of parameters, layers and values: from the path in the parameters' pytree, from scopes, else by counting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bitwindow.jax_names import path_text

_PATH_SEPARATOR = "/"


def parameter_names(paths: Sequence[Sequence[Any]]) -> list[str]:
    """Return a name for every parameter leaf, unique and stable.

    The collection that Flax puts first (``params/conv1/kernel``, ``batch_stats/bn/mean``) is left out where the rest
    alone tells the leaves apart.
    """
    full = [path_text(path) or "parameter" for path in paths]
    collections = {name.split(_PATH_SEPARATOR)[0] for name in full}
    if "params" not in collections or not all(len(path) > 1 for path in paths):
        return full
    short = [name.split(_PATH_SEPARATOR, 1)[1] for name in full]
    clashes = {name for name in short if short.count(name) > 1}
    return [long if rest in clashes else rest for long, rest in zip(full, short, strict=True)]


class Namer:
    """Hands out names, each once: a name that is taken gets ``_2``, ``_3`` and so on."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}

    def unique(self, wanted: str) -> str:
        """Return ``wanted``, or ``wanted`` with the first free number."""
        name, number = wanted, self._counts.get(wanted, 1)
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._counts[wanted] = number
        self._taken.add(name)
        return name

    def counted(self, stem: str) -> str:
        """Return ``stem1``, ``stem2``, ...: for layers whose parameters have no path to name them by."""
        number = self._counts.get(stem, 0) + 1
        while f"{stem}{number}" in self._taken:
            number += 1
        self._counts[stem] = number
        self._taken.add(f"{stem}{number}")
        return f"{stem}{number}"


def prefix_of(parameter: str) -> str:
    """Return a parameter's path without its last part, or "" when it names nothing (a bare leaf, an index in a list).

    >>> prefix_of("block/conv1/kernel"), prefix_of("w1"), prefix_of("0/w")
    ('block/conv1', '', '')
    """
    prefix = parameter.rpartition(_PATH_SEPARATOR)[0]
    return "" if prefix.replace(_PATH_SEPARATOR, "").isdigit() else prefix


def outer_scope(scopes: Iterable[tuple[str, ...]]) -> str:
    """Return the scope that every scoped equation starts with (the outermost Flax module), or ""."""
    first = {scope[0] for scope in scopes if scope}
    return next(iter(first)) if len(first) == 1 else ""


def scope_text(scopes: Sequence[tuple[str, ...]], outer: str) -> str:
    """Return what the scopes of a layer's equations have in common, without the outermost module."""
    common = list(scopes[0])
    for scope in scopes[1:]:
        same = [left == right for left, right in zip(common, scope, strict=False)]
        common = common[: same.index(False)] if False in same else common[: len(same)]
    if outer and common[:1] == [outer]:
        common = common[1:]
    return _PATH_SEPARATOR.join(common)


def input_names(arguments: Sequence[Any], names: Sequence[str], taken: Mapping[str, Any]) -> list[str]:
    """Return a name for every leaf of the inputs.

    One array alone is "input". Several arguments carry the function's argument names, a dictionary's leaves its keys.
    """
    import jax

    found = []
    for position, argument in enumerate(arguments):
        for path, _ in jax.tree_util.tree_flatten_with_path(argument)[0]:
            inner = path_text(path)
            own = names[position] if position < len(names) else f"input_{position + 1}"
            parts = ([own] if len(arguments) > 1 or not inner else []) + ([inner] if inner else [])
            found.append(_PATH_SEPARATOR.join(parts))
    if len(found) == 1 and len(arguments) == 1 and not path_text_of_only(arguments[0]):
        found = ["input"]
    namer = Namer(taken)
    return [namer.unique(name) for name in found]


def returned_names(tree: Any, outputs: Sequence[Any]) -> dict[int, str]:
    """Return the names under which a function returns variables: the keys of its dictionaries and records.

    Args:
        tree: The structure of what the function returns.
        outputs: Its leaves, variables or constants.
    """
    import jax

    leaves = jax.tree_util.tree_flatten_with_path(jax.tree_util.tree_unflatten(tree, range(len(outputs))))[0]
    found: dict[int, str] = {}
    for path, place in leaves:
        name = path_text(path)
        if isinstance(outputs[place], int) and not name.replace(_PATH_SEPARATOR, "").isdigit():
            found.setdefault(outputs[place], name)
    return {variable: name for variable, name in found.items() if name}


def path_text_of_only(argument: Any) -> str:
    """Return the path of an argument's first leaf, "" for a bare array."""
    import jax

    leaves = jax.tree_util.tree_flatten_with_path(argument)[0]
    return path_text(leaves[0][0]) if leaves else ""
