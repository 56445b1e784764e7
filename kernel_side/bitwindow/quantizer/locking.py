"""What a quantizer keeps besides its types: which sites are locked, and how its panel is looked at."""

from __future__ import annotations

from collections.abc import Callable

from bitwindow.quantizer.holder import StateHolder
from bitwindow.quantizer.site import wanted_site
from bitwindow.session.view import View


class Locking(StateHolder):
    """A state holder with locks: all its panels leave the types of locked sites as they are; code may change them.

    Locks and the view are no steps to undo, and are saved with the rest.
    """

    view: View | None = None
    """How its panel was looked at last; None before there was one."""
    _locked: frozenset[str] = frozenset()

    @property
    def locked(self) -> tuple[str, ...]:
        """The locked sites, in data-flow order; ``q.assign(keep=q.locked)`` leaves them alone as the panel does."""
        return tuple(name for name in self.assignment.formats if name in self._locked)

    def lock(self, *names: str) -> None:
        """Lock sites; none named stands for all.

        Raises:
            SettingError: If there is no such site. Nothing is changed then.
        """
        wanted = self._known(names)
        self._change_locks(lambda locked: locked | wanted)

    def unlock(self, *names: str) -> None:
        """Let the types of sites change again; none named stands for all.

        Raises:
            SettingError: If there is no such site. Nothing is changed then.
        """
        wanted = self._known(names)
        self._change_locks(lambda locked: locked - wanted)

    def _known(self, names: tuple[str, ...]) -> frozenset[str]:
        known = self.assignment.formats
        for name in names:
            if name not in known:
                raise wanted_site(name, list(known))
        return frozenset(names or known)

    def _change_locks(self, change: Callable[[frozenset[str]], frozenset[str]]) -> None:
        with self._lock:
            before, self._locked = self._locked, change(self._locked)
            changed = before != self._locked
        if changed:
            self._tell("locks")
