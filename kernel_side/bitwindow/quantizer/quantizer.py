"""The one mutable object of the package: it holds the latest record of every stage and tells listeners what changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bitwindow.assign.assign import assign
from bitwindow.assign.by_channel import PerChannel
from bitwindow.assign.records import Assignment
from bitwindow.assign.schemes import SCHEMES
from bitwindow.calibrate.calibrate import calibrate
from bitwindow.calibrate.record import NOTHING, Calibration
from bitwindow.errors import DataError
from bitwindow.evaluate.memory import PARAMETER_KINDS, float_bytes, quantized_bytes
from bitwindow.evaluate.metrics import parse_metric
from bitwindow.evaluate.report import Report
from bitwindow.evaluate.validate import validate
from bitwindow.execute.modes import Modes
from bitwindow.model.record import Model
from bitwindow.network.records import Network
from bitwindow.numbers.channel_formats import AnyFormat
from bitwindow.quantizer.best import AssignsBest
from bitwindow.quantizer.build import build_engine
from bitwindow.quantizer.changes import asked, parsed_formats, with_formats
from bitwindow.quantizer.choices import SchemeChoices
from bitwindow.quantizer.closer import CloserLook
from bitwindow.quantizer.explain import explain
from bitwindow.quantizer.locking import Locking
from bitwindow.quantizer.loss import SCHEME as LOSS
from bitwindow.quantizer.searching import Searching
from bitwindow.quantizer.site import Site, wanted_site
from bitwindow.quantizer.state import History, State
from bitwindow.registry.living import QUANTIZERS
from bitwindow.spectrum.record import Spectrum


class Quantizer(SchemeChoices, AssignsBest, Locking, Searching):
    """A model on its way to fixed point.

    Calibrate it, assign types, change any of them, and ask what it costs::

        q = Quantizer(model)
        q.calibrate(images)
        q.assign(scheme="histogram", word_length=8)
        q["conv1/kernel"].format = "sfix6_En5"
        q.validate(images, labels).quantized_metric

    Every method may be called from any thread; one lock guards the state. Listeners (``listen``) are told
    ``"formats"``, ``"settings"``, ``"calibration"``, ``"evaluation"``, ``"strips"``, ``"search"`` or ``"locks"`` after
    the change, outside the lock.
    """

    def __init__(self, model: Any, *, batch: int | None = None) -> None:
        """Trace a model.

        Args:
            model: A ``Model``, or anything ``bitwindow.load`` takes.
            batch: Samples per compiled chunk; chosen by the size of the activations when None.

        Raises:
            ModelError: If the model cannot be traced.
        """
        if not isinstance(model, Model):
            from bitwindow.model.load import load

            model = load(model)
        self.asked_batch = batch
        self._start(model)
        QUANTIZERS.add(self)

    def _start(self, model: Model) -> None:
        self.model: Model = model
        engine = build_engine(model, self.asked_batch)
        unassigned = _unassigned(engine.network)
        super().__init__(State(assignment=unassigned, modes=Modes(), scheme="histogram", word_length=8), engine)
        self._calibrating = threading.Lock()
        self._calibration: Calibration = NOTHING
        self._progress: tuple[int, int | None] | None = None
        self._assigned = False
        self._parameter_spectra: dict[str, tuple[Any, Spectrum]] = {}
        self.closer = CloserLook(self._engine.network, lambda: self._calibration, self.site_values)
        sites = {name: Site(self, info) for name, info in self._engine.network.sites.items()}
        self._sites: Mapping[str, Site] = MappingProxyType(sites)

    # ------------------------------------------------------------------ reading

    @property
    def sites(self) -> Mapping[str, Site]:
        """All sites by name, in data-flow order."""
        return self._sites

    def __getitem__(self, name: str) -> Site:
        """Return a site by its name."""
        if name not in self._sites:
            raise wanted_site(name, list(self._sites))
        return self._sites[name]

    @property
    def network(self) -> Network:
        """The traced network, at the chunk's batch size."""
        return self._engine.network

    @property
    def calibration(self) -> Calibration:
        """What calibration has counted so far."""
        return self._calibration

    @property
    def calibrated(self) -> bool:
        """Whether any sample has been counted."""
        return self._calibration.samples > 0

    @property
    def calibration_progress(self) -> tuple[int, int | None] | None:
        """Samples counted and, where known, to count; None while no calibration runs."""
        return self._progress

    @property
    def float_bytes(self) -> int:
        """Bytes of all parameters as float32."""
        return float_bytes(self.network)

    @property
    def quantized_bytes(self) -> int:
        """Bytes of all parameters at their types, each value in 1, 2 or 4 bytes."""
        return quantized_bytes(self.network, self.assignment)

    # ------------------------------------------------------------------ stages

    def calibrate(self, data: object, *, progress: bool = True, restart: bool = False) -> Self:
        """Count the activations of the float network over ``data``; more data can be added by calling it again.

        The first calibration also assigns types by the default scheme, and those that the model's file gives, so that
        there is something to see; later ones leave the types alone.

        Args:
            data: An array, tuple or dict of arrays (first axis = samples), or any iterable of batches.
            progress: Whether to draw a progress bar.
            restart: Forget what was counted before.

        Raises:
            DataError: If the data is empty, does not fit the model, or makes an activation non-finite.
        """
        with self._calibrating:
            self._count(data, NOTHING if restart else self._calibration, progress=progress)
        if self.calibrated and not self._assigned:
            self.assign().take_given()
        return self

    def assign(
        self,
        scheme: str | None = None,
        word_length: int | None = None,
        *,
        input_word_length: int | None = None,
        bias_word_length: int | None = None,
        word_lengths: Mapping[str, int] | None = None,
        signed: bool | None = None,
        percentile: float = 99.9,
        per_channel: PerChannel | None = None,
        keep: Collection[str] = (),
        data: Any = None,
        metric: str | Callable[[Any, Any], Any] | None = None,
        budget: int | None = None,
    ) -> Self:
        """Choose the type of every site by a scheme.

        Args:
            scheme: ``"histogram"`` (first default), ``"minmax"``, ``"mse"`` or ``"percentile"``, by the spectra alone;
                ``"loss"``, by the metric on data, from the best of these on; None: as last time.
            word_length: Bits of weights, activations and input, 2 to 16; None: as last time, at first 8.
            input_word_length: Bits of the network's input, where they differ.
            bias_word_length: Bits of the biases, to 32; None: 32 bits at the accumulator's LSB, following it.
            word_lengths: Bits by kind (``"weight"``, ...) or by site name; a name wins over its kind.
            signed: True asks for signed types everywhere; None lets non-negative activations be unsigned.
            percentile: For the ``percentile`` scheme, in percent of the nonzero values.
            per_channel: True gives each output channel of a weight its own LSB (``ChannelFormats``) where the layers
                that read it keep its channels apart; or the names of the sites that get one; None: as last time, at
                first False. ``loss`` moves the channels of a site together.
            keep: Sites whose types stay as they are.
            data: For ``loss``: ``(x, y)``, or ``x`` to compare with the float network; None: the watched data.
            metric: For ``loss``, as for ``validate``; None: that of the watched data, or accuracy.
            budget: For ``loss``: most evaluations it may take; None: until nothing gets better, three sweeps at most.

        Raises:
            DataError: Before any calibration, or where ``loss`` has no data.
            SettingError: If a setting does not exist or is out of range.
        """
        self._wants_calibration()
        options = {
            "input_word_length": input_word_length,
            "bias_word_length": bias_word_length,
            "word_lengths": word_lengths,
            "signed": signed,
            "percentile": percentile,
        }

        def chosen(state: State) -> State:
            name, width = scheme or state.scheme, state.word_length if word_length is None else word_length
            wanted = asked(state, name, width, per_channel)
            types = self._by_scheme(name, wanted, keep, **options) if found is None else found
            return replace(wanted, assignment=types, chosen=types)

        found = None
        if (scheme or self.scheme) == LOSS:
            state = self.state
            width = state.word_length if word_length is None else word_length
            starts = self._starts(asked(state, LOSS, width, per_channel), keep, **options)
            found = self._by_loss(starts, state, data, metric, budget, keep)
        self._go(chosen, "formats")
        self._assigned = True
        return self

    def set_format(self, name: str, fmt: AnyFormat | str) -> None:
        """Give one site a type (a FixedPoint, ChannelFormats or one of their text forms) or make it ``"float"``."""
        self.set_formats({name: fmt})

    def set_formats(self, formats: Mapping[str, AnyFormat | str], *, join: bool = False) -> None:
        """Give several sites their types in one step that one undo takes back.

        Args:
            formats: The types by site name: a FixedPoint, ChannelFormats for the output channels of a weight or bias,
                one of their text forms, or ``"float"``.
            join: Make this part of the step before it, as the parts of one drag are.

        Raises:
            SettingError: If there is no such site; FormatError: if a type cannot exist, or a site cannot have types by
                channel or has another number of channels. Nothing is changed then.
        """
        parsed = parsed_formats(self.network, formats)
        self._go(lambda state: with_formats(self.network, state, parsed), "formats", join=join)

    def validate(self, x: object, y: Any = None, metric: str | Callable[[Any, Any], Any] = "accuracy") -> Report:
        """Run the float and the quantized network over all of ``x`` and compare them with the labels ``y``.

        Args:
            x: A data set, or an iterable of batches, as for ``calibrate``.
            y: One label per sample: integers or one-hot rows for ``"accuracy"`` and ``"top5"``; targets otherwise. None
                takes the float network's outputs (their classes, for a metric of classes).
            metric: ``"accuracy"``, ``"top5"``, ``"agreement"`` (of the predicted classes with the float network's),
                ``"mse"``, ``"mae"``, or a function ``f(outputs, labels)``.

        Raises:
            DataError: If data or labels do not fit.
            ExecutionError: If the types allow no exact execution.
        """
        state = self.state
        return validate(self._engine, state.assignment, state.modes, x, y, parse_metric(metric))

    def __call__(self, x: object) -> Any:
        """Return the quantized network's outputs for ``x``, bit-true: values on the grid, structured as the model's."""
        state = self.state
        return self._engine.outputs(x, state.assignment, state.modes)

    def explain(self, name: str | None = None) -> str:
        """Say in words what a site or layer is: formula, operands' types, accumulator, why it is quantized or float.

        Args:
            name: A site or layer; None: every float layer of the network, with its reason.

        Raises:
            SettingError: If there is neither a site nor a layer of that name.
        """
        state = self.state
        return explain(self._engine, state.assignment, state.modes, name)

    # ------------------------------------------------------------------ keeping

    def save(self, path: str | Path) -> Path:
        """Write everything to a ``.bitwindow`` file, atomically; ``bitwindow.load`` brings it back."""
        from bitwindow.quantizer.file import save

        return save(self, path)

    def __repr__(self) -> str:
        name = self.model.name or "model"
        return f"Quantizer({name!s}: {len(self._sites)} sites, {self._calibration.samples} calibration samples)"

    # ------------------------------------------------------------------ inside

    def _wants_calibration(self) -> None:
        if not self.calibrated:
            message = "assign: wanted calibration data first, got none. Call q.calibrate(data), then q.assign()."
            raise DataError(message)

    def _by_scheme(self, name: str, state: State, keep: Collection[str], **options: Any) -> Assignment:
        parameters = {name: self._parameter_spectrum(name) for name in self.network.parameters}
        types = assign(
            self.network,
            {**self._calibration.spectra, **parameters},
            self.network.parameters,
            scheme=name,
            word_length=state.word_length,
            rounding=state.modes.rounding,
            overflow=state.modes.overflow,
            per_channel=state.per_channel,
            channels=self.closer.channel_spectrum,
            **options,
        )
        return self._kept(types, state, keep)

    def _starts(self, state: State, keep: Collection[str], **options: Any) -> Mapping[str, Assignment]:
        self._wants_calibration()
        return {name: self._by_scheme(name, state, keep, **options) for name in SCHEMES}

    def site_values(self, name: str) -> NDArray[Any] | None:
        """Return a parameter's values, a corrected bias's as they are stored; None for an input or activation."""
        corrected = self.assignment.corrected.get(name)
        return self.network.parameters.get(name) if corrected is None else corrected.values

    def site_spectrum(self, name: str) -> Spectrum | None:
        """Return a site's spectrum; None for an input or activation before calibration."""
        if self._sites[name].kind in PARAMETER_KINDS:
            return self._parameter_spectrum(name)
        return self._calibration.spectra.get(name)

    def restore(self, calibration: Calibration, state: State) -> None:
        """Take over saved records; part of loading a file."""
        with self._lock:
            self._calibration = calibration
            self._history = History(state)
            self._assigned = calibration.samples > 0

    def _parameter_spectrum(self, name: str) -> Spectrum:
        with self._lock:
            values = self.site_values(name)
            known = self._parameter_spectra.get(name)
            if known is None or known[0] is not values:
                known = self._parameter_spectra[name] = (values, Spectrum.of(np.asarray(values)))
            return known[1]

    def _count(self, data: object, start: Calibration, *, progress: bool) -> None:
        self._progress = (start.samples, None)
        try:
            self._calibration = calibrate(
                self.network,
                self._engine.observe,
                self._engine.parameters,
                data,
                self._engine.spec,
                start=start,
                progress=progress,
                report=lambda done, total: self._counted(start, done, total),
            )
        finally:
            self._progress = None
            self._tell("calibration")

    def _counted(self, start: Calibration, done: Calibration, total: int | None) -> None:
        self._calibration = done
        self._progress = (done.samples, None if total is None else start.samples + total)
        self._tell("calibration")


def _unassigned(network: Network) -> Assignment:
    reasons = {name: site.float_reason or "no type yet: calibrate, then assign" for name, site in network.sites.items()}
    return Assignment(formats=dict.fromkeys(network.sites, "float"), reasons=reasons)
