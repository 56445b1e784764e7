"""The arrays and scalars that the casts take: JAX's and NumPy's alike, traced or not."""

from __future__ import annotations

from typing import Any, TypeAlias

import jax
import numpy as np
from numpy.typing import NDArray

AnyArray: TypeAlias = jax.Array | NDArray[Any]
"""A JAX or a NumPy array."""

Scalar: TypeAlias = jax.Array | np.integer[Any] | int
"""An integer scalar: a Python or NumPy one, or a JAX array of shape ()."""
