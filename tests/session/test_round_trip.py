from __future__ import annotations

import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jsonschema
import numpy as np
import pytest
from flax.core import FrozenDict

import bitwindow.session
from bitwindow.errors import SessionFileError
from bitwindow.session.load import missing_function, printable, read
from bitwindow.session.record import SessionRecord
from bitwindow.session.save import write
from bitwindow.session.tree import Tree


class Pair(NamedTuple):
    kernel: Any
    bias: Any


def structure(tree: Tree) -> object:
    return jax.tree.structure(tree)


def same_bits(one: Tree, other: Tree) -> bool:
    if isinstance(one, bool | int | float):
        return type(one) is type(other) and one == other
    a, b = np.asarray(one), np.asarray(other)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_everything_comes_back(record: SessionRecord, saved: Path) -> None:
    back = read(saved)
    assert structure(back.params) == structure(record.params)
    assert jax.tree.all(jax.tree.map(same_bits, back.params, record.params))
    assert structure(back.example) == structure(record.example)
    assert jax.tree.all(jax.tree.map(same_bits, back.example, record.example))
    assert back.assignment == record.assignment
    assert list(back.assignment.formats) == list(record.assignment.formats)
    assert back.calibration == record.calibration
    for name in ("name", "source", "modes", "scheme", "word_length", "parameter_count", "locked", "view"):
        assert getattr(back, name) == getattr(record, name)


def test_arrays_read_from_a_file_can_be_written_to(saved: Path) -> None:
    assert all(leaf.flags.writeable for leaf in jax.tree.leaves(read(saved).params) if isinstance(leaf, np.ndarray))


def test_the_same_record_gives_the_same_bytes(record: SessionRecord, saved: Path, tmp_path: Path) -> None:
    write(read(saved), tmp_path / "again.bitwindow")
    assert (tmp_path / "again.bitwindow").read_bytes() == saved.read_bytes()


def test_the_manifest_follows_its_schema(saved: Path) -> None:
    schema = json.loads((Path(bitwindow.session.__file__).parent / "schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    with zipfile.ZipFile(saved) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    jsonschema.validate(manifest, schema)
    manifest["settings"]["seed"] = -1
    with pytest.raises(jsonschema.ValidationError, match="minimum"):
        jsonschema.validate(manifest, schema)


def test_older_files_say_nothing_of_locks_and_views(record: SessionRecord, saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(entries["manifest.json"])
    del manifest["locked"], manifest["view"]
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in {**entries, "manifest.json": json.dumps(manifest).encode()}.items():
            archive.writestr(name, content)
    back = read(saved)
    assert (back.locked, back.view) == (frozenset(), None)
    assert back.assignment == record.assignment


def test_the_arrays_open_in_numpy_alone(record: SessionRecord, saved: Path) -> None:
    with np.load(saved, allow_pickle=False) as file:
        assert same_bits(file["arrays/00000"], record.params["conv1"]["kernel"])


def test_a_named_tuple_keeps_its_names(record: SessionRecord, tmp_path: Path) -> None:
    path = tmp_path / "named.bitwindow"
    write(replace(record, params=Pair(kernel=np.ones(3, np.float32), bias=None)), path)
    params = read(path).params
    assert type(params).__name__ == "Pair"
    assert params._fields == ("kernel", "bias")
    assert params.bias is None
    assert same_bits(params.kernel, np.ones(3, np.float32))


def test_a_foreign_class_comes_back_through_a_template(record: SessionRecord, tmp_path: Path) -> None:
    path = tmp_path / "frozen.bitwindow"
    frozen: Tree = FrozenDict(
        {"dense": {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.ones(3, np.float32)}}
    )
    write(replace(record, params=frozen), path)
    with pytest.raises(SessionFileError, match=r"frozen_dict\.FrozenDict.*params="):
        read(path)
    with pytest.raises(SessionFileError, match=r"holds 2 leaves, and the params= given 1"):
        read(path, params=[0])
    back = read(path, params=jax.tree.map(np.zeros_like, frozen))
    assert isinstance(back.params, FrozenDict)
    assert jax.tree.all(jax.tree.map(same_bits, back.params, frozen))


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({"layer": {"name": "dense"}}, r"params\['layer'\]\['name'\].*wanted an array or a number, got str"),
        ({"key": jax.random.key(0)}, r"params\['key'\].*key_data"),
        ({"names": np.array(["a"])}, r"params\['names'\].*got <U1"),
        ([2**70], r"params\[0\].*got int"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(record: SessionRecord, tmp_path: Path, params: Tree, wanted: str) -> None:
    with pytest.raises(SessionFileError, match=wanted):
        write(replace(record, params=params), tmp_path / "net.bitwindow")
    assert list(tmp_path.iterdir()) == []


def test_a_pytree_that_never_ends_is_refused(record: SessionRecord, tmp_path: Path) -> None:
    tree: Any = np.zeros(1)
    for _ in range(80):
        tree = [tree]
    with pytest.raises(SessionFileError, match="at most 64 levels"):
        write(replace(record, params=tree), tmp_path / "net.bitwindow")


def test_parts_that_name_other_sites_are_refused(record: SessionRecord) -> None:
    formats = {"input": record.assignment.formats["input"]}
    with pytest.raises(SessionFileError, match=r"wanted reasons of the sites"):
        replace(record, assignment=replace(record.assignment, formats=formats))


def test_a_failed_write_leaves_the_old_file(
    record: SessionRecord, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SessionFileError, match=r"could not be written \(No space left on device\)\. An older file"):
        write(replace(record, name="another"), saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_link_is_followed(record: SessionRecord, saved: Path) -> None:
    link = saved.with_name("link.bitwindow")
    link.symlink_to(saved)
    write(replace(record, name="through the link"), link)
    assert link.is_symlink()
    assert read(saved).name == "through the link"


def test_a_missing_folder_and_a_folder_are_refused(record: SessionRecord, tmp_path: Path) -> None:
    with pytest.raises(SessionFileError, match="wanted an existing folder"):
        write(record, tmp_path / "none" / "net.bitwindow")
    with pytest.raises(SessionFileError, match="got a folder"):
        write(record, tmp_path)


def test_the_error_without_a_function_says_what_to_pass(record: SessionRecord) -> None:
    text = str(missing_function("net.bitwindow", record))
    assert "wanted fn=" in text
    assert "somewhere.nets:small" in text
    assert "\x1b" not in str(missing_function("net.bitwindow", replace(record, source="\x1b[2J:f")))
    assert printable("a\u202eb\n") == "a\\u202eb\\n"
