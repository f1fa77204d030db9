"""What the HTTP clients' adapters share: which edge a request is, and what the engine is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable
from functools import partial
from typing import Any, Self, TypeVar

from configsvc_agent import Agent, Attempt, CallError, Classifier, Facts, GuardedEdge
from configsvc_agent.discovery import Balancer
from configsvc_agent.drivers import classify_error
from configsvc_agent.engine.outcome import SUCCESS, UNATTRIBUTED, Outcome
from configsvc_agent.engine.policy import OperationFallback
from configsvc_agent.integrations._reissue import Reissue, reissued
from configsvc_agent.integrations._request import Header, Request
from configsvc_agent.values import Value

E = TypeVar("E", bound=BaseException)
T = TypeVar("T")

CarryOut = Callable[[Reissue], Any]
"""Sends a request again as another operation; for an asynchronous client an awaitable."""

_MOST_INNER = 100
"""Errors inside an error that are looked at; they may refer to each other."""

_REPEATABLE_READS = frozenset({"GET", "HEAD"})
_hybrids: dict[tuple[type[CallError], type[BaseException]], type[BaseException]] = {}


class Prepared(Value):
    """The edge of a request. ``address`` is where to send it, None for where it says itself."""

    edge: GuardedEdge
    facts: Facts
    address: str | None
    streaming: bool
    balancer: Balancer | None = None

    def run(self, send: Callable[[Attempt], Any]) -> Any:  # noqa: ANN401  as GuardedEdge.run
        """``send(attempt)`` under the policy; what becomes of each attempt is told the balancer."""
        return self.edge.run(self._watched(send), self.facts)

    async def arun(self, send: Callable[[Attempt], Awaitable[Any]]) -> Any:  # noqa: ANN401  as run
        """As :meth:`run` for a coroutine function."""
        return await self.edge.arun(self._awatched(send), self.facts)

    def _watched(self, send: Callable[[Attempt], Any]) -> Callable[[Attempt], Any]:
        balancer, classifier = self.balancer, self.edge.classifier
        if balancer is None:
            return send

        def watched(attempt: Attempt) -> Any:  # noqa: ANN401  as run
            with _Placed(balancer, attempt.instance, classifier) as placed:
                return placed.answered(send(attempt))

        return watched

    def _awatched(
        self, send: Callable[[Attempt], Awaitable[Any]]
    ) -> Callable[[Attempt], Awaitable[Any]]:
        balancer, classifier = self.balancer, self.edge.classifier
        if balancer is None:
            return send

        async def watched(attempt: Attempt) -> Any:  # noqa: ANN401  as run
            with _Placed(balancer, attempt.instance, classifier) as placed:
                return placed.answered(await send(attempt))

        return watched


class _Placed:
    """One attempt at an instance, from its start to its end."""

    def __init__(self, balancer: Balancer, instance: str | None, classifier: Classifier) -> None:
        self._balancer = balancer
        self._instance = instance
        self._classifier = classifier
        self._outcome: Outcome | None = None

    def answered(self, value: T) -> T:
        read = self._classifier.result
        self._outcome = SUCCESS if read is None else read(value)
        return value

    def __enter__(self) -> Self:
        if self._instance is not None:
            self._balancer.began(self._instance)
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """A cancelled attempt says nothing of the instance."""
        if isinstance(error, Exception):
            self._outcome = self._classifier.error(error)
        if self._instance is not None:
            self._balancer.ended(self._instance, self._outcome)


class Outgoing:
    """Finds edges for one client, and instances for their attempts.

    ``schemes``: those for which the client can send a request elsewhere than its URL says.
    """

    def __init__(self, agent: Agent, classify: Classifier, schemes: Collection[str]) -> None:
        self._agent = agent
        self._classify = classify
        self._schemes = schemes

    def prepare(self, request: Request, carry_out: CarryOut | None = None) -> Prepared | None:
        """What to do about ``request``; None: leave it alone.

        ``carry_out`` is what a fallback to another operation is asked of. What stands in has no
        such fallback itself: two that name each other come to an end.
        """
        edge = self._edge(request)
        if edge is None:
            return None
        callee = self._agent.bundle.callees.get(edge.edge.callee)
        by_name = callee is not None and request.host.lower() == callee.name
        known = callee if by_name and request.scheme in self._schemes else None
        balancer = None if known is None else self._agent.balancer(known.name)
        path = request.target.partition("?")[0]
        substitute, unable = self._other(request, edge, carry_out)
        return Prepared(
            edge,
            facts=Facts(
                method=request.method,
                has_key=request.header("idempotency-key") is not None,
                rate_key=_rate_key(edge, request.header),
                cache_key=_cache_key(request),
                choose=None if balancer is None else partial(balancer.choose, key=path),
                substitute=substitute,
                unable=unable,
            ),
            address=known.discovery.address if known is not None else None,
            streaming=callee is not None and callee.operation(edge.edge.operation).streaming,
            balancer=balancer,
        )

    def _other(
        self, request: Request, edge: GuardedEdge, carry_out: CarryOut | None
    ) -> tuple[Callable[[OperationFallback], Any] | None, str | None]:
        """What carries out the operation that the policy names, or why nothing does."""
        if edge.fallback is None or carry_out is None:
            return None, None
        other = reissued(request, edge.edge, edge.fallback, self._agent.bundle)
        if isinstance(other, str):
            return None, other
        return lambda _named: carry_out(other), None

    def _edge(self, request: Request) -> GuardedEdge | None:
        if request.named is not None:
            return self._agent.edge(*request.named, classify=self._classify)
        return self._agent.edge_at(
            request.host, request.port, request.method, request.target, classify=self._classify
        )


def _rate_key(edge: GuardedEdge, header: Header) -> str:
    limit = edge.policy.rate_limit
    if limit is None or limit.key is None or not limit.key.startswith("header:"):
        return ""
    return header(limit.key.removeprefix("header:")) or ""


def _cache_key(request: Request) -> Hashable | None:
    """What tells two requests apart for a last-good fallback; only reads are remembered."""
    if request.method.upper() not in _REPEATABLE_READS:
        return None
    seen_by = tuple(request.header(name) for name in ("authorization", "accept", "cookie"))
    return request.method.upper(), request.host, request.port, request.target, seen_by


def as_error_of(library: type[E], error: CallError) -> CallError:
    """``error`` as one that is also a ``library`` error, so that either is caught."""
    kinds = type(error), library
    hybrid = _hybrids.get(kinds)
    if hybrid is None:
        hybrid = _hybrids.setdefault(kinds, type(type(error).__name__, kinds, {}))
    made = hybrid.__new__(hybrid)
    made.__dict__.update(error.__dict__)
    made.args = error.args
    return made  # type: ignore[return-value]


def socket_outcome(error: Exception, otherwise: Outcome) -> Outcome:
    """What the error of the socket inside a library's connection error stands for.

    Libraries hide it in causes, contexts, arguments, reasons and groups; it is looked for in all of
    them, the outer ones first.
    """
    waiting: list[object] = [error]
    for inner in waiting:
        if not isinstance(inner, Exception):
            continue
        outcome = classify_error(inner)
        if outcome is not UNATTRIBUTED:
            return outcome
        if len(waiting) < _MOST_INNER:
            group = inner.exceptions if isinstance(inner, ExceptionGroup) else ()
            reason = getattr(inner, "reason", None)
            waiting += (inner.__cause__, *inner.args, reason, inner.__context__, *group)
    return otherwise


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of an instance's ``host:port``; an IPv6 address comes without its brackets."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def soonest(*limits: float | None) -> float | None:
    """The shortest of some time limits in seconds; None is no limit."""
    return min((limit for limit in limits if limit is not None), default=None)
