"""A callee's entry: names, hosts, discovery and operations."""

import pytest

from configsvc.bundle.callees import CalleeEncoder, encode_discovery, encode_match
from configsvc.model.routing import Listener
from configsvc.model.services import (
    Discovery,
    HealthCheck,
    Instance,
    Latency,
    Match,
    Operation,
    OutlierDetection,
)
from configsvc.resolve import Catalog
from tests.resolve.making import gateway, operation, service


def _entry(*resources: object, callee: str = "b") -> dict:
    catalog = Catalog.of(resources)
    return dict(CalleeEncoder(catalog).callee("a", callee))


def test_hosts_are_the_name_the_address_and_the_instances() -> None:
    """Each name that means the callee stands there once."""
    discovery = Discovery(
        address="b.internal:80", instances=(Instance("10.0.0.1:80"), Instance("b.internal:80"))
    )
    entry = _entry(service("b", discovery=discovery))
    assert entry["hosts"] == ["b", "b.internal:80", "10.0.0.1:80"]


def test_a_gateway_is_reached_at_its_listener() -> None:
    """It can be called like any other node; it has no operations."""
    entry = _entry(gateway("edge", listeners=(Listener(8080),)), callee="edge")
    assert entry["hosts"] == ["edge", "127.0.0.1:8080"]
    assert entry["operations"] == []


def test_operations_come_in_matching_order_with_their_facts() -> None:
    """Floor is the declared median; what is unknown is absent."""
    entry = _entry(
        service(
            "b",
            operation("all", path="/**", streaming=True),
            operation("one", path="/one", latency=Latency(p50=900)),
            Operation("named"),
            Operation("mixed", Match(("GET", "POST"), "/mixed"), idempotent=None),
        )
    )
    facts = [{k: v for k, v in o.items() if k != "policy"} for o in entry["operations"]]
    assert facts == [
        {
            "name": "mixed",
            "match": {"methods": ("GET", "POST"), "path": "/mixed"},
            "idempotent": False,
        },
        {
            "name": "one",
            "match": {"methods": ("GET",), "path": "/one"},
            "idempotent": True,
            "floor": 900,
        },
        {
            "name": "all",
            "match": {"methods": ("GET",), "path": "/**"},
            "idempotent": True,
            "streaming": True,
        },
        {"name": "named"},
    ]


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (Match(("GET",), "/x"), {"methods": ("GET",), "path": "/x"}),
        (Match((), "/x"), {"methods": (), "path": "/x"}),
        (Match(("GET",)), {"methods": ("GET",), "path": "/**"}),
        (Match(grpc="s.S/Get"), {"grpc": "s.S/Get"}),
    ],
)
def test_a_match_always_says_path_and_methods(match: Match, expected: dict) -> None:
    """No methods is every method; no path is every path."""
    assert encode_match(match) == expected


def test_discovery_has_its_checks_only_where_declared() -> None:
    """Every field of the two checks arrives under its name in documents."""
    discovery = Discovery(
        mode="server",
        address="b:80",
        instances=(Instance("10.0.0.1:80", (("zone", "a"),)),),
        health_check=HealthCheck("/up", 10, 1, 2, 3, unejects=False),
        outlier_detection=OutlierDetection(5, None, 10, 30, 100_000, 2, 1),
    )
    assert encode_discovery(discovery) == {
        "mode": "server",
        "address": "b:80",
        "instances": [{"address": "10.0.0.1:80", "labels": {"zone": "a"}}],
        "loadBalancing": "round-robin",
        "panicThreshold": 500_000,
        "healthCheck": {
            "path": "/up",
            "interval": 10,
            "timeout": 1,
            "healthyAfter": 2,
            "unhealthyAfter": 3,
            "unejects": False,
        },
        "outlierDetection": {
            "consecutive5xx": 5,
            "interval": 10,
            "baseEjection": 30,
            "maxEjection": 100_000,
            "minHosts": 2,
            "minRequests": 1,
        },
    }
    assert "healthCheck" not in encode_discovery(Discovery())
