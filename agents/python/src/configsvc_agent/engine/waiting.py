"""How a state machine calls back a call that waits, without knowing what a thread is."""

from __future__ import annotations

from typing import Protocol


class Waker(Protocol):
    """Ends one wait. The driver supplies it: an event of a thread, a task, or a simulator."""

    def set(self) -> None:
        """End the wait; may be called from any thread, more than once, and never blocks."""


class Ticket:
    """A place in a queue. ``granted`` once the wait has brought what it was for."""

    __slots__ = ("granted", "waker")

    def __init__(self, waker: Waker) -> None:
        self.waker = waker
        self.granted = False
