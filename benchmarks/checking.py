"""Validation and check of namespaces of 100 and 1,000 services: ``python -m benchmarks.checking``.

Each service has two operations that call two services further down, and there are two policies for
each service. Validation is reading JSON documents into typed resources; check is resolving and
running every rule over them; one edit is the check of a changed document on top of a namespace that
is loaded. The growth factor is the time for ten times the services.
"""

import gc
import random
from datetime import UTC, datetime
from statistics import median
from typing import Any

from benchmarks.figures import line, timed
from configsvc.analysis import analyze
from configsvc.analysis.rules import ALL
from configsvc.model.resources import Resource
from configsvc.resolve import Catalog
from configsvc.schema import canonical, load_text, read

SIZES = (100, 1_000)
REPEATS = 5
LAYERS = 10


def main() -> None:
    """Measure and print."""
    medians: dict[str, list[float]] = {"validation": [], "check": [], "one edit": []}
    today = datetime.now(UTC).date()
    for size in SIZES:
        texts = [canonical(document) for document in _documents(size)]
        resources = _read(texts)
        loaded = Catalog.of(resources)
        report = analyze(loaded, ALL, today=today)
        edit = _read([canonical(_edited(size))])
        what = f"{size} services, {len(texts)} documents, {report.edges} edges"
        gc.collect()
        works = {
            "validation": lambda texts=texts: _read(texts),
            "check": lambda resources=resources: analyze(Catalog.of(resources), ALL, today=today),
            "one edit": lambda loaded=loaded, edit=edit: analyze(
                loaded.with_change(edit), ALL, today=today
            ),
        }
        for name, work in works.items():
            taken = timed(work, REPEATS)
            medians[name].append(median(taken))
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


def _edited(size: int) -> dict[str, Any]:
    """The bulkhead of the last service, which others call, with another limit."""
    name = f"s{size - 1}"
    return _document("Bulkhead", name, {"target": {"to": name}, "maxConcurrent": 21})


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
