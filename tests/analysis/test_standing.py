"""What is derived after a change is what a whole analysis says, to the last word."""

from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configsvc.analysis import Report, Standing, analyze
from configsvc.analysis.imported import KIND
from configsvc.analysis.rules import ALL
from configsvc.model.names import Key
from configsvc.resolve import Catalog
from configsvc.schema import load_value, read
from tests.analysis.cases import Case, all_cases
from tests.analysis.graphs import SHAPES, document, documents
from tests.analysis.noise import every_system
from tests.examples.systems import TODAY

Value = dict[str, Any]
Documents = dict[Key, Value]


class Namespace:
    """Documents that change, and their standing analysis."""

    def __init__(self, values: Iterable[Value]) -> None:
        self.documents = _by_key(values)
        resources = [_resource(value) for value in self.documents.values()]
        self.standing = Standing.of(Catalog.of(resources, namespace="test"), ALL).on(TODAY)

    def change(self, puts: Iterable[Value] = (), deletes: Iterable[Key] = ()) -> None:
        """Put and delete documents; those that stay as they are do not count as changed."""
        wanted = _by_key(puts)
        changed = {key: value for key, value in wanted.items() if self.documents.get(key) != value}
        gone = [key for key in deletes if key in self.documents and key not in wanted]
        catalog = self.standing.catalog.with_change(map(_resource, changed.values()), gone)
        self.standing = self.standing.after(catalog, [*changed, *gone])
        self.documents |= changed
        for key in gone:
            del self.documents[key]

    def become(self, values: Iterable[Value]) -> None:
        """Change to other documents in one step."""
        wanted = _by_key(values)
        self.change(wanted.values(), self.documents.keys() - wanted.keys())

    def check(self) -> None:
        """Fail if the derived report is not that of a whole analysis."""
        resources = [_resource(value) for value in self.documents.values()]
        whole = analyze(Catalog.of(resources, namespace="test"), ALL, today=TODAY)
        derived = self.standing.report(TODAY)
        assert derived.findings == whole.findings
        assert derived.waived == whole.waived
        assert derived.not_evaluated == whole.not_evaluated
        assert derived.marks == whole.marks
        assert derived.edges == whole.edges


def _resource(value: Value) -> Any:
    return read(load_value(value, origin="test"))


def _by_key(values: Iterable[Value]) -> Documents:
    return {Key.parse(f"{v['kind']}/{v['metadata']['name']}"): v for v in values}


def _native_cases() -> list[list[Case]]:
    """The cases of each rule, without those that describe foreign runtimes."""
    by_rule: dict[str, list[Case]] = {}
    for case in all_cases():
        if all(value["kind"] != KIND for value in case.values):
            by_rule.setdefault(case.rule.code, []).append(case)
    return list(by_rule.values())


@pytest.mark.parametrize("cases", _native_cases(), ids=lambda cases: cases[0].rule.code)
def test_from_case_to_case_of_every_rule(cases: list[Case]) -> None:
    """Each rule speaks, falls silent and stays undecided as it does of the documents alone."""
    namespace = Namespace(cases[0].values)
    for case in (*cases[1:], cases[0]):
        namespace.become(case.values)
        namespace.check()


def _systems() -> Mapping[str, list[Value]]:
    return {name: list(documents.values()) for name, documents in every_system()}


SYSTEMS = _systems()


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_a_system_taken_apart_and_put_together(name: str) -> None:
    """Documents go one after the other in any order, and come back in another one."""
    chance, values = Random(name), list(SYSTEMS[name])
    namespace = Namespace(values)
    chance.shuffle(values)
    some = values[:12]
    for value in some:
        namespace.change(deletes=_by_key([value]))
        if chance.random() < 0.3:
            namespace.check()
    namespace.check()
    chance.shuffle(some)
    for value in some:
        namespace.change([value])
        if chance.random() < 0.3:
            namespace.check()
    namespace.check()


@settings(max_examples=25)
@given(st.sampled_from(sorted(SHAPES)), st.randoms(use_true_random=False))
def test_edits_of_a_generated_graph(shape: str, chance: Random) -> None:
    """Policies, services, calls, rates, gateways and waivers come, change and go."""
    size = 24
    namespace = Namespace(documents(SHAPES[shape](size, chance), seed=chance.randrange(99)))
    for _ in range(6):
        edits = [edit for _ in range(chance.choice((1, 1, 3))) for edit in _edit(chance, namespace)]
        namespace.change(
            [edit for edit in edits if isinstance(edit, dict)],
            [edit for edit in edits if isinstance(edit, Key)],
        )
        namespace.check()


def _edit(chance: Random, namespace: Namespace) -> Iterator[Value | Key]:
    """One thing that somebody may change: documents to put, or the key of one to delete."""
    one, other = (f"s{chance.randrange(26)}" for _ in range(2))
    target = chance.choice(
        ({"to": one}, {"from": one}, {"from": one, "to": other}, {}, {"to": one, "operation": "get"})
    )
    name = f"e{chance.randrange(4)}"
    match chance.randrange(11):
        case 0:
            yield document("Timeout", name, {"target": target, "attempt": _ms(chance, 40, 900)})
        case 1:
            target = {key: value for key, value in target.items() if key != "operation"}
            spec = {"target": target, "attempts": chance.randrange(1, 6)}
            yield document("Retry", name, spec)
        case 2:
            yield document("Bulkhead", name, {"target": target, "maxConcurrent": 4})
        case 3:
            yield document("Fallback", name, {"target": target, "operation": _operation(other)})
        case 4:
            rate = {"limit": chance.randrange(1, 99), "period": "1s"}
            yield document("RateLimit", name, {"target": {"to": one}, "side": "callee", "rate": rate})
        case 5:
            yield from (key for key in [chance.choice(sorted(namespace.documents))])
        case 6:
            spec = {"code": chance.choice(("RT03", "AM01", "GW09", "BH01")), "reason": "it is known"}
            spec |= {"target": {"to": one}, "expires": "2026-08-01"}
            yield document("Waiver", name, {"owner": "us", **spec})
        case 7:
            yield from _gateway(one, other)
        case _:
            yield from _service(chance, namespace, one, other)


def _service(chance: Random, namespace: Namespace, one: str, other: str) -> Iterator[Value]:
    """A service with another rate, another latency, another call, or without one."""
    key = Key.parse(f"Service/{one}")
    value = namespace.documents.get(key)
    if value is None:
        yield document("Service", one, {"owner": "late", "operations": []})
        return
    spec = {**value["spec"], "operations": [dict(o) for o in value["spec"]["operations"]]}
    if not spec["operations"]:
        spec["operations"] = [{"name": "get", "match": {"methods": ["GET"], "path": "/x"}}]
    operation = spec["operations"][0]
    match chance.randrange(5):
        case 0:
            operation["externalRate"] = f"{chance.randrange(1, 900)}/s"
        case 1:
            operation["ownTime"] = _ms(chance, 1, 500)
        case 2:
            operation["calls"] = [*operation.get("calls", ()), {"to": other, "operation": "get"}]
        case 3:
            operation["calls"] = operation.get("calls", [])[1:]
        case _:
            spec["capacity"] = {"instances": chance.randrange(1, 9)}
    yield {**value, "spec": spec}


def _gateway(one: str, other: str) -> Iterator[Value]:
    listener = {"name": "http", "port": 8080}
    yield document("Gateway", "front", {"owner": "edge", "listeners": [listener]})
    for name in (one, other):
        match = {"path": f"/{name}/{{rest=**}}"}
        destinations = [{"to": name}]
        spec = {"gateway": "front", "match": match, "destinations": destinations}
        yield document("Route", f"to-{name}", spec)


def _operation(service: str) -> Value:
    return {"service": service, "operation": "put"}


def _ms(chance: Random, least: int, most: int) -> str:
    return f"{chance.randrange(least, most)}ms"


def test_a_waiver_that_comes_and_goes() -> None:
    """A waiver accepts what stood there before it, and what it accepted is open when it is gone."""
    namespace = Namespace(SYSTEMS["shop"])
    assert isinstance(namespace.standing.report(TODAY), Report)
