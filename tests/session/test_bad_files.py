from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bitwindow.errors import SessionFileError
from bitwindow.session import archive
from bitwindow.session.load import read
from tests.mutations import flipped, mutated

Change = Callable[[dict[str, bytes]], object]
Changed = Callable[[Change], Path]


def edit(*steps: str | int, to: object) -> Change:
    """Return a change that sets one value of the manifest."""

    def change(entries: dict[str, bytes]) -> None:
        manifest = json.loads(entries["manifest.json"])
        place = manifest
        for step in steps[:-1]:
            place = place[step]
        place[steps[-1]] = to
        entries["manifest.json"] = json.dumps(manifest).encode()

    return change


def replaced(name: str, content: bytes) -> Change:
    return lambda entries: entries.update({name: content})


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def test_a_truncated_file(saved: Path) -> None:
    content = saved.read_bytes()
    for length in range(0, len(content), 97):
        saved.write_bytes(content[:length])
        with pytest.raises(SessionFileError, match="no complete zip archive"):
            read(saved)


def test_an_entry_that_asks_for_a_newer_zip(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 148  # the version needed to extract, in tenths
    saved.write_bytes(content)
    with pytest.raises(SessionFileError, match=r"no complete zip archive \(zip file version 14.8\)"):
        read(saved)


def test_a_flipped_bit_is_found_or_changes_nothing(saved: Path) -> None:
    content, whole = saved.read_bytes(), read(saved)
    rng = np.random.default_rng(11)
    found = 0
    for position in rng.integers(0, len(content), 400):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(rng.integers(8))
        saved.write_bytes(flipped)
        try:
            back = read(saved)
        except SessionFileError:
            found += 1
        else:
            assert (back.assignment, back.calibration, back.modes) == (whole.assignment, whole.calibration, whole.modes)
            assert back.params["conv1"]["kernel"].tobytes() == whole.params["conv1"]["kernel"].tobytes()
    assert found > 200  # most of a file is content, and every flip there is found


def test_no_file_and_no_zip(tmp_path: Path) -> None:
    with pytest.raises(SessionFileError, match="there is no file of that name"):
        read(tmp_path / "none.bitwindow")
    (tmp_path / "text.bitwindow").write_text("hello")
    with pytest.raises(SessionFileError, match="no complete zip archive"):
        read(tmp_path / "text.bitwindow")
    with pytest.raises(SessionFileError, match="could not be read"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (edit("schema_version", to=3), r"wanted schema version 2 or older, got 3.*Update bitwindow"),
        (edit("schema_version", to="1"), r"schema_version: wanted an integer"),
        (edit("kind", to="other"), r"not a bitwindow session"),
        (edit("settings", "seed", to=True), r"settings\.seed: wanted an integer"),
        (edit("settings", "rounding", to="up"), r"settings: wanted settings that exist \(rounding"),
        (edit("settings", "accumulator_bits", to=1), r"accumulator_bits: wanted None"),
        (edit("settings", to=[]), r"settings: wanted an object"),
        (edit("model", "name", to=5), r"model\.name: wanted a text"),
        (edit("assignment", "sites", 0, "format", to="sfix99"), r"sites\[0\]\.format: wanted 'float' or a fixed-point"),
        (edit("assignment", "sites", 0, "site", to="conv1"), r"sites whose names differ"),
        (edit("assignment", "sites", 0, "following", to=1), r"following: wanted true or false"),
        (edit("assignment", "sites", to={}), r"assignment\.sites: wanted an array"),
        (edit("locked", to=["elsewhere"]), r"wanted locks of the sites"),
        (edit("locked", to="all"), r"locked: wanted an array"),
        (edit("view", "underflow_threshold", to=2), r"view\.underflow_threshold: wanted a number from 0 to 1"),
        (edit("view", "selected", to=1), r"view\.selected: wanted a text"),
        (edit("calibration", "samples", to=-1), r"calibration\.samples: wanted an integer from 0"),
        (edit("calibration", "spectra", 0, "site", to="elsewhere"), r"wanted spectra of the sites"),
        (edit("calibration", "spectra", 0, "arrays", to={}), r"wanted the arrays of a spectrum"),
        (edit("model", "example", "items", 0, "shape", to=[2**39, 2**39]), r"an example of at most"),
        (edit("model", "params", "items", 0, to=["only a key"]), r"wanted a key \(text or integer\) and a node"),
        (edit("model", "params", "kind", to="pickle"), r"a kind of node that bitwindow writes"),
        (edit("model", "params", to={"kind": "float", "value": "zero"}), r"a hexadecimal floating-point number"),
        (edit("model", "params", to={"kind": "namedtuple", "name": "a);evil(", "items": []}), r"names are identifiers"),
        (edit("model", "params", to={"kind": "dict", "items": [["a", {"kind": "none"}]] * 2}), r"keys that differ"),
        (
            edit("model", "params", "items", 0, 1, "items", 0, 1, "file", to="../../etc/passwd"),
            r"name of an array's entry",
        ),
        (
            edit("model", "params", "items", 0, 1, "items", 0, 1, "file", to="arrays/99999.npy"),
            r"99999.npy' is missing",
        ),
        (
            edit("model", "params", "items", 0, 1, "items", 0, 1, "shape", to=[3, 3, 2, 1]),
            r"exactly this dtype and shape",
        ),
        (edit("model", "params", "items", 0, 1, "items", 0, 1, "dtype", to="object"), r"wanted one of bool"),
        (replaced("manifest.json", b"\xff"), r"does not parse"),
        (replaced("manifest.json", b"[" * 100_000), r"does not parse"),
        (replaced("manifest.json", b'{"kind": NaN}'), r"does not parse \(NaN"),
        (replaced("manifest.json", b"[]"), r"not a bitwindow session"),
        (lambda entries: entries.pop("manifest.json"), r"it has no manifest"),
        (replaced("arrays/00000.npy", b"nothing"), r"an entry that is an npy array"),
        (replaced("arrays/00000.npy", npy(np.array([{"a": 1}], dtype=object))), r"exactly this dtype and shape"),
        (replaced("arrays/00000.npy", npy(np.zeros((3, 3, 1, 2), np.float32))[:-1]), r"exactly this dtype and shape"),
        (replaced("../evil.npy", b""), r"an entry is named '\.\./evil\.npy'"),
        (replaced("/etc/cron.d/evil", b""), r"an entry is named"),
    ],
)
def test_a_file_made_by_hand(changed: Changed, change: Change, wanted: str) -> None:
    path = changed(change)
    with pytest.raises(SessionFileError, match=wanted) as raised:
        read(path)
    assert str(path) in str(raised.value)


def test_a_bomb_is_refused_before_it_is_unpacked(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(saved, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("arrays/90000.npy", bytes(2**20))
    monkeypatch.setattr(archive, "FREE_BYTES", 2**16)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked before the sizes were checked"))
    with pytest.raises(SessionFileError, match=r"declares \d+ bytes of content"):
        read(saved)


def test_a_lie_about_a_size_is_found(changed: Changed) -> None:
    path = changed(lambda entries: None)
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02")  # the first entry's record in the directory
    (size,) = struct.unpack_from("<I", content, place + 24)
    struct.pack_into("<I", content, place + 24, size - 1)
    path.write_bytes(content)
    with pytest.raises(SessionFileError, match=r"manifest.json"):
        read(path)


def test_two_entries_of_one_name(saved: Path) -> None:
    with zipfile.ZipFile(saved, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("manifest.json", b"{}")
    with pytest.raises(SessionFileError, match="two entries have the same name"):
        read(saved)


def test_no_file_makes_the_reader_import_anything(
    changed: Changed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "hostile.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    path = changed(edit("model", "source", to="hostile:run"))
    assert read(path).source == "hostile:run"


def test_manifests_with_other_values_open_or_are_one_error(changed: Changed, saved: Path) -> None:
    content, rng, refused = saved.read_bytes(), np.random.default_rng(31), 0

    def change(entries: dict[str, bytes]) -> None:
        entries["manifest.json"] = json.dumps(mutated(json.loads(entries["manifest.json"]), rng)).encode()

    for _ in range(150):
        saved.write_bytes(content)
        try:
            read(changed(change))
        except SessionFileError as error:
            refused += str(saved) in str(error)
    assert refused > 100


def test_damaged_array_headers_with_good_checksums_are_one_error(changed: Changed, saved: Path) -> None:
    content, rng, refused = saved.read_bytes(), np.random.default_rng(32), 0
    headers = [
        b"{'descr': '<f4', 'shape': (3,",
        b"{'descr': [('a', '<f4')], 'shape': (3,)}",
        b"[" * 60,
        b"'" * 3,
        b"1L",
    ]

    def change(entries: dict[str, bytes]) -> None:
        name = sorted(entries)[int(rng.integers(len(entries) - 1))]
        start, header, rest = entries[name][:10], entries[name][10:64], entries[name][64:]
        other = headers[int(rng.integers(5))].ljust(54) if rng.integers(2) else flipped(header, rng, 6)
        entries[name] = start + other + rest

    for _ in range(150):
        saved.write_bytes(content)
        try:
            read(changed(change))
        except SessionFileError as error:
            refused += str(saved) in str(error)
    assert refused > 100
