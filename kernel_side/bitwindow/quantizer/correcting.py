"""Bias correction of a quantizer's present types, as one step to undo."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bitwindow.assign.assign import follow_biases
from bitwindow.calibrate.batches import chunks
from bitwindow.errors import SettingError
from bitwindow.execute.bias_correction import CorrectionReport, correct_biases
from bitwindow.quantizer.state import State
from bitwindow.quantizer.watching import Watching


class Correcting(Watching):
    """A quantizer whose stored biases can make up for what its types add to the layers' outputs in the mean."""

    def correct_biases(self, data: Any, *, samples: int = 256) -> CorrectionReport:
        """Correct the stored bias of each convolution and dense layer by its output's mean error over data.

        In the network's order, each bias changes by the mean, over the samples and the places of its channel, of the
        float network's sums minus the quantized network's, before the activation and with the rounding of the output
        (Nagel et al. 2019, the empirical variant). The float network, and what ``validate`` compares with, stay.

        It belongs to the present types and modes, so it comes after ``prepare``, ``calibrate`` and ``assign``; a later
        ``assign`` drops it, a type that is changed by hand keeps it, and a second call starts from the float network's
        biases again. One step to undo.

        Args:
            data: Inputs, as for ``calibrate``; labels in it are ignored.
            samples: So many of the first samples are used at most.

        Returns:
            What was done to each layer, or why it was left alone; it prints as a table.

        Raises:
            SettingError: If ``samples`` is no positive integer.
            DataError: If the data is empty or does not fit the model.
            ExecutionError: If the types allow no exact execution.
        """
        wanted: object = samples
        if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1:
            message = f"samples: wanted a positive integer, got {samples!r}. A few hundred are enough."
            raise SettingError(message)
        engine, state, used = self._engine, self.state, []
        for chunk in chunks(data, engine.spec, engine.network.batch):
            used.append((chunk.leaves, min(chunk.valid, samples - chunk.first), chunk.first))
            if chunk.first + chunk.valid >= samples:
                break
        # Outside the lock: it may take long, and whoever changes a type meanwhile need not wait.
        with self._live.paused():
            found, report = correct_biases(engine.executor, state.assignment, state.modes, used)

        def corrected(present: State) -> State:
            types = replace(present.assignment, corrected=found.corrected)
            return replace(present, assignment=follow_biases(engine.network, types))

        self._go(corrected, "formats")
        return report
