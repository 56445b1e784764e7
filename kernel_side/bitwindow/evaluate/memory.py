"""What the parameters weigh, stored in whole bytes."""

from __future__ import annotations

from bitwindow.assign.records import Assignment, Format
from bitwindow.network.records import Network

FLOAT_BYTES = 4
PARAMETER_KINDS = frozenset({"weight", "bias"})


def bytes_each(fmt: Format) -> int:
    """Return the bytes of one stored value: 1, 2 or 4 by the word length; 4 for float."""
    if fmt == "float":
        return FLOAT_BYTES
    return next(size for size in (1, 2, 4) if fmt.word_length <= 8 * size)


def float_bytes(network: Network) -> int:
    """Return the bytes of all parameters as float32."""
    return FLOAT_BYTES * sum(value.size for value in network.parameters.values())


def quantized_bytes(network: Network, assignment: Assignment) -> int:
    """Return the bytes of all parameters at their types."""
    return sum(bytes_each(assignment.formats[name]) * value.size for name, value in network.parameters.items())
