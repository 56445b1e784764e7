"""Small networks of every family: the records mean the program, and their names never change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bitwindow.model.record import Model
from bitwindow.network.records import (
    Average,
    Contraction,
    Convolution,
    FloatComputation,
    Lookup,
    Network,
    PassThrough,
)
from bitwindow.network.trace import trace
from tests.network import families, known_families, merged, recurrent  # noqa: F401  (their cases join the battery)
from tests.network.networks import BATCH, CASES

START_AT_TWO = frozenset(
    {
        "attention",
        "causal_rotated_attention",
        "masked_attention",
        "odd_operations",
        "patches_as_words",
        "flax_transformer",
        "turned_causal_attention",
    }
)


def inputs_of(model: Model, batch: int) -> list[Any]:
    """Return inputs that differ from the example, in the order of the leaves."""
    made = []
    for position, leaf in enumerate(jax.tree.leaves(model.at_batch(batch))):
        x = np.random.default_rng(position).normal(size=leaf.shape) * 2
        made.append(np.abs(x).astype(leaf.dtype) if leaf.dtype.kind in "iu" else x.astype(leaf.dtype))
    return made


def direct(model: Model, function: Callable[..., Any], params: Any, inputs: list[Any]) -> list[Any]:
    structure = jax.tree.structure(model.at_batch(1))
    return jax.tree.leaves(function(params, *jax.tree.unflatten(structure, inputs)))


def kinds(network: Network) -> Counter[str]:
    return Counter(type(layer.operation).__name__ for layer in network.layers)


@pytest.fixture(scope="module", params=sorted(CASES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def model(name: str) -> Model:
    return CASES[name]()


@pytest.fixture(scope="module")
def network(model: Model) -> Network:
    return trace(model, BATCH)


@pytest.fixture(scope="module")
def observe(network: Network) -> Callable[..., Any]:
    return jax.jit(network.observe)


@pytest.fixture(scope="module")
def function(model: Model) -> Callable[..., Any]:
    return jax.jit(model.fn)


def test_records_mean_the_program(model: Model, network: Network, observe: Any, function: Any, interpret: Any) -> None:
    inputs = inputs_of(model, BATCH)
    values = jax.jit(lambda *given: interpret(network, *given))(*inputs)
    wanted = direct(model, function, model.params, inputs)
    assert len(network.outputs) == len(wanted)
    for name, expected in zip(network.outputs, wanted, strict=True):
        np.testing.assert_allclose(values[name], expected, rtol=2e-5, atol=2e-5)
    _, sites = observe(model.params, *inputs)
    for name, observed in sites.items():
        np.testing.assert_allclose(values[name], observed, rtol=2e-5, atol=2e-5, err_msg=name)


def test_observe_is_the_function(model: Model, network: Network, observe: Any, function: Any) -> None:
    inputs = inputs_of(model, BATCH)
    outputs, sites = observe(model.params, *inputs)
    for got, expected in zip(outputs, direct(model, function, model.params, inputs), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)
    wanted = [name for name, site in network.sites.items() if site.kind in {"input", "activation"}]
    assert sorted(sites) == sorted(wanted)
    for name, observed in sites.items():
        assert observed.shape == (BATCH, *network.sites[name].shape)


def test_observe_follows_the_parameters(model: Model, network: Network, observe: Any, function: Any) -> None:
    if not jax.tree.leaves(model.params):
        assert not network.parameters
        return
    inputs = inputs_of(model, BATCH)
    other = jax.tree.map(lambda leaf: leaf * 0.5 + 0.25, model.params)
    outputs, _ = observe(other, *inputs)
    for got, expected in zip(outputs, direct(model, function, other, inputs), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_names_do_not_depend_on_the_batch(name: str, model: Model, network: Network) -> None:
    # JAX writes a matmul of two activations and a sort otherwise for one sample: there the batch starts at two.
    for batch in (2 if name in START_AT_TWO else 1, 8):
        again = trace(model, batch)
        assert list(again.sites.values()) == list(network.sites.values())
        assert [(layer.name, layer.outputs, layer.note) for layer in again.layers] == [
            (layer.name, layer.outputs, layer.note) for layer in network.layers
        ]
        for site, array in network.parameters.items():
            np.testing.assert_array_equal(again.parameters[site], array)


def test_records_are_whole(network: Network) -> None:
    known = set(network.inputs)
    for layer in network.layers:
        for operand in (*layer.operands, *([layer.bias] if layer.bias else [])):
            assert operand.value in known or operand.parameter in network.parameters
        assert not known & set(layer.outputs)
        known |= set(layer.outputs)
        assert layer.primitives
        if isinstance(layer.operation, FloatComputation):
            assert layer.note.startswith("float, because ")
            assert layer.operation.reason == layer.note
        else:
            moves = isinstance(layer.operation, PassThrough | Lookup)
            assert layer.note == ("passed through exactly" if moves else "quantized")
    assert known == set(network.values)
    assert set(network.outputs) <= known
    for name, value in network.values.items():
        assert value.name == name
        assert value.shape[0] == BATCH
        assert (value.site in network.sites) == jnp.issubdtype(value.dtype, jnp.floating)
    assert set(network.parameters) == {n for n, site in network.sites.items() if site.kind in {"weight", "bias"}}
    for name, array in network.parameters.items():
        assert array.dtype == np.float32
        assert array.shape == network.sites[name].shape


def test_expected_kinds_of_layers() -> None:
    expected: dict[str, dict[type, int]] = {
        "mlp": {Contraction: 2},
        "cnn_nhwc": {Convolution: 2, Contraction: 1, PassThrough: 2},
        "cnn_nchw": {Convolution: 2, Average: 1},
        "wrapped": {Contraction: 2},
    }
    for name, wanted in expected.items():
        found = kinds(trace(CASES[name](), BATCH))
        assert {kind.__name__: found[kind.__name__] for kind in wanted} == {k.__name__: n for k, n in wanted.items()}
        assert "FloatComputation" not in found


def test_functions_written_out_have_their_names() -> None:
    network = trace(CASES["written_out"](), BATCH)
    exact = {"leaky_relu"}
    assert {layer.name for layer in network.layers} >= set(families.WRITTEN_OUT)
    floats = {layer.name for layer in network.layers if layer.note.startswith("float")}
    assert floats == set(families.WRITTEN_OUT) - exact


def test_functions_in_a_row_are_layers_of_their_own() -> None:
    names = [layer.name for layer in trace(CASES["mixer"](), BATCH).layers]
    assert names == ["layer_norm", "transpose", "dense1", "add", "dense2", "layer_norm_2", "gelu", "dense3", "add_2"]


def test_what_is_only_picked_or_copied_is_passed_through() -> None:
    layers = {layer.name: layer for layer in trace(CASES["flax_unet"](), BATCH).layers}
    assert not any(layer.note.startswith("float") for layer in layers.values())
    assert isinstance(layers["gather"].operation, PassThrough)


def test_loops_that_cannot_be_opened_say_why() -> None:
    layers = trace(CASES["steps_that_depend_on_the_data"](), BATCH).layers
    (note,) = [layer.note for layer in layers if layer.note.startswith("float")]
    why = "the number of its steps depends on what it computes"
    assert note == f"float, because the inside of this loop (while) stays closed: {why}; reads k * 2^-F"


def test_the_batch_is_kept_apart_where_a_program_merges_it() -> None:
    for name in ("merged_steps", "merged_frames", "sample_after_sample", "gathered_words"):
        assert not [layer.note for layer in trace(CASES[name](), BATCH).layers if layer.note.startswith("float")], name
    assert kinds(trace(CASES["merged_frames"](), BATCH))[Convolution.__name__] == 2


def test_sums_along_fixed_edges_are_exact_layers() -> None:
    layers = {layer.name: layer for layer in trace(CASES["graph_of_fixed_edges"](), BATCH).layers}
    assert not [layer.note for layer in layers.values() if layer.note.startswith("float")]
    assert isinstance(layers["mean"].operation, Average)


def test_weights_side_by_side_name_their_layers() -> None:
    network = trace(CASES["side_by_side"](), BATCH)
    assert list(network.sites) == [
        "input",
        "cell/w",
        "cell/w/out",
        "cell/u",
        "cell/u/out",
        "cell/b",
        "cell/c",
        "add",
        "tanh",
    ]


def test_stacked_layers_are_one_site_a_parameter() -> None:
    network = trace(CASES["stacked_layers"](), BATCH)
    assert {name: site.shape for name, site in network.sites.items() if site.kind in {"weight", "bias"}} == {
        "layers/folded": (3, 4, 4),
        "layers/b": (3, 4),
    }
