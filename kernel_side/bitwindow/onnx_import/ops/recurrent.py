"""Recurrent layers: RNN, GRU and LSTM, forward, backward and both, as a scan over the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bitwindow.onnx_import.call import Call
from bitwindow.onnx_import.records import Array
from bitwindow.onnx_import.registry import operator

Activation = Callable[[Array], Array]
Step = Callable[[Any, Array], tuple[Any, Array]]


def _activation(call: Call, name: str, alpha: float | None, beta: float | None) -> Activation:
    a = {"leakyrelu": 0.01, "thresholdedrelu": 1.0, "elu": 1.0, "hardsigmoid": 0.2, "affine": 1.0, "scaledtanh": 1.0}
    key = name.lower()
    first = a.get(key, 1.0) if alpha is None else alpha
    second = {"hardsigmoid": 0.5, "scaledtanh": 1.0}.get(key, 0.0) if beta is None else beta
    table: dict[str, Activation] = {
        "relu": jax.nn.relu,
        "tanh": jnp.tanh,
        "sigmoid": jax.nn.sigmoid,
        "softsign": jax.nn.soft_sign,
        "softplus": jax.nn.softplus,
        "elu": lambda x: jax.nn.elu(x, first),
        "leakyrelu": lambda x: jax.nn.leaky_relu(x, first),
        "thresholdedrelu": lambda x: jnp.where(x > first, x, 0.0),
        "hardsigmoid": lambda x: jnp.clip(first * x + second, 0.0, 1.0),
        "affine": lambda x: first * x + second,
        "scaledtanh": lambda x: first * jnp.tanh(second * x),
    }
    if key not in table:
        raise call.fail("an activation of the recurrent operators", repr(name))
    return table[key]


def _activations(call: Call, defaults: Sequence[str], directions: int) -> list[list[Activation]]:
    names = list(call.get("activations", tuple(defaults) * directions))
    if len(names) != len(defaults) * directions:
        raise call.fail(f"{len(defaults) * directions} activations", f"{len(names)}")
    alphas, betas = (list(call.get(name, ())) for name in ("activation_alpha", "activation_beta"))
    limit = call.get("clip", 0.0)
    made = []
    for name in names:
        takes_alpha, takes_beta = _takes(name)
        alpha = alphas.pop(0) if takes_alpha and alphas else None
        made.append(_clipped(_activation(call, name, alpha, betas.pop(0) if takes_beta and betas else None), limit))
    return [made[at : at + len(defaults)] for at in range(0, len(made), len(defaults))]


def _takes(name: str) -> tuple[bool, bool]:
    key = name.lower()
    both = key in {"hardsigmoid", "affine", "scaledtanh"}
    return both or key in {"elu", "leakyrelu", "thresholdedrelu"}, both


def _clipped(function: Activation, limit: float) -> Activation:
    return (lambda x: function(jnp.clip(x, -limit, limit))) if limit else function


@dataclass(frozen=True, kw_only=True)
class _Weights:
    """One direction's parameters: W (G * H, I), R (G * H, H), both biases (G * H), peepholes (3 * H) or None."""

    w: Array
    r: Array
    wb: Array
    rb: Array
    p: Array | None
    hidden: int


def _rnn_step(_: Call, weights: _Weights, f: Sequence[Activation]) -> Step:
    def step(state: Any, gates: Array) -> tuple[Any, Array]:
        (h,) = state
        new = f[0](gates + h @ weights.r.T + weights.rb)
        return (new,), new

    return step


def _gru_step(call: Call, weights: _Weights, f: Sequence[Activation]) -> Step:
    n = weights.hidden
    r, rb = weights.r, weights.rb
    late = call.get("linear_before_reset", 0)

    def step(state: Any, gates: Array) -> tuple[Any, Array]:
        (h,) = state
        both = f[0](gates[:, : 2 * n] + h @ r[: 2 * n].T + rb[: 2 * n])
        z, reset = both[:, :n], both[:, n:]
        if late:
            inner = gates[:, 2 * n :] + reset * (h @ r[2 * n :].T + rb[2 * n :])
        else:
            inner = gates[:, 2 * n :] + (reset * h) @ r[2 * n :].T + rb[2 * n :]
        new = (1 - z) * f[1](inner) + z * h
        return (new,), new

    return step


def _lstm_step(call: Call, weights: _Weights, f: Sequence[Activation]) -> Step:
    n = weights.hidden
    joined = bool(call.get("input_forget", 0))

    def step(state: Any, gates: Array) -> tuple[Any, Array]:
        h, c = state
        total = gates + h @ weights.r.T + weights.rb
        i, o, forget, cell = (total[:, at * n : (at + 1) * n] for at in range(4))
        if weights.p is not None:
            i, forget = i + weights.p[:n] * c, forget + weights.p[2 * n :] * c
        i = f[0](i)
        forget = 1 - i if joined else f[0](forget)
        new = forget * c + i * f[1](cell)
        if weights.p is not None:
            o = o + weights.p[n : 2 * n] * new
        out = f[0](o) * f[2](new)
        return (out, new), out

    return step


_KINDS: dict[str, tuple[int, int, tuple[str, ...], Any]] = {
    "RNN": (1, 1, ("Tanh",), _rnn_step),
    "GRU": (3, 1, ("Sigmoid", "Tanh"), _gru_step),
    "LSTM": (4, 2, ("Sigmoid", "Tanh", "Tanh"), _lstm_step),
}


@operator("RNN", "GRU", "LSTM")
def _recurrent(
    call: Call,
    x: Array,
    w: Array,
    r: Array,
    b: Array | None = None,
    lengths: Array | None = None,
    initial_h: Array | None = None,
    initial_c: Array | None = None,
    p: Array | None = None,
) -> list[Array]:
    gates, states, defaults, make = _KINDS[call.node.op]
    layout = call.get("layout", 0)
    steps = jnp.moveaxis(jnp.asarray(x), 0, 1) if layout else jnp.asarray(x)
    directions, hidden = w.shape[0], r.shape[-1]
    wanted = {"forward": 1, "reverse": 1, "bidirectional": 2}.get(call.get("direction", "forward"))
    if wanted != directions or w.shape[1] != gates * hidden:
        raise call.fail(f"weights of {wanted} directions and {gates} gates", f"shapes {list(w.shape)}, {list(r.shape)}")
    functions = _activations(call, defaults, directions)
    outputs, finals = [], []
    for at in range(directions):
        weights = _weights_of(w, r, b, p, at, gates * hidden, hidden)
        given = [_initial(call, value, steps, hidden, at, layout) for value in (initial_h, initial_c)[:states]]
        backward = at == 1 or call.get("direction", "forward") == "reverse"
        ys, final = _run(make(call, weights, functions[at]), weights, steps, lengths, given, backward=backward)
        outputs.append(ys)
        finals.append(final)
    return _arranged(outputs, finals, states, layout)


def _weights_of(w: Array, r: Array, b: Array | None, p: Array | None, at: int, rows: int, hidden: int) -> _Weights:
    zero = np.zeros(rows, w.dtype)
    wb, rb = (zero, zero) if b is None else (b[at, :rows], b[at, rows:])
    return _Weights(w=w[at], r=r[at], wb=wb, rb=rb, p=None if p is None else p[at], hidden=hidden)


def _initial(call: Call, value: Array | None, steps: Array, hidden: int, at: int, layout: int) -> Array:
    batch = steps.shape[1]
    if value is None:
        return jnp.zeros((batch, hidden), steps.dtype)
    one = value[:, at] if layout else value[at]
    if call.fixed_batch is not None and one.shape[0] == call.fixed_batch == 1 and batch != 1:
        one = jnp.broadcast_to(one, (batch, hidden))
    return jnp.asarray(one)


def _run(
    step: Step, weights: _Weights, steps: Array, lengths: Array | None, state: Sequence[Array], *, backward: bool
) -> tuple[Array, Any]:
    """Return the outputs (T, N, H) in the order of the steps, and the last state."""
    gates = steps @ weights.w.T + weights.wb
    if lengths is None:
        final, ys = lax.scan(step, tuple(state), gates, reverse=backward)
        return ys, final
    limits = jnp.asarray(lengths)[:, None]

    def masked(carry: Any, item: Any) -> Any:
        position, gate = item
        new, y = step(carry, gate)
        real = position < limits
        kept = tuple(jnp.where(real, one, other) for one, other in zip(new, carry, strict=True))
        return kept, jnp.where(real, y, jnp.zeros((), y.dtype))

    # A backward run starts at each sample's own end: until there its state stays the initial one.
    positions = jnp.arange(steps.shape[0], dtype=limits.dtype)
    final, ys = lax.scan(masked, tuple(state), (positions, gates), reverse=backward)
    return ys, final


def _arranged(outputs: Sequence[Array], finals: Sequence[Any], states: int, layout: int) -> list[Array]:
    y = jnp.stack(outputs, axis=1)  # (T, D, N, H)
    last = [jnp.stack([final[at] for final in finals], axis=0) for at in range(states)]
    if layout:
        return [jnp.transpose(y, (2, 0, 1, 3)), *(jnp.moveaxis(value, 0, 1) for value in last)]
    return [y, *last]
