"""The MSBs of one site as bars, positive and negative apart, on the map's bit axis and under its window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import bqplot
import ipywidgets as widgets
import numpy as np
from numpy.typing import NDArray

from bitwindow.numbers.format import FixedPoint
from bitwindow.panel import palette
from bitwindow.panel.figure import QuietFigure
from bitwindow.panel.picture import Columns

Scale = Literal["linear", "log"]

HEIGHT, LEFT = 132, 46
"""Height of the figure, and of the margin for the axis of counts, in pixels."""
_FRAME = "var(--jp-ui-font-color1, #212121)"
"""The colour of the window's frame: that of the map's, which follows the theme."""
_FLOOR = 0.7
"""Where bars start on the logarithmic scale, so that a single value has some height."""
_HEADROOM = 1.08


class Histogram:
    """A bqplot figure: the bars for one site at a time, a window over them, gray where the type has no bit.

    Counts travel as float64, exact up to 2^53, since bqplot's serializer casts int64 to int32. Each scale has bars of
    its own, of which one is visible.
    """

    def __init__(self) -> None:
        self.bits = bqplot.LinearScale(reverse=True)
        self._unit = bqplot.LinearScale(min=0.0, max=1.0)
        self.counts: dict[Scale, bqplot.Scale] = {
            "linear": bqplot.LinearScale(min=0.0, max=1.0),
            "log": bqplot.LogScale(min=_FLOOR, max=10.0),
        }
        self.bars = {name: self._bars(name) for name in self.counts}
        self._axes = {name: self._axis(name) for name in self.counts}
        self.mask = self._polygons(palette.hexadecimal(palette.MASK), opacity=0.35, stroke=0)
        self.window = self._polygons(_FRAME, opacity=0.0, stroke=2)
        self.figure = QuietFigure(
            marks=[*self.bars.values(), self.mask, self.window],
            axes=list(self._axes.values()),
            fig_margin={"top": 6, "bottom": 3, "left": LEFT, "right": 0},
            padding_x=0,
            padding_y=0,
            min_aspect_ratio=0.0,
            max_aspect_ratio=1000.0,
            display_toolbar=False,
            background_style={"fill": "none"},
            layout=widgets.Layout(width="auto", height=f"{HEIGHT}px", min_width="0"),
        )
        self.figure.add_class("bw-histogram")
        self.use("log")

    def use(self, scale: Scale) -> None:
        """Show the counts on a linear or a logarithmic scale."""
        for name in self.counts:
            self.bars[name].visible = self._axes[name].visible = name == scale

    def show(self, exponents: Sequence[int], signs: NDArray[np.int64], shown: Columns) -> None:
        """Draw counts.

        Args:
            exponents: The MSB positions, any order.
            signs: The exact counts (positive, negative) at these, int64[2, n].
            shown: The bit positions of the axis.
        """
        with self.bits.hold_sync():
            self.bits.min, self.bits.max = shown.low - 0.5, shown.high + 0.5
        self._fill_lane(len(shown.exponents))
        most = float(max(signs.max(initial=0), 1))
        self.counts["linear"].max, self.counts["log"].max = most * _HEADROOM, most * _HEADROOM**3
        self._axes["linear"].tick_values = linear_ticks(most)
        self._axes["log"].tick_values = decades(most)
        for name, bars in self.bars.items():
            least = _FLOOR if name == "log" else 0.0
            with bars.hold_sync():
                bars.x = np.array(exponents, np.float64)
                bars.y = np.maximum(signs.astype(np.float64), least)

    def frame(self, fmt: FixedPoint | None, shown: Columns) -> None:
        """Draw the window of a type over the bars, its sign bit in a frame apart; nothing for a float site.

        A value whose MSB is at the sign bit's place overflows, -2^M alone excepted: so gray lies there, as in the map.
        """
        if fmt is None:
            masked: list[tuple[float, float]] = []
            framed: list[tuple[float, float]] = []
        else:
            ends = fmt.lsb_exponent - 0.5, fmt.msb_exponent + 0.5
            masked = [(shown.low - 0.5, ends[0]), (ends[1], shown.high + 0.5)]
            framed = [ends, (ends[1], ends[1] + 1)] if fmt.signed else [ends]
        _place(self.mask, masked)
        _place(self.window, framed)

    def _fill_lane(self, columns: int) -> None:
        """Make the columns as wide as those of the lane that holds the figure.

        bqplot's bars keep half a column and a pixel free on both sides, so the figure is that much wider than its lane,
        whose width is 100 % less the margin for the axis.
        """
        wider = f"(100% - {LEFT}px + {2 * columns}px) / {max(columns - 1, 1)}"
        with self.figure.layout.hold_sync():
            self.figure.layout.width = f"calc(100% + {wider})"
            self.figure.layout.margin = f"0 0 0 calc({wider} / -2)"

    def _bars(self, scale: Scale) -> bqplot.Bars:
        tooltip = bqplot.Tooltip(
            fields=["x", "y"], labels=["k of the MSB, 2^k", "values"], formats=["d", ",d"], show_labels=True
        )
        return bqplot.Bars(
            x=np.zeros(1),
            y=np.zeros((2, 1)),
            scales={"x": self.bits, "y": self.counts[scale]},
            type="grouped",
            # To bqplot a group is a position: its elements are the signs.
            color_mode="element",
            colors=[palette.POSITIVE, palette.NEGATIVE],
            base=_FLOOR if scale == "log" else 0.0,
            padding=0.12,
            tooltip=tooltip,
            tooltip_location="mouse",
        )

    def _axis(self, scale: Scale) -> bqplot.Axis:
        return bqplot.Axis(scale=self.counts[scale], side="left", grid_lines="solid", tick_format="~s")

    def _polygons(self, colour: str, *, opacity: float, stroke: int) -> bqplot.Lines:
        return bqplot.Lines(
            x=np.zeros((2, 4)),
            y=np.zeros((2, 4)),
            scales={"x": self.bits, "y": self._unit},
            close_path=True,
            fill="inside",
            # With one colour only the first polygon would be filled.
            fill_colors=[colour] * 2,
            fill_opacities=[opacity] * 2,
            colors=[colour] * 2,
            stroke_width=stroke,
            visible=False,
        )


def linear_ticks(most: float) -> NDArray[np.float64]:
    """Return round numbers from zero up to ``most``, three to six of them.

    >>> linear_ticks(937.0), linear_ticks(3.0)
    (array([  0., 200., 400., 600., 800.]), array([0., 1., 2., 3.]))
    """
    power = 10.0 ** np.floor(np.log10(max(most, 1.0)))
    step = next(part for part in (0.2, 0.5, 1.0, 2.0) if most / (part * power) < 5.5) * power
    return np.arange(0.0, most + step / 100, max(step, 1.0))


def decades(most: float) -> NDArray[np.float64]:
    """Return the powers of ten up to ``most``, every second or third of them where there are many.

    >>> decades(937.0), decades(3.0)
    (array([  1.,  10., 100.]), array([1.]))
    """
    top = int(np.floor(np.log10(max(most, 1.0))))
    return np.power(10.0, np.arange(0, top + 1, 1 + top // 4), dtype=np.float64)


def _place(mark: bqplot.Lines, spans: Sequence[tuple[float, float]]) -> None:
    """Give a mark the rectangles over some spans of the axis, the last one twice where there is one alone."""
    mark.visible = bool(spans)
    if spans:
        pair = [spans[0], spans[-1]]
        with mark.hold_sync():
            mark.x = np.array([[low, low, high, high] for low, high in pair], np.float64)
            mark.y = np.array([[0.0, 1.0, 1.0, 0.0]] * 2)
