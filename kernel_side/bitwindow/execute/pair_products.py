"""Products of 16-bit integers on the host: the layers that XLA's CPU backend is slow at, with their pool and cast.

XLA multiplies float32 and leaves every sum in memory before it is cast. Here two products of 16 bits are one
instruction's work, sums stay in the cache, and only the cast values of a pool are written. Sums are exact in int32 by
the plan, so that the bits are those of every other form.
"""

from __future__ import annotations

from collections import OrderedDict
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from bitwindow.execute.boundaries import carrier_dtype
from bitwindow.execute.cores import helped, join
from bitwindow.execute.joined import QUICK
from bitwindow.execute.lending import LENDER
from bitwindow.execute.modes import Modes
from bitwindow.execute.pair_layers import pair_layout
from bitwindow.execute.pair_layout import layout_of
from bitwindow.execute.pair_numbers import pair_numbers, pair_weights
from bitwindow.execute.plan import Settings
from bitwindow.execute.planning import output_format
from bitwindow.execute.row_cast import cast_of_rows
from bitwindow.network.records import Contraction, Convolution
from bitwindow.numbers.format import FixedPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bitwindow.execute.pair_records import PairLayout
    from bitwindow.execute.planning import Setting
    from bitwindow.network.records import Layer, Network

_SMALL = 1 << 21
"""Products below which another thread would start too late to help."""
_COPIED = 1 << 17
"""Bytes of a chunk's activation that are copied sooner than a loop is started."""
_MOST_KEPT = 4
"""Types of one parameter whose weights stay in pairs."""


class PairProducts:
    """The layers of one network that can run in pairs, with what was made ready for them.

    Args:
        network: The network.
        wanted: Whether any layer is to run so.
    """

    def __init__(self, network: Network, *, wanted: bool) -> None:
        self.network, self.wanted = network, wanted
        self._layouts: dict[tuple[str, str | None, int], PairLayout | None] = {}
        self._ready: dict[tuple[str, str], OrderedDict[int, tuple[Any, np.ndarray]]] = {}

    def takes(self, setting: Setting, layer: Layer, follower: Layer | None) -> bool:
        """Return whether a layer, with the follower in its step, runs in pairs under a setting."""
        plan = setting.plans.get(layer.name)
        if not self.wanted or plan is None or not plan.pairs or plan.settings.variant not in QUICK:
            return False
        typed = output_format(self.network, layer, setting.assignment) is not None
        return typed and self._layout(layer, follower) is not None

    def run(
        self,
        setting: Setting,
        layer: Layer,
        follower: Layer | None,
        boundaries: Mapping[str, Any],
        *,
        alone: bool = False,
    ) -> np.ndarray:
        """Return the carriers of a layer's output, or of its follower's.

        Args:
            setting: From the planner.
            layer: One that it ``takes``.
            follower: The pool that is part of it, or None.
            boundaries: The carriers of the layer's operands.
            alone: Whether the caller's core does it alone, since the others do other chunks.
        """
        layout = self._layout(layer, follower)
        assert layout is not None  # noqa: S101  (the caller has asked)
        out = self._compute(setting, layer, layout, boundaries[layer.operands[0].value or ""], alone=alone)
        made = layer if follower is None else follower
        return out.reshape(self.network.values[made.outputs[0]].shape)

    def joins(self, layer: Layer) -> bool:
        """Return whether several chunks of a layer's activation are small enough to be copied into one."""
        return prod(self.network.values[layer.operands[0].value or ""].shape) * 2 <= _COPIED

    def run_several(self, setting: Setting, layer: Layer, chunks: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
        """Return the carriers of a layer's output for several chunks: at once if they are small ones."""
        name = layer.operands[0].value or ""
        layout = self._layout(layer, None, len(chunks))
        if layout is None or chunks[0][name].nbytes > _COPIED:
            return [self.run(setting, layer, None, chunk) for chunk in chunks]
        joined = np.concatenate([np.asarray(chunk[name]) for chunk in chunks])
        out = self._compute(setting, layer, layout, joined, alone=False)
        # Copies, so that no chunk keeps the memory of the others.
        return [one.copy() for one in out.reshape(len(chunks), *self.network.values[layer.outputs[0]].shape)]

    def _compute(self, setting: Setting, layer: Layer, layout: PairLayout, x: Any, *, alone: bool) -> np.ndarray:
        from bitwindow.execute.pair_kernel import run_units

        fmt = output_format(self.network, layer, setting.assignment)
        assert fmt is not None  # noqa: S101  (a layer that is taken has a type)
        weights, numbers = self._made_ready(layer, setting, layout)
        out, counter = LENDER.array(layout.shape, carrier_dtype(fmt)), np.zeros(1, np.int64)
        tables, sizes = layout.tables, layout.sizes
        arguments = _flat(x), weights, numbers, out.reshape(-1), tables, sizes, layout.units, counter
        small = weights.size * layout.images * layout.positions < _SMALL
        helpers = [] if alone or small else helped(run_units, *arguments)
        run_units(*arguments)
        join(helpers)
        return out

    def warm(self) -> None:
        """Compile the loops of products and of inputs, or read them from numba's cache."""
        if not self.wanted:
            return
        cast_of_rows(np.zeros((1, 1), np.float32), None, FixedPoint(True, 8, 0), Modes())
        from bitwindow.execute.pair_kernel import run_units

        operation = Contraction(contracting=((1,), (0,)), batch=((), ()))
        layout = layout_of(operation, ((1, 2), (2, 1)), (), None)
        weights = pair_weights(operation, np.zeros((2, 1), np.int32), layout.sizes, layout.runs)
        numbers = pair_numbers(Settings().packed(), np.zeros(1, np.int64), layout.sizes, clips=False)
        x = _flat(np.zeros((1, 2), np.int16))
        for dtype in (np.int16, np.int32):
            out, counter = np.zeros(1, dtype), np.zeros(1, np.int64)
            run_units(x, weights, numbers, out, layout.tables, layout.sizes, layout.units, counter)

    def _layout(self, layer: Layer, follower: Layer | None, chunks: int = 1) -> PairLayout | None:
        """Return where everything of a layer lies; None where it cannot run in pairs, whatever the types."""
        key = layer.name, None if follower is None else follower.name, chunks
        if key not in self._layouts:
            self._layouts[key] = pair_layout(self.network, layer, follower, chunks)
        return self._layouts[key]

    def _made_ready(self, layer: Layer, setting: Setting, layout: PairLayout) -> tuple[np.ndarray, np.ndarray]:
        """Return a layer's weights and numbers as the loop takes them."""
        arguments, stored = setting.arguments[layer.name], setting.stored
        weight = stored.by_site[layer.operands[1].parameter or ""]

        def weights() -> np.ndarray:
            assert isinstance(layer.operation, Convolution | Contraction)  # noqa: S101  (it has a layout)
            return pair_weights(layer.operation, np.asarray(weight.views[layer.name, 1]), layout.sizes, layout.runs)

        def numbers() -> np.ndarray:
            bias = np.zeros(1, np.int64)
            if layer.bias is not None:
                bias = stored.stored_integers(layer.bias.parameter or "").reshape(-1)
            own = setting.plans[layer.name].packed()
            return pair_numbers(own, bias, layout.sizes, clips=layer.activation is not None)

        return self._kept(layer, "weights", weight, weights), self._kept(layer, "numbers", arguments, numbers)

    def _kept(self, layer: Layer, what: str, source: Any, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what was made from a source, which is kept beside it so that no other object gets its id."""
        kept = self._ready.setdefault((layer.name, what), OrderedDict())
        found = kept.get(id(source))
        if found is None:
            found = kept[id(source)] = source, make()
            if len(kept) > _MOST_KEPT:
                kept.popitem(last=False)
        return found[1]


def _flat(x: Any) -> np.ndarray:
    """Return carriers as one row that cannot be written, for one compiled form."""
    flat = np.ascontiguousarray(x).reshape(-1).view()
    flat.setflags(write=False)
    return flat
