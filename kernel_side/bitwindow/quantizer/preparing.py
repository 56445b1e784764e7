"""Preparation of a quantizer's model, before anything has been counted on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bitwindow.errors import SettingError
from bitwindow.model.record import Model
from bitwindow.prepare.prepare import Prepared, prepare
from bitwindow.prepare.report import Report
from bitwindow.quantizer.displayed import Displayed


class Preparing(Displayed):
    """A quantizer whose model can be replaced by a prepared one."""

    model: Model
    _prepared: Prepared | None = None

    def prepare(self, data: Any = None, *, fold: bool = True, equalize: bool = True) -> Report:
        """Write the network as hardware wants it: the same function with fewer, better scaled layers.

        Batch-norm and every other per-channel affine chain is folded into the convolution or dense layer before it (or
        behind it, where no padding is in the way), operations that change nothing are left out, and the ranges of
        channels are evened out across layers by powers of two. Each step is compared with the network before on
        ``data``; one that changes more than rounding noise is refused, and the report says so.

        Preparation comes first: sites change, so that calibration, types and history start anew, and a second call
        starts from the model as it was loaded. To take it back, make a new ``Quantizer``.

        Args:
            data: Inputs to compare on, of which the first 32 samples are used; drawn numbers when None.
            fold: Whether to fold and to leave out.
            equalize: Whether to even out channel ranges.

        Returns:
            The report; it prints as a table.

        Raises:
            SettingError: If the quantizer is displayed or watches data.
            DataError: If the data does not fit the model.
        """
        if self.watched or self.panels:
            message = (
                "prepare: wanted a quantizer that is not displayed and watches no data, since its rows change; make a "
                "new Quantizer, prepare it, then display it"
            )
            raise SettingError(message)
        self.take_prepared(prepare(self.original_model, data, fold=fold, equalize=equalize))
        assert self._prepared is not None  # noqa: S101 (just taken)
        return self._prepared.report

    @property
    def preparation(self) -> Report | None:
        """What ``prepare`` did, or None before it."""
        return None if self._prepared is None else self._prepared.report

    @property
    def original_model(self) -> Model:
        """The model as it was loaded."""
        return self.model if self._prepared is None else self._prepared.original

    @property
    def prepared_settings(self) -> Mapping[str, Any] | None:
        """The settings that make the prepared model again, or None where there is none."""
        return None if self._prepared is None else self._prepared.settings

    def take_prepared(self, prepared: Prepared) -> None:
        """Go on with a prepared model, and with those who listen; part of loading a file."""
        listeners = self._listeners
        self._start(prepared.model)
        self._listeners = listeners
        self._prepared = prepared
        self._tell("calibration")

    def _start(self, model: Model) -> None:
        raise NotImplementedError
