"""The threads beside the caller's own, one for each further core, that compiled loops and chunks are given to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

from bitwindow.spectrum.workers import workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future


def helped(work: Callable[..., None], *arguments: Any) -> list[Future[None]]:
    """Let the other cores take part in work that shares itself out; the caller takes part as well.

    Args:
        work: Called once by each helper; one that begins late finds nothing to do.
        arguments: What it is called with.

    Returns:
        One future a helper; none once the interpreter goes, when no thread begins any more.
    """
    try:
        return [_pool().submit(work, *arguments) for _ in range(workers() - 1)]
    except RuntimeError:
        return []


def join(helpers: list[Future[None]]) -> None:
    """Wait for the helpers that have begun, and let the others not begin.

    Raises:
        Exception: What a helper raised.
    """
    for helper in helpers:
        if not helper.cancel():
            helper.result()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(workers() - 1, 1), thread_name_prefix="products")
