"""What a check reads of facts: values through a scenario, so that a gap never looks like one.

Every property returns what is declared, or what the scenario assumes instead, or makes the
explorer try the datum's extremes.
"""

from collections.abc import Iterator
from math import inf, log
from typing import Final

from configsvc.analysis.scenario import Scenario
from configsvc.analysis.text import decimal, span, yes_no
from configsvc.analysis.view import Idempotence, NodeFacts, OperationFacts
from configsvc.model.quantities import WHOLE
from configsvc.model.services import Latency

TAILS: Final = {"p50": 500_000, "p90": 100_000, "p95": 50_000, "p99": 10_000, "p999": 1_000}
"""Parts per million of healthy attempts that take longer than each percentile, at the most."""


class LatencyReader:
    """How long one healthy attempt takes, in microseconds."""

    __slots__ = ("_latency", "_scenario")

    def __init__(self, latency: Latency, scenario: Scenario) -> None:
        self._latency = latency
        self._scenario = scenario

    @property
    def p50(self) -> float:
        """Median."""
        return self._percentile("p50")

    @property
    def p99(self) -> float:
        """99th percentile."""
        return self._percentile("p99")

    @property
    def p999(self) -> float:
        """99.9th percentile."""
        return self._percentile("p999")

    def declared(self, percentile: str) -> int | None:
        """The percentile as declared, else None: for a suggestion, not for a decision."""
        value: int | None = getattr(self._latency, percentile)
        return value

    def share_above(self, duration: float, threshold: int) -> int:
        """Parts per million of healthy attempts that take longer than ``duration``.

        A percentile bounds the tail: with p99 within ``duration`` and p999 beyond it, more than
        0.1 % and at most 1 % take longer. ``threshold`` is what the share is compared with: it
        tells which percentile is missed most.
        """
        least, most = 0, int(WHOLE)
        for name, value in self._known():
            if value > duration:
                least = max(least, TAILS[name] + 1)
            else:
                most = TAILS[name]
        deciding = min(
            (name for name, tail in TAILS.items() if least <= tail < most),
            key=lambda name: abs(log(TAILS[name] / threshold)),
            default="p999",
        )
        return self._scenario.assume(
            f"share of attempts over {span(duration)}",
            (least, most),
            missing=(f"operation.latency.{deciding}",),
            show=None,
        )

    def _known(self) -> Iterator[tuple[str, int]]:
        for name in TAILS:
            value = getattr(self._latency, name)
            if value is not None:
                yield name, value

    def _percentile(self, name: str) -> float:
        value: int | None = getattr(self._latency, name)
        if value is not None:
            return value
        return self._scenario.assume(f"operation.latency.{name}", self._around(name), show=span)

    def _around(self, name: str) -> tuple[float, float]:
        """Bounds of a missing percentile: its declared neighbours."""
        below = (value for other, value in self._known() if TAILS[other] > TAILS[name])
        above = (value for other, value in self._known() if TAILS[other] < TAILS[name])
        return max(below, default=0.0), min(above, default=inf)


class IdempotenceReader:
    """Whether repeating the operation is harmless."""

    __slots__ = ("_idempotence", "_scenario")

    def __init__(self, idempotence: Idempotence, scenario: Scenario) -> None:
        self._idempotence = idempotence
        self._scenario = scenario

    @property
    def by_method(self) -> bool:
        """Whether each request on the edge is judged by its own method."""
        return self._idempotence.by_method

    @property
    def value(self) -> bool:
        """Whether it is idempotent."""
        value = self._idempotence.value
        if value is not None:
            return value
        return self._scenario.assume("operation.idempotent", (True, False), show=yes_no)


class OperationReader:
    """What is declared about the operation that is called."""

    __slots__ = ("_facts", "_scenario")

    def __init__(self, facts: OperationFacts, scenario: Scenario) -> None:
        self._facts = facts
        self._scenario = scenario

    @property
    def streaming(self) -> bool:
        """Whether it answers with a stream without end."""
        return self._facts.streaming

    @property
    def limit(self) -> float:
        """The server's own deadline in microseconds; infinite where none is declared."""
        return inf if self._facts.limit is None else self._facts.limit

    @property
    def max_body(self) -> int | None:
        """The largest request in bytes; None where it is not declared."""
        return self._facts.max_body

    @property
    def emits(self) -> tuple[str, ...] | None:
        """Outcomes that it answers with, None where they are not declared."""
        return self._facts.emits

    @property
    def calls(self) -> bool:
        """Whether it calls others for its answer."""
        return self._facts.calls

    @property
    def cancels(self) -> bool:
        """Whether it stops working when its caller hangs up."""
        return self._flag("cancels", self._facts.cancels)

    @property
    def honours_deadline(self) -> bool:
        """Whether it stops working at the deadline that its caller sends."""
        return self._flag("honoursDeadline", self._facts.honours_deadline)

    def _flag(self, name: str, value: bool | None) -> bool:  # noqa: FBT001 - the datum itself
        if value is not None:
            return value
        return self._scenario.assume(f"operation.{name}", (True, False), show=yes_no)


class NodeFactsReader:
    """What is declared about a caller or callee."""

    __slots__ = ("_facts", "_scenario", "_side")

    def __init__(self, facts: NodeFacts, side: str, scenario: Scenario) -> None:
        self._facts = facts
        self._side = side
        self._scenario = scenario

    @property
    def instances(self) -> float:
        """How many instances it has."""
        return self._count("capacity.instances", self._facts.instances)

    @property
    def processes(self) -> float:
        """Processes of one instance."""
        return self._count("capacity.processes", self._facts.processes)

    @property
    def workers(self) -> float:
        """Requests that one instance works on at a time."""
        return self._count("capacity.workers", self._facts.workers)

    @property
    def requests_per_second(self) -> float:
        """Requests that one instance bears."""
        return self._count("capacity.requestsPerSecond", self._facts.requests_per_second)

    @property
    def idle(self) -> float:
        """How long its server keeps an idle connection, in microseconds."""
        return self._time("server.idle", self._facts.idle)

    @property
    def drain(self) -> float:
        """How long it goes on serving after it was told to stop, in microseconds."""
        return self._time("server.drain", self._facts.drain)

    @property
    def pool_idle(self) -> float:
        """How long its pool keeps an idle connection, in microseconds."""
        return self._time("client.connectionPool.idle", self._facts.pool_idle)

    @property
    def enforced(self) -> bool:
        """Whether an agent or gateway in it enforces its policies."""
        return self._facts.enforced

    @property
    def declared(self) -> NodeFacts:
        """The facts as declared, for those that are unlimited where they are absent."""
        return self._facts

    def _count(self, field: str, value: int | None) -> float:
        if value is not None:
            return value
        return self._scenario.assume(self._key(field), (1.0, inf), show=decimal)

    def _time(self, field: str, value: int | None) -> float:
        if value is not None:
            return value
        return self._scenario.assume(self._key(field), (0.0, inf), show=span)

    def _key(self, field: str) -> str:
        return f"{self._side}.{field}" if self._side else field
