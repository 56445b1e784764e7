"""A quantized file: pairs of QuantizeLinear and DequantizeLinear by powers of two are the types of sites."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime

import bitwindow as bw
from tests.onnx_import.graphs import model, node

RNG = np.random.default_rng(8)
X = RNG.normal(size=(16, 3, 6, 6)).astype(np.float32)


def cast(value: str, scale: str, zero: str = "z") -> list[Any]:
    return [
        node("QuantizeLinear", [value, scale, zero], f"{value}_q"),
        node("DequantizeLinear", [f"{value}_q", scale, zero], f"{value}_d"),
    ]


def stored(*shape: int) -> np.ndarray:
    return RNG.integers(-60, 60, shape).astype(np.int8)


def quantized(*, pooled: str = "s4") -> Any:
    """Convolution and ReLU, a pool, a residual sum, a mean and a dense layer, all quantized by powers of two."""
    nodes = [
        *cast("x", "s5"),
        node("DequantizeLinear", ["w1_q", "s7", "z"], "w1"),
        node("DequantizeLinear", ["b1_q", "s12"], "b1"),
        node("Conv", ["x_d", "w1", "b1"], "c1", "/conv1/Conv", pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], "r1"),
        *cast("r1", "s4", "zu"),
        node("MaxPool", ["r1_d"], "p", kernel_shape=[2, 2], strides=[2, 2]),
        *cast("p", pooled, "zu"),
        node("DequantizeLinear", ["w2_q", "s7", "z"], "w2"),
        node("Conv", ["p_d", "w2"], "c2", "/conv2/Conv", pads=[1, 1, 1, 1]),
        *cast("c2", "s3"),
        node("Add", ["c2_d", "p_d"], "a", "/join/Add"),
        *cast("a", "s3"),
        node("ReduceMean", ["a_d"], "m", axes=[2, 3], keepdims=0),
        *cast("m", "s5"),
        node("DequantizeLinear", ["w3_q", "s7", "z"], "w3"),
        node("MatMul", ["m_d", "w3"], "f", "/fc/MatMul"),
        *cast("f", "s4"),
    ]
    constants = {
        **{f"s{place}": np.float32(2.0**-place) for place in (3, 4, 5, 7, 12)},
        "z": np.int8(0),
        "zu": np.uint8(0),
        "w1_q": stored(4, 3, 3, 3),
        "b1_q": RNG.integers(-2000, 2000, 4).astype(np.int32),
        "w2_q": stored(4, 4, 3, 3),
        "w3_q": stored(4, 2),
    }
    return model(nodes, {"x": ["N", 3, 6, 6]}, ["f_d"], constants)


def written(proto: Any) -> np.ndarray:
    """onnxruntime's output of the graph as it is written, no nodes fused."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    content = proto.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": X})[0])


def test_the_types_are_taken_over_and_give_the_bits_of_the_file() -> None:
    proto = quantized()
    loaded = bw.load(proto)
    np.testing.assert_array_equal(loaded.fn(loaded.params, X), written(proto))
    q = bw.Quantizer(loaded, batch=8).calibrate(X, progress=False)
    assert {name: str(site.format) for name, site in q.sites.items()} == {
        "input": "sfix8_En5",
        "w1_q": "sfix8_En7",
        "b1_q": "sfix32_En12",
        "conv1": "ufix8_En4",
        "w2_q": "sfix8_En7",
        "conv2": "sfix8_En3",
        "join/add": "sfix8_En3",
        "m/mean": "sfix8_En5",
        "w3_q": "sfix8_En7",
        "fc": "sfix8_En4",
    }
    assert {site.reason for site in q.sites.values()} == {"given by the model file"}
    assert q.changed_sites == ()
    assert not any("float" in layer.note for layer in q.network.layers)
    q.rounding = "convergent"
    np.testing.assert_array_equal(q(X), written(proto))
    # A scheme that is asked for chooses anew, and the file's types can be taken again.
    assert str(q.assign("minmax", 6)["conv1"].format) != "ufix8_En4"
    assert str(q.take_given()["conv1"].format) == "ufix8_En4"


def test_a_value_that_is_cast_to_another_type_later_has_two_sites() -> None:
    proto = quantized(pooled="s3")
    q = bw.Quantizer(bw.load(proto), batch=8).calibrate(X, progress=False)
    assert str(q["conv1"].format) == "ufix8_En4"
    (second,) = [name for name in q.sites if str(q[name].format) == "ufix8_En3"]
    assert q[second].kind == "activation"
    q.rounding = "convergent"
    np.testing.assert_array_equal(q(X), written(proto))


def test_a_value_that_something_reads_uncast_has_two_sites() -> None:
    nodes = [*cast("x", "s2"), node("Add", ["x", "x_d"], "y")]
    proto = model(nodes, {"x": ["N", 3, 6, 6]}, ["y"], {"s2": np.float32(0.25), "z": np.int8(0)})
    q = bw.Quantizer(bw.load(proto), batch=8).calibrate(X, progress=False)
    assert {name: str(fmt) for name, fmt in q.network.formats.items()} == {"x_d/identity": "sfix8_En2"}
    q.assign("minmax", 16).take_given()
    q.rounding = "convergent"
    assert np.abs(q(X) - written(proto)).max() < 2.0**-10
