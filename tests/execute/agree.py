"""Running a network both ways and comparing every bit."""

from __future__ import annotations

import jax
import numpy as np

from bitwindow.execute.executor import Executor
from bitwindow.execute.parameters import stored_integers
from tests.execute.reference import CLASSES, Reference

PATHS = ("convolution", "patches")
_executors = {}


def executor(network, path):
    """Keep executors between examples, as a session does: a change of types compiles nothing."""
    key = id(network), path
    if key not in _executors:
        _executors[key] = Executor(network, device_path=path), network
    return _executors[key][0]


def run(network, assignment, modes, inputs, path="convolution", **rest):
    one = executor(network, path)
    stored = one.store_parameters(assignment, modes)
    batch = network.batch
    return one.run(stored, assignment, modes, inputs, rest.pop("first_sample", 0), rest.pop("valid", batch), **rest)


def words(modes, first_sample=0):
    """The documented random words: by (seed, layer or 2^30 + input, absolute sample)."""

    def draw(index, shape):
        key = jax.random.fold_in(jax.random.key(modes.seed), 2**30 if index is None else index)
        rows = [
            jax.random.bits(jax.random.fold_in(key, first_sample + row), shape[1:], "uint32") for row in range(shape[0])
        ]
        return np.stack([np.asarray(row) for row in rows])

    return draw


def parameter_words(modes, network):
    """The words of the parameters' casts: stream 2^31 + place, drawn whole."""
    key = jax.random.key(modes.seed)
    return {
        site: np.asarray(jax.random.bits(jax.random.fold_in(key, 2**31 + place), array.shape, "uint32"))
        for place, (site, array) in enumerate(network.parameters.items())
    }


def check(network, assignment, modes, inputs, paths=PATHS):
    """Assert that stored integers, tallies and accumulator overflows are the reference's on every path."""
    stochastic = modes.rounding == "stochastic"
    reference = Reference(
        network,
        assignment.formats,
        modes,
        words(modes) if stochastic else None,
        parameter_words(modes, network) if stochastic else {},
    )
    wanted = reference.run(*inputs)
    for path in paths:
        one = executor(network, path)
        stored = one.store_parameters(assignment, modes)
        made = one.run(stored, assignment, modes, inputs, 0, network.batch)
        for name, integers in wanted.items():
            fmt = assignment.formats[network.values[name].site]
            got = stored_integers(np.asarray(made.boundaries[name]), fmt)
            assert got.shape == integers.shape
            differing = np.argwhere(got != integers.astype(np.int64))
            assert differing.size == 0, (
                f"{path}: {name} differs at {differing[:3].tolist()}: {got[tuple(differing[0])]} for {integers[tuple(differing[0])]}"
            )
        for site, tally in {**made.tallies, **stored.tallies}.items():
            counts = {kind: getattr(tally, kind) for kind in CLASSES}
            assert counts == {kind: reference.tallies[site][kind] for kind in CLASSES}, (path, site)
        for layer, count in made.accumulator_overflows.items():
            assert count == reference.overflows[layer], (path, layer)
    return wanted
