"""The parameters as a network stores them: cast once, kept on the device, with what their sums are bounded by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.execute.carriers import WeightSums, sum_weights
from bitwindow.execute.counted_cast import counted_cast
from bitwindow.execute.structure import apply_steps
from bitwindow.execute.tally import CLASSES, Tally
from bitwindow.network.records import Contraction, Convolution
from bitwindow.numbers.cast import cast_floats
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats

if TYPE_CHECKING:
    from bitwindow.assign.records import Assignment, CorrectedBias, Format
    from bitwindow.execute.modes import Modes
    from bitwindow.network.records import Layer, Network
    from bitwindow.numbers.format import FixedPoint


@dataclass(frozen=True, kw_only=True)
class StoredParameter:
    """One parameter: int32 carriers of its type, or float32 when it has none. ``sums`` is by (layer, operand).

    ``corrected`` are the values that it was made from where those are not the network's own.
    """

    format: Format
    modes: tuple[Any, ...]
    array: jax.Array
    tally: Tally
    views: Mapping[tuple[str, int], jax.Array]
    sums: Mapping[tuple[str, int], WeightSums]
    corrected: CorrectedBias | None = None


@dataclass(frozen=True, kw_only=True)
class StoredParameters:
    """All parameters of a network, by site; ``tallies`` counts their own casts (typed sites alone)."""

    by_site: Mapping[str, StoredParameter]

    @property
    def tallies(self) -> dict[str, Tally]:
        """The counts of each typed parameter's cast."""
        return {site: one.tally for site, one in self.by_site.items() if isinstance(one.format, AnyFormat)}

    def stored_integers(self, site: str) -> np.ndarray:
        """Return a typed parameter's stored integers, int64."""
        one = self.by_site[site]
        assert isinstance(one.format, AnyFormat)  # noqa: S101  (callers ask for typed sites)
        return stored_integers(np.asarray(one.array), one.format)


def stored_integers(carriers: np.ndarray, fmt: AnyFormat) -> np.ndarray:
    """Return the stored integers of int16 or int32 carriers, int64.

    >>> from bitwindow.numbers.format import FixedPoint
    >>> stored_integers(np.array([-1], np.int32), FixedPoint(False, 32, 0))
    array([4294967295])
    """
    plain = carriers.astype(np.int64)
    return plain if fmt.signed else plain & (2 ** (8 * carriers.dtype.itemsize) - 1)


def array_of(network: Network, site: str | None, fmt: AnyFormat) -> np.ndarray:
    """Return a type as int32[3], or types by channel so that they broadcast over the parameter of the site."""
    if not isinstance(fmt, ChannelFormats):
        return fmt.as_array()
    info = network.sites[site or ""]
    assert info.channel_axis is not None  # noqa: S101  (no other site is given types by channel)
    return fmt.as_array(info.channel_axis, len(info.shape))


def one_type(fmt: AnyFormat) -> FixedPoint:
    """Return a type with the sign and width of all channels."""
    return fmt.coarsest if isinstance(fmt, ChannelFormats) else fmt


def store(
    network: Network, assignment: Assignment, modes: Modes, previous: StoredParameters | None = None
) -> StoredParameters:
    """Cast every parameter to its type; what `previous` holds in the same type and modes is kept as it is.

    A corrected bias is cast in place of the network's own.
    """
    stored: dict[str, StoredParameter] = {}
    for index, (site, array) in enumerate(network.parameters.items()):
        fmt = assignment.formats[site]
        corrected = assignment.corrected.get(site)
        key = (modes.rounding, modes.overflow, modes.seed if modes.rounding == "stochastic" else 0)
        old = None if previous is None else previous.by_site.get(site)
        kept = old is not None and old.format == fmt and old.corrected == corrected
        if old is not None and kept and (old.modes == key or fmt == "float"):
            stored[site] = old
        else:
            own = array if corrected is None else corrected.values
            stored[site] = replace(_store_one(network, site, own, fmt, modes, key, index), corrected=corrected)
    return StoredParameters(by_site=stored)


def _store_one(
    network: Network, site: str, array: np.ndarray, fmt: Format, modes: Modes, key: tuple[Any, ...], index: int
) -> StoredParameter:
    if not isinstance(fmt, AnyFormat):
        kept = jnp.asarray(array, np.float32)
        return StoredParameter(format=fmt, modes=key, array=kept, tally=Tally(), views={}, sums={})
    carriers, counts = _cast(network, site, np.asarray(array), fmt, modes, index)
    kept = jnp.asarray(carriers)
    views: dict[tuple[str, int], jax.Array] = {}
    sums: dict[tuple[str, int], WeightSums] = {}
    for layer, position in _product_uses(network, site):
        operand = layer.operands[position]
        seen = kept
        if operand.view:
            seen = apply_steps(seen, operand.view, jnp.asarray(one_type(fmt).as_array()), layer.name)
        views[layer.name, position] = seen
        operation = layer.operation
        assert isinstance(operation, Convolution | Contraction)  # noqa: S101  (only these are product uses)
        if not isinstance(operation, Convolution) or position == 1:
            sums[layer.name, position] = sum_weights(operation, stored_integers(np.asarray(seen), fmt), position)
    return StoredParameter(format=fmt, modes=key, array=kept, tally=Tally.of_counts(counts), views=views, sums=sums)


def _cast(
    network: Network, site: str, x: np.ndarray, fmt: AnyFormat, modes: Modes, index: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return a parameter's carriers, int32, and the counts of its verdicts."""
    axis = network.sites[site].channel_axis if isinstance(fmt, ChannelFormats) else None
    counted = counted_cast(x, fmt, modes, axis)
    if counted is not None:
        return counted
    words = None
    if modes.rounding == "stochastic":
        # Its own stream, apart from the layers' (2^31 and up are no layers).
        own = jax.random.fold_in(jax.random.key(modes.seed, impl="threefry2x32"), 2**31 + index)
        words = np.asarray(jax.random.bits(own, x.shape, np.uint32))
    cast = cast_floats(x, array_of(network, site, fmt), modes.rounding.code, modes.overflow.code, random_bits=words)
    return np.asarray(cast.stored), np.bincount(np.asarray(cast.verdict).ravel(), minlength=CLASSES)


def _product_uses(network: Network, site: str) -> list[tuple[Layer, int]]:
    return [
        (layer, position)
        for layer in network.layers
        if isinstance(layer.operation, Convolution | Contraction)
        for position, operand in enumerate(layer.operands)
        if operand.parameter == site
    ]
