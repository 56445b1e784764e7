"""What is told about each row of the heat map: type, zeros, underflow, overflow, precision, as text."""

from __future__ import annotations

from dataclasses import dataclass

from bitwindow.errors import SettingError
from bitwindow.network.records import SiteKind
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.panel import wording
from bitwindow.panel.contract import SiteView
from bitwindow.panel.picture import fixed_format
from bitwindow.panel.row_sites import TogetherSite, type_words
from bitwindow.spectrum.counts import Counts
from bitwindow.spectrum.record import Spectrum


@dataclass(frozen=True, kw_only=True)
class RowText:
    """The texts of one row, as the static picture writes them."""

    name: str
    kind: SiteKind
    type: str
    zeros: str
    underflow: str
    overflow: str
    rounded: str
    precision: str


def row_text(site: SiteView) -> RowText:
    """Return the texts of a site. Losses are counts with their share of the nonzero values, zeros a share of all."""
    counts, spectrum = site.counts, site.spectrum
    return RowText(
        name=site.name,
        kind=site.kind,
        type=type_text(site),
        zeros="—" if spectrum is None else wording.share(spectrum.zero, spectrum.total),
        underflow="—" if counts is None else _loss(counts, counts.underflow),
        overflow="—" if counts is None else _loss(counts, counts.overflow),
        rounded="—" if site.rounded is None else wording.count(site.rounded),
        precision=precision(site),
    )


def type_text(site: SiteView) -> str:
    """Return the site's type in words; of types by channel the coarsest, with their number, as the live map has it."""
    if isinstance(site, TogetherSite):
        return f"{site.format} {wording.TIMES}{len(site.formats)}"
    return type_words(site.format)


def precision(site: SiteView) -> str:
    """Return the SQNR, marked where it is an estimate; nothing for a float site."""
    return "" if fixed_format(site) is None else wording.decibels(site.sqnr, is_exact=site.sqnr_is_exact)


def note(site: SiteView) -> str:
    """Return why the site has its type, with a warning first when there is one."""
    return "; ".join(text for text in (site.flag, site.reason) if text)


def details(site: SiteView, rounding: str, overflow: str) -> list[tuple[str, str]]:
    """Return the facts of the selected row as pairs of a label and a text, every count exact."""
    shape = f" {wording.TIMES} ".join(map(str, site.shape)) or "one value"
    facts = [("Site", f"{site.name}, {site.kind}, {shape}"), ("Why", wording.powers(note(site)) or "no reason given")]
    if site.spectrum is None:
        return [*facts, ("Counts", "none yet: call q.calibrate(data)")]
    facts += _value_facts(site, site.spectrum)
    fmt = fixed_format(site)
    if fmt is None:
        return facts
    if isinstance(site, TogetherSite):
        return [*facts, ("Type", _types(site.formats)), *_loss_facts(site, rounding)]
    ends = f"{wording.number(fmt.min)} to {wording.number(fmt.max)}"
    facts.append(("Type", f"{fmt}, {ends}, LSB {wording.number(fmt.lsb)}"))
    facts.append(("In C++", _in_cpp(fmt, rounding, overflow)))
    return [*facts, *_loss_facts(site, rounding)]


def _in_cpp(fmt: FixedPoint, rounding: str, overflow: str) -> str:
    """Return the type as high-level synthesis writes it, with its modes; or which mode it lacks."""
    try:
        return fmt.ap_fixed(rounding, overflow).replace(",", ", ")  # a narrow column breaks there
    except SettingError as error:
        return str(error)


def _types(formats: ChannelFormats) -> str:
    coarsest, finest = formats.coarsest, formats.finest
    ends = f"{wording.number(coarsest.min)} to {wording.number(coarsest.max)}, LSB {wording.number(coarsest.lsb)}"
    own = f"{wording.number(finest.min)} to {wording.number(finest.max)}, LSB {wording.number(finest.lsb)}"
    return f"{formats.short()}: {ends} in the coarsest, {own} in the finest"


def _value_facts(site: SiteView, spectrum: Spectrum) -> list[tuple[str, str]]:
    zeros = f"{wording.count(spectrum.zero)} zeros ({wording.share(spectrum.zero, spectrum.total)})"
    facts = [
        ("Values", f"{wording.count(spectrum.total)}, {zeros}"),
        ("Range", f"{wording.number(site.minimum)} to {wording.number(site.maximum)}"),
    ]
    if spectrum.nan or spectrum.inf:
        facts.append(("Not finite", f"{wording.count(spectrum.nan)} NaN, {wording.count(spectrum.inf)} infinite"))
    return facts


def _loss_facts(site: SiteView, rounding: str) -> list[tuple[str, str]]:
    counts = site.counts
    if counts is None:
        return [("Counts", f"none: under {rounding} rounding only a run has counts")]
    facts = [("Underflow", _loss(counts, counts.underflow)), ("Overflow", _loss(counts, counts.overflow))]
    if site.rounded is not None:
        facts.append(("Rounded", wording.count(site.rounded)))
    return [*facts, ("SQNR", wording.decibels(site.sqnr, is_exact=site.sqnr_is_exact))]


def _loss(counts: Counts, lost: int) -> str:
    return f"{wording.count(lost)} ({wording.share(lost, counts.total - counts.zero)})"
