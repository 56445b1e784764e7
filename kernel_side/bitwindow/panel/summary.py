"""What became of the network: accuracy before and after, memory, sites, and how far the calibration is."""

from __future__ import annotations

import ipywidgets as widgets

from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.panel import markup, wording
from bitwindow.panel.contract import EvaluationView, QuantizerView


class Summary:
    """The lines above the map. ``show`` fills all, ``show_evaluation`` and ``show_progress`` their own part."""

    def __init__(self, quantizer: QuantizerView) -> None:
        self._quantizer = quantizer
        self.accuracy = widgets.HTML()
        self.memory = widgets.HTML()
        self.sites = widgets.HTML()
        self.progress = widgets.IntProgress(min=0, max=1, description="Calibration")
        self.progress.style.description_width = "auto"
        self.progress_text = widgets.Label("")
        self._progress_line = widgets.HBox([self.progress, self.progress_text])
        figures = widgets.HBox([self.accuracy, self.memory, self.sites])
        figures.add_class("bw-summary")
        self.widget = widgets.VBox([figures, self._progress_line])

    def show(self, locked: int) -> None:
        """Fill all lines from the quantizer; ``locked`` rows are."""
        self.show_evaluation(self._quantizer.evaluation)
        self.show_progress(self._quantizer.calibration_progress)
        self.memory.value = markup.memory(self._quantizer.float_bytes, self._quantizer.quantized_bytes)

        formats = [site.format for site in self._quantizer.sites.values()]
        fixed = sum(isinstance(fmt, AnyFormat) for fmt in formats)
        apart = sum(isinstance(fmt, ChannelFormats) for fmt in formats)
        self.sites.value = markup.sites(fixed, len(formats) - fixed, locked, apart)

    def show_evaluation(self, evaluation: EvaluationView | None) -> None:
        """Fill the accuracy."""
        self.accuracy.value = markup.accuracy(evaluation)

    def show_progress(self, progress: tuple[int, int | None] | None) -> None:
        """Fill the progress bar; it goes away when the calibration is over."""
        under_way = progress is not None and (progress[1] is None or progress[0] < progress[1])
        wanted = under_way or not self._quantizer.calibrated
        self._progress_line.layout.display = None if wanted else "none"
        if progress is None:
            self.progress.layout.display = "none"
            self.progress_text.value = (
                "" if self._quantizer.calibrated else "Not calibrated yet: call q.calibrate(data)."
            )
            return
        done, total = progress
        self.progress.layout.display = None
        # A stream of unknown length fills the bar and says how far it is in words.
        self.progress.bar_style = "info" if total is None else ""
        self.progress.max, self.progress.value = (1, 1) if total is None else (max(total, 1), done)
        self.progress_text.value = (
            f"{wording.count(done)} {'samples' if total is None else f'of {wording.count(total)} samples'}"
        )
