"""Time that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from configsvc_agent.drivers import Timing

T = TypeVar("T")

_MICROSECONDS = 1_000_000


class Clock:
    """A monotonic clock under the test's control.

    Whoever waits by it, the back-off of a retry for one, moves it on at once, so that no test
    sleeps. ``slept`` lists those waits in seconds. For asyncio, :meth:`run` does the same to a
    whole event loop.
    """

    def __init__(self, start: float = 1000.0) -> None:
        self._now = round(start * _MICROSECONDS)
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> int:
        """The present in microseconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        with self._lock:
            self._now += round(seconds * _MICROSECONDS)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run ``main`` in a loop of its own, in which idle time passes at once."""
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self)) as runner:
            return runner.run(main)

    @property
    def timing(self) -> Timing:
        """What a driver takes its time from."""
        return Timing(clock=self.now, sleep=self._sleep, waker=lambda: _Waker(self))

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(max(seconds, 0.0))


class _Waker:
    """An event whose waiter finds its time passed at once, unless it is set already."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._set = False

    def set(self) -> None:
        self._set = True

    def wait(self, timeout: float | None = None, /) -> bool:
        if not self._set and timeout is not None:
            self._clock._sleep(timeout)  # noqa: SLF001  of one piece with the clock
        return self._set


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers are due as soon as nothing else is to be done."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        super().__init__(_IdlePasses(clock))

    def time(self) -> float:
        """Seconds of the virtual clock."""
        return self._clock.now() / _MICROSECONDS


class _IdlePasses(selectors.DefaultSelector):
    """Instead of blocking until a timer is due, moves the clock to it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout is not None and timeout > 0:
            self._clock.advance(timeout)
        return ready
