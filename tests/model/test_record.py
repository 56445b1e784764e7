"""What a model may be made of, and the words when it may not."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from bitwindow.errors import ModelError
from bitwindow.model.record import Model

W = np.ones((3, 2), np.float32)


def dense(params: Any, x: Any) -> Any:
    return x @ params["w"]


def test_shapes_at_another_batch() -> None:
    model = Model(dense, {"w": W}, np.zeros((4, 3)))
    assert model.batch == 4
    (shape,) = model.at_batch(7)
    assert shape.shape == (7, 3)
    assert shape.dtype == np.float32


def test_leaves_follow_the_example() -> None:
    model = Model(lambda p, x: x["a"] + x["b"], {}, {"b": np.zeros((2, 1)), "a": np.ones((2, 1))})
    first, second = model.leaves({"a": np.full((5, 1), 1.0), "b": np.full((5, 1), 2.0)})
    assert (first[0, 0], second[0, 0]) == (1.0, 2.0)
    with pytest.raises(ModelError, match="wanted inputs of the example's structure"):
        model.leaves(np.zeros((5, 1)))


def test_argument_names() -> None:
    pair = (np.zeros((2, 3)), np.zeros((2, 3)))
    assert Model(lambda p, image, text: image + text, {}, pair).argument_names == ("image", "text")
    assert Model(lambda p, *xs: xs[0] + xs[1], {}, pair).argument_names == ("input_1", "input_2")


def test_float64_parameters_become_float32() -> None:
    model = Model(dense, {"w": W.astype(np.float64)}, np.zeros((4, 3)))
    assert model.params["w"].dtype == np.float32


def test_half_precision_and_scalars_stay() -> None:
    params = {"w": jnp.asarray(W, jnp.bfloat16), "gain": 2.0}
    model = Model(lambda p, x: x @ p["w"] * p["gain"], params, np.zeros((4, 3), np.float32))
    assert model.params["w"].dtype == jnp.bfloat16
    assert np.shape(model.params["gain"]) == ()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Model(3, {"w": W}, np.zeros((4, 3))), r"fn: wanted a function fn\(params, \*inputs\), got int"),  # type: ignore[arg-type]
        (lambda: Model(dense, {"w": np.array([object()])}, np.zeros((4, 3))), "parameter w: .* got dtype object"),
        (lambda: Model(dense, {"w": W, "mode": "same"}, np.zeros((4, 3))), "parameter mode: .* got str"),
        (lambda: Model(dense, {"w": W}, np.zeros((0, 3))), "batch of at least one sample, got an empty first axis"),
        (lambda: Model(dense, {"w": W}, np.float32(1)), "wanted a first axis that counts samples, got a scalar"),
        (lambda: Model(dense, {"w": W}, ()), "example: wanted an array, or a tuple or dictionary"),
        (lambda: Model(dense, {"w": W}, [[1.0, 2.0, 3.0]]), "wanted an array, got float"),
        (
            lambda: Model(lambda p, a, b: a + b, {}, (np.zeros((2, 3)), np.zeros((3, 3)))),
            "the same number of samples in every array",
        ),
        (lambda: Model(lambda p, x: None, {}, np.zeros((2, 3))), "a function that returns an array"),
    ],
)
def test_words_for_bad_parts(make: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        make()


def test_an_error_of_the_function_is_the_cause() -> None:
    with pytest.raises(
        ModelError, match=r"runs on the example \(inputs of shape \[\(4, 5\)\]\), got TypeError"
    ) as caught:
        Model(dense, {"w": W}, np.zeros((4, 5)))
    assert isinstance(caught.value.__cause__, TypeError)
