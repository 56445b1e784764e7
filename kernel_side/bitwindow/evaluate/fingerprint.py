"""What a boundary depends on, as one short key: a cached boundary is valid if its key is the present one.

A key covers everything upstream of a value: the values of the stored parameters, the types of the casts, the modes.
Parameters count by their values and not by their types, so that two types which store the same values share all that
follows. Only a limited accumulator sees the LSB of its operands; then their types count too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from bitwindow.assign.records import Assignment
from bitwindow.execute.modes import Modes
from bitwindow.execute.parameters import StoredParameter, StoredParameters
from bitwindow.execute.reading import operands_of
from bitwindow.network.records import Contraction, Convolution, Layer, Loop, Network
from bitwindow.numbers.channel_formats import ChannelFormats
from bitwindow.numbers.format import FixedPoint
from bitwindow.numbers.modes import Rounding

Key = bytes
Digests = Mapping[str, tuple[StoredParameter, Key]]
"""By site: a stored parameter and the digest of its values."""


def digest(*parts: object) -> Key:
    """Return 16 bytes that stand for the parts; different parts share them with a chance of 2^-128."""
    return blake2b(repr(parts).encode(), digest_size=16).digest()


def parameter_digests(stored: StoredParameters, known: Digests) -> dict[str, tuple[StoredParameter, Key]]:
    """Return the digest of every parameter; those that ``known`` holds for the same object are not computed again."""
    found = {}
    for site, parameter in stored.by_site.items():
        old = known.get(site)
        found[site] = old if old is not None and old[0] is parameter else (parameter, _of_values(stored, site))
    return found


def _of_values(stored: StoredParameters, site: str) -> Key:
    fmt = stored.by_site[site].format
    if fmt == "float":
        # Its values are the network's own, or corrected ones.
        corrected = stored.by_site[site].corrected
        return digest("float", site, None if corrected is None else corrected.values.tobytes())
    words = stored.stored_integers(site)
    if isinstance(fmt, ChannelFormats):
        return digest(fmt.fraction_lengths, blake2b(np.ascontiguousarray(words).data).digest(), words.shape)
    # Common trailing zeros go to the LSB, so that the same values have the same words in every type.
    ones = int(np.bitwise_or.reduce(words, axis=None)) if words.size else 0
    zeros = (ones & -ones).bit_length() - 1 if ones else 0
    lsb = fmt.fraction_length - zeros if ones else 0
    plain = _narrowest(words >> zeros)
    return blake2b(plain.data, digest_size=16, key=digest(lsb, plain.shape, plain.dtype.str)).digest()


def _narrowest(words: np.ndarray) -> np.ndarray:
    """Return words in the least integers that hold all of them: they are digested by the byte."""
    least, largest = (int(words.min()), int(words.max())) if words.size else (0, 0)
    kinds = (np.iinfo(kind) for kind in (np.int8, np.int16, np.int32, np.int64))
    kind = next(kind for kind in kinds if kind.min <= least and largest <= kind.max)
    return np.ascontiguousarray(words, kind.dtype)


@dataclass(frozen=True, kw_only=True)
class Fingerprints:
    """Makes the keys of one network's values under any types and modes."""

    network: Network

    def of(self, digests: Digests, assignment: Assignment, modes: Modes) -> dict[str, Key]:
        """Return the key of every value.

        Args:
            digests: Of the parameters stored under this assignment and these modes.
            assignment: The types.
            modes: The modes.
        """
        casting = _casting(modes)
        keys = {
            name: digest("input", index, *self._cast(name, assignment, casting))
            for index, name in enumerate(self.network.inputs)
        }
        for index, layer in enumerate(self.network.layers):
            read = digest(index, *self._read(layer, digests, keys, assignment, modes))
            for place, name in enumerate(layer.outputs):
                keys[name] = digest(read, place, *self._cast(name, assignment, casting))
        return keys

    def _cast(self, value: str, assignment: Assignment, casting: tuple[Any, ...]) -> tuple[Any, ...]:
        site = self.network.values[value].site
        fmt = None if site is None else assignment.formats[site]
        if not isinstance(fmt, FixedPoint):
            return ("as it is",)
        return (fmt.signed, fmt.word_length, fmt.fraction_length, *casting)

    def _read(
        self,
        layer: Layer,
        digests: Digests,
        keys: Mapping[str, Key],
        assignment: Assignment,
        modes: Modes,
    ) -> list[Any]:
        operands = operands_of(layer)
        parts: list[Any] = []
        for operand in operands:
            if operand.parameter is not None:
                # Float arithmetic begins where a parameter is float: its digest says so.
                parts.append(digests[operand.parameter][1])
            else:
                parts.append(keys[operand.value or ""])
        if isinstance(layer.operation, Loop):
            parts += self._inside(layer.operation, digests, assignment, modes)
        if modes.accumulator_bits is not None and isinstance(layer.operation, Convolution | Contraction):
            sites = [one.parameter or self.network.values[one.value or ""].site for one in operands]
            formats = [None if site is None else assignment.formats[site] for site in sites]
            parts += [modes.accumulator_bits, modes.accumulator_overflow, *map(str, formats)]
        return parts

    def _inside(self, loop: Loop, digests: Digests, assignment: Assignment, modes: Modes) -> list[Any]:
        """Return what the steps of a loop depend on besides its operands: everything that stands in its body."""
        sites = [value.site for value in loop.values.values() if value.site is not None]
        parts: list[Any] = [*_casting(modes), modes.accumulator_bits, modes.accumulator_overflow]
        parts += [str(assignment.formats[site]) for site in sites]
        for layer in loop.layers:
            for operand in operands_of(layer):
                if operand.parameter is not None:
                    parts += [digests[operand.parameter][1], str(assignment.formats[operand.parameter])]
            if isinstance(layer.operation, Loop):
                parts += self._inside(layer.operation, digests, assignment, modes)
        return parts


def _casting(modes: Modes) -> tuple[Any, ...]:
    seed = modes.seed if modes.rounding is Rounding.STOCHASTIC else 0
    return (modes.rounding.value, modes.overflow.value, seed)
