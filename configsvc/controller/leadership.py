"""Who of several controllers works: at most one at a time."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

_PRIVATE = 0o600


class Leadership(Protocol):
    """A claim to be the one that works."""

    def held(self) -> bool:
        """Try to lead, without waiting, and say whether this process does.

        Once true it stays true until the claim is given up, the process ends, or whoever keeps
        the claim is lost. Raises `OSError` or `StoreError` where the claim cannot be made at all.
        """

    def give_up(self) -> None:
        """Let another one lead. Giving up twice is harmless."""


class Lease(Protocol):
    """A record of this node that outlives it by a bounded time."""

    @property
    def held(self) -> bool:
        """Whether the record certainly exists."""

    def stop(self) -> None:
        """Delete the record. Deleting it twice is harmless."""


class LeasedLeadership:
    """Leads the node that has been there longest: over all nodes of one store.

    Args:
        lease: the record of this node, which is gone some seconds after the node is.
        key: where that record is.
        eldest: returns where the oldest record of all is, None if there is none.
    """

    def __init__(self, lease: Lease, key: str, eldest: Callable[[], str | None]) -> None:
        self._lease = lease
        self._key = key
        self._eldest = eldest

    def held(self) -> bool:
        """See `Leadership.held`."""
        # The lease is looked at last: it may have ended while the store was asked.
        return self._eldest() == self._key and self._lease.held

    def give_up(self) -> None:
        """See `Leadership.give_up`."""
        self._lease.stop()


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
