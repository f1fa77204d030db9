"""Clocks that go as fast as the test: for the calling thread and for an event loop."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from configsvc_agent.drivers.timing import Timing

T = TypeVar("T")


class _Waker:
    def __init__(self, clock: VirtualTime) -> None:
        self.clock = clock

    def set(self) -> None:
        """Nobody else runs while a single thread waits."""

    def wait(self, timeout: float | None = None, /) -> bool:
        assert timeout is not None
        self.clock.sleep(timeout)
        return False


class VirtualTime:
    """The time of one thread: whoever sleeps or waits moves it."""

    def __init__(self) -> None:
        self.now = 0

    def clock(self) -> int:
        """Microseconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += round(seconds * 1_000_000)

    @property
    def timing(self) -> Timing:
        """What a guard takes."""
        return Timing(self.clock, self.sleep, lambda: _Waker(self))


class _Selector(selectors.SelectSelector):
    """Never blocks: what it would wait for passes on the loop's clock."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("every task waits for something that will never happen")
        self.loop.virtual += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only when nothing is left to do."""

    def __init__(self) -> None:
        selector = _Selector()
        selector.loop = self
        self.virtual = 0.0
        super().__init__(selector)

    def time(self) -> float:
        """Seconds."""
        return self.virtual


def loop_clock() -> int:
    """The running loop's time in microseconds."""
    return round(asyncio.get_running_loop().time() * 1_000_000)


def play(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run ``coroutine`` under virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)
