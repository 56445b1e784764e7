"""How a panel is looked at: what its user set there that is no part of the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bitwindow.session.fields import Field


@dataclass(frozen=True, kw_only=True)
class View:
    """The settings of a panel. Names that a network or a panel does not know are left out where the view is taken up.

    Attributes:
        underflow_threshold, overflow_threshold: fractions of a row's nonzero values above which it is marked; None:
            nobody set them.
        search: the text that the names of the shown rows hold.
        kinds: the kinds of the shown rows; none stands for all.
        sort_by, descending: the order of the rows.
        opened: the sites that are opened into rows of their channels.
        selected: the name of the selected row.
    """

    underflow_threshold: float | None = None
    overflow_threshold: float | None = None
    search: str = ""
    kinds: tuple[str, ...] = ()
    sort_by: str = "network"
    descending: bool = False
    opened: tuple[str, ...] = ()
    selected: str | None = None


def write_view(view: View | None) -> dict[str, Any] | None:
    """Return a view in its JSON form."""
    if view is None:
        return None
    return {
        "underflow_threshold": view.underflow_threshold,
        "overflow_threshold": view.overflow_threshold,
        "search": view.search,
        "kinds": list(view.kinds),
        "sort_by": view.sort_by,
        "descending": view.descending,
        "opened": list(view.opened),
        "selected": view.selected,
    }


def read_view(manifest: Field) -> View | None:
    """Return the view of a manifest; older files lack it.

    Raises:
        SessionFileError: it is not as it must be.
    """
    if "view" not in manifest or manifest["view"].value is None:
        return None
    field = manifest["view"]
    return View(
        underflow_threshold=field["underflow_threshold"].share_or_none(),
        overflow_threshold=field["overflow_threshold"].share_or_none(),
        search=field["search"].text(),
        kinds=tuple(kind.text() for kind in field["kinds"].elements()),
        sort_by=field["sort_by"].text(),
        descending=field["descending"].truth(),
        opened=tuple(name.text() for name in field["opened"].elements()),
        selected=field["selected"].text_or_none(),
    )
