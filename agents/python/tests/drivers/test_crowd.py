"""Every machine holds its promise to eight callers: virtual ones, threads and tasks alike."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace

import pytest

from agents.python.tests.drivers.crowd import (
    CALLERS,
    GET,
    Meanwhile,
    Report,
    TaskCrowd,
    ThreadedCrowd,
    VirtualCrowd,
)
from agents.python.tests.engine.policies import breaker, everything, retry
from agents.python.tests.engine.world import EDGE, MS, OK, SECOND, Script, fails
from configsvc_agent.engine.commands import Attempt, Facts
from configsvc_agent.engine.events import AttemptStarted, BreakerChanged, FallbackUsed
from configsvc_agent.engine.outcome import SUCCESS, Outcome, failure
from configsvc_agent.engine.policy import (
    PPM,
    Backoff,
    Bulkhead,
    CallPolicy,
    HalfOpen,
    Hedge,
    LastGoodFallback,
    RateLimit,
    RetryBudget,
    Timeout,
    Window,
)
from configsvc_agent.engine.registry import Machines
from configsvc_agent.errors import CallTimeoutError, FullError, LimitedError, OpenError

FAST = MS // 5


Crowd = Callable[..., Report]


@pytest.fixture(
    params=[VirtualCrowd, ThreadedCrowd, TaskCrowd], ids=["virtual", "threads", "tasks"]
)
def crowd(request: pytest.FixtureRequest) -> Crowd:
    """Runs ``calls`` calls of each caller under either clock, while ``meanwhile`` happens."""

    def run(
        policy: CallPolicy,
        doing: Script,
        *,
        calls: int,
        meanwhile: Meanwhile | None = None,
        facts: Facts = GET,
    ) -> Report:
        report: Report = request.param(policy, doing, calls, facts).run(meanwhile)
        return report

    return run


def taking(latency: int, outcome: Outcome = SUCCESS) -> Script:
    """Every attempt the same."""
    return lambda _attempt: (latency, outcome)


def every(count: int, *, latency: int = FAST) -> Script:
    """One attempt of ``count`` succeeds, the others fail."""
    numbers = itertools.count(1)
    bad = failure("5xx")
    return lambda _attempt: (latency, bad if next(numbers) % count else SUCCESS)


def test_bulkhead_admits_no_more_than_it_may(crowd: Crowd) -> None:
    """Three at once; the others are refused; in the end nothing is held."""
    report = crowd(CallPolicy(bulkhead=Bulkhead(3)), taking(FAST), calls=30)
    assert report.most_at_once <= 3
    assert len(report.attempts) + len(report.refusals) == CALLERS * 30
    assert {type(each) for each in report.refusals} == {FullError}
    assert report.machine("bulkhead").snapshot() == {"in_flight": 0, "queued": 0}


def test_bulkhead_with_room_to_queue_serves_everybody(crowd: Crowd) -> None:
    """Nobody waits for ever and nobody is refused."""
    policy = CallPolicy(bulkhead=Bulkhead(2, queue=CALLERS, max_wait=20 * SECOND))
    report = crowd(policy, taking(FAST), calls=25)
    assert report.refusals == []
    assert report.answers == CALLERS * 25
    assert report.most_at_once == 2


def test_queue_whose_wait_runs_out_loses_no_permit(crowd: Crowd) -> None:
    """Granting and giving up cross each other in every order."""
    policy = CallPolicy(bulkhead=Bulkhead(1, queue=CALLERS, max_wait=FAST))
    report = crowd(policy, taking(FAST), calls=25)
    assert report.most_at_once == 1
    assert report.answers + len(report.refusals) == CALLERS * 25
    assert report.machine("bulkhead").snapshot() == {"in_flight": 0, "queued": 0}


def test_rate_limit_lets_no_more_through_than_time_allows(crowd: Crowd) -> None:
    """The burst, and the rate for as long as it took."""
    policy = CallPolicy(rate_limit=RateLimit(limit=200, period=SECOND, burst=10))
    report = crowd(policy, taking(FAST), calls=30)
    assert len(report.attempts) <= 10 + 200 * report.ended / SECOND + 1
    assert len(report.attempts) >= 10
    assert {type(each) for each in report.refusals} == {LimitedError}


def test_rate_limit_that_lets_wait_keeps_everybody_in_line(crowd: Crowd) -> None:
    """All are served, none early."""
    policy = CallPolicy(
        rate_limit=RateLimit(limit=1_000, period=SECOND, burst=1, max_wait=5 * SECOND)
    )
    report = crowd(policy, taking(0), calls=8)
    assert report.refusals == []
    starts = sorted(attempt.started for attempt in report.attempts)
    for count, (first, last) in enumerate(itertools.product(starts[:1], starts[1:]), start=1):
        assert last - first >= count * MS - MS
    assert not report.machine("limiter")._waiting


def test_budget_pays_for_no_more_than_was_paid_in(crowd: Crowd) -> None:
    """20 % of the first attempts, to the last one."""
    policy = CallPolicy(
        retry=retry(3, backoff=Backoff(0, jitter="none"), budget=RetryBudget(PPM // 5)),
        idempotent=True,
    )
    report = crowd(policy, taking(0, failure("5xx")), calls=40)
    numbers = Counter(attempt.number for attempt in report.attempts)
    assert numbers[1] == CALLERS * 40
    assert numbers[2] + numbers[3] == CALLERS * 40 // 5
    assert report.machine("budget")._saved < PPM


def test_breaker_records_each_attempt_once(crowd: Crowd) -> None:
    """No outcome is lost and none counted twice."""
    rules = breaker(window=Window("count", 10_000), minimum_calls=10_000)
    report = crowd(CallPolicy(breaker=rules), every(3), calls=40)
    window = report.machine("breaker")._window
    assert window.total == len(report.attempts) == CALLERS * 40
    assert window.failures == CALLERS * 40 - CALLERS * 40 // 3


def test_half_open_breaker_admits_exactly_its_probes(crowd: Crowd) -> None:
    """However many ask at the same moment; every opening is announced once."""
    rules = breaker(
        window=Window("count", 4),
        minimum_calls=4,
        failure_rate=PPM,
        open_for=2 * MS,
        half_open=HalfOpen(probes=2),
    )
    report = crowd(CallPolicy(breaker=rules), taking(FAST, failure("5xx")), calls=60)
    by_permit = Counter(attempt.permit for attempt in report.attempts)
    probing = {permit: count for permit, count in by_permit.items() if permit > 1}
    assert probing
    last = max(probing)  # whose second probe nobody may have been left to make
    assert {count for permit, count in probing.items() if permit != last} <= {2}
    assert probing[last] <= 2
    assert {type(each) for each in report.refusals} == {OpenError}
    states = Counter(each.state for each in report.events if isinstance(each, BreakerChanged))
    assert states["open"] == states["half-open"] + 1 or states["open"] == states["half-open"]


def test_breaker_recovers(crowd: Crowd) -> None:
    """The callee fails at first and is well later."""
    numbers = itertools.count()
    rules = breaker(window=Window("count", 10), minimum_calls=5, open_for=MS)

    def serve(_attempt: Attempt) -> tuple[int, Outcome]:
        return (FAST, failure("5xx")) if next(numbers) < 20 else (FAST, SUCCESS)

    report = crowd(CallPolicy(breaker=rules), serve, calls=120)
    assert report.machine("breaker").state == "closed"
    assert report.answers > CALLERS


def test_attempts_that_overrun_are_timeouts(crowd: Crowd) -> None:
    """Every third one lasts three times its limit: nobody gets its answer."""
    numbers = itertools.count(1)
    limit = 100 * MS
    policy = CallPolicy(
        timeout=Timeout(attempt=limit, overall=2 * limit),
        breaker=breaker(window=Window("count", 10_000), minimum_calls=10_000),
        bulkhead=Bulkhead(CALLERS),
    )

    def serve(_attempt: Attempt) -> tuple[int, Outcome]:
        return (FAST if next(numbers) % 3 else 3 * limit), SUCCESS

    report = crowd(policy, serve, calls=3)
    late = [each for each in report.refusals if isinstance(each, CallTimeoutError)]
    assert len(late) >= CALLERS
    assert report.answers + len(late) == CALLERS * 3
    assert report.machine("breaker")._window.failures == len(late)
    assert report.machine("bulkhead").snapshot() == {"in_flight": 0, "queued": 0}


def test_breaker_of_a_bad_instance_leaves_the_good_one_to_everybody(crowd: Crowd) -> None:
    """Whoever chooses the bad one while its breaker is open goes to the other."""
    turns = itertools.count()
    policy = CallPolicy(
        breaker=breaker(
            window=Window("count", 4), minimum_calls=4, open_for=SECOND * 60, scope="instance"
        )
    )

    def choose(avoided: Collection[str]) -> str | None:
        left = [name for name in ("bad", "good") if name not in avoided] or ["good"]
        return left[next(turns) % len(left)]

    def serve(attempt: Attempt) -> tuple[int, Outcome]:
        return FAST, failure("5xx") if attempt.instance == "bad" else SUCCESS

    report = crowd(policy, serve, calls=25, facts=Facts(choose=choose))
    by_instance = Counter(attempt.instance for attempt in report.attempts)
    assert 4 <= by_instance["bad"] < 4 + CALLERS
    assert report.answers == by_instance["good"] == CALLERS * 25 - by_instance["bad"]
    assert report.refusals == []


def test_last_good_answer_stands_in_for_each_failure_that_follows(crowd: Crowd) -> None:
    """One answer for all callers: they ask for the same."""
    numbers = itertools.count()

    def serve(_attempt: Attempt) -> tuple[int, Outcome]:
        return FAST, failure("5xx") if next(numbers) >= CALLERS else SUCCESS

    report = crowd(CallPolicy(fallback=LastGoodFallback(60 * SECOND)), serve, calls=20)
    used = [each for each in report.events if isinstance(each, FallbackUsed)]
    assert {each.kind for each in used} == {"last-good"}
    assert len(used) == CALLERS * 19
    assert report.refusals == []


def test_copies_of_hedged_calls_hold_nothing_in_the_end(crowd: Crowd) -> None:
    """Whoever wins, everybody is answered and the losers give their places back."""
    policy = CallPolicy(
        hedge=Hedge(1, FAST), bulkhead=Bulkhead(2 * CALLERS), breaker=breaker(), idempotent=True
    )
    report = crowd(policy, taking(3 * FAST), calls=10)
    assert report.answers == CALLERS * 10
    assert len(report.attempts) > CALLERS * 10
    assert report.most_at_once <= 2 * CALLERS
    assert report.machine("bulkhead").snapshot() == {"in_flight": 0, "queued": 0}
    assert report.machine("breaker")._out == 0


def test_everything_together_holds_nothing_in_the_end(crowd: Crowd) -> None:
    """Retries, waits, refusals and openings over each other."""
    policy = replace(
        everything(),
        retry=retry(3, backoff=Backoff(FAST), budget=RetryBudget(PPM // 2, 5)),
        breaker=breaker(open_for=MS, failure_rate=PPM * 7 // 10),
        bulkhead=Bulkhead(3, queue=3, max_wait=2 * FAST),
        rate_limit=RateLimit(4_000, burst=20, max_wait=FAST),
    )
    report = crowd(policy, every(2), calls=50)
    assert report.machine("bulkhead").snapshot() == {"in_flight": 0, "queued": 0}
    assert report.machine("breaker")._out == 0
    assert not report.machine("limiter")._waiting
    assert report.machine("budget")._saved == sum(report.machine("budget")._slots)
    assert report.most_at_once <= 3


def test_policies_may_change_while_everybody_calls(crowd: Crowd) -> None:
    """No call fails for it, nobody is forgotten in a queue, no permit is lost."""
    tight = replace(everything(), bulkhead=Bulkhead(2, queue=CALLERS, max_wait=None))
    sequence = [
        tight,
        replace(tight, bulkhead=Bulkhead(3, queue=CALLERS, max_wait=None)),
        CallPolicy(),
        replace(tight, breaker=breaker(window=Window("time", SECOND)), bulkhead=None),
        CallPolicy(retry=retry(2), idempotent=True),
    ]

    def reload(machines: Machines, tick: int) -> None:
        machines.install({EDGE: sequence[tick % len(sequence)]}, 0)

    report = crowd(tight, taking(FAST), calls=40, meanwhile=reload)
    assert report.refusals == []
    assert report.answers == CALLERS * 40
    for key, entry in report.machines._entries.items():
        if key.kind == "bulkhead":
            assert entry.cell.machine.snapshot() == {"in_flight": 0, "queued": 0}


def test_events_tell_of_every_attempt(crowd: Crowd) -> None:
    """One start for each that left."""
    report = crowd(everything(), lambda _attempt: OK if FAST else fails("5xx"), calls=20)
    started = [each for each in report.events if isinstance(each, AttemptStarted)]
    assert len(started) == len(report.attempts) == CALLERS * 20
