"""What follows a moving hand: once when it rests, now and then while it moves, never after the end."""

from __future__ import annotations

import threading
import time

from bitwindow.panel.resting import Resting

PATIENCE = 30


def test_many_questions_are_one_call() -> None:
    called: list[int] = []
    done = threading.Event()

    def act() -> None:
        called.append(1)
        done.set()

    resting = Resting(act, 0.05, 600)
    for _ in range(20):
        resting()
    assert done.wait(PATIENCE)
    resting.close()
    assert called == [1]


def test_a_hand_that_never_rests_is_followed_all_the_same() -> None:
    done = threading.Event()
    resting = Resting(done.set, 600, 0.05)
    resting()
    assert done.wait(0.0) is False
    end = time.monotonic() + PATIENCE
    while not done.is_set() and time.monotonic() < end:
        resting()
        time.sleep(0.01)
    resting.close()
    assert done.is_set()


def test_nothing_is_called_after_cancel_or_close() -> None:
    called: list[int] = []
    done = threading.Event()
    resting = Resting(lambda: called.append(1), 0.01, 0.01)
    resting()
    resting.cancel()
    other = Resting(done.set, 0.05, 0.05)
    other()
    assert done.wait(PATIENCE)
    assert called == []
    resting()
    resting.close()
    resting()
    done.clear()
    other()
    assert done.wait(PATIENCE)
    other.close()
    assert called == []
