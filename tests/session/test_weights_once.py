"""A session holds each weight once, and gives every array back bit for bit."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.errors import SessionFileError
from bitwindow.model import keras_held
from bitwindow.model.keras_archive import entries_of, packed
from bitwindow.model.keras_backend import import_keras
from bitwindow.session import archive, arrays
from bitwindow.session.load import read
from bitwindow.session.record import SessionRecord
from bitwindow.session.save import write

keras = import_keras()
WEIGHT_BYTES = 4 * 400 * 500
X = np.random.default_rng(5).normal(size=(8, 400)).astype(np.float32)


def dense(dtype: str = "float32") -> Any:
    layers = keras.layers
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            layers.Input((400,)),
            layers.Dense(500, activation="relu", name="wide", dtype=dtype),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, name="drop"),
            layers.Dense(3, name="head"),
        ],
        name="small",
    )


def quantizer_of(model: bw.Model) -> bw.Quantizer:
    q = bw.Quantizer(model, batch=4).calibrate(X, progress=False)
    q.assign("minmax", 8)
    return q


def array_entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist() if name.startswith("arrays/")}


def test_a_keras_model_s_weights_are_stored_once(tmp_path: Path) -> None:
    q = quantizer_of(bw.load(dense()))
    path = q.save(tmp_path / "net.bitwindow")
    largest = np.asarray(q.model.params["wide/kernel"])
    assert largest.nbytes == WEIGHT_BYTES
    assert sum(largest.tobytes() in entry for entry in array_entries(path).values()) == 1
    assert sum(map(len, array_entries(path).values())) < 2 * WEIGHT_BYTES
    back = bw.load(path)
    np.testing.assert_array_equal(back(X), q(X))
    np.testing.assert_array_equal(back.model.fn(back.model.params, X), q.model.fn(q.model.params, X))
    # What came back is a whole Keras file again, which saves to the same bytes and opens by itself.
    assert back.save(tmp_path / "again.bitwindow").read_bytes() == path.read_bytes()
    assert back.model.origin is not None
    assert back.model.origin.kind == "keras"
    (tmp_path / "net.keras").write_bytes(back.model.origin.content)
    opened = bw.load(tmp_path / "net.keras")
    for name, value in q.model.params.items():
        np.testing.assert_array_equal(opened.params[name], value)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16"])
def test_weights_of_other_dtypes(tmp_path: Path, dtype: str) -> None:
    q = quantizer_of(bw.load(dense(dtype)))
    path = q.save(tmp_path / "net.bitwindow")
    stored = np.asarray(q.model.params["wide/kernel"]).tobytes()
    assert sum(stored in entry for entry in array_entries(path).values()) == 1
    back = bw.load(path)
    np.testing.assert_array_equal(back(X), q(X))
    assert back.save(tmp_path / "again.bitwindow").read_bytes() == path.read_bytes()


def test_a_session_with_the_whole_keras_file_opens_as_before(tmp_path: Path) -> None:
    model = bw.load(dense())
    assert model.origin is not None
    model.origin = replace(model.origin, beside=None)  # as sessions were written before
    q = quantizer_of(model)
    path = q.save(tmp_path / "net.bitwindow")
    assert read(path).origin == model.origin
    np.testing.assert_array_equal(bw.load(path)(X), q(X))


def test_what_preparation_left_alone_is_stored_once(tmp_path: Path) -> None:
    q = bw.Quantizer(bw.load(dense()), batch=4)
    q.prepare(equalize=False)
    q.calibrate(X, progress=False).assign("minmax", 8)
    path = q.save(tmp_path / "net.bitwindow")
    head = np.asarray(q.model.params["wide/kernel"]).tobytes()
    assert sum(head in entry for entry in array_entries(path).values()) == 1
    back = bw.load(path)
    np.testing.assert_array_equal(back(X), q(X))


def change_origin(path: Path, change: Callable[[dict[str, Any]], object], content: bytes | None = None) -> None:
    with zipfile.ZipFile(path) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(entries["manifest.json"])
    origin = manifest["model"]["origin"]
    change(origin)
    if content is not None:
        store = arrays.ArrayStore()
        origin["content"] = {**store.add(np.frombuffer(content, np.uint8), ""), "file": origin["content"]["file"]}
        entries[origin["content"]["file"]] = store.entries["arrays/00000.npy"]
    entries["manifest.json"] = json.dumps(manifest).encode()
    archive.write_archive(path, entries)


def held(origin: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = origin["settings"]["held"]
    return found


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda origin: origin.update(settings={}), "wanted the parameters that hold its arrays by name"),
        (lambda origin: origin["settings"].update(held=[1]), "wanted the parameters that hold its arrays by name"),
        (lambda origin: held(origin).update(dict.fromkeys(held(origin), "none")), "wanted the parameter 'none'"),
        (lambda origin: held(origin).update(dict.fromkeys(held(origin), 7)), "wanted the parameter '7'"),
        (lambda origin: held(origin).update({"/elsewhere": "wide/kernel"}), "wanted an empty dataset '/elsewhere'"),
        (lambda origin: held(origin).update({"/": "wide/kernel"}), "wanted an empty dataset '/', got one of"),
        (lambda origin: held(origin).update({"/layers/dense": "wide/kernel"}), "wanted an empty dataset"),
        (lambda origin: held(origin).update(dict.fromkeys(held(origin), "head/kernel")), "Keras cannot read the model"),
        (lambda origin: held(origin).clear(), "Keras cannot read the model"),
        (lambda origin: origin.update(kind="keras"), "Keras cannot read the model"),
    ],
)
def test_a_damaged_account_of_what_is_held(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], wanted: str
) -> None:
    path = quantizer_of(bw.load(dense())).save(tmp_path / "net.bitwindow")
    change_origin(path, change)
    with pytest.raises(SessionFileError, match=f"the model inside the session cannot be read: .*{wanted}"):
        bw.load(path)


def test_parameters_taken_into_many_arrays_take_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_held, "_MOST_BYTES", 0)
    path = quantizer_of(bw.load(dense())).save(tmp_path / "net.bitwindow")
    change_origin(path, lambda origin: held(origin).update({f"/{at}": "wide/kernel" for at in range(9)}))
    with pytest.raises(SessionFileError, match="wanted each parameter in one array, got some in many"):
        bw.load(path)


def test_damaged_weights_files_are_one_clear_error(tmp_path: Path) -> None:
    path = quantizer_of(bw.load(dense())).save(tmp_path / "net.bitwindow")
    good = read(path).origin
    assert good is not None
    entries = dict(entries_of(good.content, "x"))
    weights, rng = entries["model.weights.h5"], np.random.default_rng(9)
    outcomes = {"refused": 0, "opened": 0}
    for _ in range(30):
        flipped = bytearray(weights)
        for at in rng.integers(0, len(weights), 6):
            flipped[at] ^= 1 << int(rng.integers(8))
        change_origin(path, lambda _: None, packed({**entries, "model.weights.h5": bytes(flipped)}))
        try:
            assert bw.load(path).model.batch == 2
            outcomes["opened"] += 1
        except SessionFileError as error:
            assert "the model inside the session cannot be read" in str(error)  # noqa: PT017
            outcomes["refused"] += 1
    assert outcomes["refused"] > 0


def test_equal_arrays_have_one_entry(record: SessionRecord, tmp_path: Path) -> None:
    kernel = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    params = {"a": kernel, "b": kernel.copy(), "bits": kernel.view(np.int32), "zero": -0.0 * kernel, "z": 0.0 * kernel}
    path = tmp_path / "net.bitwindow"
    write(replace(record, params=params), path)
    assert sum(kernel.tobytes() in entry for entry in array_entries(path).values()) == 2  # its header tells the dtype
    back = read(path).params
    for name, value in params.items():
        assert back[name].dtype == value.dtype
        assert back[name].tobytes() == value.tobytes()
    back["a"][0, 0] = 7
    assert back["b"][0, 0] == kernel[0, 0]


@pytest.mark.parametrize("alike", [True, False])
def test_what_is_written_can_be_read(
    record: SessionRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, alike: bool
) -> None:
    monkeypatch.setattr(archive, "FREE_BYTES", 2**24)
    monkeypatch.setattr(arrays, "FREE_BYTES", 2**24)
    params = {f"{at:04}": np.full(2**14, 0 if alike else at, np.float32)[: 2**14 - 40] for at in range(400)}
    path = tmp_path / "net.bitwindow"
    write(replace(record, params=params), path)
    assert jax.tree.all(jax.tree.map(np.array_equal, read(path).params, params))


def test_an_entry_read_without_end_is_refused(
    record: SessionRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.bitwindow"
    write(replace(record, params={f"{at:04}": np.ones(1000, np.float32) for at in range(300)}), path)
    monkeypatch.setattr(archive, "FREE_BYTES", 2**18)
    monkeypatch.setattr(archive, "EXPANSION", 1)
    with pytest.raises(SessionFileError, match="it takes the same entries many times over"):
        read(path)
