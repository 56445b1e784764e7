"""The HTML of the panel: every text from a model or a user is escaped on its way in."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bitwindow.panel import wording
from bitwindow.panel.contract import EvaluationView
from bitwindow.panel.picture import PictureRow


def details(facts: Sequence[tuple[str, str]]) -> str:
    """Return the facts of the selected row."""
    lines = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(text)}</dd></div>" for label, text in facts)
    return f'<dl class="bw-details">{lines}</dl>'


def tooltip(row: PictureRow, place: int) -> str:
    """Return what a cell tells: its position, its counts by sign and its share of the row's nonzero values."""
    cell = row.cells[place]
    end = {0: " and above", len(row.cells) - 1: " and below"}.get(place, "")
    verdict = {"above": "above the window", "sign": "sign bit", "window": "in the window", "below": "below the window"}
    where = verdict.get(cell.part, "float: no window")
    return (
        f'<div class="bw-tooltip"><b>{escape(row.name)}</b><br>bit {wording.exponent(cell.exponent)}{end}: '
        f"{wording.count(cell.count)} MSBs, {escape(wording.share(cell.count, row.nonzero))}<br>"
        f"{wording.count(cell.positive)} positive, {wording.count(cell.negative)} negative<br>{where}</div>"
    )


def accuracy(evaluation: EvaluationView | None) -> str:
    """Return the accuracy of both networks, with what it rests on; an empty one says what to do."""
    if evaluation is None:
        return '<div class="bw-figure bw-empty">Accuracy: give labelled data with <code>q.watch(x, y)</code></div>'
    name = evaluation.metric_name
    if evaluation.error:
        return f'<div class="bw-figure bw-failed">{escape(name.capitalize())}: {escape(evaluation.error)}</div>'
    before, after = wording.metric(name, evaluation.float_metric), wording.metric(name, evaluation.quantized_metric)
    interval = ""
    if evaluation.interval is not None:
        low, high = (wording.metric(name, end) for end in evaluation.interval)
        interval = f'<span class="bw-interval" title="95 % interval">{low} to {high}</span>'
    return (
        f'<div class="bw-figure"><span class="bw-label">{escape(name.capitalize())}</span> '
        f'float <b class="bw-float-metric">{before}</b> → quantized <b class="bw-quantized-metric">{after}</b> '
        f'{interval} <span class="bw-basis">{_basis(evaluation)}</span></div>'
    )


def _basis(evaluation: EvaluationView) -> str:
    total = wording.count(evaluation.total)
    if evaluation.exact:
        return f"exact, all {total} samples"
    estimate = f"estimate, {wording.count(evaluation.n)} of {total} samples"
    return f"{estimate} …" if evaluation.running else estimate


def memory(before: int, after: int) -> str:
    """Return the memory of the parameters before and after."""
    ratio = f", {before / after:.2g}{wording.TIMES} smaller" if 0 < after < before else ""
    return (
        f'<div class="bw-figure"><span class="bw-label">Parameters</span> <b>{wording.memory(before)}</b> → '
        f"<b>{wording.memory(after)}</b>{ratio}</div>"
    )


def error(text: str) -> str:
    """Return the error line, nothing for no error."""
    return f'<div class="bw-error" role="alert">{escape(text)}</div>' if text else ""


LEGEND = (
    '<div class="bw-legend"><i class="bw-ramp"></i> few to many MSBs of the row (both signs) '
    '<i class="bw-gray"></i> the type has no bit there <i class="bw-sign">±</i> sign bit '
    "≈ marks an estimate, all counts are exact</div>"
)
