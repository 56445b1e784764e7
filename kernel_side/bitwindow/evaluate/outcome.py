"""What one choice of types gave so far: scores by sample, in the order of the data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitwindow.evaluate.engine import Leaves
from bitwindow.evaluate.score import Score


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """The first ``chunks`` chunks, ``n`` samples: a record that never changes, so that any thread may read it.

    ``scores`` (float64, or int8 where all are 0 or 1) is None where the metric gives one number for all samples;
    ``outputs`` are kept only where the metric needs them all at once.
    """

    chunks: int = 0
    n: int = 0
    scores: NDArray[Any] | None = field(default_factory=lambda: np.zeros(0, np.int8))
    outputs: tuple[Leaves, ...] = ()

    def first(self, n: int) -> NDArray[np.float64] | None:
        """Return the scores of the first ``n`` samples, None where there are none by sample."""
        return None if self.scores is None else self.scores[:n].astype(np.float64)

    def with_chunks(self, chunks: int, n: int, scores: NDArray[Any] | None, outputs: Leaves | None) -> Part:
        """Return the part with the next chunks: their ``n`` samples' scores, and their outputs where needed."""
        joined = None if scores is None or self.scores is None else _joined(self.scores, scores)
        kept = self.outputs if outputs is None else (*self.outputs, outputs)
        return Part(chunks=self.chunks + chunks, n=self.n + n, scores=joined, outputs=kept)


@dataclass(kw_only=True)
class Outcome:
    """Grows by one thread; ``part`` is what there is, ``scored`` the figure of a part once it was asked for."""

    part: Part = field(default_factory=Part)
    scored: tuple[Part, Score] | None = None

    @property
    def n(self) -> int:
        """The samples so far."""
        return self.part.n

    @property
    def chunks(self) -> int:
        """The chunks so far."""
        return self.part.chunks

    def keep(self, part: Part, score: Score, *, complete: bool) -> None:
        """Remember a part's figure; a complete one needs its outputs no more."""
        if complete and part.outputs:
            lighter = replace(part, outputs=())
            if self.part is part:
                self.part = lighter
            part = lighter
        self.scored = (part, score)


def _joined(old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
    return new if old.size == 0 else np.concatenate([old, new])
