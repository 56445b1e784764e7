"""The glimpses of a calibration in a session file: real values of a site and the spectra of its channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.calibrate.extremes import Nearest
from bitwindow.calibrate.glimpse import Glimpse
from bitwindow.errors import DataError
from bitwindow.session.arrays import ArrayStore, read_array
from bitwindow.session.fields import Field
from bitwindow.spectrum.record import Spectrum

Read = Callable[[str], bytes]


def write_glimpse(site: str, glimpse: Glimpse, store: ArrayStore) -> dict[str, Any]:
    """Return the description of a site's glimpse, and add its arrays to the store."""
    ends = [np.nan if end is None else end for end in (glimpse.nearest.above, glimpse.nearest.below)]
    values = {"nearest": np.array(ends, np.float64), "drawn": glimpse.drawn, "ranks": glimpse.ranks}
    channels = None if glimpse.channels is None else _described(glimpse.channels.to_arrays(), site, store)
    return {
        "site": site,
        "samples": glimpse.samples,
        "arrays": _described(values, site, store),
        "channels": channels,
    }


def read_glimpse(item: Field, read: Read, most_samples: int) -> Glimpse:
    """Return the glimpse that ``write_glimpse`` described.

    Raises:
        SessionFileError: Anything in it is not as it must be.
    """
    arrays = item["arrays"]
    nearest, drawn, ranks = (read_array(arrays[name], read) for name in ("nearest", "drawn", "ranks"))
    if nearest.shape != (2,) or nearest.dtype != np.float64 or nearest[0] <= 0 or nearest[1] >= 0:
        raise arrays["nearest"].fault("two float64 numbers, one above and one below zero")
    above, below = (None if np.isnan(end) else float(end) for end in nearest)
    channels = item["channels"]
    try:
        spectra = None if channels.value is None else Spectrum.from_arrays(_read(channels, read))
        return Glimpse(
            nearest=Nearest(above=above, below=below),
            drawn=drawn,
            ranks=ranks,
            channels=spectra,
            samples=item["samples"].integer(0, most_samples),
        )
    except DataError as error:
        raise item.fault(f"the arrays of a glimpse ({error})") from error


def _described(arrays: Mapping[str, NDArray[Any]], site: str, store: ArrayStore) -> dict[str, Any]:
    return {name: store.add(array, f"glimpse of {site}") for name, array in arrays.items()}


def _read(field: Field, read: Read) -> dict[str, NDArray[Any]]:
    return {name: read_array(array, read) for name, array in field.items()}
