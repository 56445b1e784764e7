"""Biases that follow the LSB of their layer's products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.records import Assignment, CorrectedBias, Format
from bitwindow.network.channel_uses import channels_of, why_one_type
from bitwindow.network.inside import Values, every_layer, site_of
from bitwindow.network.records import Contraction, Convolution, Layer, Network
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.format import MAX_EXPONENT, MIN_EXPONENT, FixedPoint
from bitwindow.spectrum.record import Spectrum

BIAS_BITS = 32
"""The width of a bias that the user has not set: that of a usual accumulator."""
_COARSEST = BIAS_BITS - 2 - MAX_EXPONENT


def accumulator_lsb(network: Network) -> dict[str, Layer]:
    """Return, for each bias site, the first layer with products that adds it."""
    return {name: layer for name, (layer, _) in biased_products(network).items()}


def biased_products(network: Network) -> dict[str, tuple[Layer, Values]]:
    """Return, for each bias site, the first layer with products that adds it, and the values that the layer sees."""
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
    takes the finest one at which it does (sums are exact at the finer of both LSBs), and is flagged. Beside a weight
    with a type for each output channel all of this holds channel by channel. A bias beside a float operand is float.
    """
    layers = biased_products(network)
    formats, reasons, flags = dict(assignment.formats), dict(assignment.reasons), dict(assignment.flags)
    for name, (layer, values) in layers.items():
        if name not in assignment.following:
            continue
        flags.pop(name, None)
        formats[name], reasons[name], flag = _followed(network, name, values, formats, layer)
        unfit = ""
        if isinstance(fmt := formats[name], AnyFormat):
            formats[name], unfit = _fitting(network, name, fmt, assignment.corrected.get(name))
        if flag or unfit:
            flags[name] = "; ".join(filter(None, [flag, unfit]))
    return replace(assignment, formats=formats, reasons=reasons, flags=flags)


def _followed(
    network: Network, name: str, values: Values, formats: Mapping[str, Format], layer: Layer
) -> tuple[Format, str, str]:
    lengths: list[tuple[int, ...]] = []
    for operand in layer.operands[:2]:
        site = site_of(operand, values)
        fmt = None if site is None else formats.get(site)
        if not isinstance(fmt, AnyFormat):
            what = site or "an operand without a type"
            return "float", f"float, because {what} of layer {layer.name} is float", ""
        lengths.append(fmt.fraction_lengths if isinstance(fmt, ChannelFormats) else (fmt.fraction_length,))
    wanted = [one + other for one in lengths[0] for other in lengths[1]]
    used = [min(max(length, _COARSEST), -MIN_EXPONENT) for length in wanted]
    beyond = next((length for length, had in zip(wanted, used, strict=True) if length != had), None)
    flag = "" if beyond is None else f"no {BIAS_BITS}-bit type has the products' LSB 2^{-beyond}; the nearest is taken"
    start = f"follows the products of {layer.name}"
    if len(used) > 1 and not why_one_type(network, name) and channels_of(network, name) == len(used):
        reason = f"{start} channel by channel: {BIAS_BITS} bits at 2^{-min(used)} to 2^{-max(used)}"
        return ChannelFormats(True, BIAS_BITS, tuple(used)), reason, flag
    # One LSB for a bias that is read by products of several: the finest, where adding is exact all the same.
    return FixedPoint(True, BIAS_BITS, max(used)), f"{start}: {BIAS_BITS} bits at 2^{-max(used)}", flag


def _fitting(network: Network, name: str, fmt: AnyFormat, corrected: CorrectedBias | None) -> tuple[AnyFormat, str]:
    """Return the type, or one of a coarser LSB that all of the bias's values fit, with a flag that says so.

    Of types by channel each is fitted to its own channel.
    """
    if name not in network.parameters:
        return fmt, ""
    axis = network.sites[name].channel_axis if isinstance(fmt, ChannelFormats) else None
    spectrum = _spectrum(network.parameters[name] if corrected is None else corrected.values, axis)
    lengths = list(fmt.fraction_lengths) if isinstance(fmt, ChannelFormats) else [fmt.fraction_length]
    over = _overflows(spectrum, lengths)
    lost = int(over.sum())
    while lacking := [at for at in np.flatnonzero(over) if lengths[at] > _COARSEST]:
        for at in lacking:
            lengths[at] -= 1
        over = _overflows(spectrum, lengths)
    fitting = (
        replace(fmt, fraction_lengths=tuple(lengths))
        if isinstance(fmt, ChannelFormats)
        else replace(fmt, fraction_length=lengths[0])
    )
    words = f"{lost} values overflow {BIAS_BITS} bits at the products' LSB; 2^{-min(lengths)} is taken"
    return fitting, words if lost else ""


def _overflows(spectrum: Spectrum, lengths: list[int]) -> NDArray[np.int64]:
    """Return the overflows of a spectrum's channels, each under 32 bits with its own fraction length."""
    found = np.zeros(len(lengths), np.int64)
    # Counting takes long for what every step of a drag asks, and hardly any bias comes near its ends.
    largest = np.abs(spectrum.parts.extremes).max(axis=1)
    near = ~(np.ldexp(largest, np.array(lengths)) < 2.0 ** (BIAS_BITS - 1) - 1)
    for length in {lengths[at] for at in np.flatnonzero(near)}:
        own = near & (np.array(lengths) == length)
        found[own] = spectrum.channel_counts(FixedPoint(True, BIAS_BITS, length))[1][own]
    return found


_SPECTRA: dict[tuple[int, int | None], tuple[NDArray[Any], Spectrum]] = {}
_MOST_SPECTRA = 1000


def _spectrum(values: NDArray[Any], axis: int | None = None) -> Spectrum:
    """Return a bias's spectrum, by channel along an axis, counted once: every step of a drag asks for it."""
    known = _SPECTRA.get((id(values), axis))
    if known is None:
        if len(_SPECTRA) >= _MOST_SPECTRA:
            _SPECTRA.clear()
        # Holding the array keeps its id from being given away.
        known = _SPECTRA[id(values), axis] = (values, Spectrum.of(values, axis=axis))
    return known[1]
