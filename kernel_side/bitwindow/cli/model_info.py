"""What ``bitwindow info`` says of a model file: inputs, parameters, and the rows that the panel would have."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import jax


def describe_model(path: Path) -> Iterator[str]:
    """Yield the lines that describe a model file; its network is traced, and not run.

    Raises:
        ModelError: If it cannot be opened or traced.
    """
    from bitwindow.model.load import load
    from bitwindow.network.trace import trace

    model = load(path)
    network = trace(model, 2)
    yield f"model        {model.name}"
    for name in network.inputs:
        value = network.values[name]
        yield f"input        {name}: {value.dtype} ({', '.join(['batch', *map(str, value.shape[1:])])})"
    sizes = [prod(leaf.shape) for leaf in jax.tree_util.tree_leaves(model.params)]
    yield f"parameters   {sum(sizes):,} in {len(sizes)} arrays"
    floats = sum(bool(site.float_reason) for site in network.sites.values())
    yield f"sites        {len(network.sites)}, {floats} of them float"
    yield ""
    width = max((len(name) for name in network.sites), default=0)
    yield f"{'site':<{width}}  {'kind':<10} {'values':>11}  note"
    for name, site in network.sites.items():
        yield f"{name:<{width}}  {site.kind:<10} {_values(network, name):>11}  {site.float_reason}".rstrip()


def _values(network: Any, name: str) -> str:
    if name in network.parameters:
        return f"{prod(network.parameters[name].shape):,}"
    return f"{prod(network.values[name].shape[1:]):,}" if name in network.values else ""
