"""What the HTTP clients' adapters share: which edge a request is, and what the engine is told."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Collection, Hashable
from typing import TypeVar

from configsvc_agent import Agent, CallError, Classifier, Facts, GuardedEdge
from configsvc_agent.bundle import Callee
from configsvc_agent.drivers import classify_error
from configsvc_agent.engine.outcome import UNATTRIBUTED, Outcome
from configsvc_agent.values import Value

E = TypeVar("E", bound=BaseException)

Header = Callable[[str], "str | None"]

_MOST_INNER = 100
"""Errors inside an error that are looked at; they may refer to each other."""

_REPEATABLE_READS = frozenset({"GET", "HEAD"})
_hybrids: dict[tuple[type[CallError], type[BaseException]], type[BaseException]] = {}


class Request(Value):
    """One HTTP request as the rules see it; ``target`` is path and query.

    ``named`` is the callee and the operation where the service says them, instead of by host.
    """

    method: str
    scheme: str
    host: str
    port: int | None
    target: str
    header: Header
    named: tuple[str, str] | None = None


class Prepared(Value):
    """The edge of a request. ``address`` is where to send it, None for where it says itself."""

    edge: GuardedEdge
    facts: Facts
    address: str | None
    streaming: bool


class Outgoing:
    """Finds edges for one client; remembers whose turn it is among the instances of a callee.

    ``schemes``: those for which the client can send a request elsewhere than its URL says.
    """

    def __init__(self, agent: Agent, classify: Classifier, schemes: Collection[str]) -> None:
        self._agent = agent
        self._classify = classify
        self._schemes = schemes
        self._turns: dict[str, itertools.count[int]] = {}

    def prepare(self, request: Request) -> Prepared | None:
        """What to do about ``request``; None: leave it alone."""
        edge = self._edge(request)
        if edge is None:
            return None
        callee = self._agent.bundle.callees.get(edge.edge.callee)
        by_name = callee is not None and request.host.lower() == callee.name
        known = callee if by_name and request.scheme in self._schemes else None
        return Prepared(
            edge,
            facts=Facts(
                method=request.method,
                has_key=request.header("idempotency-key") is not None,
                rate_key=_rate_key(edge, request.header),
                cache_key=_cache_key(request),
                choose=self._chooser(known),
            ),
            address=known.discovery.address if known is not None else None,
            streaming=callee is not None and callee.operation(edge.edge.operation).streaming,
        )

    def _edge(self, request: Request) -> GuardedEdge | None:
        if request.named is not None:
            return self._agent.edge(*request.named, classify=self._classify)
        return self._agent.edge_at(
            request.host, request.port, request.method, request.target, classify=self._classify
        )

    def _chooser(self, callee: Callee | None) -> Callable[[Collection[str]], str | None] | None:
        """Picks among the declared instances of a callee that is called by its name."""
        if callee is None or callee.discovery.mode == "server" or not callee.discovery.instances:
            return None
        addresses = [instance.address for instance in callee.discovery.instances]
        at_random = callee.discovery.load_balancing == "random"
        turns = self._turns.setdefault(callee.name, itertools.count())

        def choose(avoid: Collection[str]) -> str | None:
            candidates = [each for each in addresses if each not in avoid] or addresses
            turn = random.randrange(len(candidates)) if at_random else next(turns)
            return candidates[turn % len(candidates)]

        return choose


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


def soonest(*limits: float | None) -> float | None:
    """The shortest of some time limits in seconds; None is no limit."""
    return min((limit for limit in limits if limit is not None), default=None)
