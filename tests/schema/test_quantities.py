"""Bounds of quantities and other checks of text that JSON Schema cannot make."""

import pytest

from configsvc.model.names import Kind
from configsvc.schema.errors import Problem
from configsvc.schema.quantities import problems
from tests.schema.builders import document, refused


def said(kind: str, spec: dict[str, object]) -> list[Problem]:
    """The problems of quantities alone."""
    return problems(Kind(kind), document(kind, spec))


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("Timeout", {"connect": "0s"}, "/spec/connect: '0s' is less than allowed: use 1ms to 1h"),
        ("Timeout", {"idle": "25h"}, "/spec/idle: '25h' is more than allowed: use 1ms to 1d"),
        (
            "Retry",
            {"backoff": {"base": "61m"}},
            "/spec/backoff/base: '61m' is more than allowed: use 0s to 1h",
        ),
        (
            "CircuitBreaker",
            {"failureRate": "0%"},
            "/spec/failureRate: '0%' is less than allowed: use 0.01% to 100%",
        ),
        (
            "CircuitBreaker",
            {"failureRate": "100.0001%"},
            "/spec/failureRate: '100.0001%' is more than allowed: use 0.01% to 100%",
        ),
        (
            "CircuitBreaker",
            {"window": {"kind": "time", "size": "10ms"}},
            "/spec/window/size: '10ms' is less than allowed: use 1s to 1h",
        ),
        (
            "RateLimit",
            {"rate": {"limit": 1, "period": "2d"}},
            "/spec/rate/period: '2d' is more than allowed: use 1ms to 1d",
        ),
        (
            "Service",
            {"server": {"replayBuffer": "2GiB"}},
            "/spec/server/replayBuffer: '2GiB' is more than allowed: use 0B to 1GiB",
        ),
        (
            "Service",
            {"operations": [{}, {"latency": {"p50": "0s"}}]},
            "/spec/operations/1/latency/p50: '0s' is less than allowed: use 1us to 1d",
        ),
        (
            "Service",
            {"discovery": {"allow": ["10.0.0.0/8", "10.0.0.1/8"]}},
            "/spec/discovery/allow/1: '10.0.0.1/8' has host bits: write '10.0.0.0/8'",
        ),
        (
            "Service",
            {"discovery": {"allow": ["1.2.3.4/99"]}},
            (
                "/spec/discovery/allow/0: '1.2.3.4/99' is not a network: "
                "write CIDR notation, such as '10.0.0.0/8'"
            ),
        ),
        (
            "Gateway",
            {"listeners": [{"address": "1.2.3.400"}]},
            (
                "/spec/listeners/0/address: '1.2.3.400' is not an IP address: "
                "write one, such as '127.0.0.1' or '::'"
            ),
        ),
        (
            "Waiver",
            {"expires": "2030-02-30"},
            "/spec/expires: '2030-02-30' is not in the calendar: write a date such as '2030-01-31'",
        ),
        (
            "Authentication",
            {"apiKeys": [{"notAfter": "2030-01-31T25:00:00Z"}]},
            (
                "/spec/apiKeys/0/notAfter: '2030-01-31T25:00:00Z' is not a point in time: "
                "write it as in '2030-01-31T12:00:00Z'"
            ),
        ),
    ],
)
def test_what_is_out_of_bounds(kind: str, spec: dict[str, object], message: str) -> None:
    """Each is told with its bounds, whatever else the document lacks."""
    assert [f"{each.pointer}: {each.message}" for each in said(kind, spec)] == [message]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("Timeout", {"connect": "1ms", "idle": "1d", "overall": "none"}),
        ("Retry", {"backoff": {"base": "0s", "max": "1h"}, "budget": {"ratio": "none"}}),
        ("Timeout", {"connect": 5, "idle": "soon", "overall": None, "attempt": ["1s"]}),
        ("Retry", {"backoff": "1s", "unknown": {"base": "9d"}}),
        ("Service", {"operations": {"latency": "1s"}, "discovery": []}),
        ("Timeout", {"idle": "9" * 5_000 + "s"}),
        ("Service", {"discovery": {"allow": ["::/0", "2001:db8:0:0::/32", "10.0.0.0/8"]}}),
    ],
)
def test_bounds_themselves_and_other_values_are_none_of_its_business(
    kind: str, spec: dict[str, object]
) -> None:
    """The ends belong to the range; what is no quantity is refused by the schema's pattern."""
    assert said(kind, spec) == []


def test_not_every_mistake_is_told() -> None:
    """A hundred are enough for one round."""
    operations = [{"name": f"a{index}", "slo": "2d"} for index in range(150)]
    assert len(refused("Service", {"operations": operations})) == 100


def test_a_problem_carries_what_was_seen_and_what_is_allowed() -> None:
    """Consoles show these beside the message."""
    (problem,) = said("Timeout", {"connect": "2h"})
    assert (problem.seen, problem.allowed) == ("2h", ("1ms", "1h"))


def test_a_document_with_both_kinds_of_mistakes_gets_both_told() -> None:
    """Bounds are checked beside the shape, not after it."""
    assert refused("Timeout", {"target": {}, "connect": "2h", "idle": 5}) == [
        "/spec/connect: '2h' is more than allowed: use 1ms to 1h",
        "/spec/idle: 5 is not a duration: write a number with a unit, such as '5s', or 'none'",
    ]
