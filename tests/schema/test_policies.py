"""Policy documents."""

import pytest

from configsvc.model.names import Kind
from configsvc.model.policies import Lifted, OperationReference, Policy, StaticResponse, Target
from tests.schema.builders import refused, spec_of

PAIR = {"from": "a", "to": "b"}
OPERATION = {"to": "b", "operation": "get"}


def test_only_what_is_written_is_in_the_policy() -> None:
    """Defaults are for after the merge."""
    spec = {"target": PAIR, "attempts": 2, "backoff": {"base": "10ms"}, "budget": {}}
    fields = {"attempts": 2, "backoff.base": 10_000}
    assert spec_of("Retry", spec) == Policy(Kind.RETRY, Target("a", "b"), fields)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, Target()),
        ({"from": "a"}, Target(caller="a")),
        ({"to": "b"}, Target(callee="b")),
        ({"to": "b", "operation": "get"}, Target(callee="b", operation="get")),
        (
            {"from": "a", "to": "b", "operation": "get"},
            Target("a", "b", "get"),
        ),
    ],
)
def test_every_legal_target(target: dict[str, str], expected: Target) -> None:
    """Six forms, of which the empty one matches everything."""
    assert spec_of("Timeout", {"target": target}).target == expected


@pytest.mark.parametrize("kind", ["Timeout", "Retry", "CircuitBreaker", "Bulkhead", "Hedge"])
def test_a_policy_needs_a_target(kind: str) -> None:
    """That it is meant for everything has to be said."""
    assert refused(kind, {}) == [
        "/spec: field 'target' is missing (which calls the policy is about): add it"
    ]


def test_an_operation_needs_its_callee() -> None:
    """Names of operations mean something only within a service."""
    assert refused("Timeout", {"target": {"from": "a", "operation": "get"}}) == [
        "/spec/target/operation: 'operation' needs 'to' beside it: add it"
    ]


def test_a_rate_limit_without_target_applies_where_it_is_named() -> None:
    """Its target is None, which is not the target that matches everything."""
    policy = spec_of("RateLimit", {"side": "callee", "rate": {"limit": 1, "period": "1s"}})
    assert policy.target is None
    assert policy.side == "callee"
    assert "side" not in policy.fields


def test_a_rate_limit_needs_a_side() -> None:
    """Who counts is part of what the limit is."""
    assert refused("RateLimit", {"target": {}}) == [
        (
            "/spec: field 'side' is missing "
            "(who counts, the caller before it sends or the callee before it serves): add it"
        )
    ]


def test_a_limit_at_the_callee_has_no_from() -> None:
    """The callee's bucket is filled by all callers."""
    (message,) = refused("RateLimit", {"side": "callee", "target": PAIR})
    assert message.startswith("/spec/target/from: a limit at the callee counts the calls of every")
    assert message.endswith("write 'key: caller' to count each caller for itself")
    assert refused("RateLimit", {"side": "caller", "target": PAIR}) == []


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        ({"static": {"status": 204}}, {"static": StaticResponse(204, (), "")}),
        ({"lastGood": {"maxAge": "1s"}}, {"lastGood.maxAge": 1_000_000}),
        (
            {"operation": {"service": "a", "operation": "b"}},
            {"operation": OperationReference("a", "b")},
        ),
    ],
)
def test_naming_one_fallback_lifts_the_others(
    spec: dict[str, object], written: dict[str, object]
) -> None:
    """So the most specific policy decides which alternative an edge gets."""
    lifted = dict.fromkeys(("static", "lastGood.maxAge", "operation"), Lifted.NONE)
    assert spec_of("Fallback", {"target": {}, **spec}).fields == {**lifted, **written}


def test_a_fallback_that_is_only_switched_off_lifts_nothing() -> None:
    """What it would be stays inherited."""
    assert spec_of("Fallback", {"target": {}, "enabled": False}).fields == {"enabled": False}


def test_a_fallback_is_one_alternative() -> None:
    """Two at once would need an order."""
    spec = {"target": {}, "static": {"status": 204}, "lastGood": {"maxAge": "1s"}}
    assert refused("Fallback", spec) == [
        "/spec: 'static' and 'lastGood' exclude each other: keep one"
    ]


@pytest.mark.parametrize(
    ("kind", "spec", "pointer"),
    [
        ("CircuitBreaker", {"failureRate": "30%"}, "/spec/failureRate"),
        ("CircuitBreaker", {"halfOpen": {"probes": 1}}, "/spec/halfOpen/probes"),
        ("CircuitBreaker", {"failureRate": "30%", "scope": "instance"}, "/spec/scope"),
        ("CircuitBreaker", {"scope": "pair"}, "/spec/scope"),
        ("Bulkhead", {"maxConcurrent": 3}, "/spec/maxConcurrent"),
        ("RateLimit", {"side": "caller", "burst": 3}, "/spec/burst"),
        ("Retry", {"budget": {"ratio": "10%"}}, "/spec/budget/ratio"),
        ("Hedge", {"delay": "1s", "budget": {"minPerSecond": 3}}, "/spec/budget/minPerSecond"),
    ],
)
def test_one_operation_cannot_describe_shared_state(
    kind: str, spec: dict[str, object], pointer: str
) -> None:
    """A breaker of a pair cannot have the failure rate of one of its operations."""
    (message,) = refused(kind, {"target": OPERATION, **spec})
    assert message.startswith(f"{pointer}: all operations of a caller and callee share one ")
    assert "scope: operation' for a " in message


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("CircuitBreaker", {"failureRate": "30%", "scope": "operation"}),
        ("CircuitBreaker", {"enabled": False}),
        ("Bulkhead", {"maxConcurrent": 3, "scope": "operation"}),
        ("Retry", {"attempts": 5, "backoff": {"base": "1s"}}),
        ("Retry", {"budget": {"ratio": "10%", "scope": "operation"}}),
        ("Hedge", {"delay": "1s"}),
        ("Timeout", {"overall": "1s"}),
        ("Fallback", {"static": {"status": 204}}),
    ],
)
def test_one_operation_may_have_what_is_its_own(kind: str, spec: dict[str, object]) -> None:
    """State of its own, fields without state, or an exemption."""
    assert refused(kind, {"target": OPERATION, **spec}) == []
