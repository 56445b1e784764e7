"""Every network of every front end's tests, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import jax
import numpy as np

from tests.model.case import Case

FRAMEWORKS = ("plain", "linen", "nnx", "equinox", "keras", "onnx")
MODULES = {name: import_module(f"tests.model.networks_{name}") for name in FRAMEWORKS}
CASES = [f"{name}-{case}" for name in FRAMEWORKS for case in MODULES[name].CASES]


@cache
def case_of(name: str) -> Case:
    framework, _, case = name.partition("-")
    make: Callable[[], Case] = MODULES[framework].CASES[case]
    return make()


def leaves(tree: Any) -> list[Any]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


def arguments(case: Case) -> tuple[Any, ...]:
    return case.inputs if isinstance(case.inputs, tuple) else (case.inputs,)
