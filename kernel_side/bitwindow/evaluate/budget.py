"""How much memory cached boundaries may take, by default."""

from __future__ import annotations

import jax

DEFAULT_BYTES = 2**30
PART_OF_DEVICE = 0.25
"""Of a GPU's memory: the program's own arrays and the compiled steps need the rest."""


def default_budget(device: jax.Device | None = None) -> int:
    """Return one GiB, or a quarter of the memory of a GPU that has less than four.

    Args:
        device: Where the boundaries lie; None for JAX's default one.
    """
    chosen = jax.devices()[0] if device is None else device
    stats = None if chosen.platform == "cpu" else chosen.memory_stats()
    limit = None if stats is None else stats.get("bytes_limit")
    return DEFAULT_BYTES if limit is None else min(DEFAULT_BYTES, int(PART_OF_DEVICE * limit))
