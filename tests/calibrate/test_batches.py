"""Data in every accepted form is cut into the same chunks; what does not fit is refused in words."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitwindow.calibrate.batches import InputSpec, chunks, sample_count
from bitwindow.errors import DataError
from bitwindow.model.record import Model


def spec_of(example: Any) -> InputSpec:
    def first(_params: Any, *inputs: Any) -> Any:
        leaf = inputs[0]["a"] if isinstance(inputs[0], dict) else inputs[0]
        return leaf * 1.0

    return InputSpec.of(Model(first, {"w": jnp.ones(1)}, example))


SINGLE = spec_of(np.zeros((2, 3), np.float32))
PAIR = spec_of((np.zeros((2, 3), np.float32), np.zeros((2,), np.int32)))
NAMED = spec_of({"a": np.zeros((2, 3), np.float32), "b": np.zeros((2, 1), np.float32)})


def samples(n: int) -> NDArray[np.float32]:
    return np.arange(3 * n, dtype=np.float32).reshape(n, 3)


@given(lengths=st.lists(st.integers(0, 9), max_size=12), size=st.integers(1, 8))
def test_any_cut_of_the_batches_gives_the_same_samples_in_order(lengths: list[int], size: int) -> None:
    data = samples(sum(lengths))
    cuts: list[int] = np.cumsum(lengths)[:-1].tolist()
    batches = np.split(data, cuts) if lengths else []
    if not len(data):
        with pytest.raises(DataError, match="wanted at least one sample, got none"):
            list(chunks(iter(batches), SINGLE, size))
        return
    got = list(chunks(iter(batches), SINGLE, size))
    assert all(chunk.leaves[0].shape == (size, 3) for chunk in got)
    assert [chunk.first for chunk in got] == list(range(0, len(data), size))
    np.testing.assert_array_equal(np.concatenate([chunk.leaves[0][: chunk.valid] for chunk in got]), data)


def test_padding_repeats_the_last_sample() -> None:
    (chunk,) = chunks(samples(2), SINGLE, 4)
    assert chunk.valid == 2
    np.testing.assert_array_equal(chunk.leaves[0][2:], samples(2)[[1, 1]])


def test_a_tuple_may_carry_a_label_that_is_ignored() -> None:
    labels = np.arange(5)
    (with_label,) = chunks((samples(5), labels), SINGLE, 8)
    (without,) = chunks(samples(5), SINGLE, 8)
    np.testing.assert_array_equal(with_label.leaves[0], without.leaves[0])
    (batch,) = chunks([(samples(5), labels)], SINGLE, 8)
    np.testing.assert_array_equal(batch.leaves[0], without.leaves[0])


def test_several_inputs_travel_together() -> None:
    (chunk,) = chunks((samples(4), np.arange(4, dtype=np.int32)), PAIR, 4)
    np.testing.assert_array_equal(chunk.leaves[1], np.arange(4))
    (named,) = chunks({"b": np.ones((4, 1), np.float32), "a": samples(4)}, NAMED, 4)
    np.testing.assert_array_equal(named.leaves[0], samples(4))
    assert sample_count((samples(4), np.arange(4, dtype=np.int32)), PAIR) == 4
    assert sample_count(iter([samples(4)]), SINGLE) is None


@pytest.mark.parametrize(
    ("data", "spec", "words"),
    [
        (np.zeros((0, 3), np.float32), SINGLE, "at least one sample"),
        (np.zeros((4, 2), np.float32), SINGLE, r"wants the shape \(samples, 3\), got \(4, 2\)"),
        (np.float32(1), SINGLE, r"wants the shape \(samples, 3\), got \(\)"),
        (np.zeros((4, 3), np.uint8), SINGLE, "wants float32 values, got uint8"),
        (np.array([["a"] * 3]), SINGLE, "wants float32 values"),
        ((samples(4),), PAIR, "wanted a tuple of 2"),
        ((samples(4), np.arange(3, dtype=np.int32)), PAIR, "same number of samples"),
        ((samples(4), np.array([2**40] * 4)), PAIR, "wants int32 values, got int64"),
        ({"a": samples(4)}, NAMED, "structure"),
        ([samples(4), samples(4)[:, :2]], SINGLE, "batch 1"),
        (17, SINGLE, "an iterable of batches, got int"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(data: Any, spec: InputSpec, words: str) -> None:
    with pytest.raises(DataError, match=words):
        list(chunks(data, spec, 4))


def test_wider_floats_and_fitting_integers_are_taken() -> None:
    (chunk,) = chunks((samples(2).astype(np.float64), np.array([1, 2], np.int64)), PAIR, 2)
    assert [leaf.dtype for leaf in chunk.leaves] == [np.float32, np.int32]
