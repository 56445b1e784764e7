"""One change of the demo network's types and its accuracy on 5,000 images: with us, and with what else there is.

- ONNX Runtime: static quantization of the whole model again, a new session, all images. Its integers are 8 bits in its
  own scheme (scales that are no powers of two): it answers a change, yet not with these bits.
- A fixed-point array library (fxpmath), the layers written out in loops of its arithmetic: the same bits as ours, on a
  few images, extrapolated to all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.demo_types import TypedDemo, exact_logits, typed_demo
from benchmarks.images import digit_images
from benchmarks.layer_times import uncounted
from benchmarks.timing import least_seconds
from bitwindow.calibrate.batches import chunks
from bitwindow.demo.network import forward
from bitwindow.demo.record import digits
from bitwindow.execute.modes import Modes
from bitwindow.execute.parameters import stored_integers
from bitwindow.execute.planning import Setting
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding

LAYERS = ("conv1", "conv2", "dense1", "dense2")
FEW = 1
ROUNDS = 3


def test_one_change_against_onnx_runtime(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="needs onnx and onnxruntime: pip install 'bitwindow[bench]'")
    from benchmarks.onnx_peer import OnnxPeer

    demo, (images, labels, source) = typed_demo(8), digit_images()
    peer = OnnxPeer.of(demo.quantizer.network.parameters, digits().calibration, tmp_path)
    float_forward, params = jax.jit(forward), demo.quantizer.model.params
    wanted = np.asarray(float_forward(params, images[:256]))
    assert np.allclose(peer.run_float(images[:256]), wanted, atol=1e-3)
    accuracy = float(np.mean(peer.changed(images).argmax(axis=1) == labels))
    assert accuracy > 0.97
    calls = {
        "XLA, float forward": lambda: [float_forward(params, images[i : i + 250]) for i in range(0, len(images), 250)],
        "ONNX Runtime, float forward": lambda: peer.run_float(images),
        "ONNX Runtime, quantize again and run": lambda: peer.changed(images),
        "ONNX Runtime, of that: only the run": lambda: peer.run_quantized(images),
        **our_changes(demo, images),
    }
    least = least_seconds(calls, ROUNDS)
    print(f"\none change on {source}; ONNX Runtime's accuracy at 8 bits {accuracy:.2%}")
    ours = least["bitwindow, a change of the input"]
    for name, spent in least.items():
        print(f"  {name:40} {spent * 1e3:8.1f} ms, {spent / ours:6.2f} times our full evaluation")


def our_changes(demo: TypedDemo, images: NDArray[np.float32]) -> dict[str, Callable[[], object]]:
    """Return changes of the input's and of every layer's types, each with what must run again over all images."""
    quantizer = demo.quantizer
    engine = quantizer._engine  # noqa: SLF001
    executor, network, modes = engine.executor, engine.network, Modes()
    parts = list(chunks(images, engine.spec, engine.network.batch))
    turn = [0]

    def changed(site: str) -> Setting:
        turn[0] ^= 1
        fmt = demo.fmt(site)
        moved = FixedPoint(fmt.signed, fmt.word_length, fmt.fraction_length - turn[0])
        types = replace(demo.assignment, formats={**demo.assignment.formats, site: moved})
        return executor.plan(executor.store_parameters(types, modes, before), types, modes)

    before = executor.store_parameters(demo.assignment, modes)
    setting = executor.plan(before, demo.assignment, modes)
    kept = [uncounted(executor, setting, part) for part in parts]

    def whole() -> object:
        setting = changed("input")
        return [np.asarray(uncounted(executor, setting, part)["dense2"]) for part in parts]

    def from_layer(site: str) -> object:
        setting = changed(site)
        names = [layer.name for layer in network.layers]
        steps = executor.together(setting, range(names.index(site.split("/", maxsplit=1)[0]), len(names)))
        outputs = []
        for part, boundaries in zip(parts, kept, strict=True):
            own = dict(boundaries)
            for index, follower in steps:
                own |= executor.run_layer(setting, index, own, 0, part.valid, tally=False, follower=follower)[0]
            outputs.append(np.asarray(own["dense2"]))
        return outputs

    sites = ("conv1/kernel", "conv1", "conv2/kernel", "conv2", "dense1/kernel", "dense1", "dense2/kernel")
    return {
        "bitwindow, a change of the input": whole,
        **{f"bitwindow, a change of {site}": partial(from_layer, site) for site in sites},
    }


def test_one_evaluation_against_a_fixed_point_library() -> None:
    pytest.importorskip("fxpmath")
    from benchmarks.fxp_peer import fxp_logits

    demo, (images, _, source) = typed_demo(8), digit_images()
    start = time.perf_counter()
    theirs = fxp_logits(demo, images[:FEW])
    spent = (time.perf_counter() - start) / FEW * len(images)
    assert np.array_equal(theirs, exact_logits(demo, images[:FEW], rounding="floor"))
    engine, modes = demo.quantizer._engine, Modes(rounding=Rounding.FLOOR)  # noqa: SLF001
    stored = engine.executor.store_parameters(demo.assignment, modes)
    parts = list(chunks(images, engine.spec, engine.network.batch))

    def ours() -> object:
        setting = engine.executor.plan(stored, demo.assignment, modes)
        return [uncounted(engine.executor, setting, part)["dense2"] for part in parts]

    least = least_seconds({"ours": ours}, ROUNDS)["ours"]
    first = engine.executor.run(stored, demo.assignment, modes, parts[0].leaves, 0, FEW, tally=False)
    got = stored_integers(np.asarray(first.boundaries["dense2"]), demo.fmt("dense2"))[:FEW]
    assert np.array_equal(got, theirs)
    print(
        f"\n{source}, the same bits: fxpmath {spent:.0f} s (extrapolated from {FEW} image), ours {least:.2f} s: "
        f"{spent / least:.0f} times"
    )
