"""A guarded edge: what a service calls through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from configsvc_agent.drivers import context
from configsvc_agent.drivers.general import GeneralWay, tasks
from configsvc_agent.drivers.serving import current_deadline
from configsvc_agent.engine.commands import NO_FACTS, Attempt, Facts
from configsvc_agent.engine.outcome import SUCCESS
from configsvc_agent.values import replace

P = ParamSpec("P")
T = TypeVar("T")


class Guard(GeneralWay):
    """Calls along one edge, under the policy that ``machines`` has in force for it.

    A guard is made once and lives as long as the process: a new policy takes effect with the next
    call. It may be shared by any number of threads and tasks. No call outlives the request that is
    being served (:func:`~configsvc_agent.deadline`). ``classifier`` reads results and errors,
    ``listener`` is told what happens (with ``attempts`` of every attempt too), ``tally`` how each
    call ended, ``executor`` carries the copies of hedged synchronous calls; without one they are
    made without copies, which is said once by an event.

    Each of the four ways to call is written out: to share more than the ends of the express way
    would cost every call a good part of what it costs now.
    """

    __slots__ = ()

    def call(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """``fn(*args, **kwargs)``, guarded; it may be called more than once.

        ``fn`` learns its time limit from :func:`~configsvc_agent.current_attempt`.

        Raises:
            CallError: a policy refused or cut the call.
            Exception: what ``fn`` raised last.
        """
        facts = NO_FACTS if self._facts_of is None else self._facts_of(fn, args, kwargs)
        until = current_deadline()
        if until is not None:
            facts = _until(until, facts)
        attempt = self._depart(facts)
        if attempt is None:
            return self._run_through(_sender(fn, args, kwargs), facts)  # type: ignore[no-any-return]
        try:
            token = context.enter(attempt)
            try:
                value = fn(*args, **kwargs)
            finally:
                context.leave(token)
            outcome = SUCCESS if self._outcome_of is None else self._outcome_of(value)
        except BaseException as error:  # noqa: BLE001 - handed on, never swallowed
            return self._derailed(attempt, _sender(fn, args, kwargs), facts, error)  # type: ignore[no-any-return]
        if outcome.ok and self._arrived(attempt, self._clock()):
            return value
        attempt.value = value
        return self._go_on(attempt, outcome, _sender(fn, args, kwargs), facts)  # type: ignore[no-any-return]

    def run(self, send: Callable[[Attempt], T], facts: Facts = NO_FACTS) -> Any:  # noqa: ANN401 - or a fallback
        """``send(attempt)``, guarded; ``facts`` tell about the request."""
        until = current_deadline()
        if until is not None:
            facts = _until(until, facts)
        attempt = self._depart(facts)
        if attempt is None:
            return self._run_through(send, facts)
        try:
            value = send(attempt)
            outcome = SUCCESS if self._outcome_of is None else self._outcome_of(value)
        except BaseException as error:  # noqa: BLE001 - handed on, never swallowed
            return self._derailed(attempt, send, facts, error)
        if outcome.ok and self._arrived(attempt, self._clock()):
            return value
        attempt.value = value
        return self._go_on(attempt, outcome, send, facts)

    async def acall(self, fn: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As :meth:`call` for a coroutine function; an attempt is cancelled when its time is up."""
        facts = NO_FACTS if self._facts_of is None else self._facts_of(fn, args, kwargs)
        until = current_deadline()
        if until is not None:
            facts = _until(until, facts)
        attempt = self._depart(facts)
        if attempt is None:
            return await self._arun_through(_async_sender(fn, args, kwargs), facts)  # type: ignore[no-any-return]
        token = context.enter(attempt)
        try:
            end = await tasks().make(
                attempt, lambda _: fn(*args, **kwargs), self._clock, self._classifier
            )
        except BaseException as error:
            self._cancelled(attempt, facts, error)
            raise
        finally:
            context.leave(token)
        if end[0].ok and self._arrived(attempt, end[1]):
            return attempt.value  # type: ignore[no-any-return]
        return await self._ago_on(attempt, end, _async_sender(fn, args, kwargs), facts)  # type: ignore[no-any-return]

    async def arun(self, send: Callable[[Attempt], Awaitable[T]], facts: Facts = NO_FACTS) -> Any:  # noqa: ANN401 - or a fallback
        """``await send(attempt)``, guarded; ``facts`` tell about the request."""
        until = current_deadline()
        if until is not None:
            facts = _until(until, facts)
        attempt = self._depart(facts)
        if attempt is None:
            return await self._arun_through(send, facts)
        try:
            end = await tasks().make(attempt, send, self._clock, self._classifier)
        except BaseException as error:
            self._cancelled(attempt, facts, error)
            raise
        if end[0].ok and self._arrived(attempt, end[1]):
            return attempt.value
        return await self._ago_on(attempt, end, send, facts)

    # ── the ends of the express way ──────────────────────────────────────────────────────────────

    def _depart(self, facts: Facts) -> Attempt | None:
        """The first attempt, under way; ``None`` if the call has to go on the general way."""
        plan = self._plan
        if plan.version != self._machines.version:
            plan = self.plan
        express = plan.express
        if express is None or self._tells_attempts:
            return None
        return express.depart(self._clock(), facts)

    def _arrived(self, attempt: Attempt, now: int) -> bool:
        """Whether the call is over, because its answer came in time."""
        express = attempt.plan.express
        if express is None or not express.arrive(attempt, now, self._ports):
            return False
        if self._succeeded is not None:
            self._succeeded(now - attempt.started)
        return True


def _until(at: int, facts: Facts) -> Facts:
    """``facts`` with the deadline of the request that is being served."""
    if facts.deadline is not None:
        return facts
    return Facts(deadline=at) if facts is NO_FACTS else replace(facts, deadline=at)


def _sender(
    fn: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Callable[[Attempt], T]:
    """Calls ``fn``, which can ask for its attempt."""

    def send(attempt: Attempt) -> T:
        token = context.enter(attempt)
        try:
            return fn(*args, **kwargs)
        finally:
            context.leave(token)

    return send


def _async_sender(
    fn: Callable[..., Awaitable[T]], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Callable[[Attempt], Awaitable[T]]:
    """As :func:`_sender`, for a coroutine function."""

    async def send(attempt: Attempt) -> T:
        token = context.enter(attempt)
        try:
            return await fn(*args, **kwargs)
        finally:
            context.leave(token)

    return send
