"""Time as threads know it; tests put their own in its place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from configsvc_agent.values import Value


def monotonic() -> int:
    """The monotonic clock in microseconds."""
    return time.monotonic_ns() // 1000


class BlockingWaker(Protocol):
    """What a thread waits on; ``threading.Event`` fits."""

    def set(self) -> None:
        """End the wait."""

    def wait(self, timeout: float | None = None, /) -> bool:
        """Block until set, at most ``timeout`` seconds."""


class Timing(Value):
    """The clock (monotonic microseconds), the pause (seconds) and the waker of a driver."""

    clock: Callable[[], int] = monotonic
    sleep: Callable[[float], None] = time.sleep
    waker: Callable[[], BlockingWaker] = threading.Event


REAL_TIME: Final = Timing()
