"""What a network's executor can compile before it is needed, so that nothing compiles while somebody waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.execute.boundaries import carrier_dtype, widened
from bitwindow.execute.floating import jitted_values
from bitwindow.execute.integer import variants_of
from bitwindow.execute.joined import QUICK
from bitwindow.execute.loop_run import loop_compilations
from bitwindow.execute.outputs import FEW_VALUES
from bitwindow.execute.plan import Variant
from bitwindow.execute.planning import format_of_site, formats_of
from bitwindow.execute.reading import operand_arrays, plain_array
from bitwindow.execute.samples import packed_samples
from bitwindow.execute.several import SEVERAL, forms
from bitwindow.execute.structure import apply_steps
from bitwindow.network.records import Lookup, Loop
from bitwindow.numbers.format import FixedPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from bitwindow.execute.compiled import CompiledSteps
    from bitwindow.execute.planning import Setting
    from bitwindow.network.records import Layer, Operand

    Job = Callable[[], object]

_COMPILERS = 2


def compilations(
    steps: CompiledSteps, setting: Setting, followers: Mapping[int, int], light: Collection[int], *, tally: bool
) -> list[Job]:
    """List every form of every integer layer and cast under a setting's types, those that are needed most at the head.

    Forms that random words make slow to compile come last.

    Args:
        steps: The network's steps.
        setting: From `Executor.plan`.
        followers: By layer, the pool that may run in its step.
        light: The layers that may run over several chunks at once.
        tally: Whether the forms that count verdicts are meant.
    """
    network = steps.network
    boundaries = {name: _boundary(steps, name, setting) for name in network.values}
    numbers = packed_samples(setting.modes, 0, 0, network.batch, network.batch)
    jobs: list[tuple[Variant, Job]] = []
    for index, layer in enumerate(network.layers):
        if layer.name in setting.plans:
            arguments = (operand_arrays(layer, setting.stored, boundaries), *setting.arguments[layer.name], numbers)
            make = partial(steps.integer, layer, setting, arguments, tally=tally)
            jobs += [(variant, partial(make, variant=variant)) for variant in variants_of(layer)]
            one_type = setting.plans[layer.name].by_channel is None
            if index in followers and one_type:
                joined = partial(make, follower=network.layers[followers[index]])
                quick = [variant for variant in variants_of(layer) if variant in QUICK]
                jobs += [(variant, partial(joined, variant=variant)) for variant in quick]
            if index in light and one_type:
                several = ((arguments[0],) * SEVERAL, *arguments[1:])
                made = partial(steps.several, layer, setting, several, make=True)
                jobs += [(variant, partial(made, variant=variant)) for variant in forms(layer)]
        elif isinstance(layer.operation, Loop):
            jobs += _of_loop(steps, layer, setting, boundaries, numbers, tally=tally)
    floats = {
        name
        for layer in network.layers
        if layer.name not in setting.plans and not isinstance(layer.operation, Lookup | Loop)
        for name in layer.outputs
    }
    for name in (*network.inputs, *sorted(floats)):
        value = network.values[name]
        fmt = format_of_site(value.site, setting.assignment)
        if isinstance(fmt, FixedPoint):
            x = jax.ShapeDtypeStruct(value.shape, value.dtype)  # type: ignore[no-untyped-call]
            make = partial(steps.cast, x, fmt, np.zeros(2, np.int64), numbers, tally=tally)
            jobs += [
                (Variant.NARROW, partial(make, stochastic=False)),
                (Variant.STOCHASTIC, partial(make, stochastic=True)),
            ]
    return [job for _, job in sorted(jobs, key=lambda pair: pair[0])]


def _of_loop(
    steps: CompiledSteps,
    layer: Layer,
    setting: Setting,
    boundaries: Mapping[str, Any],
    numbers: Any,
    *,
    tally: bool,
) -> list[tuple[Variant, Job]]:
    formats = formats_of(steps.network, layer, setting.assignment)

    def seen(operand: Operand, fmt: Any) -> Any:
        array = plain_array(operand, setting.stored, boundaries)
        return jax.eval_shape(lambda x: apply_steps(widened(x, fmt), operand.view, None, ""), array)

    operands = tuple(seen(operand, fmt) for operand, fmt in zip(layer.operands, formats, strict=True))
    return loop_compilations(steps, layer, setting, operands, numbers, tally=tally)


def compile_side_by_side(jobs: Iterable[Job], stop: Callable[[], bool]) -> None:
    """Do the jobs two at a time; ``stop`` is asked before each whether to end here."""

    def compile_one(job: Job) -> None:
        if not stop():
            job()

    with ThreadPoolExecutor(_COMPILERS) as pool:
        list(pool.map(compile_one, jobs))


def read_inputs(steps: CompiledSteps) -> None:
    """Bring inputs of zeros to the device once, which JAX compiles a step for."""
    values = (steps.network.values[name] for name in steps.network.inputs)
    jax.block_until_ready([jnp.asarray(np.zeros(one.shape, one.dtype)) for one in values])  # type: ignore[no-untyped-call]


def convert_outputs(steps: CompiledSteps, setting: Setting) -> None:
    """Run the conversion of the outputs to values once, which compiles it."""
    network = steps.network
    for name in network.outputs:
        value = network.values[name]
        fmt = format_of_site(value.site, setting.assignment)
        many = prod(value.shape) > FEW_VALUES
        if many and isinstance(fmt, FixedPoint) and jnp.issubdtype(value.dtype, jnp.floating):
            with jax.enable_x64(False):
                zeros = jnp.zeros(value.shape, carrier_dtype(fmt))
                jitted_values(zeros, fmt.as_array(), dtype=np.dtype(np.float32))


def _boundary(steps: CompiledSteps, name: str, setting: Setting) -> Any:
    """Return the shape and dtype in which a value travels."""
    value = steps.network.values[name]
    fmt = format_of_site(value.site, setting.assignment)
    dtype = carrier_dtype(fmt) if isinstance(fmt, FixedPoint) else value.dtype
    return jax.ShapeDtypeStruct(value.shape, dtype)  # type: ignore[no-untyped-call]
