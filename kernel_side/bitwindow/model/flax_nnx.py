"""The front end for Flax NNX: a module's state becomes the parameters, its graph the function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bitwindow.errors import ModelError
from bitwindow.model.record import Model
from bitwindow.model.split import split

if TYPE_CHECKING:
    from flax.nnx import Module


def load(
    source: Module,
    *,
    example: Any = None,
    name: str | None = None,
    method: str = "__call__",
    **call: Any,
) -> Model:
    """Make a model of a Flax NNX module.

    The module is used in evaluation mode (dropout off, batch-norm with its running statistics) on a copy: the module
    itself is not changed.

    Args:
        source: The module.
        example: A batch of inputs, as for ``Model``.
        name: What messages call the model; the module's class when None.
        method: The method to call.
        **call: Keyword settings of the call.

    Returns:
        The model; its parameters are the module's floating-point arrays by attribute path. Random state and whole
        numbers are constants of the function.

    Raises:
        ModelError: If the example is missing, there is no such method, or the module does not run.
    """
    from flax import nnx

    title = name or type(source).__name__
    if isinstance(source, tuple):
        raise ModelError("wanted an NNX module, which holds its own variables, got a pair; pass the module alone")
    if example is None:
        raise ModelError(f"{title}: wanted an example input, got none; write example=x with a batch of inputs")
    if not callable(getattr(source, method, None)):
        raise ModelError(f"{title}: wanted the name of one of its methods, got method={method!r}")
    copy = nnx.clone(source)
    copy.eval()
    graph, state = nnx.split(copy)
    parts = split(state, lambda path, _leaf: path.removesuffix("/value"))

    def apply(params: Any, *inputs: Any) -> Any:
        return getattr(nnx.merge(graph, parts.filled(params)), method)(*inputs, **call)

    return Model(apply, dict(parts.params), example, name=title)
