"""One guarded call under virtual time: what it does, in which order, and what it comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.python.tests.engine.policies import breaker, everything, retry
from agents.python.tests.engine.world import (
    HANG,
    MS,
    OK,
    SECOND,
    Result,
    Step,
    World,
    fails,
)
from configsvc_agent.engine.commands import Facts
from configsvc_agent.engine.events import (
    AttemptFinished,
    AttemptRejected,
    AttemptStarted,
    BreakerChanged,
    DeadlineExceeded,
    RetryRefused,
    RetryScheduled,
)
from configsvc_agent.engine.outcome import UNATTRIBUTED, failure
from configsvc_agent.engine.policy import (
    PPM,
    Backoff,
    Bulkhead,
    CallPolicy,
    CircuitBreaker,
    RateLimit,
    Retry,
    RetryAfter,
    RetryBudget,
    Timeout,
    Window,
)
from configsvc_agent.errors import (
    AttemptTimeoutError,
    CallError,
    DeadlineError,
    FullError,
    LimitedError,
    OpenError,
)

GET = CallPolicy(idempotent=True)


def quick_breaker(**fields: object) -> CircuitBreaker:
    """One failure opens it."""
    return breaker(window=Window("count", 1), minimum_calls=1, **fields)


# ── deadline and attempt limit ───────────────────────────────────────────────────────────────────


def test_call_without_policies_is_one_attempt() -> None:
    """No limit, no header, no retry."""
    result = World().call([OK])
    assert result.handed_out
    assert len(result.attempts) == 1
    assert result.attempts[0].timeout is None
    assert result.attempts[0].http_deadline is None


def test_attempt_is_cut_at_its_own_limit() -> None:
    """And the error names the limit and who set it."""
    policy = CallPolicy(
        timeout=Timeout(attempt=500 * MS, overall=2 * SECOND),
        sources={"timeout.attempt": "Timeout/score"},
        revision=7,
    )
    result = World(policy).call([HANG])
    assert result.ended == 500 * MS
    assert isinstance(result.error, AttemptTimeoutError)
    assert str(result.error) == (
        "player-engine -> score-engine get-score: attempt 1 took longer than its limit of 500ms "
        "(policy Timeout/score, revision 7)"
    )


def test_overall_limit_holds_while_an_attempt_hangs() -> None:
    """The rest of it is the attempt's limit."""
    result = World(CallPolicy(timeout=Timeout(overall=2 * SECOND))).call([HANG])
    assert result.ended == 2 * SECOND
    assert isinstance(result.error, DeadlineError)
    assert "attempt 1 was cut by the overall limit of 2s" in str(result.error)


def test_last_attempt_gets_what_is_left() -> None:
    """min(attempt, remaining), also in the header that the callee sees."""
    policy = replace(GET, timeout=Timeout(attempt=SECOND, overall=1700 * MS), retry=retry())
    result = World(policy).call([HANG, HANG])
    assert [each.timeout for each in result.attempts] == [1.0, 0.6]
    assert result.attempts[1].http_deadline == ("x-envoy-expected-rq-timeout-ms", "600")
    assert result.attempts[1].grpc_deadline == ("grpc-timeout", "600000u")
    assert isinstance(result.error, DeadlineError)
    assert result.ended == 1700 * MS


def test_inbound_deadline_shortens_the_overall_limit() -> None:
    """Each outgoing overall is min(own, what is left); the error says whose deadline it was."""
    world = World(CallPolicy(timeout=Timeout(overall=2 * SECOND)))
    result = world.call([HANG], facts=Facts(deadline=300 * MS))
    assert result.ended == 300 * MS
    assert isinstance(result.error, DeadlineError)
    assert result.error.policy == "inbound deadline"
    assert "(policy inbound deadline, revision 0)" in str(result.error)


def test_inbound_deadline_beyond_the_overall_limit_changes_nothing() -> None:
    """The own limit is the shorter one."""
    world = World(CallPolicy(timeout=Timeout(overall=2 * SECOND)))
    assert world.call([HANG], facts=Facts(deadline=9 * SECOND)).ended == 2 * SECOND


def test_call_whose_deadline_has_passed_makes_no_attempt() -> None:
    """Nothing leaves, nothing is recorded."""
    world = World(replace(everything()))
    result = world.call([OK], facts=Facts(deadline=0))
    assert result.attempts == []
    assert isinstance(result.error, DeadlineError)
    assert world.machine("breaker")._window.total == 0


def test_answer_after_the_limit_is_a_timeout() -> None:
    """A callable that cannot be interrupted: its answer is discarded and the error says so."""
    policy = CallPolicy(timeout=Timeout(attempt=500 * MS), breaker=breaker())
    world = World(policy, interrupts=False)
    result = world.call([(800 * MS, OK[1])])
    assert result.ended == 800 * MS
    assert isinstance(result.error, AttemptTimeoutError)
    assert not result.error.interrupted
    assert "could not be interrupted" in str(result.error)
    assert world.machine("breaker")._window.failures == 1


@pytest.mark.parametrize("express", [False, True])
def test_answer_at_the_very_limit_is_in_time(*, express: bool) -> None:
    """Later than the limit is too late, the limit is not."""
    world = World(CallPolicy(timeout=Timeout(attempt=500 * MS)), express=express)
    assert world.call([(500 * MS, OK[1])]).handed_out


def test_mistake_of_the_caller_stays_one_after_the_limit() -> None:
    """A bug must not look like a timeout."""
    policy = CallPolicy(timeout=Timeout(attempt=500 * MS), breaker=breaker())
    world = World(policy, interrupts=False)
    assert world.call([(800 * MS, UNATTRIBUTED)]).handed_out
    assert world.machine("breaker")._window.total == 0


def test_timeout_of_the_client_itself_is_handed_out() -> None:
    """It ended before any limit of ours: its own exception tells more."""
    result = World(CallPolicy(timeout=Timeout(attempt=SECOND))).call([fails("timeout")])
    assert result.handed_out


def test_connect_and_idle_limits_are_handed_to_the_client() -> None:
    """Connecting may not take longer than the attempt."""
    timeout = Timeout(connect=2 * SECOND, attempt=SECOND, idle=3 * SECOND)
    attempt = World(CallPolicy(timeout=timeout)).call([OK]).attempts[0]
    assert (attempt.connect_timeout, attempt.idle_timeout) == (1.0, 3.0)


# ── retry ────────────────────────────────────────────────────────────────────────────────────────


def test_attempts_count_the_first() -> None:
    """Three attempts are two retries, with the back-off between them."""
    result = World(replace(GET, retry=retry(3))).call([fails("5xx")] * 5)
    assert result.starts == [0, 101 * MS, 202 * MS]
    assert result.handed_out
    assert result.note == "all 3 attempts are used up"


def test_success_after_a_retry_is_the_result() -> None:
    """And no trace of the failure remains but events."""
    world = World(replace(GET, retry=retry(3)))
    result = world.call([fails("reset")])
    assert result.handed_out
    assert [each.number for each in result.attempts] == [1, 2]
    assert [type(each) for each in world.events] == [
        AttemptStarted,
        AttemptFinished,
        RetryScheduled,
        AttemptStarted,
        AttemptFinished,
    ]


def test_class_not_named_is_not_retried() -> None:
    """A code may be named instead of its class."""
    policy = replace(GET, retry=retry(3, retry_on=frozenset({"503"})))
    assert len(World(policy).call([fails("5xx", "500")]).attempts) == 1
    assert len(World(policy).call([fails("5xx", "503")]).attempts) == 2


@pytest.mark.parametrize(
    ("declared", "facts", "rule", "attempts"),
    [
        (None, Facts(method="GET"), "never", 2),
        (None, Facts(method="POST"), "never", 1),
        (None, Facts(), "never", 1),
        (True, Facts(method="POST"), "never", 2),
        (False, Facts(method="GET"), "never", 1),
        (False, Facts(has_key=True), "with-key", 2),
        (False, Facts(), "with-key", 1),
        (False, Facts(), "always", 2),
    ],
)
def test_only_repeatable_calls_are_retried(
    declared: bool | None,  # noqa: FBT001 - a parameter of the test
    facts: Facts,
    rule: str,
    attempts: int,
) -> None:
    """Even a refused connection is not, unless the operation or the policy allows it."""
    policy = CallPolicy(retry=retry(2, non_idempotent=rule), idempotent=declared)
    assert len(World(policy).call([fails("refused")], facts=facts).attempts) == attempts


def test_no_attempt_starts_that_cannot_end_before_the_deadline() -> None:
    """Now + wait + floor < deadline: exactly reaching it is too late."""
    policy = replace(GET, retry=retry(2), floor=50 * MS)
    late = replace(policy, timeout=Timeout(overall=151 * MS))
    assert len(World(late).call([fails("5xx")]).attempts) == 1
    in_time = replace(policy, timeout=Timeout(overall=151 * MS + 1))
    assert len(World(in_time).call([fails("5xx")]).attempts) == 2


def test_refused_retry_says_why() -> None:
    """As an event and as the call's note."""
    world = World(replace(GET, retry=retry(2), timeout=Timeout(overall=100 * MS)))
    result = world.call([fails("5xx")])
    (refused,) = world.told(RetryRefused)
    assert refused.cause == "deadline"
    assert refused.reason == result.note
    assert result.note == "no attempt after a wait of 100ms ends before the deadline"


def test_retry_after_is_waited_for_if_longer_than_the_back_off() -> None:
    """Wait = max(back-off, Retry-After)."""
    policy = replace(GET, retry=retry(2))
    world = World(policy)
    assert world.call([fails("5xx", retry_after=300 * MS)]).starts == [0, 301 * MS]
    assert World(policy).call([fails("5xx", retry_after=5 * MS)]).starts == [0, 101 * MS]


def test_retry_after_of_its_bound_is_waited_for() -> None:
    """Longer than the bound is too long, the bound is not."""
    policy = replace(GET, retry=retry(2, retry_after=RetryAfter(max=SECOND)))
    result = World(policy).call([fails("5xx", retry_after=SECOND)])
    assert result.starts == [0, SECOND + MS]


def test_retry_after_beyond_its_bound_ends_the_call_at_once() -> None:
    """Waiting shorter would be asking again too early."""
    policy = replace(GET, retry=retry(2, retry_after=RetryAfter(max=SECOND)))
    result = World(policy).call([fails("5xx", retry_after=SECOND + 1)])
    assert result.ended == MS
    assert result.note is not None
    assert "the policy waits at most 1s" in result.note


def test_retry_after_beyond_the_deadline_ends_the_call_at_once() -> None:
    """The caller learns now, not at the deadline."""
    policy = replace(GET, retry=retry(2), timeout=Timeout(overall=SECOND))
    result = World(policy).call([fails("5xx", retry_after=2 * SECOND)])
    assert (len(result.attempts), result.ended) == (1, MS)


def test_retry_after_is_ignored_where_the_policy_says_so() -> None:
    """honour: false."""
    policy = replace(GET, retry=retry(2, retry_after=RetryAfter(honour=False)))
    assert World(policy).call([fails("5xx", retry_after=SECOND)]).starts == [0, 101 * MS]


def test_first_attempts_are_never_refused_by_the_budget_and_retries_are() -> None:
    """Ten failing calls at 20 % make two retries."""
    world = World(replace(GET, retry=retry(3, budget=RetryBudget(PPM // 5))))
    results = [world.call([fails("5xx")] * 3) for _ in range(10)]
    assert sum(len(each.attempts) for each in results) == 12
    assert {each.cause for each in world.told(RetryRefused)} == {"budget"}


@pytest.mark.parametrize(
    ("policy", "script", "cause"),
    [
        (replace(GET, retry=retry(2)), [fails("5xx")] * 2, "attempts"),
        (CallPolicy(retry=retry(2)), [fails("5xx")], "idempotence"),
        (
            replace(GET, retry=retry(2, retry_after=RetryAfter(max=SECOND))),
            [fails("5xx", retry_after=SECOND + 1)],
            "retry-after",
        ),
    ],
)
def test_cause_of_a_refused_retry_can_be_counted(
    policy: CallPolicy, script: list[Step], cause: str
) -> None:
    """Whatever stood against it has a name of its own."""
    world = World(policy)
    world.call(script)
    assert [each.cause for each in world.told(RetryRefused)] == [cause]


def test_retry_without_back_off_repeats_without_recursion() -> None:
    """However many attempts the policy allows."""
    policy = replace(GET, retry=Retry(5_000, frozenset({"5xx"}), Backoff(0, jitter="none")))
    assert len(World(policy).call([fails("5xx")] * 6_000).attempts) == 5_000


# ── local rejections ─────────────────────────────────────────────────────────────────────────────


def test_open_breaker_refuses_with_the_rest_of_its_time() -> None:
    """Typed, with policy and revision, and nothing leaves."""
    policy = CallPolicy(
        breaker=quick_breaker(), sources={"breaker.openFor": "CircuitBreaker/b"}, revision=3
    )
    world = World(policy)
    world.call([fails("5xx")])
    refused = world.call()
    assert isinstance(refused.error, OpenError)
    assert refused.attempts == []
    assert refused.error.remaining == SECOND
    assert str(refused.error) == (
        "player-engine -> score-engine get-score: the circuit breaker is open for another 1s "
        "(policy CircuitBreaker/b, revision 3)"
    )


def test_retry_does_not_go_into_an_open_breaker() -> None:
    """The first failure opens it; the second attempt is refused and nothing follows."""
    world = World(replace(GET, retry=retry(5), breaker=quick_breaker()))
    result = world.call([fails("5xx")])
    assert isinstance(result.error, OpenError)
    assert len(result.attempts) == 1
    assert result.ended == 101 * MS


def test_retry_goes_into_an_open_breaker_if_the_policy_names_it() -> None:
    """And succeeds once it is half-open."""
    rules = retry(20, retry_on=frozenset({"5xx", "open"}))
    world = World(replace(GET, retry=rules, breaker=quick_breaker()))
    result = world.call([fails("5xx")])
    assert result.handed_out
    assert result.attempts[-1].number == 11


@pytest.mark.parametrize("named", [True, False])
def test_full_bulkhead_is_retried_only_if_named(*, named: bool) -> None:
    """A typed error otherwise."""
    rules = retry(3, retry_on=frozenset({"full"} if named else {"5xx"}))
    world = World(replace(GET, retry=rules, bulkhead=Bulkhead(1)))
    world.begin([(150 * MS, OK[1])])
    second = world.begin(at=MS)
    world.run()
    assert isinstance(second.error, FullError) is not named
    assert second.ended == (202 * MS if named else MS)


def test_limit_refuses_with_the_time_to_the_next_token() -> None:
    """The error names the limit."""
    world = World(CallPolicy(rate_limit=RateLimit(limit=2, period=SECOND)))
    results = [world.call() for _ in range(3)]
    error = results[-1].error
    assert isinstance(error, LimitedError)
    assert error.remaining == 500 * MS - 2 * MS
    assert "the rate limit of 2 per 1s is used up; the next attempt fits in 498ms" in str(error)


def test_rejections_are_never_recorded_by_the_breaker() -> None:
    """Not even if the policy lists them; the permits come back."""
    rules = breaker(record=frozenset({"full", "limited", "open", "5xx"}))
    world = World(CallPolicy(breaker=rules, bulkhead=Bulkhead(1)))
    world.begin([(SECOND, OK[1])])
    refused = [world.begin(at=MS) for _ in range(30)]
    world.run()
    assert all(isinstance(each.error, FullError) for each in refused)
    assert world.machine("breaker")._window.total == 1


def test_rejected_probe_gives_its_permit_back() -> None:
    """A probe that the bulkhead refuses has not probed."""
    world = World(CallPolicy(breaker=quick_breaker(), bulkhead=Bulkhead(1)))
    long = world.begin([(5 * SECOND, OK[1])])
    world.run(until=MS)
    world.machine("breaker").record(1, failure("5xx"), 0, MS)
    refused = world.begin(at=2 * SECOND)
    world.run()
    assert long.handed_out
    assert isinstance(refused.error, FullError)
    assert world.machine("breaker")._out == 0


def test_token_of_an_attempt_that_the_bulkhead_refuses_comes_back() -> None:
    """Otherwise a full bulkhead would also use up the rate."""
    world = World(CallPolicy(rate_limit=RateLimit(2, SECOND), bulkhead=Bulkhead(1)))
    world.begin([(10 * MS, OK[1])])
    for _ in range(20):
        world.begin(at=MS)
    last = world.begin(at=20 * MS)
    world.run()
    assert last.handed_out


def test_budget_of_a_retry_that_never_left_is_refunded() -> None:
    """Rejected retries are not load."""
    rules = retry(2, budget=RetryBudget(PPM), retry_on=frozenset({"5xx"}))
    world = World(replace(GET, retry=rules, breaker=quick_breaker()))
    world.call([fails("5xx")])
    assert world.machine("budget").withdraw(world.now)


def test_events_name_the_rejection() -> None:
    """With its kind and how long it lasts."""
    world = World(CallPolicy(breaker=quick_breaker()))
    world.call([fails("5xx")])
    world.call()
    (rejected,) = world.told(AttemptRejected)
    assert (rejected.kind, rejected.remaining) == ("open", SECOND)
    assert [each.state for each in world.told(BreakerChanged)] == ["open"]


# ── waiting ──────────────────────────────────────────────────────────────────────────────────────


def test_attempt_waits_for_its_place_in_the_bulkhead() -> None:
    """Until a permit is given back."""
    world = World(CallPolicy(bulkhead=Bulkhead(1, queue=1, max_wait=SECOND)))
    world.begin([(300 * MS, OK[1])])
    second, third = world.begin(at=MS), world.begin(at=2 * MS)
    world.run()
    assert second.starts == [300 * MS]
    assert isinstance(third.error, FullError)
    assert "its queue of 1" in str(third.error)


def test_wait_in_the_queue_is_bounded() -> None:
    """By max_wait."""
    world = World(CallPolicy(bulkhead=Bulkhead(1, queue=1, max_wait=100 * MS)))
    world.begin([(300 * MS, OK[1])])
    second = world.begin(at=MS)
    world.run()
    assert second.ended == 101 * MS
    assert isinstance(second.error, FullError)
    assert world.machine("bulkhead").queued == 0


def test_wait_in_the_queue_ends_with_the_deadline() -> None:
    """Which is then what the error says."""
    policy = CallPolicy(
        timeout=Timeout(overall=50 * MS), bulkhead=Bulkhead(1, queue=1, max_wait=None)
    )
    world = World(policy, interrupts=False)
    world.begin([(300 * MS, OK[1])])
    second = world.begin(at=MS)
    world.run()
    assert second.ended == 51 * MS
    assert isinstance(second.error, DeadlineError)
    assert "attempt 1 could not leave within the overall limit of 50ms" in str(second.error)
    assert world.told(DeadlineExceeded)


def test_attempt_limit_counts_from_when_the_attempt_leaves() -> None:
    """Time in the queue is the call's, not the attempt's."""
    policy = CallPolicy(
        timeout=Timeout(attempt=200 * MS), bulkhead=Bulkhead(1, queue=1, max_wait=SECOND)
    )
    world = World(policy)
    world.begin([(150 * MS, OK[1])])
    second = world.begin([(150 * MS, OK[1])], at=MS)
    world.run()
    assert second.handed_out
    assert second.ended == 300 * MS


def test_attempt_waits_for_its_token() -> None:
    """In line with the others, each its interval apart."""
    world = World(CallPolicy(rate_limit=RateLimit(10, SECOND, burst=1, max_wait=SECOND)))
    results = [world.begin() for _ in range(3)]
    world.run()
    assert [each.starts for each in results] == [[0], [100 * MS], [200 * MS]]


def test_wait_for_a_token_beyond_the_deadline_is_not_begun() -> None:
    """The caller learns at once, and the token is not taken."""
    policy = CallPolicy(
        timeout=Timeout(overall=100 * MS),
        rate_limit=RateLimit(10, SECOND, burst=1, max_wait=SECOND),
    )
    world = World(policy)
    world.begin()
    second = world.begin(at=0)
    world.run()
    assert isinstance(second.error, LimitedError)
    assert second.ended == 0


def test_token_wait_and_queue_wait_follow_each_other() -> None:
    """Rate limit( bulkhead( attempt )): first the token, then the permit."""
    policy = CallPolicy(
        rate_limit=RateLimit(10, SECOND, burst=1, max_wait=SECOND),
        bulkhead=Bulkhead(1, queue=1, max_wait=SECOND),
    )
    world = World(policy)
    world.begin([(250 * MS, OK[1])])
    second = world.begin()
    world.run()
    assert second.starts == [250 * MS]


# ── giving up ────────────────────────────────────────────────────────────────────────────────────


def cancel_at(world: World, result: Result, when: int) -> None:
    """The caller of ``result`` gives up at ``when``."""
    world.at(when, lambda: result.cancel())  # noqa: PLW0108 - set when the call begins


def test_cancelled_attempt_is_not_recorded_and_frees_its_permits() -> None:
    """Bulkhead and breaker are as before."""
    world = World(replace(everything(), bulkhead=Bulkhead(1)))
    result = world.begin([HANG])
    cancel_at(world, result, 10 * MS)
    world.run(until=20 * MS)
    assert world.machine("bulkhead").in_flight == 0
    assert world.machine("breaker")._window.total == 0


def test_cancelled_probe_lets_another_one_through() -> None:
    """The probe has decided nothing."""
    world = World(CallPolicy(breaker=quick_breaker()))
    world.call([fails("5xx")])
    probe = world.begin([HANG], at=2 * SECOND)
    cancel_at(world, probe, 3 * SECOND)
    world.run(until=3 * SECOND)
    assert world.machine("breaker")._out == 0


def test_cancelled_wait_leaves_the_queue() -> None:
    """Whoever stands behind moves up."""
    world = World(CallPolicy(bulkhead=Bulkhead(1, queue=2, max_wait=SECOND)))
    world.begin([(300 * MS, OK[1])])
    second, third = world.begin(at=MS), world.begin(at=2 * MS)
    cancel_at(world, second, 3 * MS)
    world.run()
    assert third.starts == [300 * MS]
    assert world.machine("bulkhead").in_flight == 0


def test_permit_granted_to_somebody_who_gave_up_goes_on() -> None:
    """Granted and cancelled at the same moment: nothing is lost."""
    world = World(CallPolicy(bulkhead=Bulkhead(1, queue=2, max_wait=SECOND)))
    second = world.begin(at=MS)
    third = world.begin(at=2 * MS)
    first = world.begin([(300 * MS, OK[1])], at=0)
    cancel_at(world, second, 300 * MS)
    world.run()
    assert first.handed_out
    assert third.starts == [300 * MS] or second.attempts
    assert world.machine("bulkhead").in_flight == 0


def test_cancelled_pause_refunds_the_retry() -> None:
    """The attempt that was paid for never left."""
    world = World(replace(GET, retry=retry(2, budget=RetryBudget(PPM))))
    result = world.begin([fails("5xx")])
    cancel_at(world, result, 50 * MS)
    world.run(until=50 * MS)
    assert world.machine("budget").withdraw(world.now)


def test_cancelled_retry_that_had_left_is_paid_for() -> None:
    """It was load."""
    world = World(replace(GET, retry=retry(2, budget=RetryBudget(PPM))))
    result = world.begin([fails("5xx"), HANG])
    cancel_at(world, result, SECOND)
    world.run(until=SECOND)
    assert len(result.attempts) == 2
    assert not world.machine("budget").withdraw(world.now)


def test_cancelled_token_wait_returns_the_token() -> None:
    """The next in line gets it."""
    world = World(CallPolicy(rate_limit=RateLimit(10, SECOND, burst=1, max_wait=SECOND)))
    world.begin()
    waiting = world.begin()
    cancel_at(world, waiting, 10 * MS)
    late = world.begin(at=20 * MS)
    world.run()
    assert late.starts == [100 * MS]


def test_every_error_carries_its_edge() -> None:
    """For whoever logs it."""
    error = World(CallPolicy(timeout=Timeout(overall=MS))).call([HANG]).error
    assert isinstance(error, CallError)
    assert (error.caller, error.callee, error.operation) == (
        "player-engine",
        "score-engine",
        "get-score",
    )
