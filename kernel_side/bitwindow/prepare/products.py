"""The products of a network (convolutions and contractions with a parameter) and their axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bitwindow.network.channels import output_axis, weight_axis
from bitwindow.network.exact import product_group
from bitwindow.network.program import Atom, Equation
from bitwindow.network.records import Contraction, Convolution
from bitwindow.prepare.affine import Numbers
from bitwindow.prepare.reading import Reading


@dataclass(frozen=True, kw_only=True)
class Product:
    """One convolution or contraction of the value ``value`` with the parameter ``weight``, operand ``place``.

    ``out_weight`` is the weight's axis of output features, ``out_axis`` the output's; ``in_axis`` is the axis of the
    value that the product sums over, None where it is not one.
    """

    position: int
    equation: Equation
    layer: str
    operation: Convolution | Contraction
    place: int
    weight: Atom
    value: int
    output: int
    out_weight: int | None
    out_axis: int | None
    in_axis: int | None

    @property
    def groups(self) -> int:
        """How many groups of channels a convolution keeps apart."""
        return self.operation.feature_group_count if isinstance(self.operation, Convolution) else 1

    @property
    def padded(self) -> bool:
        """Whether the product reads zeros beside or between its values."""
        if isinstance(self.operation, Contraction):
            return False
        return any(pair != (0, 0) for pair in self.operation.padding) or set(self.operation.lhs_dilation) != {1}


def products(reading: Reading) -> list[Product]:
    """Return the products of a network in the order of the program; one of two activations has no weight to change."""
    found: list[Product] = []
    for position, equation in enumerate(reading.flow.equations):
        group = product_group(reading.flow, position)
        if group is None or not any(reading.flow.statics.is_static(atom) for atom in equation.inputs):
            continue
        if isinstance(group.operation, Convolution | Contraction):
            found.append(_product(reading, position, group.operation, len(found) + 1))
    return found


def _product(reading: Reading, position: int, operation: Convolution | Contraction, number: int) -> Product:
    flow = reading.flow
    equation = flow.equations[position]
    place = 0 if flow.statics.is_static(equation.inputs[0]) else 1
    weight, value = equation.inputs[place], equation.inputs[1 - place]
    assert isinstance(value, int)  # noqa: S101 (a product reads a value)
    ranks = [len(flow.program.shapes[atom]) if isinstance(atom, int) else 0 for atom in equation.inputs]
    if isinstance(operation, Convolution):
        simple = operation.batch_group_count == 1
        in_axis: int | None = operation.lhs_spec[1] if simple else None
    else:
        summed = operation.contracting[1 - place]
        simple = not operation.batch[0]
        in_axis = summed[0] if len(summed) == 1 and simple else None
    return Product(
        position=position,
        equation=equation,
        layer=reading.layer(weight, number),
        operation=operation,
        place=place,
        weight=weight,
        value=value,
        output=equation.outputs[0],
        out_weight=weight_axis(operation, place, ranks[place]) if simple else None,
        out_axis=output_axis(operation, place, (ranks[0], ranks[1])) if simple else None,
        in_axis=in_axis,
    )


def scaled_outputs(product: Product, weight: Numbers, scale: Numbers) -> Numbers:
    """Return the weight with its output features scaled."""
    return weight * along(scale, weight.ndim, product.out_weight)


def scaled_inputs(product: Product, weight: Numbers, scale: Numbers) -> Numbers:
    """Return the weight with its input features scaled; ``scale`` has one number per feature of the value."""
    spread = _per_output(product, weight, scale)
    return weight * spread


def constant_part(product: Product, weight: Numbers, shift: Numbers) -> Numbers:
    """Return what a constant ``shift`` of the value's features adds to each output feature."""
    spread = np.broadcast_to(_per_output(product, weight, shift), weight.shape)
    axes = tuple(axis for axis in range(weight.ndim) if axis != product.out_weight)
    total: Numbers = np.sum(weight * spread, axis=axes)
    return total


def input_ranges(product: Product, weight: Numbers) -> Numbers:
    """Return the largest magnitude of the weights that read each feature of the value."""
    sizes = np.abs(weight)
    axis = input_axis(product)
    if product.groups == 1:
        whole: Numbers = np.max(sizes, axis=tuple(other for other in range(weight.ndim) if other != axis))
        return whole
    assert product.out_weight is not None  # noqa: S101 (a convolution has one)
    grouped = np.moveaxis(sizes, (product.out_weight, axis), (0, 1))
    grouped = grouped.reshape(product.groups, -1, grouped.shape[1], int(np.prod(grouped.shape[2:])))
    ranges: Numbers = np.max(grouped, axis=(1, 3)).reshape(-1)
    return ranges


def input_axis(product: Product) -> int:
    """Return the weight's axis of input features."""
    if isinstance(product.operation, Convolution):
        return product.operation.rhs_spec[1]
    return product.operation.contracting[product.place][0]


def along(numbers: Numbers, rank: int, axis: int | None) -> Numbers:
    """Return a vector laid along one axis of an array of ``rank`` axes."""
    return numbers.reshape([-1 if index == axis else 1 for index in range(rank)])


def _per_output(product: Product, weight: Numbers, numbers: Numbers) -> Numbers:
    """Lay one number per input feature over a weight; in groups, an output reads its own group's features only."""
    axis = input_axis(product)
    if product.groups == 1:
        return along(numbers, weight.ndim, axis)
    assert product.out_weight is not None  # noqa: S101 (a convolution has one)
    outputs = weight.shape[product.out_weight]
    rows: Any = np.repeat(numbers.reshape(product.groups, -1), outputs // product.groups, axis=0)
    shape = [1] * weight.ndim
    shape[0], shape[1] = rows.shape
    return np.moveaxis(rows.reshape(shape), (0, 1), (product.out_weight, axis))
