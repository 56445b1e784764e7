"""Rows of sites with a type for each output channel: one that moves all, and one a channel where opened."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.panel.panel import Panel
from bitwindow.panel.row_sites import MOST_ROWS, site_rows, type_words
from bitwindow.panel.rows import row_text
from bitwindow.panel.wording import TIMES

RNG = np.random.default_rng(8)
SCALES = 2.0 ** np.array([0, -4, 2, -7])
FORMATS = bw.ChannelFormats(True, 8, (6, 10, 4, 13))
PARAMS = {
    "dense": {
        "kernel": np.asarray(RNG.normal(size=(30, 4)) * SCALES, np.float32),
        "bias": np.zeros(4, np.float32),
    }
}
X = np.asarray(RNG.normal(size=(8, 30)), np.float32)


def dense(params: Any, x: Any) -> Any:
    return jnp.dot(x, params["dense"]["kernel"]) + params["dense"]["bias"]


@pytest.fixture
def q() -> bw.Quantizer:
    made = bw.Quantizer(bw.Model(dense, PARAMS, X[:2]), batch=2).calibrate(X, progress=False)
    made["dense/kernel"].format = FORMATS
    return made


def names(panel: Panel) -> list[str]:
    return [row.name for row in panel.heat_map.window.rows]


def test_the_row_of_a_site_has_the_exact_counts_of_all_its_channels(q: bw.Quantizer) -> None:
    panel = q.panel()
    window = panel.heat_map.window
    place = names(panel).index("dense/kernel")
    row = window.rows[place]
    assert row.format == FORMATS.coarsest
    assert (row.channels, row.to_wire()["channels"]) == (4, 4)
    assert row.note.startswith("sfix8_En4..13 (4 channels)")
    values = PARAMS["dense"]["kernel"]
    for by in (-2, 0, 3):  # what the browser counts from its table while the window is dragged
        one = bw.FixedPoint(True, 8, 4 + by)
        spectrum = q["dense/kernel"].aligned_spectrum
        assert spectrum is not None
        got = spectrum.counts(one)
        parts = [bw.Spectrum.of(values[:, channel]).counts(fmt) for channel, fmt in enumerate(FORMATS.moved_to(one))]
        assert (got.underflow, got.overflow) == (
            sum(part.underflow for part in parts),
            sum(part.overflow for part in parts),
        )
    panel.close()


def test_the_static_picture_says_how_many_channels_have_a_type(q: bw.Quantizer) -> None:
    rows = {row.name: row_text(row) for row in site_rows(q)}
    assert rows["dense/kernel"].type == f"sfix8_En4 {TIMES}4"
    assert rows["dense"].type == str(q["dense"].format)


def test_dragging_the_sites_row_moves_all_channels(q: bw.Quantizer) -> None:
    panel = q.panel()
    place = names(panel).index("dense/kernel")
    panel._windows_changed({place: bw.FixedPoint(True, 6, 2)})
    panel._window_settled()
    assert q["dense/kernel"].format == bw.ChannelFormats(True, 6, (4, 8, 2, 11))
    q.undo()
    assert q["dense/kernel"].format == FORMATS
    panel.close()


def test_an_opened_site_has_a_row_for_each_channel_with_a_window_of_its_own(q: bw.Quantizer) -> None:
    panel = q.panel()
    panel.selected = "dense/kernel"
    assert panel.editor.channels.layout.display is None
    panel.editor.channels.click()
    shown = names(panel)
    first = shown.index("dense/kernel") + 1
    assert shown[first : first + 4] == [f"dense/kernel[{channel}]" for channel in range(4)]
    rows = panel.heat_map.window.rows
    assert [row.format for row in rows[first : first + 4]] == list(FORMATS)
    assert [row.total for row in rows[first : first + 4]] == [30] * 4
    assert len(panel.heat_map.window.tables) == len(rows)
    panel._windows_changed({first + 1: bw.FixedPoint(True, 8, 9)})
    assert q["dense/kernel"].format == bw.ChannelFormats(True, 8, (6, 9, 4, 13))
    panel.selected = "dense/kernel[3]"
    panel.editor.type.value = "sfix8_En12"
    assert q["dense/kernel"].format == bw.ChannelFormats(True, 8, (6, 9, 4, 12))
    panel.editor.channels.click()
    assert panel.selected == "dense/kernel"
    assert "dense/kernel[3]" not in names(panel)
    panel.close()


def test_a_plain_type_typed_for_the_site_is_one_for_all_and_closes_it(q: bw.Quantizer) -> None:
    panel = q.panel()
    panel.selected = "dense/kernel"
    panel.editor.channels.click()
    assert panel.editor.type.value == "sfix8_En[6,10,4,13]"
    panel.editor.type.value = "sfix8_En5"
    assert q["dense/kernel"].format == bw.FixedPoint(True, 8, 5)
    assert "dense/kernel[0]" not in names(panel)
    assert panel.editor.channels.layout.display == "none"
    panel.editor.type.value = "sfix8_En[6,10,4]"
    assert "wanted a fraction length for each of its 4 output channels" in panel.error.value
    panel.close()


def test_a_locked_site_keeps_its_channels(q: bw.Quantizer) -> None:
    panel = q.panel()
    panel.selected = "dense/kernel"
    panel.editor.channels.click()
    place = names(panel).index("dense/kernel")
    window = panel.heat_map.window
    # The lock of a channel's row is one of its site: its windows are of one width, and move together.
    window._receive(None, {"action": "lock", "rows": [place + 2]}, None)
    assert q.locked == ("dense/kernel",)
    assert [row.name for row in window.rows if row.locked] == [
        f"dense/kernel{end}" for end in ("", "[0]", "[1]", "[2]", "[3]")
    ]
    panel.controls.assign.click()
    panel._windows_changed({place + 1: bw.FixedPoint(True, 8, 1)})
    assert q["dense/kernel"].format == FORMATS
    panel.editor.channels.click()
    assert [row.name for row in window.rows if row.locked] == ["dense/kernel"]
    panel.close()


def test_a_site_of_many_channels_opens_only_those_that_lose_most() -> None:
    kernel = np.asarray(RNG.normal(size=(5, 200)), np.float32)
    kernel[:, 150] = 300.0
    params = {"dense": {"kernel": kernel, "bias": np.zeros(200, np.float32)}}
    q = bw.Quantizer(bw.Model(dense, params, X[:2, :5]), batch=2).calibrate(X[:, :5], progress=False)
    q["dense/kernel"].format = bw.ChannelFormats(True, 8, (5,) * 200)
    panel = q.panel()
    before = len(names(panel))
    panel.selected = "dense/kernel"
    panel.editor.channels.click()
    assert len(names(panel)) == before + MOST_ROWS
    assert "dense/kernel[150]" in names(panel)
    panel.close()


def test_the_detail_counts_every_channel_by_its_own_type(q: bw.Quantizer) -> None:
    panel = q.panel()
    panel.selected = "dense/kernel"
    assert "Channels" in panel.detail.channels.value
    assert "every channel has a window of its own" in panel.detail.examples.value
    assert "sfix8_En4..13 (4 channels)" in panel.editor.facts.value
    panel.editor.channels.click()
    panel.selected = "dense/kernel[1]"
    assert "Values as binary words" in panel.detail.examples.value
    panel.close()


def test_the_line_of_changes_names_types_by_channel_shortly(q: bw.Quantizer) -> None:
    panel = q.panel()
    assert "sfix8_En4..13 (4 channels)" in panel.changes.buttons[0].description
    assert type_words(FORMATS) == "sfix8_En4..13 (4 channels)"
    panel.close()
