"""A guarded edge: what a service calls through."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, ParamSpec, TypeVar

from configsvc_agent.drivers import context
from configsvc_agent.drivers.classify import DEFAULT, Classifier
from configsvc_agent.drivers.listening import Listener, SafeListener
from configsvc_agent.drivers.sync import run_sync
from configsvc_agent.drivers.timing import Timing
from configsvc_agent.engine.call import Call
from configsvc_agent.engine.commands import NO_FACTS, Attempt, Facts, Ports
from configsvc_agent.engine.events import HedgeRefused
from configsvc_agent.engine.outcome import SUCCESS, Outcome
from configsvc_agent.engine.plan import Plan
from configsvc_agent.engine.policy import Edge
from configsvc_agent.engine.registry import Machines

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from configsvc_agent.engine.waiting import Waker

P = ParamSpec("P")
T = TypeVar("T")

REAL_TIME: Final = Timing()


class _Tasks(NamedTuple):
    """What runs calls in asyncio tasks."""

    make: Callable[..., Awaitable[tuple[Outcome, int]]]
    run: Callable[..., Awaitable[Any]]
    waker: Callable[[], Waker]


@cache
def _tasks() -> _Tasks:
    """Imported with the first asynchronous call: threaded services do not pay for asyncio."""
    from configsvc_agent.drivers import aio, race  # noqa: PLC0415 - see above

    return _Tasks(race.make, aio.run_async, aio.TaskWaker)


class Guard:
    """Calls along one edge, under the policy that ``machines`` has in force for it.

    A guard is made once and lives as long as the process: a new policy takes effect with the next
    call. It may be shared by any number of threads and tasks. ``classifier`` reads results and
    errors, ``listener`` is told what happens (with ``attempts`` of every attempt too), ``executor``
    carries the copies of hedged synchronous calls; without one they are made without copies, which
    is said once by an event.
    """

    __slots__ = (
        "_async_ports",
        "_classifier",
        "_clock",
        "_executor",
        "_hedge_missed",
        "_machines",
        "_outcome_of",
        "_plan",
        "_ports",
        "_tells_attempts",
        "_timing",
        "edge",
    )

    def __init__(
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
    ) -> None:
        emit = None if listener is None else SafeListener(listener)
        self.edge = edge
        self._machines = machines
        self._classifier = classifier
        self._executor = executor
        self._timing = timing
        self._ports = Ports(rng, timing.waker, emit, attempts)
        self._async_ports = Ports(rng, lambda: _tasks().waker(), emit, attempts)
        self._clock = timing.clock
        self._outcome_of = classifier.result
        self._tells_attempts = emit is not None and attempts
        self._hedge_missed = False
        self._plan = machines.plan(edge, timing.clock())

    @property
    def plan(self) -> Plan:
        """What a call that begins now obeys."""
        plan = self._plan
        if plan.version != self._machines.version:
            self._plan = plan = self._machines.plan(self.edge, self._timing.clock())
        return plan

    def call(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """``fn(*args, **kwargs)``, guarded.

        ``fn`` learns its time limit from :func:`~configsvc_agent.drivers.current_attempt`. Raises
        what ``fn`` raises, or a :class:`~configsvc_agent.errors.CallError`.
        """

        def send(attempt: Attempt) -> T:
            token = context.enter(attempt)
            try:
                return fn(*args, **kwargs)
            finally:
                context.leave(token)

        result: T = self.run(send)
        return result

    def run(self, send: Callable[[Attempt], T], facts: Facts = NO_FACTS) -> Any:  # noqa: ANN401 - or a fallback
        """``send(attempt)``, guarded; ``facts`` tell about the request."""
        plan = self._plan
        if plan.version != self._machines.version:
            plan = self.plan
        now = self._clock()
        express = plan.express
        if express is None or self._tells_attempts:
            return self._run_through(plan, send, facts, now)
        attempt = express.depart(now, facts)
        if attempt is None:
            return self._run_through(plan, send, facts, now)
        try:
            value = send(attempt)
            outcome = SUCCESS if self._outcome_of is None else self._outcome_of(value)
        except BaseException as error:  # noqa: BLE001 - handed on, never swallowed
            return self._derailed(attempt, send, facts, error)
        now = self._clock()
        if outcome.ok and express.arrive(attempt, now, self._ports):
            return value
        attempt.value = value
        call = Call.of(attempt, self._ports, facts)
        command = call.finished(attempt, outcome, now)
        return run_sync(call, command, send, self._timing, self._classifier, facts)

    def _run_through(self, plan: Plan, send: Callable[[Attempt], T], facts: Facts, now: int) -> Any:  # noqa: ANN401 - or a fallback
        """The general way, from the start."""
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
        """The general way, from the failure of an attempt that left on the express way."""
        call = Call.of(attempt, self._ports, facts)
        now = self._clock()
        if not isinstance(error, Exception):
            call.cancelled(now)
            raise error
        attempt.exception = error
        command = call.finished(attempt, self._classifier.error(error), now)
        del error
        return run_sync(call, command, send, self._timing, self._classifier, facts)

    async def acall(self, fn: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """``await fn(*args, **kwargs)``, guarded: as :meth:`call`, but an attempt is cancelled."""

        async def send(attempt: Attempt) -> T:
            token = context.enter(attempt)
            try:
                return await fn(*args, **kwargs)
            finally:
                context.leave(token)

        result: T = await self.arun(send)
        return result

    async def arun(self, send: Callable[[Attempt], Awaitable[T]], facts: Facts = NO_FACTS) -> Any:  # noqa: ANN401 - or a fallback
        """``await send(attempt)``, guarded; ``facts`` tell about the request."""
        plan = self._plan
        if plan.version != self._machines.version:
            plan = self.plan
        now = self._clock()
        express = plan.express
        if express is None or self._tells_attempts:
            return await self._arun_through(plan, send, facts, now)
        attempt = express.depart(now, facts)
        if attempt is None:
            return await self._arun_through(plan, send, facts, now)
        try:
            outcome, now = await _tasks().make(attempt, send, self._clock, self._classifier)
        except BaseException:
            Call.of(attempt, self._async_ports, facts).cancelled(self._clock())
            raise
        if outcome.ok and express.arrive(attempt, now, self._async_ports):
            return attempt.value
        call = Call.of(attempt, self._async_ports, facts)
        command = call.finished(attempt, outcome, now)
        return await _tasks().run(call, command, send, self._clock, self._classifier, facts)

    async def _arun_through(
        self, plan: Plan, send: Callable[[Attempt], Awaitable[T]], facts: Facts, now: int
    ) -> Any:  # noqa: ANN401 - or a fallback
        """The general way, from the start."""
        call = Call(plan, self._async_ports, facts)
        command = call.start(now)
        return await _tasks().run(call, command, send, self._clock, self._classifier, facts)

    def _say_hedge_missed(self) -> None:
        if self._hedge_missed:
            return
        self._hedge_missed = True
        if self._ports.emit is not None:
            reason = "a synchronous call needs an executor to send copies, and was given none"
            self._ports.emit(HedgeRefused(self.edge, self._timing.clock(), reason))
