"""Types that the model itself gives: where a value is cast to one, the site that the value has takes it."""

from __future__ import annotations

from collections.abc import Sequence

from bitwindow.network.flow import Flow
from bitwindow.network.program import Equation
from bitwindow.network.steps import cast_type
from bitwindow.numbers.format import FixedPoint


class GivenTypes:
    """The types of sites that casts give; a cast that cannot be its site's type makes a site of its own.

    Args:
        flow: The program with the casts.
        formats: Takes the types by site name.
    """

    def __init__(self, flow: Flow, formats: dict[str, FixedPoint]) -> None:
        self.flow = flow
        self.formats = formats

    def apart(self, equations: Sequence[Equation], site: str | None, made: int | None) -> FixedPoint | None:
        """Give a site the type of a cast among the moves of its value, or return the type that it cannot take.

        It cannot where it has another one already, or where something else reads the value that is not cast.

        Args:
            equations: The moves, in order.
            site: The site of the value that is moved.
            made: The variable whose values the site observes.
        """
        for equation in equations:
            fmt = cast_type(equation)
            if fmt is None or site is None:
                continue
            if self.formats.get(site, fmt) != fmt or not self._alone(equation, fmt, made):
                return fmt
            self.formats[site] = fmt
        return None

    def _alone(self, equation: Equation, fmt: FixedPoint, made: int | None) -> bool:
        flow = self.flow
        (value,) = flow.operands(equation)
        while True:
            readers = [flow.equations[reader] for reader in flow.readers[value]]
            casts = all(cast_type(reader) == fmt for reader in readers)
            if value in flow.output_variables or not (casts or len(readers) == 1):
                return False
            if value == made:
                return True
            before = flow.operands(flow.equations[flow.maker[value]]) if value in flow.maker else ()
            if len(before) != 1:
                return False
            value = before[0]
