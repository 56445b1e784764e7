"""Calibration against the plain jitted forward, image by image, and its peak memory however many batches come."""

from __future__ import annotations

import json
import subprocess
import sys

import jax

from benchmarks.images import digit_images
from benchmarks.timing import least_seconds
from bitwindow.calibrate.batches import chunks
from bitwindow.calibrate.calibrate import calibrate
from bitwindow.calibrate.record import NOTHING
from bitwindow.demo.network import forward
from bitwindow.demo.record import digits
from bitwindow.quantizer.build import build_engine
from bitwindow.spectrum.record import Spectrum

ROUNDS = 5
MEMORY = """
import json, resource, sys
import numpy as np
import bitwindow as bw

demo, count = bw.demo.digits(), int(sys.argv[1])
q = bw.Quantizer(demo.model, batch=64)
q.calibrate((np.roll(demo.x[:64], i, axis=1) for i in range(count)), progress=False)
print(json.dumps([q.calibration.samples, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def test_calibration_against_float() -> None:
    engine = build_engine(digits().model, None)
    images, _, source = digit_images()
    parts = list(chunks(images, engine.spec, engine.network.batch))
    float_forward = jax.jit(forward)

    def run_float() -> object:
        # Waited for chunk by chunk, as who collects statistics must.
        return [
            jax.block_until_ready(float_forward(engine.parameters, *part.leaves))  # type: ignore[no-untyped-call]
            for part in parts
        ]

    def run_calibration() -> object:
        return calibrate(
            engine.network, engine.observe, engine.parameters, images, engine.spec, start=NOTHING, progress=False
        ).samples

    least = least_seconds({"float": run_float, "calibrate": run_calibration}, ROUNDS)
    made = calibrate(
        engine.network, engine.observe, engine.parameters, images[:512], engine.spec, start=NOTHING, progress=False
    )
    assert made.spectra["input"] == Spectrum.of(images[:512])
    assert made.spectra["dense2"].total == 512 * 10
    each = {name: spent / len(images) * 1e6 for name, spent in least.items()}
    print(
        f"\ncalibration on {source}: {each['calibrate']:.0f} us an image, "
        f"{least['calibrate'] / least['float']:.2f} times the plain forward ({each['float']:.0f} us)"
    )


def test_memory_does_not_grow_with_the_batches() -> None:
    peaks = {}
    for count in (10, 1000):
        done = subprocess.run([sys.executable, "-c", MEMORY, str(count)], capture_output=True, text=True, check=True)
        samples, kilobytes = json.loads(done.stdout.splitlines()[-1])
        assert samples == 64 * count
        peaks[count] = kilobytes / 1024
    print(f"\npeak memory: {peaks[10]:.0f} MiB after 10 batches, {peaks[1000]:.0f} MiB after 1000")
    assert peaks[1000] < 1.1 * peaks[10]
