"""The breaker, case by case."""

from __future__ import annotations

import pytest

from agents.python.tests.engine.policies import breaker as policy
from configsvc_agent.engine.breaker import Breaker
from configsvc_agent.engine.outcome import SUCCESS, TIMEOUT, UNATTRIBUTED, failure
from configsvc_agent.engine.policy import PPM, SECOND, HalfOpen, SlowCall, Window

BAD = failure("5xx", "503")
SLOW = SlowCall(above=100, rate=PPM)


def admitted(breaker: Breaker, now: int) -> int:
    """The permit of an attempt that must be let through."""
    permit = breaker.acquire(now).permit
    assert permit is not None
    return permit


def report(breaker: Breaker, *outcomes: object, now: int = 0, latency: int = 0) -> None:
    """Attempts that end like this, one after another."""
    for outcome in outcomes:
        permit = admitted(breaker, now)
        breaker.record(permit, outcome, latency, now)  # type: ignore[arg-type]


def opened(now: int = 0, **fields: object) -> Breaker:
    """A breaker that opened at ``now``."""
    breaker = Breaker(policy(window=Window("count", 2), minimum_calls=2, **fields))
    report(breaker, BAD, BAD, now=now)
    assert breaker.state == "open"
    return breaker


def test_rate_equal_to_the_threshold_trips() -> None:
    """Five of ten at 50 %."""
    breaker = Breaker(policy())
    report(breaker, *[SUCCESS] * 5, *[BAD] * 4)
    assert breaker.state == "closed"
    report(breaker, BAD)
    assert breaker.state == "open"


def test_nothing_trips_below_the_minimum_of_calls() -> None:
    """Nine failures out of nine are too few to judge."""
    breaker = Breaker(policy())
    report(breaker, *[BAD] * 9)
    assert breaker.state == "closed"


def test_a_success_that_completes_the_minimum_trips_too() -> None:
    """The rate counts, not the last outcome."""
    breaker = Breaker(policy())
    report(breaker, *[BAD] * 9, SUCCESS)
    assert breaker.state == "open"


def test_minimum_above_a_count_window_never_opens() -> None:
    """It is not clamped."""
    breaker = Breaker(policy(window=Window("count", 5), minimum_calls=10))
    report(breaker, *[BAD] * 100)
    assert breaker.state == "closed"


def test_slow_is_longer_than_the_bound() -> None:
    """Exactly the bound is fast; slow ones trip at their own rate."""
    slow = SlowCall(above=100, rate=PPM)
    breaker = Breaker(policy(slow_call=slow))
    report(breaker, *[SUCCESS] * 10, latency=100)
    assert breaker.state == "closed"
    report(breaker, *[SUCCESS] * 20, latency=101)
    assert breaker.state == "open"


def test_timeout_that_ran_long_is_a_failure_and_slow() -> None:
    """Both counts rise."""
    breaker = Breaker(policy(slow_call=SlowCall(above=100, rate=PPM)))
    report(breaker, TIMEOUT, latency=200)
    assert (breaker._window.failures, breaker._window.slow) == (1, 1)


def test_client_errors_are_successes_unless_recorded() -> None:
    """The callee answered."""
    breaker = Breaker(policy())
    report(breaker, *[failure("4xx", "404")] * 20)
    assert breaker.state == "closed"
    assert breaker._window.total == 20


@pytest.mark.parametrize("outcome", [failure("5xx", "501"), UNATTRIBUTED])
def test_ignored_outcomes_are_not_counted(outcome: object) -> None:
    """Neither as failure nor as success: ignored classes and mistakes of the caller."""
    breaker = Breaker(policy(ignore=frozenset({"501"})))
    report(breaker, *[outcome] * 20)
    assert breaker._window.total == 0


def test_open_refuses_and_tells_for_how_long() -> None:
    """The rest of openFor."""
    breaker = opened(now=500)
    refusal = breaker.acquire(500 + SECOND - 1)
    assert refusal.permit is None
    assert refusal.remaining == 1


def test_half_open_admits_exactly_its_probes() -> None:
    """Of eight that ask, two leave."""
    breaker = opened()
    admissions = [breaker.acquire(SECOND) for _ in range(8)]
    assert [each.permit is not None for each in admissions] == [True] * 2 + [False] * 6
    assert admissions[0].entered == ("half-open",)


def test_probes_that_succeed_close() -> None:
    """All of them, and with an empty window."""
    breaker = opened()
    first, second = admitted(breaker, SECOND), admitted(breaker, SECOND)
    assert breaker.record(first, SUCCESS, 0, SECOND) == ()
    assert breaker.acquire(SECOND).permit is None
    assert breaker.record(second, SUCCESS, 0, SECOND) == ("closed",)
    assert breaker._window.total == 0


def test_probes_open_again_as_soon_as_no_other_can_help() -> None:
    """One of two at 50 % decides; openFor starts anew."""
    breaker = opened()
    first, second = admitted(breaker, SECOND), admitted(breaker, SECOND)
    assert breaker.record(first, BAD, 0, SECOND + 10) == ("open",)
    assert breaker.record(second, SUCCESS, 0, SECOND + 20) == ()
    assert breaker.acquire(SECOND + 20).remaining == SECOND - 10


def test_released_probe_lets_another_one_through() -> None:
    """A cancelled or ignored probe has decided nothing."""
    breaker = opened()
    permit = admitted(breaker, SECOND)
    admitted(breaker, SECOND)
    breaker.release(permit)
    permit = admitted(breaker, SECOND)
    breaker.record(permit, UNATTRIBUTED, 0, SECOND)
    admitted(breaker, SECOND)
    assert breaker.acquire(SECOND).permit is None


def test_late_outcome_from_before_opening_decides_nothing() -> None:
    """Neither as a probe nor in the new window."""
    breaker = Breaker(policy(window=Window("count", 2), minimum_calls=2))
    late = admitted(breaker, 0)
    report(breaker, BAD, BAD)
    probe = admitted(breaker, SECOND)
    assert breaker.record(late, BAD, 0, SECOND) == ()
    assert breaker.state == "half-open"
    breaker.release(late)
    breaker.record(probe, SUCCESS, 0, SECOND)
    breaker.record(admitted(breaker, SECOND), SUCCESS, 0, SECOND)
    assert breaker.state == "closed"


def test_undecided_probes_open_again_after_their_wait() -> None:
    """At the end of maxWait, whenever somebody asks, so that a hanging probe cannot stall."""
    breaker = opened(half_open=HalfOpen(probes=1, max_wait=300))
    stuck = admitted(breaker, SECOND)
    assert breaker.acquire(SECOND + 299).permit is None
    refusal = breaker.acquire(SECOND + 350)
    assert refusal.entered == ("open",)
    assert refusal.remaining == SECOND - 50
    assert breaker.record(stuck, SUCCESS, 0, SECOND + 400) == ()
    assert breaker.state == "open"


def test_probe_outcome_after_the_wait_is_too_late() -> None:
    """Also when the outcome itself is what shows that time has passed."""
    breaker = opened(half_open=HalfOpen(probes=1, max_wait=300))
    permit = admitted(breaker, SECOND)
    assert breaker.record(permit, SUCCESS, 0, SECOND + 300) == ("open",)


def test_wait_for_probes_and_the_next_open_time_may_both_have_passed() -> None:
    """Half-open, open and half-open again, in one answer."""
    breaker = opened(half_open=HalfOpen(probes=1, max_wait=300))
    admitted(breaker, SECOND)
    late = breaker.acquire(10 * SECOND)
    assert late.entered == ("open", "half-open")
    assert late.permit is not None


def test_new_policy_keeps_an_open_breaker_open() -> None:
    """And a new openFor counts from when it opened."""
    breaker = opened()
    breaker.reconfigure(policy(open_for=3 * SECOND, failure_rate=PPM), 10)
    assert breaker.acquire(SECOND).remaining == 2 * SECOND


def test_new_window_keeps_the_latest_outcomes() -> None:
    """A smaller one keeps what fits, another kind begins empty."""
    breaker = Breaker(policy(minimum_calls=20))
    report(breaker, *[BAD] * 4, *[SUCCESS] * 4)
    breaker.reconfigure(policy(window=Window("count", 6), minimum_calls=20), 0)
    assert (breaker._window.total, breaker._window.failures) == (6, 2)
    breaker.reconfigure(policy(window=Window("time", SECOND), minimum_calls=20), 0)
    assert breaker._window.total == 0


def test_fewer_probes_than_are_in_decide_at_the_next_question() -> None:
    """Three good probes of five are enough when the policy now wants two."""
    breaker = opened(half_open=HalfOpen(probes=5))
    report(breaker, *[SUCCESS] * 3, now=SECOND)
    breaker.reconfigure(policy(half_open=HalfOpen(probes=2)), SECOND)
    assert breaker.acquire(SECOND).entered == ("closed",)
    assert breaker.closed_permit is not None


@pytest.mark.parametrize("state", ["closed", "open", "half-open"])
def test_snapshot_brings_back_the_state(state: str) -> None:
    """An equal breaker answers equally, and permits given before stay good."""
    rules = policy(window=Window("count", 2), minimum_calls=2)
    breaker = Breaker(rules)
    permit = admitted(breaker, 0)
    if state != "closed":
        report(breaker, BAD, BAD)
    if state == "half-open":
        permit = admitted(breaker, SECOND)
    twin = Breaker.restore(rules, breaker.snapshot())
    assert twin.state == breaker.state == state
    for outcome in (BAD, BAD):
        assert twin.record(permit, outcome, 0, SECOND) == breaker.record(permit, outcome, 0, SECOND)
    assert twin.snapshot() == breaker.snapshot()


def test_stale_permit_frees_no_probe() -> None:
    """One given before the breaker opened is worth nothing now."""
    breaker = Breaker(policy(window=Window("count", 2), minimum_calls=2))
    late = admitted(breaker, 0)
    report(breaker, BAD, BAD)
    admitted(breaker, SECOND)
    admitted(breaker, SECOND)
    breaker.release(late)
    assert breaker.acquire(SECOND).permit is None


def test_full_window_of_successes_is_quiet_until_anything_else_happens() -> None:
    """A failure, a slow success, another window: from then on every outcome counts again."""
    breaker = Breaker(policy(window=Window("count", 3), minimum_calls=3, slow_call=SLOW))
    report(breaker, SUCCESS, SUCCESS)
    assert breaker.quiet_permit is None
    report(breaker, SUCCESS)
    assert breaker.quiet_permit == breaker.closed_permit
    report(breaker, BAD)
    assert breaker.quiet_permit is None
    report(breaker, *[SUCCESS] * 3)
    assert breaker.quiet_permit is not None
    report(breaker, SUCCESS, latency=SLOW.above + 1)
    assert breaker.quiet_permit is None
    report(breaker, *[SUCCESS] * 3)
    breaker.reconfigure(policy(window=Window("count", 4), minimum_calls=3), 0)
    assert breaker.quiet_permit is None


def test_time_window_is_never_quiet() -> None:
    """Each success lowers the rate of failures."""
    breaker = Breaker(policy(window=Window("time", SECOND)))
    report(breaker, *[SUCCESS] * 30)
    assert breaker.quiet_permit is None
