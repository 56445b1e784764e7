"""What a notebook stores when it shows a panel: the live widget, and a picture for when no kernel runs behind it.

Two outputs, not one: JupyterLab prefers a widget to any picture beside it in one output, and when the widget's kernel
is gone it shows an error and never the picture. So the picture is an output of its own, right behind the widget; our
extension hides it while the widget lives, and hides the widget's error when it is gone.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from bitwindow.panel import markup, wording
from bitwindow.panel.contract import QuantizerView
from bitwindow.panel.drawing import heat_map_drawing
from bitwindow.panel.palette import BLUES, Ramp
from bitwindow.panel.png import drawing_png
from bitwindow.panel.row_sites import site_rows
from bitwindow.panel.svg import picture_svg

if TYPE_CHECKING:
    from bitwindow.panel.panel import Panel

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


def show(panel: Panel) -> None:
    """Display a panel in the running cell: the widget, then its picture."""
    from IPython.display import display

    display(widget_bundle(panel), raw=True)  # type: ignore[no-untyped-call]
    panel.saved_picture.show()


def widget_bundle(panel: Panel) -> dict[str, Any]:
    """Return the display data of the live widget, with a line of text for where there is none."""
    view = {"version_major": 2, "version_minor": 0, "model_id": panel.model_id}
    return {WIDGET_MIME: view, "text/plain": text(panel.quantizer)}


def picture_bundle(quantizer: QuantizerView, ramp: Ramp = BLUES) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the picture as display data and its metadata: a PNG image, which no viewer takes for unsafe."""
    drawing = heat_map_drawing(site_rows(quantizer), caption(quantizer), ramp)
    image = base64.b64encode(drawing_png(drawing)).decode()
    size = {"width": drawing.width, "height": drawing.height}
    return {"image/png": image, "text/plain": drawing.title}, {"image/png": size}


def mimebundle(panel: Panel) -> dict[str, Any]:
    """Return the widget and its picture as one bundle, for front ends that ask for one.

    The picture is an image of its own inside the HTML, so that a front end that cleans markup of untrusted notebooks
    keeps it.
    """
    return {**widget_bundle(panel), "text/html": static_html(panel.quantizer, panel.saved_picture.ramp)}


def static_html(quantizer: QuantizerView, ramp: Ramp = BLUES) -> str:
    """Return the picture of the heat map with the accuracy and the memory, as HTML without any script."""
    image = base64.b64encode(picture_svg(site_rows(quantizer), ramp).encode()).decode()
    return (
        f'<div class="bw-static">{markup.accuracy(quantizer.evaluation) if quantizer.evaluation else ""}'
        f"{markup.memory(quantizer.float_bytes, quantizer.quantized_bytes)}"
        f'<img alt="MSB heat map of the sites" style="max-width:100%" src="data:image/svg+xml;base64,{image}"></div>'
    )


def caption(quantizer: QuantizerView) -> str:
    """Return one line about accuracy and memory."""
    before, after = wording.memory(quantizer.float_bytes), wording.memory(quantizer.quantized_bytes)
    memory, evaluation = f"parameters {before} → {after}", quantizer.evaluation
    if evaluation is None or evaluation.error or evaluation.quantized_metric is None:
        return memory
    name = evaluation.metric_name
    values = (wording.metric(name, value) for value in (evaluation.float_metric, evaluation.quantized_metric))
    return f"{name}: float {' → quantized '.join(values)} ({markup.basis(evaluation)}); {memory}"


def text(quantizer: QuantizerView) -> str:
    """Return one line about the quantizer."""
    before, after = wording.memory(quantizer.float_bytes), wording.memory(quantizer.quantized_bytes)
    state = f"{quantizer.word_length} bits by {quantizer.scheme}" if quantizer.calibrated else "not calibrated"
    return f"Quantizer: {len(quantizer.sites)} sites, {state}, parameters {before} -> {after}"
