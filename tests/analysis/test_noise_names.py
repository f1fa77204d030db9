"""Names mean nothing to the analyzer: under other names it says the same of the same things."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from configsvc.analysis import Report
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
