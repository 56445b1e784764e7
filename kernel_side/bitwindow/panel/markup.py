"""The HTML of the panel: every text from a model or a user is escaped on its way in."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bitwindow.panel import wording
from bitwindow.panel.contract import EvaluationView, PairedView
from bitwindow.spectrum.record import Spectrum

_LABELLED = "needs labelled data: <code>q.watch(x, y)</code> in code, <i>Validation data…</i> in a document"


def details(facts: Sequence[tuple[str, str]]) -> str:
    """Return the facts of the selected row."""
    lines = "".join(
        f'<div><span class="bw-fact">{escape(label)}</span> <span>{escape(text)}</span></div>' for label, text in facts
    )
    return f'<div class="bw-details">{lines}</div>'


def text(words: str) -> str:
    """Return words as text that no markup in them can leave."""
    return escape(words)


def empty(words: str) -> str:
    """Return why something is empty."""
    return f'<div class="bw-empty">{escape(words)}</div>'


def explanation(words: str) -> str:
    """Return lines of text as they are."""
    return f'<pre class="bw-explanation">{escape(words)}</pre>'


def section(kind: str, heading: str, content: str, beside: str) -> str:
    """Return a part of the detail; ``content`` and ``beside`` are HTML already."""
    return f'<section class="{kind}"><h4>{escape(heading)} <small>{beside}</small></h4>{content}</section>'


def sign_legend(spectrum: Spectrum | None) -> str:
    """Return which bars are which, with the exact number of values of each sign, zeros, NaNs and infinities."""
    if spectrum is None:
        return empty("No values counted yet: call q.calibrate(data).")
    _, positive, negative = spectrum.msb_counts()
    lines = [("bw-positive", int(positive.sum()), "positive"), ("bw-negative", int(negative.sum()), "negative")]
    lines.append(("", spectrum.zero, "zero"))
    lines += [("", count, name) for count, name in ((spectrum.nan, "NaN"), (spectrum.inf, "infinite")) if count]
    rows = "".join(
        f'<div><i class="{kind}"></i><b>{wording.count(count)}</b> {name}</div>' for kind, count, name in lines
    )
    return f'<div class="bw-signs">{rows}</div>'


def accuracy(evaluation: EvaluationView | None) -> str:
    """Return the accuracy of both networks, with what it rests on; an empty one says what to do."""
    if evaluation is None:
        return f'<div class="bw-figure bw-empty">Accuracy: {_LABELLED}</div>'
    name = evaluation.metric_name
    if evaluation.error:
        return f'<div class="bw-figure bw-failed">{escape(name.capitalize())}: {escape(evaluation.error)}</div>'
    before, after = wording.metric(name, evaluation.float_metric), wording.metric(name, evaluation.quantized_metric)
    return (
        f'<div class="bw-figure"><span class="bw-label">{escape(name.capitalize())}</span> '
        f'float <b class="bw-float-metric">{before}</b> → quantized <b class="bw-quantized-metric">{after}</b> '
        f"{_interval(evaluation)} {_difference(evaluation)} "
        f'<span class="bw-basis">{basis(evaluation)}</span>{_progress(evaluation)}</div>'
    )


def _difference(evaluation: EvaluationView) -> str:
    """Return quantized minus float: over the same samples where the evaluation pairs them, with its interval then."""
    name, before, after = evaluation.metric_name, evaluation.float_metric, evaluation.quantized_metric
    change, ends = None if before is None or after is None else after - before, None
    if isinstance(evaluation, PairedView) and evaluation.difference is not None:
        change, ends = evaluation.difference, evaluation.difference_interval
    if change is None:
        return ""
    interval = ""
    if ends is not None and not evaluation.exact:
        low, high = (wording.difference(name, end) for end in ends)
        what = "95 % confidence interval of the difference over all samples"
        interval = f' <span class="bw-interval" title="{what}">{low} to {high}</span>'
    text = f"difference <b>{wording.difference(name, change)}</b>"
    return f'<span class="bw-difference" title="quantized minus float">{text}</span>{interval}'


def _progress(evaluation: EvaluationView) -> str:
    """Return a bar of how many samples have been run, while they are."""
    if not evaluation.running or not evaluation.total:
        return ""
    return f'<progress max="{evaluation.total}" value="{evaluation.n}" aria-label="samples run"></progress>'


def _interval(evaluation: EvaluationView) -> str:
    """Return the interval of the whole set while it is estimated, and of all samples of this kind once it is exact."""
    ends, of = (
        (evaluation.population, "all samples of this kind, of which these are a part")
        if evaluation.exact
        else (evaluation.interval, f"the figure over all {wording.count(evaluation.total)} samples")
    )
    if ends is None:
        return ""
    low, high = (wording.metric(evaluation.metric_name, end) for end in ends)
    return f'<span class="bw-interval" title="95 % confidence interval of {of}">{low} to {high}</span>'


def basis(evaluation: EvaluationView) -> str:
    """Return what a figure rests on: all samples, or an estimate over some."""
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


def sites(fixed: int, floating: int, locked: int, apart: int = 0) -> str:
    """Return how many sites have a type, how many of them one a channel, how many are float and how many locked."""
    by_channel = f" (<b>{wording.count(apart)}</b> by channel)" if apart else ""
    parts = [f"<b>{wording.count(fixed)}</b> fixed point{by_channel}", f"<b>{wording.count(floating)}</b> float"]
    if locked:
        parts.append(f"<b>{wording.count(locked)}</b> locked")
    return f'<div class="bw-figure"><span class="bw-label">Sites</span> {", ".join(parts)}</div>'


def busy(text: str) -> str:
    """Return the line that says what is under way; nothing for nothing."""
    return f'<div class="bw-busy" role="status"><i></i>{escape(text)}</div>' if text else ""


def error(text: str) -> str:
    """Return the error line, nothing for no error."""
    return f'<div class="bw-error" role="alert">{escape(text)}</div>' if text else ""


def legend(colours: Sequence[str]) -> str:
    """Return the key of the map, whose cells have these colours from few to many MSBs."""
    ramp = f"background:linear-gradient(90deg,{escape(','.join(colours))})"
    signs = (
        f'<i class="bw-ramp" style="{ramp}"></i> few to many MSBs of the row (both signs)',
        '<i class="bw-gray"></i> the type has no bit there',
        '<i class="bw-sign">±</i> sign bit',
        '<i class="bw-ahead"></i> accuracy if the window\'s top bit were there',
        "≈ marks an estimate, all counts are exact",
    )
    return f'<div class="bw-legend">{"".join(f"<span>{sign}</span>" for sign in signs)}</div>'
