"""Memory for new boundaries: that of boundaries which nobody can read any more is lent again.

Filling fresh memory costs the operating system's first touch of every page, many times what filling it again costs. A
loan ends when the last array over it is gone, whoever holds one: the cache, a running layer, a user's view of an output
or a JAX array that shares the memory. Only then does the memory lie idle, and only idle memory is lent.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from math import prod
from threading import Lock
from typing import Any

import numpy as np

ALIGNMENT = 64
"""Bytes to which XLA wants arrays aligned that it takes without a copy."""
LEAST = 1 << 16
"""Bytes below which fresh memory is as good."""
MOST_IDLE = 1 << 26
"""Bytes that may lie idle: twice what the cache lets go at once under its default budget."""


class _Loan:
    """Owns memory as long as an array over it lives: every view of a view leads NumPy and JAX back to its owner."""

    __slots__ = ("__array_interface__", "_lender", "_memory")

    def __init__(self, memory: np.ndarray, size: int, lender: Lender) -> None:
        self._memory, self._lender = memory, lender
        start = memory.ctypes.data + -memory.ctypes.data % ALIGNMENT
        self.__array_interface__ = {"shape": (size,), "typestr": "|u1", "data": (start, False), "version": 3}

    def __del__(self) -> None:
        self._lender.take_back(self._memory)


class Lender:
    """Lends aligned arrays; safe for any number of threads.

    Args:
        least: Bytes below which an array is always fresh.
        most_idle: Bytes that may lie idle; of the size that was asked for longest ago goes first.
    """

    def __init__(self, least: int = LEAST, most_idle: int = MOST_IDLE) -> None:
        self.least, self.most_idle = least, most_idle
        self._lock = Lock()
        self._returned: deque[np.ndarray] = deque()
        self._idle: OrderedDict[int, list[np.ndarray]] = OrderedDict()
        self._idle_bytes = 0

    @property
    def idle(self) -> int:
        """The bytes that nobody reads and that are held for the next loan."""
        with self._lock:
            self._settle()
            return self._idle_bytes

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        """Return an aligned array of its own; its values are whatever the memory held.

        Args:
            shape: The shape.
            dtype: The dtype, without Python objects.
        """
        size = prod(shape) * dtype.itemsize
        if size < max(self.least, 1):
            memory = np.empty(size + ALIGNMENT, np.uint8)
            start = -memory.ctypes.data % ALIGNMENT
            return memory[start : start + size].view(dtype).reshape(shape)
        memory = self._found(size + ALIGNMENT)
        return np.asarray(_Loan(memory, size, self)).view(dtype).reshape(shape)

    def take_back(self, memory: np.ndarray) -> None:
        """Note that a loan has ended.

        It may end wherever Python frees an object, also inside this lender: so nothing is waited for here.
        """
        self._returned.append(memory)
        if self._lock.acquire(blocking=False):
            try:
                self._settle()
            finally:
                self._lock.release()

    def _found(self, size: int) -> np.ndarray:
        with self._lock:
            self._settle()
            idle = self._idle.get(size)
            if idle:
                self._idle.move_to_end(size)
                self._idle_bytes -= size
                # The one that came back last is the likeliest to be in the processor's cache still.
                return idle.pop()
        return np.empty(size, np.uint8)

    def _settle(self) -> None:
        """Put what came back among the idle, and let go what is too much."""
        while self._returned:
            memory = self._returned.popleft()
            self._idle.setdefault(memory.nbytes, []).append(memory)
            self._idle.move_to_end(memory.nbytes)
            self._idle_bytes += memory.nbytes
        while self._idle_bytes > self.most_idle:
            size, idle = next(iter(self._idle.items()))
            if idle:
                del idle[0]
                self._idle_bytes -= size
            if not idle:
                del self._idle[size]


LENDER = Lender()
"""The one that every executor borrows from: networks with equal shapes use the same memory."""
