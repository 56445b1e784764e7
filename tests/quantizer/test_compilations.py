"""After the first evaluation and the idle time behind it, no change of a type, a width or a mode compiles anything."""

from __future__ import annotations

import numpy as np

import bitwindow as bw
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS
from tests.execute.test_compilations import compilations
from tests.quantizer.test_live import X, Y, fresh


def test_no_change_compiles_once_idle_time_has_passed() -> None:
    q = fresh()
    q.watch(X[:96], Y[:96])
    assert q.wait(240)
    q.look_ahead = True
    assert q.wait(280, idle=True)
    assert q._live._idle.warmed
    q.look_ahead = False
    rng = np.random.default_rng(1)
    with compilations() as compiled:
        for _ in range(25):
            name = str(rng.choice(list(q.sites)))
            signed, width = bool(rng.integers(2)), int(rng.integers(2, 17))
            q[name].format = bw.FixedPoint(signed, width, int(rng.integers(-2, 12)))
            q.rounding = str(rng.choice([mode.value for mode in ROUNDINGS]))
            q.overflow = str(rng.choice([mode.value for mode in OVERFLOWS]))
            q.accumulator_bits = [None, 12, 20][int(rng.integers(3))]
            q.undo()
            assert q.wait(240)
            assert q.evaluation is not None
            assert q.evaluation.error is None
    assert compiled == []
    assert any("several" in key for key in q._engine.executor._steps.made)
    assert q.evaluation is not None
    assert q.evaluation.quantized_metric == q.validate(X[:96], Y[:96]).quantized_metric
    q.unwatch()
