"""Guarded calls in the calling thread, under virtual time."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from agents.python.tests.drivers.clocks import VirtualTime
from agents.python.tests.engine.policies import breaker, everything, retry
from agents.python.tests.engine.world import EDGE, MS, SECOND
from configsvc_agent.drivers import Attempt, Classifier, Facts, Guard, current_attempt
from configsvc_agent.engine.events import Event, HedgeRefused
from configsvc_agent.engine.outcome import Outcome, http_outcome
from configsvc_agent.engine.policy import (
    Bulkhead,
    CallPolicy,
    Hedge,
    LastGoodFallback,
    OperationFallback,
    RateLimit,
    StaticFallback,
    Timeout,
    Window,
)
from configsvc_agent.engine.registry import Machines
from configsvc_agent.errors import (
    AttemptTimeoutError,
    DeadlineError,
    FullError,
    LimitedError,
    OpenError,
)

GET = Facts(method="GET")


class Bench:
    """A guard under virtual time."""

    def __init__(self, policy: CallPolicy, **options: Any) -> None:  # noqa: ANN401 - of Guard
        self.time = VirtualTime()
        self.machines = Machines({EDGE: policy})
        self.guard = Guard(
            self.machines,
            EDGE,
            timing=self.time.timing,
            rng=lambda: 0.5,
            **options,
        )

    def machine(self, kind: str) -> Any:  # noqa: ANN401 - whatever machine it is
        """The only machine of this kind."""
        (entry,) = (e for key, e in self.machines._entries.items() if key.kind == kind)
        return entry.cell.machine


def failing(*errors: BaseException, then: object = "answer") -> Callable[[Attempt], object]:
    """A callable that raises ``errors`` one after another, then returns."""
    rest = iter(errors)

    def send(_attempt: Attempt) -> object:
        error = next(rest, None)
        if error is not None:
            raise error
        return then

    return send


def test_value_is_returned_with_all_policies_on() -> None:
    """Arguments go through."""
    assert Bench(everything()).guard.call(divmod, 7, 2) == (3, 1)


def test_last_exception_is_raised_as_it_is_with_the_reason_for_giving_up() -> None:
    """The caller's except clauses go on working."""
    errors = [ConnectionResetError(str(number)) for number in range(3)]
    bench = Bench(CallPolicy(retry=retry(3)))
    with pytest.raises(ConnectionResetError) as caught:
        bench.guard.run(failing(*errors), GET)
    assert caught.value is errors[2]
    assert caught.value.__notes__ == ["configsvc: not retried: all 3 attempts are used up"]
    assert bench.time.now == 200 * MS


def test_failed_answer_is_returned_when_there_is_no_other() -> None:
    """A 503 stays a response object."""

    def read(status: Any) -> Outcome:  # noqa: ANN401 - as the port has it
        return http_outcome(status)

    bench = Bench(CallPolicy(retry=retry(2)), classifier=Classifier(result=read))
    seen: list[int] = []

    def send(attempt: Attempt) -> int:
        seen.append(attempt.number)
        return 503

    assert bench.guard.run(send, GET) == 503
    assert seen == [1, 2]


def test_mistake_in_the_callable_is_raised_at_once() -> None:
    """It is no failure of the callee."""
    bench = Bench(replace(everything(), breaker=breaker()))
    with pytest.raises(ZeroDivisionError):
        bench.guard.call(divmod, 1, 0)
    assert bench.machine("breaker")._window.total == 0
    assert bench.machine("bulkhead").in_flight == 0


def test_callable_that_overran_is_a_timeout_that_says_it_could_not_be_interrupted() -> None:
    """Its late answer is discarded."""
    bench = Bench(CallPolicy(timeout=Timeout(attempt=500 * MS)))
    with pytest.raises(AttemptTimeoutError, match="could not be interrupted") as caught:
        bench.guard.call(bench.time.sleep, 0.7)
    assert not caught.value.interrupted
    assert caught.value.__cause__ is None


def test_overrun_past_the_deadline_is_a_deadline_error() -> None:
    """It names the overall limit."""
    bench = Bench(CallPolicy(timeout=Timeout(overall=500 * MS)))
    with pytest.raises(DeadlineError, match="overall limit of 500ms"):
        bench.guard.call(bench.time.sleep, 0.7)


def test_client_timeout_at_the_limit_is_the_typed_error_with_its_cause() -> None:
    """The client was given the limit and kept it."""
    bench = Bench(CallPolicy(timeout=Timeout(attempt=500 * MS)))

    def send(attempt: Attempt) -> None:
        assert attempt.timeout == 0.5
        bench.time.sleep(attempt.timeout)
        raise TimeoutError("of the client")

    with pytest.raises(AttemptTimeoutError) as caught:
        bench.guard.run(send)
    assert caught.value.interrupted
    assert str(caught.value.__cause__) == "of the client"


def test_typed_errors_are_timeouts_for_the_standard_library_too() -> None:
    """``except TimeoutError`` catches them."""
    bench = Bench(CallPolicy(timeout=Timeout(attempt=500 * MS)))
    with pytest.raises(TimeoutError):
        bench.guard.call(bench.time.sleep, 0.7)


def test_callable_learns_its_attempt() -> None:
    """Without an argument for it, and nobody outside does."""
    bench = Bench(CallPolicy(timeout=Timeout(attempt=500 * MS)))

    def fn() -> float | None:
        attempt = current_attempt()
        return None if attempt is None else attempt.timeout

    assert bench.guard.call(fn) == 0.5
    assert current_attempt() is None


def test_refusals_are_raised_typed() -> None:
    """Each by its own machine."""
    rules = breaker(window=Window("count", 1), minimum_calls=1)
    bench = Bench(CallPolicy(breaker=rules))
    with pytest.raises(ConnectionResetError):
        bench.guard.run(failing(ConnectionResetError()))
    with pytest.raises(OpenError):
        bench.guard.run(failing())
    limited = Bench(CallPolicy(rate_limit=RateLimit(1)))
    limited.guard.call(int)
    with pytest.raises(LimitedError):
        limited.guard.call(int)


def test_full_bulkhead_refuses_a_call_within_a_call() -> None:
    """And waits no longer than the policy says."""
    bench = Bench(CallPolicy(bulkhead=Bulkhead(1, queue=1, max_wait=50 * MS)))
    with pytest.raises(FullError):
        bench.guard.call(bench.guard.call, int)
    assert bench.time.now == 50 * MS
    assert bench.guard.call(int) == 0


def test_wait_for_a_token_passes_time() -> None:
    """Until it is there."""
    bench = Bench(CallPolicy(rate_limit=RateLimit(10, burst=1, max_wait=SECOND)))
    for _ in range(3):
        bench.guard.call(int)
    assert bench.time.now == 200 * MS


@pytest.mark.parametrize("listener", [None, lambda _event: None])
@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_interruption_gives_everything_back(
    interruption: type[BaseException], listener: Callable[[Event], None] | None
) -> None:
    """It is not an outcome of the callee, on the express way (no listener) as on the general."""
    bench = Bench(everything(), listener=listener)
    with pytest.raises(interruption):
        bench.guard.run(failing(interruption()))
    assert bench.machine("bulkhead").in_flight == 0
    assert bench.machine("breaker")._window.total == 0


@pytest.mark.parametrize("listener", [None, lambda _event: None])
@pytest.mark.parametrize("call", [int, lambda: 1 / 0])
def test_classifier_that_raises_gives_everything_back(
    call: Callable[[], object], listener: Callable[[Event], None] | None
) -> None:
    """Its mistake is raised, whether it read a result or an error."""

    def broken(_value: object) -> Outcome:
        raise LookupError

    reader = Classifier(error=broken, result=broken)
    bench = Bench(everything(), classifier=reader, listener=listener)
    with pytest.raises(LookupError):
        bench.guard.call(call)
    assert bench.machine("bulkhead").in_flight == 0


class Ends:
    """A tally that remembers."""

    def __init__(self) -> None:
        self.told: list[tuple[object, int]] = []

    def succeeded(self, latency: int) -> None:
        """At the first attempt."""
        self.told.append(("succeeded", latency))

    def returned(self, value: object, latency: int) -> None:
        """In the end."""
        self.told.append((value, latency))

    def raised(self, error: BaseException, latency: int) -> None:
        """By its type."""
        self.told.append((type(error), latency))


@pytest.mark.parametrize(
    ("errors", "end"),
    [
        ([], "succeeded"),
        ([ConnectionResetError()], "answer"),
        ([ConnectionResetError()] * 9, ConnectionResetError),
        ([KeyError()], KeyError),
        ([KeyboardInterrupt()], KeyboardInterrupt),
    ],
)
def test_tally_is_told_the_end_of_each_call_once(errors: list[BaseException], end: object) -> None:
    """Whichever way it went, with the time that all of it took."""
    ends = Ends()
    bench = Bench(everything(), tally=ends)
    began = bench.time.now
    with contextlib.suppress(Exception, KeyboardInterrupt):
        bench.guard.run(failing(*errors), GET)
    assert ends.told == [(end, bench.time.now - began)]


def test_static_fallback_is_returned() -> None:
    """Whoever adapts a client makes a response of it."""
    answer = StaticFallback(status=200, body=b"[]")
    bench = Bench(CallPolicy(fallback=answer))
    assert bench.guard.run(failing(ConnectionResetError())) is answer


def test_last_good_answer_is_returned() -> None:
    """For the same request."""
    bench = Bench(CallPolicy(fallback=LastGoodFallback()))
    facts = Facts(cache_key="/scores/1")
    assert bench.guard.run(failing(then="score"), facts) == "score"
    assert bench.guard.run(failing(ConnectionResetError()), facts) == "score"


def test_other_operation_is_called_instead() -> None:
    """By whoever knows how to."""
    bench = Bench(CallPolicy(fallback=OperationFallback("cached")))
    facts = Facts(substitute=lambda other: f"answer of {other.operation}")
    assert bench.guard.run(failing(ConnectionResetError()), facts) == "answer of cached"


def test_hedge_without_an_executor_is_left_out_and_said_once() -> None:
    """No thread is started behind the user's back."""
    heard: list[Event] = []
    bench = Bench(CallPolicy(hedge=Hedge(1, MS), idempotent=True), listener=heard.append)
    for _ in range(3):
        assert bench.guard.call(int) == 0
    (said,) = (each for each in heard if isinstance(each, HedgeRefused))
    assert "needs an executor" in said.reason


def test_new_policy_takes_effect_with_the_next_call() -> None:
    """For the same guard, also within a call of the old one."""
    bench = Bench(CallPolicy(timeout=Timeout(attempt=SECOND)))

    def fn() -> tuple[float | None, float | None]:
        bench.machines.install({EDGE: CallPolicy(timeout=Timeout(attempt=2 * SECOND))}, 0)
        outer = current_attempt()
        inner = bench.guard.run(lambda attempt: attempt.timeout)
        return (None if outer is None else outer.timeout, inner)

    assert bench.guard.call(fn) == (1.0, 2.0)


def test_inbound_deadline_shortens_a_call() -> None:
    """In absolute time."""
    bench = Bench(CallPolicy(timeout=Timeout(overall=9 * SECOND)))
    assert bench.guard.run(lambda attempt: attempt.timeout, Facts(deadline=SECOND)) == 1.0


def test_refused_retry_is_raised_from_what_it_would_have_repeated() -> None:
    """The refusal is what ended the call, the failure is why there was one."""
    rules = breaker(window=Window("count", 1), minimum_calls=1)
    bench = Bench(CallPolicy(retry=retry(2), breaker=rules))
    reset = ConnectionResetError()
    with pytest.raises(OpenError) as caught:
        bench.guard.run(failing(reset), GET)
    assert caught.value.__cause__ is reset


def test_nothing_is_kept_alive_by_an_exception() -> None:
    """No reference cycle: what an attempt held is freed without the collector."""

    class Response:
        """Something heavy."""

    rules = breaker(window=Window("count", 3), minimum_calls=3)
    bench = Bench(CallPolicy(retry=retry(2), breaker=rules))
    kept: list[weakref.ref[Response]] = []

    def send(_attempt: Attempt) -> None:
        response = Response()
        kept.append(weakref.ref(response))
        raise ConnectionResetError

    gc.disable()
    try:
        for ending in (ConnectionResetError, OpenError):
            with pytest.raises(ending):
                bench.guard.run(send, GET)
        assert [each() for each in kept] == [None] * 3
    finally:
        gc.enable()
