"""The model: a JAX function of parameters and inputs, with an example that says what the inputs look like."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from bitwindow.errors import ModelError
from bitwindow.model.checks import check_example, check_parameters, check_runs
from bitwindow.model.origin import Origin
from bitwindow.numbers.format import FixedPoint


class Model:
    """A network before it is traced: ``fn(params, *inputs)``.

    Attributes:
        fn: The function. It is traced by JAX, so it must be one that ``jax.jit`` accepts.
        params: Its parameters, any pytree of arrays; NumPy and JAX arrays, float32, bfloat16 or float16 (integers and
            booleans are constants). float64 becomes float32, as everywhere in JAX without x64.
        example: What the inputs look like, a batch of at least one sample: one array, a tuple of arrays (several
            arguments), or a dictionary of arrays (one argument that is a dictionary). Only shapes and dtypes are used.
        name: What messages call the model.
        source: Where it came from (a path, or ``"module:function"``), or None.
        origin: The model file whose bytes make ``fn`` again, or None; a session file carries it.
        formats: The fixed-point types that the model file itself gives, by site name; empty where it gives none.

    Example:
        >>> import jax.numpy as jnp
        >>> model = Model(lambda params, x: x @ params["w"], {"w": jnp.ones((3, 2))}, jnp.zeros((4, 3)))
        >>> model.batch, model.argument_names
        (4, ('x',))
        >>> model.at_batch(8)[0].shape
        (8, 3)
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        params: Any,
        example: Any,
        *,
        name: str | None = None,
        source: str | None = None,
        origin: Origin | None = None,
        formats: Mapping[str, FixedPoint] | None = None,
    ) -> None:
        """Check the parts and that the function runs on the example.

        Raises:
            ModelError: If ``fn`` is not callable, a parameter is not an array of numbers, the example is empty or its
                arrays differ in length, the function raises on it, or it returns no array.
        """
        if not callable(fn):
            raise ModelError(f"fn: wanted a function fn(params, *inputs), got {type(fn).__name__}")
        self.fn = fn
        self.name = name or getattr(fn, "__name__", None) or type(fn).__name__
        self.source = source
        self.origin = origin
        self.formats = dict(formats or {})
        self.params = check_parameters(params, self.name)
        self.example = example
        self._arguments = example if isinstance(example, tuple) else (example,)
        self.batch = check_example(self._arguments, self.name)
        self.argument_names = _argument_names(fn, len(self._arguments))
        check_runs(self)

    def at_batch(self, batch: int) -> tuple[Any, ...]:
        """Return the shapes and dtypes of the inputs for a batch of ``batch`` samples, one entry per argument."""

        def shaped(leaf: Any) -> Any:
            dtype = jax.dtypes.canonicalize_dtype(leaf.dtype)
            make: Any = jax.ShapeDtypeStruct
            return make((batch, *np.shape(leaf)[1:]), dtype)

        shapes: tuple[Any, ...] = jax.tree_util.tree_map(shaped, self._arguments)
        return shapes

    def leaves(self, inputs: Any) -> tuple[Any, ...]:
        """Return the arrays of inputs that look like the example, in the order of ``Network.inputs``.

        Raises:
            ModelError: If the structure is not the example's.
        """
        arguments = inputs if isinstance(inputs, tuple) else (inputs,)
        leaves, tree = jax.tree_util.tree_flatten(arguments)
        wanted: Any = jax.tree_util.tree_structure(self._arguments)
        if tree != wanted:
            raise ModelError(f"{self.name}: wanted inputs of the example's structure {wanted}, got {tree}")
        return tuple(leaves)

    def __repr__(self) -> str:
        shapes = ", ".join(str(tuple(leaf.shape)) for leaf in jax.tree_util.tree_leaves(self.at_batch(self.batch)))
        return f"Model({self.name}, inputs {shapes})"


def _argument_names(fn: Callable[..., Any], count: int) -> tuple[str, ...]:
    try:
        parameters = list(inspect.signature(fn).parameters.values())[1 : count + 1]
    except (TypeError, ValueError):
        parameters = []
    plain = [entry.name for entry in parameters if entry.kind in {entry.POSITIONAL_ONLY, entry.POSITIONAL_OR_KEYWORD}]
    names = plain if len(plain) == count else [f"input_{position + 1}" for position in range(count)]
    return tuple(names)
