"""The key of a loop's values covers the types and parameters of all that happens inside it."""

from __future__ import annotations

from dataclasses import replace

import jax
import pytest

from bitwindow.assign.records import Assignment
from bitwindow.evaluate.fingerprint import Fingerprints, Key, parameter_digests
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes
from bitwindow.network.records import Network
from bitwindow.network.trace import trace
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
