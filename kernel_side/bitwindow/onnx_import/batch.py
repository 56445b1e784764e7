"""One function for every batch size, also of a graph that fixes its own.

A graph whose inputs leave the first axis open runs at any batch as it is. One that fixes it (most often at 1) is tried
in this order, and each is checked on random samples, stacked and one by one:

1. the same graph, where reshapes that name the fixed batch keep it as their first axis (each sample by itself);
2. the graph at its own batch of 1, mapped over the samples by ``jax.vmap``: the same by construction.

The program takes and returns the batch as the first axis, wherever the graph has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.numbers.format import FixedPoint
from bitwindow.onnx_import.batch_axis import from_graph, to_graph
from bitwindow.onnx_import.call import NeedsConstantError
from bitwindow.onnx_import.interpreter import Interpreter, Settings
from bitwindow.onnx_import.layout import logical
from bitwindow.onnx_import.records import Opened
from bitwindow.onnx_import.values import Parameters, Weight

Way = Literal["as it is", "generalized", "mapped"]
_STACKED = 3
_MOST_CHECKED = 2**24
"""Numbers of a sample, beyond which results are not compared."""
_MOST_STACKED = 2**25
"""Numbers of a batch that the file fixes: 200 images of 3 x 224 x 224."""
_TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Program:
    """A file, and how it is run at any batch size.

    ``parameters`` are the constants that a run reads as parameters, by path; ``fixed_batch`` is the file's own batch
    where it fixes one. ``types`` are those that its quantizing nodes stand for, by output. ``input_axes`` and
    ``output_axes`` say where the graph has the batch, by name; 0 where they do not.
    """

    opened: Opened
    names: Mapping[str, str]
    channels_last: bool = True
    way: Way = "as it is"
    fixed_batch: int | None = None
    parameters: Mapping[str, np.ndarray[Any, Any]] | None = None
    types: Mapping[str, FixedPoint] = field(default_factory=dict)
    input_axes: Mapping[str, int] = field(default_factory=dict)
    output_axes: Mapping[str, int] = field(default_factory=dict)

    def run(self, params: Any, inputs: Mapping[str, Any]) -> Any:
        """Return the outputs: one array, or a dictionary by name."""
        names = self.opened.graph.outputs
        values = (
            self._mapped(params, inputs) if self.way == "mapped" else self._at_once(Parameters(given=params), inputs)
        )
        return values[0] if len(names) == 1 else dict(zip(names, values, strict=True))

    def function(self, arguments: tuple[str, ...]) -> Callable[..., Any]:
        """Return the function of a model: ``fn(params, array)``, or ``fn(params, dictionary)`` for several inputs."""

        def fn(params: Any, inputs: Any) -> Any:
            given = inputs if len(arguments) > 1 else {arguments[0]: inputs}
            return self.run(params, {name: given[name] for name in arguments})

        return fn

    def _at_once(self, parameters: Parameters, inputs: Mapping[str, Any]) -> list[Any]:
        # NumPy arrays would count as known before the network runs.
        inputs = {name: jnp.asarray(value) for name, value in inputs.items()}
        batch = int(next(iter(inputs.values())).shape[0])
        inputs = {name: to_graph(value, self.input_axes.get(name, 0)) for name, value in inputs.items()}
        # A reshape is known to name the batch by its first size; elsewhere it is not looked for.
        fixed = self.fixed_batch if self.fixed_batch != batch and not any(self.input_axes.values()) else None
        settings = Settings(batch=batch, fixed_batch=fixed, channels_last=self.channels_last)
        run = Interpreter(
            opened=self.opened, parameters=parameters, names=self.names, settings=settings, types=self.types
        )
        return [
            from_graph(_result(value, self.opened, name), self.output_axes.get(name, 0))
            for value, name in zip(run.run(inputs), self.opened.graph.outputs, strict=True)
        ]

    def _mapped(self, params: Any, inputs: Mapping[str, Any]) -> list[Any]:
        def one(sample: Mapping[str, Any]) -> list[Any]:
            values = self._at_once(Parameters(given=params), {name: value[None] for name, value in sample.items()})
            return [value[0] for value in values]

        return list(jax.vmap(one)(dict(inputs)))


def settled(program: Program, example: Mapping[str, Any]) -> Program:
    """Return the program with its parameters, in the way that runs at every batch size.

    Raises:
        ModelError: If the graph fixes its batch and cannot be run at another.
    """
    program = replace(program, fixed_batch=_fixed_batch(program.opened))
    found = Parameters()
    jax.eval_shape(lambda inputs: program._at_once(found, inputs), _shapes(example))  # noqa: SLF001
    program = replace(program, parameters=dict(found.used))
    if any(program.input_axes.values()):
        program = replace(program, output_axes=_output_axes(program, example))
    if program.fixed_batch is None:
        return program
    problems = []
    ways: tuple[Way, ...] = ("generalized", "mapped") if program.fixed_batch == 1 else ("generalized",)
    for way in ways:
        candidate = replace(program, way=way)
        problem = _problem(candidate, example)
        if problem is None:
            return candidate
        problems.append(f"{way}: {problem}")
    raise ModelError(
        f"{program.opened.where}: wanted a graph that runs at every batch size, got one that is fixed at a batch of "
        f"{program.fixed_batch} ({'; '.join(problems)[:600]}); export it with a dynamic first axis"
    )


def _output_axes(program: Program, example: Mapping[str, Any]) -> dict[str, int]:
    """Return where the batch is in every output: the axis that grows with it, else what was said."""
    raw = replace(program, output_axes={})

    def shapes(samples: int) -> list[Any]:
        run = lambda inputs: raw._at_once(Parameters(given=raw.parameters), inputs)  # noqa: E731, SLF001 (one line)
        found: list[Any] = jax.eval_shape(run, _shapes(example, samples))
        return found

    try:
        one, other = shapes(_STACKED), shapes(_STACKED + 1)
    except NeedsConstantError:
        raise
    except Exception:  # noqa: BLE001 (a graph that fixes its batch: whatever JAX raises)
        return dict(program.output_axes)
    found = dict(program.output_axes)
    for name, first, second in zip(program.opened.graph.outputs, one, other, strict=True):
        grown = [axis for axis, (a, b) in enumerate(zip(first.shape, second.shape, strict=True)) if a != b]
        if len(grown) == 1:
            found[name] = grown[0]
    return found


def _fixed_batch(opened: Opened) -> int | None:
    sizes = {item.shape[0] for item in opened.graph.inputs if item.shape}
    numbers = {size for size in sizes if isinstance(size, int) and size > 0}
    if len(numbers) > 1:
        raise ModelError(
            f"{opened.where}: wanted inputs whose first axis is the batch, got first axes of {sorted(numbers)}; "
            "export the graph with the batch as the first axis of every input"
        )
    return numbers.pop() if numbers else None


def _problem(program: Program, example: Mapping[str, Any]) -> str | None:
    """Return why a program does not compute each sample by itself at other batch sizes, or None where it does."""
    each = program.fixed_batch or 1
    try:
        shapes = jax.eval_shape(program.run, program.parameters, _shapes(example, _STACKED * each))
    except NeedsConstantError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever JAX raises, this way is not the one)
        return f"{type(error).__name__}: {str(error)[:250]}"
    leaves = jax.tree_util.tree_leaves(shapes)
    if any(not leaf.shape or leaf.shape[0] != _STACKED * each for leaf in leaves):
        return f"outputs of shape {[list(leaf.shape) for leaf in leaves][:3]} for {_STACKED * each} samples"
    numbers = sum(int(np.prod(np.shape(value)[1:])) for value in example.values())
    if each > 1 and numbers * each > _MOST_STACKED:
        return f"{numbers * each:,} numbers in each of its batches are too many to check it by"
    if numbers > _MOST_CHECKED:
        return None
    return None if _same(program, example, each) else "other results for samples together than for each alone"


def _same(program: Program, example: Mapping[str, Any], each: int) -> bool:
    rng = np.random.default_rng(7)
    stacked = {name: _random(rng, value, _STACKED * each) for name, value in example.items()}
    run = jax.jit(program.run)
    together = jax.tree_util.tree_leaves(run(program.parameters, stacked))
    for at in range(_STACKED):
        part = slice(at * each, (at + 1) * each)
        alone = jax.tree_util.tree_leaves(run(program.parameters, {k: v[part] for k, v in stacked.items()}))
        for whole, single in zip(together, alone, strict=True):
            one, other = np.asarray(whole[part], np.float64), np.asarray(single, np.float64)
            scale = float(np.max(np.abs(other[np.isfinite(other)]), initial=0.0))
            if not np.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE * scale, equal_nan=True):
                return False
    return True


def _random(rng: np.random.Generator, like: Any, samples: int) -> np.ndarray[Any, Any]:
    shape = (samples, *np.shape(like)[1:])
    if np.dtype(like.dtype).kind in "iu":
        return rng.integers(0, 2, shape).astype(like.dtype)
    if np.dtype(like.dtype).kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    return rng.random(shape, np.float32).astype(like.dtype, copy=False)


def _shapes(example: Mapping[str, Any], samples: int | None = None) -> dict[str, Any]:
    make: Any = jax.ShapeDtypeStruct
    return {
        name: make(
            (np.shape(value)[0] if samples is None else samples, *np.shape(value)[1:]),
            jax.dtypes.canonicalize_dtype(value.dtype),
        )
        for name, value in example.items()
    }


def _result(value: Any, opened: Opened, name: str) -> Any:
    found = logical(value)
    if found is None or isinstance(found, tuple):
        raise ModelError(f"{opened.where}: output {name[:80]!r}: wanted an array, got a sequence or nothing")
    return found.array if isinstance(found, Weight) else found
