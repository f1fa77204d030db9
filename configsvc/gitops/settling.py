"""When an edit is over: after a quiet time, or when it has been going on for too long."""

from dataclasses import dataclass, field
from typing import Final

QUIET: Final = 0.5
"""Seconds without a change after which an edit counts as finished."""

LONGEST: Final = 10.0
"""Seconds after which what is there is taken, although it keeps changing."""


@dataclass(slots=True)
class Settling:
    """Merges changes that follow each other closely into one edit. Times are seconds of one clock.

    Args:
        quiet: how long nothing must change.
        longest: how long changes may keep an edit open.
    """

    quiet: float = QUIET
    longest: float = LONGEST
    _first: float | None = field(default=None, init=False)
    _last: float = field(default=0.0, init=False)

    def touch(self, now: float) -> None:
        """Note a change: the beginning of an edit, or one more of the edit that is open."""
        self._first = now if self._first is None else self._first
        self._last = now

    def settle(self) -> None:
        """The edit is taken; the next change begins another one."""
        self._first = None

    @property
    def due(self) -> float | None:
        """When the open edit is to be taken; None while there is none."""
        if self._first is None:
            return None
        return min(self._last + self.quiet, self._first + self.longest)

    def is_due(self, now: float) -> bool:
        """Whether there is an edit that is to be taken now."""
        return self.due is not None and self.due <= now

    def is_overdue(self, now: float) -> bool:
        """Whether the open edit is to be taken even if something changes just now."""
        return self._first is not None and self._first + self.longest <= now
