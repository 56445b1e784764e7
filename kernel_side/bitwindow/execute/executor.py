"""The bit-true executor: one compiled step a layer, every type and mode a traced argument.

A layer's output is the exact real value of its formula on the stored values of its operands, cast once to the output's
type. Layers whose operands all have types run in integers and give the same bits on every device; the others run in
float32, one compiled step each at the network's fixed batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.errors import SettingError
from bitwindow.execute.floating import compute_in_floats, jitted_cast, jitted_values
from bitwindow.execute.integer import integer_step, variant_of, variants_of
from bitwindow.execute.layers import Plan, Sizes, plan_layer
from bitwindow.execute.lookups import lookup_step
from bitwindow.execute.loop_run import plan_loops, run_loop
from bitwindow.execute.outputs import output_values
from bitwindow.execute.parameters import StoredParameters, store
from bitwindow.execute.plan import Variant
from bitwindow.execute.reading import all_typed, check_inputs, operand_shapes, operands_of, typed_ones
from bitwindow.execute.samples import SampleNumbers, packed_samples
from bitwindow.execute.structure import apply_steps
from bitwindow.execute.tally import Tally
from bitwindow.network.records import Contraction, Convolution, FloatComputation, Lookup, Loop, PassThrough
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding

if TYPE_CHECKING:
    from collections.abc import Callable

    from bitwindow.assign.records import Assignment, Format
    from bitwindow.execute.modes import Modes
    from bitwindow.network.records import Layer, Network, Operand

DevicePath = Literal["auto", "convolution", "patches"]
_COMPILERS = 2
_ANY_TYPE = FixedPoint(signed=True, word_length=8, fraction_length=0)
_INPUT_STREAM = 2**30
"""Random streams of the inputs start here, those of the layers at 0."""


@dataclass(frozen=True, kw_only=True)
class ChunkRun:
    """What one chunk of samples gave.

    ``outputs`` are values on the grid (float32, float64 NumPy arrays where float32 cannot hold the type, or the
    program's own dtype for outputs without a type), padded rows included. ``boundaries`` has every value's carrier.
    ``tallies`` counts the casts to each typed input and activation site over the valid rows.
    ``accumulator_overflows`` counts the sums that a limited accumulator could not hold, by layer.
    """

    outputs: tuple[Any, ...]
    boundaries: Mapping[str, jax.Array]
    tallies: Mapping[str, Tally]
    accumulator_overflows: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One assignment under one choice of modes, planned: what every chunk's run shares."""

    assignment: Assignment
    modes: Modes
    stored: StoredParameters
    plans: Mapping[str, Plan]


class Executor:
    """Runs a network bit-true, layer by layer.

    Args:
        network: The traced network; its batch is the chunk's size.
        device_path: ``convolution`` (XLA's own, exact on the CPU), ``patches`` (integer dots, for GPUs), or ``auto``.

    Raises:
        SettingError: If there is no such path.
    """

    def __init__(self, network: Network, *, device_path: DevicePath = "auto") -> None:
        if device_path not in ("auto", "convolution", "patches"):
            message = f"device_path: wanted 'auto', 'convolution' or 'patches'; got {device_path!r}."
            raise SettingError(message)
        self.network = network
        self.patches = device_path == "patches" or (device_path == "auto" and jax.default_backend() != "cpu")
        self._steps: dict[tuple[Any, ...], Any] = {}
        self._planned: Setting | None = None
        self._shapes = {layer.name: Sizes(operands=operand_shapes(self.network, layer)) for layer in network.layers}

    def store_parameters(
        self, assignment: Assignment, modes: Modes, previous: StoredParameters | None = None
    ) -> StoredParameters:
        """Cast the parameters to their types; those that `previous` holds in the same type and modes are kept."""
        with jax.enable_x64(True):
            return store(self.network, assignment, modes, previous)

    def plan(self, stored: StoredParameters, assignment: Assignment, modes: Modes) -> Setting:
        """Plan every layer.

        Raises:
            ExecutionError: If a layer's exact sum would need more than 62 bits.
        """
        old = self._planned
        if old is not None and old.stored is stored and old.assignment is assignment and old.modes == modes:
            return old
        plans = {}
        for layer in self.network.layers:
            formats = self._formats(layer, assignment)
            if not isinstance(layer.operation, FloatComputation | Lookup | Loop) and all_typed(formats):
                plans[layer.name] = plan_layer(
                    layer, typed_ones(formats), stored, self._shapes[layer.name], modes, patches=self.patches
                )
        plans |= plan_loops(self.network, stored, assignment, modes, patches=self.patches)
        self._planned = Setting(assignment=assignment, modes=modes, stored=stored, plans=plans)
        return self._planned

    def accumulator_widths(
        self, assignment: Assignment, stored: StoredParameters | None = None, modes: Modes | None = None
    ) -> dict[str, int]:
        """Return, by convolution and dense layer in integers, the width in bits that its worst-case sum needs.

        The worst case is that of the stored weights and bias with every input value of the type allowed.

        Args:
            assignment: The types.
            stored: The stored parameters, or None to make them here.
            modes: The modes, by default rounding ``round`` and overflow ``saturate``.
        """
        from bitwindow.execute.modes import Modes as DefaultModes

        modes = DefaultModes() if modes is None else modes
        stored = self.store_parameters(assignment, modes) if stored is None else stored
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
                    self._format_of_site(self.network.values[name].site, assignment),
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
    ) -> tuple[jax.Array, list[tuple[str, Any]]]:
        """Return an input's carrier and its pending counts."""
        value = self.network.values[self.network.inputs[index]]
        fmt = self._format_of_site(value.site, setting.assignment)
        if not isinstance(fmt, FixedPoint):
            return jnp.asarray(array), []
        numbers = packed_samples(setting.modes, _INPUT_STREAM + index, first_sample, valid, self.network.batch)
        result = self._cast(jnp.asarray(array), fmt, setting.modes, numbers, tally=tally)
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
    ) -> tuple[dict[str, jax.Array], list[tuple[str, Any]], list[tuple[str, Any]]]:
        """Run one layer from its operands' carriers.

        Returns:
            The carriers of its outputs, pending counts by site, and pending accumulator overflows by layer; both stay
            on the device until they are read.
        """
        layer = self.network.layers[index]
        numbers = packed_samples(setting.modes, index, first_sample, valid, self.network.batch)
        formats = self._formats(layer, setting.assignment)
        plan = setting.plans.get(layer.name)
        if isinstance(layer.operation, Loop):
            carriers = tuple(self._seen(operand, setting, boundaries) for operand in layer.operands)
            return run_loop(
                self.network,
                layer,
                setting.assignment,
                setting.modes,
                setting.stored,
                setting.plans,
                carriers,
                numbers,
                self._steps,
                tally=tally,
                patches=self.patches,
            )
        if isinstance(layer.operation, Lookup):
            return self._run_lookup(layer, layer.operation, setting, boundaries), [], []
        if plan is None:
            made, counts = self._run_float(layer, setting, formats, boundaries, numbers, tally=tally)
            return made, counts, []
        name = layer.outputs[0]
        site = self.network.values[name].site
        typed = isinstance(self._format_of_site(site, setting.assignment), FixedPoint)
        moves = isinstance(layer.operation, PassThrough)
        operands = tuple(
            self._carrier(layer, position, operand, setting.stored, boundaries)
            for position, operand in enumerate(operands_of(layer))
        )
        arguments = self._arguments(layer, setting, plan, operands, numbers)
        variant = variant_of(layer, plan.settings)
        step = self._integer_step(layer, arguments, variant=variant, typed=typed or moves, tally=tally)
        with jax.enable_x64(True):
            result = step(*arguments)
        counts = [(site or "", result.counts)] if tally and typed and not moves else []
        over = [(layer.name, result.accumulator_overflows)] if plan.worst is not None else []
        return {name: result.output}, counts, over

    def warm(self, setting: Setting, *, tally: bool = True) -> None:
        """Compile every form of every integer layer, so that no later change of a type's width or a mode compiles.

        Without it each form compiles when it is first needed.
        """
        numbers = packed_samples(setting.modes, 0, 0, self.network.batch, self.network.batch)
        boundaries = {
            name: jax.ShapeDtypeStruct(value.shape, np.int32)  # type: ignore[no-untyped-call]
            for name, value in self.network.values.items()
        }

        def compile_form(job: tuple[Layer, Plan, Variant]) -> None:
            layer, plan, variant = job
            site = self.network.values[layer.outputs[0]].site
            typed = isinstance(self._format_of_site(site, setting.assignment), FixedPoint)
            operands = tuple(
                self._carrier(layer, position, operand, setting.stored, boundaries)
                for position, operand in enumerate(operands_of(layer))
            )
            arguments = self._arguments(layer, setting, plan, operands, numbers)
            typed = typed or isinstance(layer.operation, PassThrough)
            self._integer_step(layer, arguments, variant=variant, typed=typed, tally=tally)

        jobs = [
            (layer, setting.plans[layer.name], variant)
            for layer in self.network.layers
            if layer.name in setting.plans
            for variant in variants_of(layer)
        ]
        with ThreadPoolExecutor(_COMPILERS) as pool:
            list(pool.map(compile_form, jobs))
        # The words of the parameters' shapes, and the conversion of the outputs, compile as they run.
        self.store_parameters(setting.assignment, replace(setting.modes, rounding=Rounding.STOCHASTIC))
        for name in self.network.outputs:
            value = self.network.values[name]
            if jnp.issubdtype(value.dtype, jnp.floating):
                with jax.enable_x64(False):
                    jitted_values(jnp.zeros(value.shape, np.int32), _ANY_TYPE.as_array(), dtype=np.dtype(np.float32))

    def _arguments(
        self, layer: Layer, setting: Setting, plan: Plan, operands: tuple[Any, ...], numbers: np.ndarray
    ) -> tuple[Any, ...]:
        formats = typed_ones(self._formats(layer, setting.assignment))
        target = self._format_of_site(self.network.values[layer.outputs[0]].site, setting.assignment)
        fmt = target if isinstance(target, FixedPoint) else formats[0]
        table = np.stack([one.as_array() for one in formats])
        return operands, table, fmt.as_array(), plan.settings.packed(), plan.extra, numbers

    def _seen(self, operand: Operand, setting: Setting, boundaries: Mapping[str, Any]) -> Any:
        return apply_steps(self._plain(operand, setting.stored, boundaries), operand.view, None, "")

    def _run_lookup(
        self, layer: Layer, operation: Lookup, setting: Setting, boundaries: Mapping[str, Any]
    ) -> dict[str, jax.Array]:
        key = (layer.name, "lookup")
        if key not in self._steps:
            self._steps[key] = jax.jit(lookup_step(layer, operation))
        with jax.enable_x64(False):
            picked = self._steps[key](*(self._plain(one, setting.stored, boundaries) for one in layer.operands))
        return {layer.outputs[0]: picked}

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
        arrays = []
        for operand, fmt in zip(operands_of(layer), formats, strict=True):
            array = self._plain(operand, setting.stored, boundaries)
            if isinstance(fmt, FixedPoint):
                dtype = np.dtype(np.float32) if operand.value is None else self.network.values[operand.value].dtype
                with jax.enable_x64(False):
                    array = jitted_values(array, fmt.as_array(), dtype=dtype)
            arrays.append(array)
        with jax.enable_x64(False):
            outputs = self._float_step(layer)(*arrays)
        made: dict[str, jax.Array] = {}
        counts: list[tuple[str, Any]] = []
        for name, output in zip(layer.outputs, outputs, strict=True):
            site = self.network.values[name].site
            fmt = self._format_of_site(site, setting.assignment)
            if isinstance(fmt, FixedPoint):
                result = self._cast(output, fmt, setting.modes, numbers, tally=tally)
                made[name] = result.output
                counts += [(site or "", result.counts)] if tally else []
            else:
                made[name] = output
        return made, counts

    def _cast(self, x: Any, fmt: FixedPoint, modes: Modes, numbers: np.ndarray, *, tally: bool) -> Any:
        codes = np.array([modes.rounding.code, modes.overflow.code], np.int64)
        with jax.enable_x64(True):
            return jitted_cast(x, fmt.as_array(), codes, numbers, tally=tally)

    def _integer_step(
        self, layer: Layer, arguments: tuple[Any, ...], *, variant: Variant, typed: bool, tally: bool
    ) -> Callable[..., Any]:
        key = (layer.name, variant, typed, tally)
        if key not in self._steps:
            step = integer_step(layer, variant=variant, typed=typed, tally=tally, patches=self.patches)
            with jax.enable_x64(True):
                self._steps[key] = jax.jit(step).lower(*arguments).compile()
        compiled: Callable[..., Any] = self._steps[key]
        return compiled

    def _float_step(self, layer: Layer) -> Callable[..., Any]:
        key = (layer.name, "float")
        if key not in self._steps:
            operation = layer.operation
            if isinstance(operation, FloatComputation):

                def viewed(*arrays: Any) -> tuple[Any, ...]:
                    seen = (
                        apply_steps(array, operand.view, None, layer.name)
                        for array, operand in zip(arrays, layer.operands, strict=True)
                    )
                    return tuple(operation.function(*seen))

                self._steps[key] = jax.jit(viewed)
            else:
                compute = partial(compute_in_floats, layer)
                self._steps[key] = jax.jit(lambda *arrays: (compute(*arrays),))
        compiled: Callable[..., Any] = self._steps[key]
        return compiled

    def _carrier(
        self, layer: Layer, position: int, operand: Operand, stored: StoredParameters, boundaries: Mapping[str, Any]
    ) -> Any:
        is_product = isinstance(layer.operation, Convolution | Contraction) and position < len(layer.operands)
        if operand.parameter is not None and is_product:
            return stored.by_site[operand.parameter].views[layer.name, position]
        return self._plain(operand, stored, boundaries)

    def _plain(self, operand: Operand, stored: StoredParameters, boundaries: Mapping[str, Any]) -> Any:
        if operand.parameter is not None:
            return stored.by_site[operand.parameter].array
        return boundaries[operand.value or ""]

    def _formats(self, layer: Layer, assignment: Assignment) -> list[Format | None]:
        """Return each operand's type, the bias's last; None for values that have no site."""
        return [
            assignment.formats[operand.parameter]
            if operand.parameter is not None
            else self._format_of_site(self.network.values[operand.value or ""].site, assignment)
            for operand in operands_of(layer)
        ]

    @staticmethod
    def _format_of_site(site: str | None, assignment: Assignment) -> Format | None:
        return None if site is None else assignment.formats[site]
