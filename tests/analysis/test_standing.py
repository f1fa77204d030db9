"""What is derived after a change is what a whole analysis says, to the last word."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from configsvc.analysis import Standing, analyze
from configsvc.analysis.imported import KIND
from configsvc.analysis.rules import ALL
from configsvc.model.names import Key
from configsvc.model.resources import Resource
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


def _resource(value: Value) -> Resource:
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


@pytest.mark.parametrize("name", list(SYSTEMS)[::2])
def test_a_system_taken_apart_and_put_together(name: str) -> None:
    """Documents go one after the other in any order, and come back in another one."""
    chance, values = Random(name), list(SYSTEMS[name])
    namespace = Namespace(values)
    chance.shuffle(values)
    some = values[:9]
    for value in some:
        namespace.change(deletes=_by_key([value]))
        if chance.random() < 0.2:
            namespace.check()
    namespace.check()
    chance.shuffle(some)
    for value in some:
        namespace.change([value])
        if chance.random() < 0.2:
            namespace.check()
    namespace.check()


@settings(max_examples=12, phases=(Phase.explicit, Phase.generate))
@given(st.sampled_from(sorted(SHAPES)), st.integers(0, 2**32))
def test_edits_of_a_generated_graph(shape: str, seed: int) -> None:
    """Policies, services, calls, rates, gateways and waivers come, change and go."""
    chance = Random(seed)
    namespace = Namespace(documents(SHAPES[shape](16, chance), seed=seed))
    for _ in range(4):
        edits = [edit for _ in range(chance.choice((1, 1, 3))) for edit in _edit(chance, namespace)]
        namespace.change(
            [edit for edit in edits if isinstance(edit, dict)],
            [edit for edit in edits if isinstance(edit, Key)],
        )
        namespace.check()


def _edit(chance: Random, namespace: Namespace) -> Iterator[Value | Key]:
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


def test_a_day_on_which_a_waiver_ends() -> None:
    """What a waiver accepted is open again once it has expired; no document has changed."""
    shop = SYSTEMS["a_screen_without_time_for_its_parts"]
    namespace = Namespace(shop)
    code = namespace.standing.report(TODAY).findings[0].code
    spec = {"code": code, "resource": "Bff/*", "reason": "it is known", "owner": "us"}
    namespace.change([document("Waiver", "known", {**spec, "expires": f"{TODAY}"})])
    namespace.check()
    assert code in {finding.code for finding in namespace.standing.report(TODAY).waived}
    tomorrow = namespace.standing.report(TODAY + timedelta(days=1))
    assert code in {finding.code for finding in tomorrow.findings}


def test_parts_of_views_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After many changes one is analysed as a whole, so that memory stays bounded."""
    monkeypatch.setattr("configsvc.analysis.standing._ALWAYS_KEPT", 0)
    namespace = Namespace(SYSTEMS["shop"])
    first = namespace.standing
    for number in range(40):
        spec = {"target": {}, "overall": f"{number + 1}s", "attempt": f"{number + 1}ms"}
        namespace.change([document("Timeout", "many", spec)])
    assert namespace.standing.view.interned is not first.view.interned
    assert len(namespace.standing.view.interned) <= 3 * first.size_at_first
    namespace.check()
