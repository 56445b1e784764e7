"""No step on a network that invites a wrong one; and every step that is right is made, and changes only noise."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.prepare.prepare import Prepared, prepare
from tests.prepare.adversarial import EVENED, FOLDED, NOT_EVENED, NOT_FOLDED
from tests.prepare.networks import drawn

NOISE = 1e-5


def prepared(model: bw.Model) -> Prepared:
    """Prepare on some inputs, and compare the function on others."""
    shape = np.shape(jax.tree.leaves(model.example)[0])[1:]
    made = prepare(model, drawn(8, *shape))
    x = drawn(5, *shape)
    before, after = (jax.tree.leaves(jax.jit(each.fn)(each.params, x)) for each in (model, made.model))
    for one, other in zip(before, after, strict=True):
        assert np.max(np.abs(np.asarray(one) - np.asarray(other))) <= NOISE * np.max(np.abs(one))
    assert made.report.output_change <= NOISE
    return made


def kinds(made: Prepared) -> set[str]:
    return {step.kind for step in made.report.done}


@pytest.mark.parametrize("name", FOLDED)
def test_what_can_be_folded_is(name: str) -> None:
    assert kinds(prepared(FOLDED[name])) & {"fold", "fold before"}


@pytest.mark.parametrize("name", NOT_FOLDED)
def test_what_cannot_be_folded_is_not(name: str) -> None:
    assert not kinds(prepared(NOT_FOLDED[name])) & {"fold", "fold before"}


def test_a_norm_that_does_not_read_alone_is_named() -> None:
    refused = prepared(NOT_FOLDED["product read by two"]).report.refused
    assert [(step.layer, step.what) for step in refused] == [
        ("a", "not folded: the sub behind it is not alone in reading its output")
    ]
    assert not prepared(NOT_EVENED["gelu"]).report.refused


@pytest.mark.parametrize("name", EVENED)
def test_channels_are_evened_out_through_what_is_homogeneous(name: str) -> None:
    model = EVENED[name]
    made = prepared(model)
    assert "equalize" in kinds(made)
    first = next(value for key, value in made.model.params.items() if key.startswith("a/") and "kernel" in key)
    ranges = [np.abs(np.asarray(kernel)).max(axis=(0, 1, 2)) for kernel in (model.params["a"]["kernel"], first)]
    spreads = [float(np.log2(each.max() / each.min())) for each in ranges]
    assert spreads[1] < spreads[0] - 2


@pytest.mark.parametrize("name", NOT_EVENED)
def test_channels_are_left_alone_where_something_else_lies_between(name: str) -> None:
    assert "equalize" not in kinds(prepared(NOT_EVENED[name]))
