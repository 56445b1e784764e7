"""The records that describe a traced network: values, sites, operations and layers.

They are what the tracer makes and what everything after it reads. A record never holds a type: types live in the
``Assignment``, so that a network is traced once and quantized a thousand times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from bitwindow.numbers.format import FixedPoint

SiteKind = Literal["input", "weight", "bias", "activation"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One unary operation that needs no arithmetic on the grid: it moves, copies, drops or compares stored integers.

    ``primitive`` is the JAX primitive's name and ``params`` its parameters, to be bound again on stored integers of any
    dtype. ``"relu"`` (no params) stands for ``max(x, 0)``. Max-pool (``reduce_window_max``) and ``reduce_max`` start
    from the smallest integer of the carrier, padding with zero pads with the stored integer 0. ``"mask"`` (``mask``:
    booleans, broadcast to the operand) puts the stored integer 0 where the mask is False.
    """

    primitive: str
    params: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Operand:
    """What a layer reads: a value of the network or a parameter, seen through a chain of structural steps.

    Exactly one of ``value`` (a key of ``Network.values``) and ``parameter`` (a key of ``Network.parameters``, which is
    also the name of its site) is set.
    """

    value: str | None = None
    parameter: str | None = None
    view: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if (self.value is None) == (self.parameter is None):
            message = f"an operand is a value or a parameter, got value={self.value!r}, parameter={self.parameter!r}"
            raise ValueError(message)


@dataclass(frozen=True, kw_only=True)
class Clip:
    """The activation of a fused group: ``min(max(x, lower), upper)``; ``None`` leaves a side open. ReLU is (0, None).

    The bounds are exact: the float32 constants of the program, as Python floats.
    """

    lower: float | None
    upper: float | None


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """``lax.conv_general_dilated`` of operand 0 (the activation) with operand 1 (the weight)."""

    window_strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    lhs_dilation: tuple[int, ...]
    rhs_dilation: tuple[int, ...]
    lhs_spec: tuple[int, ...]
    rhs_spec: tuple[int, ...]
    out_spec: tuple[int, ...]
    feature_group_count: int = 1
    batch_group_count: int = 1


@dataclass(frozen=True, kw_only=True)
class Contraction:
    """``lax.dot_general`` of operand 0 with operand 1, in the program's order (either may be the parameter)."""

    contracting: tuple[tuple[int, ...], tuple[int, ...]]
    batch: tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class Sum:
    """``sum_i signs[i] * operand_i``, all operands of the output's shape or broadcast to it by NumPy's rule."""

    signs: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Product:
    """``2**exponent`` times the product of one or two operands, element by element, broadcast by NumPy's rule.

    One operand alone is a product with a power of two. Any other factor of the program's text is a parameter.
    """

    exponent: int = 0


@dataclass(frozen=True, kw_only=True)
class Slope:
    """What one side of a `TwoSlopes` multiplies with: ``sign * 2**exponent``, or the operand ``operand``.

    ``sign`` is 1, 0 or -1; 0 makes the side zero.
    """

    sign: int = 1
    exponent: int = 0
    operand: int | None = None


@dataclass(frozen=True, kw_only=True)
class TwoSlopes:
    """``x * above`` where operand 0, x, is positive, and ``x * below`` elsewhere: leaky ReLU, PReLU, absolute values.

    A slope that is no power of two is a further operand, broadcast by NumPy's rule.
    """

    above: Slope
    below: Slope


@dataclass(frozen=True, kw_only=True)
class Extremum:
    """The larger (or smaller) of two operands, element by element, broadcast by NumPy's rule."""

    largest: bool


@dataclass(frozen=True, kw_only=True)
class RunningSum:
    """The sum of all values up to each place along ``axis``, from the last one on where ``reverse``."""

    axis: int
    reverse: bool = False


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """``function(table, *whole numbers)``: numbers picked out of operand 0 by computed indices, none changed.

    ``function`` is pure, jittable, and takes a table of any dtype: floats or stored integers. The output has the
    table's site and type.
    """

    function: Callable[..., Any]
    primitives: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Concatenation:
    """Operands joined along ``axis``."""

    axis: int


@dataclass(frozen=True, kw_only=True)
class Average:
    """Window or axis sum divided once by ``divisor``.

    The divisor is an integer > 0, or an integer array broadcastable to the output: the counts of an average that leaves
    padding out. With ``axes`` set it is ``sum(x, axes) / divisor``; otherwise a windowed sum with these window
    parameters (full rank).
    """

    divisor: int | np.ndarray
    axes: tuple[int, ...] | None = None
    window_dimensions: tuple[int, ...] = ()
    window_strides: tuple[int, ...] = ()
    padding: tuple[tuple[int, int], ...] = ()
    base_dilation: tuple[int, ...] = ()
    window_dilation: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PassThrough:
    """A chain of structural steps on one operand; the output shares the operand's site and type."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class FloatComputation:
    """Equations that run in float: ``function(*operand arrays) -> tuple of outputs``, pure and jittable.

    ``reason`` says in words why it is float.
    """

    function: Callable[..., tuple[Any, ...]]
    reason: str
    primitives: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Carry:
    """What a loop carries round: the value ``name`` of its body, at first ``initial`` or else an operand of the loop.

    At the end of a step it becomes the value ``result`` of the body, whose site is its own.
    """

    name: str
    result: str
    initial: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class Loop:
    """``length`` steps of a network of layers, from the last slice to the first where ``reverse``.

    The layer's operands are the ``constants`` (named as in the body), then the start of each carry without an
    ``initial`` array, then the values ``scanned``, whose second axis counts the steps. ``counted`` are whole numbers
    known beforehand, one a step. A view of a body's parameter that holds the step ``"step"`` takes this step's slice
    there. ``values`` are those of one step. The layer's outputs are ``exports``: a value of every step ("stack", the
    steps as second axis) or of the last one ("last").
    """

    length: int
    reverse: bool
    layers: tuple[Layer, ...]
    values: Mapping[str, Value]
    constants: tuple[str, ...]
    carries: tuple[Carry, ...]
    scanned: tuple[str, ...]
    counted: Mapping[str, np.ndarray]
    exports: tuple[tuple[Literal["stack", "last"], str], ...]


ExactOperation = Convolution | Contraction | Sum | Product | TwoSlopes | Extremum | RunningSum | Concatenation | Average
"""The operations that compute in integers and cast once."""
Operation = ExactOperation | PassThrough | Lookup | Loop | FloatComputation


@dataclass(frozen=True, kw_only=True)
class Value:
    """An edge of the network.

    ``shape`` includes the batch as axis 0 (for the batch size that the network was traced at). ``site`` is the site
    whose type its stored integers have; ``None`` for integer, boolean and key values, which have no type and travel as
    they are.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    site: str | None


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A fused group, as hardware sees it: ``output = activation(operation(operands) + bias)``, cast once to ``site``.

    ``bias`` is only set for Convolution and Contraction, ``activation`` for these, Sum, Product, TwoSlopes, Extremum,
    RunningSum and Average. Every value has the batch as its first axis; where the program's own order is another, the
    operands' views restore it and ``arranged`` is the permutation of the formula's result that brings the batch to the
    front again, before the cast; () leaves the order alone. ``site`` is the output's site for quantized and float
    layers, and the operand's for a pass-through and a lookup. A FloatComputation may have several outputs; each value
    names its own site. ``note`` says how the layer ended: ``"quantized"``, ``"passed through exactly"`` or ``"float,
    because ..."``. ``source`` is the file and line that wrote it, where known.
    """

    name: str
    operation: Operation
    operands: tuple[Operand, ...]
    outputs: tuple[str, ...]
    bias: Operand | None = None
    activation: Clip | None = None
    note: str = "quantized"
    primitives: tuple[str, ...] = ()
    arranged: tuple[int, ...] = ()
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class SiteInfo:
    """What can have a type. ``shape`` leaves the batch out for inputs and activations.

    ``float_reason`` is empty for a site that starts quantized, else the reason why it starts as float. ``channel_axis``
    is the axis of ``shape`` that counts channels (the output features of a weight), or None.
    """

    name: str
    kind: SiteKind
    shape: tuple[int, ...]
    layer: str
    float_reason: str = ""
    channel_axis: int | None = None


@dataclass(frozen=True, kw_only=True)
class Network:
    """A traced model at one batch size.

    Invariants: ``layers`` are in data-flow order; every value is made by one layer or is an input; ``sites`` are in
    data-flow order (input; then for each layer weight, bias, output) and their names do not depend on the batch size;
    ``parameters[name]`` is the float32 array of the site ``name`` of kind weight or bias.

    ``inputs`` and ``outputs`` are value names, one per leaf. ``observe(parameters, *input leaves)`` runs the float
    program as it was written, on a pytree like the model's ``params``, and returns ``(output leaves, {site: float
    array})`` for every input and activation site; it is pure and can be jitted. ``formats`` are the types that the
    model itself casts sites to.
    """

    batch: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    output_tree: Any
    values: Mapping[str, Value]
    layers: tuple[Layer, ...]
    sites: Mapping[str, SiteInfo]
    parameters: Mapping[str, np.ndarray]
    observe: Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]
    formats: Mapping[str, FixedPoint] = field(default_factory=dict)
