"""What JupyterLab's side bar shows of every living quantizer, as plain records for the wire."""

from __future__ import annotations

from typing import Any

from bitwindow.panel import wording
from bitwindow.registry.announce import running_kernel
from bitwindow.registry.living import QUANTIZERS


def listing() -> list[dict[str, Any]]:
    """Return a record of every living quantizer, oldest first; ``schema.json`` describes it."""
    variables = variables_by_identity()
    return [described(number, q, variables.get(id(q), [])) for number, q in QUANTIZERS.items().items()]


def described(number: int, q: Any, variables: list[str]) -> dict[str, Any]:
    """Return the record of one quantizer."""
    progress = q.calibration_progress
    return {
        "id": number,
        "name": str(q.model.name or "model"),
        "variables": variables,
        "sites": len(q.sites),
        "calibrated": bool(q.calibrated),
        "samples": q.calibration.samples,
        "progress": None if progress is None else list(progress),
        "scheme": str(q.scheme),
        "wordLength": int(q.word_length),
        "metric": metric(q.evaluation),
        "floatMemory": wording.memory(q.float_bytes),
        "quantizedMemory": wording.memory(q.quantized_bytes),
        "canUndo": bool(q.can_undo),
        "canRedo": bool(q.can_redo),
    }


def metric(evaluation: Any) -> dict[str, Any] | None:
    """Return the record of a live evaluation; None where nothing is watched."""
    if evaluation is None:
        return None
    return {
        "name": str(evaluation.metric_name),
        "float": wording.metric(evaluation.metric_name, evaluation.float_metric),
        "quantized": wording.metric(evaluation.metric_name, evaluation.quantized_metric),
        "n": int(evaluation.n),
        "total": int(evaluation.total),
        "exact": bool(evaluation.exact),
        "error": evaluation.error,
    }


def variables_by_identity() -> dict[int, list[str]]:
    """Return the names in the user's namespace by the ``id`` of what they name, without IPython's own."""
    kernel = running_kernel()
    namespace = {} if kernel is None else dict(getattr(kernel.shell, "user_ns", {}))
    found: dict[int, list[str]] = {}
    for name, value in namespace.items():
        if not name.startswith("_"):
            found.setdefault(id(value), []).append(name)
    return found
