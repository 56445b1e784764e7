"""A quantizer comes back from its file whole, and only with its own function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import bitwindow as bw

X = np.random.default_rng(11).normal(size=(20, 6)).astype(np.float32)
Y = np.arange(20) % 3


def network(params: Any, x: Any) -> Any:
    return x @ params["out"]["kernel"] + params["out"]["bias"]


def other(params: Any, x: Any) -> Any:
    return (x * x) @ params["out"]["kernel"]


@pytest.fixture
def saved(tmp_path: Path) -> tuple[bw.Quantizer, Path]:
    rng = np.random.default_rng(5)
    params = {"out": {"kernel": rng.normal(size=(6, 3)).astype("f4"), "bias": rng.normal(size=3).astype("f4")}}
    q = bw.Quantizer(bw.Model(network, params, X[:2])).calibrate(X, progress=False).assign("mse", 6)
    q["out/bias"].format = "sfix8_En4"
    q.rounding, q.overflow, q.accumulator_bits = "convergent", "wrap", 16
    return q, q.save(tmp_path / "net.bitwindow")


def test_everything_comes_back(saved: tuple[bw.Quantizer, Path]) -> None:
    q, path = saved
    back = bw.load(path, fn=network)
    assert isinstance(back, bw.Quantizer)
    assert back.state == q.state
    assert back.calibration == q.calibration
    assert [site.counts for site in back.sites.values()] == [site.counts for site in q.sites.values()]
    np.testing.assert_array_equal(back(X), q(X))
    assert back.validate(X, Y) == q.validate(X, Y)
    back.calibrate(X, progress=False)
    assert back.state == q.state


def test_without_the_function_it_says_what_to_pass(saved: tuple[bw.Quantizer, Path]) -> None:
    came_from = rf"It was {network.__module__}:network when"
    with pytest.raises(bw.SessionFileError, match=rf"wanted fn=.*{came_from}.*bitwindow\.load\("):
        bw.load(saved[1])


def test_a_function_that_cannot_be_imported_has_no_name_in_the_file(tmp_path: Path) -> None:
    model = bw.Model(lambda params, x: x @ params, np.ones((6, 3), np.float32), X[:2])
    path = bw.Quantizer(model).save(tmp_path / "net.bitwindow")
    with pytest.raises(bw.SessionFileError, match=r"not its code\. Import it"):
        bw.load(path)


def test_another_function_is_refused(saved: tuple[bw.Quantizer, Path]) -> None:
    with pytest.raises(bw.SessionFileError, match="Pass the function the file was saved with"):
        bw.load(saved[1], fn=other)


@pytest.mark.parametrize("batch", [0, -3, 2**16 + 1, 2.5, True, "4"])
def test_a_chunk_that_no_file_could_hold_is_refused_when_it_is_asked_for(batch: Any) -> None:
    model = bw.Model(lambda params, x: x @ params, np.ones((3, 2), np.float32), np.ones((1, 3), np.float32))
    with pytest.raises(bw.SettingError, match="batch: wanted an integer from 1 to 65536 or None"):
        bw.Quantizer(model, batch=batch)


def test_the_size_of_a_chunk_comes_back_where_it_was_asked_for(tmp_path: Path) -> None:
    def forward(params: Any, x: Any) -> Any:
        return jax.nn.softmax(jnp.tanh(x @ params["w"]) @ params["w"])

    params = {"w": np.random.default_rng(6).normal(size=(6, 6)).astype("f4")}
    q = bw.Quantizer(bw.Model(forward, params, X[:2]), batch=3).calibrate(X, progress=False)
    back = bw.load(q.save(tmp_path / "net.bitwindow"), fn=forward)
    assert back.network.batch == 3
    # The last bits of a float output depend on the shape that it was compiled for.
    np.testing.assert_array_equal(back(X), q(X))
