"""The kernel's side of the bit windows, without a browser: traits, requests, and what crosses the wire."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import traitlets
from bqplot import LinearScale

import bitwindow.panel
from bitwindow.errors import DataError, FormatError
from bitwindow.numbers.format import FixedPoint
from bitwindow.panel.bit_window import MODULE_NAME, MODULE_VERSION, SORT_KEYS, BitWindow
from bitwindow.panel.wire import Row, pack_table, unpack_table
from bitwindow.spectrum.record import Spectrum

ROOT = Path(__file__).parents[2]
S8 = FixedPoint(signed=True, word_length=8, fraction_length=3)
S9 = FixedPoint(signed=True, word_length=9, fraction_length=4)
SCHEMA = json.loads((Path(bitwindow.panel.__file__).parent / "wire_schema.json").read_text())


def three_rows() -> BitWindow:
    rows = [
        Row(name="conv/kernel", kind="weight", format=S8, total=100, precision="40 dB"),
        Row(name="conv/bias", kind="bias", format=S8, locked=True),
        Row(name="softmax", kind="activation", format="float", note="softmax runs in float"),
    ]
    return BitWindow(rows=rows, exponent_high=7, exponent_low=-12)


def ask(windows: BitWindow, sequence: int, *changes: tuple[int, FixedPoint], dragging: bool = False) -> None:
    """Do what the browser does when the user moved windows."""
    records = [
        {"row": row, "signed": fmt.signed, "word_length": fmt.word_length, "fraction_length": fmt.fraction_length}
        for row, fmt in changes
    ]
    windows.set_state({"request": {"sequence": sequence, "changes": records, "dragging": dragging}})


def test_front_end_names_are_those_of_the_labextension() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    state = BitWindow().get_state()
    assert (package["name"], f"^{package['version']}") == (MODULE_NAME, MODULE_VERSION)
    assert {state[name] for name in ("_model_module", "_view_module")} == {package["name"]}
    version = re.search(r"MODULE_VERSION = '(.+)'", (ROOT / "extension/src/version.ts").read_text())
    assert version is not None
    assert version[1] == package["version"]


def test_every_synced_trait_has_a_default_in_the_front_end() -> None:
    defaults = (ROOT / "extension/src/widgets/traits.ts").read_text()
    missing = [
        name
        for name in BitWindow().keys
        if not re.search(rf"\b{name}\b", defaults) and not name.startswith("_view_count")
    ]
    assert missing == []


def test_rows_on_the_wire_have_the_fields_of_the_schema() -> None:
    for row in three_rows().get_state()["rows"]:
        assert (
            set(row) == set(SCHEMA["definitions"]["Row"]["required"]) == set(SCHEMA["definitions"]["Row"]["properties"])
        )
        assert Row.from_wire(row).to_wire() == row


def test_rows_on_the_wire_are_json_whatever_their_figures() -> None:
    row = Row(name="a", kind="weight", format=S8, minimum=float("-inf"), maximum=float("nan"), sqnr=float("inf"))
    sent = row.to_wire()
    json.dumps(sent, allow_nan=False)
    assert (sent["minimum"], sent["maximum"], sent["sqnr"]) == (-sys.float_info.max, None, sys.float_info.max)
    jsonschema.validate(sent, SCHEMA | {"$ref": "#/definitions/Row"})


def test_rows_are_sorted_by_what_the_front_end_sorts_by() -> None:
    source = (ROOT / "extension/src/core/order.ts").read_text()
    keys = re.search(r"SORT_KEYS = \[(.+?)\]", source, re.DOTALL)
    assert keys is not None
    assert tuple(re.findall(r"'(\w+)'", keys[1])) == SORT_KEYS


def test_rows_may_be_mappings() -> None:
    record = {"name": "a", "kind": "input", "signed": False, "word_length": 8, "fraction_length": 8}
    assert BitWindow(rows=[record]).rows[0].format == FixedPoint(signed=False, word_length=8, fraction_length=8)


@pytest.mark.parametrize(
    ("record", "error", "match"),
    [
        ({"kind": "input", "is_float": True}, DataError, "wanted the fields of the wire schema's Row"),
        ({"name": "a", "kind": "tensor", "is_float": True}, DataError, "row 'a': wanted a kind"),
        ({"name": "a", "kind": "input", "is_float": True, "total": -1}, DataError, "wanted total as an int"),
        ({"name": "a", "kind": "input", "is_float": True, "zero": 2**53}, DataError, "wanted zero as an int"),
        ({"name": "a", "kind": "input", "signed": True, "word_length": 33, "fraction_length": 0}, FormatError, "33"),
    ],
)
def test_malformed_rows_are_refused(record: dict[str, Any], error: type[ValueError], match: str) -> None:
    with pytest.raises(error, match=match):
        BitWindow(rows=[record])


def test_rows_and_tables_must_be_as_many() -> None:
    with pytest.raises(DataError, match="one for each of the 1 rows; got 2"):
        BitWindow(rows=[Row(name="a", kind="input", format=S8)], tables=[b"", b""])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rounding", "up"),
        ("overflow", "clip"),
        ("selected", [-1]),
        ("active", -2),
        ("overflow_threshold", 1.5),
        ("sort_by", "size"),
        ("kinds", ["tensor"]),
    ],
)
def test_malformed_settings_are_refused(name: str, value: object) -> None:
    windows = three_rows()
    with pytest.raises(traitlets.TraitError, match=name):
        windows.set_trait(name, value)


def test_columns_must_run_from_high_to_low() -> None:
    with pytest.raises(traitlets.TraitError, match="wanted exponent_high >= exponent_low"):
        BitWindow(exponent_high=-20, exponent_low=3)


def test_own_scales_follow_rows_and_columns_and_given_ones_are_left_alone() -> None:
    own = three_rows()
    assert (own.x_scale.min, own.x_scale.max, own.x_scale.reverse) == (-12, 8, True)
    assert (own.y_scale.min, own.y_scale.max, own.y_scale.reverse) == (0, 3, True)
    given = BitWindow(LinearScale(min=0, max=20), LinearScale(min=0, max=1), exponent_high=3)
    assert (given.x_scale.max, given.x_scale.reverse) == (20, False)


def test_a_change_of_the_user_reaches_rows_and_callback() -> None:
    windows, seen = three_rows(), []
    windows.on_change(lambda row, fmt: seen.append((row, fmt, windows.rows[row].format)))
    ask(windows, 7, (0, S9))
    assert seen == [(0, S9, S9)]
    assert windows.rows[0].precision == ""
    assert windows.acknowledged == 7


@pytest.mark.parametrize("row", [1, 2, 3])
def test_a_locked_a_float_and_a_missing_row_do_not_change(row: int) -> None:
    windows, seen = three_rows(), []
    windows.on_change(lambda *change: seen.append(change))
    before = windows.rows
    ask(windows, 1, (row, S9))
    assert (windows.rows, seen, windows.acknowledged) == (before, [], 1)


def test_a_repeated_change_is_reported_once() -> None:
    windows, seen = three_rows(), []
    windows.on_change(lambda *change: seen.append(change))
    ask(windows, 1, (0, S9), dragging=True)
    ask(windows, 2, (0, S9), dragging=True)
    assert seen == [(0, S9)]


def test_a_drag_is_one_step_and_a_key_is_one() -> None:
    windows, commits = three_rows(), []
    windows.on_commit(lambda: commits.append(windows.rows[0].format))
    ask(windows, 1, (0, S9), dragging=True)
    ask(windows, 2, (0, S8), dragging=True)
    ask(windows, 3, (0, S9), dragging=True)
    assert commits == []
    ask(windows, 4)
    ask(windows, 5)
    assert commits == [S9]
    ask(windows, 6, (0, S8))
    assert commits == [S9, S8]


def test_an_answer_from_within_the_callback_stands() -> None:
    windows = three_rows()
    windows.on_change(lambda row, _fmt: windows.set_format(row, S8, precision="41 dB"))
    ask(windows, 1, (0, S9))
    assert windows.rows[0] == Row(name="conv/kernel", kind="weight", format=S8, total=100, precision="41 dB")


def test_callbacks_stop_when_asked() -> None:
    windows, seen = three_rows(), []
    stop = windows.on_change(lambda *change: seen.append(change))
    stop()
    stop()
    ask(windows, 1, (0, S9))
    assert seen == []


def test_set_format_is_the_kernels_own_and_calls_nobody() -> None:
    windows, seen = three_rows(), []
    windows.on_change(lambda *change: seen.append(change))
    windows.set_format(1, S9, precision="50 dB")
    assert (windows.rows[1].format, windows.rows[1].precision, seen) == (S9, "50 dB", [])
    with pytest.raises(DataError, match="indices from 0 to 2"):
        windows.set_format(3, S9)


def test_actions_lock_rows_and_reach_the_callback() -> None:
    windows, seen = three_rows(), []
    windows.on_action(lambda *action: seen.append(action))
    for content in ({"action": "lock", "rows": [0, 9, "x"]}, {"action": "undo", "rows": []}, {"action": "format disk"}):
        windows._handle_custom_msg(content, [])
    assert seen == [("lock", (0,)), ("undo", ())]
    assert [row.locked for row in windows.rows] == [True, True, False]


def test_tables_are_packed_and_kept_whole() -> None:
    spectrum = Spectrum.of(np.array([0.75, -3.5, 1.0, 1.0, 0.0]))
    windows = BitWindow(rows=[Row(name="a", kind="weight", format=S8)], tables=[spectrum.wire()])
    (sent,) = windows.get_state()["tables"]
    keys, counts = unpack_table(sent)
    found = dict(zip(keys.tolist(), counts.tolist(), strict=True))
    # 1.0 is rank 0 of octave 0 and positive: key 0
    assert found[0] == 2
    assert sum(found.values()) == 4
    assert sum(key & 1 for key in found) == 1


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ([[1, 2, 3]], "float64\\[n, 5\\]"),
        ([[0, 0, 1, 1, 5]], "sign \\+1 or -1"),
        ([[1, 0, 1, 1, 2.0**53]], "whole counts from 0 to 2\\^53 - 1"),
        ([[1, 0, 1, 1, 0.5]], "whole counts"),
    ],
)
def test_malformed_tables_are_refused(table: list[list[float]], match: str) -> None:
    with pytest.raises(DataError, match=match):
        pack_table(table)


def test_a_cut_table_is_refused() -> None:
    with pytest.raises(DataError, match="multiple of 12 bytes; got 13"):
        unpack_table(b"0" * 13)


def test_state_comes_back_whole() -> None:
    spectrum = Spectrum.of(np.array([0.5, 3.0]))
    windows = BitWindow(rows=[Row(name="a", kind="weight", format=S8)], tables=[spectrum.wire()])
    copy = BitWindow()
    copy.set_state(windows.get_state(["rows", "tables", "rounding", "selected"]))
    assert (copy.rows, copy.tables) == (windows.rows, windows.tables)


def test_zeros_alone_make_an_empty_table() -> None:
    assert pack_table(Spectrum.of(np.zeros(3)).wire()) == b""
