"""The positions of a window, and the race among them."""

from __future__ import annotations

import numpy as np
import pytest

import bitwindow as bw
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.cache import BoundaryCache
from bitwindow.evaluate.data import evaluation_data
from bitwindow.evaluate.layered import Abandoned
from bitwindow.evaluate.metrics import parse_metric
from bitwindow.evaluate.race import Race, Runner
from bitwindow.evaluate.strips import Strip, StripCell, outward, positions
from bitwindow.quantizer.changes import with_formats

RNG = np.random.default_rng(2)
X = RNG.normal(size=(600, 6)).astype(np.float32)
KERNEL = RNG.normal(size=(6, 4)).astype(np.float32)
MODEL = bw.Model(lambda params, x: x @ params["dense"]["kernel"], {"dense": {"kernel": KERNEL}}, X[:2])
Y = np.argmax(X @ KERNEL, axis=1)


def lengths(formats: tuple[bw.FixedPoint, ...]) -> list[int]:
    return [fmt.fraction_length for fmt in formats]


def test_positions_reach_from_one_bit_above_the_largest_value_to_far_below_the_largest_value() -> None:
    spectrum = bw.Spectrum.of([0.3, -2.0])
    found = positions(bw.FixedPoint(True, 8, 5), spectrum)
    assert lengths(found) == list(range(13, -3, -1))
    assert len(found) == 16
    coarsest, finest = found[-1], found[0]
    # Only what rounds up to one LSB is left.
    assert spectrum.counts(coarsest).underflow == 1
    assert coarsest.lsb == 4
    assert spectrum.counts(finest).overflow == 2
    # A present window far away brings the way to it along.
    assert lengths(positions(bw.FixedPoint(True, 8, 20), spectrum)) == list(range(21, -3, -1))
    assert bw.FixedPoint(True, 8, 5) in positions(bw.FixedPoint(True, 8, 5), None)
    assert [fmt.fraction_length for fmt in outward(found, 5)][:4] == [5, 4, 6, 3]


def test_a_strip_runs_from_the_highest_fraction_length_down() -> None:
    cell = StripCell(fraction_length=3, value=None, interval=None, n=0, dropped=False)
    with pytest.raises(ValueError, match="from the highest down"):
        Strip(
            site="s", signed=True, word_length=8, metric_name="mse", higher_is_better=False, float_metric=None,
            total=9, cells=(cell, cell),
        )  # fmt: skip


def race() -> tuple[bw.Quantizer, Race]:
    q = bw.Quantizer(MODEL, batch=64).calibrate(X, progress=False)
    bench = Bench(q._engine, evaluation_data(q._engine, X, Y, parse_metric("accuracy")), BoundaryCache(2**30))
    present = q["dense/kernel"].format
    assert isinstance(present, bw.FixedPoint)
    runners = [
        Runner(fmt=fmt, assignment=with_formats(q.network, q.state, {"dense/kernel": fmt}).assignment)
        for fmt in outward(positions(present, q["dense/kernel"].spectrum), present.fraction_length)
    ]
    return q, Race(bench, q.state.modes, runners)


def never() -> None:
    """Nothing newer comes."""


def test_a_race_gives_every_position_a_first_figure_then_drops_the_hopeless_and_ends_exact() -> None:
    q, one = race()
    first = sum(1 for _ in one.first_look(never))
    assert first <= len(one.runners)
    assert all(cell.n >= 64 and cell.interval is not None for cell in one.cells())
    for _ in one.run(never):
        pass
    cells = one.cells()
    dropped = [cell for cell in cells if cell.dropped]
    assert dropped
    assert all(cell.n < 600 for cell in dropped)
    survivors = [cell for cell in cells if not cell.dropped]
    assert all(cell.n == 600 for cell in survivors)
    for _ in one.finish(never):
        pass
    assert not [cell for cell in one.cells() if cell.dropped or cell.n < 600]
    best = max(cell.value for cell in one.cells() if cell.value is not None)
    assert best in {cell.value for cell in survivors}
    for cell in one.cells():
        q["dense/kernel"].format = bw.FixedPoint(True, 8, cell.fraction_length)
        assert cell.value == q.validate(X, Y).quantized_metric
        assert cell.interval == (cell.value, cell.value)


def test_positions_that_store_the_same_values_are_evaluated_once() -> None:
    _, one = race()
    same = one.runners[0]
    one.add([Runner(fmt=bw.FixedPoint(True, 9, same.fmt.fraction_length), assignment=same.assignment)])
    for _ in one.first_look(never):
        pass
    assert one.runners[0].outcome is one.runners[-1].outcome


def test_types_that_cannot_run_are_out_and_say_so() -> None:
    q, one = race()
    wide = {"dense/kernel": bw.FixedPoint(True, 32, 4), "input": bw.FixedPoint(True, 32, 4)}
    one.add([Runner(fmt=wide["dense/kernel"], assignment=with_formats(q.network, q.state, wide).assignment)])
    for _ in one.first_look(never):
        pass
    out = one.runners[-1]
    assert out.failed
    cell = next(cell for cell in one.cells() if cell.dropped)
    assert (cell.value, cell.n) == (None, 0)


def test_a_race_stops_where_something_newer_comes() -> None:
    _, one = race()

    def newer() -> None:
        raise Abandoned

    with pytest.raises(Abandoned):
        next(one.first_look(newer))
    assert all(cell.n == 0 for cell in one.cells())
