"""Updates at fixed places: what they are rewritten as gives what JAX gives, and what is not defined stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from bitwindow.errors import ModelError
from bitwindow.model.record import Model
from bitwindow.network.flatten import flatten
from bitwindow.network.program import Program, run
from bitwindow.network.records import Concatenation, FloatComputation, PassThrough, Sum
from bitwindow.network.trace import trace

MODES = lax.GatherScatterMode
UPDATES: dict[str, Callable[..., Any]] = {
    "set": lax.scatter,
    "add": lax.scatter_add,
    "sub": lax.scatter_sub,
    "max": lax.scatter_max,
    "min": lax.scatter_min,
}


def rewritten(program: Program) -> bool:
    return not any(equation.primitive.startswith("scatter") for equation in program.equations)


def evaluated(program: Program, *operands: Any) -> np.ndarray:
    environment = {**program.captured, **dict(zip(program.arguments, operands, strict=True))}
    run(program.equations, environment)
    (output,) = program.outputs
    assert isinstance(output, int)
    return np.asarray(environment[output])


def whole_numbers(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    # Whole numbers, so that the order of additions does not matter.
    return np.random.default_rng(seed).integers(-50, 50, shape).astype(np.float32)


@st.composite
def scatters(draw: st.DrawFn) -> tuple[tuple[int, ...], Any, np.ndarray, tuple[int, ...], Any]:
    """Draw a shape, dimension numbers, indices, the update's shape and a mode; the first axis is kept whole."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=2, max_size=4)))
    axes = range(1, len(shape))
    scattered = draw(st.permutations(axes).map(lambda found: found[: draw(st.integers(1, len(found)))]))
    inserted = tuple(sorted(draw(st.sets(st.sampled_from(sorted(scattered))))))
    window = [axis for axis in range(len(shape)) if axis not in inserted]
    sizes = [draw(st.integers(1, shape[axis])) if axis in scattered else shape[axis] for axis in window]
    rows = draw(st.lists(st.integers(1, 3), max_size=2))
    rank = len(rows) + len(window)
    in_update = tuple(sorted(draw(st.permutations(range(rank)))[: len(window)]))
    left = iter(rows)
    inside = iter(sizes)
    update_shape = tuple(next(inside) if axis in in_update else next(left) for axis in range(rank))
    numbers = lax.ScatterDimensionNumbers(
        update_window_dims=in_update, inserted_window_dims=inserted, scatter_dims_to_operand_dims=tuple(scattered)
    )
    size = int(np.prod(rows, dtype=int)) * len(scattered)
    indices = draw(st.lists(st.integers(-2, 5), min_size=size, max_size=size))
    mode = draw(st.sampled_from([MODES.CLIP, MODES.FILL_OR_DROP]))
    return shape, numbers, np.asarray(indices, np.int32).reshape(*rows, len(scattered)), update_shape, mode


@given(drawn=scatters(), kind=st.sampled_from(sorted(UPDATES)), zeros=st.booleans())
@settings(max_examples=40, deadline=None)
def test_any_update_gives_what_jax_gives(drawn: Any, kind: str, *, zeros: bool) -> None:
    shape, numbers, indices, update_shape, mode = drawn

    def update(x: Any, y: Any, join: Callable[..., Any] = UPDATES[kind]) -> Any:
        onto = jnp.zeros(shape, np.float32) if zeros else x
        return join(onto, indices, y, numbers, mode=mode)

    x, y = whole_numbers(0, shape), whole_numbers(1, update_shape)
    program = flatten(jax.make_jaxpr(update)(x, y))
    times = lax.scatter_add(np.zeros(shape, np.float32), indices, np.ones(update_shape, np.float32), numbers, mode=mode)
    most = float(jnp.max(times))
    full = float(jnp.min(times)) > 0
    if most >= 1 and {"set": most == 1, "max": full, "min": full}.get(kind, True):
        assert rewritten(program)
    if not rewritten(program):
        return
    np.testing.assert_array_equal(evaluated(program, x, y), update(x, y))


def _added(x: np.ndarray, places: Any, y: np.ndarray) -> None:
    np.add.at(x, places, y)


def _largest(x: np.ndarray, places: Any, y: np.ndarray) -> None:
    np.maximum.at(x, places, y)


WRITTEN: dict[str, tuple[Callable[[Any, Any], Any], Callable[[np.ndarray, np.ndarray], None]]] = {
    "one place": (lambda x, y: x.at[:, 1].set(y[:, 0]), lambda x, y: x.__setitem__((slice(None), 1), y[:, 0])),
    "from the end": (lambda x, y: x.at[..., -1].add(y[..., 0]), lambda x, y: _added(x, (..., -1), y[..., 0])),
    "every second": (lambda x, y: x.at[:, ::2].set(y[:, :2]), lambda x, y: x.__setitem__(np.s_[:, ::2], y[:, :2])),
    "a block": (
        lambda x, y: x.at[:, 1:3, 2:].subtract(y[:, :2, :3]),
        lambda x, y: _added(x, np.s_[:, 1:3, 2:], -y[:, :2, :3]),
    ),
    "one place twice": (
        lambda x, y: x.at[:, jnp.array([3, 0, 3])].add(y[:, :3]),
        lambda x, y: _added(x, np.s_[:, [3, 0, 3]], y[:, :3]),
    ),
    "the largest": (
        lambda x, y: x.at[:, jnp.array([0, 1, 2, 3, 0, 1])].max(jnp.concatenate([y, y[:, :2] * 2], 1)),
        lambda x, y: _largest(x, np.s_[:, [0, 1, 2, 3, 0, 1]], np.concatenate([y, y[:, :2] * 2], 1)),
    ),
    "nowhere": (
        lambda x, y: x.at[:, jnp.array([0, 9])].set(y[:, :2]),
        lambda x, y: x.__setitem__(np.s_[:, 0], y[:, 0]),
    ),
    "clipped": (
        lambda x, y: x.at[:, 9].set(y[:, 2], mode="clip"),
        lambda x, y: x.__setitem__(np.s_[:, 3], y[:, 2]),
    ),
    "a diagonal": (
        lambda x, y: x.at[:, jnp.arange(4), jnp.arange(4)].set(y[:, 0, :4]),
        lambda x, y: x.__setitem__(np.s_[:, range(4), range(4)], y[:, 0, :4]),
    ),
    "of each sample": (
        jax.vmap(lambda x, y: x.at[jnp.array([2, 1])].add(y[:2])),
        lambda x, y: _added(x, np.s_[:, [2, 1]], y[:, :2]),
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_an_update_gives_what_numpy_gives(name: str) -> None:
    function, reference = WRITTEN[name]
    x, y = whole_numbers(0, (3, 4, 5)), whole_numbers(1, (3, 4, 5))
    program = flatten(jax.make_jaxpr(function)(x, y))
    assert rewritten(program)
    wanted = x.copy()
    reference(wanted, y)
    np.testing.assert_array_equal(evaluated(program, x, y), wanted)


def test_a_program_is_read_the_same_while_another_one_is_traced() -> None:
    x, seen = whole_numbers(0, (3, 4, 5)), []

    def outer(given: Any) -> Any:
        closed = jax.make_jaxpr(lambda y: jnp.where(jnp.tril(jnp.ones((4, 5), bool)), y.at[:, 1].set(0), -y))(x)
        seen.append(flatten(closed))
        return given

    jax.eval_shape(outer, x)
    assert rewritten(seen[0])
    wanted = x.copy()
    wanted[:, 1] = 0
    np.testing.assert_array_equal(evaluated(seen[0], x), np.where(np.tri(4, 5, dtype=bool), wanted, -x))


KEPT: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x.at[:, jnp.array([0, 0])].set(y[:, :2]),  # which one stays is not defined
    lambda x, y: x.at[:, 0].apply(jnp.tanh),
    lambda x, y: x.at[:, 9].set(y[:, 0], mode="promise_in_bounds"),
    lambda x, y: x.at[:, jnp.array([0, 0])].add(y[:, :2], unique_indices=True),
    lambda x, y: x.at[0].set(y[1]),
    lambda x, y: x.at[jnp.arange(3), 0].set(y[:, 0]),  # a place of each sample's own
    lambda x, y: x.at[:, jnp.argmax(y[0, 0])].set(y[:, 0]),
]


@pytest.mark.parametrize("function", KEPT)
def test_what_is_not_defined_or_a_samples_own_stays(function: Callable[[Any, Any], Any]) -> None:
    x = whole_numbers(0, (3, 4, 5))
    assert not rewritten(flatten(jax.make_jaxpr(function)(x, x)))


def layers_of(function: Callable[[Any], Any]) -> list[type]:
    w = np.eye(4, dtype=np.float32)
    network = trace(Model(lambda p, x: function(x @ p["w"]), {"w": w}, np.zeros((2, 3, 4), np.float32)), 2)
    return [type(layer.operation) for layer in network.layers[1:]]


def test_an_update_is_an_exact_layer() -> None:
    assert layers_of(lambda x: x.at[:, 0].set(x[:, 2])) == [PassThrough, PassThrough, Concatenation]
    assert layers_of(lambda x: x.at[:, 0].add(x[:, 2])) == [PassThrough, Sum]
    assert layers_of(lambda x: x.at[:, jnp.array([1, 1])].set(x[:, :2])) == [PassThrough, FloatComputation]


def test_zeros_around_a_value_are_moved_with_it() -> None:
    assert layers_of(lambda x: jnp.zeros((len(x), 5, 4)).at[:, 1:4].set(x)) == [PassThrough]
    assert layers_of(lambda x: jnp.concatenate([jnp.zeros((len(x), 2, 4)), x], 1)) == [PassThrough]
    assert layers_of(lambda x: jnp.concatenate([jnp.ones((len(x), 2, 4)), x], 1)) == [Concatenation]


def test_a_place_in_the_batch_is_refused() -> None:
    with pytest.raises(ModelError, match=r"every sample computed by itself, but the operation 'slice' gives a value"):
        layers_of(lambda x: jnp.concatenate([x[1:], x[:1]], 0))
