"""Virtual time: what is due, in order; nothing ever waits."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import Final

Act = Callable[[], None]

MOST_STEPS: Final = 400_000
"""Steps after which a run is cut off: a few seconds of work, whatever it was asked for."""


class Agenda:
    """Acts by the time at which they are due, in microseconds; equal times keep their order."""

    def __init__(self, most_steps: int = MOST_STEPS) -> None:
        self.now = 0
        self.steps = 0
        self._most_steps = most_steps
        self._due: list[tuple[int, int, Act]] = []
        self._order = count()

    def at(self, when: int, act: Act) -> None:
        """Do ``act`` at ``when``, or now if that has passed."""
        heapq.heappush(self._due, (max(when, self.now), next(self._order), act))

    def run(self, until: int) -> bool:
        """Let time pass until ``until``; false if the steps were used up before that."""
        while self._due and self._due[0][0] <= until:
            if self.steps >= self._most_steps:
                return False
            self.steps += 1
            self.now, _, act = heapq.heappop(self._due)
            act()
        self.now = max(self.now, until)
        return True
