"""What a layer or site is, in words: its formula, its operands and their types, and why it is what it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bitwindow.assign.records import Assignment, Format
from bitwindow.errors import ExecutionError
from bitwindow.evaluate.engine import Engine
from bitwindow.execute.modes import Modes
from bitwindow.network.formula import formula, operand_text
from bitwindow.network.inside import Values, every_layer, site_of
from bitwindow.network.records import Contraction, Convolution, FloatComputation, Layer, Loop, Network
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.quantizer.site import wanted_site

MOST_CHANNELS_IN_WORDS = 32


class Explanation(str):
    """Text whose representation is itself, so that a notebook shows it as it reads."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def explain(engine: Engine, assignment: Assignment, modes: Modes, name: str | None) -> Explanation:
    """Explain a site or a layer, or all float layers when ``name`` is None.

    Raises:
        SettingError: If the network has no site or layer of that name.
    """
    if name is None:
        return Explanation(_float_layers(engine.network, assignment))
    layer, values = _found(engine.network, name)
    if layer is None:
        return Explanation(_site_line(engine.network, assignment, name))
    lines = [] if name not in engine.network.sites else [_site_line(engine.network, assignment, name)]
    lines.append(f"layer {layer.name}: {layer.note}" + (f" (written at {layer.source})" if layer.source else ""))
    lines.append(f"  {layer.outputs[0]} = {formula(layer)}")
    lines += _operand_lines(layer, values, assignment)
    lines += _cast_lines(layer, values, assignment)
    lines += _accumulator(engine, assignment, modes, layer)
    return Explanation("\n".join(lines))


def _found(network: Network, name: str) -> tuple[Layer | None, Values]:
    layers = list(every_layer(network))
    site = network.sites.get(name)
    for layer, values in layers:
        if name == layer.name or (site is not None and site.layer == layer.name):
            return layer, values
    if site is None:
        raise wanted_site(name, [*network.sites, *(layer.name for layer, _ in layers)])
    return None, network.values


def _site_line(network: Network, assignment: Assignment, name: str) -> str:
    site = network.sites[name]
    readers = [layer.name for layer, values in every_layer(network) if name in _read(layer, values)]
    used = f"; read by {', '.join(readers)}" if readers else ""
    fmt, reason = _words(assignment.formats[name]), assignment.reasons[name]
    because = reason if reason.startswith("float") and fmt == "float" else f"{fmt}: {reason}"
    return f"{name}: {site.kind} of shape {site.shape}{used}\n  {because}"


def _read(layer: Layer, values: Values) -> list[str | None]:
    operands = [*layer.operands, *([layer.bias] if layer.bias else [])]
    return [site_of(operand, values) for operand in operands]


def _operand_lines(layer: Layer, values: Values, assignment: Assignment) -> list[str]:
    operands = [*layer.operands, *([layer.bias] if layer.bias else [])]
    lines = []
    for operand, site in zip(operands, _read(layer, values), strict=True):
        fmt = "whole numbers, without a type" if site is None else _words(assignment.formats[site])
        whose = "" if site in (None, operand.parameter, operand.value) else f" of site {site}"
        lines.append(f"    {operand_text(operand)}: {fmt}{whose}")
    return lines


def _words(fmt: Format) -> str:
    """Return a format as text, that of many channels by its ends."""
    return fmt.short() if isinstance(fmt, ChannelFormats) and len(fmt) > MOST_CHANNELS_IN_WORDS else str(fmt)


def _cast_lines(layer: Layer, values: Values, assignment: Assignment) -> list[str]:
    if layer.note == "passed through exactly":
        return ["  the stored integers are only moved: the output has its operand's type"]
    known: Mapping[str, str] = {name: values[name].site or "" for name in layer.outputs if name in values}
    typed = [site for site in known.values() if site and isinstance(assignment.formats[site], FixedPoint)]
    if isinstance(layer.operation, Loop):
        return ["  each layer inside is cast by itself, at every step"]
    if isinstance(layer.operation, FloatComputation):
        return _float_lines(known, assignment)
    return [f"  cast once to {site}: {assignment.formats[site]}" for site in typed[:1]]


def _float_lines(known: Mapping[str, str], assignment: Assignment) -> list[str]:
    lines = ["  runs in floating point on k * 2^-F, the values of its operands' stored integers"]
    return lines + [f"  {name} {_outcome(site, assignment)}" for name, site in known.items() if site]


def _outcome(site: str, assignment: Assignment) -> str:
    fmt = assignment.formats[site]
    return f"is cast once to {fmt}" if isinstance(fmt, FixedPoint) else "stays float"


def _accumulator(engine: Engine, assignment: Assignment, modes: Modes, layer: Layer) -> list[str]:
    try:
        widths = engine.executor.accumulator_widths(assignment, modes=modes)
    except ExecutionError as error:
        return [f"  {error}"]
    if layer.name in widths:
        limit = "" if modes.accumulator_bits is None else f", limited to {modes.accumulator_bits}"
        return [f"  accumulator: {widths[layer.name]} bits hold every sum{limit}"]
    if isinstance(layer.operation, Convolution | Contraction):
        return ["  runs in float32, because an operand has no type"]
    return []


def _float_layers(network: Network, assignment: Assignment) -> str:
    layers = list(every_layer(network))
    kinds = Counter(layer.note.split(",")[0] for layer, _ in layers)
    head = (
        f"{len(layers)} layers: {kinds['quantized']} quantized, {kinds['passed through exactly']} passed through "
        f"exactly, {kinds['float']} float"
    )
    return "\n".join([head, *(line for layer, values in layers for line in _float_line(layer, values, assignment))])


def _float_line(layer: Layer, values: Values, assignment: Assignment) -> list[str]:
    """Return the line of a float layer, or of one that an operand without a type keeps in float."""
    written = f" (written at {layer.source})" if layer.source else ""
    if layer.note.startswith("float"):
        made = (values[name].site for name in layer.outputs if name in values)
        outcomes = dict.fromkeys(_outcome(site, assignment) for site in made if site)
        ends = f"; the output {', '.join(outcomes)}" if outcomes else ""
        return [f"  {layer.name}: {layer.note}{ends}{written}"]
    untyped = [site for site in _read(layer, values) if site is not None and assignment.formats[site] == "float"]
    if isinstance(layer.operation, Loop) or layer.note == "passed through exactly" or not untyped:
        return []
    return [f"  {layer.name}: runs in float32, because {untyped[0]} has no type{written}"]
