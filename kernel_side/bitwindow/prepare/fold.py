"""Folding: affine chains behind and before products become part of their weights and biases; identities go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bitwindow.prepare.affine import Numbers, is_affine
from bitwindow.prepare.chains import Chain, before, behind, broken_behind
from bitwindow.prepare.edits import Edits, ProductEdit, weight_of
from bitwindow.prepare.products import Product, constant_part, products, scaled_inputs, scaled_outputs
from bitwindow.prepare.reading import Reading
from bitwindow.prepare.report import Step

_NEUTRAL = {"add": 0.0, "add_any": 0.0, "sub": 0.0, "mul": 1.0, "div": 1.0}


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One product with what it takes in; ``watched`` is the variable whose value must stay the same."""

    edit: ProductEdit
    members: frozenset[int]
    step: Step
    watched: int


def folds(reading: Reading) -> tuple[list[Fold], list[Step]]:
    """Return what can be folded, and the refusals."""
    found: list[Fold] = []
    refused: list[Step] = []
    all_products = products(reading)
    chains = {product.position: behind(reading, product) for product in all_products}
    taken = frozenset(index for chain in chains.values() if chain for index in chain.members)
    for product in all_products:
        chain = chains[product.position]
        fold = _fold(reading, product, chain, before(reading, product, taken))
        if isinstance(fold, Fold):
            found.append(fold)
        elif fold:
            refused.append(Step(kind="refused", layer=product.layer, what=fold))
        if broken := broken_behind(reading, product, chain):
            refused.append(Step(kind="refused", layer=product.layer, what=broken))
    return found, refused


def identities(reading: Reading) -> frozenset[int]:
    """Return the equations that change no number."""
    flow = reading.flow
    found = []
    for equation in flow.equations:
        operands = flow.operands(equation)
        if len(operands) != 1 or not is_affine(flow, equation, operands[0]):
            continue
        if equation.primitive not in _NEUTRAL:
            found.extend([equation.index] if equation.primitive != "neg" else [])
            continue
        value = operands[0]
        other = equation.inputs[1] if equation.inputs[0] == value else equation.inputs[0]
        number = flow.statics.scalar(other)
        if number == _NEUTRAL[equation.primitive] and not (equation.primitive == "sub" and other == equation.inputs[0]):
            found.append(equation.index)
    return frozenset(found)


def joined(reading: Reading, found: list[Fold], dropped: frozenset[int]) -> Edits:
    """Return the edits of several folds, with identities left out."""
    indices = dropped.union(*(fold.members for fold in found))
    flow = reading.flow
    skipped = {item.index: flow.operands(item)[0] for item in flow.equations if item.index in indices}
    return Edits(products={fold.edit.product.equation.index: fold.edit for fold in found}, skipped=skipped)


def _fold(reading: Reading, product: Product, chain: Chain | None, ahead: Chain | str | None) -> Fold | str | None:
    useful = chain is not None and chain.multiplies
    if not useful and ahead is None:
        return _why_not_behind(reading, product.output if chain is None else chain.last)
    if isinstance(ahead, str) and not useful:
        return f"not folded into the product behind it: {ahead}"
    if reading.shared(product.weight):
        return "not folded: another layer reads the same weights"
    first = ahead if isinstance(ahead, Chain) else None
    weight = weight_of(reading, product)
    bias: Numbers | None = None
    if first is not None:
        bias = constant_part(product, weight, first.shift) if np.any(first.shift) else None
        weight = scaled_inputs(product, weight, first.scale)
    if chain is not None:
        weight = scaled_outputs(product, weight, chain.scale)
        bias = chain.shift + (0.0 if bias is None else bias * chain.scale)
    if bias is not None and (product.out_axis is None or product.out_weight is None):
        return "not folded: the product has several axes of output features"
    members = frozenset((*(chain.members if chain else ()), *(first.members if first else ())))
    return Fold(
        edit=ProductEdit(product=product, weight=weight, bias=bias if bias is None or np.any(bias) else None),
        members=members,
        step=_step(product, chain if useful else None, first),
        watched=chain.last if chain else product.output,
    )


def _why_not_behind(reading: Reading, variable: int) -> str | None:
    """Return why a chain that reads a product's variable was not taken in, if it begins with a number a channel."""
    flow = reading.flow
    readers = [flow.equations[position] for position in flow.readers.get(variable, [])]
    chains = [equation for equation in readers if is_affine(flow, equation, variable)]
    apart = [
        equation
        for equation in chains
        if any(flow.statics.is_static(atom) and np.size(flow.statics.value(atom)) > 1 for atom in equation.inputs)
    ]
    if len(readers) < 2 or not apart:
        return None
    return f"not folded: the {apart[0].primitive} behind it is not alone in reading its output"


def _step(product: Product, chain: Chain | None, first: Chain | None) -> Step:
    parts = []
    if chain is not None:
        parts.append(f"took in {_words(chain)} behind it, {len(chain.scale)} channels")
    if first is not None:
        parts.append(f"took in {_words(first)} before it, {len(first.scale)} features")
    return Step(kind="fold" if chain else "fold before", layer=product.layer, what="; ".join(parts))


def _words(chain: Chain) -> str:
    return ", ".join(dict.fromkeys(name for name in chain.primitives if name not in {"copy", "convert_element_type"}))
