"""The node tests of the onnx package: all pass but those that the table names, each with its reason."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import jax
import pytest

from bitwindow.onnx_import.node_suite import Outcome, cases, run_case
from bitwindow.onnx_import.score import exceptions, is_listed, listed, report

PARTS = 8


@cache
def all_cases() -> list[Any]:
    return cases()


def outcomes(part: int) -> list[Outcome]:
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [run_case(case) for case in all_cases()[part::PARTS]]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_node_test_is_as_the_table_says(part: int) -> None:
    reasons, promised = exceptions(), listed()
    found = outcomes(part)
    failing = {item.name: item.words for item in found if item.verdict != "passed"}
    named = {item.name for item in found} & set(reasons)
    assert {name: words for name, words in failing.items() if name not in reasons} == {}
    assert named - set(failing) == set()  # a test that passes now leaves the table
    ours = [item for item in found if is_listed(item, promised)]
    assert sum(item.verdict == "passed" for item in ours) >= 0.95 * len(ours)
    assert [item.name for item in ours if item.verdict == "wrong"] == []


def test_the_table_names_tests_that_exist() -> None:
    assert set(exceptions()) - {case.name for case in all_cases()} == set()


def test_the_score_says_what_surprises() -> None:
    lines = list(report([Outcome(name="test_new", operators=("Relu",), verdict="wrong", words="1 for 2")]))
    assert lines[0].startswith("node tests of the listed operators: 0 of 1 passed (0.0%)")
    assert lines[-1] == "SURPRISE test_new: wrong 1 for 2"
