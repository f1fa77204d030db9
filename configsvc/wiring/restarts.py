"""When a child that ended is started again, and when it is given up."""

from dataclasses import dataclass
from typing import Final

FAST: Final = 10.0
"""Seconds: a child that lived shorter than this failed fast."""

MOST_FAST_FAILURES: Final = 5
"""Fast failures in a row after which starting it again is given up."""

_FIRST_DELAY: Final = 0.1
_LONGEST_DELAY: Final = 5.0


@dataclass(slots=True)
class Restarts:
    """The failures of one child so far."""

    fast: int = 0

    def delay(self, lived: float) -> float | None:
        """Count a failure; return the seconds until the next start, None to give up.

        `lived` are the seconds for which the child ran. One that ran long is started at once.
        """
        self.fast = self.fast + 1 if lived < FAST else 0
        if self.fast >= MOST_FAST_FAILURES:
            return None
        return min(_LONGEST_DELAY, _FIRST_DELAY * 2**self.fast) if self.fast else 0.0
