"""References that lead nowhere are listed, with their place and what they miss."""

import pytest

from configsvc.model.names import Kind
from configsvc.model.policies import OperationReference, Rate, Target
from configsvc.model.resources import Resource
from configsvc.model.services import Call
from configsvc.model.trust import Authentication
from configsvc.resolve import Catalog, dangling
from tests.resolve.making import (
    EVERYTHING,
    bff,
    endpoint,
    gateway,
    operation,
    policy,
    resource,
    route,
    service,
    timeout,
)


def _lines(*resources: Resource) -> list[str]:
    return [
        f"{d.resource}#{d.pointer} {d.fault} {d.name}" + (f" {d.operation}" if d.operation else "")
        for d in dangling(Catalog.of(resources))
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            service("a", operation("x", Call("ghost"))),
            "Service/a#/spec/operations/0/calls/0/to unknown-node ghost",
        ),
        (
            service("a", operation("x", Call("a", "typo"))),
            "Service/a#/spec/operations/0/calls/0/operation unknown-operation a typo",
        ),
        (
            bff("web", endpoint("home", Call("ghost"))),
            "Bff/web#/spec/endpoints/0/calls/0/to unknown-node ghost",
        ),
        (
            service("a", authentication="ghost"),
            "Service/a#/spec/authentication unknown-authentication ghost",
        ),
        (
            gateway("edge", authentication="ghost"),
            "Gateway/edge#/spec/authentication unknown-authentication ghost",
        ),
        (
            service("a", rate_limits=("ghost",)),
            "Service/a#/spec/rateLimits/0 unknown-rate-limit ghost",
        ),
        (
            policy(Kind.FALLBACK, "f", EVERYTHING, {"operation": OperationReference("ghost", "x")}),
            "Fallback/f#/spec/operation/service unknown-node ghost",
        ),
    ],
)
def test_a_reference_to_nothing_is_listed(written: Resource, expected: str) -> None:
    """Whoever refers to what is not there is named, down to the field."""
    assert _lines(written) == [expected]


def test_a_route_without_its_gateway_is_still_checked() -> None:
    """An unknown gateway hides neither the route's destinations nor its other references."""
    assert _lines(route("r", "ghost", "nobody", authentication="nowhere")) == [
        "Route/r#/spec/authentication unknown-authentication nowhere",
        "Route/r#/spec/destinations/0/to unknown-node nobody",
        "Route/r#/spec/gateway unknown-gateway ghost",
    ]


def test_a_route_of_a_gateway_is_listed_once() -> None:
    """A destination is looked at with its gateway's graph alone."""
    lines = _lines(gateway("edge"), route("r", "edge", "nobody"))
    assert lines == ["Route/r#/spec/destinations/0/to unknown-node nobody"]


def test_a_rate_limit_with_a_target_cannot_be_named() -> None:
    """It applies where its target says, so naming it is a mistake of its own."""
    limit = policy(Kind.RATE_LIMIT, "r", EVERYTHING, {"rate": Rate(1, 9)}, side="callee")
    assert _lines(limit, service("a", rate_limits=("r",))) == [
        "Service/a#/spec/rateLimits/0 targeted-rate-limit r"
    ]


def test_a_fallback_names_an_operation_that_exists() -> None:
    """The service may be there without the operation."""
    reference = {"operation": OperationReference("a", "typo")}
    lines = _lines(service("a"), policy(Kind.FALLBACK, "f", EVERYTHING, reference))
    assert lines == ["Fallback/f#/spec/operation/operation unknown-operation a typo"]


def test_good_references_and_targets_are_not_listed() -> None:
    """``public`` needs no Authentication, and a target selects instead of referring."""
    assert not _lines(
        resource(Kind.AUTHENTICATION, "staff", Authentication()),
        policy(Kind.RATE_LIMIT, "limit", None, {"rate": Rate(1, 9)}, side="callee"),
        service("a", operation("x"), authentication="staff", rate_limits=("limit",)),
        bff("web", endpoint("home", Call("a", "x"), Call("a")), authentication="public"),
        gateway("edge", authentication="public"),
        route("r", "edge", "a", "web"),
        timeout("t", Target("nobody", "nowhere"), attempt=1),
    )
