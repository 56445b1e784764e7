"""The front end for Flax linen: a module and its variables become a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bitwindow.errors import ModelError
from bitwindow.model.record import Model

if TYPE_CHECKING:
    from flax.linen import Module


def load(
    source: Module | tuple[Module, Mapping[str, Any]],
    *,
    example: Any = None,
    variables: Mapping[str, Any] | None = None,
    name: str | None = None,
    **call: Any,
) -> Model:
    """Make a model of a Flax linen module.

    Args:
        source: The module, or the pair (module, variables).
        example: A batch of inputs, as for ``Model``.
        variables: What ``module.init`` gave, or training since: ``{"params": ..., "batch_stats": ...}``, or the
            parameters alone.
        name: What messages call the model; the module's class when None.
        **call: Keyword settings of the module's call, such as ``train=False``.

    Returns:
        The model, which calls the module in the form that changes no variable.

    Raises:
        ModelError: If the variables or the example are missing, or the module does not run on them.
    """
    module, paired = source if isinstance(source, tuple) else (source, None)
    given = paired if variables is None else variables
    title = name or type(module).__name__
    if given is None:
        raise ModelError(
            f"{title}: wanted the module's variables, got the module alone; write "
            "bitwindow.load(module, variables=variables, example=x)"
        )
    if example is None:
        raise ModelError(f"{title}: wanted an example input, got none; write example=x with a batch of inputs")
    whole = dict(given) if "params" in given else {"params": given}

    def apply(params: Any, *inputs: Any) -> Any:
        return module.apply(params, *inputs, **call)

    return Model(apply, whole, example, name=title)
