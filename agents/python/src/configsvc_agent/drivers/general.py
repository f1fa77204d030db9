"""The general way of calls: all of the engine's steps, and the end told to whoever counts."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from configsvc_agent.drivers.classify import DEFAULT, Classifier
from configsvc_agent.drivers.listening import Listener, SafeListener
from configsvc_agent.drivers.sync import run_sync
from configsvc_agent.drivers.timing import REAL_TIME, Timing
from configsvc_agent.engine.call import Call
from configsvc_agent.engine.commands import Attempt, Facts, Ports
from configsvc_agent.engine.events import HedgeRefused
from configsvc_agent.engine.outcome import Outcome
from configsvc_agent.engine.plan import Plan
from configsvc_agent.engine.policy import Edge
from configsvc_agent.engine.registry import Machines

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from configsvc_agent.engine.waiting import Waker

T = TypeVar("T")

FactsOf = Callable[[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]], Facts]
"""The facts of a call from its function and its arguments."""


class Tally(Protocol):
    """What counts the ends of calls; each latency is in microseconds, waits included."""

    def succeeded(self, latency: int) -> None:
        """A call ended well with its first attempt."""

    def returned(self, value: object, latency: int) -> None:
        """A call handed out ``value``: maybe a failed answer, or what stands in for one."""

    def raised(self, error: BaseException, latency: int) -> None:
        """A call raised ``error``."""


class Tasks(NamedTuple):
    """What runs calls in asyncio tasks."""

    make: Callable[..., Awaitable[tuple[Outcome, int]]]
    run: Callable[..., Awaitable[Any]]
    waker: Callable[[], Waker]


@cache
def tasks() -> Tasks:
    """Imported with the first asynchronous call: threaded services do not pay for asyncio."""
    from configsvc_agent.drivers import aio, race  # noqa: PLC0415 - see above

    return Tasks(race.make, aio.run_async, aio.TaskWaker)


class GeneralWay:
    """Carries out calls of one edge that the express way is not for, or that left it."""

    __slots__ = (
        "_async_ports",
        "_classifier",
        "_clock",
        "_executor",
        "_facts_of",
        "_hedge_missed",
        "_machines",
        "_outcome_of",
        "_plan",
        "_ports",
        "_succeeded",
        "_tally",
        "_tells_attempts",
        "_timing",
        "edge",
    )

    def __init__(  # noqa: PLR0913 - all but two have defaults
        self,
        machines: Machines,
        edge: Edge,
        *,
        classifier: Classifier = DEFAULT,
        listener: Listener | None = None,
        attempts: bool = True,
        executor: Executor | None = None,
        rng: Callable[[], float] = random.random,
        timing: Timing = REAL_TIME,
        tally: Tally | None = None,
    ) -> None:
        emit = None if listener is None else SafeListener(listener)
        self.edge = edge
        self._machines = machines
        self._classifier = classifier
        self._executor = executor
        self._timing = timing
        self._ports = Ports(rng, timing.waker, emit, attempts)
        self._async_ports = Ports(rng, lambda: tasks().waker(), emit, attempts)
        self._clock = timing.clock
        self._outcome_of = classifier.result
        self._tells_attempts = listener is not None and attempts
        self._tally = tally
        self._succeeded = None if tally is None else tally.succeeded
        self._facts_of: FactsOf | None = None
        self._hedge_missed = False
        self._plan = machines.plan(edge, timing.clock())

    @property
    def plan(self) -> Plan:
        """What a call that begins now obeys."""
        plan = self._plan
        if plan.version != self._machines.version:
            self._plan = plan = self._machines.plan(self.edge, self._timing.clock())
        return plan

    # ── in a thread ──────────────────────────────────────────────────────────────────────────────

    def _run_through(self, send: Callable[[Attempt], T], facts: Facts) -> Any:  # noqa: ANN401 - or a fallback
        """A call from its start."""
        now = self._clock()
        return self._told(now, lambda: self._begin(send, facts, now))

    def _begin(self, send: Callable[[Attempt], T], facts: Facts, now: int) -> Any:  # noqa: ANN401 - or a fallback
        plan = self.plan
        call = Call(plan, self._ports, facts)
        if plan.policy.hedge is not None:
            if self._executor is not None:
                from configsvc_agent.drivers.hedged import run_hedged  # noqa: PLC0415 - as asyncio

                timing, reader = self._timing, self._classifier
                return run_hedged(call, send, timing, reader, self._executor, facts)
            self._say_hedge_missed()
        return run_sync(call, call.start(now), send, self._timing, self._classifier, facts)

    def _derailed(
        self, attempt: Attempt, send: Callable[[Attempt], T], facts: Facts, error: BaseException
    ) -> Any:  # noqa: ANN401 - or a fallback
        """A call from the failure of an attempt that left on the express way."""
        if not isinstance(error, Exception):
            self._cancelled(attempt, facts, error)
            raise error
        attempt.exception = error
        try:
            outcome = self._classifier.error(error)
        except BaseException as mistake:
            self._cancelled(attempt, facts, mistake)
            raise
        del error  # no cycle through the traceback that holds this frame
        return self._go_on(attempt, outcome, send, facts)

    def _go_on(
        self, attempt: Attempt, outcome: Outcome, send: Callable[[Attempt], T], facts: Facts
    ) -> Any:  # noqa: ANN401 - or a fallback
        """A call from the end of an attempt that left on the express way."""
        call, now = Call.of(attempt, self._ports, facts), self._clock()
        command = call.finished(attempt, outcome, now)
        timing, reader = self._timing, self._classifier
        return self._told(
            attempt.started, lambda: run_sync(call, command, send, timing, reader, facts)
        )

    def _told(self, began: int, step: Callable[[], Any]) -> Any:  # noqa: ANN401 - or a fallback
        """``step()``, and how it ended."""
        tally = self._tally
        if tally is None:
            return step()
        try:
            value = step()
        except BaseException as error:
            tally.raised(error, self._clock() - began)
            raise
        tally.returned(value, self._clock() - began)
        return value

    # ── in a task ────────────────────────────────────────────────────────────────────────────────

    async def _arun_through(self, send: Callable[[Attempt], Awaitable[T]], facts: Facts) -> Any:  # noqa: ANN401 - or a fallback
        """A call from its start."""
        now = self._clock()
        call = Call(self.plan, self._async_ports, facts)
        command = call.start(now)
        steps = tasks().run(call, command, send, self._clock, self._classifier, facts)
        return await self._atold(now, steps)

    async def _ago_on(
        self,
        attempt: Attempt,
        end: tuple[Outcome, int],
        send: Callable[[Attempt], Awaitable[T]],
        facts: Facts,
    ) -> Any:  # noqa: ANN401 - or a fallback
        """A call from the end of an attempt that left on the express way."""
        call = Call.of(attempt, self._async_ports, facts)
        command = call.finished(attempt, *end)
        steps = tasks().run(call, command, send, self._clock, self._classifier, facts)
        return await self._atold(attempt.started, steps)

    async def _atold(self, began: int, steps: Awaitable[Any]) -> Any:  # noqa: ANN401 - or a fallback
        """``await steps``, and how it ended."""
        tally = self._tally
        if tally is None:
            return await steps
        try:
            value = await steps
        except BaseException as error:
            tally.raised(error, self._clock() - began)
            raise
        tally.returned(value, self._clock() - began)
        return value

    # ── either ───────────────────────────────────────────────────────────────────────────────────

    def _cancelled(self, attempt: Attempt, facts: Facts, error: BaseException) -> None:
        """Whoever made an attempt that left on the express way gave up."""
        now = self._clock()
        Call.of(attempt, self._ports, facts).cancelled(now)
        if self._tally is not None:
            self._tally.raised(error, now - attempt.started)

    def _say_hedge_missed(self) -> None:
        if self._hedge_missed:
            return
        self._hedge_missed = True
        if self._ports.emit is not None:
            reason = "a synchronous call needs an executor to send copies, and was given none"
            self._ports.emit(HedgeRefused(self.edge, self._timing.clock(), reason))
