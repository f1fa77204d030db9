"""Spreading work that concerns many agents, so that nobody waits for all of them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, TypeVar

T = TypeVar("T")

SLICE: Final = 256
"""Streams written to before others get a turn: about 15 ms on a slow machine."""

_PACED_SLICE: Final = 0.05
"""Seconds for which one slice lasts where a pace is asked for."""

_RECONNECT: Final = 1_000
"""Microseconds that one reconnect and its report cost a server process, rounded up."""

_REPORT: Final = 500
"""Microseconds that a report costs it, with room for what else it does."""

_SHORTEST_DRAIN: Final = 500_000
_LONGEST_DRAIN: Final = 30_000_000
_LONGEST_REPORT: Final = 30_000_000


class Queue(Generic[T]):
    """What still has to be told something, each at most once, in the order in which it came.

    Args:
        rate: how many a second; 0 for as many as there is time for.
    """

    def __init__(self, rate: int = 0) -> None:
        self._rate = rate
        self._size = min(SLICE, max(1, round(rate * _PACED_SLICE))) if rate else SLICE
        self._order: deque[T] = deque()
        self._waiting: set[T] = set()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, item: object) -> bool:
        return item in self._waiting

    def add(self, items: Iterable[T]) -> None:
        """Add those that do not wait already."""
        for item in items:
            if item not in self._waiting:
                self._waiting.add(item)
                self._order.append(item)

    def discard(self, item: T) -> None:
        """Leave one out that waits no more."""
        self._waiting.discard(item)

    def take(self) -> list[T]:
        """The next slice; empty if nobody waits."""
        taken: list[T] = []
        while self._order and len(taken) < self._size:
            item = self._order.popleft()
            if item in self._waiting:
                self._waiting.remove(item)
                taken.append(item)
        return taken

    @property
    def pause(self) -> float:
        """Seconds from one full slice to the next; 0 without a pace."""
        return self._size / self._rate if self._rate else 0.0


def drain_delays(count: int, random: Callable[[], float]) -> Iterator[int]:
    """How long each of ``count`` agents should wait before it reconnects, microseconds.

    Spread evenly over a time that lets the remaining servers take them all: a millisecond for each,
    at least half a second and at most 30 s.

    Args:
        count: agents to send away.
        random: uniform in [0, 1).
    """
    span = max(_SHORTEST_DRAIN, _reconnect_span(count))
    return (round(random() * span) for _ in range(count))


def reconnect_delay(count: int, random: Callable[[], float]) -> int:
    """How long one of ``count`` agents should wait if its stream breaks, microseconds.

    As for a drain, but told in advance: a server that is killed cannot tell anybody. Few agents
    come back at once.
    """
    return round(random() * _reconnect_span(count))


def report_window(count: int) -> int:
    """Microseconds over which ``count`` agents should spread what they say of one push."""
    return min(_LONGEST_REPORT, count * _REPORT)


def has_outlived(beat: int, lifetime: int, random: Callable[[], float]) -> bool:
    """Whether a stream should be sent away at a heartbeat, so that the fleet spreads anew.

    Chance decides, so that streams live for ``lifetime`` on average and those that were opened
    together do not end together; nothing has to be kept for it.

    Args:
        beat: mean time between two heartbeats, microseconds.
        lifetime: mean time that a stream lives, microseconds; 0 for ever.
        random: uniform in [0, 1).
    """
    return lifetime > 0 and random() < beat / lifetime


def _reconnect_span(count: int) -> int:
    return min(_LONGEST_DRAIN, count * _RECONNECT)
