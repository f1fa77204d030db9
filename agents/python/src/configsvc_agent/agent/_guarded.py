"""Calls along one edge, with their figures."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from configsvc_agent.agent._hedging import HedgeThreads
from configsvc_agent.agent._metrics import EdgeStats
from configsvc_agent.agent._others import Others
from configsvc_agent.drivers import Classifier, Facts, Guard, Timing
from configsvc_agent.drivers.listening import Listener
from configsvc_agent.drivers.timing import REAL_TIME
from configsvc_agent.engine.commands import NO_FACTS
from configsvc_agent.engine.policy import CallPolicy, Edge, OperationFallback
from configsvc_agent.engine.registry import Machines
from configsvc_agent.errors import CallError
from configsvc_agent.values import Value

if TYPE_CHECKING:
    from concurrent.futures import Executor


class Tools(Value):
    """What guards take time, chance and threads from; tests put their own in its place."""

    timing: Timing = REAL_TIME
    rng: Callable[[], float] = random.random
    executor: HedgeThreads | None = None


class Ends:
    """Counts the ends of the calls of one edge, by how ``classifier`` reads them."""

    def __init__(self, stats: EdgeStats, classifier: Classifier) -> None:
        self.succeeded = stats.succeeded
        self._stats = stats
        self._classifier = classifier

    def returned(self, value: object, latency: int) -> None:
        """A call handed out ``value``."""
        reader = self._classifier.result
        if reader is None or reader(value).ok:
            self._stats.succeeded(latency)
        else:
            self._stats.ended("failed", latency)

    def raised(self, error: BaseException, latency: int) -> None:
        """A call raised ``error``."""
        self._stats.ended(self._end_of(error), latency)

    def _end_of(self, error: BaseException) -> str:
        if isinstance(error, CallError):
            return error.kind
        if not isinstance(error, Exception):
            return "cancelled"
        return "failed" if self._classifier.error(error).classes else "error"


class GuardedEdge(Guard):
    """Calls along one edge, under whatever bundle is in force when a call begins.

    Ask the agent for it anew for each call: which edge a name means may change with the bundle.
    """

    __slots__ = ("_others", "classifier", "fallback")

    def __init__(
        self,
        machines: Machines,
        edge: Edge,
        classifier: Classifier,
        stats: EdgeStats,
        others: Others,
        tools: Tools,
        listener: Listener,
        *,
        attempts: bool,
    ) -> None:
        super().__init__(
            machines,
            edge,
            classifier=classifier,
            listener=listener,
            attempts=attempts,
            executor=cast("Executor | None", tools.executor),
            rng=tools.rng,
            timing=tools.timing,
            tally=Ends(stats, classifier),
        )
        self.classifier = classifier
        self._others = others
        self.fallback: OperationFallback | None = None
        """The operation that is called instead when this one fails, if the policy names one."""

    def obey(self) -> None:
        """Note what a new policy says of the fallback."""
        fallback = self.policy.fallback
        self.fallback = fallback if isinstance(fallback, OperationFallback) else None
        self._facts_of = None if self.fallback is None else self._substitution

    @property
    def policy(self) -> CallPolicy:
        """What a call that begins now obeys."""
        return self.plan.policy

    def _substitution(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Facts:
        """What lets a fallback carry out its operation with the arguments of this call."""
        fallback = self.fallback
        if fallback is None:
            return NO_FACTS
        callee = fallback.callee or self.edge.callee
        other = self._others.find(callee, fallback.operation, like=fn)
        if other is None:
            named = f"{callee} {fallback.operation}"
            return Facts(unable=f"no function of this kind is decorated with {named}")
        return Facts(substitute=lambda _named: other(*args, **kwargs))
