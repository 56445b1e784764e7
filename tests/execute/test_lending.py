"""Memory is lent again when nobody can read it any more, and never sooner."""

from __future__ import annotations

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from numpy.typing import NDArray

from bitwindow.execute.lending import ALIGNMENT, LEAST, Lender

INT16 = np.dtype(np.int16)


def address(array: NDArray[Any]) -> int:
    return int(array.ctypes.data)


@pytest.mark.parametrize("size", [0, 1, 7, LEAST // 2, LEAST])
def test_arrays_are_aligned_and_can_be_written(size: int) -> None:
    lender = Lender()
    for dtype in (INT16, np.dtype(np.int32)):
        array = lender.array((2, size), dtype)
        array[:] = -3
        assert array.shape == (2, size)
        assert array.dtype == dtype
        assert array.flags.c_contiguous
        assert address(array) % ALIGNMENT == 0 or size == 0


def test_memory_is_lent_again_once_its_array_is_gone() -> None:
    lender = Lender()
    array = lender.array((LEAST,), INT16)
    place = address(array)
    assert lender.idle == 0
    del array
    assert lender.idle == 2 * LEAST + ALIGNMENT
    assert address(lender.array((LEAST // 2, 2), INT16)) == place


READERS: dict[str, Any] = {
    "a view": lambda a: a[3:5],
    "a view of another dtype": lambda a: a.view(np.uint8),
    "a reshaped view": lambda a: a.reshape(2, -1).T[1:],
    "a memoryview": memoryview,
    "a dlpack import": np.from_dlpack,
    "a JAX array": jnp.asarray,
    "a JAX array on its way": jax.jit(lambda x: x + 0),
    "a subclass": lambda a: a.view(np.recarray),
    "an iterator": np.nditer,
}


def seen_by(kind: str, reader: Any) -> NDArray[Any]:
    return np.asarray(reader.operands[0] if kind == "an iterator" else reader)


@pytest.mark.parametrize("kind", READERS)
def test_memory_is_not_lent_while_somebody_reads_it(kind: str) -> None:
    lender = Lender()
    array = lender.array((LEAST,), INT16)
    array[:] = np.arange(LEAST) % 1000
    wanted = seen_by(kind, READERS[kind](array.copy()))
    reader = READERS[kind](array)
    del array
    others = [lender.array((LEAST,), INT16) for _ in range(3)]
    for one in others:
        one[:] = -1
    np.testing.assert_array_equal(seen_by(kind, reader), wanted)


def test_a_jax_array_that_shares_the_memory_gives_it_back_when_it_goes() -> None:
    lender = Lender()
    array = lender.array((LEAST,), INT16)
    place = address(array)
    shared = jnp.asarray(array)
    shared.block_until_ready()
    del array
    if shared.unsafe_buffer_pointer() == place:
        assert lender.idle == 0
    del shared
    gc.collect()
    # JAX lets go of NumPy arrays when it is next asked to make one.
    jnp.asarray(np.ones(3)).block_until_ready()
    assert lender.idle == 2 * LEAST + ALIGNMENT


def test_idle_memory_stays_within_its_limit_and_the_size_asked_for_longest_ago_goes_first() -> None:
    lender = Lender(least=1, most_idle=3 * (100 + ALIGNMENT))
    held = [lender.array((100,), np.dtype(np.int8)) for _ in range(5)]
    del held
    assert lender.idle == 3 * (100 + ALIGNMENT)
    other = lender.array((40,), INT16)
    del other
    assert lender.idle == 2 * (100 + ALIGNMENT) + 80 + ALIGNMENT


def test_threads_never_share_an_array() -> None:
    lender = Lender(least=1, most_idle=1 << 14)

    def use(number: int) -> bool:
        mine: list[NDArray[Any]] = []
        for turn in range(300):
            array = lender.array((64 + turn % 3,), INT16)
            array[:] = number
            mine.append(array)
            if turn % 4 == 3:
                del mine[: turn % 3 + 1]
            if not all((one == number).all() for one in mine):
                return False
        return True

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(use, range(8)))
    finally:
        sys.setswitchinterval(interval)


class Loans(RuleBasedStateMachine):
    """Arrays, views and JAX arrays come and go; each that lives keeps what was written, and no two share a byte."""

    def __init__(self) -> None:
        super().__init__()
        self.lender = Lender(least=1, most_idle=2000)
        self.arrays: list[tuple[Any, NDArray[Any]]] = []
        self.written = 0

    @rule(size=st.sampled_from([8, 64, 65, 300]), dtype=st.sampled_from(["int16", "int32"]))
    def borrow(self, size: int, dtype: str) -> None:
        array = self.lender.array((size,), np.dtype(dtype))
        spans = [(address(np.asarray(one)), np.asarray(one).nbytes) for one, _ in self.arrays]
        assert all(
            address(array) + array.nbytes <= start or start + length <= address(array) for start, length in spans
        )
        self.written += 1
        array[:] = self.written + np.arange(size)
        self.arrays.append((array, array.copy()))

    @rule(data=st.data(), kind=st.sampled_from(["view", "jax", "whole"]))
    def read(self, data: st.DataObject, kind: str) -> None:
        if not self.arrays:
            return
        place = data.draw(st.integers(0, len(self.arrays) - 1))
        array, wanted = self.arrays.pop(place)
        if kind == "view" and len(wanted) > 3:
            array, wanted = array[1:3], wanted[1:3]
        if kind == "jax":
            array = jnp.asarray(array)
        self.arrays.append((array, wanted))

    @rule(data=st.data())
    def let_go(self, data: st.DataObject) -> None:
        if self.arrays:
            del self.arrays[data.draw(st.integers(0, len(self.arrays) - 1))]

    @invariant()
    def everything_that_lives_is_what_was_written(self) -> None:
        for array, wanted in self.arrays:
            np.testing.assert_array_equal(np.asarray(array), wanted)
        assert self.lender.idle <= self.lender.most_idle


Loans.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLoans = Loans.TestCase
