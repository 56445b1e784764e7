"""How many threads compiled loops may use; apart from the loops, since asking loads none of them."""

from __future__ import annotations

import os


def workers() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
