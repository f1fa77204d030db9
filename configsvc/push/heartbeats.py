"""When heartbeats are due: often enough to find a lost push, spread so that they never align."""

from collections.abc import Callable
from typing import Final

HEARTBEAT: Final = 15_000_000
"""Mean time between two heartbeats, microseconds."""

_SPREAD: Final = 0.2


def heartbeat_delay(interval: int, random: Callable[[], float]) -> int:
    """Microseconds until the next heartbeat: ``interval`` give or take a fifth.

    Args:
        interval: mean time between two, microseconds.
        random: uniform in [0, 1).
    """
    return round(interval * (1 - _SPREAD + 2 * _SPREAD * random()))
