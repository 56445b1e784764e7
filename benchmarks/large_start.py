"""Opens an ONNX network of 4 million parameters for 224 x 224 images and shows its panel; prints times and memory.

Pointwise and depthwise convolutions with residuals and batch-norm in the layout of ``inverted_bottlenecks``, random
weights. ``python -m benchmarks.large_start`` runs it once, in a process of its own.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx

import bitwindow as bw
from benchmarks.accuracy.graph import Graph
from benchmarks.inverted_bottlenecks import BLOCKS, CLASSES, LAST

IMAGES = 64


def bottleneck_graph(seed: int = 0) -> onnx.ModelProto:
    """Return the network as ONNX operators, its batch open."""
    graph = Graph("bottlenecks", (3, 224, 224), seed, training=False)
    graph.weight("zero", np.array(0, np.float32))
    graph.weight("six", np.array(6, np.float32))

    def block(name: str, x: str, channels: tuple[int, int], size: int, stride: int = 1, group: int = 1) -> str:
        strides = [stride, stride]
        x = graph.convolution(f"{name}.conv", x, channels, (size, size), bias=False, strides=strides, group=group)
        return graph.normalized(f"{name}.norm", x, channels[1])

    def clipped(name: str, x: str) -> str:
        return graph.node("Clip", f"{name}.clip", x, "zero", "six")

    x, before = clipped("stem", block("stem", "x", (3, 32), 3, 2)), 32
    for stage, (expansion, out, repeats, stride) in enumerate(BLOCKS):
        for repeat in range(repeats):
            name, step, inner = f"block{stage}_{repeat}", stride if repeat == 0 else 1, before * expansion
            y = clipped(f"{name}.expand", block(f"{name}.expand", x, (before, inner), 1)) if expansion > 1 else x
            y = clipped(f"{name}.depthwise", block(f"{name}.depthwise", y, (inner, inner), 3, step, inner))
            y = block(f"{name}.project", y, (inner, out), 1)
            x = graph.node("Add", f"{name}.add", x, y) if step == 1 and before == out else y
            before = out
    x = clipped("last", block("last", x, (before, LAST), 1))
    x = graph.node("Flatten", "flat", graph.node("GlobalAveragePool", "average", x))
    return graph.finished(graph.dense("classes", x, (LAST, CLASSES)), CLASSES)


def main() -> None:
    """Print one line of JSON: parameters, seconds of each stage, peak memory in MiB."""
    images = np.random.default_rng(1).normal(size=(IMAGES, 3, 224, 224)).astype(np.float32)
    seconds: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bottlenecks.onnx"
        onnx.save(bottleneck_graph(), path)
        clock = time.perf_counter()

        def lap(stage: str) -> None:
            nonlocal clock
            seconds[stage], clock = time.perf_counter() - clock, time.perf_counter()

        q = bw.Quantizer(bw.load(path))
        lap("load")
        if "--prepare" in sys.argv:
            q.prepare()
            lap("prepare")
        q.calibrate(images, progress=False)
        lap("calibrate")
        q.panel().get_state()
        lap("panel")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count = sum(value.size for value in q.network.parameters.values())
    print(json.dumps({"parameters": count, "rows": len(q.sites), "seconds": seconds, "peak": peak}))


if __name__ == "__main__":
    main()
