"""The manifest of a session file: the JSON form of a SessionRecord, whose arrays stand in entries of their own.

``schema.json`` describes it; a change that an older reader would misunderstand takes the next schema version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bitwindow.assign.records import Assignment, CorrectedBias, Format
from bitwindow.calibrate.record import Calibration
from bitwindow.errors import DataError, FormatError, SessionFileError, SettingError
from bitwindow.execute.modes import Modes
from bitwindow.network.trace import MOST_CHUNK
from bitwindow.numbers.channel_formats import ChannelFormats, as_any_format
from bitwindow.session.arrays import ArrayStore, read_array, read_dtype, read_shape
from bitwindow.session.fields import Field
from bitwindow.session.glimpses import read_glimpse, write_glimpse
from bitwindow.session.model_source import read_origin, write_origin
from bitwindow.session.preparation import read_prepared, write_prepared
from bitwindow.session.record import SessionRecord
from bitwindow.session.tree import Tree, read_tree, write_tree
from bitwindow.session.view import read_view, write_view
from bitwindow.spectrum.record import Spectrum

KIND = "bitwindow session"
SCHEMA_VERSION = 2
PLAIN_VERSION = 1
"""Of files without what came with version 2, types by channel and corrected biases: older readers understand them."""
MOST_SAMPLES = 2**62
MOST_EXAMPLE_BYTES = 2**30

Read = Callable[[str], bytes]


def write_manifest(record: SessionRecord, store: ArrayStore, version: str) -> bytes:
    """Return the manifest's JSON text in UTF-8, and add the record's arrays to the store.

    Args:
        record: what to write.
        store: takes the arrays.
        version: of bitwindow, for the reader's information.

    Raises:
        SessionFileError: the parameters hold something that a file cannot.
    """
    document = {
        "kind": KIND,
        "schema_version": _version_needed(record),
        "bitwindow_version": version,
        "model": {
            "name": record.name,
            "source": record.source,
            "params": write_tree(record.params, store.add, "params"),
            "example": write_tree(record.example, _write_spec, "example"),
            "origin": write_origin(record.origin, store),
            "prepared": write_prepared(record.prepared, store),
        },
        "assignment": _write_assignment(record.assignment, store),
        "settings": {
            "rounding": record.modes.rounding.value,
            "overflow": record.modes.overflow.value,
            "accumulator_bits": record.modes.accumulator_bits,
            "accumulator_overflow": record.modes.accumulator_overflow,
            "seed": record.modes.seed,
            "scheme": record.scheme,
            "word_length": record.word_length,
            "batch": record.batch,
            "per_channel": record.per_channel if isinstance(record.per_channel, bool) else sorted(record.per_channel),
        },
        "calibration": {
            "samples": record.calibration.samples,
            "spectra": [_write_spectrum(*item, store) for item in record.calibration.spectra.items()],
            "glimpses": [write_glimpse(*item, store) for item in record.calibration.glimpses.items()],
        },
        "chosen": None if record.chosen is None else _write_assignment(record.chosen, store),
        "locked": sorted(record.locked),
        "view": write_view(record.view),
    }
    return json.dumps(document, allow_nan=False, indent=1).encode()


def parse_manifest(content: bytes) -> Field:
    """Return the manifest as a field, after a check of its kind and version.

    Args:
        content: of the entry.

    Raises:
        SessionFileError: it is no JSON, not a session's, or of a newer version than this bitwindow reads.
    """
    try:
        document = json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SessionFileError(
            f"manifest.json: wanted JSON, but it does not parse ({error}). The file is damaged; use another copy."
        ) from error
    manifest = Field(value=document, path="")
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise SessionFileError(
            f"manifest.json: wanted the kind {KIND!r}. The file is a zip, but not a bitwindow session; check its name."
        )
    version = manifest["schema_version"].integer(1, 2**31)
    if version > SCHEMA_VERSION:
        by = manifest["bitwindow_version"].text()[:40] if "bitwindow_version" in manifest else "a newer bitwindow"
        raise SessionFileError(
            f"wanted schema version {SCHEMA_VERSION} or older, got {version}, written by bitwindow {by!r}. "
            "Update bitwindow to open it (pip install --upgrade bitwindow)."
        )
    return manifest


def read_manifest(manifest: Field, read: Read, params: Tree = None) -> SessionRecord:
    """Return the record that a manifest and its arrays stand for.

    Args:
        manifest: from ``parse_manifest``.
        read: gives the content of an entry.
        params: a pytree whose structure the parameters take, where they hold nodes of other classes.

    Raises:
        SessionFileError: anything in it is not as it must be.
    """
    model, settings = manifest["model"], manifest["settings"]
    return SessionRecord(
        name=model["name"].text_or_none(),
        source=model["source"].text_or_none(),
        params=read_tree(model["params"], lambda leaf: read_array(leaf, read), params),
        example=read_tree(model["example"], _read_spec),
        origin=read_origin(model, read),
        prepared=read_prepared(model, read),
        assignment=_read_assignment(manifest["assignment"], read),
        modes=_read_modes(settings),
        scheme=settings["scheme"].text(),
        word_length=settings["word_length"].integer(1, 32),
        per_channel=_read_per_channel(settings),
        batch=settings["batch"].integer(1, MOST_CHUNK)
        if "batch" in settings and settings["batch"].value is not None
        else None,
        calibration=_read_calibration(manifest["calibration"], read),
        chosen=_read_chosen(manifest, read),
        # Files of the first days lack it.
        locked=frozenset(name.text() for name in manifest["locked"].elements())
        if "locked" in manifest
        else frozenset(),
        view=read_view(manifest),
    )


def _version_needed(record: SessionRecord) -> int:
    written = [record.assignment, *([] if record.chosen is None else [record.chosen])]
    apart = any(isinstance(fmt, ChannelFormats) for one in written for fmt in one.formats.values())
    corrected = any(one.corrected for one in written)
    return SCHEMA_VERSION if apart or corrected else PLAIN_VERSION


def _read_per_channel(settings: Field) -> bool | frozenset[str]:
    # Files of the first days lack it.
    if "per_channel" not in settings:
        return False
    field = settings["per_channel"]
    return frozenset(one.text() for one in field.elements()) if isinstance(field.value, list) else field.truth()


def _write_spec(leaf: Tree, where: str) -> dict[str, Any]:
    del where
    return {"dtype": np.dtype(leaf.dtype).name, "shape": [int(size) for size in leaf.shape]}


def _read_spec(leaf: Field) -> np.ndarray:
    dtype, shape = read_dtype(leaf["dtype"]), read_shape(leaf["shape"])
    size = dtype.itemsize
    for axis in shape:
        size *= axis
    if size > MOST_EXAMPLE_BYTES:
        raise leaf.fault(f"an example of at most {MOST_EXAMPLE_BYTES} bytes")
    return np.zeros(shape, dtype)


def _write_assignment(assignment: Assignment, store: ArrayStore) -> dict[str, Any]:
    sites = [
        {
            "site": name,
            "format": str(fmt),
            "reason": assignment.reasons[name],
            "flag": assignment.flags.get(name, ""),
            "following": name in assignment.following,
            **_write_corrected(assignment.corrected.get(name), name, store),
        }
        for name, fmt in assignment.formats.items()
    ]
    return {"scheme": assignment.scheme, "sites": sites}


def _read_assignment(field: Field, read: Read) -> Assignment:
    sites = list(field["sites"].elements())
    names = [site["site"].text() for site in sites]
    if len(set(names)) != len(names):
        raise field["sites"].fault("sites whose names differ")
    flags = {name: site["flag"].text() for name, site in zip(names, sites, strict=True)}
    return Assignment(
        formats={name: _read_format(site["format"]) for name, site in zip(names, sites, strict=True)},
        reasons={name: site["reason"].text() for name, site in zip(names, sites, strict=True)},
        following=frozenset(name for name, site in zip(names, sites, strict=True) if site["following"].truth()),
        flags={name: flag for name, flag in flags.items() if flag},
        scheme=field["scheme"].text(),
        corrected={
            name: _read_corrected(site["corrected"], read)
            for name, site in zip(names, sites, strict=True)
            if "corrected" in site
        },
    )


def _write_corrected(one: CorrectedBias | None, name: str, store: ArrayStore) -> dict[str, Any]:
    if one is None:
        return {}
    return {"corrected": {"values": store.add(one.values, f"corrected {name}"), "largest": one.largest}}


def _read_corrected(field: Field, read: Read) -> CorrectedBias:
    values, largest = read_array(field["values"], read), field["largest"]
    if values.dtype != np.float32 or not np.all(np.isfinite(values)):
        raise field["values"].fault("finite float32 values")
    if not isinstance(largest.value, int | float) or not 0 <= largest.value < np.inf:
        raise largest.fault("a number, at least 0")
    return CorrectedBias(values=values, largest=float(largest.value))


def _read_chosen(manifest: Field, read: Read) -> Assignment | None:
    # Files of the first days do not say what the scheme chose.
    if "chosen" not in manifest or manifest["chosen"].value is None:
        return None
    return _read_assignment(manifest["chosen"], read)


def _read_format(field: Field) -> Format:
    if field.text() == "float":
        return "float"
    try:
        return as_any_format(field.text())
    except FormatError as error:
        raise field.fault(f"'float' or a fixed-point type ({error})") from error


def _read_modes(settings: Field) -> Modes:
    overflow = settings["accumulator_overflow"].text()
    try:
        return Modes(
            rounding=settings["rounding"].text(),  # type: ignore[arg-type]  # Modes parses the names
            overflow=settings["overflow"].text(),  # type: ignore[arg-type]
            accumulator_bits=settings["accumulator_bits"].integer_or_none(0, 2**31),
            accumulator_overflow=overflow,  # type: ignore[arg-type]
            seed=settings["seed"].integer(0, 2**63),
        )
    except SettingError as error:
        raise settings.fault(f"settings that exist ({error})") from error


def _write_spectrum(site: str, spectrum: Spectrum, store: ArrayStore) -> dict[str, Any]:
    arrays = spectrum.to_arrays()
    return {"site": site, "arrays": {name: store.add(array, f"spectrum of {site}") for name, array in arrays.items()}}


def _read_calibration(field: Field, read: Read) -> Calibration:
    spectra: dict[str, Spectrum] = {}
    for item in field["spectra"].elements():
        site = item["site"].text()
        arrays: Mapping[str, np.ndarray] = {name: read_array(array, read) for name, array in item["arrays"].items()}
        try:
            spectra[site] = Spectrum.from_arrays(arrays)
        except DataError as error:
            raise item.fault(f"the arrays of a spectrum ({error})") from error
    items = field["glimpses"].elements() if "glimpses" in field else ()
    glimpses = {item["site"].text(): read_glimpse(item, read, MOST_SAMPLES) for item in items}
    return Calibration(samples=field["samples"].integer(0, MOST_SAMPLES), spectra=spectra, glimpses=glimpses)


def _refuse_constant(text: str) -> float:
    message = f"{text} is no JSON"
    raise ValueError(message)
