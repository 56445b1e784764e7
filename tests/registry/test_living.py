"""The registry lists what lives, keeps nothing alive, and tells of coming and going."""

from __future__ import annotations

import gc
import sys

from bitwindow.registry.announce import announce
from bitwindow.registry.living import Registry


class Thing:
    """Something to list."""


def test_it_numbers_what_lives_and_forgets_what_is_dropped() -> None:
    registry = Registry()
    first, second = Thing(), Thing()
    assert [registry.add(first), registry.add(second)] == [1, 2]
    assert registry.items() == {1: first, 2: second}
    del first
    gc.collect()
    assert registry.items() == {2: second}
    assert registry.get(1) is None
    assert registry.add(Thing()) == 3


def test_watchers_hear_of_both_until_they_stop() -> None:
    registry = Registry()
    heard: list[int] = []
    stop = registry.watch(lambda: heard.append(len(registry.items())))
    thing = Thing()
    registry.add(thing)
    del thing
    gc.collect()
    assert heard == [1, 0]
    stop()
    registry.add(Thing())
    assert heard == [1, 0]
    assert registry.watchers == 0


def test_a_watcher_that_fails_hinders_nobody(caplog: object) -> None:
    registry = Registry()
    heard: list[str] = []

    def fail() -> None:
        raise RuntimeError("a page that is gone")

    registry.watch(fail)
    registry.watch(lambda: heard.append("told"))
    thing = Thing()
    assert registry.add(thing) == 1
    assert heard == ["told"]


def test_without_a_kernel_nothing_is_announced() -> None:
    assert not announce() or "ipykernel" in sys.modules
