"""A network of 4 million parameters on 224 x 224 images: milliseconds an image, float and bit-true."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from benchmarks.inverted_bottlenecks import bottleneck_model, forward
from benchmarks.timing import least_seconds
from bitwindow.execute.chunk_run import ChunkRun
from bitwindow.execute.modes import Modes
from bitwindow.execute.parameters import stored_integers
from bitwindow.network.records import Convolution, Layer
from bitwindow.numbers.format import FixedPoint
from bitwindow.quantizer.quantizer import Quantizer

ROUNDS = 3
ROOT = Path(__file__).resolve().parents[1]


def test_a_large_network_against_float() -> None:
    model = bottleneck_model()
    images = np.random.default_rng(1).normal(size=(16, 224, 224, 3)).astype(np.float32)
    quantizer = Quantizer(model)
    batch = quantizer.network.batch
    quantizer.calibrate(images[:batch], progress=False)
    float_forward = jax.jit(forward)
    count = sum(value.size for value in quantizer.network.parameters.values())
    print(f"\n{count / 1e6:.1f} million parameters, chunks of {batch}")
    for bits in (8, 16):
        quantizer.assign("minmax", bits)
        types, executor = quantizer.assignment, quantizer._engine.executor  # noqa: SLF001
        run = partial(
            executor.run,
            executor.store_parameters(types, Modes()),
            types,
            Modes(),
            (images[:batch],),
            0,
            batch,
            tally=False,
        )
        calls: dict[str, Callable[[], object]] = {
            "float": partial(float_forward, model.params, images[:batch]),
            "bit-true": partial(outputs_of, run),
        }
        least = least_seconds(calls, ROUNDS)
        made = run()
        check_depthwise(quantizer, made.boundaries)
        for name, spent in least.items():
            print(
                f"  {bits:2} bits, {name:8} {spent / batch * 1e3:6.1f} ms an image, "
                f"{spent / least['float']:.2f} times float; a chunk {spent * 1e3:.0f} ms"
            )


def test_a_large_onnx_file_opens_calibrates_and_shows_its_panel() -> None:
    for arguments in ([], ["--prepare"]):
        command = [sys.executable, "-m", "benchmarks.large_start", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        found = json.loads(done.stdout.splitlines()[-1])
        seconds = found["seconds"]
        assert found["parameters"] > 4_000_000
        print(
            f"\n{found['parameters']:,} parameters, {found['rows']} rows, 64 images: "
            + ", ".join(f"{stage} {spent:.1f} s" for stage, spent in seconds.items())
            + f"; {sum(seconds.values()):.1f} s in all, peak memory {found['peak']:.0f} MiB"
        )


def outputs_of(run: Callable[[], ChunkRun]) -> object:
    return run().outputs


def check_depthwise(quantizer: Quantizer, boundaries: Mapping[str, Any]) -> None:
    """Compute the first row of the first image of every unstrided depthwise layer in NumPy integers."""
    layers = [
        layer
        for layer in quantizer.network.layers
        if isinstance(layer.operation, Convolution)
        and layer.operation.feature_group_count > 1
        and layer.operation.window_strides == (1, 1)
    ]
    assert layers
    for layer in layers:
        check_layer(quantizer, layer, boundaries)


def check_layer(quantizer: Quantizer, layer: Layer, boundaries: Mapping[str, Any]) -> None:
    network = quantizer.network
    before, after = layer.operands[0].value or "", layer.outputs[0]
    kernel = layer.operands[1].parameter or ""
    bias = "" if layer.bias is None else layer.bias.parameter or ""
    x_type, y_type = (typed(quantizer, network.values[name].site or "") for name in (before, after))
    x = stored_integers(np.asarray(boundaries[before])[:1, :2], x_type)
    w, b = (stored_parameter(quantizer, site) for site in (kernel, bias))
    padded, width = np.pad(x, ((0, 0), (1, 0), (1, 1), (0, 0))), x.shape[2]
    total = sum(padded[0, i, j : j + width] * w[i, j, 0] for i in range(3) for j in range(3)) + b
    point = x_type.fraction_length + typed(quantizer, kernel).fraction_length
    assert typed(quantizer, bias).fraction_length == point
    clipped = np.clip(total, 0, round(6 * 2.0**point))
    scaled = np.ldexp(clipped.astype(np.longdouble), y_type.fraction_length - point)
    wanted = np.clip(np.floor(scaled + 0.5), y_type.stored_min, y_type.stored_max)
    got = stored_integers(np.asarray(boundaries[after])[0, 0], y_type)
    assert np.array_equal(got, wanted.astype(np.int64)), layer.name


def stored_parameter(quantizer: Quantizer, site: str) -> NDArray[np.int64]:
    fmt = typed(quantizer, site)
    scaled = np.ldexp(quantizer.network.parameters[site].astype(np.float64), fmt.fraction_length)
    rounded = np.trunc(scaled + np.copysign(0.5, scaled))
    stored: NDArray[np.int64] = np.clip(rounded, fmt.stored_min, fmt.stored_max).astype(np.int64)
    return stored


def typed(quantizer: Quantizer, site: str) -> FixedPoint:
    fmt = quantizer.assignment.formats[site]
    assert isinstance(fmt, FixedPoint)
    return fmt
