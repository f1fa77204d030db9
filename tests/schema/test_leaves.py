"""The leaves of policies, as their schemas describe them."""

import pytest

from configsvc.model.names import POLICY_KINDS, Kind
from configsvc.model.policies import (
    OUTCOME_CLASSES,
    Lifted,
    OperationReference,
    Rate,
    StaticResponse,
    Window,
)
from configsvc.schema.leaves import LeafReader, LeafTable, defaults, leaf_table, leaves, outcomes

POLICIES = [pytest.param(kind, id=str(kind)) for kind in POLICY_KINDS]


def flat(table: LeafTable) -> dict[str, LeafReader]:
    """The readers in a table by the path of keys that leads to them."""
    found: dict[str, LeafReader] = {}
    for key, rule in table.items():
        if isinstance(rule, LeafReader):
            found[key] = rule
        else:
            found |= {f"{key}.{path}": inner for path, inner in flat(rule).items()}
    return found


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        (Kind.TIMEOUT, "enabled connect attempt overall idle"),
        (
            Kind.RETRY,
            (
                "enabled attempts retryOn backoff.base backoff.multiplier backoff.max "
                "backoff.jitter budget.ratio budget.minPerSecond budget.scope retryAfter.honour "
                "retryAfter.max otherInstance nonIdempotent"
            ),
        ),
        (
            Kind.CIRCUIT_BREAKER,
            (
                "enabled window minimumCalls failureRate slowCall.above slowCall.rate "
                "failures.record failures.ignore openFor halfOpen.probes halfOpen.maxWait scope"
            ),
        ),
        (Kind.BULKHEAD, "enabled maxConcurrent queue maxWait scope"),
        (Kind.RATE_LIMIT, "enabled rate burst key maxWait scope"),
        (Kind.HEDGE, "enabled extra delay budget.ratio budget.minPerSecond budget.scope"),
        (Kind.FALLBACK, "enabled static lastGood.maxAge operation"),
    ],
)
def test_the_leaves_of_each_kind(kind: Kind, paths: str) -> None:
    """Scalars, lists and atomic objects are leaves; target and side are none."""
    assert [leaf.path for leaf in leaves(kind)] == paths.split()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.TIMEOUT, {"enabled": True}),
        (
            Kind.RETRY,
            {
                "enabled": True,
                "attempts": 3,
                "retryOn": ("connect", "refused", "reset", "timeout"),
                "backoff.base": 50_000,
                "backoff.multiplier": 2_000_000,
                "backoff.max": 1_000_000,
                "backoff.jitter": "full",
                "budget.minPerSecond": 1,
                "budget.scope": "pair",
                "retryAfter.honour": True,
                "retryAfter.max": 1_000_000,
                "otherInstance": True,
                "nonIdempotent": "never",
            },
        ),
        (
            Kind.CIRCUIT_BREAKER,
            {
                "enabled": True,
                "window": Window("count", 100),
                "minimumCalls": 20,
                "failureRate": 500_000,
                "slowCall.rate": 500_000,
                "failures.record": ("connect", "refused", "reset", "timeout", "5xx", "overloaded"),
                "failures.ignore": (),
                "openFor": 10_000_000,
                "halfOpen.probes": 3,
                "halfOpen.maxWait": 10_000_000,
                "scope": "pair",
            },
        ),
        (Kind.BULKHEAD, {"enabled": True, "queue": 0, "maxWait": 0, "scope": "pair"}),
        (Kind.RATE_LIMIT, {"enabled": True, "maxWait": 0, "scope": "pair"}),
        (
            Kind.HEDGE,
            {"enabled": True, "extra": 1, "budget.minPerSecond": 1, "budget.scope": "pair"},
        ),
        (Kind.FALLBACK, {"enabled": True}),
    ],
)
def test_the_defaults_of_each_kind(kind: Kind, expected: dict[str, object]) -> None:
    """They are typed as values that are read: microseconds, parts per million."""
    assert dict(defaults(kind)) == expected


@pytest.mark.parametrize("kind", POLICIES)
def test_the_table_leads_to_every_leaf(kind: Kind) -> None:
    """What is read from documents is what merges."""
    readers = flat(leaf_table(kind))
    assert {path: reader.path for path, reader in readers.items()} == {
        leaf.path: leaf.path for leaf in leaves(kind)
    }


@pytest.mark.parametrize("kind", POLICIES)
def test_what_a_leaf_needs_is_a_leaf(kind: Kind) -> None:
    """The note that a leaf has no effect alone points to one that exists."""
    paths = {leaf.path for leaf in leaves(kind)}
    assert {leaf.needs for leaf in leaves(kind) if leaf.needs} <= paths


def test_a_leaf_knows_its_pointer() -> None:
    """The pointer leads from the root of the document."""
    pointers = {leaf.path: leaf.pointer for leaf in leaves(Kind.RETRY)}
    assert pointers["backoff.base"] == "/spec/backoff/base"


def test_atomic_objects_are_one_leaf() -> None:
    """A window of one policy with the size of another would mean nothing."""
    atomic = {(kind, leaf.path) for kind in POLICY_KINDS for leaf in leaves(kind) if leaf.atomic}
    assert atomic == {
        (Kind.CIRCUIT_BREAKER, "window"),
        (Kind.RATE_LIMIT, "rate"),
        (Kind.FALLBACK, "static"),
        (Kind.FALLBACK, "operation"),
    }


def test_limits_that_can_be_lifted() -> None:
    """None is a limit in its own right only where "no limit" makes sense."""
    lifted = {
        f"{kind}.{leaf.path}" for kind in POLICY_KINDS for leaf in leaves(kind) if leaf.can_lift
    }
    assert lifted == {
        "Timeout.connect",
        "Timeout.attempt",
        "Timeout.overall",
        "Timeout.idle",
        "Retry.budget.ratio",
        "CircuitBreaker.slowCall.above",
        "CircuitBreaker.halfOpen.maxWait",
        "Bulkhead.maxConcurrent",
        "RateLimit.rate",
        "RateLimit.key",
        "Hedge.delay",
        "Hedge.budget.ratio",
    }


def test_only_policies_have_leaves() -> None:
    """A Service does not merge."""
    with pytest.raises(KeyError, match="Service is not a kind of policy"):
        leaves(Kind.SERVICE)


@pytest.mark.parametrize(
    ("kind", "path", "written", "value"),
    [
        (Kind.TIMEOUT, "overall", "1m30s", 90_000_000),
        (Kind.TIMEOUT, "overall", "none", Lifted.NONE),
        (Kind.RETRY, "backoff.multiplier", 1.5, 1_500_000),
        (Kind.RETRY, "backoff.multiplier", 0.1, 100_000),
        (Kind.RETRY, "backoff.jitter", "none", "none"),
        (Kind.RETRY, "budget.ratio", "0.5%", 5_000),
        (Kind.RETRY, "retryOn", ["timeout", 503, "connect"], ("connect", "timeout", "503")),
        (Kind.CIRCUIT_BREAKER, "window", {"kind": "count", "size": 10}, Window("count", 10)),
        (Kind.CIRCUIT_BREAKER, "window", {"kind": "time", "size": "1s"}, Window("time", 1_000_000)),
        (Kind.BULKHEAD, "maxConcurrent", 7, 7),
        (Kind.BULKHEAD, "maxConcurrent", "none", Lifted.NONE),
        (Kind.RATE_LIMIT, "rate", {"limit": 5, "period": "1s"}, Rate(5, 1_000_000)),
        (Kind.RATE_LIMIT, "rate", "none", Lifted.NONE),
        (Kind.RATE_LIMIT, "key", "none", Lifted.NONE),
        (Kind.RATE_LIMIT, "key", "caller", "caller"),
        (
            Kind.FALLBACK,
            "static",
            {"status": 200, "headers": {"b": "2", "a": "1"}, "body": "x"},
            StaticResponse(200, (("a", "1"), ("b", "2")), "x"),
        ),
        (Kind.FALLBACK, "static", {"status": 204}, StaticResponse(204, (), "")),
        (
            Kind.FALLBACK,
            "operation",
            {"service": "a", "operation": "b"},
            OperationReference("a", "b"),
        ),
    ],
)
def test_how_a_leaf_is_read(kind: Kind, path: str, written: object, value: object) -> None:
    """Each type becomes integers, tuples and values of the model."""
    read = flat(leaf_table(kind))[path].convert(written)
    assert (type(read), read) == (type(value), value)


def test_every_class_of_outcomes_has_its_place() -> None:
    """One that was forgotten would be taken for a code."""
    assert outcomes([*sorted(OUTCOME_CLASSES), "100"])[-1] == "100"
    assert len(outcomes(OUTCOME_CLASSES)) == len(OUTCOME_CLASSES)


def test_outcomes_are_a_set_in_a_fixed_order() -> None:
    """Equal sets are equal values, however they were written."""
    written = ["UNAVAILABLE", 503, "overloaded", "503", "connect", 429]
    assert outcomes(written) == ("connect", "overloaded", "429", "503", "UNAVAILABLE")
