"""Single rules of the tracer: fusion, where it stops, names, and the words for functions that fix or mix the batch."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from bitwindow.errors import ModelError
from bitwindow.model.record import Model
from bitwindow.network.records import Average, Clip, Network, PassThrough, Product, Sum
from bitwindow.network.trace import trace

X = np.linspace(-3, 3, 12, dtype=np.float32).reshape(2, 6)
W = np.linspace(-1, 1, 36, dtype=np.float32).reshape(6, 6)


def traced(function: Any, params: Any = None, x: Any = X) -> Network:
    return trace(Model(function, {} if params is None else params, x), 2)


def layers(network: Network) -> list[tuple[str, str]]:
    return [(layer.name, type(layer.operation).__name__) for layer in network.layers]


def test_a_value_read_twice_is_not_fused_away() -> None:
    def function(p: Any, x: Any) -> Any:
        y = x @ p["w"]
        return jax.nn.relu(y) + y

    network = traced(function, {"w": W})
    assert layers(network) == [("dense1", "Contraction"), ("relu", "PassThrough"), ("add", "Sum")]
    assert network.layers[0].activation is None
    assert network.values["relu"].site == "dense1"


def test_an_output_is_not_fused_away() -> None:
    network = traced(lambda p, x: (x @ p["w"], jax.nn.relu(x @ p["w"])), {"w": W})
    assert [layer.activation for layer in network.layers] == [None, Clip(lower=0.0, upper=None)]

    def both(p: Any, x: Any) -> Any:
        y = x @ p["w"]
        return y, jax.nn.relu(y)

    assert layers(traced(both, {"w": W})) == [("dense1", "Contraction"), ("relu", "PassThrough")]


@pytest.mark.parametrize(
    ("function", "clip"),
    [
        (jax.nn.relu, Clip(lower=0.0, upper=None)),
        (jax.nn.relu6, Clip(lower=0.0, upper=6.0)),
        (lambda y: jnp.clip(y, -0.5, 0.1), Clip(lower=-0.5, upper=float(np.float32(0.1)))),
        (lambda y: jnp.maximum(jnp.minimum(1.0, y), -1.0), Clip(lower=-1.0, upper=1.0)),
        (lambda y: jax.lax.clamp(0.0, y, 2.0), Clip(lower=0.0, upper=2.0)),
        (lambda y: jnp.minimum(jax.nn.relu(y), 4.0), Clip(lower=0.0, upper=4.0)),
    ],
)
def test_activations_join_the_product(function: Any, clip: Clip) -> None:
    network = traced(lambda p, x: function(x @ p["w"]), {"w": W})
    assert [layer.activation for layer in network.layers] == [clip]


def test_a_clip_alone() -> None:
    network = traced(lambda p, x: jax.nn.relu6(jnp.reshape(x, (x.shape[0], 2, 3))))
    (_, clip) = network.layers
    assert isinstance(clip.operation, Sum)
    assert clip.activation == Clip(lower=0.0, upper=6.0)
    assert network.values[clip.outputs[0]].site == "clip"
    (relu,) = traced(lambda p, x: jax.nn.relu(x)).layers
    assert isinstance(relu.operation, PassThrough)
    assert [step.primitive for step in relu.operation.steps] == ["relu"]


@pytest.mark.parametrize("factor", [0.2, 1 / 6, 0.5])
def test_a_product_with_one_over_n_is_a_division(factor: float) -> None:
    (layer,) = traced(lambda p, x: jnp.sum(x, axis=1) * factor).layers
    assert isinstance(layer.operation, Average)
    assert layer.operation.divisor == round(1 / factor)


def test_another_product_is_one_with_a_parameter() -> None:
    network = traced(lambda p, x: jnp.sum(x, axis=1) * 0.3)
    total, scale = network.layers
    assert isinstance(total.operation, Average)
    assert total.operation.divisor == 1
    assert scale.operation == Product(exponent=0)
    assert network.parameters["scale/scale"] == np.float32(0.3)


@pytest.mark.parametrize(
    ("function", "exponent"), [(lambda x: x * 0.125, -3), (lambda x: x / 0.25, 2), (lambda x: 4 * x, 2)]
)
def test_a_product_with_a_power_of_two_needs_no_parameter(function: Any, exponent: int) -> None:
    network = traced(lambda p, x: function(x))
    (layer,) = network.layers
    assert layer.operation == Product(exponent=exponent)
    assert not network.parameters


def test_a_quotient_by_a_parameter_multiplies_with_its_reciprocal() -> None:
    network = traced(lambda p, x: jnp.maximum(x / p["std"], 0), {"std": np.full(6, 3, np.float32)})
    (layer,) = network.layers
    assert layer.activation == Clip(lower=0.0, upper=None)
    np.testing.assert_array_equal(network.parameters["scale/scale"], np.full(6, np.float32(1) / np.float32(3)))


def test_unknown_operations_are_float_and_say_so() -> None:
    network = traced(lambda p, x: jnp.sort(x, axis=1))
    (layer,) = network.layers
    assert layer.note == "float, because sorting has no integer layer yet; reads k * 2^-F"
    assert network.sites["sort"].float_reason == layer.note


def test_a_relu_in_bfloat16_is_a_clip_of_its_product() -> None:
    network = traced(
        lambda p, x: jax.nn.relu(x.astype(jnp.bfloat16) @ p["a"]["w"]), {"a": {"w": jnp.ones((6, 2), "bfloat16")}}
    )
    assert [layer.activation for layer in network.layers if layer.name == "a"] == [Clip(lower=0.0, upper=None)]


def test_a_parameter_read_by_a_float_layer_starts_float() -> None:
    network = traced(lambda p, x: jnp.tanh(x) * p["bn"]["scale"], {"bn": {"scale": np.ones(6, np.float32)}})
    assert network.sites["bn/scale"].float_reason == "float, because it feeds bn, which is float"


def test_captured_arrays_are_parameters() -> None:
    offset, table = jnp.arange(6.0), jnp.asarray(W)
    network = traced(lambda p, x: (x + offset) @ table + offset)
    assert list(network.sites) == ["input", "const", "add", "const_2", "dense1"]
    np.testing.assert_array_equal(network.parameters["const"], np.arange(6.0))


def test_a_slice_of_a_parameter_is_the_parameter() -> None:
    network = traced(
        lambda p, x: jnp.concatenate([x @ p["qk"][:, :6], x @ p["qk"][:, 6:]], 1), {"qk": np.hstack([W, W])}
    )
    assert [name for name, site in network.sites.items() if site.kind == "weight"] == ["qk"]
    assert network.sites["qk"].shape == (6, 12)


def test_names_of_flax_collections_that_clash_stay_long() -> None:
    variables = {"params": {"a": {"w": W}}, "stats": {"a": {"w": W}}}
    network = traced(lambda p, x: x @ p["params"]["a"]["w"] @ p["stats"]["a"]["w"], variables)
    assert [site for site in network.sites if site.endswith("/w")] == ["params/a/w", "stats/a/w"]


def test_names_are_the_same_in_every_trace() -> None:
    def function(p: Any, x: Any) -> Any:
        return jax.nn.softmax(jax.nn.gelu(x @ p["w"]) + p["w"][0])

    first, second = traced(function, {"w": W}), traced(function, {"w": W})
    assert list(first.sites.values()) == list(second.sites.values())
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda p, x: x - jnp.mean(x, axis=0),
            "wanted every sample computed by itself, but the operation 'reduce_sum'",
        ),
        (lambda p, x: x[0], "'slice' gives a value of shape"),
        (lambda p, x: x.T, "wanted the batch as the first axis of output 0, got shape"),
        (
            lambda p, x: jnp.reshape(x, (2, 2, 3)),
            r"got TypeError at a batch of 3 .*write x.reshape\(\(x.shape\[0\], -1\)\)",
        ),
        (lambda p, x: jnp.reshape(x, (-1,)), "wanted the batch as the first axis of output 0"),
        (lambda p, x: (x, jnp.ones(3)), "output 1 does not depend on the inputs"),
    ],
)
def test_words_for_functions_that_fix_or_mix_the_batch(function: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        traced(function)


def test_words_for_a_bad_batch_or_structure() -> None:
    model = Model(lambda p, x: x @ p["w"], {"w": W}, X)
    with pytest.raises(ModelError, match="a batch size of at least 1, got 0"):
        trace(model, 0)
    network = trace(model, 2)
    with pytest.raises(ModelError, match="parameters of the model's structure"):
        network.observe([W], X)
    with pytest.raises(ModelError, match="wanted 1 input arrays, got 2"):
        network.observe(model.params, X, X)


def test_parts_of_a_split_without_the_batch_in_front_stay_together(interpret: Any) -> None:
    def function(p: Any, x: Any) -> Any:
        left, right = jnp.split(jnp.swapaxes(x, 0, 1), 2, axis=0)
        return jnp.swapaxes(left * 2 + right, 0, 1)

    network = traced(function)
    values = interpret(network, X)
    np.testing.assert_array_equal(values[network.outputs[0]], X[:, :3] * 2 + X[:, 3:])
    assert all(value.shape[0] == 2 for value in network.values.values())


def test_the_outputs_of_a_float_layer_are_called_by_what_makes_them() -> None:
    def forward(p: Any, x: Any) -> Any:
        angle = jnp.sin(x) * jnp.exp(x)
        values, indices = lax.top_k(x, 2)
        spread = jnp.tanh(x) + jnp.exp(-x)
        return {"wave": angle, "turned": jnp.cos(jnp.sin(x) + x), "best": values, "where": indices, "spread": spread}

    network = trace(Model(forward, {}, np.zeros((2, 3), np.float32)), 2)
    names = [name for layer in network.layers for name in layer.outputs]
    assert not [name for name in names if name.rpartition("/")[2].isdigit()]
    assert {"top_k", "top_k/where"} <= set(names)


def test_parts_of_one_operation_are_called_by_it() -> None:
    def forward(p: Any, x: Any) -> Any:
        values, indices = lax.top_k(x, 2)
        return values, indices, jnp.sin(x), jnp.cos(x)

    network = trace(Model(forward, {}, np.zeros((2, 3), np.float32)), 2)
    assert ("top_k", "top_k/indices") in [layer.outputs for layer in network.layers]
    made = [name for layer in network.layers for name in layer.outputs]
    assert {"sin", "cos"} <= set(made)
