"""How many agents a process takes, and who they are."""

import contextlib
import logging
import resource
from typing import Final

from configsvc.agentgate.counters import Counters
from configsvc.agentgate.exchange import Wire
from configsvc.agentgate.http import ProblemError, unavailable

_log = logging.getLogger("configsvc.agentgate")

RESERVED_FILES: Final = 128
"""Open files that are not connections: store, sockets, logs, threads."""

_RETRY_AFTER: Final = 5
_TELL_AGAIN: Final = 1000


class Connections:
    """The open connections of agents, up to a limit.

    Args:
        capacity: how many at once.
        counters: where they are counted.
    """

    def __init__(self, capacity: int, counters: Counters) -> None:
        self._capacity = capacity
        self._counters = counters
        self._open: set[Wire] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Wire) -> ProblemError | None:
        """Take note of a connection; return how to turn it away if there is no room."""
        self._open.add(connection)
        self._counters.add("connections_accepted")
        if len(self._open) <= self._capacity:
            return None
        if self._counters["connections_turned_away"] % _TELL_AGAIN == 0:
            _log.error(
                "turning agents away: all connections that the open-file limit allows are in use; "
                "raise the limit (ulimit -n) or run more processes",
                extra={"capacity": self._capacity},
            )
        self._counters.add("connections_turned_away")
        return unavailable("the server has no room for another connection", _RETRY_AFTER)

    @property
    def crowded(self) -> bool:
        """Whether so many are in use that idle ones should make room."""
        return len(self._open) > self._capacity // 2

    def discard(self, connection: Wire) -> None:
        """Take note that a connection has ended."""
        self._open.discard(connection)

    def retire(self) -> None:
        """End every connection, now or with the answer that is due on it."""
        for connection in list(self._open):
            connection.retire()


def connection_capacity(wanted: int | None) -> int:
    """Raise the limit of open files as far as it goes; return how many connections it allows.

    Args:
        wanted: how many there should be at most; None for as many as possible.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    allowed = max(1, soft - RESERVED_FILES) if soft != resource.RLIM_INFINITY else 1 << 20
    if wanted is not None and wanted > allowed:
        _log.warning(
            "fewer connections than wanted: the open-file limit (ulimit -n) is %d",
            soft,
            extra={"wanted": wanted, "capacity": allowed},
        )
    return min(allowed, wanted or allowed)
