"""Guarded calls in asyncio, under virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from agents.python.tests.drivers.clocks import loop_clock, play
from agents.python.tests.engine.policies import breaker, everything, retry
from agents.python.tests.engine.world import EDGE, MS, SECOND
from configsvc_agent.drivers import Attempt, Facts, Guard, Timing, current_attempt
from configsvc_agent.engine.policy import (
    Bulkhead,
    CallPolicy,
    Hedge,
    OperationFallback,
    RateLimit,
    Timeout,
    Window,
)
from configsvc_agent.engine.registry import Machines
from configsvc_agent.errors import AttemptTimeoutError, DeadlineError, FullError, OpenError

GET = Facts(method="GET")


class Bench:
    """A guard on the running loop's clock."""

    def __init__(self, policy: CallPolicy) -> None:
        self.machines = Machines({EDGE: policy})
        self.guard = Guard(self.machines, EDGE, timing=Timing(loop_clock), rng=lambda: 0.5)

    def machine(self, kind: str) -> Any:  # noqa: ANN401 - whatever machine it is
        """The only machine of this kind."""
        (entry,) = (e for key, e in self.machines._entries.items() if key.kind == kind)
        return entry.cell.machine


def under_virtual_time(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """A test that is a coroutine."""

    def run() -> None:
        play(test())  # type: ignore[arg-type]

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def now() -> int:
    """Milliseconds since the test began."""
    return loop_clock() // MS


async def hang() -> None:
    """Never ends."""
    await asyncio.get_running_loop().create_future()


async def after(seconds: float, value: object = "answer") -> object:
    """Ends after a while."""
    await asyncio.sleep(seconds)
    return value


async def fail(error: Exception) -> None:
    """Ends badly after a millisecond."""
    await asyncio.sleep(0.001)
    raise error


@under_virtual_time
async def test_value_is_returned_with_all_policies_on() -> None:
    """Arguments go through."""
    assert await Bench(everything()).guard.acall(after, 0.01, 42) == 42


@under_virtual_time
async def test_hanging_attempt_is_cancelled_at_its_limit() -> None:
    """It was interrupted."""
    bench = Bench(CallPolicy(timeout=Timeout(attempt=300 * MS), breaker=breaker()))
    with pytest.raises(AttemptTimeoutError) as caught:
        await bench.guard.acall(hang)
    assert caught.value.interrupted
    assert now() == 300
    assert bench.machine("breaker")._window.failures == 1


@under_virtual_time
async def test_overall_limit_holds_while_an_attempt_hangs() -> None:
    """Also in the second attempt."""
    policy = CallPolicy(timeout=Timeout(attempt=300 * MS, overall=500 * MS), retry=retry(3))
    bench = Bench(replace(policy, idempotent=True))
    with pytest.raises(DeadlineError, match="attempt 2 was cut by the overall limit of 500ms"):
        await bench.guard.acall(hang)
    assert now() == 500


@under_virtual_time
async def test_attempt_that_swallows_its_cancellation_is_a_timeout_all_the_same() -> None:
    """Its late answer is discarded, and the error says that it ran on."""

    async def stubborn() -> str:
        try:
            await hang()
        except asyncio.CancelledError:
            await asyncio.sleep(0.2)
        return "late"

    bench = Bench(CallPolicy(timeout=Timeout(attempt=300 * MS)))
    with pytest.raises(AttemptTimeoutError) as caught:
        await bench.guard.acall(stubborn)
    assert not caught.value.interrupted
    assert now() == 500
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@under_virtual_time
async def test_cancelled_caller_gives_everything_back() -> None:
    """And what it was waiting for is cancelled too."""
    bench = Bench(replace(everything(), bulkhead=Bulkhead(1)))
    task = asyncio.ensure_future(bench.guard.acall(hang))
    await asyncio.sleep(0.01)
    assert bench.machine("bulkhead").in_flight == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.machine("bulkhead").in_flight == 0
    assert bench.machine("breaker")._window.total == 0


@under_virtual_time
async def test_caller_cancelled_in_the_queue_leaves_it() -> None:
    """The one behind moves up."""
    bench = Bench(CallPolicy(bulkhead=Bulkhead(1, queue=2, max_wait=SECOND)))
    first = asyncio.ensure_future(bench.guard.acall(after, 0.3))
    second = asyncio.ensure_future(bench.guard.acall(after, 0.3))
    third = asyncio.ensure_future(bench.guard.acall(after, 0.1))
    await asyncio.sleep(0.01)
    second.cancel()
    assert await third == "answer"
    assert now() == 400
    await first
    assert bench.machine("bulkhead").in_flight == 0


@under_virtual_time
async def test_caller_cancelled_with_its_permit_granted_hands_it_on() -> None:
    """Granted and cancelled in the same turn of the loop."""
    bench = Bench(CallPolicy(bulkhead=Bulkhead(1, queue=2, max_wait=SECOND)))
    first = asyncio.ensure_future(bench.guard.acall(after, 0.3))
    second = asyncio.ensure_future(bench.guard.acall(after, 0.3))
    third = asyncio.ensure_future(bench.guard.acall(after, 0.1))
    first.add_done_callback(lambda _: second.cancel())
    assert await third == "answer"
    assert second.cancelled()
    assert bench.machine("bulkhead").in_flight == 0


@under_virtual_time
async def test_waits_let_the_loop_go_on() -> None:
    """Back-off, queue and token: other tasks run meanwhile."""
    policy = CallPolicy(
        rate_limit=RateLimit(10, burst=1, max_wait=SECOND), retry=retry(2), idempotent=True
    )
    bench = Bench(policy)
    calls = [asyncio.ensure_future(bench.guard.acall(after, 0.0, n)) for n in range(3)]
    ticks = 0
    while not all(call.done() for call in calls):
        await asyncio.sleep(0.01)
        ticks += 1
    assert [call.result() for call in calls] == [0, 1, 2]
    assert ticks >= 20


@under_virtual_time
async def test_full_queue_and_open_breaker_are_raised_typed() -> None:
    """As in a thread."""
    rules = breaker(window=Window("count", 1), minimum_calls=1)
    bench = Bench(CallPolicy(bulkhead=Bulkhead(1), breaker=rules))
    first = asyncio.ensure_future(bench.guard.acall(fail, ConnectionResetError()))
    await asyncio.sleep(0)
    with pytest.raises(FullError):
        await bench.guard.acall(after, 0.1)
    with pytest.raises(ConnectionResetError):
        await first
    with pytest.raises(OpenError):
        await bench.guard.acall(after, 0.1)


@under_virtual_time
async def test_callable_learns_its_attempt() -> None:
    """In its own context; concurrent ones do not mix."""
    bench = Bench(CallPolicy(timeout=Timeout(attempt=SECOND), retry=retry(2), idempotent=True))

    async def number(first: bool) -> int | None:  # noqa: FBT001 - a callable's argument
        await asyncio.sleep(0.01)
        attempt = current_attempt()
        if first and attempt is not None and attempt.number == 1:
            raise ConnectionResetError
        return None if attempt is None else attempt.number

    calls = bench.guard.acall(number, True), bench.guard.acall(number, False)  # noqa: FBT003
    assert await asyncio.gather(*calls) == [2, 1]


@under_virtual_time
async def test_hedge_runs_copies_beside_each_other_and_cancels_the_loser() -> None:
    """The first answer is the result."""
    bench = Bench(replace(everything(), retry=None, hedge=Hedge(1, 50 * MS)))
    lost: list[int] = []

    async def send(attempt: Attempt) -> int:
        try:
            await asyncio.sleep(0.5 if attempt.number == 1 else 0.01)
        except asyncio.CancelledError:
            lost.append(attempt.number)
            raise
        return attempt.number

    assert await bench.guard.arun(send, GET) == 2
    assert now() == 60
    await asyncio.sleep(0.001)
    assert lost == [1]
    assert bench.machine("bulkhead").in_flight == 0
    assert bench.machine("breaker")._window.total == 1


@under_virtual_time
async def test_cancelled_hedged_call_cancels_every_copy() -> None:
    """And all permits come back."""
    bench = Bench(replace(everything(), retry=None, hedge=Hedge(1, 50 * MS)))
    task = asyncio.ensure_future(bench.guard.acall(hang))
    await asyncio.sleep(0.1)
    assert bench.machine("bulkhead").in_flight == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.001)
    assert bench.machine("bulkhead").in_flight == 0


@under_virtual_time
async def test_hedged_call_whose_copies_all_fail_raises_the_last_failure() -> None:
    """After the last one has ended."""
    bench = Bench(CallPolicy(hedge=Hedge(1, 50 * MS), idempotent=True))

    async def send(attempt: Attempt) -> None:
        await asyncio.sleep(0.1)
        raise ConnectionResetError(str(attempt.number))

    with pytest.raises(ConnectionResetError, match="2"):
        await bench.guard.arun(send)
    assert now() == 150


@under_virtual_time
async def test_loser_that_raises_disturbs_nobody() -> None:
    """Not even asyncio's watch for errors that were never seen."""
    bench = Bench(CallPolicy(hedge=Hedge(1, 50 * MS), idempotent=True))

    async def send(attempt: Attempt) -> int:
        try:
            await asyncio.sleep(0.5 if attempt.number == 1 else 0.01)
        except asyncio.CancelledError:
            raise OSError from None
        return attempt.number

    assert await bench.guard.arun(send) == 2
    await asyncio.sleep(0.1)


@under_virtual_time
async def test_other_operation_is_awaited_instead() -> None:
    """By whoever knows how to call it."""
    bench = Bench(CallPolicy(fallback=OperationFallback("cached")))
    facts = Facts(substitute=lambda other: after(0.01, other.operation))

    async def send(_attempt: Attempt) -> None:
        raise ConnectionResetError

    assert await bench.guard.arun(send, facts) == "cached"


@under_virtual_time
async def test_removed_bulkhead_lets_go_who_waits() -> None:
    """At once."""
    bench = Bench(CallPolicy(bulkhead=Bulkhead(1, queue=1, max_wait=None)))
    first = asyncio.ensure_future(bench.guard.acall(after, 1.0))
    second = asyncio.ensure_future(bench.guard.acall(after, 0.1))
    await asyncio.sleep(0.2)
    bench.machines.install({}, loop_clock())
    assert await second == "answer"
    assert now() == 300
    await first


@under_virtual_time
async def test_timeout_of_the_surrounding_code_is_not_mistaken_for_ours() -> None:
    """asyncio.timeout around the call cancels it like any caller."""
    bench = Bench(CallPolicy(timeout=Timeout(attempt=SECOND), bulkhead=Bulkhead(1)))
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.2):
            await bench.guard.acall(hang)
    assert not isinstance(caught.value, AttemptTimeoutError)
    assert bench.machine("bulkhead").in_flight == 0


@under_virtual_time
async def test_cancellation_that_arrives_with_the_limit_is_the_callers() -> None:
    """Both at one moment: the caller is obeyed, and nothing is held."""
    bench = Bench(CallPolicy(timeout=Timeout(attempt=300 * MS), bulkhead=Bulkhead(1)))
    task = asyncio.ensure_future(bench.guard.acall(hang))
    asyncio.get_running_loop().call_at(0.3, task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.machine("bulkhead").in_flight == 0


@under_virtual_time
async def test_task_is_not_left_cancelled_by_an_attempt_that_was_cut() -> None:
    """It may go on, await and be cancelled by others as before."""
    bench = Bench(CallPolicy(timeout=Timeout(attempt=300 * MS)))
    with pytest.raises(AttemptTimeoutError):
        await bench.guard.acall(hang)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await hang()
    assert now() == 400
