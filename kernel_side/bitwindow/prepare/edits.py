"""What preparation changes in a program, as data: products with new parameters, and equations that are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bitwindow.network.names import Namer, prefix_of
from bitwindow.network.program import Constant
from bitwindow.prepare.affine import Numbers, numbers_of
from bitwindow.prepare.products import Product
from bitwindow.prepare.reading import Reading


@dataclass(frozen=True, kw_only=True)
class ProductEdit:
    """A product whose weight is replaced, and to whose output a bias is added.

    ``weight`` has the layout that the product reads; ``bias`` has one number per output feature, or is None.
    """

    product: Product
    weight: Numbers
    bias: Numbers | None


@dataclass(frozen=True, kw_only=True)
class Edits:
    """All changes of one program, by the index of the equation.

    ``products`` have new parameters; a ``skipped`` equation does nothing and hands on the variable given for it.
    """

    products: Mapping[int, ProductEdit] = field(default_factory=dict)
    skipped: Mapping[int, int] = field(default_factory=dict)


def weight_of(reading: Reading, product: Product) -> Numbers:
    """Return a product's weight in float64, in the layout that the product reads."""
    shape = () if isinstance(product.weight, Constant) else reading.flow.program.shapes[product.weight]
    return np.array(np.broadcast_to(numbers_of(reading.flow, product.weight), shape))


def live_leaves(reading: Reading, edits: Edits) -> set[int]:
    """Return the variables that the edited program still reads."""
    program = reading.flow.program
    needed = {atom for atom in program.outputs if isinstance(atom, int)}
    for equation in reversed(program.equations):
        if not needed.intersection(equation.outputs):
            continue
        atoms = equation.inputs
        if equation.index in edits.products:
            atoms = (edits.products[equation.index].product.value,)
        elif equation.index in edits.skipped:
            atoms = (edits.skipped[equation.index],)
        needed.update(atom for atom in atoms if isinstance(atom, int))
    return needed


def new_parameters(reading: Reading, edits: Edits) -> tuple[dict[str, Any], dict[int, tuple[str, str]]]:
    """Return the edited program's parameters by name, and for each edited product its weight's and bias's names."""
    live = live_leaves(reading, edits)
    params: dict[str, Any] = {
        name: reading.flow.statics.value(variable) for variable, name in reading.leaf_names.items() if variable in live
    }
    namer = Namer(params)
    names: dict[int, tuple[str, str]] = {}
    for index, edit in edits.products.items():
        atom = edit.product.weight
        dtype = reading.flow.program.dtypes[edit.product.output]
        wanted = reading.name(atom) or f"{edit.product.layer.replace(' ', '')}/kernel"
        weight = namer.unique(wanted)
        params[weight] = edit.weight.astype(dtype)
        prefix = prefix_of(wanted)
        bias = namer.unique(f"{prefix}/bias" if prefix else f"{wanted}_bias") if edit.bias is not None else ""
        if edit.bias is not None:
            params[bias] = edit.bias.astype(dtype)
        names[index] = (weight, bias)
    return params, names
