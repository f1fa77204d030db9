"""The resources behind the tests on requests: a service for each policy, so that none disturbs."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests.gateway.tokens import KEYS, jwk, kind
from tests.gateway.upstream import Upstream
from tests.gateway.world import Gateway, Node, document


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a test may use: each names itself in the header ``x-test``."""

    at: Node
    edge: Gateway
    client: httpx.Client
    one: Upstream
    other: Upstream

    def send(self, test: str, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Send one request; ``_`` in header names stands for ``-``."""
        sent = {"x-test": test} | {name.replace("_", "-"): v for name, v in headers.items()}
        return self.client.request(method, path, headers=sent)

    def attempts(self, test: str) -> int:
        """How often the instances were called for a test."""
        return self.one.seen[test] + self.other.seen[test]


def service(name: str, *addresses: str, **spec: object) -> dict[str, Any]:
    """A service at these addresses."""
    instances = [{"address": address} for address in addresses]
    return document("Service", name, **{"discovery": {"instances": instances}} | spec)


def route(name: str, *to: str, **spec: object) -> dict[str, Any]:
    """A route of ``/NAME`` to services of equal weight."""
    match = {"prefix": f"/{name}"}
    destinations = [{"to": each} for each in to or (name,)]
    return document(
        "Route", name, **{"gateway": "edge", "match": match, "destinations": destinations} | spec
    )


def operation(name: str, path: str, *methods: str) -> dict[str, Any]:
    """An operation by its path."""
    latency = {"p50": "1ms", "p99": "10ms"}
    return {"name": name, "match": {"methods": list(methods), "path": path}, "latency": latency}


def retries(name: str, **more: object) -> dict[str, Any]:
    """Three attempts on answers of 5xx, with short waits and no budget."""
    backoff = {"base": "1ms", "max": "5ms"}
    spec = {"attempts": 3, "retryOn": ["5xx", "reset", "timeout"], "backoff": backoff} | more
    return document("Retry", name, target={"to": name}, **spec)


def documents(port: int, one: str, other: str) -> list[dict[str, Any]]:
    """Everything."""
    gate = document("Gateway", "edge", listeners=[{"port": port}], authentication="public")
    limits = document("Timeout", "all", target={}, connect="500ms", attempt="2s", overall="5s")
    return [
        gate,
        limits,
        *_routing(one, other),
        *_policies(one, other),
        *_authentication(one),
    ]


def _routing(one: str, other: str) -> Iterator[dict[str, Any]]:
    items = [
        operation("get-item", "/items/{id}", "GET"),
        operation("search", "/items/search", "GET"),
    ]
    yield service("items", one, operations=items)
    yield route("items", match={"prefix": "/shop"}, rewrite={"prefix": "/"})
    yield document(
        "Timeout",
        "search",
        target={"to": "items", "operation": "search"},
        overall="1500ms",
        attempt="1500ms",
    )
    yield service("first", one)
    yield service("second", other)
    yield route("weighted", destinations=[{"to": "first", "weight": 3}, {"to": "second"}])
    yield route(
        "renamed", "first",
        match={"path": "/old/{id}/parts/{part}"}, rewrite={"path": "/new/{part}/of/{id}"},
    )  # fmt: skip
    yield route("hosted", "second", hosts=["*.example.com"], match={"prefix": "/shop"}, priority=1)
    yield route(
        "beta", "second", match={"prefix": "/shop", "headers": {"x-beta": "yes"}}, priority=2
    )


def _policies(one: str, other: str) -> Iterator[dict[str, Any]]:
    for name, retry in (
        ("retried", {}),
        ("keyed", {"nonIdempotent": "with-key"}),
        ("budgeted", {"budget": {"ratio": "20%", "minPerSecond": 0}}),
    ):
        yield service(name, one)
        yield route(name)
        yield retries(name, **retry)
    yield service("quick", one)
    yield route("quick")
    yield document(
        "Retry",
        "quick",
        target={"to": "quick"},
        attempts=2,
        retryOn=["timeout"],
        backoff={"base": "1ms", "max": "5ms"},
    )
    yield document("Timeout", "quick", target={"to": "quick"}, attempt="200ms", overall="1s")
    yield service("full", one)
    yield route("full")
    yield document("Bulkhead", "full", target={"to": "full"}, maxConcurrent=2)
    yield service("broken", one, other)
    yield route("broken")
    yield document(
        "CircuitBreaker", "broken", target={"to": "broken"}, minimumCalls=5, failureRate="50%",
        window={"kind": "count", "size": 20}, openFor="60s", scope="instance",
    )  # fmt: skip
    yield service("limited", one)
    yield route("limited", rateLimits=["few", "each"])
    yield document("RateLimit", "few", side="callee", rate={"limit": 1, "period": "1h"}, burst=6)
    yield document(
        "RateLimit",
        "each",
        side="callee",
        rate={"limit": 1, "period": "1h"},
        burst=2,
        key="header:x-tenant",
    )


def _authentication(one: str) -> Iterator[dict[str, Any]]:
    yield service("guarded", one)
    yield route("guarded", authentication="customers")
    yield document("Authentication", "customers", jwt=jwt(*KEYS), scopes=["items.read"])
    yield route("scopeless", "guarded", authentication="anybody")
    yield document("Authentication", "anybody", jwt=jwt(*KEYS))
    yield route("keys-only", "guarded", authentication="partners")
    keys = [
        api_key("one", "items.read"),
        api_key("two"),
        api_key("old", notAfter="2020-01-01T00:00:00Z"),
    ]
    yield document("Authentication", "partners", apiKeys=keys, scopes=["items.read"])
    yield route("either", "guarded", authentication="either")
    yield document("Authentication", "either", jwt=jwt("ed"), apiKeys=keys, scopes=["items.read"])


SECRETS = {"one": "k" * 200, "two": "0123456789abcdef" * 2, "old": "o" * 55}
"""API keys of several lengths: a digest takes 64 bytes at a time."""


def api_key(name: str, *scopes: str, **more: object) -> dict[str, object]:
    """A key as documents have it."""
    digest = hashlib.sha256(SECRETS[name].encode()).hexdigest()
    return {"id": name, "sha256": digest, "scopes": list(scopes)} | more


def jwt(*keys: str, **more: object) -> dict[str, Any]:
    """What tokens of the tests are accepted by, verified with these keys."""
    found = [{"id": name, "algorithm": kind(name).algorithm, "jwk": jwk(name)} for name in keys]
    return {"issuer": "https://issuer.example.com", "audiences": ["items"], "keys": found} | more
