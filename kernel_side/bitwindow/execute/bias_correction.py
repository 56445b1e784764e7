"""Bias correction: what quantization adds to a layer's output in the mean is taken out of its stored bias.

For each convolution and dense layer in integers, in the network's order, with everything before it corrected already:

    b' = b + E[z] - E[Q(z')]

z is the float network's sum with bias, z' that of the stored values, both before the activation; Q rounds z' to the
grid of the output's type, without its range; E is the mean over the samples and over all output values that read the
same bias value. The float network stays what it is: b' is what the quantized one stores.

Source: M. Nagel, M. van Baalen, T. Blankevoort and M. Welling, "Data-Free Quantization Through Weight Equalization and
Bias Correction", ICCV 2019, section 4.2 and appendix D (the empirical variant, on calibration data).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.biases import follow_biases
from bitwindow.assign.records import Assignment, CorrectedBias
from bitwindow.errors import FormatError
from bitwindow.execute.floating import compute_in_floats, operand_values
from bitwindow.execute.modes import Modes
from bitwindow.execute.planning import Setting, formats_of, output_format
from bitwindow.execute.reading import all_typed, operands_of
from bitwindow.execute.structure import apply_steps
from bitwindow.network.inside import every_layer
from bitwindow.network.records import Contraction, Convolution, Layer, Network
from bitwindow.numbers.format import MAX_WORD_LENGTH, FixedPoint
from bitwindow.numbers.modes import Rounding
from bitwindow.numbers.public import quantize

if TYPE_CHECKING:
    from bitwindow.execute.executor import Executor

Doubles = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CorrectedLayer:
    """What was done to one layer's bias: ``largest`` is its largest change, None where ``skipped`` says why not."""

    layer: str
    bias: str | None
    largest: float | None = None
    skipped: str = ""


@dataclass(frozen=True, kw_only=True)
class CorrectionReport:
    """What bias correction did to each convolution and dense layer, over so many samples."""

    layers: tuple[CorrectedLayer, ...]
    samples: int

    @property
    def corrected(self) -> tuple[CorrectedLayer, ...]:
        """The layers whose bias was corrected."""
        return tuple(one for one in self.layers if one.largest is not None)

    @property
    def skipped(self) -> tuple[CorrectedLayer, ...]:
        """The layers that were looked at and left alone."""
        return tuple(one for one in self.layers if one.largest is None)

    @property
    def largest(self) -> float:
        """The largest change of any bias."""
        return max((one.largest for one in self.layers if one.largest is not None), default=0.0)

    def __str__(self) -> str:
        head = (
            f"{len(self.corrected)} biases corrected, {len(self.skipped)} layers left alone; the largest change is "
            f"{self.largest:.3g}, over {self.samples} samples"
        )
        width = max((len(one.layer) for one in self.layers), default=0)
        return "\n".join([head, *(_line(one, width) for one in self.layers)])

    __repr__ = __str__


def _line(one: CorrectedLayer, width: int) -> str:
    what = one.skipped if one.largest is None else f"{one.bias} changes by at most {one.largest:.3g}"
    return f"  {'skipped' if one.largest is None else 'corrected':<9} {one.layer:<{width}}  {what}"


@dataclass(kw_only=True)
class Rows:
    """One chunk of samples on its way through both networks: the values between the layers so far."""

    valid: int
    first: int
    floats: dict[str, Any] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class _Run:
    executor: Executor
    modes: Modes
    float_setting: Setting
    setting: Setting
    rows: list[Rows]

    def use(self, assignment: Assignment) -> None:
        """Go on with other types or biases; what runs later sees them."""
        stored = self.executor.store_parameters(assignment, self.modes, self.setting.stored)
        self.setting = self.executor.plan(stored, assignment, self.modes)


def correct_biases(
    executor: Executor,
    assignment: Assignment,
    modes: Modes,
    chunks: Sequence[tuple[tuple[Any, ...], int, int]],
    check: Callable[[], None] = lambda: None,
) -> tuple[Assignment, CorrectionReport]:
    """Correct the bias of every layer that has one; what was corrected before starts anew from the float network's.

    Args:
        executor: Runs the network.
        assignment: The types.
        modes: The modes.
        chunks: By chunk of samples: the input leaves at the network's batch, the valid rows, the first one's number.
        check: Asked before every layer; may raise to give up.

    Raises:
        ExecutionError: If the types allow no exact execution.
    """
    network = executor.network
    run = _start(executor, replace(assignment, corrected={}), modes, chunks)
    shared = Counter(one.bias.parameter for one, _ in every_layer(network) if one.bias is not None)
    done: list[CorrectedLayer] = []
    for index, layer in enumerate(network.layers):
        check()
        if isinstance(layer.operation, Convolution | Contraction):
            reason = _why_not(network, layer, run.setting.assignment, shared)
            done.append(_skipped(layer, reason) if reason else _correct(run, layer))
        _advance(run, index)
    return run.setting.assignment, CorrectionReport(layers=tuple(done), samples=sum(row.valid for row in run.rows))


def _start(
    executor: Executor, assignment: Assignment, modes: Modes, chunks: Sequence[tuple[tuple[Any, ...], int, int]]
) -> _Run:
    network = executor.network
    floats = Assignment(formats=dict.fromkeys(assignment.formats, "float"), reasons=assignment.reasons)
    assignment = follow_biases(network, assignment)
    run = _Run(
        executor=executor,
        modes=modes,
        float_setting=executor.plan(executor.store_parameters(floats, Modes()), floats, Modes()),
        setting=executor.plan(executor.store_parameters(assignment, modes), assignment, modes),
        rows=[Rows(valid=valid, first=first) for _, valid, first in chunks],
    )
    for row, (leaves, _, _) in zip(run.rows, chunks, strict=True):
        for index, (name, array) in enumerate(zip(network.inputs, leaves, strict=True)):
            row.floats[name] = jnp.asarray(array)
            row.stored[name] = executor.read_input(run.setting, index, array, row.first, row.valid, tally=False)[0]
    return run


def _why_not(network: Network, layer: Layer, assignment: Assignment, shared: Counter[str | None]) -> str:
    if layer.bias is None:
        return "it has no bias"
    if layer.bias.parameter is None:
        return "its bias is computed"
    if not all_typed(formats_of(network, layer, assignment)):
        return "it runs in float"
    if shared[layer.bias.parameter] > 1:
        return f"its bias {layer.bias.parameter} is another layer's too"
    return ""


def _skipped(layer: Layer, reason: str) -> CorrectedLayer:
    return CorrectedLayer(layer=layer.name, bias=None if layer.bias is None else layer.bias.parameter, skipped=reason)


def _correct(run: _Run, layer: Layer) -> CorrectedLayer:
    """Correct one layer's bias by what both networks compute from what they have come to so far."""
    site = "" if layer.bias is None else layer.bias.parameter or ""
    own = np.asarray(run.executor.network.parameters[site], np.float64)
    values = np.asarray(own + _shift(layer, _mean_error(run, layer), own.shape), np.float32)
    if not np.all(np.isfinite(values)):
        return _skipped(layer, "its sums are not finite")
    largest = float(np.max(np.abs(values - own), initial=0.0))
    assignment = run.setting.assignment
    corrected = {**assignment.corrected, site: CorrectedBias(values=values, largest=largest)}
    run.use(follow_biases(run.executor.network, replace(assignment, corrected=corrected)))
    return CorrectedLayer(layer=layer.name, bias=site, largest=largest)


def _mean_error(run: _Run, layer: Layer) -> Doubles:
    """Return the mean over the samples of float minus quantized sums, of the formula's own shape without the batch."""
    network = run.executor.network
    sums = jax.jit(partial(compute_in_floats, replace(layer, activation=None, arranged=())))
    target = output_format(network, layer, run.setting.assignment)
    batch = layer.arranged[0] if layer.arranged else 0
    total, samples = np.zeros(()), 0
    for row in run.rows:
        means = []
        for setting, values in ((run.float_setting, row.floats), (run.setting, row.stored)):
            formats = formats_of(network, layer, setting.assignment)
            with jax.enable_x64(False):
                z = np.asarray(sums(*operand_values(network, layer, formats, setting.stored, values)))
            z = np.moveaxis(z, batch, 0)[: row.valid]
            means.append(_on_grid(z, target, run.modes) if setting is run.setting else z.astype(np.float64))
        total = total + (means[0] - means[1]).sum(axis=0)
        samples += row.valid
    return np.asarray(total / samples)


def _on_grid(z: NDArray[Any], target: FixedPoint | None, modes: Modes) -> Doubles:
    """Return sums rounded as the output's cast rounds them, whatever its range; chance rounds to them in the mean."""
    if target is None or modes.rounding is Rounding.STOCHASTIC:
        return z.astype(np.float64)
    try:
        grid = FixedPoint(True, MAX_WORD_LENGTH, target.fraction_length)
    except FormatError:
        return z.astype(np.float64)
    return np.asarray(quantize(z.astype(np.float32), grid, rounding=modes.rounding), np.float64)


def _shift(layer: Layer, error: Doubles, shape: tuple[int, ...]) -> Doubles:
    """Return the mean error by bias value: over all output values that the bias's view brings it to."""
    view = () if layer.bias is None else layer.bias.view
    batch = layer.arranged[0] if layer.arranged else 0
    with jax.enable_x64(True):
        seen, back = jax.vjp(lambda bias: apply_steps(bias, view, None, layer.name), jnp.zeros(shape, np.float64))
        rows = np.broadcast_to(np.expand_dims(error, batch), np.broadcast_shapes(_with_batch(error, batch), seen.shape))
        counts = back(jnp.ones_like(seen))[0]
        # A view that broadcasts later, as NumPy does, gathers what it will be added to.
        summed = back(jnp.asarray(_gathered(rows, seen.shape)))[0]
        return np.asarray(summed / counts, np.float64)


def _with_batch(error: Doubles, batch: int) -> tuple[int, ...]:
    return tuple(np.expand_dims(error, batch).shape)


def _gathered(rows: NDArray[np.float64], shape: tuple[int, ...]) -> Doubles:
    """Return the means of rows over the axes along which an array of a shape is broadcast to them."""
    rows = rows.mean(axis=tuple(range(rows.ndim - len(shape)))) if rows.ndim > len(shape) else rows
    single = tuple(axis for axis, size in enumerate(shape) if size == 1 and rows.shape[axis] > 1)
    return np.asarray(rows.mean(axis=single, keepdims=True) if single else rows)


def _advance(run: _Run, index: int) -> None:
    """Run one layer of both networks on all rows, and let go of what no later layer reads."""
    network = run.executor.network
    later = {operand.value for layer in network.layers[index + 1 :] for operand in operands_of(layer)}
    for row in run.rows:
        for setting, values in ((run.float_setting, row.floats), (run.setting, row.stored)):
            made, _, _ = run.executor.run_layer(setting, index, values, row.first, row.valid, tally=False)
            values.update({name: array for name, array in made.items() if name in later})
            for name in [name for name in values if name not in later]:
                del values[name]
