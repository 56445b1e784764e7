"""What the battery needs to know of a network of some framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bitwindow as bw


@dataclass(frozen=True, kw_only=True)
class Case:
    """One network.

    Attributes:
        make: Opens it; called several times, also in a state where the framework has made other networks before.
        inputs: A batch of 16 samples, as the model takes it.
        reference: The framework's own outputs for the inputs.
        names: Sites that must be there by these names.
        whole: Whether a session brings it back without its source.
    """

    make: Callable[[], bw.Model]
    inputs: Any
    reference: Callable[[], Any]
    names: tuple[str, ...]
    whole: bool = False
