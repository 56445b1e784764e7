"""Where a window goes: strides, dilations and padding, as convolutions and pools share them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bitwindow.onnx_import.call import Call

Pads = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Window:
    """A window over the spatial axes.

    ``extra`` is what ``ceil_mode`` adds after the padding on each axis, so that the last window fits.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: Pads
    extra: tuple[int, ...]

    @property
    def padding(self) -> list[tuple[int, int]]:
        """What is added before and after each axis, ``extra`` included."""
        return [(low, high + more) for (low, high), more in zip(self.pads, self.extra, strict=True)]

    def output(self, spatial: Sequence[int]) -> tuple[int, ...]:
        """Return how many windows there are along each axis."""
        return tuple(
            (size + low + high - reach(window, step)) // stride + 1
            for size, (low, high), window, step, stride in zip(
                spatial, self.padding, self.sizes, self.dilations, self.strides, strict=True
            )
        )


def reach(size: int, dilation: int) -> int:
    """Return how far a window with holes reaches."""
    return (size - 1) * dilation + 1


def window_of(call: Call, sizes: Sequence[int], spatial: Sequence[int]) -> Window:
    """Return the window of a node.

    Args:
        call: The node.
        sizes: Of the window.
        spatial: The sizes of the axes that it moves over.

    Raises:
        ModelError: If an attribute does not fit the axes.
    """
    rank = len(spatial)
    strides = _each(call, "strides", rank)
    dilations = _each(call, "dilations", rank)
    if len(sizes) != rank or any(size < 1 for size in sizes):
        raise call.fail(f"a window over {rank} axes", f"one of sizes {list(sizes)}")
    pads = pads_of(call, sizes, strides, dilations, spatial)
    extra = tuple(
        _ceiling(size + low + high - reach(window, step), stride, size + low) if call.get("ceil_mode", 0) else 0
        for size, (low, high), window, step, stride in zip(spatial, pads, sizes, dilations, strides, strict=True)
    )
    made = Window(sizes=tuple(sizes), strides=strides, dilations=dilations, pads=pads, extra=extra)
    if any(size < 1 for size in made.output(spatial)):
        raise call.fail("a window that fits its input", f"sizes {list(sizes)} over {list(spatial)} with pads {pads}")
    return made


def pads_of(
    call: Call, sizes: Sequence[int], strides: Sequence[int], dilations: Sequence[int], spatial: Sequence[int]
) -> Pads:
    """Return the padding before and after each axis, as ``auto_pad`` or ``pads`` say."""
    mode = call.get("auto_pad", "NOTSET")
    if mode in {"SAME_UPPER", "SAME_LOWER"}:
        found = []
        for size, window, step, stride in zip(spatial, sizes, dilations, strides, strict=True):
            total = max(0, (-(-size // stride) - 1) * stride + reach(window, step) - size)
            small = total // 2
            found.append((small, total - small) if mode == "SAME_UPPER" else (total - small, small))
        return tuple(found)
    rank = len(spatial)
    given = call.ints("pads") if mode == "NOTSET" else None
    if given is not None and len(given) != 2 * rank:
        raise call.fail(f"{2 * rank} pads", f"{len(given)}")
    return tuple((given[axis], given[axis + rank]) for axis in range(rank)) if given else ((0, 0),) * rank


def _each(call: Call, name: str, rank: int) -> tuple[int, ...]:
    found = call.ints(name, (1,) * rank) or (1,) * rank
    if len(found) != rank or any(value < 1 for value in found):
        raise call.fail(f"{rank} positive {name}", f"{list(found)[:9]}")
    return found


def _ceiling(room: int, stride: int, real: int) -> int:
    """Return how much padding the last, partial window needs; one that would start in the padding is left out."""
    missing = -room % stride
    if missing and (room + missing) >= real:
        return 0
    return missing
