"""Validation and check of namespaces of 100 and 1,000 services: ``python -m benchmarks.checking``.

Each service has two operations that call two services further down, and there are two policies for
each service. Validation is reading JSON documents into typed resources; check is resolving and
running every rule over them; an edit is the check of one changed document on top of a namespace
that is loaded: a bulkhead, a retry, or a latency. The growth factor is the time for ten times the
services.
"""

import gc
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median
from typing import Any

from benchmarks.figures import line, timed
from configsvc.analysis import Standing, analyze
from configsvc.analysis.rules import ALL
from configsvc.model.resources import Resource
from configsvc.resolve import Catalog
from configsvc.schema import canonical, load_text, read

SIZES = (100, 1_000)
REPEATS = 5
LAYERS = 10


def main() -> None:
    """Measure and print."""
    medians: dict[str, list[float]] = {}
    today = datetime.now(UTC).date()
    for size in SIZES:
        texts = [canonical(document) for document in _documents(size)]
        resources = _read(texts)
        loaded = Standing.of(Catalog.of(resources), ALL).on(today)
        report = loaded.report(today)
        edits = [_read([canonical(document)]) for document in _edits(size)]
        what = f"{size} services, {len(texts)} documents, {report.edges} edges"
        gc.collect()
        works = {
            "validation": lambda texts=texts: _read(texts),
            "check": lambda resources=resources: analyze(Catalog.of(resources), ALL, today=today),
        }
        for edit in edits:
            works[f"edit of a {edit[0].key.kind}"] = lambda loaded=loaded, edit=edit: loaded.after(
                loaded.catalog.with_change(edit), [resource.key for resource in edit]
            ).report(today)
        for name, work in works.items():
            taken = timed(work, REPEATS)
            medians.setdefault(name, []).append(median(taken))
            print(line(f"{name}: {what}", taken))
    for name, (small, large) in medians.items():
        print(f"  {name}: ten times the services take {large / small:.1f} times as long")


def _read(texts: list[bytes]) -> list[Resource]:
    return [
        read(document)
        for text in texts
        for document in load_text(text, origin="benchmark", syntax="json").documents
    ]


def _documents(size: int) -> list[dict[str, Any]]:
    random_ = random.Random(7)
    found = [_document("Timeout", "default", {"target": {}, "attempt": "300ms", "overall": "1s"})]
    for number in range(size):
        found.append(_document("Service", f"s{number}", _service(number, size, random_)))
        target = {"to": f"s{number}"}
        breaker = {"target": target, "failureRate": "50%", "openFor": "10s"}
        found.append(_document("CircuitBreaker", f"s{number}", breaker))
        found.append(_document("Bulkhead", f"s{number}", {"target": target, "maxConcurrent": 20}))
    return found


def _edits(size: int) -> Iterator[dict[str, Any]]:
    """What somebody may change about a service in the middle that calls and is called."""
    called = {
        call["to"]
        for document in _documents(size)
        for operation in document["spec"].get("operations", ())
        for call in operation["calls"]
    }
    name = next(f"s{number}" for number in range(size // 2, size) if f"s{number}" in called)
    yield _document("Bulkhead", name, {"target": {"to": name}, "maxConcurrent": 21})
    yield _document("Retry", name, {"target": {"to": name}, "attempts": 3})
    services = (d for d in _documents(size) if d["kind"] == "Service")
    service = next(d for d in services if d["metadata"]["name"] == name)
    service["spec"]["operations"][0]["latency"]["p99"] = "90ms"
    yield service


def _service(number: int, size: int, random_: random.Random) -> dict[str, Any]:
    first = (number * LAYERS // size + 1) * size // LAYERS
    callees = [random_.randrange(first, size) for _ in range(2)] if first < size else []
    operations = [
        {
            "name": name,
            "match": {"methods": [method], "path": f"/{name}/{{id}}"},
            "latency": {"p50": "10ms", "p99": "100ms", "p999": "200ms"},
            "calls": [{"to": f"s{callee}", "operation": name} for callee in dict.fromkeys(callees)],
        }
        for name, method in (("get", "GET"), ("put", "PUT"))
    ]
    return {"owner": "bench", "operations": operations}


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "configsvc/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


if __name__ == "__main__":
    main()
