"""Looking ahead: strips of the focused site and its neighbours, valid or gone, and no more where it is switched off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import bitwindow as bw
from tests.quantizer.test_live import X, Y, fresh, moved, wait_for


@pytest.fixture
def q() -> Iterator[bw.Quantizer]:
    one = fresh()
    one.watch(X, Y)
    assert one.wait(240)
    # What later changes may need compiles elsewhere; here it would only take long.
    one._live._idle.warmed = True
    yield one
    one.unwatch()


def test_every_position_of_the_focused_site_gets_its_figure_and_a_drag_onto_it_shows_it_at_once(
    q: bw.Quantizer,
) -> None:
    heard: list[str] = []
    q.listen(heard.append)
    q.look_ahead = True
    q.focus("second")
    assert q.wait(240, idle=True)
    assert "strips" in heard
    strip = q.strips["second"]
    present = q["second"].format
    assert isinstance(present, bw.FixedPoint)
    assert (strip.signed, strip.word_length, strip.total) == (True, present.word_length, 400)
    assert strip.metric_name == "accuracy"
    assert strip.float_metric == q.validate(X, Y).float_metric
    # Idle to the end: the windows that had dropped out are exact, too.
    assert all(cell.n == strip.total and not cell.dropped for cell in strip.cells)
    assert {"first", "input"} & set(q.strips)
    cell = next(cell for cell in strip.cells if cell.fraction_length == present.fraction_length - 4)
    q.look_ahead = False
    shown: list[object] = []
    q.listen(lambda event: shown.append(q.evaluation) if event == "formats" else None)
    q["second"].format = moved(q, "second", -4)
    assert getattr(shown[0], "quantized_metric", None) == cell.value
    assert getattr(shown[0], "n", None) == cell.n == 400
    assert q.wait(240)
    assert q.validate(X, Y).quantized_metric == cell.value
    # Its own strip is still valid, those of the other sites are gone.
    assert q.strips["second"] == strip
    assert set(q.strips) == {"second"}
    q.undo()
    assert {"first", "input"} & set(q.strips)


def test_widths_beside_the_present_one_are_known_before_the_edge_is_pulled(q: bw.Quantizer) -> None:
    q.look_ahead = True
    q.focus("second")
    assert q.wait(240, idle=True)
    fmt = q["second"].format
    assert isinstance(fmt, bw.FixedPoint)
    q["second"].format = bw.FixedPoint(fmt.signed, fmt.word_length - 1, fmt.fraction_length - 1)
    strip = q.strips["second"]
    assert strip.word_length == fmt.word_length - 1
    assert all(cell.n for cell in strip.cells)


def test_a_change_elsewhere_clears_strips_and_idle_work_yields_to_it(q: bw.Quantizer) -> None:
    q.look_ahead = True
    q.focus("second")
    wait_for(lambda: "second" in q.strips and any(cell.n for cell in q.strips["second"].cells))
    q["first"].format = moved(q, "first", -1)
    assert "second" not in q.strips or not any(cell.n for cell in q.strips["second"].cells)
    assert q.wait(240)
    assert q.evaluation is not None
    assert q.evaluation.quantized_metric == q.validate(X, Y).quantized_metric


def test_nothing_is_looked_at_when_it_is_switched_off_or_nothing_is_in_focus(q: bw.Quantizer) -> None:
    q.focus("second")
    assert q.wait(240, idle=True)
    assert dict(q.strips) == {}
    # In this order: switched on with a row in focus, it would have begun before the next line.
    q.focus(None)
    q.look_ahead = True
    assert q.wait(240, idle=True)
    assert dict(q.strips) == {}
    q["second"].format = "float"
    q.focus("second")
    assert q.wait(240, idle=True)
    assert "second" not in q.strips


def test_a_window_dragged_beyond_the_positions_brings_new_ones(q: bw.Quantizer) -> None:
    q.look_ahead = True
    q.focus("second")
    assert q.wait(240, idle=True)
    finest = q.strips["second"].cells[0].fraction_length
    q["second"].format = bw.FixedPoint(True, q.strips["second"].word_length, finest + 3)
    assert q.wait(240, idle=True)
    assert q.strips["second"].cells[0].fraction_length == finest + 4
    assert all(cell.n for cell in q.strips["second"].cells)
