"""From spectra to an assignment: the type of every site, with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.biases import BIAS_BITS, accumulator_lsb, follow_biases
from bitwindow.assign.by_channel import PerChannel, channel_axis, flag_of, reason_of, sites_by_channel
from bitwindow.assign.channel_schemes import choose_channels
from bitwindow.assign.choice import Choice
from bitwindow.assign.float_outputs import cast_for, cast_words
from bitwindow.assign.noise import Tensor, better
from bitwindow.assign.one_number import is_one_number, of_one_number
from bitwindow.assign.reach import within_reach
from bitwindow.assign.records import Assignment, Format
from bitwindow.assign.schemes import choose
from bitwindow.assign.widths import Widths
from bitwindow.errors import DataError
from bitwindow.network.channel_uses import why_one_type
from bitwindow.network.records import Network, SiteInfo
from bitwindow.spectrum.record import Spectrum

__all__ = ["assign", "follow_biases"]

Channels = Callable[[str], Spectrum]
"""From a parameter's name to its spectrum, one with channels."""


def assign(
    network: Network,
    spectra: Mapping[str, Spectrum],
    parameters: Mapping[str, NDArray[Any]],
    *,
    scheme: str = "histogram",
    word_length: int = 8,
    input_word_length: int | None = None,
    bias_word_length: int | None = None,
    word_lengths: Mapping[str, int] | None = None,
    signed: bool | None = None,
    rounding: str = "round",
    overflow: str = "saturate",
    percentile: float = 99.9,
    per_channel: PerChannel = False,
    channels: Channels | None = None,
) -> Assignment:
    """Choose the type of every site.

    Weights and biases are signed; an input or activation without negative calibration values is unsigned, unless
    ``signed`` is True. A bias that has no width of its own takes 32 bits at the LSB of its layer's products and
    follows it. A site that starts as float stays so, unless it is a float layer's output that integer layers read, or
    ``word_lengths`` names it.

    Args:
        network: The traced network.
        spectra: Of the calibration values of every input and activation site; parameters may be among them.
        parameters: The values of every weight and bias site.
        scheme: A name in ``schemes.SCHEMES``.
        word_length: W in bits, 2 to 16, of all sites that nothing below names.
        input_word_length: W of the inputs.
        bias_word_length: W of the biases, 2 to 32; None: 32 bits, following.
        word_lengths: W by the name of a site, or else by kind; a site's own width wins.
        signed: True for signed types everywhere; None or False as above.
        rounding: The active mode.
        overflow: The active mode.
        percentile: For the scheme of that name.
        per_channel: True gives each output channel of a weight its own LSB, wherever the layers that read the weight
            keep its channels apart; or the names of the sites that get one. A bias that follows such a weight's
            products follows each channel.
        channels: Gives the spectrum of a parameter by channel; None: they are counted here.

    Raises:
        SettingError: For a width, scheme or mode out of range, or a name that is no site.
        DataError: For a site whose values were never counted.
    """
    widths = Widths.checked(
        network,
        word_length=word_length,
        input_word_length=input_word_length,
        bias_word_length=bias_word_length,
        word_lengths=word_lengths,
    )
    settings = _Settings(
        scheme=scheme, signed=bool(signed), rounding=rounding, overflow=overflow, percentile=percentile
    )
    apart = sites_by_channel(network, per_channel)
    formats: dict[str, Format] = {}
    reasons: dict[str, str] = {}
    flags: dict[str, str] = {}
    following = {name for name in accumulator_lsb(network) if widths.of(network.sites[name]) is None} - apart
    readers = cast_for(network)
    for name, site in network.sites.items():
        if site.float_reason and name not in readers and name not in widths.by_site:
            formats[name], reasons[name] = "float", site.float_reason
            continue
        # A bias beside no product has no LSB to follow: it takes its 32 bits where the scheme puts them.
        width = widths.of(site) or BIAS_BITS
        if name in following:
            formats[name], reasons[name] = "float", ""
            continue
        if name in apart:
            formats[name], reasons[name], flag = settings.choose_by_channel(site, width, parameters[name], channels)
        else:
            axis = channel_axis(network, name)
            formats[name], reasons[name], flag = settings.choose(site, width, spectra, parameters, axis)
            if per_channel is True and site.kind == "weight":
                reasons[name] += f"; one type for all channels, as {why_one_type(network, name)}"
        if name in readers:
            reasons[name] = cast_words(reasons[name], name, site.layer, readers[name])
        if flag:
            flags[name] = flag
    start = Assignment(formats=formats, reasons=reasons, following=frozenset(following), flags=flags, scheme=scheme)
    return within_reach(network, follow_biases(network, start))


@dataclass(frozen=True, kw_only=True)
class _Settings:
    scheme: str
    signed: bool
    rounding: str
    overflow: str
    percentile: float

    def choose(
        self,
        site: SiteInfo,
        word_length: int,
        spectra: Mapping[str, Spectrum],
        parameters: Mapping[str, NDArray[Any]],
        axis: int | None,
    ) -> tuple[Format, str, str]:
        values = parameters.get(site.name)
        spectrum = spectra.get(site.name)
        if spectrum is None:
            if values is None:
                message = (
                    f"assign: wanted the spectrum of site {site.name!r}; got none. Calibrate the network on data first."
                )
                raise DataError(message)
            spectrum = Spectrum.of(values)
        parameter = site.kind in {"weight", "bias"}
        signed = self.signed or parameter or spectrum.has_negative
        choice = self._chosen(self.scheme, spectrum, word_length, signed, values if parameter else None)
        if self.scheme == "histogram" and parameter and is_one_number(values):
            finest = self._chosen("minmax", spectrum, word_length, signed, values)
            choice = of_one_number(finest, values)
        need = better(self._tensor(spectrum, values if parameter else None, axis), choice.format)
        flags = [choice.flag, "" if need is None else need.reason]
        return choice.format, choice.reason, "; ".join(filter(None, flags))

    def choose_by_channel(
        self, site: SiteInfo, word_length: int, values: NDArray[Any], channels: Channels | None
    ) -> tuple[Format, str, str]:
        assert site.channel_axis is not None  # noqa: S101  (only such sites come here)
        spectrum = Spectrum.of(values, axis=site.channel_axis) if channels is None else channels(site.name)
        rows = np.moveaxis(values, site.channel_axis, 0)
        made, flags = choose_channels(
            self.scheme, spectrum, word_length, rows, self.rounding, self.overflow, self.percentile
        )
        need = better(self._tensor(spectrum.merged(), values, site.channel_axis), made)
        flag = "; ".join(filter(None, [flag_of(flags), "" if need is None else need.reason]))
        return made, reason_of(self.scheme, made), flag

    def _tensor(self, spectrum: Spectrum, values: NDArray[Any] | None, axis: int | None) -> Tensor:
        return Tensor(
            spectrum=spectrum, rounding=self.rounding, overflow=self.overflow, values=values, channel_axis=axis
        )

    def _chosen(
        self,
        scheme: str,
        spectrum: Spectrum,
        word_length: int,
        signed: bool,  # noqa: FBT001  (a field of the type, in its order)
        values: NDArray[Any] | None,
    ) -> Choice:
        return choose(
            scheme,
            spectrum,
            word_length,
            signed,
            self.rounding,
            self.overflow,
            values=values,
            percentile=self.percentile,
        )
