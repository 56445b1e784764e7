"""The compiled steps of a network: each made when it is first needed, and kept.

A step is known by its layer, its form and the dtypes that it reads and makes; types and modes are its arguments.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from bitwindow.execute.boundaries import carrier_dtype
from bitwindow.execute.floating import cast_values, compute_in_floats
from bitwindow.execute.integer import integer_step
from bitwindow.execute.joined import pool_and_moves
from bitwindow.execute.lookups import lookup_step
from bitwindow.execute.planning import output_format
from bitwindow.execute.several import repeated
from bitwindow.execute.structure import apply_steps
from bitwindow.network.records import FloatComputation, PassThrough
from bitwindow.numbers.modes import Rounding

if TYPE_CHECKING:
    from collections.abc import Callable

    from bitwindow.execute.finish import Result
    from bitwindow.execute.modes import Modes
    from bitwindow.execute.plan import Variant
    from bitwindow.execute.planning import Setting
    from bitwindow.network.records import Layer, Lookup, Network
    from bitwindow.network.records import Step as Moves
    from bitwindow.numbers.format import FixedPoint

    Step = Callable[..., Any]


class CompiledSteps:
    """Every step of one network that was needed so far."""

    def __init__(self, network: Network, *, patches: bool) -> None:
        self.network = network
        self.patches = patches
        self.made: dict[tuple[Any, ...], Step] = {}

    def integer(
        self,
        layer: Layer,
        setting: Setting,
        arguments: tuple[Any, ...],
        *,
        variant: Variant,
        tally: bool,
        follower: Layer | None = None,
    ) -> Step:
        """Return an integer layer's step for operands of these shapes and dtypes (arrays, or what describes them)."""
        fmt = output_format(self.network, layer, setting.assignment)
        typed = fmt is not None or isinstance(layer.operation, PassThrough)
        carrier = np.dtype(np.int32) if fmt is None else carrier_dtype(fmt)
        by_channel = arguments[3].ndim > 1
        joined = None if follower is None else follower.name
        key = (layer.name, joined, variant, typed, tally, carrier, by_channel, *(one.dtype for one in arguments[0]))
        if key not in self.made:
            own, moves = pool_and_moves(layer)
            if follower is not None:
                follower, moves = pool_and_moves(follower)
            step = integer_step(
                own, variant=variant, typed=typed, tally=tally, patches=self.patches, carrier=carrier, follower=follower
            )
            with jax.enable_x64(True):
                made = jax.jit(step).lower(*arguments).compile()
            self.made[key] = _then_moved(made, moves, layer.name) if moves else made
        return self.made[key]

    def several(
        self, layer: Layer, setting: Setting, arguments: tuple[Any, ...], *, variant: Variant, make: bool
    ) -> Step | None:
        """Return an integer layer's step for the operands of several chunks; None where it is not to be made now."""
        fmt = output_format(self.network, layer, setting.assignment)
        carrier = np.dtype(np.int32) if fmt is None else carrier_dtype(fmt)
        typed = fmt is not None or isinstance(layer.operation, PassThrough)
        chunks = arguments[0]
        key = (layer.name, "several", len(chunks), variant, typed, carrier, *(one.dtype for one in chunks[0]))
        if key not in self.made and make:
            step = integer_step(layer, variant=variant, typed=typed, tally=False, patches=self.patches, carrier=carrier)
            with jax.enable_x64(True):
                self.made[key] = jax.jit(repeated(step)).lower(*arguments).compile()
        return self.made.get(key)

    def cast(
        self, x: Any, fmt: FixedPoint, modes: np.ndarray, numbers: np.ndarray, *, stochastic: bool, tally: bool
    ) -> Step:
        """Return the cast of floats to a type, for an array of this shape and dtype (or what describes it)."""
        carrier = carrier_dtype(fmt)
        key = ("cast", x.shape, x.dtype, carrier, stochastic, tally)
        if key not in self.made:
            step = partial(cast_values, stochastic=stochastic, tally=tally, carrier=carrier)
            with jax.enable_x64(True):
                self.made[key] = jax.jit(step).lower(x, fmt.as_array(), modes, numbers).compile()
        return self.made[key]

    def cast_now(self, x: Any, fmt: FixedPoint, modes: Modes, numbers: np.ndarray, *, tally: bool) -> Result:
        """Cast floats to a type."""
        codes = np.array([modes.rounding.code, modes.overflow.code], np.int64)
        step = self.cast(x, fmt, codes, numbers, stochastic=modes.rounding is Rounding.STOCHASTIC, tally=tally)
        with jax.enable_x64(True):
            made: Result = step(x, fmt.as_array(), codes, numbers)
        return made

    def lookup(self, layer: Layer, operation: Lookup) -> Step:
        """Return a lookup's step: the table and whole numbers in, the picked carriers or floats out."""
        key = (layer.name, "lookup")
        if key not in self.made:
            self.made[key] = jax.jit(lookup_step(layer, operation))
        return self.made[key]

    def floating(self, layer: Layer) -> Step:
        """Return a float layer's step: values in, a tuple of values out."""
        key = (layer.name, "float")
        if key not in self.made:
            operation = layer.operation
            if isinstance(operation, FloatComputation):

                def viewed(*arrays: Any) -> tuple[Any, ...]:
                    seen = (
                        apply_steps(array, operand.view, None, layer.name)
                        for array, operand in zip(arrays, layer.operands, strict=True)
                    )
                    return tuple(operation.function(*seen))

                self.made[key] = jax.jit(viewed)
            else:
                compute = partial(compute_in_floats, layer)
                self.made[key] = jax.jit(lambda *arrays: (compute(*arrays),))
        return self.made[key]


def _then_moved(step: Any, moves: tuple[Moves, ...], where: str) -> Step:
    """Return an integer layer's step with moves of its output after it, compiled for themselves."""
    output = step.out_info.output
    moved = jax.jit(lambda x: apply_steps(x, moves, None, where)).lower(output).compile()

    def both(*arguments: Any) -> Result:
        result: Result = step(*arguments)
        return result._replace(output=moved(result.output))

    return both
