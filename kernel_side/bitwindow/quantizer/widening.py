"""Better types where a site needs them: what a quantizer offers, by its spectra or measured on data, and taking it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any, Self

from numpy.typing import NDArray

from bitwindow.assign.by_channel import channel_axis
from bitwindow.assign.noise import Tensor, better
from bitwindow.assign.offer import Offer
from bitwindow.assign.reach import within_reach
from bitwindow.assign.wider import Loss, Wider, widened
from bitwindow.errors import DataError, ExecutionError, SettingError
from bitwindow.evaluate.bench import Bench
from bitwindow.evaluate.cache import BoundaryCache
from bitwindow.evaluate.data import EvaluationData, evaluation_data
from bitwindow.evaluate.metrics import parse_metric
from bitwindow.network.records import Network
from bitwindow.numbers.channel_formats import AnyFormat, ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.quantizer.changes import with_formats
from bitwindow.quantizer.preparing import Preparing
from bitwindow.quantizer.state import State
from bitwindow.spectrum.record import Spectrum

DROP = 0.01
"""What types may cost of an accuracy: one point."""
SLACK = 1e-12
"""Two shares that differ by exactly a point differ by that and some rounding."""


class Widening(Preparing):
    """A quantizer that says which sites need more bits than they have, and how many are enough."""

    @property
    def network(self) -> Network:
        """The traced network."""
        raise NotImplementedError

    @property
    def calibrated(self) -> bool:
        """Whether any sample has been counted."""
        raise NotImplementedError

    def site_values(self, name: str) -> NDArray[Any] | None:
        """Return a parameter's values; None for an input or activation."""
        raise NotImplementedError

    def site_spectrum(self, name: str) -> Spectrum | None:
        """Return a site's spectrum; None for an input or activation before calibration."""
        raise NotImplementedError

    def wider(
        self, data: Any = None, *, metric: str | Callable[[Any, Any], Any] = "accuracy", drop: float | None = None
    ) -> Offer:
        """Offer better windows, types by channel or more bits for the sites that need them; nothing is changed.

        Without data, a site needs more where its type leaves under 20 dB of SQNR; that is what its flag says. With data
        it is measured: the offer gives as few weights a window for each channel, which costs no bits, or where that is
        not enough widens as few sites as far, as it must for the network to lose at most ``drop``. Take it with
        ``accept``::

            q.accept(q.wider((x, y)))

        Args:
            data: ``(x, y)``, or ``x`` to compare with the float network; a few hundred samples. None: by the spectra.
            metric: As for ``validate``.
            drop: What the metric may lose against the float network; None: 0.01, for a metric of classes.

        Returns:
            The offer; it prints as a list, and is false where nothing is needed.

        Raises:
            DataError: Before any calibration, or where the data does not fit.
            SettingError: For another metric than one of classes without ``drop``.
        """
        if not self.calibrated:
            message = "wider: wanted calibration data first, got none. Call q.calibrate(data), then q.assign()."
            raise DataError(message)
        state = self.state
        if data is None:
            return self._by_noise(state)
        with self._live.paused():
            return self._measured(state, data, metric, drop)

    def accept(self, offer: Offer) -> Self:
        """Give the sites of an offer the types that it offers, as one step to undo.

        Raises:
            SettingError: If it names a site that this network does not have. Nothing is changed then.
        """
        unknown = [name for name in offer.sites if name not in self.network.sites]
        if unknown:
            message = f"accept: wanted an offer for this network's sites, got one for {unknown[0]!r}."
            raise SettingError(message)

        def taken(state: State) -> State:
            made = with_formats(self.network, state, offer.formats)
            reasons = {name: f"{site.reason}: {site.change}" for name, site in offer.sites.items()}
            return replace(made, assignment=replace(made.assignment, reasons={**made.assignment.reasons, **reasons}))

        self._go(taken, "formats")
        return self

    # ------------------------------------------------------------------ inside

    def _by_noise(self, state: State) -> Offer:
        found = {}
        for name, fmt in state.assignment.formats.items():
            if isinstance(fmt, AnyFormat) and name not in state.assignment.following:
                tensor = self._tensor(state, name)
                need = None if tensor is None else better(tensor, fmt)
                if need is not None:
                    found[name] = need
        offered = with_formats(self.network, state, {name: need.format for name, need in found.items()}).assignment
        reachable = within_reach(self.network, offered).formats
        found = {name: need for name, need in found.items() if reachable[name] == need.format}
        what = "1 site leaves" if len(found) == 1 else f"{len(found)} sites leave"
        whose = "its" if len(found) == 1 else "their"
        return Offer(summary=f"{what} under 20 dB of SQNR by {whose} own cast", sites=found)

    def _tensor(self, state: State, name: str) -> Tensor | None:
        spectrum = self.site_spectrum(name)
        if spectrum is None:
            return None
        return Tensor(
            spectrum=spectrum,
            rounding=state.modes.rounding.value,
            overflow=state.modes.overflow.value,
            values=self.site_values(name),
            channel_axis=channel_axis(self.network, name),
        )

    def _measured(self, state: State, given: Any, metric: str | Callable[[Any, Any], Any], drop: float | None) -> Offer:
        x, y = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
        data = evaluation_data(self._engine, x, y, parse_metric(metric))
        if drop is None and not data.metric.proportion:
            message = f"drop: wanted how much {data.metric.name} may lose against float, got None. Pass a number."
            raise SettingError(message)
        judge = _Judge(self, state, data)
        goal = judge.float_loss() + (DROP if drop is None else drop) + SLACK
        # An error of the outputs ranks sites that cost no class on the few samples.
        finer = replace(data, metric=parse_metric("mse"), labels=None)
        ranker = _Judge(self, state, finer) if len(self.network.outputs) == 1 else judge
        return widened(
            self.network,
            state.assignment,
            self._wider_types(state),
            loss=judge.loss,
            error=ranker.loss,
            goal=goal,
            describe=judge.describe,
            apart=self._apart(state),
        )

    def _apart(self, state: State) -> dict[str, AnyFormat]:
        """Return types by channel of the weights that have one type and can have them, as wide as that."""
        found: dict[str, AnyFormat] = {}
        for name, fmt in state.assignment.formats.items():
            able = self.network.sites[name].kind == "weight" and channel_axis(self.network, name) is not None
            if able and isinstance(fmt, FixedPoint) and fmt.signed:
                tensor = self._tensor(state, name)
                assert tensor is not None  # noqa: S101  (a parameter)
                found[name] = tensor.least_noise_by_channel(fmt.word_length)
        return found

    def _wider_types(self, state: State) -> Wider:
        known: dict[tuple[str, bool, int], AnyFormat] = {}

        def wider(name: str, fmt: AnyFormat, bits: int) -> AnyFormat:
            apart = isinstance(fmt, ChannelFormats)
            if (name, apart, bits) not in known:
                tensor = self._tensor(state, name)
                assert tensor is not None  # noqa: S101  (a calibrated site)
                known[name, apart, bits] = (
                    tensor.least_noise_by_channel(bits) if apart else tensor.least_noise(bits, signed=fmt.signed)
                )
            return known[name, apart, bits]

        return wider


class _Judge:
    """Measures types over all of the data, each once."""

    def __init__(self, owner: Widening, state: State, data: EvaluationData) -> None:
        self._bench = Bench(owner._engine, data, BoundaryCache(owner.cache_bytes))  # noqa: SLF001
        self._modes = state.modes
        self._sign = -1.0 if data.metric.higher_is_better else 1.0
        self.loss: Loss = self._loss

    def float_loss(self) -> float:
        bench = self._bench
        bench.advance_float(bench.data.chunks, _go_on)
        return self._sign * bench.value(bench.float_outcome).value

    def describe(self, loss: float) -> str:
        data = self._bench.data
        return f"{data.metric.name} {self._sign * loss:.4g} over {data.total:,} samples"

    def _loss(self, types: Any) -> float:
        bench = self._bench
        try:
            prepared = bench.prepare(types, self._modes)
        except ExecutionError:
            return inf
        outcome = bench.outcome(prepared)
        bench.cache.begin(prepared.keys.values())
        while outcome.n < bench.data.total:
            bench.advance(prepared, _go_on, keep=True)
        return self._sign * bench.value(outcome).value


def _go_on() -> None:
    """Never give up: the caller waits."""
