"""A cast that a model carries in itself: ties to even, saturated, in any floating-point dtype, read as a type."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.model.typed import as_type, type_of_call
from bitwindow.network.trace import trace

FORMAT = bw.FixedPoint(signed=True, word_length=8, fraction_length=3)
X = np.array([[0.0625, 0.1875, -0.0625, 15.99, -16.06, 2.1, np.inf, -np.inf]], np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, jnp.bfloat16])
def test_it_is_the_cast_of_the_type(dtype: Any) -> None:
    x = jnp.asarray(X[:, :6], dtype)
    wanted = bw.quantize(x, FORMAT, rounding="convergent")
    np.testing.assert_array_equal(as_type(x, FORMAT), wanted)
    np.testing.assert_array_equal(as_type(X, FORMAT)[0, 6:], [FORMAT.max, FORMAT.min])


def test_a_network_has_the_types_that_its_program_casts_to() -> None:
    network = trace(
        bw.Model(lambda p, x: as_type(as_type(x, FORMAT) @ p["a"]["w"], FORMAT), {"a": {"w": np.eye(8)}}, X), 2
    )
    assert dict(network.formats) == {"input": FORMAT, "a": FORMAT}
    assert type_of_call("fixed_point_of_view") is None
