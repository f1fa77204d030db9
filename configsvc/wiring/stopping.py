"""Told to stop by a signal."""

import os
import select
import signal
from contextlib import suppress
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """Becomes true with SIGTERM or SIGINT. Make it in the main thread.

    A pipe and no `threading.Event`: a handler runs between any two steps of the main thread, also
    while that waits for the event and holds its lock, and would then wait for itself for ever.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        for number in _SIGNALS:
            signal.signal(number, self._told)

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until it is told; return whether it was."""
        return bool(select.select([self._reader], [], [], seconds)[0])

    def _told(self, _number: int, _frame: FrameType | None) -> None:
        with suppress(BlockingIOError):  # it is full: told often enough
            os.write(self._writer, b"x")
