"""Run the float network over data, one compiled step per chunk, and keep only the spectra."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.calibrate.batches import Chunk, InputSpec, chunks, sample_count
from bitwindow.calibrate.glimpse import Glimpse
from bitwindow.calibrate.record import Calibration
from bitwindow.errors import DataError
from bitwindow.network.records import Network
from bitwindow.spectrum.record import Spectrum

Observe = Callable[..., tuple[tuple[Any, ...], dict[str, Any]]]
Progress = Callable[[Calibration, int | None], None]


def calibrate(
    network: Network,
    observe: Observe,
    parameters: Any,
    data: object,
    spec: InputSpec,
    *,
    start: Calibration,
    progress: bool = True,
    report: Progress = lambda _calibration, _total: None,
) -> Calibration:
    """Add ``data`` to the calibration ``start`` and return the result.

    Memory does not grow with the amount of data: two chunks' activations and one spectrum per site are held. An
    interrupt (Ctrl-C, or a notebook's stop button) keeps every whole chunk that was counted and says so.

    Args:
        network: The traced network; ``network.batch`` is the chunk size.
        observe: ``network.observe``, compiled.
        parameters: The model's parameters, as ``observe`` takes them.
        data: A data set, or an iterable of batches.
        spec: The model's inputs.
        start: The calibration to add to.
        progress: Whether to draw a progress bar.
        report: Called after every chunk with the calibration so far and the total of samples, if known.

    Raises:
        DataError: If the data is empty, does not fit, or makes a site non-finite. Chunks before it stay reported.
    """
    from tqdm.auto import tqdm

    done, total = start, sample_count(data, spec)
    with tqdm(total=total, desc="calibrate", unit="sample", disable=not progress) as bar:
        try:
            for chunk, sites in _observed(observe, parameters, chunks(data, spec, network.batch)):
                values = _valid(network, chunk, sites)
                spectra = _spectra(values, chunk)
                done = done.add(chunk.valid, spectra, _glimpses(network, values, spectra, done))
                bar.update(chunk.valid)
                report(done, total)
        except KeyboardInterrupt:
            kept = done.samples - start.samples
            bar.write(f"Calibration interrupted: the {kept} samples counted so far are kept; more can be added later.")
    return done


def _observed(observe: Observe, parameters: Any, parts: Iterable[Chunk]) -> Iterator[tuple[Chunk, dict[str, Any]]]:
    """Yield each chunk with its sites' values, while the next one's are computed: JAX does not wait for them."""
    waiting: tuple[Chunk, dict[str, Any]] | None = None
    try:
        for chunk in parts:
            started = chunk, observe(parameters, *chunk.leaves)[1]
            if waiting is not None:
                yield waiting
            waiting = started
    except (Exception, KeyboardInterrupt):
        if waiting is not None:
            yield waiting  # what came before the data at fault, or the interrupt, counts
        raise
    if waiting is not None:
        yield waiting


def _valid(network: Network, chunk: Chunk, sites: Mapping[str, Any]) -> Mapping[str, NDArray[Any]]:
    # On the CPU numpy sees a JAX array without a copy, and slicing a view compiles nothing for a ragged last chunk.
    # A compiled function sorts the names; data-flow order makes the first site at fault the cause.
    return {name: np.asarray(sites[name])[: chunk.valid] for name in network.sites if name in sites}


def _glimpses(
    network: Network, values: Mapping[str, NDArray[Any]], spectra: Mapping[str, Spectrum], done: Calibration
) -> Mapping[str, Glimpse]:
    return {
        name: Glimpse.of(
            x,
            first=done.samples,
            axis=network.sites[name].channel_axis,
            before=done.glimpses.get(name),
            spectrum=spectra[name],
        )
        for name, x in values.items()
    }


def _spectra(values: Mapping[str, NDArray[Any]], chunk: Chunk) -> Mapping[str, Spectrum]:
    spectra = {name: Spectrum.of(x) for name, x in values.items()}
    for name, spectrum in spectra.items():
        if spectrum.nan or spectrum.inf:
            message = (
                f"{name!r}: wanted finite values, got {spectrum.nan} NaN and {spectrum.inf} infinite ones in samples "
                f"{chunk.first} to {chunk.first + chunk.valid - 1}. Check the data there, and the network's parameters."
            )
            raise DataError(message)
    return spectra
