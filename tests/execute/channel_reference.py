"""The exact reference for weights and biases whose output channels have types of their own: channel by channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bitwindow.execute.modes import Modes
from bitwindow.network.records import Contraction, Convolution, Layer, Network
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.format import FixedPoint
from tests.execute.random_words import parameter_words, words
from tests.execute.reference import Operand, Reference, limit, no_words, values_of


class ChannelReference(Reference):
    """Runs a typed network; ``axes`` says which axis of a parameter counts its channels."""

    def __init__(
        self, network: Network, formats: Mapping[str, AnyFormat], modes: Modes, axes: Mapping[str, int]
    ) -> None:
        self.apart = {site: fmt for site, fmt in formats.items() if isinstance(fmt, ChannelFormats)}
        one = {site: fmt.coarsest if isinstance(fmt, ChannelFormats) else fmt for site, fmt in formats.items()}
        chance = modes.rounding == "stochastic"
        own = parameter_words(modes, network) if chance else {}
        super().__init__(network, one, modes, words(modes) if chance else no_words, own)
        for site, fmt in self.apart.items():
            del self.tallies[site]
            drawn = own.get(site, no_words(None, network.parameters[site].shape))
            self.parameters[site] = self._cast_channels(site, fmt, axes[site], drawn)

    def _cast_channels(self, site: str, fmt: ChannelFormats, axis: int, drawn: np.ndarray) -> np.ndarray:
        channels = []
        for channel, one in enumerate(fmt):
            self.formats = {**self.formats, site: one}
            row, bits = (np.take(array, channel, axis) for array in (self.network.parameters[site], drawn))
            channels.append(values_of(self._cast_all(np.asarray(row), site, np.asarray(bits)), one))
        return np.stack(channels, axis)

    def _finish_products(self, layer: Layer, operands: Sequence[Operand], products: np.ndarray) -> np.ndarray:
        """Limit every channel's sums at the channel's own LSB."""
        total = products if layer.bias is None else products + operands[2][0]
        axis = self._features(layer, total)
        rows = np.moveaxis(total, axis, 0)
        limited = []
        self.overflows[layer.name] = 0
        for channel, row in enumerate(rows):
            own = [
                (array, self._type_in(operand.parameter, fmt, channel))
                for (array, fmt), operand in zip(
                    operands, (*layer.operands, *([layer.bias] if layer.bias else [])), strict=True
                )
            ]
            made, over = limit(row, layer, own, self.modes)
            limited.append(made)
            self.overflows[layer.name] += over
        return np.moveaxis(np.stack(limited), 0, axis)

    def _type_in(self, site: str | None, fmt: FixedPoint, channel: int) -> FixedPoint:
        known = self.apart.get(site or "")
        return fmt if known is None else known[channel]

    @staticmethod
    def _features(layer: Layer, total: np.ndarray) -> int:
        operation = layer.operation
        if isinstance(operation, Convolution):
            return operation.out_spec[1]
        assert isinstance(operation, Contraction)
        return total.ndim - 1 if layer.operands[1].parameter is not None else len(operation.batch[0])


def with_sites(network: Network, axes: Mapping[str, int]) -> Network:
    """Return a network by hand with the channel axes of its parameters."""
    from bitwindow.network.records import SiteInfo

    sites = {
        name: SiteInfo(
            name=name,
            kind="bias" if name.endswith("bias") else "weight",
            shape=array.shape,
            layer="",
            channel_axis=axes.get(name),
        )
        for name, array in network.parameters.items()
    }
    return replace(network, sites=sites)
