"""Pytrees in a session file: dicts, lists, tuples, named tuples and None, written as JSON and built again from it.

A pytree with a node of another class (a Flax or Equinox module, say) is written as its leaves alone: building it again
takes the class, and a file never names code to run. Reading it takes a ``template`` of the same structure.
"""

from __future__ import annotations

import collections
import keyword
from collections.abc import Callable
from typing import Any, Final

import jax

from bitwindow.errors import SessionFileError
from bitwindow.session.fields import Field

Tree = Any  # JAX gives pytrees no type

MOST_LEVELS = 64
AS_LEAVES: Final = object()
"""In place of a template: a tree with nodes of other classes comes back as the list of its leaves."""
_LEAST, _MOST = -(2**63), 2**64 - 1

WriteLeaf = Callable[[Any, str], dict[str, Any]]
ReadLeaf = Callable[[Field], Any]


def write_tree(tree: Tree, write_leaf: WriteLeaf, where: str) -> dict[str, Any]:
    """Return the JSON form of a pytree.

    Args:
        tree: the pytree.
        write_leaf: gives the JSON form of a leaf that is no Python number, from the leaf and its path.
        where: what the tree is, for errors.
    """
    try:
        return _write_node(tree, write_leaf, where, MOST_LEVELS)
    except _ForeignNodeError as error:
        leaves = jax.tree.leaves(tree)
        written = [_write_leaf(leaf, write_leaf, f"{where}[{index}]") for index, leaf in enumerate(leaves)]
        return {"kind": "leaves", "class": str(error), "items": written}


def read_tree(node: Field, read_leaf: ReadLeaf, template: Tree = None) -> Tree:
    """Return the pytree that the JSON form stands for.

    Args:
        node: the JSON form.
        read_leaf: gives a leaf from its JSON form.
        template: a pytree with the structure to fill, needed when the tree has nodes of other classes; ``None``
            otherwise; ``AS_LEAVES`` for the list of its leaves.

    Raises:
        SessionFileError: the form is damaged, or a template is needed and missing, or does not fit.
    """
    if node["kind"].value != "leaves":
        return _read_node(node, read_leaf, MOST_LEVELS)
    leaves = [_read_node(item, read_leaf, 0) for item in node["items"].elements()]
    if template is AS_LEAVES:
        return leaves
    wanted = (
        f"{node.path}: was saved with nodes of the class {node['class'].text()!r}, which the file does not describe"
    )
    if template is None:
        raise SessionFileError(f"{wanted}. Load it with params=, a pytree of that structure with any values.")
    structure = jax.tree.structure(template)
    if len(jax.tree.leaves(template)) != len(leaves):
        raise SessionFileError(
            f"{wanted}: it holds {len(leaves)} leaves, and the params= given {len(jax.tree.leaves(template))}."
        )
    return jax.tree.unflatten(structure, leaves)


class _ForeignNodeError(Exception):
    pass


def _write_node(tree: Tree, write_leaf: WriteLeaf, where: str, levels: int) -> dict[str, Any]:
    if levels == 0:
        raise SessionFileError(f"{where}: wanted a pytree of at most {MOST_LEVELS} levels. Flatten it before saving.")
    if tree is None:
        return {"kind": "none"}
    if type(tree) in {dict, collections.OrderedDict}:
        if all(type(key) in {str, int} for key in tree):
            items = [
                [key, _write_node(item, write_leaf, f"{where}[{key!r}]", levels - 1)] for key, item in tree.items()
            ]
            return {"kind": "dict", "items": items}
        raise _ForeignNodeError("dict with keys that are not texts or integers")
    if type(tree) in {list, tuple}:
        nodes = [_write_node(item, write_leaf, f"{where}[{index}]", levels - 1) for index, item in enumerate(tree)]
        return {"kind": type(tree).__name__, "items": nodes}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        named = [
            [key, _write_node(getattr(tree, key), write_leaf, f"{where}.{key}", levels - 1)] for key in tree._fields
        ]
        return {"kind": "namedtuple", "name": type(tree).__name__, "items": named}
    if not jax.tree_util.all_leaves([tree]):
        raise _ForeignNodeError(f"{type(tree).__module__}.{type(tree).__qualname__}")
    return _write_leaf(tree, write_leaf, where)


def _write_leaf(leaf: Tree, write_leaf: WriteLeaf, where: str) -> dict[str, Any]:
    if isinstance(leaf, bool) or (isinstance(leaf, int) and _LEAST <= leaf <= _MOST):
        return {"kind": "number", "value": leaf}
    if isinstance(leaf, float):
        return {"kind": "float", "value": leaf.hex()}
    if not hasattr(leaf, "shape") or not hasattr(leaf, "dtype"):
        raise SessionFileError(
            f"{where}: wanted an array or a number, got {type(leaf).__name__}. Take it out of the parameters."
        )
    return {"kind": "array", **write_leaf(leaf, where)}


def _read_node(node: Field, read_leaf: ReadLeaf, levels: int) -> Tree:
    if levels < 0:
        raise node.fault(f"a tree of at most {MOST_LEVELS} levels")
    kind = node["kind"].text()
    if kind == "none":
        return None
    if kind == "array":
        return read_leaf(node)
    if kind == "number":
        return node["value"].truth() if isinstance(node["value"].value, bool) else node["value"].integer(_LEAST, _MOST)
    if kind == "float":
        return _read_float(node["value"])
    if kind not in _CONTAINERS:
        raise node["kind"].fault("a kind of node that bitwindow writes")
    return _CONTAINERS[kind](node, read_leaf, levels)


def _read_list(node: Field, read_leaf: ReadLeaf, levels: int) -> list[Tree]:
    return [_read_node(item, read_leaf, levels - 1) for item in node["items"].elements()]


def _read_pairs(node: Field, read_leaf: ReadLeaf, levels: int) -> list[tuple[str | int, Any]]:
    pairs: list[tuple[str | int, Any]] = []
    for pair in node["items"].elements():
        parts = list(pair.elements())
        if len(parts) != 2 or isinstance(parts[0].value, bool) or not isinstance(parts[0].value, str | int):
            raise pair.fault("a key (text or integer) and a node")
        pairs.append((parts[0].value, _read_node(parts[1], read_leaf, levels - 1)))
    if len({key for key, _ in pairs}) != len(pairs):
        raise node["items"].fault("keys that differ")
    return pairs


def _read_named(node: Field, read_leaf: ReadLeaf, levels: int) -> Tree:
    pairs = _read_pairs(node, read_leaf, levels)
    names = [node["name"].text(), *(str(key) for key, _ in pairs)]
    # namedtuple puts the names into source text: only plain identifiers may reach it
    if not all(name.isascii() and name.isidentifier() and not keyword.iskeyword(name) for name in names):
        raise node.fault("a named tuple whose names are identifiers")
    if any(name.startswith("_") for name in names[1:]):
        raise node.fault("a named tuple whose fields do not start with an underscore")
    return collections.namedtuple(  # noqa: PYI024  (its names come from the file)
        names[0], names[1:]
    )(*(value for _, value in pairs))


def _read_float(field: Field) -> float:
    try:
        return float.fromhex(field.text())
    except (ValueError, OverflowError):
        raise field.fault("a hexadecimal floating-point number") from None


_CONTAINERS: dict[str, Callable[[Field, ReadLeaf, int], Tree]] = {
    "list": _read_list,
    "tuple": lambda *arguments: tuple(_read_list(*arguments)),
    "dict": lambda *arguments: dict(_read_pairs(*arguments)),
    "namedtuple": _read_named,
}
