"""Who of several controllers works: at most one at a time."""

import fcntl
import os
from pathlib import Path
from typing import Protocol

_PRIVATE = 0o600


class Leadership(Protocol):
    """A claim to be the one that works."""

    def held(self) -> bool:
        """Try to lead, without waiting, and say whether this process does.

        Once true it stays true until the claim is given up, the process ends, or whoever keeps
        the claim is lost. Raises `OSError` where the claim cannot be made at all.
        """

    def give_up(self) -> None:
        """Let another one lead. Giving up twice is harmless."""


class FileLeadership:
    """Leads whoever holds the lock of a file: one machine's controllers, over one data directory.

    The kernel gives the lock back when its holder ends, however it ends.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def held(self) -> bool:
        """See `Leadership.held`."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def give_up(self) -> None:
        """See `Leadership.give_up`."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
