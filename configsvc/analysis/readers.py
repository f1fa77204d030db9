"""What a check reads: the view through a scenario, part by part."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from configsvc.analysis.facts import (
    IdempotenceReader,
    LatencyReader,
    NodeFactsReader,
    OperationReader,
)
from configsvc.analysis.interval import Range
from configsvc.analysis.scenario import NOTHING_ASSUMED, DeferredError, Name, Scenario
from configsvc.analysis.text import decimal, rate, span
from configsvc.analysis.view import FACTS, Concurrency, EdgeView, Runtime, Traffic
from configsvc.model.policies import (
    Bulkhead,
    CircuitBreaker,
    Fallback,
    Hedge,
    RateLimit,
    Retry,
    Timeout,
)


class Surroundings(Protocol):
    """What follows from the whole graph for one edge."""

    def traffic(self, edge: EdgeView, /) -> Traffic:
        """Return how many calls the edge sees."""

    def concurrency(self, edge: EdgeView, /) -> Concurrency:
        """Return how many calls of one process share the edge's bulkhead at a time."""

    def subtree(self, edge: EdgeView, /) -> Range:
        """Return the longest time in microseconds that the callee works on one request."""


REACHING: Final[Mapping[str, Callable[[Surroundings, EdgeView], Range]]] = {
    "rate per process": lambda graph, edge: graph.traffic(edge).per_process,
    "rate of the pair per process": lambda graph, edge: graph.traffic(edge).pair,
    "rate": lambda graph, edge: graph.traffic(edge).all,
    "calls at a time": lambda graph, edge: graph.concurrency(edge).median,
    "calls at a time in the tail": lambda graph, edge: graph.concurrency(edge).tail,
    "the callee's longest work": lambda graph, edge: graph.subtree(edge),
}
"""Quantities that follow from the whole graph. An outcome that depends on one names the quantity,
so that equal edges share it; what is missing for it differs from edge to edge."""


def missing_data(names: frozenset[str], edge: EdgeView, graph: Surroundings) -> frozenset[str]:
    """The undeclared fields that an outcome about ``edge`` depends on, by their own names."""
    if names.isdisjoint(REACHING):
        return names
    found = {
        REACHING[name](graph, edge).missing if name in REACHING else frozenset({name})
        for name in names
    }
    return found.pop() if len(found) == 1 else frozenset().union(*found)


class TrafficReader:
    """How many first attempts an edge sees in a second."""

    __slots__ = ("_scenario", "_surroundings", "_view")

    def __init__(self, view: EdgeView, surroundings: Surroundings, scenario: Scenario) -> None:
        self._view = view
        self._surroundings = surroundings
        self._scenario = scenario

    @property
    def per_process(self) -> float:
        """From one process of the caller."""
        return _shared(self._scenario, "rate per process", self._traffic.per_process, rate)

    @property
    def pair_per_process(self) -> float:
        """From one process of the caller, over all operations of the callee."""
        return _shared(self._scenario, "rate of the pair per process", self._traffic.pair, rate)

    @property
    def all(self) -> float:
        """From all processes of the caller."""
        return _shared(self._scenario, "rate", self._traffic.all, rate)

    @property
    def highest(self) -> float:
        """The most that all processes can send: infinite where nothing is known."""
        return self._traffic.all.high

    @property
    def _traffic(self) -> Traffic:
        return self._surroundings.traffic(self._view)


class ConcurrencyReader:
    """How many calls of one process share the edge's bulkhead at a time."""

    __slots__ = ("_concurrency", "_scenario")

    def __init__(self, concurrency: Concurrency, scenario: Scenario) -> None:
        self._concurrency = concurrency
        self._scenario = scenario

    @property
    def median(self) -> float:
        """While each takes the callee's median."""
        return _shared(self._scenario, "calls at a time", self._concurrency.median, decimal)

    @property
    def tail(self) -> float:
        """While each takes the callee's 99th percentile."""
        tail = self._concurrency.tail
        return _shared(self._scenario, "calls at a time in the tail", tail, decimal)


class Edge:
    """One edge, as a check reads it."""

    __slots__ = ("_scenario", "_surroundings", "_view")

    def __init__(
        self, view: EdgeView, surroundings: Surroundings, scenario: Scenario = NOTHING_ASSUMED
    ) -> None:
        self._view = view
        self._surroundings = surroundings
        self._scenario = scenario

    @property
    def timeout(self) -> Timeout:
        """Time-outs; each is None where there is no limit."""
        return self._view.timeout

    @property
    def retry(self) -> Retry | None:
        """Retry in force."""
        return self._view.retry

    @property
    def breaker(self) -> CircuitBreaker | None:
        """Circuit breaker in force."""
        return self._view.breaker

    @property
    def bulkhead(self) -> Bulkhead | None:
        """Bulkhead in force."""
        return self._view.bulkhead

    @property
    def rate_limit(self) -> RateLimit | None:
        """The caller's own limit in force."""
        return self._view.rate_limit

    @property
    def hedge(self) -> Hedge | None:
        """Hedging in force."""
        return self._view.hedge

    @property
    def fallback(self) -> Fallback | None:
        """Fallback in force."""
        return self._view.fallback

    @property
    def runtime(self) -> Runtime:
        """What enforces all this."""
        return self._view.runtime

    @property
    def own_breaker(self) -> bool:
        """Whether somebody wrote the breaker for this pair or operation in particular."""
        return self._view.own_breaker

    @property
    def idempotence(self) -> IdempotenceReader:
        """Whether repeating the operation is harmless."""
        return IdempotenceReader(self._view.idempotence, self._scenario)

    @property
    def latency(self) -> LatencyReader:
        """How long one healthy attempt takes."""
        return LatencyReader(self._view.latency, self._scenario)

    @property
    def operation(self) -> OperationReader:
        """What is declared about the operation."""
        return OperationReader(self._view.operation, self._scenario)

    @property
    def caller(self) -> NodeFactsReader:
        """What is declared about the caller."""
        return NodeFactsReader(self._view.caller, "caller", self._scenario)

    @property
    def callee(self) -> NodeFactsReader:
        """What is declared about the callee."""
        return NodeFactsReader(self._view.callee, "callee", self._scenario)

    @property
    def admission(self) -> RateLimit | None:
        """The limit that the callee puts before its callers."""
        return self._view.admission

    @property
    def traffic(self) -> TrafficReader:
        """How many calls it sees."""
        return TrafficReader(self._view, self._surroundings, self._scenario)

    @property
    def concurrency(self) -> ConcurrencyReader:
        """How many calls share its bulkhead at a time."""
        return ConcurrencyReader(self._surroundings.concurrency(self._view), self._scenario)

    @property
    def subtree(self) -> float:
        """The longest that the callee works on one request, its calls included, in microseconds."""
        longest = self._surroundings.subtree(self._view)
        return _shared(self._scenario, "the callee's longest work", longest, span)


class LocalEdge(Edge):
    """An edge without what follows from the whole graph; reading that raises `DeferredError`."""

    __slots__ = ()


class PolicyEdge(LocalEdge):
    """An edge of which only the policies are offered; reading a fact raises `DeferredError`."""

    __slots__ = ()


def _deferring(fact: str) -> property:
    def read(_: PolicyEdge) -> None:
        raise DeferredError(fact)

    return property(read)


REACHING_FACTS: Final = ("traffic", "concurrency", "subtree")
"""Facts that follow from the whole graph."""

for _fact in FACTS:
    setattr(LocalEdge if _fact in REACHING_FACTS else PolicyEdge, _fact, _deferring(_fact))


def _shared(scenario: Scenario, key: str, value: Range, show: Name) -> float:
    """As `settle`, for a quantity of `REACHING`: what is missing is told later."""
    if value.low == value.high:
        return value.low
    return scenario.assume(key, (value.low, value.high), show=show)


def settle(scenario: Scenario, key: str, value: Range, show: Name | None) -> float:
    """The value of a range that is known, else what the scenario assumes of it."""
    if value.low == value.high:
        return value.low
    return scenario.assume(key, (value.low, value.high), missing=value.missing, show=show)
