"""Prepares a model: folds, drops and equalizes, and proves on data that each step changed rounding noise alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import ml_dtypes
import numpy as np

from bitwindow.model.record import Model
from bitwindow.prepare.edits import Edits
from bitwindow.prepare.equalize import equalized
from bitwindow.prepare.fold import Fold, folds, identities, joined
from bitwindow.prepare.reading import Reading, read
from bitwindow.prepare.report import Report, Step
from bitwindow.prepare.rewrite import rewritten, runner
from bitwindow.prepare.samples import Samples, relative_change

NOISE_EPSILONS = 2**10
"""A step may change its values by this many epsilons of the network's dtype (1.2e-4 for float32) of the largest."""

_NOT_FINITE = "the values there are not finite on the data, so that nothing can be compared"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A prepared model, the model it was made of, and what was done.

    ``params`` of the model is a dictionary by name. ``settings`` are what ``prepare`` was called with: the same
    settings make the same program of the same original.
    """

    model: Model
    original: Model
    report: Report
    settings: Mapping[str, Any]


def prepare(
    model: Model,
    data: Any = None,
    *,
    fold: bool = True,
    equalize: bool = True,
    refused: tuple[str, ...] = (),
    params: Mapping[str, Any] | None = None,
) -> Prepared:
    """Prepare a model.

    Args:
        model: The model; it is not changed.
        data: Inputs to compare the float outputs on, structured as the example; drawn numbers when None.
        fold: Whether to fold affine chains into products and to drop identities.
        equalize: Whether to even out channel ranges across layers.
        refused: Layers that are not to be folded, as an earlier report refused them.
        params: The prepared parameters as they were saved: they are taken as they are, and nothing is compared.

    Returns:
        The prepared model and the report. A step that changes more than rounding noise is not in it, and the report
        says so.
    """
    samples = Samples.of(model, data)
    reading = read(model)
    if reading is None:
        what = "the function is another program for another batch size, so that nothing in it can be moved"
        report = Report(steps=(_refusal("network", what),), output_change=0.0, samples=samples.count, real=samples.real)
        return Prepared(model=model, original=model, report=report, settings={"fold": False, "equalize": False})
    steps: list[Step] = []
    prepared, kept_out = model, refused
    if fold:
        prepared, found, kept_out = _folded(model, reading, samples, refused, compare=params is None)
        steps += found
    if equalize:
        prepared, found = _equalized(prepared, samples, compare=params is None)
        steps += found
    if params is not None:
        prepared = _with(prepared, params)
    change = 0.0 if params is not None else samples.output_change(model, prepared)
    report = Report(steps=tuple(steps), output_change=change, samples=samples.count, real=samples.real)
    settings = {"fold": fold, "equalize": equalize, "refused": list(kept_out)}
    return Prepared(model=prepared, original=model, report=report, settings=settings)


def _folded(
    model: Model, reading: Reading, samples: Samples, kept_out: tuple[str, ...], *, compare: bool
) -> tuple[Model, list[Step], tuple[str, ...]]:
    found, refusals = folds(reading)
    out = [item for item in found if item.edit.product.layer in kept_out]
    found = [item for item in found if item not in out]
    dropped = identities(reading)
    changes: dict[int, float] = {}
    while True:
        edits = joined(reading, found, dropped)
        prepared = rewritten(model, reading, edits) if found or dropped else model
        if not compare or not found:
            break
        changes = _changes(model, reading, edits, found, samples)
        noisy = [item for item in found if not changes[item.watched] <= _noise(reading, item)]
        if not noisy:
            break
        # An earlier fold's noise reaches the later ones: only the first is to blame for sure.
        change = changes[noisy[0].watched]
        refusals.append(_incomparable(noisy[0]) if np.isnan(change) else replace(_too_much(noisy[0]), change=change))
        kept_out = (*kept_out, noisy[0].edit.product.layer)
        found = [item for item in found if item is not noisy[0]]
    steps = [replace(item.step, change=changes.get(item.watched)) for item in found]
    if dropped:
        steps.append(Step(kind="drop", layer="network", what=f"left out {len(dropped)} operations that change nothing"))
    return prepared, [*steps, *refusals], kept_out


def _changes(model: Model, reading: Reading, edits: Edits, found: list[Fold], samples: Samples) -> dict[int, float]:
    watched = [item.watched for item in found]
    before, after = runner(model, reading, Edits()), runner(model, reading, edits)
    params = dict(rewritten(model, reading, edits).params)
    old = dict(zip(reading.leaf_names.values(), jax.tree.leaves(model.params), strict=True))
    one = jax.jit(lambda params, inputs: before(params, inputs, watched)[1])(old, samples.inputs)
    other = jax.jit(lambda params, inputs: after(params, inputs, watched)[1])(params, samples.inputs)
    return {variable: relative_change(one[variable], other[variable]) for variable in watched}


def _equalized(model: Model, samples: Samples, *, compare: bool) -> tuple[Model, list[Step]]:
    reading = read(model)
    result = None if reading is None else equalized(reading)
    if reading is None or result is None:
        return model, []
    prepared = rewritten(model, reading, result.edits)
    change = samples.output_change(model, prepared) if compare else 0.0
    if np.isnan(change):
        return model, [_refusal("network", f"channel ranges are left as they are: {_NOT_FINITE}")]
    if change > 0.0 and change > NOISE_EPSILONS * np.finfo(np.float32).eps:
        what = f"equalization changes the float outputs by {change:.1e} of the largest, more than rounding noise"
        return model, [_refusal("network", what)]
    return prepared, [replace(step, change=change) for step in result.steps]


def _noise(reading: Reading, item: Fold) -> float:
    numbers: Any = ml_dtypes.finfo
    epsilon = float(numbers(reading.flow.program.dtypes[item.watched]).eps)
    return min(NOISE_EPSILONS * epsilon, 0.05)


def _too_much(item: Fold) -> Step:
    return _refusal(item.edit.product.layer, f"{item.step.what}: it would change more than rounding noise")


def _incomparable(item: Fold) -> Step:
    return _refusal(item.edit.product.layer, f"{item.step.what}: {_NOT_FINITE}")


def _refusal(layer: str, what: str) -> Step:
    return Step(kind="refused", layer=layer, what=what)


def _with(model: Model, params: Mapping[str, Any]) -> Model:
    return Model(model.fn, dict(params), model.example, name=model.name, source=model.source, origin=model.origin)
