"""What is handed out instead of a failure."""

from __future__ import annotations

import pytest

from agents.python.tests.engine.policies import breaker, retry
from agents.python.tests.engine.world import HANG, MS, OK, SECOND, Result, Step, World, fails
from configsvc_agent.engine.commands import Attempt, Facts, Substitute
from configsvc_agent.engine.events import FallbackRefused, FallbackUsed
from configsvc_agent.engine.outcome import UNATTRIBUTED
from configsvc_agent.engine.policy import (
    CallPolicy,
    LastGoodFallback,
    OperationFallback,
    StaticFallback,
    Timeout,
    Window,
)

STATIC = StaticFallback(status=200, body=b"{}")


def substitute(result: Result) -> Substitute:
    """What stood in, if anything did."""
    assert isinstance(result.command, Substitute)
    return result.command


def valued(value: object) -> object:
    """A script of one good answer."""

    def answer(attempt: Attempt) -> Step:
        attempt.value = value
        return OK

    return answer


@pytest.mark.parametrize("step", [fails("5xx"), fails("refused"), fails("timeout"), HANG])
def test_static_answer_stands_in_for_a_failure(step: Step) -> None:
    """After retries, and for the deadline too: the fallback is outermost."""
    policy = CallPolicy(
        timeout=Timeout(overall=SECOND), retry=retry(2), fallback=STATIC, idempotent=True
    )
    world = World(policy)
    result = world.call([step] * 2)
    assert substitute(result).value is STATIC
    assert [each.kind for each in world.told(FallbackUsed)] == ["static"]


def test_static_answer_stands_in_for_an_open_breaker() -> None:
    """A local rejection is a failure of the call."""
    rules = breaker(window=Window("count", 1), minimum_calls=1)
    world = World(CallPolicy(breaker=rules, fallback=STATIC))
    world.call([fails("5xx")])
    result = world.call()
    assert result.attempts == []
    assert substitute(result).kind == "static"


@pytest.mark.parametrize("step", [fails("4xx", "404"), (MS, UNATTRIBUTED)])
def test_nothing_stands_in_for_an_answer_or_a_mistake(step: Step) -> None:
    """A 404 is what the callee says, a bug is the caller's."""
    assert World(CallPolicy(fallback=STATIC)).call([step]).handed_out


def test_success_through_a_fallback_stays_a_failure_for_the_breaker() -> None:
    """The breaker is inside."""
    world = World(CallPolicy(fallback=STATIC, breaker=breaker()))
    world.call([fails("5xx")])
    assert world.machine("breaker")._window.failures == 1


def test_last_good_answer_to_the_same_request_stands_in() -> None:
    """Not that to another one, and not an old one."""
    world = World(CallPolicy(fallback=LastGoodFallback(max_age=SECOND)))
    one, two = Facts(cache_key="/scores/1"), Facts(cache_key="/scores/2")
    world.call(valued("good"), facts=one)  # type: ignore[arg-type]
    assert substitute(world.call([fails("5xx")], facts=one)).value == "good"
    assert world.call([fails("5xx")], facts=two).handed_out
    world.run(until=2 * SECOND)
    assert world.call([fails("5xx")], facts=one).handed_out


def test_no_answer_is_kept_for_a_request_that_cannot_be_told_apart() -> None:
    """Without a key, one player could be shown another's score."""
    world = World(CallPolicy(fallback=LastGoodFallback()))
    world.call(valued("good"))  # type: ignore[arg-type]
    assert world.call([fails("5xx")]).handed_out


def test_other_operation_is_named_to_a_driver_that_can_call_it() -> None:
    """Otherwise the failure stays what it is."""
    other = OperationFallback("get-cached-score")
    world = World(CallPolicy(fallback=other))
    able = Facts(substitute=lambda operation: operation)
    assert substitute(world.call([fails("5xx")], facts=able)).value is other
    assert world.call([fails("5xx")]).handed_out


def test_why_no_operation_stands_in_is_told_once_it_matters() -> None:
    """A success, and a failure that no fallback is for, say nothing of it."""
    world = World(CallPolicy(fallback=OperationFallback("get-cached-score")))
    unable = Facts(unable="it has no path")
    world.call([OK], facts=unable)
    world.call([fails("4xx", "404")], facts=unable)
    assert world.told(FallbackRefused) == []
    assert world.call([fails("5xx")], facts=unable).handed_out
    assert [each.reason for each in world.told(FallbackRefused)] == ["it has no path"]
