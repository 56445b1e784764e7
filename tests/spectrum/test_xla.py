"""The state inside compiled programs has the bits of the host path."""

from __future__ import annotations

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from jax import lax
from numpy.typing import NDArray

from bitwindow.errors import DataError
from bitwindow.spectrum import xla
from bitwindow.spectrum.record import Spectrum

update = jax.jit(xla.update)


def values(n: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(3)
    x = rng.standard_normal(n, dtype=np.float32)
    x[::9] = 0
    x[1::50] = np.round(x[1::50] * 4) / 4
    odd = [np.nan, np.inf, -np.inf, -0.0, 1e-45, -3e-40, 1.17549421e-38, 1.17549435e-38, 3.4e38]
    special = np.array(odd, np.float32)
    x[-special.size :] = special[: x[-special.size :].size]
    return x


@pytest.mark.parametrize("n", [0, 1, 300, xla.CHUNK, 2 * xla.CHUNK + 77])
def test_float32(n: int) -> None:
    x = values(n)
    assert Spectrum.from_state(update(xla.init(), x)) == Spectrum.of(x)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_every_16_bit_float(dtype: type[np.generic]) -> None:
    x = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16).view(dtype)
    assert Spectrum.from_state(update(xla.init(), jnp.asarray(x))) == Spectrum.of(x)


def test_in_a_scan_with_a_ragged_last_batch() -> None:
    x = values(1000)
    batches = np.concatenate([x, np.ones(24, np.float32)]).reshape(8, 128)
    valid = (np.arange(1024) < 1000).reshape(8, 128)

    @jax.jit
    def run(xs: jax.Array, masks: jax.Array) -> xla.State:
        return lax.scan(lambda state, b: (xla.update(state, *b), None), xla.init(), (xs, masks))[0]

    assert Spectrum.from_state(run(batches, valid)) == Spectrum.of(x)


def test_merge_carries_every_word() -> None:
    x = values(600)
    state, spectrum = update(xla.init(), x), Spectrum.of(x)
    merge = jax.jit(xla.merge)
    for _ in range(36):
        state, spectrum = merge(state, state), spectrum + spectrum
    assert spectrum.total == 600 << 36
    assert Spectrum.from_state(state) == spectrum


def test_float64_is_refused() -> None:
    with jax.enable_x64(True), pytest.raises(DataError, match="got dtype float64"):
        xla.update(xla.init(), jnp.zeros(3, jnp.float64))


TWO_DEVICES = """
import jax, numpy as np
from functools import partial
from jax.sharding import Mesh, PartitionSpec as P
from bitwindow.spectrum import xla
from bitwindow.spectrum.record import Spectrum
assert jax.device_count() == 2
x = np.random.default_rng(0).standard_normal(40_000, dtype=np.float32)
x[:100] = 0
mesh = Mesh(np.array(jax.devices()), ("d",))
def shard(part):
    return jax.tree.map(lambda leaf: leaf[None], xla.update(xla.init(), part))
states = jax.jit(jax.shard_map(shard, mesh=mesh, in_specs=P("d"), out_specs=P("d"), check_vma=False))(x)
one, two = (jax.tree.map(lambda leaf: np.asarray(leaf)[d], states) for d in range(2))
whole = Spectrum.of(x)
assert Spectrum.from_state(one) == Spectrum.of(x[:20_000])
assert Spectrum.from_state(one) + Spectrum.from_state(two) == whole
assert Spectrum.from_state(xla.merge(one, two)) == whole == Spectrum.from_state(xla.merge(two, one))
print("same bits")
"""


def test_two_devices_give_the_same_bits() -> None:
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "same bits\n", done.stderr
