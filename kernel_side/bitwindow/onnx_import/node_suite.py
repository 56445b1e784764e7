"""Runs the node tests that the onnx package ships, one small model each, through the importer.

Inputs come as JAX arrays, so that the network's operators are what is tested; only where an operator says that it
needs one before the network runs are inputs of whole numbers (shapes, axes, counts) bound as constants. Every value is
compared with the suite's by its own tolerances (bfloat16: two units in the last place), dtype and shape exactly.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.onnx_import.call import NeedsConstantError
from bitwindow.onnx_import.interpreter import Interpreter, Settings
from bitwindow.onnx_import.layout import logical
from bitwindow.onnx_import.parse import OLDEST_OPSET
from bitwindow.onnx_import.read import open_model
from bitwindow.onnx_import.records import Opened
from bitwindow.onnx_import.tensors import read_tensor
from bitwindow.onnx_import.values import Parameters, Weight

Verdict = Literal["passed", "refused", "wrong"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one node test: "refused" is a clear error, "wrong" anything but the suite's values."""

    name: str
    operators: tuple[str, ...]
    verdict: Verdict
    words: str = ""


def cases() -> list[Any]:
    """Return the node tests of the installed onnx package, in its order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the suite makes its own NaNs and overflows on purpose
        from onnx.backend.test.loader import load_model_tests

        return list(load_model_tests(kind="node"))


def run_case(case: Any) -> Outcome:
    """Run one node test, with 64-bit types if x64 is on."""
    try:
        model = _model(case)
        operators = tuple(sorted({node.op_type for node in model.graph.node}))
    except Exception as error:  # noqa: BLE001 (the verdict is the report)
        return Outcome(name=case.name, operators=(), verdict="refused", words=str(error)[:300])
    try:
        opened, _ = open_model(model)
        for inputs, outputs in _data(case):
            _compare(_run(opened, inputs), outputs, case)
    except ModelError as error:
        return Outcome(name=case.name, operators=operators, verdict="refused", words=str(error)[:300])
    except Exception as error:  # noqa: BLE001 (the verdict is the report)
        words = f"{type(error).__name__}: {error}"[:300]
        return Outcome(name=case.name, operators=operators, verdict="wrong", words=words)
    return Outcome(name=case.name, operators=operators, verdict="passed")


def _model(case: Any) -> Any:
    import onnx

    model = case.model if case.model is not None else onnx.load(Path(case.model_dir) / "model.onnx")
    for entry in model.opset_import:
        # The suite states the oldest opset of an operator; what has not changed since is the same in ours.
        entry.version = entry.version if entry.domain else max(entry.version, OLDEST_OPSET)
    return model


def _data(case: Any) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
    if case.data_sets is not None:
        yield from case.data_sets
        return
    import onnx

    for folder in sorted(Path(case.model_dir).glob("test_data_set_*")):
        read = [
            [
                onnx.numpy_helper.to_array(onnx.load_tensor(folder / f"{kind}_{at}.pb"))
                for at in range(len(list(folder.glob(f"{kind}_*.pb"))))
            ]
            for kind in ("input", "output")
        ]
        yield read[0], read[1]


def _run(opened: Opened, inputs: Sequence[Any]) -> list[Any]:
    """Run with as few inputs bound as constants as the operators ask for."""
    names = [item.name for item in opened.graph.inputs]
    given = dict(zip(names, map(_array_of, inputs), strict=False))
    whole = {name for name, value in given.items() if _is_whole(value)}
    # First nothing, then what names the need, then all whole numbers, at last everything but the first input.
    bound: set[str] = set()
    for more in (whole, {name for name in names if _is_small(given.get(name))}, set(names[1:]), set(names)):
        try:
            return _attempt(opened, given, bound)
        except NeedsConstantError as error:
            named = {name for name in names if repr(name) in str(error)}
            bound = bound | (named or more)
        try:
            return _attempt(opened, given, bound)
        except NeedsConstantError:
            bound = bound | more
    return _attempt(opened, given, bound)


def _attempt(opened: Opened, given: Mapping[str, Any], bound: set[str]) -> list[Any]:
    values = {name: _known(value) if name in bound else _traced(value) for name, value in given.items()}
    run = Interpreter(opened=opened, parameters=Parameters(), names={}, settings=Settings(batch=2**20))
    return run.run(values)


def _is_whole(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "iu"


def _is_small(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic) and value.size <= 8


def _known(value: Any) -> Any:
    return (
        tuple(map(_known, value)) if isinstance(value, list | tuple) else None if value is None else np.asarray(value)
    )


def _traced(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(map(_traced, value))
    if value is None:
        return None
    array = np.asarray(value)
    if array.dtype.kind in "OUS":
        raise ModelError("wanted arrays of numbers, got texts; JAX has none")
    return jnp.asarray(array)


def _compare(found: Sequence[Any], wanted: Sequence[Any], case: Any) -> None:
    if len(found) != len(wanted):
        raise AssertionError(f"wanted {len(wanted)} outputs, got {len(found)}")
    for one, other in zip(found, wanted, strict=True):
        _compare_value(one, other, case)


def _compare_value(found: Any, wanted: Any, case: Any) -> None:
    value = logical(found)
    value = value.static if isinstance(value, Weight) else value
    if isinstance(wanted, list | tuple) or isinstance(value, tuple):
        _compare(list(value), list(wanted), case)
        return
    if wanted is None or value is None:
        if not (wanted is None and value is None):
            raise AssertionError(f"wanted {wanted}, got {value}")
        return
    array, target = np.asarray(value), np.asarray(_array_of(wanted))
    if array.dtype != target.dtype or array.shape != target.shape:
        raise AssertionError(f"wanted {target.dtype}{target.shape}, got {array.dtype}{array.shape}")
    # A bfloat16 has 8 bits: two orders of the same sums differ in the last one.
    rtol = max(case.rtol, 2.0**-6) if array.dtype.name == "bfloat16" else case.rtol
    if array.dtype.kind == "V":
        array, target = array.astype(np.float32), target.astype(np.float32)
    np.testing.assert_allclose(array, target, rtol=rtol, atol=case.atol)


def _array_of(value: Any) -> Any:
    """Return a value of the suite, which gives those of small types as protocol buffers."""
    return read_tensor(value, None, "the suite's value") if hasattr(value, "data_type") else value


def run_all() -> list[Outcome]:
    """Run every node test with x64 on."""
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [run_case(case) for case in cases()]
