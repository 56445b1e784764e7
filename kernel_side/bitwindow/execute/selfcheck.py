"""A check that this device computes the reference's bits: small fixed layers against plain Python integers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bitwindow.assign.records import Assignment
from bitwindow.execute.executor import Executor
from bitwindow.execute.modes import Modes
from bitwindow.execute.parameters import stored_integers
from bitwindow.network.records import Clip, Contraction, Convolution, Layer, Network, Operand, Step, Value
from bitwindow.numbers.format import FixedPoint

if TYPE_CHECKING:
    from bitwindow.execute.executor import DevicePath

BATCH, SIDE, CHANNELS, FEATURES, CLASSES = 2, 5, 3, 4, 3
INSIDE = SIDE - 2
_WIDTHS = (4, 8, 16)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One comparison: its name, whether every bit agreed, and what was compared or what differed."""

    name: str
    ok: bool
    detail: str


def self_check() -> list[Check]:
    """Run a convolution and a dense layer at 4, 8 and 16 bits on both device paths and compare every stored integer."""
    network = _network()
    paths: tuple[DevicePath, ...] = ("convolution", "patches")
    return [
        _compare(Executor(network, device_path=path), path, assignment)
        for path in paths
        for assignment in map(_assignment, _WIDTHS)
    ]


def _compare(executor: Executor, path: str, assignment: Assignment) -> Check:
    network = executor.network
    x = np.random.default_rng(1).uniform(-1, 1, (BATCH, SIDE, SIDE, CHANNELS)).astype(np.float32)
    width = _format(assignment, "input").word_length
    name = f"{path}, {width} bits"
    modes = Modes()
    stored = executor.store_parameters(assignment, modes)
    try:
        made = executor.run(stored, assignment, modes, (x,), 0, BATCH)
        # jax.errors.JaxRuntimeError is what a device that refuses a step raises.
    except RuntimeError as error:
        return Check(name=name, ok=False, detail=f"the device refused a step: {error}")
    wanted = _by_hand(network, assignment, x)
    wrong = total = 0
    for value, integers in wanted.items():
        got = stored_integers(np.asarray(made.boundaries[value]), _format(assignment, value))
        wrong += int((got != integers).sum())
        total += got.size
    return Check(name=name, ok=wrong == 0, detail=f"{total - wrong} of {total} stored integers equal the reference's")


def _format(assignment: Assignment, site: str) -> FixedPoint:
    fmt = assignment.formats[site]
    assert isinstance(fmt, FixedPoint)  # noqa: S101  (every site here has a type)
    return fmt


def _assignment(width: int) -> Assignment:
    def signed(fraction: int, bits: int = width) -> FixedPoint:
        return FixedPoint(signed=True, word_length=bits, fraction_length=fraction)

    formats = {
        "input": signed(width - 1),
        "conv/kernel": signed(width - 1),
        "conv/bias": signed(2 * width - 2, 32),
        "conv": FixedPoint(signed=False, word_length=width, fraction_length=width - 2),
        "dense/kernel": signed(width - 1),
        "dense/bias": signed(3, 8),
        "dense": signed(width - 3),
    }
    return Assignment(formats=formats, reasons=dict.fromkeys(formats, "fixed for the self-check"))


def _network() -> Network:
    rng = np.random.default_rng(0)
    inside = INSIDE * INSIDE * FEATURES
    shapes = {
        "conv/kernel": (3, 3, CHANNELS, FEATURES),
        "conv/bias": (FEATURES,),
        "dense/kernel": (inside, CLASSES),
        "dense/bias": (CLASSES,),
    }
    convolution = Convolution(
        window_strides=(1, 1),
        padding=((0, 0), (0, 0)),
        lhs_dilation=(1, 1),
        rhs_dilation=(1, 1),
        lhs_spec=(0, 3, 1, 2),
        rhs_spec=(3, 2, 0, 1),
        out_spec=(0, 3, 1, 2),
    )
    values = {
        "input": (BATCH, SIDE, SIDE, CHANNELS),
        "conv": (BATCH, INSIDE, INSIDE, FEATURES),
        "dense": (BATCH, CLASSES),
    }
    flat = Step(primitive="reshape", params={"new_sizes": (BATCH, inside), "dimensions": None})
    return Network(
        batch=BATCH,
        inputs=("input",),
        outputs=("dense",),
        output_tree=None,
        values={
            name: Value(name=name, shape=shape, dtype=np.dtype(np.float32), site=name) for name, shape in values.items()
        },
        layers=(
            Layer(
                name="conv",
                operation=convolution,
                operands=(Operand(value="input"), Operand(parameter="conv/kernel")),
                outputs=("conv",),
                bias=_bias("conv/bias", values["conv"]),
                activation=Clip(lower=0.0, upper=None),
            ),
            Layer(
                name="dense",
                operation=Contraction(contracting=((1,), (0,)), batch=((), ())),
                operands=(Operand(value="conv", view=(flat,)), Operand(parameter="dense/kernel")),
                outputs=("dense",),
                bias=_bias("dense/bias", values["dense"]),
            ),
        ),
        sites={},
        parameters={
            name: (rng.uniform(-1, 1, shape) / np.sqrt(shape[0])).astype(np.float32) for name, shape in shapes.items()
        },
        observe=lambda *arrays: (arrays, {}),
    )


def _bias(site: str, shape: tuple[int, ...]) -> Operand:
    params = {"shape": shape, "broadcast_dimensions": (len(shape) - 1,)}
    return Operand(parameter=site, view=(Step(primitive="broadcast_in_dim", params=params),))


def _by_hand(network: Network, assignment: Assignment, x: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the same network in Python integers."""
    k = {
        site: _cast_all(array, _format(assignment, site)) for site, array in {**network.parameters, "input": x}.items()
    }
    patches = [k["input"][:, i : i + 3, j : j + 3, :].reshape(BATCH, -1) for i in range(INSIDE) for j in range(INSIDE)]
    kernel = k["conv/kernel"].reshape(-1, FEATURES)
    rows = np.stack(patches, axis=1).reshape(BATCH * len(patches), -1)
    hidden = _layer(rows, kernel, k["conv/bias"], assignment, ("input", "conv"), relu=True)
    flat = hidden.reshape(BATCH, -1)
    last = _layer(flat, k["dense/kernel"], k["dense/bias"], assignment, ("conv", "dense"), relu=False)
    return {"input": k["input"], "conv": hidden.reshape(BATCH, INSIDE, INSIDE, FEATURES), "dense": last}


def _layer(
    x: np.ndarray, w: np.ndarray, bias: np.ndarray, assignment: Assignment, sites: tuple[str, str], *, relu: bool
) -> np.ndarray:
    source, site = sites
    sums = x.dot(w)
    lsb = Fraction(1, 2 ** _format(assignment, source).fraction_length)
    lsb /= 2 ** _format(assignment, f"{site}/kernel").fraction_length
    bias_lsb = Fraction(1, 2 ** _format(assignment, f"{site}/bias").fraction_length)
    values = np.empty(sums.shape, object)
    for at, total in np.ndenumerate(sums):
        value = total * lsb + bias[at[-1]] * bias_lsb
        values[at] = max(value, Fraction(0)) if relu else value
    return _cast_all(values, _format(assignment, site))


def _cast_all(values: np.ndarray, fmt: FixedPoint) -> np.ndarray:
    """Round to nearest, ties away from zero, and saturate: plainly, and apart from the cast that it checks."""
    stored = np.empty(values.shape, object)
    for at, value in np.ndenumerate(values):
        exact = value if isinstance(value, Fraction) else Fraction(float(value))
        scaled = exact * 2**fmt.fraction_length
        size = int(abs(scaled) + Fraction(1, 2))
        stored[at] = min(max(size if scaled > 0 else -size, fmt.stored_min), fmt.stored_max)
    return stored
