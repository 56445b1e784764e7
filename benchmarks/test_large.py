"""A network of 4 million parameters on 224 x 224 images: milliseconds an image, float and bit-true."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np

from benchmarks.inverted_bottlenecks import bottleneck_model, forward
from benchmarks.timing import least_seconds
from bitwindow.execute.modes import Modes
from bitwindow.execute.parameters import stored_integers
from bitwindow.network.records import Convolution
from bitwindow.numbers.format import FixedPoint
from bitwindow.quantizer.quantizer import Quantizer

ROUNDS = 3


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
        calls = {
            "float": lambda: float_forward(model.params, images[:batch]),
            "bit-true": lambda run=run: run().outputs,
        }
        least = least_seconds(calls, ROUNDS)
        made = run()
        check_depthwise(quantizer, made.boundaries)
        for name, spent in least.items():
            print(
                f"  {bits:2} bits, {name:8} {spent / batch * 1e3:6.1f} ms an image, "
                f"{spent / least['float']:.2f} times float; a chunk {spent * 1e3:.0f} ms"
            )


def check_depthwise(quantizer: Quantizer, boundaries: object) -> None:
    """Compute the first row of the first image of every unstrided depthwise layer in NumPy integers."""
    network, types = quantizer.network, quantizer.assignment.formats
    layers = [
        layer
        for layer in network.layers
        if isinstance(layer.operation, Convolution)
        and layer.operation.feature_group_count > 1
        and layer.operation.window_strides == (1, 1)
    ]
    assert layers
    for layer in layers:
        x_name, kernel, bias = (layer.operands[0].value, layer.operands[1].parameter, layer.bias.parameter)  # type: ignore[union-attr]
        x_fmt, w_fmt, b_fmt, y_fmt = (
            types[site]
            for site in (network.values[x_name].site, kernel, bias, network.values[layer.outputs[0]].site)  # type: ignore[index]
        )
        assert all(isinstance(fmt, FixedPoint) for fmt in (x_fmt, w_fmt, b_fmt, y_fmt))
        x = stored_integers(np.asarray(boundaries[x_name])[:1, :2], x_fmt)  # type: ignore[index,arg-type]
        w, b = (
            np.clip(
                np.trunc(scaled + np.copysign(0.5, scaled)),
                fmt.stored_min,
                fmt.stored_max,  # type: ignore[union-attr]
            ).astype(np.int64)
            for site, fmt in ((kernel, w_fmt), (bias, b_fmt))
            for scaled in [np.ldexp(network.parameters[site].astype(np.float64), fmt.fraction_length)]  # type: ignore[index,union-attr]
        )
        padded = np.pad(x, ((0, 0), (1, 0), (1, 1), (0, 0)))
        width = x.shape[2]
        total = sum(padded[0, i, j : j + width] * w[i, j, 0] for i in range(3) for j in range(3)) + b
        point = x_fmt.fraction_length + w_fmt.fraction_length  # type: ignore[union-attr]
        total = np.clip(total, 0, round(6 * 2.0**point))
        scaled = np.ldexp(total.astype(np.longdouble), y_fmt.fraction_length - point)  # type: ignore[union-attr]
        wanted = np.clip(np.floor(scaled + 0.5), y_fmt.stored_min, y_fmt.stored_max)  # type: ignore[union-attr]
        got = stored_integers(np.asarray(boundaries[layer.outputs[0]])[0, 0], y_fmt)  # type: ignore[index,arg-type]
        assert np.array_equal(got, wanted.astype(np.int64)), layer.name
