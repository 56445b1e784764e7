"""The bit-true executor: one compiled step a layer, every type and mode a traced argument.

A layer's output is the exact real value of its formula on the stored values of its operands, cast once to the output's
type. Layers whose operands all have types run in integers and give the same bits on every device; the others run in
float32, one compiled step each at the network's fixed batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.errors import SettingError
from bitwindow.execute.boundaries import narrowed, widened
from bitwindow.execute.chunk_run import ChunkRun
from bitwindow.execute.compiled import CompiledSteps
from bitwindow.execute.floating import operand_values
from bitwindow.execute.integer import variant_of
from bitwindow.execute.joined import followers, may_join, together
from bitwindow.execute.loop_run import run_loop
from bitwindow.execute.outputs import output_values
from bitwindow.execute.pair_products import PairProducts
from bitwindow.execute.parameters import StoredParameters, store
from bitwindow.execute.planning import Planner, Setting, format_of_site, formats_of, output_format
from bitwindow.execute.reading import check_inputs, operand_arrays, plain_array
from bitwindow.execute.row_cast import cast_of_rows
from bitwindow.execute.samples import SampleNumbers, packed_samples
from bitwindow.execute.several import MANY, SEVERAL, forms, is_light
from bitwindow.execute.structure import apply_steps
from bitwindow.execute.tally import Tally
from bitwindow.execute.warming import compilations, compile_side_by_side, convert_outputs, read_inputs
from bitwindow.network.records import Lookup, Loop, PassThrough
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from bitwindow.assign.records import Assignment, Format
    from bitwindow.execute.modes import Modes
    from bitwindow.network.records import Layer, Network

DevicePath = Literal["auto", "convolution", "patches"]
_INPUT_STREAM = 2**30
"""Random streams of the inputs start here, those of the layers at 0."""


class Executor:
    """Runs a network bit-true, layer by layer.

    Args:
        network: The traced network; its batch is the chunk's size.
        device_path: ``convolution`` (XLA's own, exact on the CPU), ``patches`` (integer dots, for GPUs), or ``auto``:
            patches on a GPU; on the CPU products in pairs where no casts are counted and 16 bits hold both operands.

    Raises:
        SettingError: If there is no such path.
    """

    def __init__(self, network: Network, *, device_path: DevicePath = "auto") -> None:
        if device_path not in ("auto", "convolution", "patches"):
            message = f"device_path: wanted 'auto', 'convolution' or 'patches'; got {device_path!r}."
            raise SettingError(message)
        self.network = network
        self.patches = device_path == "patches" or (device_path == "auto" and jax.default_backend() != "cpu")
        self._followers = followers(network)
        self._light = frozenset(index for index, layer in enumerate(network.layers) if is_light(network, layer))
        self._last_joined: tuple[Setting, Mapping[int, int]] | None = None
        self._steps = CompiledSteps(network, patches=self.patches)
        self._pairs = PairProducts(network, wanted=device_path == "auto" and not self.patches)
        self._planner = Planner(network, patches=self.patches)

    def store_parameters(
        self, assignment: Assignment, modes: Modes, previous: StoredParameters | None = None
    ) -> StoredParameters:
        """Cast the parameters to their types; those that `previous` holds in the same type and modes are kept."""
        with jax.enable_x64(True):
            return store(self.network, assignment, modes, previous)

    def plan(self, stored: StoredParameters, assignment: Assignment, modes: Modes) -> Setting:
        """Plan every layer; layers of which nothing changed keep their plans.

        Raises:
            ExecutionError: If a layer's exact sum would need more than 62 bits.
        """
        return self._planner.plan(stored, assignment, modes)

    def accumulator_widths(
        self, assignment: Assignment, stored: StoredParameters | None = None, modes: Modes | None = None
    ) -> dict[str, int]:
        """Return, by convolution and dense layer in integers, the width in bits that its worst-case sum needs.

        The worst case is that of the stored weights and bias with every input value of the type allowed.

        Args:
            assignment: The types.
            stored: The stored parameters; None: those of the last plan, cast again where types or modes are others.
            modes: The modes, by default rounding ``round`` and overflow ``saturate``.
        """
        from bitwindow.execute.modes import Modes as DefaultModes

        modes = DefaultModes() if modes is None else modes
        stored = self.store_parameters(assignment, modes, self._planner.stored) if stored is None else stored
        plans = self.plan(stored, assignment, modes).plans
        return {name: plan.worst.bits for name, plan in plans.items() if plan.worst is not None}

    def run(
        self,
        stored: StoredParameters,
        assignment: Assignment,
        modes: Modes,
        inputs: tuple[Any, ...],
        first_sample: SampleNumbers,
        valid: int,
        *,
        tally: bool = True,
    ) -> ChunkRun:
        """Run one chunk.

        Args:
            stored: From `store_parameters` with the same assignment and modes.
            assignment: The types.
            modes: The modes.
            inputs: One array an input leaf, leading axis the network's batch (padded beyond `valid`).
            first_sample: Number of the chunk's first sample, or an array with the number of each valid one; they seed
                stochastic rounding.
            valid: Rows that count.
            tally: Whether to count the casts' verdicts.

        Raises:
            DataError: If the inputs do not fit the network.
            ExecutionError: If a layer's exact sum would need more than 62 bits.
        """
        setting = self.plan(stored, assignment, modes)
        check_inputs(self.network, inputs, valid)
        pending: list[tuple[str, Any]] = []
        overflows: list[tuple[str, Any]] = []
        boundaries: dict[str, Any] = {}
        for index, (name, array) in enumerate(zip(self.network.inputs, inputs, strict=True)):
            boundaries[name], counts = self.read_input(setting, index, array, first_sample, valid, tally=tally)
            pending += counts
        for index in range(len(self.network.layers)):
            made, counts, over = self.run_layer(setting, index, boundaries, first_sample, valid, tally=tally)
            boundaries |= made
            pending += counts
            overflows += over
        tallies: dict[str, Tally] = {}
        for site, counts in pending:
            tallies[site] = tallies.get(site, Tally()) + Tally.of_counts(np.asarray(counts))
        return ChunkRun(
            outputs=tuple(
                output_values(
                    self.network.values[name],
                    format_of_site(self.network.values[name].site, assignment),
                    boundaries[name],
                )
                for name in self.network.outputs
            ),
            boundaries=boundaries,
            tallies=tallies,
            accumulator_overflows={name: int(count) for name, count in overflows},
        )

    def read_input(
        self,
        setting: Setting,
        index: int,
        array: Any,
        first_sample: SampleNumbers,
        valid: int,
        *,
        tally: bool = True,
        rows: np.ndarray | None = None,
    ) -> tuple[Any, list[tuple[str, Any]]]:
        """Return an input's carrier, or that of some of its rows, and its pending counts."""
        value = self.network.values[self.network.inputs[index]]
        fmt = format_of_site(value.site, setting.assignment)
        if isinstance(fmt, FixedPoint) and not tally and self._pairs.wanted:
            made = cast_of_rows(array, rows, fmt, setting.modes)
            if made is not None:
                return made, []
        array = array if rows is None else array[rows]
        if not isinstance(fmt, FixedPoint):
            return jnp.asarray(array), []
        numbers = packed_samples(setting.modes, _INPUT_STREAM + index, first_sample, valid, self.network.batch)
        result = self._steps.cast_now(jnp.asarray(array), fmt, setting.modes, numbers, tally=tally)
        return result.output, [(value.site or "", result.counts)] if tally else []

    def run_layer(
        self,
        setting: Setting,
        index: int,
        boundaries: Mapping[str, Any],
        first_sample: SampleNumbers,
        valid: int,
        *,
        tally: bool = True,
        follower: int | None = None,
        alone: bool = False,
    ) -> tuple[dict[str, Any], list[tuple[str, Any]], list[tuple[str, Any]]]:
        """Run one layer from its operands' carriers.

        With a ``follower`` from ``together`` that layer runs in the same step, and only its output is returned.
        ``alone`` leaves the other cores alone where ``side_by_side`` says that they may do other chunks.

        Returns:
            The carriers of its outputs, pending counts by site, and pending accumulator overflows by layer; both stay
            on the device until they are read.
        """
        layer, plan = self.network.layers[index], setting.plans.get(self.network.layers[index].name)
        pool = None if follower is None else self.network.layers[follower]
        name = (pool or layer).outputs[0]
        if plan is not None and not tally and self._pairs.takes(setting, layer, pool):
            over = [(layer.name, 0)] if plan.worst is not None else []
            return {name: self._pairs.run(setting, layer, pool, boundaries, alone=alone)}, [], over
        numbers = packed_samples(setting.modes, index, first_sample, valid, self.network.batch)
        if isinstance(layer.operation, Loop):
            return self._run_loop(layer, setting, boundaries, numbers, tally=tally)
        if isinstance(layer.operation, Lookup):
            return self._run_lookup(layer, layer.operation, setting, boundaries), [], []
        if plan is None:
            formats = formats_of(self.network, layer, setting.assignment)
            made, counts = self._run_float(layer, setting, formats, boundaries, numbers, tally=tally)
            return made, counts, []
        site = self.network.values[name].site
        typed = isinstance(format_of_site(site, setting.assignment), FixedPoint)
        moves = isinstance(layer.operation, PassThrough)
        arguments = (operand_arrays(layer, setting.stored, boundaries), *setting.arguments[layer.name], numbers)
        variant = variant_of(layer, plan.settings)
        step = self._steps.integer(layer, setting, arguments, variant=variant, tally=tally, follower=pool)
        with jax.enable_x64(True):
            result = step(*arguments)
        counts = [(site or "", result.counts)] if tally and typed and not moves else []
        over = [(layer.name, result.accumulator_overflows)] if plan.worst is not None else []
        return {name: result.output}, counts, over

    def side_by_side(self, setting: Setting, layers: Iterable[int]) -> bool:
        """Return whether each core may do chunks of these layers by itself: all of them run in pairs or are light."""
        return all(
            index in self._light
            or self._pairs.takes(
                setting, self.network.layers[index], None if pool is None else self.network.layers[pool]
            )
            for index, pool in self.together(setting, layers)
        )

    def at_once(self, setting: Setting, layers: Collection[int]) -> int:
        """Return how many chunks ``run_several`` may take of these layers; 1 where not all of them are light."""
        if not self._light.issuperset(layers):
            return 1
        chosen = [self.network.layers[index] for index in layers]
        taken = [layer for layer in chosen if self._pairs.takes(setting, layer, None)]
        if not all(self._pairs.joins(layer) for layer in taken):
            return 1
        return MANY if len(taken) == len(chosen) else SEVERAL

    def run_several(
        self, setting: Setting, index: int, chunks: Sequence[Mapping[str, Any]], *, make: bool = False
    ) -> Sequence[Any] | None:
        """Run a light layer over several chunks in one compiled step; the bits are those of ``run_layer``.

        Args:
            setting: From `plan`.
            index: The layer.
            chunks: The boundaries of each chunk, as many as ``at_once`` allows.
            make: Whether to compile the step if need be.

        Returns:
            The carriers of the output by chunk; None where there is no such step: run them one by one.
        """
        layer = self.network.layers[index]
        plan = setting.plans.get(layer.name)
        if index in self._light and self._pairs.takes(setting, layer, None):
            return self._pairs.run_several(setting, layer, chunks)
        if (
            index not in self._light
            or plan is None
            or plan.by_channel is not None
            or (variant := variant_of(layer, plan.settings)) not in forms(layer)
        ):
            return None
        padded = (*chunks, *(chunks[-1] for _ in range(SEVERAL - len(chunks))))
        numbers = packed_samples(setting.modes, index, 0, self.network.batch, self.network.batch)
        operands = tuple(operand_arrays(layer, setting.stored, one) for one in padded)
        arguments = (operands, *setting.arguments[layer.name], numbers)
        step = self._steps.several(layer, setting, arguments, variant=variant, make=make)
        if step is None:
            return None
        with jax.enable_x64(True):
            outputs: Sequence[Any] = step(*arguments)
        return outputs[: len(chunks)]

    def together(self, setting: Setting, layers: Iterable[int]) -> list[tuple[int, int | None]]:
        """Return what to run for these layers, in order: each with the pool that runs in its step, or None.

        A pool runs before the cast that it follows where that gives the same bits; no casts can be counted then.
        """
        return together(layers, self._joined(setting))

    def _joined(self, setting: Setting) -> Mapping[int, int]:
        if self._last_joined is not None and self._last_joined[0] is setting:
            return self._last_joined[1]
        found: dict[int, int] = {}
        for index, follower in self._followers.items():
            layer = self.network.layers[index]
            plan = setting.plans.get(layer.name)
            typed = output_format(self.network, layer, setting.assignment) is not None
            pairs = self._pairs.takes(setting, layer, self.network.layers[follower])
            alone = not pairs and (
                plan is None or plan.by_channel is not None or self._pairs.takes(setting, layer, None)
            )
            if plan is not None and not alone and typed and may_join(plan.settings):
                found[index] = follower
        self._last_joined = (setting, found)
        return found

    def warm(self, setting: Setting, *, tally: bool = True, stop: Callable[[], bool] = lambda: False) -> None:
        """Compile every form of every integer layer, loop and cast, for the types' present classes of width.

        After it no change of a window, a sign, a width within 2 to 16 bits (or within 17 to 32), a mode or an
        accumulator's limit compiles anything. Without it each form compiles when it is first needed.

        Args:
            setting: From `plan`.
            tally: Whether the forms that count verdicts are meant, or those that do not.
            stop: Asked before each compilation whether to end here; what is compiled stays.
        """
        if not stop():
            self._pairs.warm()
        compile_side_by_side(self._compilations(setting, tally=tally), stop)
        if stop():
            return
        # The words of the parameters' shapes, and what inputs and outputs need, compile as they run.
        self.store_parameters(setting.assignment, replace(setting.modes, rounding=Rounding.STOCHASTIC))
        read_inputs(self._steps)
        convert_outputs(self._steps, setting)

    def _compilations(self, setting: Setting, *, tally: bool) -> list[Callable[[], object]]:
        if tally:
            return compilations(self._steps, setting, {}, frozenset(), tally=True)
        return compilations(self._steps, setting, self._followers, self._light, tally=False)

    def _run_loop(
        self, layer: Layer, setting: Setting, boundaries: Mapping[str, Any], numbers: np.ndarray, *, tally: bool
    ) -> tuple[dict[str, jax.Array], list[tuple[str, Any]], list[tuple[str, Any]]]:
        """Run a loop; inside it every carrier is int32."""
        formats = formats_of(self.network, layer, setting.assignment)
        operands = tuple(
            apply_steps(widened(plain_array(one, setting.stored, boundaries), fmt), one.view, None, "")
            for one, fmt in zip(layer.operands, formats, strict=True)
        )
        made, counts, overflows = run_loop(self._steps, layer, setting, operands, numbers, tally=tally)
        types = {name: format_of_site(self.network.values[name].site, setting.assignment) for name in made}
        return {name: narrowed(array, types[name]) for name, array in made.items()}, counts, overflows

    def _run_lookup(
        self, layer: Layer, operation: Lookup, setting: Setting, boundaries: Mapping[str, Any]
    ) -> dict[str, jax.Array]:
        fmt = output_format(self.network, layer, setting.assignment)
        with jax.enable_x64(False):
            arrays = (plain_array(one, setting.stored, boundaries) for one in layer.operands)
            picked = self._steps.lookup(layer, operation)(*arrays)
        return {layer.outputs[0]: narrowed(picked, fmt)}

    def _run_float(
        self,
        layer: Layer,
        setting: Setting,
        formats: list[Format | None],
        boundaries: Mapping[str, Any],
        numbers: np.ndarray,
        *,
        tally: bool,
    ) -> tuple[dict[str, jax.Array], list[tuple[str, Any]]]:
        arrays = operand_values(self.network, layer, formats, setting.stored, boundaries)
        with jax.enable_x64(False):
            outputs = self._steps.floating(layer)(*arrays)
        made: dict[str, jax.Array] = {}
        counts: list[tuple[str, Any]] = []
        for name, output in zip(layer.outputs, outputs, strict=True):
            site = self.network.values[name].site
            fmt = format_of_site(site, setting.assignment)
            if isinstance(fmt, FixedPoint):
                result = self._steps.cast_now(output, fmt, setting.modes, numbers, tally=tally)
                made[name] = result.output
                counts += [(site or "", result.counts)] if tally else []
            else:
                made[name] = output
        return made, counts
