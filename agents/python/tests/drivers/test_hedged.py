"""Hedged calls with the threads of an executor."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from agents.python.tests.engine.policies import everything
from agents.python.tests.engine.world import EDGE, MS
from configsvc_agent.drivers import Attempt, Facts, Guard
from configsvc_agent.engine.policy import CallPolicy, Hedge
from configsvc_agent.engine.registry import Machines

GET = Facts(method="GET")
HEDGED: CallPolicy = replace(everything(), retry=None, hedge=Hedge(copies=1, delay=MS))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """The user's threads, four of them."""
    with ThreadPoolExecutor(4) as executor:
        yield executor


class Bench:
    """A guard with an executor."""

    def __init__(self, pool: ThreadPoolExecutor, policy: CallPolicy = HEDGED) -> None:
        self.machines = Machines({EDGE: policy}, lock=threading.Lock)
        self.guard = Guard(self.machines, EDGE, executor=pool)

    def machine(self, kind: str) -> Any:  # noqa: ANN401 - whatever machine it is
        """The only machine of this kind."""
        (entry,) = (e for key, e in self.machines._entries.items() if key.kind == kind)
        return entry.cell.machine


def test_first_answer_wins_while_the_loser_still_runs(pool: ThreadPoolExecutor) -> None:
    """The loser keeps its place in the bulkhead until it has ended."""
    bench, go_on = Bench(pool), threading.Event()

    def send(attempt: Attempt) -> int:
        if attempt.number == 1:
            assert go_on.wait(10)
        return attempt.number

    assert bench.guard.run(send, GET) == 2
    assert bench.machine("bulkhead").in_flight == 1
    go_on.set()
    pool.shutdown(wait=True)
    assert bench.machine("bulkhead").in_flight == 0
    assert bench.machine("breaker")._window.total == 1


def test_error_of_the_last_copy_is_raised(pool: ThreadPoolExecutor) -> None:
    """When none has answered."""
    both = threading.Barrier(2, timeout=10)

    def send(attempt: Attempt) -> None:
        both.wait()
        raise ConnectionResetError(attempt.number)

    with pytest.raises(ConnectionResetError):
        Bench(pool).guard.run(send, GET)


def test_fast_call_sends_no_copy(pool: ThreadPoolExecutor) -> None:
    """An hour is a long delay."""
    bench = Bench(pool, replace(HEDGED, hedge=Hedge(1, 3_600_000_000)))
    assert bench.guard.run(lambda attempt: attempt.number, GET) == 1


def test_executor_that_takes_nothing_more_gives_everything_back(
    pool: ThreadPoolExecutor,
) -> None:
    """Its complaint is raised."""
    bench = Bench(pool)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        bench.guard.run(lambda attempt: attempt.number, GET)
    assert bench.machine("bulkhead").in_flight == 0


def test_many_hedged_calls_leave_nothing_behind(pool: ThreadPoolExecutor) -> None:
    """Eight callers race with four threads; every permit comes back."""
    bench = Bench(pool, replace(HEDGED, hedge=Hedge(copies=2, delay=0)))
    answers: list[int] = []

    def caller() -> None:
        answers.extend(bench.guard.run(lambda attempt: attempt.number, GET) for _ in range(40))

    callers = [threading.Thread(target=caller) for _ in range(8)]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    pool.shutdown(wait=True)
    assert len(answers) == 320
    assert set(answers) <= {1, 2, 3}
    assert bench.machine("bulkhead").in_flight == 0
