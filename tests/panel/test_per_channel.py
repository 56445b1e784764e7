"""Types by channel from the toolbar, and the pages of a site with more channels than rows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.panel.panel import Panel
from bitwindow.panel.row_sites import MOST_ROWS
from tests.panel.fake_quantizer import FakeQuantizer

RNG = np.random.default_rng(9)
CHANNELS = 150
PARAMS = {"dense": {"kernel": np.asarray(RNG.normal(size=(6, CHANNELS)) * 2.0 ** RNG.integers(-6, 2, 150), np.float32)}}
X = np.asarray(RNG.normal(size=(8, 6)), np.float32)


def dense(params: Any, x: Any) -> Any:
    return jnp.dot(x, params["dense"]["kernel"])


@pytest.fixture(scope="module")
def q() -> bw.Quantizer:
    return bw.Quantizer(bw.Model(dense, PARAMS, X[:2]), batch=2).calibrate(X, progress=False)


def test_the_check_mark_gives_weights_a_window_for_each_channel_and_takes_it_back(q: bw.Quantizer) -> None:
    panel = q.assign("mse", 6, per_channel=False).panel()
    before = q.quantized_bytes
    box = panel.controls.per_channel
    assert (box.value, box.disabled, box.layout.display) == (False, False, None)
    assert "memory stays the same" in box.tooltip
    assert "by channel" not in panel.summary.sites.value
    box.value = True
    formats = q["dense/kernel"].format
    assert isinstance(formats, bw.ChannelFormats)
    assert (q.scheme, q.word_length, formats.word_length) == ("mse", 6, 6)
    assert "<b>1</b> by channel" in panel.summary.sites.value
    assert q.quantized_bytes == before
    panel.controls.word_length.value = 5  # another setting leaves it as it is
    assert isinstance(q["dense/kernel"].format, bw.ChannelFormats)
    box.value = False
    assert str(q["dense/kernel"].format) == str(q.assign(per_channel=False)["dense/kernel"].format)
    assert str(q["dense/kernel"].format).count(",") == 0
    q.undo()
    q.undo()
    assert box.value is True
    panel.close()


def test_a_quantizer_without_the_choice_has_no_check_mark() -> None:
    class Plain(FakeQuantizer):
        @property
        def per_channel(self) -> bool:
            raise AttributeError("per_channel")

        @per_channel.setter
        def per_channel(self, value: bool) -> None: ...

    panel = Panel(Plain.of(["a", "b"]))
    assert panel.controls.per_channel.layout.display == "none"
    panel.close()
    with_it = FakeQuantizer.of(["a", "b"])
    panel = Panel(with_it)
    panel.controls.per_channel.value = True
    assert with_it.per_channel
    panel.close()


def test_every_channel_can_be_reached_those_that_lose_most_first(q: bw.Quantizer) -> None:
    q.assign("minmax", 4, per_channel=True)
    panel = q.panel()
    panel.selected = "dense/kernel"
    page = panel.editor.page
    assert page.layout.display == "none"
    panel.editor.channels.click()
    assert [label for label, _ in page.options] == ["1 to 64 of 150", "65 to 128 of 150", "129 to 150 of 150"]
    assert (page.layout.display, page.value) == (None, 0)
    seen: list[list[int]] = []
    for number in range(3):
        page.value = number
        rows = [row.name for row in panel.heat_map.window.rows if "[" in row.name]
        seen.append([int(name.partition("[")[2][:-1]) for name in rows])
    assert [len(rows) for rows in seen] == [MOST_ROWS, MOST_ROWS, CHANNELS - 2 * MOST_ROWS]
    assert all(rows == sorted(rows) for rows in seen)
    assert sorted(channel for rows in seen for channel in rows) == list(range(CHANNELS))
    formats = q["dense/kernel"].format
    assert isinstance(formats, bw.ChannelFormats)
    lost = [
        bw.Spectrum.of(PARAMS["dense"]["kernel"][:, channel]).counts(fmt).underflow
        for channel, fmt in enumerate(formats)
    ]
    for worse, milder in pairwise(seen):
        assert min(lost[channel] for channel in worse) >= max(lost[channel] for channel in milder)
    assert min(lost[channel] for channel in seen[0]) > 0
    panel.selected = f"dense/kernel[{seen[2][0]}]"
    page.value = 0
    assert panel.selected == "dense/kernel"
    panel.editor.channels.click()
    assert page.layout.display == "none"
    panel.close()
