from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from bitwindow.calibrate.batches import InputSpec
from bitwindow.calibrate.calibrate import calibrate
from bitwindow.calibrate.record import NOTHING, Calibration
from bitwindow.errors import DataError
from bitwindow.model.record import Model
from bitwindow.network.trace import trace
from bitwindow.spectrum.record import Spectrum

X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
MODEL = Model(lambda params, x: x @ params["w"], {"w": np.ones((3, 2), np.float32)}, X[:1])
NETWORK = trace(MODEL, 4)


def counted(batches: object) -> Iterator[Calibration]:
    """Yield what is reported, chunk by chunk; the last report before an error included."""
    reports: list[Calibration] = []
    try:
        calibrate(
            NETWORK,
            NETWORK.observe,
            MODEL.params,
            batches,
            InputSpec.of(MODEL),
            start=NOTHING,
            progress=False,
            report=lambda done, _total: reports.append(done),
        )
    finally:
        yield from reports


def test_every_chunk_is_counted_once_and_in_order() -> None:
    reports = list(counted([X[:5], X[5:]]))
    assert [report.samples for report in reports] == [4, 8, 12]
    assert reports[-1].spectra["input"] == Spectrum.of(X)


@pytest.mark.parametrize("bad", [np.full((4, 3), np.nan, np.float32), np.zeros((4, 2), np.float32)])
def test_chunks_before_the_data_at_fault_stay_counted(bad: np.ndarray) -> None:
    reports: list[Calibration] = []

    def go() -> None:
        for report in counted([X[:4], X[4:8], bad, X[8:]]):
            reports.append(report)  # noqa: PERF402  (what comes before the error must stay)

    with pytest.raises(DataError, match=r"wanted finite values|wants the shape"):
        go()
    assert [report.samples for report in reports] == [4, 8]
    assert reports[-1].spectra["input"] == Spectrum.of(X[:8])


def test_the_next_chunk_is_started_before_one_is_counted() -> None:
    started: list[int] = []
    seen: list[int] = []

    def observe(params: object, x: np.ndarray) -> object:
        started.append(len(started))
        return NETWORK.observe(params, x)

    calibrate(
        NETWORK,
        observe,  # type: ignore[arg-type]
        MODEL.params,
        X,
        InputSpec.of(MODEL),
        start=NOTHING,
        progress=False,
        report=lambda _done, _total: seen.append(len(started)),
    )
    assert seen == [2, 3, 3]
