"""The time budget of one edge as a picture: what is where on the axis, and nothing about drawing.

Times are microseconds from the start of a call whose callee hangs. An attempt may start between
the earliest and the latest time that the back-offs before it allow; bars are drawn at the latest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Literal

from configsvc.analysis.arithmetic import LEAST_FLOOR, backoff_term
from configsvc.model.findings import EdgeId
from configsvc.model.policies import Backoff, Bulkhead, CircuitBreaker, RateLimit, Retry, Timeout
from configsvc.model.resources import Resource
from configsvc.model.routing import Route
from configsvc.model.services import Latency, Operation
from configsvc.resolve import Catalog, EffectivePolicy, NodeId

MOST_NEIGHBOURS = 6
"""Budgets above and below an edge that are shown, the tightest and the largest first."""

State = Literal["whole", "cut", "dead"]


@dataclass(frozen=True, slots=True)
class AttemptBar:
    """One attempt, or a hedge ``copy`` of the first.

    ``earliest`` and ``latest``: when it starts; ``ends``: at the latest (None: never). ``state``:
    it runs to its limit, is cut by the overall limit, or never starts.
    """

    number: int
    earliest: int
    latest: int
    ends: int | None
    state: State
    copy: bool = False


@dataclass(frozen=True, slots=True)
class WaitBar:
    """The back-off before an attempt, at the latest from ``start``; jitter decides its length."""

    before: int
    start: int
    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class BreakerBar:
    """What the breaker looks back on, and how long it stays open.

    ``window`` is microseconds, or outcomes where ``counts``.
    """

    window: int
    counts: bool
    minimum_calls: int
    open_for: int


@dataclass(frozen=True, slots=True)
class Budget:
    """The time that somebody above grants, or that something below takes at the most."""

    label: str
    time: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The picture of one edge; ``length`` is where its axis ends, None is no limit."""

    edge: EdgeId
    length: int
    attempt: int | None
    overall: int | None
    queueing: int
    attempts: tuple[AttemptBar, ...]
    waits: tuple[WaitBar, ...]
    breaker: BreakerBar | None
    latency: Latency
    above: tuple[Budget, ...]
    below: tuple[Budget, ...]

    @property
    def needed(self) -> int | None:
        """When the last attempt ends if nothing cuts it; None: never."""
        if self.attempt is None:
            return None
        return max(bar.latest for bar in self.attempts) + self.attempt


def timeline(catalog: Catalog, edge: EdgeId) -> Timeline:
    """The picture of an edge whose ends exist."""
    policy = catalog.outbound(edge.caller, edge.callee, edge.operation)
    operation = catalog.nodes[edge.callee].operations.get(edge.operation)
    timeout = Timeout() if policy.timeout is None else policy.timeout.value
    bars = _Bars(policy, timeout, operation)
    attempts, waits = bars.attempts(), bars.waits
    breaker = None if policy.breaker is None else _breaker(policy.breaker.value)
    above, below = tuple(_above(catalog, edge)), tuple(_below(catalog, edge, operation))
    ends = [bar.latest if bar.ends is None else bar.ends for bar in attempts]
    length = max(*ends, timeout.overall or 0, _shown_breaker(breaker, max(ends)), 1)
    return Timeline(
        edge=edge,
        length=length,
        attempt=timeout.attempt,
        overall=timeout.overall,
        queueing=bars.queueing,
        attempts=attempts,
        waits=tuple(waits),
        breaker=breaker,
        latency=Latency() if operation is None else operation.latency,
        above=above,
        below=below,
    )


class _Bars:
    """Lays the attempts of one call behind each other."""

    def __init__(
        self, policy: EffectivePolicy, timeout: Timeout, operation: Operation | None
    ) -> None:
        self._policy = policy
        self._limit = timeout.attempt
        self._overall = inf if timeout.overall is None else timeout.overall
        self._retry = None if policy.retry is None else policy.retry.value
        self._operation = operation
        self._floor = operation.latency.p50 if operation else None
        self.queueing = _queueing(policy)
        self.waits: list[WaitBar] = []

    def attempts(self) -> tuple[AttemptBar, ...]:
        """Every attempt and hedge copy."""
        bars = [self._bar(1, self.queueing, self.queueing)]
        earliest = latest = self.queueing
        for number in range(2, _allowed(self._retry, self._operation) + 1):
            if self._limit is None or self._retry is None:
                bars.append(AttemptBar(number, earliest, int(self._end(latest)), None, "dead"))
                continue
            shortest = _shortest(self._retry.backoff, number - 1)
            longest = backoff_term(self._retry, number - 1)
            self.waits.append(WaitBar(number, latest + self._limit, shortest, longest))
            earliest += self._limit + shortest
            latest += self._limit + longest + self.queueing
            bars.append(self._bar(number, earliest, latest))
        return (*bars, *self._copies())

    def _copies(self) -> Iterator[AttemptBar]:
        hedge = None if self._policy.hedge is None else self._policy.hedge.value
        if hedge is None:
            return
        for index in range(1, hedge.extra + 1):
            start = self.queueing + index * hedge.delay
            bar = self._bar(index + 1, start, start, floor=0)
            yield AttemptBar(bar.number, start, start, bar.ends, bar.state, copy=True)

    def _bar(
        self, number: int, earliest: int, latest: int, *, floor: int | None = None
    ) -> AttemptBar:
        least = (self._floor or LEAST_FLOOR) if floor is None else floor
        if number > 1 and latest + least >= self._overall:
            until = None if self._limit is None else latest + self._limit
            return AttemptBar(number, earliest, latest, until, "dead")
        uncut = inf if self._limit is None else latest + self._limit
        ends = min(uncut, self._overall)
        state: State = "cut" if self._limit is not None and ends < uncut else "whole"
        return AttemptBar(number, earliest, latest, None if ends == inf else int(ends), state)

    def _end(self, start: int) -> float:
        return start if self._overall == inf else self._overall


def _allowed(retry: Retry | None, operation: Operation | None) -> int:
    """Attempts that are made; where idempotence is unknown, those that are configured."""
    if retry is None:
        return 1
    forbidden = operation is not None and operation.is_idempotent is False
    return 1 if forbidden and retry.non_idempotent == "never" else retry.attempts


def _shortest(backoff: Backoff, index: int) -> int:
    """The shortest wait after attempt ``index``."""
    if backoff.jitter == "full":
        return 0
    if backoff.jitter == "decorrelated":
        return backoff.base
    term = int(min(backoff.max, backoff.base * (backoff.multiplier / 1_000_000) ** (index - 1)))
    return term // 2 if backoff.jitter == "equal" else term


def _queueing(policy: EffectivePolicy) -> int:
    bulkhead: Bulkhead | None = None if policy.bulkhead is None else policy.bulkhead.value
    limit: RateLimit | None = None if policy.rate_limit is None else policy.rate_limit.value
    queue = bulkhead.max_wait if bulkhead is not None and bulkhead.queue else 0
    return queue + (0 if limit is None else limit.max_wait)


def _breaker(breaker: CircuitBreaker) -> BreakerBar:
    window = breaker.window
    return BreakerBar(window.size, window.kind == "count", breaker.minimum_calls, breaker.open_for)


def _shown_breaker(breaker: BreakerBar | None, otherwise: int) -> int:
    """How much of the axis the breaker asks for: no more than four times the rest."""
    if breaker is None:
        return 0
    longest = max(breaker.open_for, 0 if breaker.counts else breaker.window)
    return min(longest, 4 * otherwise)


def _above(catalog: Catalog, edge: EdgeId) -> list[Budget]:
    """How long those wait for whom the call is made, the least patient first."""
    found: dict[str, int] = {}
    for site in (s for s in catalog.graph.outgoing(edge.caller) if s.edge == edge):
        operation = catalog.nodes[edge.caller].operations.get(site.parent.operation)
        if operation is not None:
            found |= _promises(f"{edge.caller}[{operation.name}]", operation)
            found |= _patience(catalog, edge.caller, operation.name)
        found |= _objective(catalog.resources[site.resource])
    budgets = sorted((Budget(label, time) for label, time in found.items()), key=_time)
    return budgets[:MOST_NEIGHBOURS]


def _promises(name: str, operation: Operation) -> dict[str, int]:
    times = {f"{name} limit": operation.limit, f"{name} objective": operation.slo}
    return {label: time for label, time in times.items() if time is not None}


def _objective(resource: Resource) -> dict[str, int]:
    """What a route promises to whoever comes from outside."""
    spec = resource.spec
    if not isinstance(spec, Route) or spec.slo is None:
        return {}
    return {f"{resource.key} objective": spec.slo}


def _patience(catalog: Catalog, node: str, operation: str) -> dict[str, int]:
    """How long each caller of an operation waits for one attempt."""
    found = {}
    graph = catalog.graph
    edges = (e for caller in graph.named_by(node) for e in graph.edges_of(caller))
    for edge in (e for e in edges if (e.callee, e.operation) == (node, operation)):
        policy = catalog.outbound(edge.caller, edge.callee, edge.operation)
        limit = _longest_attempt(policy)
        if limit is not None:
            found[f"{edge.caller} waits for {node}[{operation}]"] = limit
    return found


def _longest_attempt(policy: EffectivePolicy) -> int | None:
    if policy.timeout is None:
        return None
    limits = (policy.timeout.value.attempt, policy.timeout.value.overall)
    return min((limit for limit in limits if limit is not None), default=None)


def _below(catalog: Catalog, edge: EdgeId, operation: Operation | None) -> list[Budget]:
    """How long the callee, and each call that it makes, may take; the longest first."""
    if operation is None:
        return []
    budgets = []
    if operation.limit is not None:
        budgets.append(Budget(f"{edge.callee}[{operation.name}] limit", operation.limit))
    if operation.own_time is not None:
        budgets.append(Budget(f"{edge.callee}[{operation.name}] own work", operation.own_time))
    for site in catalog.graph.sites(NodeId(edge.callee, operation.name)):
        policy = catalog.outbound(site.edge.caller, site.edge.callee, site.edge.operation)
        overall = None if policy.timeout is None else policy.timeout.value.overall
        if overall is not None:
            label = f"{edge.callee} waits for {site.target}"
            budgets.append(Budget(label, overall * site.call.times.max))
    return sorted(budgets, key=_time, reverse=True)[:MOST_NEIGHBOURS]


def _time(budget: Budget) -> int:
    return budget.time
