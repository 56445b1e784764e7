"""A batch-norm that is not finite is named and left alone, and so is what nothing can be compared on."""

from __future__ import annotations

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.prepare.prepare import prepare
from tests.prepare import networks

EPSILON = 1e-5  # of networks.normed


def with_variance(kind: str, value: float, *, ahead: bool = False) -> bw.Model:
    """A product and a batch-norm with this variance in one channel."""
    model = networks.foldable(kind, ahead=ahead, bias=False)
    model.params["norm"]["var"][1] = value
    model.params["norm"]["scale"][1] = 2.0
    return model


@pytest.mark.parametrize("kind", ["dense", "conv2d", "depthwise"])
@pytest.mark.parametrize("value", [np.nan, -np.inf, -1.0, -EPSILON])
def test_a_variance_that_is_none_is_named_and_not_folded(kind: str, value: float) -> None:
    model = with_variance(kind, value)
    made = prepare(model, model.example)
    size = model.params["norm"]["var"].size
    what = "not above zero" if np.isfinite(value) else "NaN or infinite"
    assert not made.report.done
    assert [(step.layer, step.what) for step in made.report.refused] == [
        ("product", f"not folded: the mul behind it is not finite (norm/var is {what} in 1 of {size})")
    ]
    before, after = (np.asarray(each.fn(each.params, model.example)) for each in (model, made.model))
    assert not np.all(np.isfinite(before))
    np.testing.assert_array_equal(after, before)
    assert made.report.output_change == 0.0


@pytest.mark.parametrize("value", [np.nan, -1.0])
def test_ahead_of_a_product(value: float) -> None:
    model = with_variance("dense", value, ahead=True)
    report = prepare(model, model.example).report
    what = "not above zero" if np.isfinite(value) else "NaN or infinite"
    assert not report.done
    assert [step.what for step in report.refused] == [
        f"not folded into the product behind it: the scaling before it is not finite (norm/var is {what} in 1 of 5)"
    ]
    assert np.isnan(report.output_change)
    assert "the float outputs are not finite on any of 4 samples" in str(report)


@pytest.mark.parametrize("value", [-EPSILON / 2, 0.0, np.inf])
def test_what_is_finite_with_its_epsilon_is_folded(value: float) -> None:
    made = prepare(model := with_variance("dense", value), model.example)
    assert [step.kind for step in made.report.done] == ["fold"]
    assert made.report.output_change < 1e-5


def test_layers_behind_it_have_nothing_to_be_compared_on() -> None:
    model = networks.residual()
    model.params["a"]["var"][:] = np.nan
    report = prepare(model, model.example).report
    assert not report.done
    assert [step.layer for step in report.refused] == ["one", "two"]
    assert report.refused[0].what.startswith("not folded: the mul behind it is not finite")
    assert report.refused[1].what.endswith(
        "4 channels: the values there are not finite on the data, so that nothing can be compared"
    )


def test_weights_that_are_not_finite_are_not_evened_out() -> None:
    model = networks.bad_channels()
    model.params["head"]["kernel"][0, 0] = np.inf
    made = prepare(model, model.example)
    assert not made.report.done
    for value in (np.nan, 0.0):
        model.params["first"]["kernel"][..., 0] = value
        prepare(model, model.example)
