"""The picture that a notebook stores beside a live panel, kept as the panel is."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from bitwindow.panel.contract import QuantizerView
from bitwindow.panel.display import picture_bundle
from bitwindow.panel.palette import BLUES, Ramp
from bitwindow.panel.resting import Resting

REST = 2.0
"""The picture is drawn anew when nothing has changed for so long, in seconds: never while a hand moves a window."""

_DRAWN = {"formats", "settings", "calibration", "evaluation"}
"""The events that can change the picture."""


class SavedPicture:
    """An output of its own behind the widget, that is replaced when the quantizer has changed and rests.

    What is sent is an ordinary ``update_display_data`` message, so that every front end keeps the picture up to date
    that knows the protocol. The quantizer is listened to from ``show`` to ``close``.

    Args:
        quantizer: What to draw.
        name: Tells this picture from those of other panels.
    """

    def __init__(self, quantizer: QuantizerView, name: str) -> None:
        self._quantizer = quantizer
        self._display = f"bitwindow-picture-{name}"
        self._shown: str | None = None
        self.ramp = BLUES
        self._soon = Resting(lambda: self._send(update=True), REST, inf)
        self._stop_listening: Callable[[], object] | None = None

    def show(self) -> None:
        """Display the picture in the running cell."""
        if self._stop_listening is None:
            self._stop_listening = self._quantizer.listen(self._heard)
        self._send(update=False)

    def colour(self, ramp: Ramp) -> None:
        """Draw the picture in other colours from now on."""
        self.ramp = ramp
        if self._stop_listening is not None:
            self._soon()

    def close(self) -> None:
        """Stop listening; the picture stays as it is."""
        if self._stop_listening is not None:
            self._stop_listening()
        self._soon.close()

    def _heard(self, event: str) -> None:
        if event in _DRAWN:
            self._soon()

    def _send(self, *, update: bool) -> None:
        from IPython.display import display

        bundle, metadata = picture_bundle(self._quantizer, self.ramp)
        image = bundle["image/png"]
        if update and image == self._shown:
            return
        self._shown = image
        options = {"metadata": metadata, "display_id": self._display, "update": update}
        display(bundle, raw=True, **options)  # type: ignore[no-untyped-call]
