"""Effective policies as agents read them."""

import pytest

from configsvc.bundle.policies import encode_limit, encode_policy
from configsvc.model.names import Kind
from configsvc.model.policies import (
    Leaf,
    Lifted,
    OperationReference,
    Rate,
    RateLimit,
    StaticResponse,
    Target,
    Window,
)
from configsvc.resolve import Catalog, effective
from tests.resolve.making import EVERYTHING, policy, timeout

RETRY = {
    "attempts": 3,
    "retryOn": ("connect", "refused", "reset", "timeout"),
    "backoff": {"base": 50_000, "multiplier": 2_000_000, "max": 1_000_000, "jitter": "full"},
    "retryAfter": {"honour": True, "max": 1_000_000},
    "otherInstance": True,
    "nonIdempotent": "never",
}
BREAKER = {
    "window": {"kind": "count", "size": 100},
    "minimumCalls": 20,
    "failureRate": 500_000,
    "record": ("connect", "refused", "reset", "timeout", "5xx", "overloaded"),
    "ignore": (),
    "openFor": 10_000_000,
    "halfOpen": {"probes": 3, "maxWait": 10_000_000},
    "scope": "pair",
}


def _encoded(kind: Kind, fields: dict[str, Leaf]) -> dict:
    catalog = Catalog.of([policy(kind, "p", EVERYTHING, fields)])
    encoded = dict(encode_policy(effective(catalog, "a", "b", "x")))
    encoded.pop("sources")
    return encoded


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        (Kind.TIMEOUT, {"connect": 1, "idle": 2}, {"timeout": {"connect": 1, "idle": 2}}),
        (Kind.TIMEOUT, {"overall": Lifted.NONE}, {"timeout": {}}),
        (Kind.RETRY, {"attempts": 3}, {"retry": RETRY}),
        (
            Kind.RETRY,
            {"budget.ratio": 200_000},
            {"retry": RETRY | {"budget": {"ratio": 200_000, "minPerSecond": 1, "scope": "pair"}}},
        ),
        (Kind.RETRY, {"enabled": False}, {}),
        (Kind.CIRCUIT_BREAKER, {"minimumCalls": 20}, {"breaker": BREAKER}),
        (
            Kind.CIRCUIT_BREAKER,
            {
                "window": Window("time", 30_000_000),
                "slowCall.above": 400_000,
                "halfOpen.maxWait": Lifted.NONE,
            },
            {
                "breaker": BREAKER
                | {
                    "window": {"kind": "time", "size": 30_000_000},
                    "slowCall": {"above": 400_000, "rate": 500_000},
                    "halfOpen": {"probes": 3},
                }
            },
        ),
        (
            Kind.BULKHEAD,
            {"maxConcurrent": 9},
            {"bulkhead": {"maxConcurrent": 9, "queue": 0, "maxWait": 0, "scope": "pair"}},
        ),
        (
            Kind.RATE_LIMIT,
            {"rate": Rate(5, 1_000_000), "key": "caller"},
            {
                "rateLimit": {
                    "limit": 5,
                    "period": 1_000_000,
                    "burst": 5,
                    "key": "caller",
                    "maxWait": 0,
                    "scope": "pair",
                }
            },
        ),
        (Kind.HEDGE, {"delay": 7}, {"hedge": {"extra": 1, "delay": 7}}),
        (
            Kind.FALLBACK,
            {"static": StaticResponse(200, (("x-a", "b"),), "{}")},
            {"fallback": {"static": {"status": 200, "headers": [["x-a", "b"]], "body": "{}"}}},
        ),
        (Kind.FALLBACK, {"lastGood.maxAge": 5}, {"fallback": {"lastGood": {"maxAge": 5}}}),
        (
            Kind.FALLBACK,
            {"operation": OperationReference("c", "z")},
            {"fallback": {"operation": {"service": "c", "operation": "z"}}},
        ),
    ],
)
def test_each_kind_is_written_as_the_protocol_says(
    kind: Kind, fields: dict[str, Leaf], expected: dict
) -> None:
    """Defaults are filled in, what is not in force or lifted is absent."""
    assert _encoded(kind, fields) == expected


def test_sources_name_who_set_which_leaf() -> None:
    """Each document lists the leaves that it decides; covered and default ones are not listed."""
    catalog = Catalog.of(
        [
            timeout("ours", Target("a"), attempt=1),
            timeout("all", attempt=2, overall=3),
            policy(Kind.RETRY, "all", EVERYTHING, {"backoff.base": 4, "attempts": 2}),
        ]
    )
    assert encode_policy(effective(catalog, "a", "b", "x"))["sources"] == {
        "Timeout/ours": ["timeout.attempt"],
        "Timeout/all": ["timeout.overall"],
        "Retry/all": ["retry.attempts", "retry.backoff.base"],
    }


def test_an_edge_without_policies_has_no_sources() -> None:
    """Nothing is in force, and nobody said so."""
    assert encode_policy(effective(Catalog.of([]), "a", "b", "x")) == {"sources": {}}


def test_a_limit_without_a_key_is_one_bucket() -> None:
    """The key is absent where all calls share the bucket."""
    limit = RateLimit("callee", Rate(5, 1000), 5, None, 0, "pair")
    assert "key" not in encode_limit(limit)
