"""Frames, stacked values and sums of more than two: every bit of what the tracer reads them as is the exact one."""

from __future__ import annotations

import numpy as np
import pytest

from bitwindow.execute.modes import Modes
from bitwindow.network.trace import trace
from tests.execute.agree import check
from tests.execute.traced import random_types
from tests.network import merged


@pytest.mark.parametrize("make", [merged.merged_frames, merged.gathered_words, merged.side_by_side])
def test_every_bit_is_the_reference_s(make: merged.Make) -> None:
    model = make()
    network = trace(model, 2)
    x = np.random.default_rng(2).normal(size=(2, *model.example.shape[1:])).astype(np.float32)
    check(network, random_types(network, 5), Modes(), (x,))
