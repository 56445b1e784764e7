from __future__ import annotations

import hashlib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import bitwindow.demo
from bitwindow.demo import Digits, digits, forward
from bitwindow.demo.network import SHAPES, initial_parameters


@pytest.fixture(scope="module")
def demo() -> Digits:
    return digits()


def test_the_network_has_about_a_hundred_thousand_parameters(demo: Digits) -> None:
    assert sum(np.size(leaf) for leaf in jax.tree.leaves(demo.model.params)) == 105_866
    assert {name: layer["kernel"].shape for name, layer in demo.model.params.items()} == SHAPES


def test_the_float_network_reads_the_test_images(demo: Digits) -> None:
    logits = forward(demo.model.params, jnp.asarray(demo.x))
    assert float(np.mean(np.argmax(logits, axis=-1) == demo.y)) >= 0.975


def test_the_images_are_bytes_over_255(demo: Digits) -> None:
    for images in (demo.x, demo.calibration):
        assert images.dtype == np.float32
        assert images.min() == 0
        assert images.max() == 1
        assert np.array_equal(np.round(images * 255).astype(np.float32) / np.float32(255), images)


def test_no_test_image_is_a_calibration_image(demo: Digits) -> None:
    prints = [[hashlib.sha256(image.tobytes()).digest() for image in images] for images in (demo.x, demo.calibration)]
    assert not set(prints[0]) & set(prints[1])
    assert len(set(prints[0])) == 1000


def test_every_digit_is_there(demo: Digits) -> None:
    assert np.bincount(demo.y, minlength=10).min() >= 80


def test_the_files_are_small() -> None:
    folder = Path(bitwindow.demo.__file__).parent
    assert sum(path.stat().st_size for path in folder.glob("*.npz")) < 700_000
    assert "CC BY-SA 3.0" in (folder / "LICENSES.md").read_text()


def test_training_starts_from_the_shapes_that_the_network_takes() -> None:
    params = jax.eval_shape(initial_parameters, 0)
    assert jax.eval_shape(forward, params, jnp.zeros((2, 28, 28, 1))).shape == (2, 10)
    assert {name: (layer["kernel"].shape, layer["bias"].shape) for name, layer in params.items()} == {
        name: (shape, shape[-1:]) for name, shape in SHAPES.items()
    }
