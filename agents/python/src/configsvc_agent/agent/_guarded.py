"""Calls along one edge, with their figures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter_ns as clock
from typing import Any, ParamSpec, TypeVar

from configsvc_agent.agent._deadline import current_deadline
from configsvc_agent.agent._metrics import EdgeStats
from configsvc_agent.agent._others import Others
from configsvc_agent.drivers import Attempt, Classifier, Facts, Guard, context
from configsvc_agent.engine.commands import NO_FACTS
from configsvc_agent.engine.policy import CallPolicy, OperationFallback
from configsvc_agent.errors import CallError
from configsvc_agent.values import replace

P = ParamSpec("P")
T = TypeVar("T")


class GuardedEdge:
    """Calls along one edge, under whatever bundle is in force when a call begins.

    Ask the agent for it anew for each call: which edge a name means may change with the bundle.
    """

    __slots__ = (
        "_arun",
        "_guard",
        "_others",
        "_reader",
        "_run",
        "_stats",
        "classifier",
        "edge",
        "fallback",
    )

    def __init__(
        self, guard: Guard, classifier: Classifier, stats: EdgeStats, others: Others
    ) -> None:
        self.fallback: OperationFallback | None = None
        """The operation that is called instead when this one fails, if the policy names one."""
        self._others = others
        self.edge = guard.edge
        self.classifier = classifier
        self._reader = classifier.result
        self._stats = stats
        self._guard = guard
        self._run = guard.run
        self._arun = guard.arun

    def obey(self) -> None:
        """Note what a new policy says of the fallback."""
        fallback = self.policy.fallback
        self.fallback = fallback if isinstance(fallback, OperationFallback) else None

    @property
    def policy(self) -> CallPolicy:
        """What a call that begins now obeys."""
        return self._guard.plan.policy

    def call(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """``fn(*args, **kwargs)`` under the policy; it may be called more than once.

        ``fn`` learns its time limit from :func:`~configsvc_agent.current_attempt`.

        Raises:
            CallError: a policy refused or cut the call.
            Exception: what ``fn`` raised last.
        """

        def send(attempt: Attempt) -> T:
            token = context.enter(attempt)
            try:
                return fn(*args, **kwargs)
            finally:
                context.leave(token)

        facts = NO_FACTS if self.fallback is None else self._facts(fn, args, kwargs)
        result: T = self.run(send, facts)
        return result

    async def acall(self, fn: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As :meth:`call` for a coroutine function; an attempt is cancelled when its time is up."""

        async def send(attempt: Attempt) -> T:
            token = context.enter(attempt)
            try:
                return await fn(*args, **kwargs)
            finally:
                context.leave(token)

        facts = NO_FACTS if self.fallback is None else self._facts(fn, args, kwargs)
        result: T = await self.arun(send, facts)
        return result

    def run(self, send: Callable[[Attempt], T], facts: Facts = NO_FACTS) -> Any:  # noqa: ANN401  a fallback's value may differ
        """``send(attempt)`` under the policy; ``facts`` tell about the request."""
        began = clock()
        try:
            at = current_deadline()
            value = self._run(send, facts if at is None else _with_deadline(facts, at))
        except BaseException as error:
            self._stats.ended(self._end_of(error), (clock() - began) // 1000)
            raise
        reader = self._reader
        if reader is None or reader(value).ok:
            self._stats.succeeded((clock() - began) // 1000)
        else:
            self._stats.ended("failed", (clock() - began) // 1000)
        return value

    async def arun(self, send: Callable[[Attempt], Awaitable[T]], facts: Facts = NO_FACTS) -> Any:  # noqa: ANN401  as run
        """``await send(attempt)`` under the policy; ``facts`` tell about the request."""
        began = clock()
        try:
            at = current_deadline()
            value = await self._arun(send, facts if at is None else _with_deadline(facts, at))
        except BaseException as error:
            self._stats.ended(self._end_of(error), (clock() - began) // 1000)
            raise
        reader = self._reader
        if reader is None or reader(value).ok:
            self._stats.succeeded((clock() - began) // 1000)
        else:
            self._stats.ended("failed", (clock() - began) // 1000)
        return value

    def _facts(self, fn: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Facts:
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

    def _end_of(self, error: BaseException) -> str:
        if isinstance(error, CallError):
            return error.kind
        if not isinstance(error, Exception):
            return "cancelled"
        return "failed" if self.classifier.error(error).classes else "error"


def _with_deadline(facts: Facts, at: int) -> Facts:
    """``facts`` with the deadline of the request that is being served."""
    if facts.deadline is not None:
        return facts
    return Facts(deadline=at) if facts is NO_FACTS else replace(facts, deadline=at)
