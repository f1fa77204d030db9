"""Documents for tests, and what is said about them."""

from datetime import date

from configsvc.schema import InvalidDocumentError, Syntax, load_text, load_value, read
from configsvc.schema.values import Json

TODAY = date(2030, 1, 1)

DETAILED: dict[str, dict[str, Json]] = {
    "Service": {
        "discovery": {
            "lease": {},
            "instances": [{"address": "a:1"}],
            "healthCheck": {},
            "outlierDetection": {"consecutive5xx": 5},
        },
        "client": {"connectionPool": {}},
        "server": {},
        "capacity": {},
        "operations": [{"name": "a", "calls": [{"to": "b", "times": {}}], "latency": {}}],
    },
    "Gateway": {"listeners": [{"port": 80}]},
    "Route": {"gateway": "edge", "destinations": [{"to": "a"}], "match": {}},
    "Bff": {
        "client": "web",
        "discovery": {},
        "endpoints": [
            {"name": "a", "path": "/", "calls": [{"name": "b", "to": "c"}], "output": {"b": "b"}}
        ],
    },
    "Authentication": {
        "jwt": {"issuer": "a", "audiences": ["b"], "jwksUrl": "https://a.example"},
        "apiKeys": [{"id": "a", "sha256": "0" * 64}],
    },
    "Retry": {"target": {}, "backoff": {}, "retryAfter": {}},
    "CircuitBreaker": {"target": {}, "failures": {}, "halfOpen": {}},
    "RateLimit": {"target": {}, "side": "caller", "rate": {"limit": 1, "period": "1s"}},
    "Hedge": {"target": {}, "delay": "1s"},
    "Bulkhead": {"target": {}, "maxConcurrent": 1},
}
"""Specs that have an object wherever one may have defaults inside."""


def document(kind: str, spec: dict[str, Json] | None = None, **metadata: Json) -> dict[str, Json]:
    """A document of ``kind`` with everything but its spec filled in."""
    return {
        "apiVersion": "configsvc/v1",
        "kind": kind,
        "metadata": {"name": "example", **metadata},
        "spec": {} if spec is None else spec,
    }


def spec_of(kind: str, spec: dict[str, Json] | None = None) -> Json:
    """The typed spec of a document that has to be valid."""
    return read(load_value(document(kind, spec), origin="test"), today=TODAY).spec


def refusals(value: dict[str, Json]) -> list[str]:
    """What is said against a document, as 'pointer: message', sorted as it is shown."""
    try:
        read(load_value(value, origin="test"), today=TODAY)
    except InvalidDocumentError as exc:
        return [f"{error.pointer}: {error.message}" for error in exc.errors]
    return []


def refused(kind: str, spec: dict[str, Json]) -> list[str]:
    """What is said against a spec of ``kind``."""
    return refusals(document(kind, spec))


def loaded(text: str | bytes, syntax: Syntax = "yaml") -> tuple[list[Json], list[str]]:
    """The values and the errors in a text."""
    result = load_text(text, origin="file", syntax=syntax)
    return [each.value for each in result.documents], [str(error) for error in result.errors]
