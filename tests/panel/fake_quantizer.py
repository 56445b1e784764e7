"""A quantizer that only remembers: enough for the panel, with real spectra and counts and no network behind it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from bitwindow.calibrate.channels import Channels
from bitwindow.errors import SettingError
from bitwindow.network.records import SiteKind
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats, as_any_format
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding
from bitwindow.session.view import View
from bitwindow.spectrum.counts import Counts
from bitwindow.spectrum.record import Spectrum


@dataclass(frozen=True, kw_only=True)
class FakeEvaluation:
    metric_name: str = "accuracy"
    float_metric: float | None = 0.9873
    quantized_metric: float | None = 0.975
    interval: tuple[float, float] | None = (0.96, 0.985)
    population: tuple[float, float] | None = (0.963, 0.9832)
    n: int = 200
    total: int = 1000
    exact: bool = False
    error: str | None = None
    running: bool = False


@dataclass(frozen=True, kw_only=True)
class FakeStripCell:
    fraction_length: int
    value: float | None
    interval: tuple[float, float] | None
    n: int
    dropped: bool = False


@dataclass(frozen=True, kw_only=True)
class FakeStrip:
    site: str
    signed: bool = True
    word_length: int = 8
    metric_name: str = "accuracy"
    higher_is_better: bool = True
    float_metric: float | None = 0.9873
    total: int = 5000
    cells: tuple[FakeStripCell, ...] = ()


@dataclass(kw_only=True)
class FakeSite:
    owner: FakeQuantizer
    name: str
    kind: SiteKind
    spectrum: Spectrum | None
    shape: tuple[int, ...] = (4,)
    reason: str = "histogram: most MSBs"
    flag: str = ""
    chosen: AnyFormat | str = "float"
    values: NDArray[np.float32] | None = None
    counted_channels: int = 0
    has_channels: bool = True
    aligned: dict[tuple[int, ...], Spectrum] = field(default_factory=dict)

    @property
    def format(self) -> AnyFormat | str:
        return self.chosen

    @format.setter
    def format(self, fmt: AnyFormat | str) -> None:
        if self.name == "locked":
            raise SettingError("locked: wanted a site that may change; got 'locked'. Choose another.")
        self.owner.change(self, "float" if fmt == "float" else as_any_format(fmt))

    @property
    def counts(self) -> Counts | None:
        spectrum, fmt = self.aligned_spectrum, self.chosen
        fmt = fmt.coarsest if isinstance(fmt, ChannelFormats) else fmt
        if spectrum is None or not isinstance(fmt, FixedPoint):
            return None
        if self.owner.rounding == Rounding.STOCHASTIC:
            return None
        return spectrum.counts(fmt, self.owner.rounding, self.owner.overflow)

    @property
    def aligned_spectrum(self) -> Spectrum | None:
        fmt, channels = self.chosen, self.channels if isinstance(self.chosen, ChannelFormats) else None
        if not isinstance(fmt, ChannelFormats) or channels is None:
            return self.spectrum
        shifts = tuple(length - min(fmt.fraction_lengths) for length in fmt.fraction_lengths)
        if shifts not in self.aligned:
            self.aligned[shifts] = channels.spectrum.shifted(shifts).merged()
        return self.aligned[shifts]

    @property
    def sqnr(self) -> float | None:
        return None if self.counts is None else 42.13

    @property
    def sqnr_is_exact(self) -> bool:
        return self.kind in {"weight", "bias"}

    @property
    def rounded(self) -> int | None:
        return 3 if self.sqnr_is_exact and self.counts is not None else None

    @property
    def channel_axis(self) -> int | None:
        return self.values.ndim - 1 if self.has_channels and self.values is not None else None

    @property
    def examples(self) -> NDArray[np.float64] | None:
        return None if self.values is None else self.values.reshape(-1).astype(np.float64)

    @property
    def channels(self) -> Channels | None:
        self.counted_channels += 1
        if self.values is None:
            return None
        samples = None if self.kind == "weight" else 7
        return Channels(spectrum=Spectrum.of(self.values, axis=self.values.ndim - 1), samples=samples)

    @property
    def minimum(self) -> float | None:
        return None if self.spectrum is None else self.spectrum.minimum

    @property
    def maximum(self) -> float | None:
        return None if self.spectrum is None else self.spectrum.maximum


@dataclass(kw_only=True)
class FakeQuantizer:
    sites: dict[str, FakeSite] = field(default_factory=dict)
    scheme: str = "histogram"
    word_length: int = 8
    per_channel: bool = False
    calibrated: bool = True
    calibration_progress: tuple[int, int | None] | None = None
    float_bytes: int = 412_000
    quantized_bytes: int = 104_000
    evaluation: FakeEvaluation | None = None
    listeners: list[Callable[[str], None]] = field(default_factory=list)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    joins: list[bool] = field(default_factory=list)
    strips: Mapping[str, FakeStrip] = field(default_factory=dict)
    look_ahead: bool = True
    view: View | None = None
    locked: tuple[str, ...] = ()
    focused: list[str | None] = field(default_factory=list)
    past: list[tuple[FakeSite, AnyFormat | str]] = field(default_factory=list)
    chosen_formats: dict[str, AnyFormat | str] = field(default_factory=dict)
    modes: dict[str, object] = field(
        default_factory=lambda: {"rounding": "round", "overflow": "saturate", "bits": None}
    )

    @classmethod
    def of(cls, names: Iterable[str], *, seed: int = 0) -> Self:
        """Return a quantizer whose site i holds 100 normal values of deviation 2^-i and five zeros."""
        q, rng = cls(), np.random.default_rng(seed)
        for place, name in enumerate(names):
            values = np.concatenate([rng.normal(size=100) * 2.0 ** -(place % 5), np.zeros(5)]).astype(np.float32)
            kind: SiteKind = "weight" if place % 2 == 0 else "activation"
            site = FakeSite(owner=q, name=name, kind=kind, spectrum=Spectrum.of(values), values=values.reshape(21, 5))
            site.chosen = FixedPoint(True, 8, 5 + place % 5)
            q.chosen_formats[name] = site.chosen
            q.sites[name] = site
        return q

    def __getitem__(self, name: str) -> FakeSite:
        return self.sites[name]

    @property
    def rounding(self) -> str:
        return str(self.modes["rounding"])

    @rounding.setter
    def rounding(self, mode: str) -> None:
        self.modes["rounding"] = Rounding.parse(mode).value
        self.tell("settings")

    @property
    def overflow(self) -> str:
        return str(self.modes["overflow"])

    @overflow.setter
    def overflow(self, mode: str) -> None:
        self.modes["overflow"] = mode
        self.tell("settings")

    @property
    def accumulator_bits(self) -> int | None:
        bits = self.modes["bits"]
        return bits if isinstance(bits, int) else None

    @accumulator_bits.setter
    def accumulator_bits(self, bits: int | None) -> None:
        if bits == 16:
            raise SettingError("accumulator_bits: wanted 24 bits or more for this network; got 16. Choose a wider one.")
        self.modes["bits"] = bits
        self.tell("settings")

    @property
    def can_undo(self) -> bool:
        return bool(self.past)

    @property
    def can_redo(self) -> bool:
        return False

    def change(self, site: FakeSite, fmt: AnyFormat | str) -> None:
        self.past.append((site, site.chosen))
        site.chosen = fmt
        self.tell("formats")

    def set_formats(self, formats: Mapping[str, AnyFormat | str], *, join: bool = False) -> None:
        self.joins.append(join)
        for name, fmt in formats.items():
            self[name].format = fmt

    def assign(
        self,
        *,
        scheme: str = "histogram",
        word_length: int = 8,
        per_channel: bool | None = None,
        keep: Collection[str] = (),
    ) -> None:
        self.calls.append(("assign", scheme, word_length, *keep))
        self.scheme, self.word_length = scheme, word_length
        self.per_channel = self.per_channel if per_channel is None else per_channel
        self.tell("formats")

    @property
    def changed_sites(self) -> list[str]:
        return [name for name, site in self.sites.items() if site.chosen != self.chosen_formats.get(name, site.chosen)]

    def reset(self, *names: str, join: bool = False) -> None:
        self.calls.append(("reset", *sorted(names)))
        self.set_formats({name: self.chosen_formats[name] for name in names or self.sites}, join=join)

    def lock(self, *names: str) -> None:
        self.locked = tuple(name for name in self.sites if name in {*self.locked, *names})
        self.tell("locks")

    def unlock(self, *names: str) -> None:
        self.locked = tuple(name for name in self.locked if name not in names)
        self.tell("locks")

    def undo(self) -> None:
        site, fmt = self.past.pop()
        site.chosen = fmt
        self.tell("formats")

    def redo(self) -> None:
        self.calls.append(("redo",))

    def focus(self, name: str | None) -> None:
        self.focused.append(name)

    def looked_ahead(self, *strips: FakeStrip) -> None:
        self.strips = {strip.site: strip for strip in strips}
        self.tell("strips")

    def evaluated(self, **changes: object) -> None:
        self.evaluation = replace(self.evaluation or FakeEvaluation(), **changes)  # type: ignore[arg-type]
        self.tell("evaluation")

    def tell(self, event: str) -> None:
        for listener in list(self.listeners):
            listener(event)

    def listen(self, callback: Callable[[str], None]) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)
