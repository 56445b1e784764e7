"""What a float computation is, by the primitives it is made of, and why it is float."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bitwindow.network.flow import Flow
from bitwindow.network.program import Equation

BY_CALL = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "hard_silu": "hard_swish",
    "hard_swish": "hard_swish",
    "hard_sigmoid": "hard_sigmoid",
    "hard_tanh": "hard_tanh",
    "leaky_relu": "leaky_relu",
    "elu": "elu",
    "celu": "celu",
    "selu": "selu",
    "softplus": "softplus",
    "sigmoid": "sigmoid",
    "log_sigmoid": "log_sigmoid",
    "log_softmax": "log_softmax",
    "softmax": "softmax",
    "mish": "mish",
    "soft_sign": "soft_sign",
    "logsumexp": "logsumexp",
}
ACTIVATIONS = frozenset(BY_CALL)
"""The functions that are one layer each by their own name."""
_NORMS = {
    "BatchNorm": "batch_norm",
    "LayerNorm": "layer_norm",
    "GroupNorm": "group_norm",
    "InstanceNorm": "instance_norm",
    "RMSNorm": "rms_norm",
}
NORM_SCOPES = frozenset(_NORMS)
NORM_KINDS = frozenset(_NORMS.values())
_WORDS = {
    "batch_norm": "batch-norm is not folded into the layer before it",
    "layer_norm": "layer-norm divides by a root that depends on the input",
    "group_norm": "group-norm divides by a root that depends on the input",
    "instance_norm": "instance-norm divides by a root that depends on the input",
    "rms_norm": "root-mean-square norm divides by a root that depends on the input",
    "scale": "a product with a constant needs a rescaling that is not one power of two for all types",
    "mul": "the product of two activations has no integer layer yet",
    "div": "a quotient of two activations has no exact fixed-point form",
    "dot": "the matrix product of two activations has no integer layer yet",
    "conv": "a convolution of two activations has no integer layer yet",
    "normalize": "a product with a constant needs a rescaling that is not one power of two for all types",
    "lookup": "a table lookup by a computed index has no integer layer yet",
    "scan": "the inside of a loop (scan) is not opened yet",
    "while": "the inside of a loop (while) is not opened yet",
    "cond": "the inside of a branch (cond) is not opened yet",
    "index": "it works on whole numbers, which have no fixed-point type",
    "convert": "it turns whole numbers into floating-point ones",
    "argmax": "argmax returns an index",
    "argmin": "argmin returns an index",
    "select": "it chooses between values by a condition",
    "compare": "a comparison gives steps, which have no integer layer yet",
    "abs": "it joins an absolute value with arithmetic that has no integer layer",
    "sign": "the sign of a value has no integer layer yet",
    "fft": "a Fourier transform computes with complex numbers",
    "sort": "sorting has no integer layer yet",
    "top_k": "choosing the largest values has no integer layer yet",
    "cumsum": "it joins a running sum with arithmetic that has no integer layer",
    "scatter": "it writes at places that are computed, or twice at one, which has no integer layer",
    "scatter_add": "it adds at places that are computed, which has no integer layer",
    "update": "it writes at a place that is computed, which has no integer layer yet",
    "round": "rounding to whole numbers is no type of a site",
    "reduce_sum": "it mixes sums with comparisons or quotients",
    "maximum": "it joins the larger of two values with arithmetic that has no integer layer",
    "minimum": "it joins the smaller of two values with arithmetic that has no integer layer",
}
_LABELS = {
    "dot_general": "dot",
    "conv_general_dilated": "conv",
    "gather": "lookup",
    "logistic": "sigmoid",
    "select_n": "select",
    "max": "maximum",
    "min": "minimum",
    "convert_element_type": "convert",
    "integer_pow": "power",
    "square": "square",
    "scatter-add": "scatter_add",
    "dynamic_update_slice": "update",
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne"), "compare"),
}
_TELLING = ("fft", "scatter-add", "scatter", "dynamic_update_slice", "sort", "top_k", "cumsum", "gather")
"""What a mixture is called by before anything else: the rest only prepares it."""
_PLAIN = frozenset({"tanh", "exp", "log", "sqrt", "rsqrt", "erf", "sin", "cos", "pow", "mul", "div"})
_COUNTING = frozenset(
    {"add", "sub", "mul", "rem", "div", "max", "min", "lt", "gt", "eq", "ge", "le", "select_n", "clamp"}
    | {"convert_element_type", "broadcast_in_dim", "reshape", "squeeze", "slice", "iota", "ne", "and", "or", "not"}
)
_GLUE = frozenset(
    {"reshape", "broadcast_in_dim", "transpose", "squeeze", "slice", "stop_gradient", "copy", "convert_element_type"}
)


def kind_of(flow: Flow, equations: Sequence[Equation]) -> str:
    """Return what a float computation is, as a label for its name ("softmax", "batch_norm", "tanh")."""
    atoms = [atom for equation in equations for atom in (*equation.outputs, *flow.operands(equation))]
    if not any(flow.is_float(atom) for atom in atoms) and all(one.primitive in _COUNTING for one in equations):
        return "index"
    return _by_name(equations) or _by_primitives(flow, equations)


def reason_of(kind: str, equations: Sequence[Equation]) -> str:
    """Return the reason why a float computation is float, in words."""
    words = _WORDS.get(kind, f"{kind.replace('_', '-')} has no exact fixed-point form")
    if kind == _first_unknown(equations):
        words = f"the operation {kind} has no integer layer yet"
    return f"float, because {words}; reads k * 2^-F"


def _by_name(equations: Sequence[Equation]) -> str:
    shared = set.intersection(*(set(equation.calls) for equation in equations))
    for name, _ in equations[0].calls:
        if name in BY_CALL and any(call[0] == name for call in shared):
            return BY_CALL[name]
    for part in equations[0].scope:
        stem = part.rsplit("_", 1)[0]
        if stem in _NORMS:
            return _NORMS[stem]
    return ""


def _by_primitives(flow: Flow, equations: Sequence[Equation]) -> str:  # noqa: PLR0911 (one line per kind)
    names = [equation.primitive for equation in equations]
    found = set(names)
    if any(equation.primitive == "gather" and flow.statics.is_static(equation.inputs[0]) for equation in equations):
        return "lookup"
    if "fft" in found:
        return "fft"
    rules = (
        ({"exp", "reduce_sum", "log", "reduce_max"}, "log_softmax"),
        ({"exp", "reduce_sum", "div"}, "softmax"),
        ({"erf", "mul"}, "gelu"),
        ({"erfc", "mul"}, "gelu"),
        ({"tanh", "integer_pow", "mul"}, "gelu"),
        ({"rsqrt", "reduce_sum", "sub"}, "layer_norm" if names.count("reduce_sum") > 1 else "rms_norm"),
        ({"sqrt", "reduce_sum", "sub", "div"}, "layer_norm" if names.count("reduce_sum") > 1 else "rms_norm"),
        ({"rsqrt", "reduce_sum"}, "rms_norm"),
        ({"sqrt", "reduce_sum", "div"}, "rms_norm"),
    )
    for wanted, label in rules:
        if wanted <= found:
            return label
    written = _written_out(flow, equations, found)
    if written:
        return written
    if "logistic" in found and _multiplies_activations(flow, equations):
        return "silu"
    affine = {"mul", "div", "add", "sub", "neg", "max", "min"} | _GLUE
    if found <= affine and not _multiplies_activations(flow, equations):
        if found <= _GLUE:
            return "convert" if "convert_element_type" in found else names[0]
        return _affine_label(flow, equations)
    telling = [name for name in names if name not in _GLUE | {"add", "sub", "mul", "div", "neg", "max", "min"}]
    most = [name for name in _TELLING if name in found]
    first = (most or telling or [name for name in names if name not in _GLUE] or names)[0]
    return _LABELS.get(first, first)


def _written_out(flow: Flow, equations: Sequence[Equation], found: set[str]) -> str:
    """Return the activation function that a program wrote out by itself, by its telling primitives, or ""."""
    if "reduce_sum" in found:
        return "norm" if found & {"sqrt", "rsqrt"} and not found & {"exp", "log"} else ""
    if found & {"exp", "exp2"} and found & {"log", "log1p"}:
        return "mish" if "tanh" in found else "softplus"
    if found & {"exp", "expm1"} and "select_n" in found:
        return "elu"
    # 1 / (1 + exp(-x)): a quotient with an exponential alone is none.
    if {"exp", "div", "add"} <= found:
        return (
            "silu"
            if _multiplies_activations(flow, equations, {"mul"}) or _divides_value(flow, equations)
            else "sigmoid"
        )
    return ""


def _divides_value(flow: Flow, equations: Sequence[Equation]) -> bool:
    return any(
        equation.primitive == "div" and not any(flow.statics.is_static(atom) for atom in equation.inputs)
        for equation in equations
    )


def _affine_label(flow: Flow, equations: Sequence[Equation]) -> str:
    found = {equation.primitive for equation in equations}
    if _is_batch_norm(flow, equations):
        atoms = [atom for equation in equations for atom in equation.inputs if flow.statics.is_static(atom)]
        leaves = {leaf for atom in atoms for leaf in flow.statics.leaves(atom)}
        # What the function captured was not trained: a fixed normalization of the data.
        return "batch_norm" if leaves - set(flow.program.captured) else "normalize"
    if found & {"mul", "div"}:
        return "scale"
    return "maximum" if "max" in found else "minimum" if "min" in found else "affine"


def _multiplies_activations(
    flow: Flow, equations: Sequence[Equation], primitives: Iterable[str] = ("mul", "div")
) -> bool:
    return any(
        equation.primitive in primitives and not any(flow.statics.is_static(atom) for atom in equation.inputs)
        for equation in equations
    )


def _is_batch_norm(flow: Flow, equations: Sequence[Equation]) -> bool:
    """Whether a product with a parameter and a sum with a parameter follow each other, channel by channel."""
    arrays: set[str] = set()
    for equation in equations:
        for atom in equation.inputs:
            if isinstance(atom, int) and flow.statics.is_static(atom) and flow.statics.scalar(atom) is None:
                arrays.add("product" if equation.primitive in {"mul", "div"} else "sum")
    return arrays == {"product", "sum"}


def _first_unknown(equations: Sequence[Equation]) -> str:
    known = {*_LABELS, *_LABELS.values(), *_WORDS, *_GLUE, *_PLAIN}
    return next((equation.primitive for equation in equations if equation.primitive not in known), "")
