"""Opening and closing fifty tabs leaves no models, comms or listeners behind, in the browser and the kernel."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab
from tests.browser.test_panel import NETWORK
from tests.browser.test_sessions import PATIENCE, open_and_run

COUNT_LISTENERS = """(() => {
    // Every listener of what outlives a tab, whoever adds it and from the page's first line on: JupyterLab itself puts
    // new ones in the place of old ones. By the caller, to tell whose are more than before.
    const kept = new Map();
    const key = (type, options) => `${type} ${typeof options === 'boolean' ? options : options?.capture ?? false}`;
    window.bwMade = 0;
    window.bwListeners = () => {
        const callers = {};
        for (const listeners of kept.values()) {
            for (const caller of [...listeners.values()].flatMap(held => [...held.values()])) {
                callers[caller] = (callers[caller] ?? 0) + 1;
            }
        }
        return { made: window.bwMade, callers };
    };
    const lasts = target => [window, document, document.documentElement, document.body].includes(target);
    const drop = (target, type, listener, options) => {
        kept.get(target)?.get(listener)?.delete(key(type, options));
    };
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    EventTarget.prototype.addEventListener = function (type, listener, options) {
        const target = this ?? window;
        if (listener && lasts(target)) {
            const listeners = kept.get(target) ?? new Map();
            const held = listeners.get(listener) ?? new Map();
            if (!held.has(key(type, options))) {
                const caller = (new Error().stack.split('\\n')[2] ?? '').replace(/^.*[/](static|extensions)[/]/, '');
                held.set(key(type, options), `${type} by ${caller}`);
                listeners.set(listener, held);
                kept.set(target, listeners);
                window.bwMade += 1;
                const gone = () => { drop(target, type, listener, options); };
                options?.signal?.addEventListener('abort', gone);
                if (options?.once === true) {
                    addEventListener.call(target, type, gone, options);
                }
            }
        }
        return addEventListener.call(target, type, listener, options);
    };
    EventTarget.prototype.removeEventListener = function (type, listener, options) {
        const target = this ?? window;
        drop(target, type, listener, options);
        return removeEventListener.call(target, type, listener, options);
    };
})();"""
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


def growing(counts: list[dict[str, int]]) -> dict[str, list[int]]:
    """Of which caller more listeners are there each time than the time before.

    What JupyterLab mounts once, late and by itself, like its list of workspaces, is more at one of the times alone.
    """
    callers = {caller: [count.get(caller, 0) for count in counts] for caller in counts[-1]}
    return {caller: seen for caller, seen in callers.items() if all(a < b for a, b in pairwise(seen))}


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_fifty_tabs_leave_nothing_behind(lab_page: Lab, notebook_folder: Path) -> None:
    page = lab_page.page
    page.add_init_script(COUNT_LISTENERS)
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
    listeners = [page.evaluate("() => window.bwListeners()")]
    for _ in range(2):
        for _ in range(25):
            open_and_close()
        listeners.append(page.evaluate("() => window.bwListeners()"))
    # A subshell closes the last panel while the main one answers; the page hears of every comm that ends.
    page.wait_for_function("count => window.bwKernel._comms.size === count", arg=comms, timeout=PATIENCE)
    for _ in range(100):
        if in_the_kernel(page) == kernel:
            break
    assert in_the_kernel(page) == kernel
    assert page.locator(".bw-panel").count() == 0
    assert listeners[-1]["made"] - listeners[0]["made"] >= 50  # the counter sees them
    assert growing([seen["callers"] for seen in listeners]) == {}
    assert lab_page.unexpected() == []
