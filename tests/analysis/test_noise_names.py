"""Names mean nothing to the analyzer: under other names it says the same of the same things."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configsvc.analysis import Report, Rule, run_rules
from configsvc.analysis.pages import examples
from configsvc.analysis.rules import ALL
from tests.analysis.documents import TODAY, codes, system_of, values_of
from tests.analysis.noise import flat, spot, systems
from tests.examples.systems import Documents, Value, report_of

REFERENCES = frozenset(
    {"from", "to", "operation", "service", "gateway", "authentication", "rateLimits"}
)
"""Fields, besides the names themselves, whose text is the name of something."""

Names = Mapping[str, str]


def names_of(documents: Documents) -> list[str]:
    """The names of all resources, operations and endpoints, each once."""
    return list(dict.fromkeys(name for value in documents.values() for name in _names(value)))


def _names(value: Value) -> Iterator[str]:
    yield value["metadata"]["name"]
    for several in ("operations", "endpoints"):
        yield from (each["name"] for each in value["spec"].get(several, ()))


def renamed(documents: Documents, names: Names) -> Documents:
    """The same documents under other names."""
    result = Documents()
    for value in documents.values():
        spec = _renamed(value["spec"], names)
        for several in ("operations", "endpoints"):
            for each in spec.get(several, ()):
                each["name"] = names[each["name"]]
        result.add(value["kind"], names[value["metadata"]["name"]], **spec)
    return result


def _renamed(value: Any, names: Names) -> Any:  # noqa: ANN401 any JSON
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        field: _reference(each, names) if field in REFERENCES else _renamed(each, names)
        for field, each in value.items()
    }


def _reference(value: Any, names: Names) -> Any:  # noqa: ANN401 any JSON
    if isinstance(value, list):
        return [names.get(each, each) for each in value]
    return names.get(value, value) if isinstance(value, str) else _renamed(value, names)


def essence(report: Report, back: Names) -> list[tuple[str, str, float, list[str]]]:
    """Codes, severities, magnitudes and edges in the former names."""
    found = []
    for finding in flat(report.findings):
        edges = [_former(edge.caller, edge.callee, edge.operation, back) for edge in finding.edges]
        where = sorted(edges) or [str(len(spot(finding)))]
        found.append((finding.code, finding.severity.label, round(finding.magnitude, 6), where))
    return sorted(found)


def _former(caller: str, callee: str, operation: str, back: Names) -> str:
    return " ".join(back.get(name, name) for name in (caller, callee, operation))


@settings(max_examples=40)
@given(systems(), st.randoms(use_true_random=False))
def test_names_change_nothing_but_names(system: tuple[str, Documents], chance: Random) -> None:
    """With all names shuffled each finding is there, as grave, and about the same edges."""
    _, documents = system
    names = names_of(documents)
    new = [f"n{number}" for number in range(len(names))]
    chance.shuffle(new)
    given_to = dict(zip(names, new, strict=True))
    former = {name: name for name in names}
    back = {new_name: name for name, new_name in given_to.items()}
    before, after = report_of(documents), report_of(renamed(documents, given_to))
    assert essence(after, back) == essence(before, former)
    assert sorted(g.code for g in after.not_evaluated) == sorted(
        g.code for g in before.not_evaluated
    )


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
def test_examples_of_a_page_do_not_live_by_their_names(rule: type[Rule]) -> None:
    """Under other names, in the reverse order, each raises its rule alone, its repair nothing."""
    conflict, repaired = (_renamed_example(values_of(text)) for text in examples(rule))
    said = [codes(run_rules(system_of(v), ALL, today=TODAY)) for v in (conflict, repaired)]
    assert said == [[rule.code], []]


def _renamed_example(values: list[Value]) -> list[Value]:
    documents = Documents({f"{v['kind']}/{v['metadata']['name']}": v for v in values})
    names = sorted(names_of(documents), reverse=True)
    return list(renamed(documents, {n: f"n{i:03}" for i, n in enumerate(names)}).values())
