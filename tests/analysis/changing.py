"""A namespace that changes, with its standing analysis, and the changes that somebody may make."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from configsvc.analysis import Standing, analyze
from configsvc.analysis.rules import ALL
from configsvc.model.names import Key
from configsvc.model.resources import Resource
from configsvc.resolve import Catalog
from configsvc.schema import load_value, read
from tests.analysis.graphs import document
from tests.examples.systems import TODAY

Value = dict[str, Any]
Documents = dict[Key, Value]


class Namespace:
    """Documents that change, and their standing analysis."""

    def __init__(self, values: Iterable[Value]) -> None:
        self.documents = by_key(values)
        self.standing = Standing.of(self.catalog_anew(), ALL).on(TODAY)

    def change(self, puts: Iterable[Value] = (), deletes: Iterable[Key] = ()) -> None:
        """Put and delete documents; those that stay as they are do not count as changed."""
        wanted = by_key(puts)
        changed = {key: value for key, value in wanted.items() if self.documents.get(key) != value}
        gone = [key for key in deletes if key in self.documents and key not in wanted]
        catalog = self.standing.catalog.with_change(map(_resource, changed.values()), gone)
        self.standing = self.standing.after(catalog, [*changed, *gone])
        self.documents |= changed
        for key in gone:
            del self.documents[key]

    def become(self, values: Iterable[Value]) -> None:
        """Change to other documents in one step."""
        wanted = by_key(values)
        self.change(wanted.values(), self.documents.keys() - wanted.keys())

    def catalog_anew(self) -> Catalog:
        """The catalog of the documents, read anew."""
        resources = [_resource(value) for value in self.documents.values()]
        return Catalog.of(resources, namespace="test")

    def check(self) -> None:
        """Fail if the derived report is not that of a whole analysis."""
        whole = analyze(self.catalog_anew(), ALL, today=TODAY)
        derived = self.standing.report(TODAY)
        assert derived.findings == whole.findings
        assert derived.waived == whole.waived
        assert derived.not_evaluated == whole.not_evaluated
        assert derived.marks == whole.marks
        assert derived.edges == whole.edges


def _resource(value: Value) -> Resource:
    return read(load_value(value, origin="test"))


def by_key(values: Iterable[Value]) -> Documents:
    """Documents by kind and name."""
    return {Key.parse(f"{v['kind']}/{v['metadata']['name']}"): v for v in values}


def edit_of(chance: Random, namespace: Namespace) -> Iterator[Value | Key]:
    """One thing that somebody may change: documents to put, or the key of one to delete."""
    one, other = (f"s{chance.randrange(18)}" for _ in range(2))
    choice = chance.randrange(8)
    if choice == 0:
        yield chance.choice(sorted(namespace.documents))
    elif choice == 1:
        yield from _gateway(one, other)
    elif choice < 5:
        yield _policy(chance, f"e{chance.randrange(4)}", one, other)
    else:
        yield from _service(chance, namespace, one, other)


def _policy(chance: Random, name: str, one: str, other: str) -> Value:
    target = chance.choice(({"to": one}, {"from": one}, {"from": one, "to": other}, {}))
    kind, spec = chance.choice(
        [
            ("Timeout", {"target": {"to": one, "operation": "get"}, "attempt": "150ms"}),
            ("Timeout", {"target": target, "attempt": _ms(chance, 40, 900)}),
            ("Retry", {"target": target, "attempts": chance.randrange(1, 6)}),
            ("Bulkhead", {"target": target, "maxConcurrent": chance.randrange(1, 40)}),
            ("Fallback", {"target": target, "operation": {"service": other, "operation": "put"}}),
            ("RateLimit", {"target": {"to": one}, "side": "callee", "rate": _RATE}),
            ("Waiver", {"code": "GW09", "resource": "Timeout/*", **_ACCEPTED}),
            ("Waiver", {"code": "AM01", "edge": {"to": one}, **_ACCEPTED}),
        ]
    )
    return document(kind, name, spec)


_RATE = {"limit": 9, "period": "1s"}
_ACCEPTED = {"reason": "it is known", "owner": "us", "expires": "2026-08-01"}


def _service(chance: Random, namespace: Namespace, one: str, other: str) -> Iterator[Value]:
    """A service with another rate, another latency, another call, or without one."""
    value = namespace.documents.get(Key.parse(f"Service/{one}"))
    if value is None:
        yield document("Service", one, {"owner": "late", "operations": []})
        return
    first, *rest = value["spec"]["operations"] or [
        {"name": "get", "match": {"methods": ["GET"], "path": "/x"}}
    ]
    calls = first.get("calls", [])
    changed = chance.choice(
        [
            {"externalRate": chance.randrange(1, 900)},
            {"ownTime": _ms(chance, 1, 500)},
            {"calls": [*calls, {"to": other, "operation": "get"}]},
            {"calls": calls[1:]},
        ]
    )
    operations = [{**first, **changed}, *rest]
    yield {**value, "spec": {**value["spec"], "operations": operations}}


def _gateway(one: str, other: str) -> Iterator[Value]:
    yield document("Gateway", "front", {"owner": "edge", "listeners": [{"port": 8080}]})
    for name in (one, other):
        match = {"path": f"/{name}/**"}
        destinations = [{"to": name}]
        spec = {"gateway": "front", "match": match, "destinations": destinations}
        yield document("Route", f"to-{name}", spec)


def _ms(chance: Random, least: int, most: int) -> str:
    return f"{chance.randrange(least, most)}ms"
