"""What a notebook stores when it shows a panel: the live widget, and a picture for when no kernel runs behind it."""

from __future__ import annotations

import base64
from typing import Any

from bitwindow.panel import markup, wording
from bitwindow.panel.contract import QuantizerView
from bitwindow.panel.panel import Panel
from bitwindow.panel.svg import picture_svg

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


def mimebundle(panel: Panel) -> dict[str, Any]:
    """Return the display data of a panel: the widget, its picture as HTML, and a line of text.

    A front end with the live kernel shows the widget; others (a converted notebook, a code host) show the picture. It
    is an image of its own inside the HTML, so that a front end that cleans markup of untrusted notebooks keeps it.
    """
    return {
        WIDGET_MIME: {"version_major": 2, "version_minor": 0, "model_id": panel.model_id},
        "text/html": static_html(panel.quantizer),
        "text/plain": text(panel.quantizer),
    }


def static_html(quantizer: QuantizerView) -> str:
    """Return the picture of the heat map with the accuracy and the memory, as HTML without any script."""
    image = base64.b64encode(picture_svg(list(quantizer.sites.values())).encode()).decode()
    return (
        f'<div class="bw-static">{markup.accuracy(quantizer.evaluation) if quantizer.evaluation else ""}'
        f"{markup.memory(quantizer.float_bytes, quantizer.quantized_bytes)}"
        f'<img alt="MSB heat map of the sites" style="max-width:100%" src="data:image/svg+xml;base64,{image}"></div>'
    )


def text(quantizer: QuantizerView) -> str:
    """Return one line about the quantizer."""
    before, after = wording.memory(quantizer.float_bytes), wording.memory(quantizer.quantized_bytes)
    state = f"{quantizer.word_length} bits by {quantizer.scheme}" if quantizer.calibrated else "not calibrated"
    return f"Quantizer: {len(quantizer.sites)} sites, {state}, parameters {before} -> {after}"
