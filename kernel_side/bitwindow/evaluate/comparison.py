"""How far each site of the quantized network is from the float network, as SQNR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf, log10
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.assign.records import Assignment
from bitwindow.network.records import Layer, Lookup, Loop, Network, PassThrough
from bitwindow.numbers.format import FixedPoint


def producing_values(network: Network) -> dict[str, str]:
    """Return, for every input and activation site, the value that its cast makes: inside a loop, that of every step."""
    made: dict[str | None, str] = {network.values[name].site: name for name in network.inputs}
    for layer in network.layers:
        for name in _cast_by(layer):
            made.setdefault(network.values[name].site, name)
    return {site: value for site, value in made.items() if site is not None}


def _cast_by(layer: Layer) -> Iterator[str]:
    if isinstance(layer.operation, Loop):
        # The last step's value has the site of all steps, too.
        exports = zip(layer.outputs, layer.operation.exports, strict=True)
        yield from (name for name, (kind, _) in exports if kind == "stack")
    elif not isinstance(layer.operation, PassThrough | Lookup):
        yield from layer.outputs


@dataclass
class Comparison:
    """Sums of squares of signal and error per site, added up chunk by chunk in float64."""

    network: Network
    assignment: Assignment
    sums: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, boundaries: Mapping[str, Any], float_sites: Mapping[str, Any], valid: int) -> None:
        """Add one chunk: the bit-true run's stored integers and the float run's values."""
        for site, value in producing_values(self.network).items():
            if site not in float_sites or value not in boundaries:
                continue
            fmt = self.assignment.formats[site]
            lsb = fmt.lsb if isinstance(fmt, FixedPoint) else 1.0
            unsigned = isinstance(fmt, FixedPoint) and not fmt.signed
            pair = _energies(boundaries[value], float_sites[site], np.float32(lsb), np.bool_(unsigned), np.int32(valid))
            signal, error = (float(part) for part in pair)
            before = self.sums.get(site, (0.0, 0.0))
            self.sums[site] = (before[0] + signal, before[1] + error)

    def decibels(self) -> dict[str, float]:
        """Return the SQNR in dB of every compared site; infinite without error, minus infinite without signal."""
        return {site: _decibels(signal, error) for site, (signal, error) in self.sums.items()}


def _decibels(signal: float, error: float) -> float:
    if error == 0:
        return inf
    return 10 * log10(signal / error) if signal > 0 else -inf


@jax.jit
def _energies(carrier: Any, reference: Any, lsb: Any, unsigned: Any, valid: Any) -> tuple[Any, Any]:
    rows = (jnp.arange(reference.shape[0]) < valid).reshape((-1,) + (1,) * (reference.ndim - 1))
    stored = carrier.astype(jnp.float32)
    if jnp.issubdtype(carrier.dtype, jnp.integer):
        # An unsigned type that fills its carrier travels as a bit pattern.
        filled = jnp.float32(2.0 ** (8 * carrier.dtype.itemsize))
        stored = jnp.where(unsigned & (carrier < 0), stored + filled, stored)
    error = jnp.where(rows, stored * lsb - reference.astype(jnp.float32), 0)
    signal = jnp.where(rows, reference.astype(jnp.float32), 0)
    return jnp.sum(signal * signal), jnp.sum(error * error)
