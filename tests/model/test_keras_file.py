"""Keras files from anyone: damaged or hostile ones raise one clear error, and nothing in them runs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import bitwindow as bw
from bitwindow.model import keras_archive
from bitwindow.model.hdf5_checks import check_hdf5
from bitwindow.model.keras_backend import import_keras
from tests.mutations import flipped, mutated

keras = import_keras()
X = np.random.default_rng(4).normal(size=(4, 6)).astype(np.float32)
Config = dict[str, Any]


@pytest.fixture(scope="module")
def network() -> Any:
    layers = keras.layers
    return keras.Sequential(
        [layers.Input((6,)), layers.Dense(4, activation="relu", name="wide"), layers.Dense(2, name="head")],
        name="small",
    )


@pytest.fixture(scope="module")
def whole(network: Any, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("keras") / "net.keras"
    network.save(path)
    return path.read_bytes()


def entries_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_config(content: bytes, change: Callable[[Config], object]) -> bytes:
    entries = entries_of(content)
    config = json.loads(entries["config.json"])
    change(config)
    return packed({**entries, "config.json": json.dumps(config).encode()})


def opened(tmp_path: Path, content: bytes, name: str = "net.keras") -> bw.Model:
    path = tmp_path / name
    path.write_bytes(content)
    model: bw.Model = bw.load(path)
    return model


def test_a_file_is_its_object(network: Any, whole: bytes, tmp_path: Path) -> None:
    model = opened(tmp_path, whole)
    assert set(model.params) == {"wide/kernel", "wide/bias", "head/kernel", "head/bias"}
    np.testing.assert_array_equal(model.fn(model.params, X), network(X))
    assert model.origin is not None
    assert model.origin.content == whole


def test_the_older_format(network: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    network.save(path)
    model = bw.load(path)
    np.testing.assert_array_equal(model.fn(model.params, X), network(X))
    weights = tmp_path / "only.weights.h5"
    network.save_weights(weights)
    with pytest.raises(bw.ModelError, match=r"wanted a whole model .* got weights alone"):
        bw.load(weights)


def test_truncated_files(whole: bytes, tmp_path: Path) -> None:
    for length in range(0, len(whole), len(whole) // 40):
        with pytest.raises(bw.ModelError, match=r"net\.keras: wanted"):
            opened(tmp_path, whole[:length])


def test_a_flipped_bit_is_found_or_changes_nothing(whole: bytes) -> None:
    rng = np.random.default_rng(12)
    good = keras_archive.read_archive(whole, "net.keras")
    found = 0
    for position in rng.integers(0, len(whole), 200):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << int(rng.integers(8))
        try:
            assert keras_archive.read_archive(bytes(flipped), "net.keras") == good
        except bw.ModelError:
            found += 1
    assert found > 100


def test_damaged_hdf5_is_one_clear_error(whole: bytes) -> None:
    weights = entries_of(whole)["model.weights.h5"]
    rng = np.random.default_rng(13)
    outcomes = {"found": 0, "harmless": 0}
    for position in rng.integers(0, min(len(weights), 3000), 150):
        flipped = bytearray(weights)
        flipped[position] ^= 1 << int(rng.integers(8))
        try:
            check_hdf5(bytes(flipped), "w")
            outcomes["harmless"] += 1
        except bw.ModelError:
            outcomes["found"] += 1
    assert outcomes["found"] > 0
    for length in (0, 8, 100, len(weights) // 2):
        with pytest.raises(bw.ModelError, match="HDF5"):
            check_hdf5(weights[:length], "w")


def hostile(kind: str, config: Config) -> None:
    layers = config["config"]["layers"]
    if kind == "lambda":
        layers[1] |= {"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {}}}}
    elif kind == "foreign module":
        layers[1] |= {"module": "subprocess", "class_name": "Popen", "config": {"args": "touch /tmp/x"}}
    elif kind == "custom":
        layers[1] |= {"module": None, "class_name": "Mine", "registered_name": "pack>Mine"}
    elif kind == "nested lambda":
        layers[1]["config"]["kernel_initializer"] = {"class_name": "__lambda__", "config": {"value": ["x"]}}
    elif kind == "file reader":
        layers[1] |= {"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}
    elif kind == "huge":
        layers[-1]["config"]["units"] = 2**40
    elif kind == "negative":
        layers[1]["config"]["units"] = -3
    elif kind == "no model":
        config |= {"class_name": "Dense", "module": "keras.layers"}
    elif kind == "utility":
        layers[1]["config"]["kernel_initializer"] = {
            "class_name": "get_file",
            "module": "keras.utils",
            "config": {"fname": "x"},
        }


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("lambda", "got 'Lambda', and it can run code"),
        ("foreign module", "it is none of Keras' own"),
        ("custom", "it is a custom class"),
        ("nested lambda", "got '__lambda__', and it can run code"),
        ("file reader", "got 'StringLookup', and it can run code or read files"),
        ("huge", "the architecture holds .* numbers"),
        ("negative", "Keras cannot read the model"),
        ("no model", "wanted a functional or sequential Keras model, got 'Dense'"),
        ("utility", "it is none of Keras' own"),
    ],
)
def test_hostile_configurations(whole: bytes, tmp_path: Path, kind: str, words: str) -> None:
    content = with_config(whole, lambda config: hostile(kind, config))
    with pytest.raises(bw.ModelError, match=words):
        opened(tmp_path, content)


def test_deep_and_broken_json(whole: bytes, tmp_path: Path) -> None:
    entries = entries_of(whole)
    for text, words in ((b"[" * 100_000, "does not parse"), (b"{", "does not parse"), (b"[]", "wanted a JSON object")):
        with pytest.raises(bw.ModelError, match=words):
            opened(tmp_path, packed({**entries, "config.json": text}))


def test_strange_archives(whole: bytes, tmp_path: Path) -> None:
    entries = entries_of(whole)
    with pytest.raises(bw.ModelError, match=r"got an entry '\.\./evil'"):
        opened(tmp_path, packed({**entries, "../evil": b"x"}))
    bomb = packed({**entries, "model.weights.h5": bytes(300 * 2**20)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(bw.ModelError, match=r"declares .* bytes of content"):
        opened(tmp_path, bomb)
    with pytest.raises(bw.ModelError, match="could not be read"):
        bw.load(tmp_path / "missing.keras")


def hdf5(build: Callable[[Any], object]) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        build(file)
    return buffer.getvalue()


def test_hdf5_that_points_out_of_itself(tmp_path: Path) -> None:
    layout = h5py.VirtualLayout(shape=(3,), dtype="f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", shape=(3,))
    cases: list[tuple[Callable[[Any], object], str]] = [
        (lambda file: file.__setitem__("x", h5py.ExternalLink("/etc/passwd", "/")), "ExternalLink"),
        (lambda file: file.__setitem__("x", h5py.SoftLink("/y")), "SoftLink"),
        (
            lambda file: file.create_dataset("x", (3,), "f4", external=[(str(tmp_path / "raw"), 0, 12)]),
            "kept outside the file",
        ),
        (lambda file: file.create_virtual_dataset("x", layout), "kept outside the file"),
        (lambda file: file.create_dataset("x", data=["text"]), "dtype object"),
        (lambda file: file.create_dataset("x", (2**34,), "f4", chunks=(2**20,), compression=9), "declares .* bytes"),
    ]
    for build, words in cases:
        with pytest.raises(bw.ModelError, match=words):
            check_hdf5(hdf5(build), "w")


def whole_hdf5(network: Any, path: Path, change: Callable[[str], str] = str) -> bytes:
    network.save(path)
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = change(file.attrs["model_config"])
    return path.read_bytes()


def _replacing(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


@pytest.mark.filterwarnings("ignore")
def test_hostile_shapes_in_an_older_file_take_no_memory(tmp_path: Path) -> None:
    network = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(8)])
    for change in (('"units": 8', '"units": 2000000000000'), ("[null, 6]", "[null, 6000000000000]")):
        whole_hdf5(network, tmp_path / "net.h5", _replacing(*change))
        with pytest.raises(bw.ModelError, match="Shape mismatch"):
            bw.load(tmp_path / "net.h5")


@pytest.mark.filterwarnings("ignore")
def test_damaged_older_files_load_or_are_one_error(tmp_path: Path) -> None:
    network = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(8), keras.layers.BatchNormalization()])
    content = whole_hdf5(network, tmp_path / "net.h5")
    rng = np.random.default_rng(3)
    damaged = [content[: len(content) * part // 5] for part in range(5)]
    for _ in range(20):
        flipped = bytearray(content)
        for at in rng.integers(0, len(content), 4):
            flipped[at] ^= 1 << int(rng.integers(8))
        damaged.append(bytes(flipped))
    for each in damaged:
        (tmp_path / "net.h5").write_bytes(each)
        with contextlib.suppress(bw.ModelError):
            assert bw.load(tmp_path / "net.h5").batch == 2


def test_another_backend_is_refused(tmp_path: Path) -> None:
    code = "import bitwindow.model.keras_backend as backend; backend.import_keras()"
    settings = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    asked = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, env=settings)
    assert "wanted Keras on the jax backend, got 'tensorflow'" in asked.stderr


def test_words_for_keras_models_that_cannot_be_used() -> None:
    with pytest.raises(bw.ModelError, match="wanted a built Keras model"):
        bw.load(keras.Sequential([keras.layers.Dense(2)]))
    free = keras.Sequential([keras.layers.Input((None, 3)), keras.layers.Dense(2)])
    with pytest.raises(bw.ModelError, match="wanted inputs whose shape is known except for the batch"):
        bw.load(free)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("part", ["config.json", "model.weights.h5", "model_config", "older file"])
def test_mutated_parts_load_or_are_one_error(network: Any, whole: bytes, tmp_path: Path, part: str) -> None:
    rng, refused, entries = np.random.default_rng(23), 0, entries_of(whole)
    older = whole_hdf5(network, tmp_path / "whole.h5")
    for _ in range(60):
        name = "net.keras" if part in entries else "net.h5"
        if part == "config.json":
            content = packed({**entries, part: json.dumps(mutated(json.loads(entries[part]), rng)).encode()})
        elif part == "model.weights.h5":
            content = packed({**entries, part: flipped(entries[part], rng, 30)})
        elif part == "model_config":
            content = whole_hdf5(network, tmp_path / name, lambda text: json.dumps(mutated(json.loads(text), rng)))
        else:
            content = flipped(older, rng, 60)
        try:
            assert opened(tmp_path, content, name).batch >= 1
        except bw.ModelError as error:
            refused += bool(str(error))
    assert refused > 5


def test_a_class_that_is_registered_under_no_text(whole: bytes, tmp_path: Path) -> None:
    def change(config: Config) -> None:
        config["config"]["layers"][1]["registered_name"] = {"name": "Dense"}

    with pytest.raises(bw.ModelError, match="it is a custom class"):
        opened(tmp_path, with_config(whole, change))


def test_an_older_file_whose_configuration_is_no_text(network: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.h5"
    network.save(path)
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = 5
    with pytest.raises(bw.ModelError, match="wanted JSON, but it does not parse"):
        bw.load(path)


@pytest.mark.parametrize("hostile_file", ["keras", "h5"])
def test_a_file_that_is_refused_leaves_nothing_to_others(
    network: Any, whole: bytes, tmp_path: Path, hostile_file: str
) -> None:
    keras = import_keras()
    # Keras makes its state later, when it is next asked for anything: 10**30 is no seed.
    noisy = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5, seed=123456), keras.layers.Dense(2)])
    path = tmp_path / f"noisy.{hostile_file}"
    noisy.save(path)
    if hostile_file == "keras":
        entries = entries_of(path.read_bytes())
        entries["config.json"] = entries["config.json"].replace(b"123456", b"1" + 30 * b"0")
        path.write_bytes(packed(entries))
    else:
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = str(file.attrs["model_config"]).replace("123456", "1" + 30 * "0")
    with pytest.raises(bw.ModelError):
        bw.load(path)
    assert opened(tmp_path, whole).name == network.name
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])(np.ones((2, 3), np.float32))
