"""Spreading work that concerns many agents, so that nobody waits for all of them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")

SLICE: Final = 256
"""Streams written to before others get a turn: about 15 ms on a slow machine."""

_RECONNECT: Final = 1_000
"""Microseconds that one reconnect costs the server that takes over, rounded up."""

_SHORTEST_DRAIN: Final = 500_000
_LONGEST_DRAIN: Final = 30_000_000


def slices(items: Sequence[T], size: int = SLICE) -> Iterator[list[T]]:
    """Cut a sequence into lists of at most ``size``, in order."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def drain_delays(count: int, random: Callable[[], float]) -> Iterator[int]:
    """How long each of ``count`` agents should wait before it reconnects, microseconds.

    Spread evenly over a time that lets the remaining servers take them all: a millisecond for each,
    at least half a second and at most 30 s.

    Args:
        count: agents to send away.
        random: uniform in [0, 1).
    """
    span = min(_LONGEST_DRAIN, max(_SHORTEST_DRAIN, count * _RECONNECT))
    return (round(random() * span) for _ in range(count))
