"""Typed reading of a JSON document, with the place of the fault in every error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bitwindow.errors import SessionFileError

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, kw_only=True)
class Field:
    """A value of a JSON document and its path, such as ``settings.seed``.

    Each method returns the value as the type it names, or raises a SessionFileError that says what was wanted, what
    came and where.
    """

    value: Any
    path: str

    def fault(self, wanted: str) -> SessionFileError:
        """Return the error for a value that is not what was wanted."""
        shown = repr(self.value)
        if len(shown) > _SHOWN_CHARACTERS:
            shown = shown[:_SHOWN_CHARACTERS] + "..."
        return SessionFileError(
            f"manifest.json: {self.path}: wanted {wanted}, got {shown}. The file is damaged, or was not written by "
            "bitwindow; save it again from the notebook that made it."
        )

    def __getitem__(self, key: str) -> Field:
        """Return the member ``key`` of an object, which must be there."""
        value = self.mapping()
        if key not in value:
            raise self.fault(f"an object with the key {key!r}")
        return Field(value=value[key], path=f"{self.path}.{key}" if self.path else key)

    def __contains__(self, key: str) -> bool:
        """Tell whether an object has the member ``key``."""
        return key in self.mapping()

    def mapping(self) -> dict[str, Any]:
        """Return an object."""
        if not isinstance(self.value, dict):
            raise self.fault("an object")
        return self.value

    def items(self) -> Iterator[tuple[str, Field]]:
        """Yield the members of an object."""
        for key in self.mapping():
            yield key, self[key]

    def elements(self) -> Iterator[Field]:
        """Yield the elements of an array."""
        if not isinstance(self.value, list):
            raise self.fault("an array")
        for index, value in enumerate(self.value):
            yield Field(value=value, path=f"{self.path}[{index}]")

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            raise self.fault("a text")
        return self.value

    def text_or_none(self) -> str | None:
        """Return a text, or None for null."""
        return None if self.value is None else self.text()

    def integer(self, lowest: int, highest: int) -> int:
        """Return an integer within the bounds, both included."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not lowest <= self.value <= highest:
            raise self.fault(f"an integer from {lowest} to {highest}")
        return self.value

    def integer_or_none(self, lowest: int, highest: int) -> int | None:
        """Return an integer within the bounds, or None for null."""
        return None if self.value is None else self.integer(lowest, highest)

    def share_or_none(self) -> float | None:
        """Return a number from 0 to 1, or None for null."""
        value = self.value
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.fault("a number from 0 to 1")
        return float(value)

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.fault("true or false")
        return self.value
