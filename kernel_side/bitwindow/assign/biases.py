"""Biases that follow the LSB of their layer's products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from bitwindow.assign.records import Assignment, Format
from bitwindow.network.inside import Values, every_layer, site_of
from bitwindow.network.records import Contraction, Convolution, Layer, Network
from bitwindow.numbers.format import MAX_EXPONENT, MIN_EXPONENT, FixedPoint
from bitwindow.spectrum.record import Spectrum

BIAS_BITS = 32
"""The width of a bias that the user has not set: that of a usual accumulator."""
_COARSEST = BIAS_BITS - 2 - MAX_EXPONENT


def accumulator_lsb(network: Network) -> dict[str, Layer]:
    """Return, for each bias site, the first layer with products that adds it."""
    return {name: layer for name, (layer, _) in _with_products(network).items()}


def _with_products(network: Network) -> dict[str, tuple[Layer, Values]]:
    found: dict[str, tuple[Layer, Values]] = {}
    for layer, values in every_layer(network):
        if isinstance(layer.operation, Convolution | Contraction) and layer.bias is not None:
            name = layer.bias.parameter
            if name is not None and name in network.sites and not network.sites[name].float_reason:
                found.setdefault(name, (layer, values))
    return found


def follow_biases(network: Network, assignment: Assignment) -> Assignment:
    """Return the assignment with every following bias at 32 bits and the LSB 2^-(Fx + Fw) of its layer's products.

    Where that LSB is no type's, the nearest type is taken and flagged. A bias that does not fit 32 bits at that LSB
    takes the finest one at which it does (sums are exact at the finer of both LSBs), and is flagged. A bias beside a
    float operand is float.
    """
    layers = _with_products(network)
    formats, reasons, flags = dict(assignment.formats), dict(assignment.reasons), dict(assignment.flags)
    for name, (layer, values) in layers.items():
        if name not in assignment.following:
            continue
        flags.pop(name, None)
        formats[name], reasons[name], flag = _followed(values, formats, layer)
        if not flag and isinstance(fmt := formats[name], FixedPoint):
            formats[name], flag = _fitting(network, name, fmt)
        if flag:
            flags[name] = flag
    return replace(assignment, formats=formats, reasons=reasons, flags=flags)


def _followed(values: Values, formats: Mapping[str, Format], layer: Layer) -> tuple[Format, str, str]:
    lengths = []
    for operand in layer.operands[:2]:
        site = site_of(operand, values)
        fmt = None if site is None else formats.get(site)
        if not isinstance(fmt, FixedPoint):
            what = site or "an operand without a type"
            return "float", f"float, because {what} of layer {layer.name} is float", ""
        lengths.append(fmt.fraction_length)
    wanted = sum(lengths)
    used = min(max(wanted, _COARSEST), -MIN_EXPONENT)
    reason = f"follows the products of {layer.name}: {BIAS_BITS} bits at 2^{-used}"
    flag = "" if used == wanted else f"no {BIAS_BITS}-bit type has the products' LSB 2^{-wanted}; the nearest is taken"
    return FixedPoint(True, BIAS_BITS, used), reason, flag


def _fitting(network: Network, name: str, fmt: FixedPoint) -> tuple[FixedPoint, str]:
    """Return the type, or one of a coarser LSB that all of the bias's values fit, with a flag that says so."""
    if name not in network.parameters:
        return fmt, ""
    values = network.parameters[name]
    spectrum, known = _spectrum(values)
    if fmt not in known:
        known[fmt] = _finest_fitting(spectrum, fmt)
    return known[fmt]


def _finest_fitting(spectrum: Spectrum, fmt: FixedPoint) -> tuple[FixedPoint, str]:
    lost, fitting = spectrum.counts(fmt).overflow, fmt
    while spectrum.counts(fitting).overflow and fitting.fraction_length > _COARSEST:
        fitting = replace(fitting, fraction_length=fitting.fraction_length - 1)
    words = f"{lost} values overflow {BIAS_BITS} bits at the products' LSB; 2^{fitting.lsb_exponent} is taken"
    return fitting, words if lost else ""


_Fitting = dict[FixedPoint, tuple[FixedPoint, str]]
_SPECTRA: dict[int, tuple[NDArray[Any], Spectrum, _Fitting]] = {}
_MOST_SPECTRA = 1000


def _spectrum(values: NDArray[Any]) -> tuple[Spectrum, _Fitting]:
    """Return a bias's spectrum and what was found to fit: every step of a drag asks for both."""
    known = _SPECTRA.get(id(values))
    if known is None:
        if len(_SPECTRA) >= _MOST_SPECTRA:
            _SPECTRA.clear()
        # Holding the array keeps its id from being given away.
        known = _SPECTRA[id(values)] = (values, Spectrum.of(values), {})
    return known[1:]
