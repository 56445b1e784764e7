"""The layout of what crosses the wire to the bit windows.

``wire_schema.json`` is the contract; the TypeScript types are generated from it. A spectrum travels as the cells of
``Spectrum.wire()`` (sign +1 or -1, msb, run, tail_is_zero, count), packed to 12 bytes each: first all counts as
float64, then all keys as int32, little end first. A key is ``2 * position + negative``, where
``position = 128 * msb + rank`` orders all magnitudes (see ``bitwindow.spectrum.landmarks``).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bitwindow.errors import DataError
from bitwindow.network.records import SiteKind
from bitwindow.numbers.format import FixedPoint

GREATEST_COUNT = 2**53 - 1
"""The largest count that the browser's float64 holds exactly."""
BYTES_PER_CELL = 12
_POWER_OF_TWO = -33
_NO_TYPE = FixedPoint(signed=True, word_length=8, fraction_length=0)

ActionName = Literal["lock", "unlock", "reset", "undo", "redo"]
ACTIONS: tuple[ActionName, ...] = get_args(ActionName)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the heat map: a site, its type, and the counts that no window changes.

    Attributes:
        name: The site's name.
        kind: input, weight, bias or activation.
        format: The site's type, or ``"float"``: no window is drawn.
        locked: Whether the window keeps still under mouse and keys.
        total, zero, nan, inf: Numbers of values, at most 2^53 - 1, so that the browser holds them exactly.
        minimum, maximum: The least and the greatest finite value, None where there is none.
        rounded: How many values ``format`` changes by rounding alone; None where no exact count exists.
        sqnr: The signal-to-noise ratio under ``format`` in dB, to sort by; None where there is none.
        precision: The loss of precision in words ("42.1 dB"), shown dimmed as soon as the window leaves ``format``.
        note: Why this type, or why the site is float; the row's tooltip.
        channels: How many output channels have a type of their own, all of which move with ``format``, the coarsest of
            them; 0 for one type.

    Raises:
        DataError: If a count or the kind is none.
    """

    name: str
    kind: SiteKind
    format: FixedPoint | Literal["float"]
    locked: bool = False
    total: int = 0
    zero: int = 0
    nan: int = 0
    inf: int = 0
    minimum: float | None = None
    maximum: float | None = None
    rounded: int | None = None
    sqnr: float | None = None
    precision: str = ""
    note: str = ""
    channels: int = 0

    def __post_init__(self) -> None:
        """Check what the browser would otherwise show wrong in silence."""
        if self.kind not in get_args(SiteKind):
            message = f"row {self.name!r}: wanted a kind of {get_args(SiteKind)}; got {self.kind!r}."
            raise DataError(message)
        for name in ("total", "zero", "nan", "inf"):
            count = getattr(self, name)
            if not isinstance(count, int) or not 0 <= count <= GREATEST_COUNT:
                message = f"row {self.name!r}: wanted {name} as an int from 0 to 2^53 - 1; got {count!r}."
                raise DataError(message)

    def with_format(self, fmt: FixedPoint | Literal["float"], *, precision: str = "") -> Row:
        """Return the row with another type; what was said of the old one's precision goes."""
        return replace(self, format=fmt, precision=precision, rounded=None, sqnr=None)

    def with_lock(self, *, locked: bool) -> Row:
        """Return the row, locked or not."""
        return self if locked == self.locked else replace(self, locked=locked)

    def to_wire(self) -> dict[str, Any]:
        """Return the row as the schema's ``Row``; a float row carries a type that nothing draws.

        JSON has no infinity: the largest float64 stands for it, and what is no number is left out.
        """
        is_float = not isinstance(self.format, FixedPoint)
        fmt = self.format if isinstance(self.format, FixedPoint) else _NO_TYPE
        known = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "format"}
        real = {name: _finite(known[name]) for name in ("minimum", "maximum", "sqnr")}
        return known | real | {"is_float": is_float} | format_to_wire(fmt)

    @classmethod
    def from_wire(cls, record: Mapping[str, Any]) -> Row:
        """Return the row that ``to_wire`` gave; ``is_float`` and what ``Row`` has a default for may be missing.

        Raises:
            DataError: If a field is missing or unknown.
        """
        known = dict(record)
        try:
            typed = [known.pop(name, None) for name in ("signed", "word_length", "fraction_length")]
            is_float = known.pop("is_float", False)
            return cls(format="float" if is_float else FixedPoint(*typed), **known)
        except TypeError as error:
            message = f"row {record.get('name')!r}: wanted the fields of the wire schema's Row; got others: {error}."
            raise DataError(message) from None


def format_to_wire(fmt: FixedPoint) -> dict[str, Any]:
    """Return the three fields of a type."""
    return {"signed": fmt.signed, "word_length": fmt.word_length, "fraction_length": fmt.fraction_length}


def _finite(value: float | None) -> float | None:
    if value is None or math.isnan(value):
        return None
    return max(-sys.float_info.max, min(sys.float_info.max, float(value)))


def pack_table(table: ArrayLike) -> bytes:
    """Pack the cells of a spectrum, float64[n, 5] as ``Spectrum.wire()`` gives them, into 12 n bytes.

    Raises:
        DataError: If it is no such table, or holds a count beyond 2^53 - 1.

    >>> len(pack_table([[1, -3, 2, 1, 5]]))
    12
    """
    cells = np.asarray(table, np.float64)
    if cells.size == 0:
        return b""
    if cells.ndim != 2 or cells.shape[1] != 5 or not np.isin(cells[:, 0], (1, -1)).all():
        message = (
            "table: wanted cells (sign +1 or -1, msb, run, tail_is_zero, count) as float64[n, 5]; got shape "
            f"{cells.shape}. Pass Spectrum.wire()."
        )
        raise DataError(message)
    counts = cells[:, 4]
    if not ((counts >= 0) & (counts <= GREATEST_COUNT) & (counts == np.floor(counts))).all():
        message = "table: wanted whole counts from 0 to 2^53 - 1, which the browser holds exactly; got others."
        raise DataError(message)
    return counts.astype("<f8").tobytes() + _keys(cells).astype("<i4").tobytes()


def unpack_table(data: bytes | memoryview) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the keys and counts of a packed table.

    Raises:
        DataError: If the length is no multiple of 12 bytes.
    """
    if len(data) % BYTES_PER_CELL:
        message = f"table: wanted a multiple of {BYTES_PER_CELL} bytes; got {len(data)}."
        raise DataError(message)
    cells = len(data) // BYTES_PER_CELL
    return np.frombuffer(data, "<i4", cells, offset=8 * cells), np.frombuffer(data, "<f8", cells)


def _keys(cells: NDArray[np.float64]) -> NDArray[np.int64]:
    sign, msb, run, tail = cells[:, :4].astype(np.int64).T
    rank: NDArray[np.int64] = np.where(run > 0, 62 + 2 * run, 64 + 2 * run) + (1 - tail)
    rank = np.where(run == _POWER_OF_TWO, 0, rank)
    keys: NDArray[np.int64] = 2 * (128 * msb + rank) + (sign < 0)
    return keys
