"""The bit windows in a real JupyterLab: from the mouse's event to the counts, and frames while dragging, in one run.

    pytest benchmarks/test_front_end.py -s

Latency is measured inside the page, from the time stamp of the browser's pointer event to the moment when the new
counts stand in the document, and from when the page is handed the event: between the two Chromium holds moves of the
mouse back for its next frame, which no page can change. Beside it, in the same page, stands the way that other tools
go: the event travels to the kernel, a Python callback writes a label, and the label comes back. A run in which a move
changed nothing fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from bitwindow.numbers.format import FixedPoint
from tests.browser.conftest import chromium
from tests.browser.lab import CHROMIUM_FLAGS, Lab, serve
from tests.browser.map_page import FAKE, MapPage, open_map

MOVES = 100
SNAPS = 120
DRAGS, REST = 4, 1500
"""How many drags are timed for their frames, and how long the hand rests before each, in milliseconds."""
SITE = "site0"
CORNER = (5, 5)

# The columns are set by hand, 40 of them, so that the drag has room and the size is the one to be measured.
NOTEBOOK = """
import ipywidgets
q = FakeQuantizer.of([f"site{i}" for i in range(ROWS)])
for site in q.sites.values():
    site.chosen = type(site.chosen)(True, 8, 8)
q.sites["site0"].chosen = type(site.chosen)(True, 8, -12)
q.sites["site1"].chosen = type(site.chosen)(True, 8, 16)
panel = Panel(q)
q.sites["site0"].format = "sfix8_En5"
label = ipywidgets.Label("", layout={"visibility": "hidden"})
label.add_class("echo")
def answer(change):
    request = change["new"]
    if request and request["changes"]:
        label.value = str(request["changes"][-1]["fraction_length"])
panel.heat_map.window.observe(answer, "request")
ipywidgets.VBox([label, panel])
"""

WATCH = """() => {
    const row = document.querySelector('.bitwindow .bw-row[aria-label="site0"]');
    const shown = row.querySelector('text.bw-type');
    const echo = document.querySelector('.echo');
    const seen = { counts: [], own: [], kernel: [] };
    let [began, handed, asked] = [0, 0, null];
    for (const kind of ['pointerrawupdate', 'pointermove']) {
        window.addEventListener(kind, event => { [began, handed] = [event.timeStamp, performance.now()]; },
            { capture: true });
    }
    new MutationObserver(() => {
        seen.counts.push(performance.now() - began);
        seen.own.push(performance.now() - handed);
        asked = { at: began, wanted: shown.textContent };
    }).observe(shown, { childList: true, characterData: true, subtree: true });
    new MutationObserver(() => {
        const length = Number(echo.textContent);
        const name = length > 0 ? `sfix8_En${length}` : length < 0 ? `sfix8_E${-length}` : 'sfix8';
        if (asked !== null && name === asked.wanted) {
            seen.kernel.push(performance.now() - asked.at);
            asked = null;
        }
    }).observe(echo, { childList: true, characterData: true, subtree: true });
    window.seen = seen;
}"""

# A synthetic pointer, since a driver outside the page cannot follow every frame: to and fro, a change in each one. The
# browser's own pointer must not rest on the row meanwhile: a hand's is captured by the window that it drags, while one
# that lies there besides is told anew what it hovers over with each change.
FRAMES = """async ([snaps, bit]) => {
    const row = document.querySelector('.bitwindow .bw-row[aria-label="site0"]');
    const shown = row.querySelector('text.bw-type');
    const body = row.querySelector('[data-part=body]');
    const box = body.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + 4];
    const send = (kind, at) => (kind === 'pointerdown' ? body : row.parentElement).dispatchEvent(new PointerEvent(kind,
        { clientX: at, clientY: y, pointerId: 1, buttons: 1, pointerType: 'mouse', bubbles: true, cancelable: true }));
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    let changes = 0;
    new MutationObserver(() => { changes++; }).observe(shown, { childList: true, characterData: true, subtree: true });
    // the pointer is not the browser's own, so it cannot be captured
    SVGElement.prototype.setPointerCapture = () => undefined;
    SVGElement.prototype.releasePointerCapture = () => undefined;
    send('pointerdown', x);
    await frame();
    const [frames, handled] = [[], []];
    let last = await frame();
    for (let i = 0; i < snaps; i++) {
        const began = performance.now();
        send('pointermove', x + bit * (i % 2 === 0 ? 1 + i % 5 : -1 - i % 7));
        handled.push(performance.now() - began);
        const now = await frame();
        frames.push(now - last);
        last = now;
    }
    send('pointerup', x);
    return { frames, handled, changes };
}"""

# The frames that the browser begins while its own mouse drags, by the browser's time stamps.
RECORD = """() => {
    const shown = document.querySelector('.bitwindow .bw-row[aria-label="site0"] text.bw-type');
    const seen = { frames: [], changes: 0, on: true };
    let last = null;
    const frame = now => {
        if (last !== null) seen.frames.push(now - last);
        last = now;
        if (seen.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    const observed = { childList: true, characterData: true, subtree: true };
    new MutationObserver(() => { seen.changes++; }).observe(shown, observed);
    window.drag = seen;
}"""


@pytest.fixture(scope="module")
def play() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(play: Playwright) -> Iterator[Browser]:
    with play.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS)) as launched:
        yield launched


@pytest.fixture(scope="module", params=[20, 200])
def page(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MapPage]:
    folder: Path = tmp_path_factory.mktemp("notebooks")
    with (
        serve("lab", folder, tmp_path_factory.mktemp("lab")) as server,
        browser.new_context(viewport={"width": 1600, "height": 1000}) as context,
    ):
        lab = Lab(page=context.new_page(), server=server, screenshots=folder)
        source = f"{FAKE}\nROWS = {request.param}\n{NOTEBOOK}"
        yield open_map(lab, folder, f"rows{request.param}.ipynb", source)
        lab.shut_kernels()


def line(name: str, times: list[float]) -> str:
    return f"{name}: median {median(times):.1f} ms, p95 {quantiles(times, n=20)[-1]:.1f} ms, of {len(times)}"


def rows_of(page: MapPage) -> int:
    return int(page.in_kernel("print(len(panel.heat_map.window.rows))"))


def test_latency_of_the_counts_against_the_way_through_the_kernel(page: MapPage) -> None:
    mouse = page.lab.page.mouse
    fmt = FixedPoint(True, 8, 5)
    held = page.grab(SITE, fmt)
    page.lab.page.evaluate(WATCH)
    for move in range(MOVES):
        # one snapped change for each move, and the kernel's answer before the next one
        mouse.move(held.x + held.bit * (1 + move % 2 * 2), held.y)
        page.lab.page.wait_for_function(
            "n => window.seen.counts.length === n && window.seen.kernel.length === n", arg=move + 1
        )
    held.release()
    seen = page.lab.page.evaluate("() => window.seen")
    assert len(seen["counts"]) == len(seen["kernel"]) == MOVES
    print(f"\n{rows_of(page)} rows, {line('event to counts in the browser', seen['counts'])}")
    print(f"{rows_of(page)} rows, {line('of it, after the page was handed the event', seen['own'])}")
    print(f"{rows_of(page)} rows, {line('event to a label through the kernel', seen['kernel'])}")
    print(f"the kernel's way takes {median(seen['kernel']) / median(seen['counts']):.0f} times as long")


def test_frames_while_dragging(page: MapPage) -> None:
    bit = page.bit_width(SITE, FixedPoint(True, 8, 5))
    page.row(SITE).scroll_into_view_if_needed()
    page.lab.page.mouse.move(*CORNER)
    print()
    for _ in range(DRAGS):
        page.lab.page.wait_for_timeout(REST)  # what the drag before had drawn around the map
        found = page.lab.page.evaluate(FRAMES, [SNAPS, bit])
        assert found["changes"] >= 100, f"the drag changed the window {found['changes']} times only"
        print(f"{rows_of(page)} rows, {line('frame while dragging, a change in each', found['frames'])}")
        print(f"{rows_of(page)} rows, {line('work for one move', found['handled'])}; {found['changes']} changes")


def test_frames_under_the_real_mouse(page: MapPage) -> None:
    mouse = page.lab.page.mouse
    print()
    for _ in range(DRAGS):
        held = page.grab(SITE, FixedPoint(True, 8, 5))
        page.lab.page.evaluate(RECORD)
        for move in range(SNAPS):
            mouse.move(held.x + held.bit * (1 + move % 5 if move % 2 == 0 else -1 - move % 7), held.y)
        seen = page.lab.page.evaluate("() => { window.drag.on = false; return window.drag; }")
        mouse.move(held.x, held.y)
        held.release()
        assert seen["changes"] >= 100, f"the drag changed the window {seen['changes']} times only"
        print(f"{rows_of(page)} rows, {line('frame under the real mouse', seen['frames'])}; {seen['changes']} changes")
