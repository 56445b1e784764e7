"""What the layers inside a loop need to know before it runs: plans, and the form that serves them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from bitwindow.execute.carriers import WeightSums, sum_weights
from bitwindow.execute.integer import variant_of, variants_of
from bitwindow.execute.layers import Plan, Sizes, plan_layer
from bitwindow.execute.parameters import StoredParameters
from bitwindow.execute.plan import Variant
from bitwindow.execute.reading import all_typed, operands_of, typed_ones
from bitwindow.execute.structure import apply_steps
from bitwindow.network.records import Contraction, Convolution, FloatComputation, Lookup, Loop
from bitwindow.numbers.format import FixedPoint

if TYPE_CHECKING:
    from bitwindow.assign.records import Assignment, Format
    from bitwindow.execute.modes import Modes
    from bitwindow.network.records import Layer, Network, Operand, Step

STEP = "step"


@dataclass(frozen=True, kw_only=True)
class Inner:
    """A layer inside a loop with the shapes and sites of what it reads there."""

    layer: Layer
    loop: Loop

    def formats(self, assignment: Assignment) -> list[Format | None]:
        """Return each operand's type, the bias's last; None for values that have no site."""
        return [format_of(site_of(operand, self.loop), assignment) for operand in operands_of(self.layer)]


def site_of(operand: Operand, loop: Loop) -> str | None:
    """Return the site of what a layer inside a loop reads."""
    return operand.parameter if operand.value is None else loop.values[operand.value].site


def format_of(site: str | None, assignment: Assignment) -> Format | None:
    """Return a site's type."""
    return None if site is None else assignment.formats[site]


def inner_layers(loop: Loop) -> Iterator[Inner]:
    """Yield every layer inside a loop, those of the loops in it too, but no loop itself."""
    for layer in loop.layers:
        if isinstance(layer.operation, Loop):
            yield from inner_layers(layer.operation)
        else:
            yield Inner(layer=layer, loop=loop)


def cut(view: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[Step, ...], int]:
    """Return the view of a whole stack, the view of one slice of it, and how many loops cut slices off."""
    places = [place for place, step in enumerate(view) if step.primitive == STEP]
    if not places:
        return (), view, 0
    return view[: places[0]], tuple(step for step in view[places[0] :] if step.primitive != STEP), len(places)


def plan_inner(
    network: Network,
    inner: Inner,
    stored: StoredParameters,
    assignment: Assignment,
    modes: Modes,
    *,
    patches: bool,
) -> Plan | None:
    """Plan a layer inside a loop; None where it runs in float or only picks.

    Raises:
        ExecutionError: If its exact sum would need more than 62 bits.
    """
    formats = inner.formats(assignment)
    if isinstance(inner.layer.operation, FloatComputation | Lookup) or not all_typed(formats):
        return None
    layer = inner.layer
    sizes = Sizes(operands=tuple(_shape(network, inner, operand) for operand in layer.operands))
    own = dict(stored.by_site)
    for position, operand in enumerate(layer.operands):
        if operand.parameter is not None and isinstance(layer.operation, Convolution | Contraction):
            sums = _sums(layer, position, operand, stored)
            one = own[operand.parameter]
            own[operand.parameter] = replace(one, sums={} if sums is None else {(layer.name, position): sums})
    made = format_of(inner.loop.values[layer.outputs[0]].site, assignment)
    return plan_layer(
        layer,
        typed_ones(formats),
        StoredParameters(by_site=own),
        sizes,
        modes,
        patches=patches,
        target=made if isinstance(made, FixedPoint) else None,
    )


def _shape(network: Network, inner: Inner, operand: Operand) -> tuple[int, ...]:
    shape: tuple[int, ...]
    if operand.parameter is not None:
        shape = np.shape(network.parameters[operand.parameter])
    else:
        shape = inner.loop.values[operand.value or ""].shape
    return tuple(jax.eval_shape(lambda x: see(x, operand.view), jax.ShapeDtypeStruct(shape, np.int32)).shape)  # type: ignore[no-untyped-call]


def see(x: Any, view: tuple[Step, ...]) -> Any:
    """Return a parameter as a layer reads it at the first step."""
    before, after, cuts = cut(view)
    x = apply_steps(x, before, None, "")
    return apply_steps(x[(0,) * cuts] if cuts else x, after, None, "")


def _sums(layer: Layer, position: int, operand: Operand, stored: StoredParameters) -> WeightSums | None:
    """Sum the weights of every slice: the bounds hold for all steps."""
    operation = layer.operation
    assert isinstance(operation, Convolution | Contraction)  # noqa: S101  (the caller has looked)
    if isinstance(operation, Convolution) and position == 0:
        return None
    before, after, cuts = cut(operand.view)
    whole = np.asarray(apply_steps(jnp.asarray(stored.stored_integers(operand.parameter or "")), before, None, ""))
    slices = [whole[at] for at in np.ndindex(whole.shape[:cuts])]
    parts = [
        sum_weights(operation, np.asarray(apply_steps(jnp.asarray(one), after, None, "")), position) for one in slices
    ]
    return WeightSums(
        positive=np.stack([part.positive for part in parts]),
        negative=np.stack([part.negative for part in parts]),
        least=min(part.least for part in parts),
        largest=max(part.largest for part in parts),
    )


def form_of(plans: Mapping[str, Plan], layers: Mapping[str, Layer]) -> Variant:
    """Return the one form in which every layer of a loop can run."""
    wanted = {variant_of(layers[name], plan.settings) for name, plan in plans.items()}
    if Variant.STOCHASTIC in wanted:
        return Variant.STOCHASTIC
    if Variant.CAREFUL in wanted:
        return Variant.CAREFUL
    return Variant.NARROW if wanted <= {Variant.NARROW} else Variant.DOUBLE


def variant_in(layer: Layer, form: Variant) -> Variant:
    """Return a layer's own form inside a loop of a form."""
    own = variants_of(layer)
    if form in own:
        return form
    return Variant.CAREFUL if Variant.CAREFUL in own else Variant.NARROW


def typed(fmt: Format | None) -> bool:
    """Whether there is a type."""
    return isinstance(fmt, FixedPoint)
