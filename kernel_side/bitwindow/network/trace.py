"""From a model to its network: one jaxpr, flattened, gathered into layers, named."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import jax
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.model.by_sample import agrees, by_sample
from bitwindow.model.record import Model
from bitwindow.network.axes import batch_axes, same_equations
from bitwindow.network.batch_axis import MERGED, check_constants, check_outputs, check_samples_apart, keep_batch
from bitwindow.network.build import Builder
from bitwindow.network.flatten import flatten
from bitwindow.network.flow import Flow
from bitwindow.network.loop_layer import add_groups
from bitwindow.network.loop_source import OVER_BATCH
from bitwindow.network.names import input_names, parameter_names, returned_names
from bitwindow.network.observe import observer
from bitwindow.network.program import Program
from bitwindow.network.records import Network
from bitwindow.network.regions import gather
from bitwindow.network.statics import Statics
from bitwindow.numbers.format import FixedPoint

MOST_CHUNK = 2**16
"""The largest chunk of samples that may be asked for, in code or in a file: the values of all of them are in memory."""


def trace(model: Model, batch: int) -> Network:
    """Trace a model at one batch size.

    The names, the sites and the layers do not depend on the batch size; only the first axis of the values' shapes does.
    Where the function loses the batch in another axis, or steps over it, it is read as it is for one sample, mapped
    over all, if that gives the same on drawn inputs.

    Args:
        model: The model.
        batch: The batch size, at least 1.

    Returns:
        The network.

    Raises:
        ModelError: If the function cannot run at that batch size, fixes its batch, mixes the samples of a batch, or
            gives an output whose first axis is not the batch.
    """
    if batch < 1:
        raise ModelError(f"wanted a batch size of at least 1, got {batch}")
    whole = _traced(model, batch)
    if not _loses_batch(whole):
        return whole
    apart = _traced(model, batch, mapped=True)
    better = _loses_batch(apart) < _loses_batch(whole)
    return apart if better and agrees(model.fn, model.params, model.at_batch) else whole


def _loses_batch(network: Network) -> int:
    """Return how many layers are float because the batch is no axis of its own, or steps of a loop."""
    return sum(layer.note == MERGED or OVER_BATCH in layer.note for layer in network.layers)


def _traced(model: Model, batch: int, *, mapped: bool = False) -> Network:
    leaves = [array for _, array in jax.tree_util.tree_flatten_with_path(model.params)[0]]
    program, tree = flat_program(model, batch, mapped=mapped)
    other, _ = flat_program(model, batch + 1, mapped=mapped)
    shapes = other.shapes if same_equations(program, other) else None
    arguments = dict(zip(program.arguments[: len(leaves)], leaves, strict=True))
    statics = Statics(program, {**arguments, **program.captured})
    axes = batch_axes(program, batch, shapes)
    twin = None if shapes is None else other
    flow = Flow(program, statics, program.arguments[len(leaves) :], axes, batch=batch, other=twin)
    check_samples_apart(flow, shapes, model.name)
    check_constants(flow, model.name)
    check_outputs(flow, batch, model.name)
    groups = keep_batch(flow, gather(flow))
    builder = Builder(flow, *_names(model, program, len(leaves)))
    builder.names.returned = returned_names(tree, program.outputs)
    add_groups(builder, groups)
    outputs = [atom for atom in program.outputs if isinstance(atom, int)]
    return Network(
        batch=batch,
        inputs=tuple(builder.value_of[variable] for variable in flow.inputs),
        outputs=tuple(builder.value_of[variable] for variable in outputs),
        output_tree=tree,
        values=MappingProxyType(builder.values),
        layers=tuple(builder.layers),
        sites=MappingProxyType(builder.sites),
        parameters=MappingProxyType(builder.parameters),
        formats=MappingProxyType(_given(model, builder)),
        observe=observer(program, builder.observed, builder.watched, jax.tree_util.tree_structure(model.params)),
    )


def _given(model: Model, builder: Builder) -> dict[str, FixedPoint]:
    """Return the types that the source gives: of parameters by name, of other sites where the program casts to them."""
    parameters = {name: fmt for name, fmt in model.formats.items() if name in builder.parameters}
    return parameters | builder.formats


def flat_program(model: Model, batch: int, *, mapped: bool = False) -> tuple[Program, Any]:
    """Return a model's flat program at one batch size, and the structure of its outputs.

    Args:
        model: The model.
        batch: The batch size.
        mapped: Whether to read the function of one sample, mapped over all.

    Raises:
        ModelError: If the function cannot run at that batch size.
    """
    run = by_sample(model.fn) if mapped else model.fn
    leaves, params_tree = jax.tree_util.tree_flatten(model.params)
    inputs, inputs_tree = jax.tree_util.tree_flatten(model.at_batch(batch))
    trees: list[Any] = []

    def call(*arguments: Any) -> list[Any]:
        params = jax.tree_util.tree_unflatten(params_tree, arguments[: len(leaves)])
        given = jax.tree_util.tree_unflatten(inputs_tree, arguments[len(leaves) :])
        results, tree = jax.tree_util.tree_flatten(run(params, *given))
        trees.append(tree)
        return results

    struct: Any = jax.ShapeDtypeStruct
    shaped = [struct(np.shape(leaf), leaf.dtype) for leaf in leaves]
    try:
        closed = jax.make_jaxpr(call)(*shaped, *inputs)
    except Exception as error:
        if model.batch == 1 != batch and not mapped:
            # A function of one sample alone: there is no other batch that it could be asked for.
            return flat_program(model, batch, mapped=True)
        raise ModelError(
            f"{model.name}: wanted a function that runs at every batch size, got {type(error).__name__} at a batch "
            f"of {batch} (the example has {model.batch}): {error}; write x.reshape((x.shape[0], -1)) where the "
            "function names a fixed batch"
        ) from error
    return flatten(closed), trees[-1]


def _names(model: Model, program: Program, leaves: int) -> tuple[dict[int, str], dict[int, str]]:
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(model.params)[0]]
    parameters = dict(zip(program.arguments[:leaves], parameter_names(paths), strict=True))
    taken = dict.fromkeys(parameters.values())
    found = input_names(model.at_batch(1), model.argument_names, taken)
    return parameters, dict(zip(program.arguments[leaves:], found, strict=True))
