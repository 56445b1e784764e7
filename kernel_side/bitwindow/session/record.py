"""The record of a session: what a ``.bitwindow`` file holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from bitwindow.assign.records import Assignment
from bitwindow.calibrate.record import Calibration
from bitwindow.errors import SessionFileError
from bitwindow.execute.modes import Modes
from bitwindow.model.origin import Origin
from bitwindow.session.view import View


@dataclass(frozen=True, kw_only=True)
class PreparedRecord:
    """A preparation: the settings (JSON values) that make its program again, and its parameters by name."""

    settings: Mapping[str, Any]
    params: Any


@dataclass(frozen=True, kw_only=True)
class SessionRecord:
    """A model's data, its types, its settings and its calibration, without any code.

    Attributes:
        name: of the model, or None.
        source: where the model's function came from, in words: ``"module:qualname"``. It is shown to the user and never
            imported or run.
        params: the pytree of parameters; NumPy arrays when it was read from a file.
        example: a pytree (array, tuple or dict) like the model's example. Only shapes and dtypes are kept: when it
        was read
            from a file, its leaves are arrays of zeros.
        origin: the model's own file (ONNX, Keras), from which its function is made again; None for a plain function.
        prepared: what preparation made of the model, or None where there was none.
        assignment: the types; every spectrum's site is one of its sites.
        modes: rounding, overflow, accumulator, seed.
        scheme: of the last assignment.
        word_length: of the last assignment, in bits.
        calibration: samples counted, the spectra of inputs and activations, and glimpses of them.
        chosen: the types of the last assignment by a scheme, of the same sites; None where there was none.
        per_channel: of the last assignment: true, false, or the sites with a type for each output channel.
        locked: the sites whose types are locked.
        view: how the panel is looked at, or None where there was none.
        batch: how many samples a chunk holds, where the user said so, on which the last bits of float layers depend.

    Raises:
        SessionFileError: If the parts name different sites.
    """

    name: str | None
    source: str | None
    params: Any
    example: Any
    assignment: Assignment
    modes: Modes
    scheme: str
    word_length: int
    calibration: Calibration
    origin: Origin | None = None
    prepared: PreparedRecord | None = None
    chosen: Assignment | None = None
    per_channel: bool | frozenset[str] = False
    locked: frozenset[str] = frozenset()
    view: View | None = None
    batch: int | None = None

    def __post_init__(self) -> None:
        """Check that all parts speak of the same sites."""
        sites = set(self.assignment.formats)
        others = {
            "reasons": set(self.assignment.reasons) ^ sites,
            "following biases": self.assignment.following - sites,
            "flags": set(self.assignment.flags) - sites,
            "spectra": set(self.calibration.spectra) - sites,
            "glimpses": set(self.calibration.glimpses) - sites,
            "locks": self.locked - sites,
            "chosen types": set() if self.chosen is None else set(self.chosen.formats) ^ sites,
        }
        for part, strange in others.items():
            if strange:
                message = (
                    f"session: wanted {part} of the sites that have types, got {sorted(strange)[:3]} besides. Build "
                    "the record from one quantizer."
                )
                raise SessionFileError(message)

    @property
    def parameter_count(self) -> int:
        """How many numbers the parameters hold."""
        return sum(int(np.size(leaf)) for leaf in jax.tree.leaves(self.params))
