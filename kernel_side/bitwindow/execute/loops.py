"""Loops, bit-true: the layers of the body as they are outside, step after step inside ``lax.scan``.

One compiled step runs the whole loop; types, modes and settings are its arguments, so that no change of a window, a
width or a mode compiles. Float layers inside stand between barriers, so that what surrounds them cannot change them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.execute.floating import compute_in_floats, to_values
from bitwindow.execute.integer import integer_step
from bitwindow.execute.lookups import lookup_step
from bitwindow.execute.loop_plan import STEP, cut, site_of, variant_in
from bitwindow.execute.plan import Variant
from bitwindow.execute.reading import operands_of
from bitwindow.execute.samples import Samples
from bitwindow.execute.structure import apply_steps
from bitwindow.execute.tally import count_verdicts
from bitwindow.network.records import Contraction, Convolution, FloatComputation, Layer, Lookup, Loop, PassThrough
from bitwindow.numbers.cast import cast_floats

if TYPE_CHECKING:
    from bitwindow.network.records import Network, Operand

Counts = dict[str, Any]
Stream: TypeAlias = Any
"""A random key, or None where no chance is at work."""


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What a compiled loop takes besides its operands, all arrays by name.

    ``parameters`` are stored integers (or floats) by site, ``formats`` the types of the typed sites, ``tables`` the
    operands' types, output type, settings and extras of each integer layer, ``modes`` the codes of rounding and
    overflow, ``numbers`` the chunk's samples.
    """

    parameters: Mapping[str, Any]
    formats: Mapping[str, Any]
    tables: Mapping[str, tuple[Any, ...]]
    modes: Any
    numbers: Any


jax.tree_util.register_dataclass(
    Arguments, data_fields=["parameters", "formats", "tables", "modes", "numbers"], meta_fields=[]
)


@dataclass(frozen=True, kw_only=True, eq=False)
class LoopStep:
    """The pure function of a loop in one form, for one pattern of typed sites.

    Attributes:
        network: The network around it.
        layer: The loop.
        form: The form of its integer layers.
        tally: Whether verdicts are counted.
        patches: Whether to take the path meant for GPUs.
    """

    network: Network
    layer: Layer
    form: Variant
    tally: bool
    patches: bool

    def __call__(self, operands: Sequence[Any], given: Arguments) -> tuple[list[Any], Counts, Counts]:
        """Return the loop's outputs, the counts of casts by site and the accumulator's overflows by layer."""
        loop = self.layer.operation
        assert isinstance(loop, Loop)  # noqa: S101  (made for loops alone)
        outputs, counts, overflows = self._loop(loop, list(operands), given, (), self._stream(given.numbers))
        return outputs, counts, overflows

    # ------------------------------------------------------------ the loop

    def _loop(
        self, loop: Loop, operands: list[Any], given: Arguments, above: tuple[Any, ...], stream: Stream
    ) -> tuple[list[Any], Counts, Counts]:
        constants = dict(zip(loop.constants, operands, strict=False))
        rest = operands[len(loop.constants) :]
        starts, slices = rest[: len(rest) - len(loop.scanned)], rest[len(rest) - len(loop.scanned) :]
        scanned = {name: jnp.moveaxis(x, 1, 0) for name, x in zip(loop.scanned, slices, strict=True)}
        scanned |= {name: jnp.asarray(x, loop.values[name].dtype) for name, x in loop.counted.items()}
        state, counts = self._start(loop, starts, given, stream)

        def step(carry: tuple[Any, ...], now: tuple[dict[str, Any], Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
            values, (inner_counts, inner_overflows) = {**constants, **carry[0], **now[0]}, carry[1]
            for place, layer in enumerate(loop.layers):
                own = self._folded(stream, now[1] * len(loop.layers) + place + 1)
                made, found, over = self._layer(layer, loop, values, given, (*above, now[1]), own)
                values |= made
                inner_counts = _added(inner_counts, found)
                inner_overflows = _added(inner_overflows, over)
            after = {one.name: values[one.result] for one in loop.carries}
            kept = {name: values[name] for kind, name in loop.exports if kind == "stack"}
            return (after, (inner_counts, inner_overflows)), kept

        places = jnp.arange(loop.length, dtype=np.int32)
        zero = self._zeros(step, state, scanned, places)
        (last, (found, over)), kept = lax.scan(
            step, (state, zero), (scanned, places), length=loop.length, reverse=loop.reverse
        )
        results = {one.result: last[one.name] for one in loop.carries}
        outputs = [jnp.moveaxis(kept[name], 0, 1) if kind == "stack" else results[name] for kind, name in loop.exports]
        return outputs, _added(counts, found), over

    def _zeros(self, step: Any, state: Any, scanned: Any, places: Any) -> tuple[Counts, Counts]:
        """Return counts of nothing for all that a step counts."""
        now = ({name: x[0] for name, x in scanned.items()}, places[0])
        shapes = jax.eval_shape(lambda carry, x: step((carry, ({}, {})), x)[0][1], state, now)
        zeros: tuple[Counts, Counts] = jax.tree.map(lambda one: jnp.zeros(one.shape, one.dtype), shapes)
        return zeros

    def _start(self, loop: Loop, starts: list[Any], given: Arguments, stream: Stream) -> tuple[Counts, Counts]:
        """Cast what goes round at first to the site of the layer that makes it later on."""
        state: Counts = {}
        counts: Counts = {}
        waiting = iter(starts)
        names = iter(self._operands_of(loop))
        for place, carry in enumerate(loop.carries):
            site = loop.values[carry.name].site
            if carry.initial is not None:
                array, source = jnp.asarray(carry.initial, loop.values[carry.name].dtype), None
            else:
                array, source = next(waiting), next(names)
            if site not in given.formats:
                dtype = loop.values[carry.name].dtype
                state[carry.name] = array if site is None else self._value(array, source, given).astype(dtype)
                continue
            if source == site:
                state[carry.name] = array
                continue
            values = self._value(array, source, given)
            state[carry.name], found = self._cast(values, site or "", given, self._folded(stream, -place - 1))
            counts = _added(counts, found)
        return state, counts

    def _operands_of(self, loop: Loop) -> list[str | None]:
        """Return the sites of the starts of the carries, in the order of the loop's operands."""
        layer, values = self._home(loop)
        count = len(loop.carries) - sum(carry.initial is not None for carry in loop.carries)
        chosen = layer.operands[len(loop.constants) : len(loop.constants) + count]
        return [one.parameter if one.value is None else values[one.value].site or "" for one in chosen]

    def _home(self, loop: Loop) -> tuple[Layer, Mapping[str, Any]]:
        if loop is self.layer.operation:
            return self.layer, self.network.values
        pending = [self.layer]
        while pending:
            outer = pending.pop().operation
            assert isinstance(outer, Loop)  # noqa: S101  (only loops are kept)
            for layer in outer.layers:
                if layer.operation is loop:
                    return layer, outer.values
                if isinstance(layer.operation, Loop):
                    pending.append(layer)
        raise AssertionError("a loop without a layer")

    def _value(self, array: Any, site: str | None, given: Arguments) -> Any:
        """Return floats; wide types lose what float32 cannot hold only where the start itself is no float."""
        if site and site in given.formats:
            return to_values(array, given.formats[site], np.float64)
        return array

    # ------------------------------------------------------------ one layer

    def _layer(
        self,
        layer: Layer,
        loop: Loop,
        values: Mapping[str, Any],
        given: Arguments,
        at: tuple[Any, ...],
        stream: Stream,
    ) -> tuple[dict[str, Any], Counts, Counts]:
        arrays = [self._read(layer, place, one, values, given, at) for place, one in enumerate(operands_of(layer))]
        plain = _without_steps(layer)
        if isinstance(layer.operation, Loop):
            made, counts, overflows = self._loop(layer.operation, arrays, given, at, stream)
            return dict(zip(layer.outputs, made, strict=True)), counts, overflows
        if isinstance(layer.operation, Lookup):
            return {layer.outputs[0]: lookup_step(plain, layer.operation)(*arrays)}, {}, {}
        if layer.name not in given.tables:
            return self._float(plain, loop, arrays, given, stream)
        name = layer.outputs[0]
        site = loop.values[name].site or ""
        moves = isinstance(layer.operation, PassThrough)
        step = integer_step(
            plain,
            variant=variant_in(layer, self.form),
            typed=moves or site in given.formats,
            tally=self.tally,
            patches=self.patches,
        )
        table, fmt, settings, extra = given.tables[layer.name]
        result = step(tuple(arrays), table, fmt, settings, extra, _numbers(given.numbers, stream))
        counted = self.tally and not moves and site in given.formats
        over = (
            {layer.name: result.accumulator_overflows} if isinstance(layer.operation, Convolution | Contraction) else {}
        )
        return {name: result.output}, {site: result.counts} if counted else {}, over

    def _float(
        self, layer: Layer, loop: Loop, arrays: list[Any], given: Arguments, stream: Stream
    ) -> tuple[dict[str, Any], Counts, Counts]:
        floats = []
        for array, operand in zip(arrays, operands_of(layer), strict=True):
            site = site_of(operand, loop)
            dtype = np.dtype(np.float32) if operand.value is None else loop.values[operand.value].dtype
            known = site is not None and site in given.formats
            floats.append(to_values(array, given.formats[site or ""], dtype) if known else array)
        outputs = _computed(layer, floats)
        made: dict[str, Any] = {}
        counts: Counts = {}
        for name, output in zip(layer.outputs, outputs, strict=True):
            site = loop.values[name].site
            if site is None or site not in given.formats:
                made[name] = output
                continue
            made[name], found = self._cast(output, site, given, stream)
            counts |= found
        return made, counts, {}

    def _cast(self, x: Any, site: str, given: Arguments, stream: Stream) -> tuple[Any, Counts]:
        samples = Samples(_numbers(given.numbers, stream))
        words = None if stream is None else samples.random_bits(x.shape)
        codes = (given.modes[0].astype(np.int32), given.modes[1].astype(np.int32))
        cast = cast_floats(x, given.formats[site], *codes, random_bits=words)
        return cast.stored, {site: count_verdicts(cast.verdict, samples.valid, finite=False)} if self.tally else {}

    # ------------------------------------------------------------ chance

    def _stream(self, numbers: Any) -> Stream:
        """Return the key of the loop's random words; None where there is no chance, which then costs nothing."""
        if self.form is not Variant.STOCHASTIC:
            return None
        seed, stream = (numbers[place].astype(np.uint32) for place in range(2))
        return jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), stream)

    def _folded(self, stream: Stream, number: Any) -> Stream:
        return None if stream is None else jax.random.fold_in(stream, jnp.asarray(number).astype(np.uint32))

    def _read(
        self,
        layer: Layer,
        place: int,
        operand: Operand,
        values: Mapping[str, Any],
        given: Arguments,
        at: tuple[Any, ...],
    ) -> Any:
        if operand.parameter is None:
            return values[operand.value or ""]
        array = given.parameters[operand.parameter]
        before, after, cuts = cut(operand.view)
        if cuts:
            array = apply_steps(array, before, None, layer.name)
            for index in at[:cuts]:
                array = lax.dynamic_index_in_dim(array, index, 0, keepdims=False)
        # Products take their parameters as they see them.
        seen = isinstance(layer.operation, Convolution | Contraction) and place < len(layer.operands)
        return apply_steps(array, after, None, layer.name) if seen and layer.name in given.tables else array


def _computed(layer: Layer, floats: list[Any]) -> tuple[Any, ...]:
    operation = layer.operation
    floats = list(lax.optimization_barrier(tuple(floats))) if floats else floats  # type: ignore[no-untyped-call]
    with jax.enable_x64(False):
        if isinstance(operation, FloatComputation):
            seen = [
                apply_steps(x, operand.view, None, layer.name)
                for x, operand in zip(floats, layer.operands, strict=True)
            ]
            outputs = tuple(operation.function(*seen))
        else:
            outputs = (compute_in_floats(layer, *floats),)
    barred: tuple[Any, ...] = tuple(lax.optimization_barrier(outputs))  # type: ignore[no-untyped-call]
    return barred


def _without_steps(layer: Layer) -> Layer:
    """Return a layer whose parameters are this step's slices already."""
    from dataclasses import replace

    def plain(operand: Operand) -> Operand:
        return replace(operand, view=cut(operand.view)[1])

    if not any(step.primitive == STEP for operand in operands_of(layer) for step in operand.view):
        return layer
    bias = None if layer.bias is None else plain(layer.bias)
    return replace(layer, operands=tuple(map(plain, layer.operands)), bias=bias)


def _added(one: Counts, other: Counts) -> Counts:
    return {**one, **{name: one[name] + count if name in one else count for name, count in other.items()}}


def _numbers(numbers: Any, stream: Stream) -> Any:
    """Return the chunk's samples with a seed of their own for one layer at one step."""
    if stream is None:
        return numbers
    seed = jax.random.bits(stream, (), np.uint32).astype(np.int64)
    return jnp.concatenate([seed[None], jnp.zeros(1, np.int64), numbers[2:]])
