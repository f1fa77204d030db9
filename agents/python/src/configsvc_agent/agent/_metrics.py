"""Counters and latency histograms per edge: always on, one short lock per call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any, Final

from configsvc_agent.engine.events import (
    AttemptRejected,
    BreakerChanged,
    DeadlineExceeded,
    Event,
    FallbackRefused,
    FallbackUsed,
    HedgeRefused,
    RetryRefused,
    RetryScheduled,
)
from configsvc_agent.values import Value

_FINE = 8
"""Microseconds below which each one has a bucket of its own."""

_BUCKETS = 4 * 34
"""Four to each doubling, from a microsecond to more than two hours."""


def bucket_of(microseconds: int) -> int:
    """The index of the histogram's bucket for a latency."""
    if microseconds < _FINE:
        return max(microseconds, 0)
    exponent = microseconds.bit_length() - 3
    return min(4 * exponent + (microseconds >> exponent), _BUCKETS - 1)


def upper_bound(index: int) -> int:
    """The largest latency in microseconds, inclusive, that bucket ``index`` counts."""
    if index < _FINE:
        return index
    exponent = index // 4 - 1
    return (((index - 4 * exponent) + 1) << exponent) - 1


_NAMES: Final[Mapping[type, Callable[[Any], str]]] = {
    RetryScheduled: lambda _: "retry",
    RetryRefused: lambda event: f"retry-refused-{event.cause}",
    HedgeRefused: lambda _: "hedge-refused",
    AttemptRejected: lambda event: f"rejected-{event.kind}",
    BreakerChanged: lambda event: f"breaker-{event.state}",
    DeadlineExceeded: lambda _: "deadline",
    FallbackUsed: lambda event: f"fallback-{event.kind}",
    FallbackRefused: lambda _: "fallback-refused",
}
"""Under which name an event is counted; what is not here is not."""


class Latency(Value):
    """A histogram: by the upper bound of each bucket in use, in microseconds, its count.

    A bucket is at most a quarter wide, so a quantile is at most a quarter too high.
    """

    buckets: Mapping[int, int]
    total: int
    """Sum of all latencies in microseconds."""

    @property
    def count(self) -> int:
        """How many were measured."""
        return sum(self.buckets.values())

    def quantile(self, share: float) -> int:
        """The latency in microseconds that ``share`` (0 to 1) of all did not exceed; 0 if none."""
        wanted, seen = share * self.count, 0
        for bound, count in sorted(self.buckets.items()):
            seen += count
            if seen >= wanted:
                return bound
        return 0


class EdgeMetrics(Value):
    """What happened on one edge since the process started.

    ``calls`` counts calls by their end: ``ok``, ``failed`` (the callee's failure reached the
    service), ``error`` (a mistake in the code around the call), ``timeout``, ``open``, ``full``,
    ``limited``, ``cancelled``. ``events`` counts what happened on the way: ``retry``,
    ``retry-refused-budget`` and so on, ``hedge-refused``, ``rejected-open`` and so on,
    ``breaker-open`` and so on, ``deadline``, ``fallback-static`` and so on, ``fallback-refused``.
    """

    caller: str
    callee: str
    operation: str
    declared: bool
    calls: Mapping[str, int]
    events: Mapping[str, int]
    latency: Latency


class Metrics(Value):
    """One process's figures at one moment.

    ``foreign`` counts requests to hosts that belong to no callee: they passed untouched.
    """

    edges: tuple[EdgeMetrics, ...]
    foreign: int
    callback_failures: int
    hook_failures: int


class EdgeStats:
    """The running figures of one edge; safe between threads."""

    def __init__(self) -> None:
        self._lock = lock = Lock()
        self._acquire, self._release = lock.acquire, lock.release
        self._troubled: dict[str, int] = {}
        self._events: dict[str, int] = {}
        self._buckets = [0] * _BUCKETS
        self._total = 0

    def ended(self, end: str, microseconds: int) -> None:
        """A call ended as ``end``, which is not ``ok``, after so long."""
        index = bucket_of(microseconds)
        with self._lock:
            self._troubled[end] = self._troubled.get(end, 0) + 1
            self._buckets[index] += 1
            self._total += microseconds

    def succeeded(self, microseconds: int) -> None:
        """As :meth:`ended` for ``ok``, in half the time: nearly all calls end so.

        Those are the calls of the histogram that did not end otherwise.
        """
        index = microseconds
        if index >= _FINE:  # bucket_of, without a call
            exponent = index.bit_length() - 3
            index = 4 * exponent + (index >> exponent)
            if index >= _BUCKETS:
                index = _BUCKETS - 1
        self._acquire()  # half of what a ``with`` takes
        try:
            self._buckets[index] += 1
            self._total += microseconds
        finally:
            self._release()

    def happened(self, event: Event) -> None:
        """Count ``event`` if it is one of those that are counted."""
        name_of = _NAMES.get(type(event))
        if name_of is not None:
            name = name_of(event)
            with self._lock:
                self._events[name] = self._events.get(name, 0) + 1

    def counts(self) -> tuple[int, int]:
        """Calls that ended, and those of them that did not end well."""
        with self._lock:
            return sum(self._buckets), sum(self._troubled.values())

    def buckets(self) -> list[int]:
        """How many calls each bucket of the histogram counts."""
        with self._lock:
            return list(self._buckets)

    def snapshot(self, caller: str, callee: str, operation: str, *, declared: bool) -> EdgeMetrics:
        """The figures of this moment, consistent among themselves."""
        with self._lock:
            calls, events = dict(self._troubled), dict(self._events)
            buckets, total = list(self._buckets), self._total
        ok = sum(buckets) - sum(calls.values())
        if ok:
            calls["ok"] = ok
        used = {upper_bound(index): count for index, count in enumerate(buckets) if count}
        return EdgeMetrics(caller, callee, operation, declared, calls, events, Latency(used, total))


def added(histograms: Iterable[list[int]]) -> dict[int, int]:
    """Several histograms as one: by the upper bound of each bucket in use, its count."""
    sums = [sum(counts) for counts in zip(*histograms, strict=True)]
    return {upper_bound(index): count for index, count in enumerate(sums) if count}
