"""The key of a loop's values covers the types and parameters of all that happens inside it."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bitwindow.assign.records import Assignment
from bitwindow.evaluate.fingerprint import Fingerprints, Key, parameter_digests
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes
from bitwindow.execute.parameters import StoredParameter, StoredParameters
from bitwindow.execute.tally import Tally
from bitwindow.network.records import Network
from bitwindow.network.trace import trace
from bitwindow.numbers.format import FixedPoint
from tests.execute.traced import random_types
from tests.network import recurrent


@pytest.fixture(scope="module")
def network() -> Network:
    return trace(recurrent.lstm(), 2)


def keys(network: Network, types: Assignment) -> dict[str, Key]:
    with jax.enable_x64(True):
        stored = Executor(network).store_parameters(types, Modes())
    return Fingerprints(network=network).of(parameter_digests(stored, {}), types, Modes())


@pytest.mark.parametrize("site", ["cell/h", "cell/b", "sigmoid", "add_2"])
def test_a_type_inside_a_loop_changes_the_keys_of_its_values(network: Network, site: str) -> None:
    types = random_types(network, 1)
    changed = replace(types, formats={**types.formats, site: random_types(network, 1, (13, 14)).formats[site]})
    before, after = keys(network, types), keys(network, changed)
    assert before == keys(network, types)
    assert before["out"] != after["out"]
    assert before["transpose"] == after["transpose"]


@pytest.mark.parametrize(
    ("one", "other"),
    [([1, 0], [1, 256]), ([1, 0], [257, 0]), ([-1, 1], [255, 1]), ([1, 2**31 - 1], [1, -1]), ([127, 1], [128, 1])],
)
def test_values_that_differ_have_other_digests_whatever_integers_hold_them(one: list[int], other: list[int]) -> None:
    def key(values: list[int]) -> Key:
        fmt = FixedPoint(True, 32, 0)
        parameter = StoredParameter(
            format=fmt,
            modes=(),
            array=jnp.asarray(np.array(values, np.int32)),
            tally=Tally(),
            views={},
            sums={},
        )
        return parameter_digests(StoredParameters(by_site={"w": parameter}), {})["w"][1]

    assert key(one) == key(list(one))
    assert key(one) != key(other)
