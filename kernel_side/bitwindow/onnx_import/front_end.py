"""The front end for ONNX: a file, its bytes or a ``ModelProto`` become a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from bitwindow.errors import ModelError
from bitwindow.model.origin import Origin
from bitwindow.model.record import Model
from bitwindow.onnx_import.batch import Program, settled
from bitwindow.onnx_import.batch_axis import batch_first, input_axes, output_axis_given
from bitwindow.onnx_import.content import beside, completed, whole_content
from bitwindow.onnx_import.example import arguments_of, example_of
from bitwindow.onnx_import.names import parameter_names
from bitwindow.onnx_import.parse import constants_of
from bitwindow.onnx_import.read import open_model
from bitwindow.onnx_import.records import Opened
from bitwindow.onnx_import.types import activation_types, formats_of

__all__ = ["completed", "load", "reopen"]


def load(
    source: str | PathLike[str] | bytes | Any,
    *,
    example: Any = None,
    dims: Mapping[str, int] | None = None,
    outputs: Sequence[str] | None = None,
    folder: str | PathLike[str] | None = None,
    channels_last: bool = True,
    batch_axis: int | Mapping[str, int] | None = None,
    name: str | None = None,
) -> Model:
    """Make a model of an ONNX file.

    Args:
        source: The path of an ``.onnx`` file, its bytes, or an ``onnx.ModelProto``; any opset from 7 to the newest.
        example: A batch of inputs (one array, or a dictionary by input name); only needed where the file leaves sizes
            open that ``dims`` does not give.
        dims: Sizes by the file's own names for them, such as ``{"height": 224, "width": 224}``.
        outputs: Names of the values to return, any of the graph's; its declared outputs when None.
        folder: The folder of external data, for a model that came as bytes; a file's own folder when None.
        channels_last: Whether images are kept with their channels last inside, which XLA computes faster on the CPU.
        batch_axis: Where the graph has its batch, for all inputs or by name of an input or output; read off the names
            of the sizes when None (``batch``), else the first axis. The model takes and returns the batch first.
        name: What messages call the model; the file's name when None.

    Returns:
        The model. One input is one array, several are a dictionary by name; so are outputs. Its parameters are the
        file's floating-point constants, by names made into paths.

    Raises:
        ModelError: If the file is damaged, asks for what a model may not do, uses an operator that bitwindow does not
            compute, or leaves sizes open.
    """
    opened, proto = open_model(source, folder)
    title = name or (Path(source).name if isinstance(source, str | PathLike) else None) or _name_of(proto)
    opened = _with_outputs(replace(opened, where=title), outputs)
    axes = input_axes(opened, batch_axis)
    opened = batch_first(opened, axes)
    given = example_of(opened, example, dims or {})
    names = parameter_names(opened.graph, constants_of(opened.graph))
    said = {item: output_axis_given(item, batch_axis) for item in opened.graph.outputs}
    start = Program(
        opened=opened,
        names=names,
        channels_last=channels_last,
        types=activation_types(opened),
        input_axes=axes,
        output_axes=said,
    )
    program = settled(start, given)
    settings = {"outputs": list(opened.graph.outputs), "channels_last": channels_last, "name": title}
    if any(axes.values()):
        settings["batch_axis"] = axes | dict(program.output_axes)
    origin = Origin(kind="onnx", content=whole_content(proto, opened), settings=settings)
    return Model(
        program.function(arguments_of(given)),
        program.parameters,
        given if len(given) > 1 else next(iter(given.values())),
        name=title,
        source=str(source) if isinstance(source, str | PathLike) else None,
        origin=replace(origin, beside=beside(origin, opened, names, program.parameters or {})),
        formats=formats_of(opened, names),
    )


def reopen(origin: Origin, example: Any) -> Model:
    """Make the model of a session's own ONNX file again.

    Raises:
        ModelError: If the bytes or the settings are damaged.
    """
    settings = origin.settings
    outputs, last, name, axes = (settings.get(key) for key in ("outputs", "channels_last", "name", "batch_axis"))
    texts = isinstance(outputs, list) and all(isinstance(item, str) for item in outputs)
    turned = axes is None or (isinstance(axes, dict) and all(type(axis) is int for axis in axes.values()))
    if not texts or not isinstance(last, bool) or not isinstance(name, str) or not turned:
        raise ModelError("the ONNX model in the session: wanted its outputs, layout, name and batch, got others")
    return load(origin.content, example=example, outputs=outputs, channels_last=last, name=name, batch_axis=axes)


def _name_of(proto: Any) -> str:
    text = proto.graph.name[:80]
    return "".join(char if char.isprintable() else "_" for char in text) or "onnx"


def _with_outputs(opened: Opened, outputs: Sequence[str] | None) -> Opened:
    if outputs is None:
        return opened
    made = {item for node in opened.graph.nodes for item in node.outputs if item}
    unknown = [item for item in outputs if item not in made]
    if unknown or not outputs:
        raise ModelError(
            f"{opened.where}: outputs: wanted names of values in the graph, got {unknown[:3] or 'none'}; it makes "
            f"{', '.join(sorted(made)[:8])}"
        )
    return replace(opened, graph=replace(opened.graph, outputs=tuple(outputs)))
