"""Opening and closing fifty tabs leaves no models, comms or listeners behind, in the browser and the kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.test_panel import NETWORK
from tests.browser.test_sessions import PATIENCE, open_and_run

COUNT_LISTENERS = """() => {
    // Every listener of what outlives a tab, whoever adds it; by the caller, to tell whose is left.
    const kept = new Map();
    const key = (type, options) => `${type} ${typeof options === 'boolean' ? options : options?.capture ?? false}`;
    window.bwListeners = () => {
        const left = {};
        for (const callers of kept.values()) {
            for (const caller of [...callers.values()].flatMap(held => [...held.values()])) {
                left[caller] = (left[caller] ?? 0) + 1;
            }
        }
        return { made: window.bwMade, left };
    };
    window.bwMade = 0;
    for (const target of [window, document, document.documentElement, document.body]) {
        const { addEventListener, removeEventListener } = target;
        const listeners = new Map();
        kept.set(target, listeners);
        const drop = (type, listener, options) => { listeners.get(listener)?.delete(key(type, options)); };
        target.addEventListener = function (type, listener, options) {
            const held = listeners.get(listener) ?? new Map();
            if (listener && !held.has(key(type, options))) {
                const caller = (new Error().stack.split('\\n')[2] ?? '').replace(/^.*[/](static|extensions)[/]/, '');
                held.set(key(type, options), `${type} by ${caller}`);
                listeners.set(listener, held);
                window.bwMade += 1;
                options?.signal?.addEventListener('abort', () => { drop(type, listener, options); });
                if (options?.once === true) {
                    addEventListener.call(target, type, () => { drop(type, listener, options); }, options);
                }
            }
            return addEventListener.call(target, type, listener, options);
        };
        target.removeEventListener = function (type, listener, options) {
            drop(type, listener, options);
            return removeEventListener.call(target, type, listener, options);
        };
    }
}"""
IN_THE_KERNEL = """
import gc, json
from ipywidgets.widgets.widget import _instances
from bitwindow.channel.connection import connections
comms = get_ipython().kernel.comm_manager.comms
print(json.dumps([len(_instances), len(comms), len(q._listeners), len(connections())]))
"""


def in_the_kernel(page: Page) -> Any:
    """What the kernel holds: widgets, comms, the quantizer's listeners, connections to pages."""
    return page.evaluate(
        """async code => {
            const panel = window.jupyterapp.shell.currentWidget;
            const kernel = window.bwKernel ?? (window.bwKernel = panel.sessionContext.session.kernel);
            const future = kernel.requestExecute({ code });
            let text = '';
            future.onIOPub = message => { text += message.content.text ?? ''; };
            await future.done;
            return JSON.parse(text);
        }""",
        IN_THE_KERNEL,
    )


def models(page: Page) -> int:
    """How many widget models the notebook's manager holds that have a living comm."""
    comms = "() => window.bwKernel._comms.size"
    count: int = page.evaluate(comms)
    return count


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_fifty_tabs_leave_nothing_behind(lab_page: Lab, notebook_folder: Path) -> None:
    page = lab_page.page
    open_and_run(lab_page, notebook_folder, "fifty.ipynb", NETWORK)
    page.evaluate("() => { window.bwKernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel; }")
    page.wait_for_selector(".bw-lab-card", state="attached", timeout=PATIENCE)

    def open_and_close() -> None:
        page.evaluate("() => { void window.jupyterapp.commands.execute('bitwindow:open-tab'); }")
        expect(page.locator(".bw-lab-tab .bw-panel .bitwindow .bw-row")).to_have_count(6, timeout=PATIENCE)
        page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")
        expect(page.locator(".bw-lab-tab")).to_have_count(0, timeout=PATIENCE)

    kernel, comms = in_the_kernel(page), models(page)
    assert kernel[0] == 0  # no widget yet
    open_and_close()  # what is made once, as a module's own listener, is made now
    page.evaluate(COUNT_LISTENERS)
    for _ in range(50):
        open_and_close()
    # A subshell closes the last panel while the main one answers; the page hears of every comm that ends.
    page.wait_for_function("count => window.bwKernel._comms.size === count", arg=comms, timeout=PATIENCE)
    for _ in range(100):
        if in_the_kernel(page) == kernel:
            break
    assert in_the_kernel(page) == kernel
    assert page.locator(".bw-panel").count() == 0
    listeners = page.evaluate("() => window.bwListeners()")
    assert listeners["made"] >= 50  # the counter sees them
    assert listeners["left"] == {}
    assert lab_page.unexpected() == []
