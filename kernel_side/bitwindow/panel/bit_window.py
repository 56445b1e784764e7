"""The bit windows over an MSB heat map: the kernel's side of our own bqplot interaction.

The browser draws and counts, the kernel computes: a drag counts from ``tables`` without the kernel, which hears of the
window only when it snaps to other bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, get_args

import traitlets
from bqplot.interacts import Interaction, register_interaction
from bqplot.scales import LinearScale
from numpy.typing import ArrayLike

from bitwindow.errors import DataError
from bitwindow.network.records import SiteKind
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import OVERFLOWS, ROUNDINGS
from bitwindow.panel.wire import ACTIONS, Row, pack_table

MODULE_NAME = "bitwindow"
MODULE_VERSION = "^0.1.0"
ROW_HEIGHT = 26
"""The height of a row, in pixels."""
TOP = 56
"""About the height of the controls and titles above the rows, in pixels; the browser knows it exactly."""
NO_MARGIN = {"top": 0, "bottom": 0, "left": 0, "right": 0}
"""The figure's margins: the interaction shares the whole figure out itself, for whatever width it has."""
SORT_KEYS = (
    "network",
    "name",
    "kind",
    "type",
    "minimum",
    "maximum",
    "zeros",
    "underflow",
    "overflow",
    "rounded",
    "sqnr",
)
"""What rows can be sorted by; ``network`` is the order in which they are given."""

OnChange = Callable[[int, FixedPoint], None]
OnChanges = Callable[[Mapping[int, FixedPoint]], None]
OnAction = Callable[[str, tuple[int, ...]], None]
OnCommit = Callable[[], None]
Callback = TypeVar("Callback", OnChange, OnChanges, OnAction, OnCommit)


def _rows_to_json(rows: tuple[Row, ...], _widget: object) -> list[dict[str, Any]]:
    return [row.to_wire() for row in rows]


def _rows_from_json(records: Iterable[Mapping[str, Any]], _widget: object) -> tuple[Row, ...]:
    return tuple(Row.from_wire(record) for record in records)


def _tables_to_json(tables: tuple[bytes, ...], _widget: object) -> list[memoryview]:
    return [memoryview(table) for table in tables]


def _tables_from_json(tables: Iterable[bytes | memoryview], _widget: object) -> tuple[bytes, ...]:
    return tuple(bytes(table) for table in tables)


@register_interaction("bitwindow.BitWindow")
class BitWindow(Interaction):
    """A window on every row of a heat map, with its mask, sign bit, counts, mouse and keys.

    Rows fill the plot from the top, columns from ``exponent_high`` at the left to ``exponent_low`` at the right. Scales
    that are passed must say the same and are left alone; without them ``x_scale`` and ``y_scale`` are made and kept so,
    x running from ``exponent_low`` to ``exponent_high + 1`` and y from 0 to the number of rows. The figure around it::

        windows = BitWindow(rows=rows, tables=[s.wire() for s in spectra], exponent_high=3, exponent_low=-12)
        scales = {"row": windows.y_scale, "column": windows.x_scale, "color": ColorScale(...)}
        cells = GridHeatMap(color=colors, row=np.arange(len(rows) + 1), column=np.arange(-12, 3 + 2), scales=scales)
        Figure(marks=[cells], axes=[], interaction=windows, fig_margin=NO_MARGIN, padding_x=0, padding_y=0,
               display_toolbar=False, layout={"height": f"{windows.figure_height}px"})

    with ``colors[i, j]`` the colour value of row i and bit ``exponent_low + j`` (0 where there is nothing). The
    interaction shares out the figure: controls and titles above, names at the left, figures at the right, the cells
    between them, and as high as the shown rows ask. What is filtered out, sorted or too wide it arranges in the
    browser alone, cells included, so that it works while the kernel does other things.

    The user's changes reach ``on_change``; ``rows`` then already holds the new type. The kernel answers by setting
    ``rows`` (a new ``precision`` text, a refused type) or calls ``set_format``; an answer to an old change never moves
    a window that the user has moved on.

    Attributes:
        rows: The rows, as `Row` records or mappings with the fields of the schema's ``Row``.
        tables: For each row the cells of its spectrum, float64[n, 5] as ``Spectrum.wire()`` gives them, kept packed.
        exponent_high, exponent_low: The bits of the first and of the last column.
        strips: The accuracy at other positions of some rows' windows, with the fields of the schema's ``Strip``; see
            ``bitwindow.panel.strips``. Drawn for the active row.
        selected: The indices of the selected rows; those that are shown move together.
        active: The index of the row that has the focus, or -1.
        rounding, overflow: Names of the modes under which the counts are taken; under ``stochastic`` none is shown,
            because it depends on the random bits of a run.
        underflow_threshold, overflow_threshold: Fractions of the nonzero values above which a figure turns yellow or
            red.
        search: Shown are the rows whose name holds this text, in any case.
        kinds: Shown are the rows of these kinds; none named, those of every kind.
        sort_by, descending: The order of the shown rows. Moving a window does not sort anew by itself.
        tooltips: Whether the cells outside the windows show our tooltip too; the mark's own is then not wanted.
        acknowledged: The sequence number of the last request handled.

    Raises:
        DataError: If rows and tables differ in number, or are malformed.
        traitlets.TraitError: If another trait is out of range.
    """

    _view_name = traitlets.Unicode("BitWindow").tag(sync=True)
    _model_name = traitlets.Unicode("BitWindowModel").tag(sync=True)
    _view_module = traitlets.Unicode(MODULE_NAME).tag(sync=True)
    _model_module = traitlets.Unicode(MODULE_NAME).tag(sync=True)
    _view_module_version = traitlets.Unicode(MODULE_VERSION).tag(sync=True)
    _model_module_version = traitlets.Unicode(MODULE_VERSION).tag(sync=True)

    rows = traitlets.Tuple().tag(sync=True, to_json=_rows_to_json, from_json=_rows_from_json, echo_update=False)
    tables = traitlets.Tuple().tag(sync=True, to_json=_tables_to_json, from_json=_tables_from_json, echo_update=False)
    strips = traitlets.List(traitlets.Dict()).tag(sync=True, echo_update=False)
    exponent_high = traitlets.Int(7).tag(sync=True)
    exponent_low = traitlets.Int(-16).tag(sync=True)
    selected = traitlets.List(traitlets.Int(min=0)).tag(sync=True)
    active = traitlets.Int(-1, min=-1).tag(sync=True)
    rounding = traitlets.Enum([mode.value for mode in ROUNDINGS], "round").tag(sync=True)
    overflow = traitlets.Enum([mode.value for mode in OVERFLOWS], "saturate").tag(sync=True)
    underflow_threshold = traitlets.Float(0.05, min=0.0, max=1.0).tag(sync=True)
    overflow_threshold = traitlets.Float(0.001, min=0.0, max=1.0).tag(sync=True)
    search = traitlets.Unicode("").tag(sync=True)
    kinds = traitlets.List(traitlets.Enum(get_args(SiteKind))).tag(sync=True)
    sort_by = traitlets.Enum(SORT_KEYS, "network").tag(sync=True)
    descending = traitlets.Bool(False).tag(sync=True)
    tooltips = traitlets.Bool(False).tag(sync=True)
    acknowledged = traitlets.Int(0, min=0).tag(sync=True)
    request = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True, echo_update=False)

    def __init__(
        self,
        x_scale: LinearScale | None = None,
        y_scale: LinearScale | None = None,
        *,
        rows: Iterable[Row | Mapping[str, Any]] = (),
        tables: Iterable[ArrayLike | bytes] | None = None,
        **traits: Any,
    ) -> None:
        self._fits_scales = x_scale is None and y_scale is None
        self.x_scale = LinearScale() if x_scale is None else x_scale
        self.y_scale = LinearScale() if y_scale is None else y_scale
        self._change_callbacks: list[OnChange] = []
        self._changes_callbacks: list[OnChanges] = []
        self._action_callbacks: list[OnAction] = []
        self._commit_callbacks: list[OnCommit] = []
        self._uncommitted = False
        given = tuple(rows)
        packed = [b""] * len(given) if tables is None else tables
        super().__init__(rows=given, tables=tuple(packed), **traits)
        if len(self.rows) != len(self.tables):
            message = f"tables: wanted one for each of the {len(self.rows)} rows; got {len(self.tables)}."
            raise DataError(message)
        self.on_msg(self._receive)
        self.observe(self._fit_scales, ["rows", "exponent_high", "exponent_low"])
        self.observe(self._apply, "request")
        self._fit_scales()

    @property
    def figure_height(self) -> int:
        """About the height, in pixels, that all rows need; the browser sets it exactly."""
        return TOP + ROW_HEIGHT * max(len(self.rows), 1)

    @property
    def dragging(self) -> bool:
        """Whether the user holds a window: then the columns should stay, lest the bits move under the pointer."""
        return bool((self.request or {}).get("dragging"))

    @traitlets.validate("rows")
    def _check_rows(self, proposal: Mapping[str, Any]) -> tuple[Row, ...]:
        return tuple(row if isinstance(row, Row) else Row.from_wire(row) for row in proposal["value"])

    @traitlets.validate("tables")
    def _check_tables(self, proposal: Mapping[str, Any]) -> tuple[bytes, ...]:
        return tuple(table if isinstance(table, bytes) else pack_table(table) for table in proposal["value"])

    @traitlets.validate("exponent_high", "exponent_low")
    def _check_exponents(self, proposal: Mapping[str, Any]) -> int:
        value: int = proposal["value"]
        other = self.exponent_low if proposal["trait"].name == "exponent_high" else self.exponent_high
        high, low = (value, other) if proposal["trait"].name == "exponent_high" else (other, value)
        if high < low:
            message = f"columns: wanted exponent_high >= exponent_low; got {high} and {low}."
            raise traitlets.TraitError(message)
        return value

    def set_format(self, row: int, fmt: FixedPoint, *, precision: str = "") -> None:
        """Give one row another type, from the kernel; ``on_change`` is not called."""
        self.set_formats({row: fmt}, precisions={row: precision})

    def set_formats(self, formats: Mapping[int, FixedPoint], *, precisions: Mapping[int, str] | None = None) -> None:
        """Give several rows other types at once, from the kernel; ``on_change`` is not called.

        Raises:
            DataError: If there is no such row.
        """
        missing = [index for index in formats if not 0 <= index < len(self.rows)]
        if missing:
            message = f"rows: wanted indices from 0 to {len(self.rows) - 1}; got {missing}."
            raise DataError(message)
        texts = precisions or {}
        self.rows = tuple(
            row.with_format(formats[index], precision=texts.get(index, "")) if index in formats else row
            for index, row in enumerate(self.rows)
        )

    def on_change(self, callback: OnChange) -> Callable[[], None]:
        """Call ``callback(row_index, fmt)`` for each row whose type the user changed; returns what stops it."""
        return _register(self._change_callbacks, callback)

    def on_changes(self, callback: OnChanges) -> Callable[[], None]:
        """Call ``callback({row_index: fmt})`` once for all rows changed together; returns what stops it."""
        return _register(self._changes_callbacks, callback)

    def on_action(self, callback: OnAction) -> Callable[[], None]:
        """Call ``callback(action, row_indices)`` for ``lock``, ``unlock``, ``reset``, ``undo`` and ``redo``.

        Locking is done before the callback; the others are for the callback to do. Returns what stops it.
        """
        return _register(self._action_callbacks, callback)

    def on_commit(self, callback: OnCommit) -> Callable[[], None]:
        """Call ``callback()`` when a change is complete, after its ``on_change`` calls: a key, or the end of a drag.

        What lies between two calls is one step to undo. Returns what stops it.
        """
        return _register(self._commit_callbacks, callback)

    def _fit_scales(self, _change: object = None) -> None:
        if not self._fits_scales:
            return
        for scale, low, high in (
            (self.x_scale, self.exponent_low, self.exponent_high + 1),
            (self.y_scale, 0, max(len(self.rows), 1)),
        ):
            with scale.hold_sync():
                scale.min, scale.max, scale.reverse = float(low), float(high), True

    def _apply(self, change: Mapping[str, Any]) -> None:
        request = change["new"]
        if request is None:
            return
        with self.hold_sync():
            self.acknowledged = max(self.acknowledged, int(request["sequence"]))
            changed = self._changed(request["changes"])
            self.rows = tuple(
                row.with_format(changed[index]) if index in changed else row for index, row in enumerate(self.rows)
            )
            for index, fmt in changed.items():
                for callback in tuple(self._change_callbacks):
                    callback(index, fmt)
            for tell in tuple(self._changes_callbacks) if changed else ():
                tell(changed)
            self._commit(changed=bool(changed), dragging=request["dragging"])

    def _commit(self, *, changed: bool, dragging: bool) -> None:
        self._uncommitted = self._uncommitted or changed
        if self._uncommitted and not dragging:
            self._uncommitted = False
            for callback in tuple(self._commit_callbacks):
                callback()

    def _changed(self, changes: Iterable[Mapping[str, Any]]) -> dict[int, FixedPoint]:
        """Return what really changes: a row that went away, is locked or already has the type is left alone."""
        changed = {}
        for change in changes:
            index = change["row"]
            fmt = FixedPoint(change["signed"], change["word_length"], change["fraction_length"])
            if index < len(self.rows) and not self.rows[index].locked and self.rows[index].format not in ("float", fmt):
                changed[index] = fmt
        return changed

    def _receive(self, _widget: object, content: Mapping[str, Any], _buffers: object) -> None:
        action, rows = content.get("action"), content.get("rows", [])
        if action not in ACTIONS:
            return
        indices = tuple(index for index in rows if isinstance(index, int) and 0 <= index < len(self.rows))
        if action in {"lock", "unlock"}:
            self.rows = tuple(
                row.with_lock(locked=action == "lock") if index in indices else row
                for index, row in enumerate(self.rows)
            )
        for callback in tuple(self._action_callbacks):
            callback(action, indices)


def _register(callbacks: list[Callback], callback: Callback) -> Callable[[], None]:
    callbacks.append(callback)

    def stop() -> None:
        if callback in callbacks:
            callbacks.remove(callback)

    return stop
