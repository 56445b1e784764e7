from __future__ import annotations

import threading
import time

import ipywidgets
import numpy as np
import pytest

from bitwindow.numbers.format import FixedPoint
from bitwindow.panel import panel as panel_module
from bitwindow.panel.display import WIDGET_MIME, mimebundle
from bitwindow.panel.panel import Panel
from tests.panel.fake_quantizer import FakeEvaluation, FakeQuantizer

NAMES = ["input", "conv1/kernel", "conv1", "dense/kernel"]


@pytest.fixture
def q() -> FakeQuantizer:
    return FakeQuantizer.of(NAMES)


@pytest.fixture
def panel(q: FakeQuantizer) -> Panel:
    return Panel(q)


def registered() -> set[str]:
    return set(ipywidgets.widgets.widget._instances)


def test_every_site_is_a_row(q: FakeQuantizer, panel: Panel) -> None:
    rows = panel.heat_map.window.rows
    assert [row.name for row in rows] == NAMES
    assert [row.format for row in rows] == [site.format for site in q.sites.values()]
    assert [(row.total, row.zero) for row in rows] == [(105, 5)] * len(NAMES)
    assert rows[0].precision == "42.1 dB"
    assert rows[1].precision == "≈42.1 dB"
    assert [row.rounded for row in rows] == [3, None, 3, None]
    assert [row.sqnr for row in rows] == [42.13] * len(NAMES)
    assert [(row.minimum, row.maximum) for row in rows] == [(s.minimum, s.maximum) for s in q.sites.values()]


def test_the_cells_are_the_shares_of_the_msbs(q: FakeQuantizer, panel: Panel) -> None:
    mark, window = panel.heat_map.mark, panel.heat_map.window
    spectrum = q["conv1"].spectrum
    assert spectrum is not None
    exponents, positive, negative = spectrum.msb_counts()
    assert mark.color.dtype == np.float64
    assert mark.color.shape == (len(NAMES), window.exponent_high - window.exponent_low + 1)
    assert list(mark.column) == list(range(window.exponent_low, window.exponent_high + 2))
    for exponent, count in zip(exponents, positive + negative, strict=True):
        if count:
            cell = mark.color[NAMES.index("conv1"), exponent - window.exponent_low]
            assert cell == pytest.approx(max(0.08, (count / 100) ** 0.5))


@pytest.mark.parametrize("names", [[], ["only"]])
def test_few_rows(names: list[str]) -> None:
    panel = Panel(FakeQuantizer.of(names))
    assert len(panel.heat_map.mark.color) == 2
    assert panel.selected == (names[0] if names else None)
    assert panel.error.value == ""


def test_two_hundred_rows_and_a_change_of_one_sends_no_colours() -> None:
    q = FakeQuantizer.of([f"layer{i}/kernel" for i in range(200)])
    panel = Panel(q)
    before = panel.heat_map.mark.color
    q["layer7/kernel"].format = "sfix8_En6"
    assert panel.heat_map.window.rows[7].format == FixedPoint(True, 8, 6)
    assert panel.heat_map.mark.color is before


def test_buttons_move_and_resize_the_selected_window(q: FakeQuantizer, panel: Panel) -> None:
    panel.selected = "conv1"
    start = q["conv1"].format
    assert start == FixedPoint(True, 8, 7)
    for button, expected in (
        (panel.editor.up, (8, 6)),
        (panel.editor.down, (8, 7)),
        (panel.editor.wider, (9, 8)),
        (panel.editor.narrower, (8, 7)),
    ):
        button.click()
        assert q["conv1"].format == FixedPoint(True, *expected)
    panel.controls.undo.click()
    assert q["conv1"].format == FixedPoint(True, 9, 8)


def test_counts_follow_at_once(q: FakeQuantizer, panel: Panel) -> None:
    panel.selected = "conv1"
    panel.editor.type.value = "Q0.3"
    counts = q["conv1"].counts
    assert counts is not None
    assert counts.underflow > 0
    assert f"Underflow</span> <span>{counts.underflow} (" in panel.editor.facts.value
    assert f"Overflow</span> <span>{counts.overflow} (" in panel.editor.facts.value


@pytest.mark.parametrize("text", ["sfix6_En4", "fixdt(1,6,4)", "ap_fixed<6,2>", "Q1.4"])
def test_every_form_of_a_type_can_be_typed(q: FakeQuantizer, panel: Panel, text: str) -> None:
    panel.editor.type.value = text
    assert q["input"].format == FixedPoint(True, 6, 4)
    assert panel.editor.type.value == "sfix6_En4"


def test_float_can_be_typed_and_disables_the_buttons(q: FakeQuantizer, panel: Panel) -> None:
    panel.editor.type.value = "Float"
    assert q["input"].format == "float"
    assert panel.editor.up.disabled
    panel.editor.type.value = "sfix8_En2"
    assert not panel.editor.up.disabled


def test_a_wrong_type_is_explained_and_stays_to_be_mended(q: FakeQuantizer, panel: Panel) -> None:
    before = q["input"].format
    panel.editor.type.value = "<b>sfix</b>"
    assert q["input"].format == before
    assert "sfix8_En3" in panel.editor.message.value
    assert "&#x27;float&#x27;" in panel.editor.message.value
    assert "<b>" not in panel.editor.message.value
    assert panel.editor.type.value == "<b>sfix</b>"
    panel.editor.type.value = "sfix8_En2"
    assert panel.editor.message.value == ""
    assert q["input"].format == FixedPoint(True, 8, 2)


def test_a_window_at_the_edge_of_the_possible_is_explained(q: FakeQuantizer, panel: Panel) -> None:
    q["input"].format = FixedPoint(True, 32, 4)
    panel.editor.wider.click()
    assert "wanted 2 to 32 bits" in panel.error.value


def test_settings_go_to_the_quantizer(q: FakeQuantizer, panel: Panel) -> None:
    panel.controls.rounding.value = "floor"
    panel.controls.overflow.value = "wrap"
    panel.controls.accumulator.value = 32
    assert (q.rounding, q.overflow, q.accumulator_bits) == ("floor", "wrap", 32)
    assert (panel.heat_map.window.rounding, panel.heat_map.window.overflow) == ("floor", "wrap")
    panel.controls.accumulator.value = "exact"
    assert q.accumulator_bits is None
    panel.controls.scheme.value = "mse"
    panel.controls.word_length.value = 4
    assert q.calls == [("assign", "mse", 8), ("assign", "mse", 4)]


def test_a_refused_setting_goes_back_and_is_explained(q: FakeQuantizer, panel: Panel) -> None:
    panel.controls.accumulator.value = 16
    assert panel.controls.accumulator.value == "exact"
    assert "wanted 24 bits or more" in panel.error.value


def test_settings_made_in_code_are_shown(q: FakeQuantizer, panel: Panel) -> None:
    q.rounding = "convergent"
    q.assign(scheme="loss", word_length=24)
    assert panel.controls.rounding.value == "convergent"
    assert (panel.controls.scheme.value, panel.controls.word_length.value) == ("loss", 24)
    assert q.calls == [("assign", "loss", 24)]


def test_stochastic_rounding_has_no_counts_and_says_so(q: FakeQuantizer, panel: Panel) -> None:
    q.rounding = "stochastic"
    assert "only a run has counts" in panel.editor.facts.value
    assert panel.error.value == ""


def test_a_drag_reaches_the_quantizer(q: FakeQuantizer, panel: Panel) -> None:
    change = {"row": 2, "signed": True, "word_length": 6, "fraction_length": 3}
    panel.heat_map.window.request = {"sequence": 1, "changes": [change], "dragging": False}
    assert q["conv1"].format == FixedPoint(True, 6, 3)
    assert panel.heat_map.window.rows[2].precision == "42.1 dB"


def test_all_of_a_drag_is_one_step_and_the_next_drag_another(q: FakeQuantizer, panel: Panel) -> None:
    for sequence, (length, dragging) in enumerate([(3, True), (4, True), (5, False), (6, True), (7, False)], 1):
        changes = [{"row": row, "signed": True, "word_length": 6, "fraction_length": length} for row in (1, 2)]
        panel.heat_map.window.request = {"sequence": sequence, "changes": changes, "dragging": dragging}
    assert q.joins == [False, True, True, False, True]


def test_what_stands_around_the_map_follows_a_drag_at_rest_and_at_its_end(q: FakeQuantizer, panel: Panel) -> None:
    panel.selected = "conv1"
    drawn = []
    panel.editor.type.observe(lambda change: drawn.append(change["new"]), "value")

    def ask(sequence: int, length: int, *, dragging: bool) -> None:
        change = {"row": 2, "signed": True, "word_length": 6, "fraction_length": length}
        panel.heat_map.window.request = {"sequence": sequence, "changes": [change], "dragging": dragging}

    ask(1, 3, dragging=True)
    ask(2, 4, dragging=True)
    assert panel.heat_map.window.rows[2].format == FixedPoint(True, 6, 4)
    assert (panel.heat_map.window.rows[2].precision, drawn) == ("42.1 dB", [])
    ask(3, 5, dragging=False)
    assert drawn == ["sfix6_En5"]
    assert q.joins == [False, True, True]


def test_a_hand_that_rests_amid_a_drag_sees_all_of_the_panel(panel: Panel) -> None:
    panel.selected = "conv1"
    seen = threading.Event()
    panel.editor.type.observe(lambda _: seen.set(), "value")
    change = {"row": 2, "signed": True, "word_length": 6, "fraction_length": 4}
    panel.heat_map.window.request = {"sequence": 1, "changes": [change], "dragging": True}
    assert seen.wait(30)
    assert panel.editor.type.value == "sfix6_En4"


def test_a_refused_drag_goes_back() -> None:
    q = FakeQuantizer.of(["locked"])
    panel = Panel(q)
    change = {"row": 0, "signed": True, "word_length": 6, "fraction_length": 3}
    panel.heat_map.window.request = {"sequence": 1, "changes": [change], "dragging": False}
    assert panel.heat_map.window.rows[0].format == q["locked"].format == FixedPoint(True, 8, 5)
    assert "wanted a site that may change" in panel.error.value


def test_selection_is_one_in_map_and_list(panel: Panel) -> None:
    panel.heat_map.window.active = 3
    assert (panel.selected, panel.editor.name.value) == ("dense/kernel", "dense/kernel")
    panel.editor.name.value = "conv1"
    assert (panel.selected, panel.heat_map.window.active) == ("conv1", 2)
    with pytest.raises(KeyError, match="wanted the name of a site; got 'nothing'"):
        panel.selected = "nothing"


def test_a_selection_leaves_the_map_alone(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr(panel.heat_map, "show", lambda *sites: shown.append(sites))
    panel.selected = "conv1"
    assert (panel.heat_map.window.active, shown) == (2, [])


def test_accuracy_says_what_it_rests_on(q: FakeQuantizer, panel: Panel) -> None:
    assert "q.watch(x, y)" in panel.summary.accuracy.value
    q.evaluated(running=False)
    assert "estimate, 200 of 1,000 samples" in panel.summary.accuracy.value
    assert "97.50 %" in panel.summary.accuracy.value
    assert "difference <b>\N{MINUS SIGN}1.23 points</b>" in panel.summary.accuracy.value
    assert "96.00 % to 98.50 %" in panel.summary.accuracy.value
    q.evaluated(n=1000, exact=True)
    assert "exact, all 1,000 samples" in panel.summary.accuracy.value
    assert "96.30 % to 98.32 %" in panel.summary.accuracy.value
    q.evaluated(error="labels <x> do not fit")
    assert "labels &lt;x&gt; do not fit" in panel.summary.accuracy.value


def test_steps_of_an_evaluation_are_thinned_but_its_end_is_shown(
    q: FakeQuantizer, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    shown: list[str] = []
    panel.summary.accuracy.observe(lambda change: shown.append(change["new"]), "value")
    for n in range(1, 51):
        clock[0] += 0.01
        q.evaluated(n=n, running=True)
    q.evaluated(n=1000, exact=True, running=False)
    assert len(shown) <= 7
    assert "exact, all 1,000" in shown[-1]
    assert panel_module.SECONDS_BETWEEN_UPDATES == 0.1


def test_calibration_shows_its_progress() -> None:
    q = FakeQuantizer.of(NAMES)
    q.calibrated = False
    spectra = {name: site.spectrum for name, site in q.sites.items()}
    for site in q.sites.values():
        site.spectrum, site.chosen = None, "float"
    panel = Panel(q)
    assert "call q.calibrate(data)" in panel.summary.progress_text.value
    assert panel.controls.assign.disabled
    q.calibration_progress = (64, 256)
    q.tell("calibration")
    assert (panel.summary.progress.value, panel.summary.progress.max) == (64, 256)
    assert panel.summary.progress_text.value == "64 of 256 samples"
    q.calibrated, q.calibration_progress = True, None
    for name, site in q.sites.items():
        site.spectrum = spectra[name]
    q.tell("calibration")
    assert panel.summary._progress_line.layout.display == "none"
    assert panel.heat_map.mark.color.max() > 0
    assert all(panel.heat_map.window.tables)


def test_changes_from_many_threads_all_arrive(q: FakeQuantizer, panel: Panel) -> None:
    def work(place: int) -> None:
        for fraction in range(3, 9):
            q[NAMES[place]].format = FixedPoint(True, 8, fraction)
            q.evaluated(n=fraction, running=fraction < 8)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(NAMES))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [row.format for row in panel.heat_map.window.rows] == [site.format for site in q.sites.values()]
    assert panel.error.value == ""


def test_nobody_waits_while_another_thread_draws(
    q: FakeQuantizer, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, go_on = threading.Event(), threading.Event()
    draw = panel._draw_rows

    def slow(*, map_too: bool) -> None:
        drawing.set()
        assert go_on.wait(60)
        draw(map_too=map_too)

    monkeypatch.setattr(panel, "_draw_rows", slow)
    other = threading.Thread(target=lambda: q.tell("formats"))
    other.start()
    assert drawing.wait(60)
    q["conv1"].format = "sfix8_En1"
    go_on.set()
    other.join(60)
    assert panel.heat_map.window.rows[2].format == FixedPoint(True, 8, 1)


def test_an_unexpected_failure_is_shown_and_logged(
    q: FakeQuantizer, panel: Panel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(q, "undo", fail)
    q["input"].format = "sfix8_En1"
    panel.controls.undo.click()
    assert "RuntimeError: no memory" in caplog.text
    assert "Unexpected RuntimeError: no memory" in panel.error.value


def test_close_leaves_nothing_behind(q: FakeQuantizer) -> None:
    before = registered()
    for _ in range(5):
        panel = Panel(q)
        assert len(registered()) > len(before) + 20
        q["conv1"].format = "sfix8_En3"
        panel.close()
        panel.close()
    assert registered() == before
    assert q.listeners == []


def test_the_stored_display_has_a_picture_and_text(q: FakeQuantizer, panel: Panel) -> None:
    q.evaluation = FakeEvaluation(exact=True)
    bundle = mimebundle(panel)
    assert bundle[WIDGET_MIME]["model_id"] == panel.model_id
    assert 'src="data:image/svg+xml;base64,' in bundle["text/html"]
    assert "97.50 %" in bundle["text/html"]
    assert bundle["text/plain"] == "Quantizer: 4 sites, 8 bits by histogram, parameters 412 KB -> 104 KB"


def test_the_map_grows_for_a_window_and_does_not_shrink_after_it(q: FakeQuantizer, panel: Panel) -> None:
    window = panel.heat_map.window
    before = (window.exponent_high, window.exponent_low)
    q["input"].format = FixedPoint(True, 8, -10)
    assert (window.exponent_high, window.exponent_low) == (19, before[1])
    q["input"].format = FixedPoint(True, 8, 5)
    assert (window.exponent_high, window.exponent_low) == (19, before[1])
    q["input"].format = FixedPoint(True, 8, -100)
    assert (window.exponent_high, window.exponent_low) == (109, 46)
    assert panel.heat_map.mark.color.shape == (len(NAMES), 64)
    assert panel.error.value == ""


def test_a_double_click_asks_for_the_schemes_choice(q: FakeQuantizer, panel: Panel) -> None:
    chosen = q["conv1"].format
    q["conv1"].format = "sfix6_En1"
    q["input"].format = "sfix6_En1"
    panel.heat_map.window._handle_custom_msg({"action": "reset", "rows": [2]}, [])
    assert (q["conv1"].format, str(q["input"].format)) == (chosen, "sfix6_En1")
    assert panel.heat_map.window.rows[2].format == chosen


def test_the_map_keeps_its_columns_while_a_window_is_held(q: FakeQuantizer, panel: Panel) -> None:
    window, mark = panel.heat_map.window, panel.heat_map.mark
    before = (window.exponent_high, window.exponent_low)
    change = {"row": 0, "signed": True, "word_length": 8, "fraction_length": -2}
    window.request = {"sequence": 1, "changes": [change], "dragging": True}
    assert q["input"].format == FixedPoint(True, 8, -2)
    assert (window.exponent_high, window.exponent_low) == before
    window.request = {"sequence": 2, "changes": [], "dragging": False}
    assert window.exponent_high == 2 + 8 + 1
    assert mark.color.shape[1] == window.exponent_high - window.exponent_low + 1


def test_printed_it_is_a_line(q: FakeQuantizer, panel: Panel) -> None:
    assert repr(panel) == f"Panel({q!r})"
