"""A quantizer as a session record, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitwindow.assign.by_channel import check_channels
from bitwindow.errors import FormatError, ModelError, SessionFileError
from bitwindow.model.origin import Origin
from bitwindow.model.record import Model
from bitwindow.prepare.prepare import Prepared, prepare
from bitwindow.quantizer.state import State
from bitwindow.session.load import missing_function, read
from bitwindow.session.record import PreparedRecord, SessionRecord
from bitwindow.session.save import write

if TYPE_CHECKING:
    from bitwindow.quantizer.quantizer import Quantizer


def save(quantizer: Quantizer, path: str | Path) -> Path:
    """Write a quantizer to a session file, whole or not at all; return the path.

    The function of a plain JAX model is kept as a reference in words, never as code; a model that was read from a file
    (``model.origin``) carries that file along.
    """
    state, model = quantizer.state, quantizer.model
    record = SessionRecord(
        name=model.name,
        source=model.source or _reference(quantizer.original_model.fn),
        params=quantizer.original_model.params,
        example=model.example,
        assignment=state.assignment,
        modes=state.modes,
        scheme=state.scheme,
        word_length=state.word_length,
        calibration=quantizer.calibration,
        origin=_stored_origin(quantizer.original_model),
        chosen=state.chosen,
        per_channel=state.per_channel,
        batch=None if quantizer.asked_batch is None else int(quantizer.asked_batch),
        prepared=_prepared(quantizer),
        locked=frozenset(quantizer.locked),
        view=quantizer.view,
    )
    write(record, path)
    return Path(path)


def open_session(path: str | Path, fn: Callable[..., Any] | None = None, params: Any = None) -> Quantizer:
    """Return the quantizer that a session file holds, its model running ``fn``, or the model file in the session.

    Raises:
        SessionFileError: If the file is damaged or newer, ``fn`` is missing, or ``fn`` is not the function of the file.
    """
    from bitwindow.quantizer.quantizer import Quantizer

    record = read(path, params)
    quantizer = Quantizer(_model(path, record, fn), batch=record.batch)
    if record.prepared is not None:
        quantizer.take_prepared(_again(path, quantizer.model, record.prepared))
    found, wanted = list(quantizer.sites), list(record.assignment.formats)
    if found != wanted:
        odd = sorted(set(found) ^ set(wanted))[:4] or "their order"
        message = (
            f"{path}: wanted fn= with the saved network's {len(wanted)} sites, got {len(found)} that differ in "
            f"{odd}. Pass the function the file was saved with. If it is that one, another version of bitwindow reads "
            "it as other layers: open the file with the version that wrote it, or calibrate, assign and save again."
        )
        raise SessionFileError(message)
    _check_parameters(path, quantizer, record)
    quantizer.restore(
        record.calibration,
        State(
            assignment=record.assignment,
            modes=record.modes,
            scheme=record.scheme,
            word_length=record.word_length,
            chosen=record.chosen,
            per_channel=record.per_channel,
        ),
    )
    if record.locked:
        quantizer.lock(*record.locked)
    quantizer.view = record.view
    return quantizer


def _check_parameters(path: str | Path, quantizer: Quantizer, record: SessionRecord) -> None:
    for assignment in filter(None, (record.assignment, record.chosen)):
        for name, fmt in assignment.formats.items():
            try:
                check_channels(quantizer.network, name, fmt)
            except FormatError as error:
                raise SessionFileError(f"{path}: {error} The file does not fit the function.") from error
        for name, one in assignment.corrected.items():
            wanted, got = quantizer.network.sites[name], one.values.shape
            if wanted.kind != "bias" or wanted.shape != got:
                message = f"{path}: {name}: wanted a bias with corrected values of shape {wanted.shape}, got {got}."
                raise SessionFileError(f"{message} The file does not fit the function.")


def _reference(fn: object) -> str | None:
    """Return where a function can be imported from, ``"module:name"``; None for one that was made inside another."""
    module, name = getattr(fn, "__module__", None), getattr(fn, "__qualname__", None)
    return f"{module}:{name}" if module and name and "<" not in name else None


def _stored_origin(model: Model) -> Origin | None:
    """Return the model's file for a session that holds the model's parameters, each weight once."""
    origin = model.origin
    return origin if origin is None or origin.beside is None else origin.beside


def _prepared(quantizer: Quantizer) -> PreparedRecord | None:
    """Return what preparation made of the model; None where it found nothing to change."""
    settings = quantizer.prepared_settings
    if settings is None or quantizer.model is quantizer.original_model:
        return None
    return PreparedRecord(settings=settings, params=quantizer.model.params)


def _again(path: str | Path, model: Model, record: PreparedRecord) -> Prepared:
    """Prepare the model by the saved settings, and take the saved arrays for the new ones, bit for bit."""
    settings = record.settings
    refused = settings.get("refused", ())
    try:
        return prepare(
            model,
            fold=bool(settings.get("fold")),
            equalize=bool(settings.get("equalize")),
            refused=tuple(str(name) for name in refused) if isinstance(refused, list) else (),
            params=record.params,
        )
    except ModelError as error:
        raise SessionFileError(
            f"{path}: the saved preparation does not fit the model: {error}. Pass the function the file was saved with."
        ) from error


def _model(path: str | Path, record: SessionRecord, fn: Callable[..., Any] | None) -> Model:
    origin = record.origin
    if fn is None:
        if record.origin is None:
            raise missing_function(path, record)
        from bitwindow.model.load import reopen

        try:
            made = reopen(record.origin, record.example, record.params)
        except ModelError as error:
            raise SessionFileError(f"{path}: the model inside the session cannot be read: {error}") from error
        fn, origin = made.fn, made.origin
    return Model(fn, record.params, record.example, name=record.name, source=record.source, origin=origin)
