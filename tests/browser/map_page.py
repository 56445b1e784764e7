"""The heat map of a panel in a JupyterLab page: its rows, their windows under the mouse, and the kernel behind them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, expect

from bitwindow.numbers.format import FixedPoint
from bitwindow.spectrum.counts import Counts
from tests.browser.lab import Lab, write_notebook

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60_000

EXECUTE = """async code => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const future = kernel.requestExecute({ code, store_history: false });
    const said = [];
    future.onIOPub = message => { said.push(message.content.text ?? message.content.evalue ?? ''); };
    await future.done;
    return said.join('');
}"""

# The page's layout follows a theme or a first answer of the kernel with some delay; a hand would wait for it as well.
STILL = """async target => {
    const place = () => JSON.stringify(target.getBoundingClientRect());
    const [frame, patience] = [() => new Promise(resolve => requestAnimationFrame(resolve)), performance.now() + 10000];
    for (let [before, same] = [place(), 0]; same < 15 && performance.now() < patience;) {
        await frame();
        same = place() === before ? same + 1 : 0;
        before = place();
    }
}"""

# Rows far off the screen are not in the document. Each look waits until the rows fill the box without a gap.
SCROLLED_THROUGH = """async panel => {
    const [box, names] = [panel.querySelector('.bw-map'), new Map()];
    panel.querySelector('.bw-map').scrollIntoView({ block: 'end' });
    const [before, frame] = [box.scrollTop, () => new Promise(resolve => requestAnimationFrame(resolve))];
    const origin = () => panel.querySelector('.bitwindow').getBoundingClientRect().top;
    const places = () => [...panel.querySelectorAll('.bitwindow .bw-row')].map(row => {
        const { top, bottom } = row.getBoundingClientRect();
        return { name: row.getAttribute('aria-label'), top, bottom, at: Math.round(top - origin()) };
    }).sort((a, b) => a.top - b.top);
    const filled = () => {
        const { top, bottom } = box.getBoundingClientRect();
        const end = Math.min(bottom, panel.querySelector('.bitwindow').getBoundingClientRect().bottom - 30);
        const seen = places().filter(row => row.bottom > top && row.top < end);
        const isWhole = seen.every((row, i) => i === 0 || Math.abs(row.top - seen[i - 1].bottom) < 1);
        return seen.length > 0 && isWhole && seen.at(-1).bottom >= end - 1;
    };
    for (let top = 0, end = false; !end; top += 200) {
        box.scrollTop = top;
        for (let tries = 0; tries < 60 && !(await frame(), filled()); tries++);
        places().forEach(({ name, at }) => names.set(at, name));
        end = top >= box.scrollHeight - box.clientHeight;
    }
    box.scrollTop = before;
    await frame();
    return [...names].sort(([a], [b]) => a - b).map(([, name]) => name);
}"""

FAKE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from bitwindow.panel.panel import Panel
from tests.panel.fake_quantizer import FakeQuantizer, FakeStrip, FakeStripCell
"""


@dataclass(frozen=True, kw_only=True)
class MapPage:
    """The map that the notebook's only panel shows."""

    lab: Lab
    panel: Locator

    def row(self, name: str) -> Locator:
        """The row of a site."""
        return self.panel.locator(f'.bitwindow .bw-row[aria-label="{name}"]')

    def names(self) -> list[str]:
        """The names of the shown rows from top to bottom, as one who scrolls through the map meets them."""
        found: list[str] = self.panel.evaluate(SCROLLED_THROUGH)
        return found

    def handle(self, name: str, part: str = "body") -> tuple[float, float]:
        """The middle of what can be held of a row's window, in pixels of the page."""
        target = self.row(name).locator(f"[data-part={part}]")
        target.scroll_into_view_if_needed()
        target.evaluate(STILL)
        box = target.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 3

    def bit_width(self, name: str, fmt: FixedPoint) -> float:
        """How many pixels a bit is wide."""
        box = self.row(name).locator("[data-part=body]").bounding_box()
        assert box is not None
        return box["width"] / (fmt.msb_exponent - fmt.lsb_exponent + 1)

    def grab(self, name: str, fmt: FixedPoint, part: str = "body") -> Held:
        """Presses the mouse on a part of a row's window."""
        x, y = self.handle(name, part)
        self.lab.page.mouse.move(x, y)
        self.lab.page.mouse.down()
        expect(self.lab.page.locator(".bitwindow.bw-dragging")).to_be_attached()
        return Held(page=self, x=x, y=y, bit=self.bit_width(name, fmt))

    def expect_counts(self, name: str, fmt: FixedPoint, counts: Counts | None) -> None:
        """Waits until a row shows a type and the exact counts under it, in print and to a screen reader."""
        assert counts is not None
        row = self.row(name)
        expect(row.locator(".bw-type")).to_have_text(str(fmt))
        expect(row.locator(".bw-underflow_count")).to_have_text(f"{counts.underflow:,}")
        expect(row.locator(".bw-overflow_count")).to_have_text(f"{counts.overflow:,}")
        expect(row).to_have_attribute(
            "aria-valuetext",
            f"{name}: 2^{fmt.msb_exponent} to 2^{fmt.lsb_exponent}, {fmt}, "
            f"{counts.underflow:,} underflows, {counts.overflow:,} overflows",
        )

    def expect_answered(self, name: str) -> None:
        """Waits until the kernel has taken what the row shows."""
        expect(self.row(name).locator(".bw-sqnr")).not_to_have_class("bw-figure bw-sqnr bw-stale", timeout=PATIENCE)

    def in_kernel(self, code: str) -> str:
        """Runs code in the notebook's kernel and returns what it printed."""
        said: str = self.lab.page.evaluate(EXECUTE, code)
        return said.strip()


@dataclass(frozen=True, kw_only=True)
class Held:
    """A window under the pressed mouse."""

    page: MapPage
    x: float
    y: float
    bit: float

    def move(self, bits: float) -> None:
        """Moves the mouse some bits to the left of where it was pressed, in a few steps."""
        self.page.lab.page.mouse.move(self.x - bits * self.bit, self.y, steps=4)

    def release(self) -> None:
        """Lets go."""
        self.page.lab.page.mouse.up()


def open_map(lab: Lab, folder: Path, name: str, *sources: str) -> MapPage:
    """Runs the sources, the last of which shows a panel, in a notebook of that name."""
    write_notebook(folder / name, *sources)
    lab.open_notebook(name)
    lab.run_all()
    panel = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .bw-panel")
    expect(panel.locator(".bitwindow .bw-row").first).to_be_attached(timeout=PATIENCE)
    return MapPage(lab=lab, panel=panel)


def shifted(fmt: object, *, bits: int = 0, wider: int = 0) -> FixedPoint:
    """A type with its window some bits higher and some bits wider at the high end."""
    assert isinstance(fmt, FixedPoint)
    return FixedPoint(fmt.signed, fmt.word_length + wider, fmt.fraction_length - bits)
