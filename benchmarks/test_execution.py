"""Bit-true execution of the demo network against its float32 jitted forward, in one run, and where the time goes."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
import pytest

from benchmarks.demo_types import exact_logits, typed_demo
from benchmarks.images import digit_images
from benchmarks.layer_times import uncounted
from benchmarks.timing import least_seconds
from bitwindow.calibrate.batches import Chunk, chunks
from bitwindow.demo.network import forward
from bitwindow.execute.modes import Modes
from bitwindow.execute.parameters import stored_integers
from bitwindow.quantizer.quantizer import Quantizer

ROUNDS = 5


@pytest.mark.parametrize("bits", [8, 16])
def test_bit_true_execution_against_float(bits: int) -> None:
    demo = typed_demo(bits)
    images, labels, source = digit_images()
    engine = demo.quantizer._engine  # noqa: SLF001
    executor, types, modes = engine.executor, demo.assignment, Modes()
    stored = executor.store_parameters(types, modes)
    parts = list(chunks(images, engine.spec, engine.network.batch))
    float_forward = jax.jit(forward)

    def run_float() -> object:
        return [float_forward(engine.parameters, *part.leaves) for part in parts]

    def run_counted() -> object:
        return [executor.run(stored, types, modes, part.leaves, part.first, part.valid).outputs for part in parts]

    def run_live() -> object:
        setting = executor.plan(stored, types, modes)
        return [uncounted(executor, setting, part)["dense2"] for part in parts]

    least = least_seconds({"float": run_float, "without": run_live, "with counts": run_counted}, ROUNDS)
    made = uncounted(executor, executor.plan(stored, types, modes), parts[0])
    logits = stored_integers(np.asarray(made["dense2"]), demo.fmt("dense2"))
    assert np.array_equal(logits[:64], exact_logits(demo, images[:64]))
    report = demo.quantizer.validate(images, labels)
    print(f"\n{bits} bits, {source}, chunks of {engine.network.batch}; accuracy {report.quantized_metric:.2%}")
    for name, spent in least.items():
        print(f"  {name:12} {spent * 1e3:7.1f} ms, {spent / least['float']:.2f} times float")
    profile(demo.quantizer, parts[0], modes)


def profile(quantizer: Quantizer, part: Chunk, modes: Modes) -> None:
    """Print the time of each layer's step on one chunk, without and with counts, and that of pools in their step."""
    executor, network = quantizer._engine.executor, quantizer.network  # noqa: SLF001
    setting = executor.plan(executor.store_parameters(quantizer.assignment, modes), quantizer.assignment, modes)
    whole = executor.run(setting.stored, setting.assignment, modes, part.leaves, 0, network.batch, tally=False)

    def read(*, tally: bool) -> object:
        return executor.read_input(setting, 0, part.leaves[0], 0, network.batch, tally=tally)

    def step(index: int, *, tally: bool) -> object:
        return executor.run_layer(setting, index, whole.boundaries, 0, network.batch, tally=tally)

    rows = [("input", "", read)]
    for index, layer in enumerate(network.layers):
        form = setting.plans[layer.name].settings.variant.name.lower() if layer.bias is not None else ""
        rows.append((layer.name, form, partial(step, index)))
    for name, form, call in rows:
        pair = {"without": partial(call, tally=False), "with": partial(call, tally=True)}
        least = least_seconds(pair, 3 * ROUNDS)
        print(f"    {name:12} {form:8} {least['without'] * 1e3:6.2f} ms, with counts {least['with'] * 1e3:6.2f} ms")
    for index, follower in executor.together(setting, range(len(network.layers))):
        if follower is not None:
            name = network.layers[index].name
            call = partial(
                executor.run_layer,
                setting,
                index,
                whole.boundaries,
                0,
                network.batch,
                tally=False,
                follower=follower,
            )
            spent = least_seconds({name: call}, 3 * ROUNDS)[name]
            print(f"    {name:12} with its pool before the cast: {spent * 1e3:6.2f} ms")
