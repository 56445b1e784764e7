"""Folding and equalization change the program and not the function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.network.trace import trace
from bitwindow.prepare.prepare import Prepared, prepare
from tests.prepare import networks

KINDS = ("conv1d", "conv2d", "grouped", "depthwise", "dense")
NOISE = 2.0**-19


def in_float64(made: Prepared, x: Any) -> float:
    """Return the relative change of the outputs, both programs run by the same float32 operations."""
    wanted = np.asarray(made.original.fn(made.original.params, x), np.float64)
    found = np.asarray(made.model.fn(made.model.params, x), np.float64)
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def notes(model: bw.Model) -> dict[str, str]:
    return {layer.name: layer.note for layer in trace(model, 2).layers}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_batch_norm_goes_into_the_product(kind: str, *, ahead: bool, bias: bool) -> None:
    model = networks.foldable(kind, ahead=ahead, bias=bias)
    made = prepare(model, model.example)
    assert [(step.kind, step.layer) for step in made.report.done] == [("fold before" if ahead else "fold", "product")]
    assert in_float64(made, model.example) < NOISE
    assert made.report.output_change < NOISE
    assert set(made.model.params) == {"product/kernel", "product/bias"}
    assert set(notes(made.model).values()) == {"quantized"}
    assert list(notes(made.model)) == ["product"]


@pytest.mark.parametrize(
    ("make", "left"),
    [
        (networks.relu_between, "norm"),
        (networks.two_readers, "norm"),
        (networks.padded_ahead, "norm"),
        (networks.shared_weights, "norm"),
    ],
)
def test_what_cannot_be_folded_stays(make: Callable[[], bw.Model], left: str) -> None:
    model = make()
    made = prepare(model, model.example)
    assert not [step for step in made.report.done if step.kind.startswith("fold")]
    assert left in notes(made.model)
    np.testing.assert_array_equal(
        made.model.fn(made.model.params, model.example), model.fn(model.params, model.example)
    )


def test_refusals_say_why() -> None:
    padded = prepare(networks.padded_ahead()).report.refused
    assert [step.what for step in padded] == [
        "not folded into the product behind it: the product pads with zeros, which the sum before it would have shifted"
    ]
    shared = prepare(networks.shared_weights()).report.refused
    assert {step.what for step in shared} == {"not folded: another layer reads the same weights"}


def test_both_branches_of_a_residual_block() -> None:
    model = networks.residual()
    made = prepare(model, model.example)
    assert [(step.kind, step.layer) for step in made.report.done if step.kind == "fold"] == [
        ("fold", "one"),
        ("fold", "two"),
    ]
    assert in_float64(made, model.example) < NOISE
    assert set(notes(made.model).values()) == {"quantized"}


def test_channels_that_a_reshape_spreads_over_features() -> None:
    model = networks.flattened()
    made = prepare(model, model.example)
    assert [step.kind for step in made.report.done] == ["fold before"]
    assert in_float64(made, model.example) < NOISE


def test_a_step_that_changes_more_than_noise_is_refused() -> None:
    model = networks.foldable("dense", ahead=False, bias=False)
    # A mean a million times the spread: folding it would subtract two large numbers in float32.
    model.params["norm"]["mean"] = model.params["norm"]["mean"] + np.float32(3e6)
    model.params["norm"]["bias"] = model.params["norm"]["bias"] + np.float32(3e6) * (
        model.params["norm"]["scale"] / np.sqrt(model.params["norm"]["var"] + np.float32(1e-5))
    )
    made = prepare(model, model.example)
    assert not made.report.done
    assert "it would change more than rounding noise" in made.report.refused[0].what
    np.testing.assert_array_equal(
        made.model.fn(made.model.params, model.example), model.fn(model.params, model.example)
    )


def test_equalization_changes_no_bit_of_the_output() -> None:
    model = networks.bad_channels()
    made = prepare(model, model.example)
    assert [(step.kind, step.layer) for step in made.report.done] == [("equalize", "first")]
    np.testing.assert_array_equal(
        made.model.fn(made.model.params, model.example), model.fn(model.params, model.example)
    )
    ranges = [
        np.abs(np.asarray(kernel)).max(axis=(0, 1, 2))
        for kernel in (model.params["first"]["kernel"], made.model.params["first/kernel"])
    ]
    spreads = [float(np.log2(each.max() / each.min())) for each in ranges]
    assert spreads[0] > 11
    assert spreads[1] < 2.5


def test_equalized_channels_lose_less_to_eight_bits() -> None:
    model = networks.bad_channels()
    wanted = np.asarray(model.fn(model.params, model.example))
    errors = []
    for equalize in (False, True):
        q = bw.Quantizer(model, batch=4)
        q.prepare(model.example, equalize=equalize)
        q.calibrate(model.example, progress=False).assign("minmax", 8)
        errors.append(float(np.abs(q(model.example) - wanted).max()))
    assert errors[1] < 0.5 * errors[0]


def test_the_prepared_function_runs_at_every_batch_size_and_under_jit() -> None:
    model = networks.residual()
    made = prepare(model, model.example)
    whole = np.asarray(jax.jit(made.model.fn)(made.model.params, model.example))
    part = np.asarray(jax.jit(made.model.fn)(made.model.params, model.example[1:2]))
    np.testing.assert_allclose(part, whole[1:2], rtol=1e-5, atol=1e-5)


def test_a_prepared_quantizer_comes_back_bit_for_bit(tmp_path: Path) -> None:
    model = networks.residual()
    q = bw.Quantizer(model, batch=4)
    report = q.prepare(model.example)
    assert q.preparation is report
    assert [step.kind for step in report.done].count("fold") == 2
    assert str(report).startswith(f"{len(report.done)} steps, 0 refused; the float outputs change by at most")
    q.calibrate(model.example, progress=False)
    back = bw.load(q.save(tmp_path / "net.bitwindow"), fn=model.fn)
    assert back.state == q.state
    assert list(back.model.params) == list(q.model.params)
    for name, array in q.model.params.items():
        np.testing.assert_array_equal(back.model.params[name], array)
    again = bw.load(back.save(tmp_path / "again.bitwindow"), fn=model.fn)
    assert again.state == q.state


def test_a_product_of_two_activations_is_left_alone() -> None:
    model = networks.attention()
    made = prepare(model, model.example)
    assert [step.layer for step in made.report.done if step.kind == "fold"] == ["query"]
    assert in_float64(made, model.example) < NOISE


def test_words_for_what_cannot_be_prepared() -> None:
    model = networks.residual()
    with pytest.raises(bw.DataError, match=r"prepare: wanted arrays of shape \(samples, "):
        prepare(model, np.zeros((2, 5, 5, 4), np.float32))
    with pytest.raises(bw.DataError, match="prepare: wanted data structured as the example"):
        prepare(model, (model.example, model.example))


def test_listeners_hear_of_a_preparation_and_an_open_panel_refuses_it() -> None:
    model = networks.residual()
    q = bw.Quantizer(model, batch=4)
    heard: list[str] = []
    q.listen(heard.append)
    q.prepare(model.example)
    assert heard == ["calibration"]
    panel = q.panel()
    with pytest.raises(bw.SettingError, match="prepare: wanted a quantizer that is not displayed"):
        q.prepare(model.example)
    panel.close()
    heard.clear()
    q.calibrate(model.example, progress=False)
    assert "calibration" in heard
