"""The registry of front ends."""

from __future__ import annotations

import flax.linen as nn
import jax
import numpy as np
import pytest

from bitwindow.errors import ModelError
from bitwindow.model.load import load
from bitwindow.model.record import Model
from bitwindow.network.trace import trace

X = np.ones((2, 3), np.float32)


def test_a_flax_module_in_its_three_forms() -> None:
    module = nn.Dense(4)
    variables = module.init(jax.random.key(0), X)
    forms = [
        load((module, variables), example=X),
        load(module, variables=variables, example=X),
        load(module, variables=variables["params"], example=X),
    ]
    for model in forms:
        assert list(trace(model, 2).sites) == ["input", "kernel", "bias", "dense1"]
        np.testing.assert_array_equal(model.fn(model.params, X), module.apply(variables, X))


def test_a_model_is_returned_as_it_is() -> None:
    model = Model(lambda params, x: x, {}, X)
    assert load(model) is model
    with pytest.raises(ModelError, match="a Model takes no settings, got example"):
        load(model, example=X)


def test_words_for_what_cannot_be_opened() -> None:
    with pytest.raises(ModelError, match="wanted the module's variables, got the module alone"):
        load(nn.Dense(4), example=X)
    with pytest.raises(ModelError, match="wanted an example input, got none"):
        load((nn.Dense(4), nn.Dense(4).init(jax.random.key(0), X)))
    with pytest.raises(ModelError, match=r"wanted a Flax module .*got str 'net.unknown'"):
        load("net.unknown")
