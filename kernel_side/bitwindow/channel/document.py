"""A document in JupyterLab: a model's file that becomes a quantizer step by step, with no notebook and no code."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bitwindow.channel.data_file import calibration_data, validation_data, wanted
from bitwindow.errors import SessionFileError
from bitwindow.registry.living import QUANTIZERS

Step = Callable[[], None]


class Document:
    """One opened file and how far it is; ``tell`` is called after every change, from whatever thread made it.

    The stages are ``loading``, ``waiting`` (for calibration data), ``calibrating``, ``ready`` and ``failed``. Loading
    and calibrating run in a thread, so that the kernel answers meanwhile.

    Args:
        path: Of the file, under the kernel's folder.
        tell: Called with nothing; ``described`` then gives the new state.
    """

    def __init__(self, path: str, tell: Step) -> None:
        self.path = Path(path)
        self.tell = tell
        self.quantizer: Any = None
        self._number = 0
        self._lock = threading.RLock()
        self._stage = "loading"
        self._error: str | None = None
        self._wants_function = False
        self._labels = False
        self._saved_state: Any = None
        self._saved: tuple[int, tuple[str, ...]] = (0, ())
        self._stop_listening: Step = lambda: None

    def described(self) -> dict[str, Any]:
        """Return the state as a record for the wire; ``schema.json`` describes it."""
        q = self.quantizer
        progress = None if q is None else q.calibration_progress
        return {
            "path": str(self.path),
            "stage": self._stage,
            "error": self._error,
            "wantsFunction": self._wants_function,
            "inputs": [] if q is None else wanted(q.model),
            "sites": 0 if q is None else len(q.sites),
            "progress": None if progress is None else list(progress),
            "quantizer": self._number,
            "validated": self._labels,
            "dirty": self.dirty,
        }

    @property
    def dirty(self) -> bool:
        """Whether something would be lost without saving."""
        q = self.quantizer
        if q is None or self._stage != "ready":
            return False
        return q.state is not self._saved_state or _besides(q) != self._saved

    def load(self, function: str | None = None) -> None:
        """Open the file, in a thread.

        Args:
            function: The model's function as ``module:name``, for a file that does not hold it.
        """
        self._go("loading", lambda: self._load(function))

    def calibrate(self, data: str, settings: dict[str, Any]) -> None:
        """Calibrate with a file, in a thread, and choose all types by ``settings``.

        Args:
            data: The path of an ``.npz`` file.
            settings: The user's ``scheme``, ``wordLength`` and ``rounding``; what is missing stays as it is.
        """
        self._go("calibrating", lambda: self._calibrate(Path(data), settings))

    def validate(self, data: str) -> None:
        """Evaluate on a file's inputs and labels from now on.

        Raises:
            DataError: If the file does not fit.
        """
        inputs, labels = validation_data(Path(data), self.quantizer.model)
        self.quantizer.watch(inputs, labels)
        self._labels = True
        self.tell()

    def save(self, path: str) -> None:
        """Write the quantizer to a file, whole or not at all."""
        with self._lock:
            state, besides = self.quantizer.state, _besides(self.quantizer)
            self.quantizer.save(path)
            self._saved_state, self._saved = state, besides
        self.tell()

    def close(self) -> None:
        """Stop listening to the quantizer and evaluating; close its panels."""
        self._stop_listening()
        if self.quantizer is not None:
            self.quantizer.unwatch()
            for panel in self.quantizer.panels:
                panel.close()

    # ------------------------------------------------------------------ inside

    def _go(self, stage: str, step: Step) -> None:
        with self._lock:
            before, self._stage, self._error = self._stage, stage, None
        self.tell()
        threading.Thread(target=self._run, args=(step, before), name=f"bitwindow-document-{stage}", daemon=True).start()

    def _run(self, step: Step, before: str) -> None:
        try:
            step()
        except Exception as error:
            if not isinstance(error, ValueError | ImportError | OSError):
                logging.getLogger(__name__).exception("A document failed")
            with self._lock:
                known = isinstance(error, ValueError)
                self._error = str(error) if known else f"{type(error).__name__}: {error}"
                self._wants_function = isinstance(error, SessionFileError) and "fn=" in str(error)
                # Wrong data leaves the document where it was, so that other data can be chosen.
                self._stage = "failed" if self.quantizer is None else "ready" if before == "ready" else "waiting"
        self.tell()

    def _load(self, function: str | None) -> None:
        from bitwindow.cli.quantize import open_model

        q = open_model(self.path, function)
        self._stop_listening()
        self.quantizer = q
        self._number = next((number for number, living in QUANTIZERS.items().items() if living is q), 0)
        self._wants_function = False
        self._saved_state, self._saved = q.state, _besides(q)
        self._stop_listening = q.listen(lambda _event: self.tell())
        self._stage = "ready" if q.calibrated else "waiting"

    def _calibrate(self, data: Path, settings: dict[str, Any]) -> None:
        q = self.quantizer
        inputs = calibration_data(data, q.model)
        if settings.get("rounding"):
            q.rounding = settings["rounding"]
        q.calibrate(inputs, progress=False, restart=True)
        q.assign(settings.get("scheme"), settings.get("wordLength"), keep=q.locked)
        self._stage = "ready"


def _besides(quantizer: Any) -> tuple[int, tuple[str, ...]]:
    """Return what a file keeps besides the state, to see whether it has changed."""
    return quantizer.calibration.samples, quantizer.locked
