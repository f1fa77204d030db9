"""What is derived after a change is what a whole analysis says, to the last word."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from configsvc.analysis.imported import KIND
from configsvc.model.names import Key
from tests.analysis.cases import Case, all_cases
from tests.analysis.changing import Namespace, by_key, edit_of
from tests.analysis.graphs import SHAPES, document, documents
from tests.analysis.noise import every_system
from tests.examples.systems import TODAY

Value = dict[str, Any]


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
        namespace.change(deletes=by_key([value]))
        if chance.random() < 0.2:
            namespace.check()
    namespace.check()
    chance.shuffle(some)
    for value in some:
        namespace.change([value])
        if chance.random() < 0.2:
            namespace.check()
    namespace.check()


@pytest.mark.timeout(300)
@settings(max_examples=8, phases=(Phase.explicit, Phase.generate))
@given(st.sampled_from(sorted(SHAPES)), st.integers(0, 2**32))
def test_edits_of_a_generated_graph(shape: str, seed: int) -> None:
    """Policies, services, calls, rates, gateways and waivers come, change and go."""
    chance = Random(seed)
    namespace = Namespace(documents(SHAPES[shape](16, chance), seed=seed))
    for _ in range(4):
        edits = [
            edit for _ in range(chance.choice((1, 1, 3))) for edit in edit_of(chance, namespace)
        ]
        namespace.change(
            [edit for edit in edits if isinstance(edit, dict)],
            [edit for edit in edits if isinstance(edit, Key)],
        )
        namespace.check()


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
