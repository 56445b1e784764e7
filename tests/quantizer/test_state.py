"""Undo and redo against a model of them: a list of states and a place in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bitwindow.assign.records import Assignment
from bitwindow.execute.modes import Modes
from bitwindow.quantizer.state import History, State


def state(number: int) -> State:
    return State(
        assignment=Assignment(formats={}, reasons={}), modes=Modes(seed=number), scheme="minmax", word_length=8
    )


@given(moves=st.lists(st.one_of(st.integers(0, 3), st.sampled_from(["undo", "redo"])), max_size=60))
def test_history_is_a_walk_over_a_list(moves: list[int | str]) -> None:
    history, expected, place = History(state(0)), [0], 0
    for move in moves:
        if move == "undo":
            assert history.undo() is (place > 0)
            place = max(0, place - 1)
        elif move == "redo":
            assert history.redo() is (place + 1 < len(expected))
            place = min(len(expected) - 1, place + 1)
        else:
            assert isinstance(move, int)
            changed = move != expected[place]
            assert history.go(state(move)) is changed
            if changed:
                expected, place = [*expected[: place + 1], move], place + 1
        assert history.present == state(expected[place])
        assert bool(history.past) is (place > 0)
        assert bool(history.future) is (place + 1 < len(expected))


@given(parts=st.lists(st.integers(0, 2), min_size=1, max_size=8))
def test_the_parts_of_one_gesture_are_one_step(parts: list[int]) -> None:
    history, open_step = History(state(1)), False
    for part in parts:
        history.go(state(part), join=open_step)
        open_step = open_step or part != 1
    assert history.present == state(parts[-1])
    assert len(history.past) <= 1
    if history.past:
        assert history.undo()
    assert history.present == state(1)


def test_a_gesture_that_ends_where_it_began_leaves_nothing_to_undo() -> None:
    history = History(state(1))
    history.go(state(2))
    history.go(state(1), join=True)
    assert not history.undo()
