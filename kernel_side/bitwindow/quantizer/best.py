"""The way to accurate types in one call: by loss, biases corrected, types by channel and more bits where needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bitwindow.assign.offer import Offer
from bitwindow.evaluate.report import Report
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.quantizer.correcting import Correcting
from bitwindow.quantizer.widening import Widening

BUDGET = 200
"""Most evaluations of the data that the search by loss may take."""
ERROR = "mse"
"""Tells types apart where nearly all samples are classified well; the float network's outputs are the labels."""


@dataclass(frozen=True, kw_only=True)
class Best:
    """What ``refine`` did, in figures of the data it was given; it prints as a few lines.

    Attributes:
        error: The outputs' mean squared error against float with the types before.
        corrected_error: The same with corrected biases; None where that did not lower it, and they were left alone.
        offer: What was accepted: windows by channel, then more bits. It is empty where the types were enough;
            ``offer.enough`` says whether the network is good enough at last.
    """

    error: float
    corrected_error: float | None
    offer: Offer

    def __str__(self) -> str:
        lines = [f"types: {ERROR} {self.error:.4g} of the outputs against float"]
        if self.corrected_error is not None:
            lines.append(f"biases corrected: {ERROR} {self.corrected_error:.4g}")
        apart = sum(isinstance(site.format, ChannelFormats) for site in self.offer.sites.values())
        if apart:
            lines.append(f"{apart} weights have a window for each channel")
        return "\n".join([*lines, str(self.offer)])

    __repr__ = __str__


class AssignsBest(Correcting, Widening):
    """A quantizer that finds types by itself which cost next to nothing."""

    def assign(self, *_scheme_and_width: Any, **_settings: Any) -> Any:
        """Choose the type of every site by a scheme."""
        raise NotImplementedError

    def validate(self, x: object, y: Any = ..., metric: str | Callable[[Any, Any], Any] = ...) -> Report:
        """Compare the float and the quantized network."""
        raise NotImplementedError

    def assign_best(
        self,
        data: Any,
        word_length: int | None = None,
        *,
        metric: str | Callable[[Any, Any], Any] = "accuracy",
        drop: float | None = None,
        budget: int | None = BUDGET,
        **settings: Any,
    ) -> Best:
        """Choose types of one width that lose next to nothing, and say where they are not enough.

        One type a tensor where that is enough, a type a channel where it is not, more bits where that is not:
        ``assign("loss", ...)`` by the outputs' error, then ``refine``. Call ``prepare`` and ``calibrate`` first. Up to
        three steps to undo; minutes for a network of fifty layers.

        Args:
            data: ``x``, or ``(x, y)`` for a metric of labels; a few hundred samples. Take others to validate with.
            word_length: Bits of weights, activations and input to begin with; None: as last time.
            metric: As for ``validate``: what must not drop.
            drop: As for ``wider``: what it may lose; None: 0.01, for a metric of classes.
            budget: Most evaluations of the search by loss; None: until nothing gets better.
            **settings: As for ``assign``, such as ``signed=True`` or ``bias_word_length=16``.

        Returns:
            What was done; it prints.

        Raises:
            DataError: Before any calibration, or where the data does not fit.
            SettingError: If a setting is out of range.
        """
        self.assign("loss", word_length, data=_inputs(data), metric=ERROR, budget=budget, **settings)
        return self.refine(data, metric=metric, drop=drop)

    def refine(
        self, data: Any, *, metric: str | Callable[[Any, Any], Any] = "accuracy", drop: float | None = None
    ) -> Best:
        """Go on from the present types until the network loses at most ``drop``, as far as types can.

        ``correct_biases``, kept where it lowers the outputs' error against float; then the offer of ``wider`` is
        accepted: windows by channel, and more bits where they are not enough. Two steps to undo at most.

        Args:
            data: As for ``assign_best``.
            metric: As for ``validate``: what must not drop.
            drop: As for ``wider``.

        Returns:
            What was done; it prints.

        Raises:
            DataError: Before any calibration, or where the data does not fit.
            SettingError: For another metric than one of classes without ``drop``.
        """
        x = _inputs(data)
        error = self._error(x)
        corrected = self._corrected(x, error)
        offer = self.wider(data, metric=metric, drop=drop)
        if offer:
            self.accept(offer)
        return Best(error=error, corrected_error=corrected, offer=offer)

    def _corrected(self, x: Any, error: float) -> float | None:
        """Correct the biases; take it back, and return None, where that does not lower the error."""
        before = self.state
        self.correct_biases(x)
        if self.state == before:  # nothing to correct, and so nothing to take back
            return None
        corrected = self._error(x)
        if corrected < error:
            return corrected
        self.undo()
        return None

    def _error(self, x: Any) -> float:
        return float(self.validate(x, None, ERROR).quantized_metric)


def _inputs(data: Any) -> Any:
    return data[0] if isinstance(data, tuple) and len(data) == 2 else data
