"""From a model to its network: one jaxpr, flattened, gathered into layers, named."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import jax
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.model.record import Model
from bitwindow.network.axes import batch_axes, same_equations
from bitwindow.network.batch_axis import check_outputs, check_samples_apart, keep_batch
from bitwindow.network.build import Builder
from bitwindow.network.flow import Flow
from bitwindow.network.loop_layer import add_groups
from bitwindow.network.names import input_names, parameter_names
from bitwindow.network.observe import observer
from bitwindow.network.program import Program, flatten
from bitwindow.network.records import Network
from bitwindow.network.regions import gather
from bitwindow.network.statics import Statics


def trace(model: Model, batch: int) -> Network:
    """Trace a model at one batch size.

    The names, the sites and the layers do not depend on the batch size; only the first axis of the values' shapes does.

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
    leaves = [array for _, array in jax.tree_util.tree_flatten_with_path(model.params)[0]]
    program, tree = flat_program(model, batch)
    other, _ = flat_program(model, batch + 1)
    shapes = other.shapes if same_equations(program, other) else None
    arguments = dict(zip(program.arguments[: len(leaves)], leaves, strict=True))
    statics = Statics(program, {**arguments, **program.captured})
    axes = batch_axes(program, batch, shapes)
    twin = None if shapes is None else other
    flow = Flow(program, statics, program.arguments[len(leaves) :], axes, batch=batch, other=twin)
    check_samples_apart(flow, shapes, model.name)
    check_outputs(flow, batch, model.name)
    groups = keep_batch(flow, gather(flow))
    builder = Builder(flow, *_names(model, program, len(leaves)))
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
        observe=observer(program, builder.observed, builder.watched, jax.tree_util.tree_structure(model.params)),
    )


def flat_program(model: Model, batch: int) -> tuple[Program, Any]:
    """Return a model's flat program at one batch size, and the structure of its outputs.

    Raises:
        ModelError: If the function cannot run at that batch size.
    """
    leaves, params_tree = jax.tree_util.tree_flatten(model.params)
    inputs, inputs_tree = jax.tree_util.tree_flatten(model.at_batch(batch))
    trees: list[Any] = []

    def call(*arguments: Any) -> list[Any]:
        params = jax.tree_util.tree_unflatten(params_tree, arguments[: len(leaves)])
        given = jax.tree_util.tree_unflatten(inputs_tree, arguments[len(leaves) :])
        results, tree = jax.tree_util.tree_flatten(model.fn(params, *given))
        trees.append(tree)
        return results

    struct: Any = jax.ShapeDtypeStruct
    shaped = [struct(np.shape(leaf), leaf.dtype) for leaf in leaves]
    try:
        closed = jax.make_jaxpr(call)(*shaped, *inputs)
    except Exception as error:
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
