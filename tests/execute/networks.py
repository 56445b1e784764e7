"""Small networks, built by hand from the records, for the tests of the executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from bitwindow.assign.records import Assignment, Format
from bitwindow.network.records import (
    Average,
    Clip,
    Concatenation,
    Contraction,
    Convolution,
    Layer,
    Network,
    Operand,
    Operation,
    PassThrough,
    Step,
    Sum,
    Value,
)
from bitwindow.numbers.channel_formats import AnyFormat, as_any_format

RELU = Clip(lower=0.0, upper=None)
DENSE = Contraction(contracting=((1,), (0,)), batch=((), ()))


Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


class Window(TypedDict):
    window_dimensions: Shape
    window_strides: Shape
    padding: Pairs


def value(name: str) -> Operand:
    return Operand(value=name)


def weight(name: str, *view: Step) -> Operand:
    return Operand(parameter=name, view=view)


def bias(name: str, shape: Shape, axis: int = -1) -> Operand:
    axis %= len(shape)
    return weight(name, Step(primitive="broadcast_in_dim", params={"shape": shape, "broadcast_dimensions": (axis,)}))


def conv2d(
    *,
    strides: Shape = (1, 1),
    padding: Pairs = ((0, 0), (0, 0)),
    dilation: Shape = (1, 1),
    groups: int = 1,
    base: Shape = (1, 1),
    channels_last: bool = True,
) -> Convolution:
    specs = ((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2)) if channels_last else ((0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3))
    return Convolution(
        window_strides=strides,
        padding=padding,
        lhs_dilation=base,
        rhs_dilation=dilation,
        lhs_spec=specs[0],
        rhs_spec=specs[1],
        out_spec=specs[2],
        feature_group_count=groups,
    )


def max_pool(window: int = 2, strides: int = 2, padding: int = 0) -> Step:
    pads = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    return Step(
        primitive="reduce_window_max",
        params={
            "window_dimensions": (1, window, window, 1),
            "window_strides": (1, strides, strides, 1),
            "padding": pads,
            "base_dilation": (1,) * 4,
            "window_dilation": (1,) * 4,
        },
    )


def network(
    inputs: Sequence[str],
    layers: Sequence[Layer],
    shapes: Mapping[str, Shape],
    parameters: Mapping[str, np.ndarray],
    *,
    sites: Mapping[str, str | None] | None = None,
    dtypes: Mapping[str, type[np.generic]] | None = None,
) -> Network:
    """Build a network; `shapes` gives every value's shape, batch included, `sites` the values that share a site."""
    sites, dtypes = sites or {}, dtypes or {}
    values = {
        name: Value(name=name, shape=shape, dtype=np.dtype(dtypes.get(name, np.float32)), site=sites.get(name, name))
        for name, shape in shapes.items()
    }
    return Network(
        batch=shapes[inputs[0]][0],
        inputs=tuple(inputs),
        outputs=(layers[-1].outputs[-1],),
        output_tree=None,
        values=values,
        layers=tuple(layers),
        sites={},
        parameters={name: np.asarray(array, np.float32) for name, array in parameters.items()},
        observe=lambda *arrays: (arrays, {}),
    )


def layer(
    name: str, operation: Operation, *operands: Operand, bias: Operand | None = None, activation: Clip | None = None
) -> Layer:
    return Layer(name=name, operation=operation, operands=operands, outputs=(name,), bias=bias, activation=activation)


def assignment(**formats: AnyFormat | str) -> Assignment:
    """Build an assignment; `__` stands for `/` in a site's name."""

    def parsed(text: AnyFormat | str) -> Format:
        return "float" if text == "float" else as_any_format(text)

    read = {name.replace("__", "/"): parsed(text) for name, text in formats.items()}
    return Assignment(formats=read, reasons=dict.fromkeys(read, "set by hand"))


def convolution_network(
    operation: Convolution,
    *,
    x_shape: Shape,
    w_shape: Shape,
    y_shape: Shape,
    activation: Clip | None = None,
    seed: int = 0,
) -> Network:
    """One convolution with bias; the bias sits on the output's feature axis."""
    rng = np.random.default_rng(seed)
    axis = operation.out_spec[1]
    features = w_shape[operation.rhs_spec[0]]
    one = layer(
        "conv",
        operation,
        value("input"),
        weight("conv/kernel"),
        bias=bias("conv/bias", y_shape, axis),
        activation=activation,
    )
    parameters = {"conv/kernel": rng.normal(size=w_shape), "conv/bias": rng.normal(size=(features,))}
    return network(["input"], [one], {"input": x_shape, "conv": y_shape}, parameters)


def dense_network(
    activation: Clip | None = None, batch: int = 4, inputs: int = 6, outputs: int = 5, seed: int = 0
) -> Network:
    rng = np.random.default_rng(seed)
    one = layer(
        "dense",
        DENSE,
        value("input"),
        weight("dense/kernel"),
        bias=bias("dense/bias", (batch, outputs)),
        activation=activation,
    )
    parameters = {"dense/kernel": rng.normal(size=(inputs, outputs)), "dense/bias": rng.normal(size=(outputs,))}
    return network(["input"], [one], {"input": (batch, inputs), "dense": (batch, outputs)}, parameters)


def mixed_network(batch: int = 3, seed: int = 0) -> Network:
    """conv - relu - max-pool; a residual add of two LSBs; concat; average pool; global mean; dense."""
    rng = np.random.default_rng(seed)
    same = ((1, 1), (1, 1))
    shape = (batch, 4, 4, 3)
    window: Window = {
        "window_dimensions": (1, 2, 2, 1),
        "window_strides": (1, 2, 2, 1),
        "padding": ((0, 0), (1, 1), (1, 1), (0, 0)),
    }
    counts = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])[None, :, :, None]
    layers = [
        layer(
            "conv1",
            conv2d(padding=same),
            value("input"),
            weight("conv1/kernel"),
            bias=bias("conv1/bias", shape),
            activation=RELU,
        ),
        layer("conv2", conv2d(padding=same), value("conv1"), weight("conv2/kernel")),
        layer("add", Sum(signs=(1, -1)), value("conv1"), value("conv2"), activation=Clip(lower=0.0, upper=6.0)),
        layer("pool", PassThrough(steps=(max_pool(3, 1, 1),)), value("add")),
        layer("concat", Concatenation(axis=3), value("pool"), value("conv2")),
        layer("average", Average(divisor=counts, **window), value("concat")),
        layer("mean", Average(divisor=9, axes=(1, 2)), value("average")),
        layer("dense", DENSE, value("mean"), weight("dense/kernel"), bias=bias("dense/bias", (batch, 4))),
    ]
    shapes: dict[str, Shape] = {"input": (batch, 4, 4, 2), "conv1": shape, "conv2": shape, "add": shape, "pool": shape}
    shapes |= {"concat": (batch, 4, 4, 6), "average": (batch, 3, 3, 6), "mean": (batch, 6), "dense": (batch, 4)}
    parameters = {
        "conv1/kernel": rng.normal(size=(3, 3, 2, 3)) / 3,
        "conv1/bias": rng.normal(size=3),
        "conv2/kernel": rng.normal(size=(3, 3, 3, 3)) / 4,
        "dense/kernel": rng.normal(size=(6, 4)),
        "dense/bias": rng.normal(size=4),
    }
    return network(["input"], layers, shapes, parameters, sites={"pool": "add"})


MIXED_SITES = [
    "input",
    "conv1/kernel",
    "conv1/bias",
    "conv1",
    "conv2/kernel",
    "conv2",
    "add",
    "concat",
    "average",
    "mean",
    "dense/kernel",
    "dense/bias",
    "dense",
]
