"""Configurations that are generated for each rule: the rule speaks of those that it should.

Around them stand services and policies that have nothing to do with them, drawn as well.
"""

from collections.abc import Callable, Iterator, Sequence
from inspect import getmodule, getsource
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configsvc.analysis import Report, new_findings, run_rules
from configsvc.analysis.patching import apply_patch
from configsvc.analysis.rules import ALL
from configsvc.model.findings import Finding, Fix, NotEvaluated, Subject
from tests.analysis.cases import RULES
from tests.analysis.documents import TODAY, Value, system_of
from tests.analysis.generators.generator import Drawn, Generator
from tests.analysis.generators.table import GENERATORS, WITHOUT
from tests.analysis.graphs import Calls, chains, cycles, documents, layered

FEW = settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
MENDED = [each for each in GENERATORS if "Repair(" in getsource(getmodule(RULES[each.code]))]
EACH = pytest.mark.parametrize("generator", GENERATORS, ids=lambda generator: generator.code)


def surroundings() -> st.SearchStrategy[list[Value]]:
    """Nothing, or services that call one another under policies of their own."""
    shapes = st.sampled_from([layered, cycles, chains])
    return st.just([]) | st.builds(_neighbours, shapes, st.integers(0, 999))


def _neighbours(shape: Callable[[int, Random], Calls], seed: int) -> list[Value]:
    every = documents(shape(3, Random(seed)), seed=seed, policies=3)
    return [each for each in every if each["spec"].get("target") != {}]


def report_of(generator: Generator, drawn: Drawn, around: Sequence[Value]) -> Report:
    """What the rule says of generated documents in their surroundings."""
    system = system_of([*generator.documents(drawn), *around])
    return run_rules(system, generator.rules, today=TODAY)


def about(
    generator: Generator, entries: Sequence[Finding] | Sequence[NotEvaluated]
) -> Iterator[Finding | NotEvaluated]:
    """What is said by the rule itself, and not about the surroundings alone."""
    names = {document["metadata"]["name"] for document in generator.base}
    for entry in entries:
        if entry.code == generator.code and not names.isdisjoint(_named(entry)):
            yield entry


def _named(entry: Finding | NotEvaluated) -> set[str]:
    subject: Subject = entry.subject
    edges = (*entry.edges, *subject.path, *([subject.edge] if subject.edge else []))
    ends = {name for edge in edges for name in (edge.caller, edge.callee)}
    return ends | ({subject.resource.name} if subject.resource else set())


@EACH
@FEW
@given(st.data())
def test_a_violation_is_found(generator: Generator, data: st.DataObject) -> None:
    """Whatever the values, and whatever is around them: what violates the rule is a finding."""
    drawn = data.draw(generator.values(violating=True))
    report = report_of(generator, drawn, data.draw(surroundings()))
    assert list(about(generator, report.findings))


@EACH
@FEW
@given(st.data())
def test_what_satisfies_a_rule_is_clean(generator: Generator, data: st.DataObject) -> None:
    """Whatever the values: there is no finding, and nothing that the rule would have to know."""
    drawn = data.draw(generator.values(violating=False))
    report = report_of(generator, drawn, data.draw(surroundings()))
    assert list(about(generator, report.findings)) == []
    assert list(about(generator, report.not_evaluated)) == []


@pytest.mark.parametrize("generator", MENDED, ids=lambda generator: generator.code)
@settings(FEW, max_examples=5)
@given(st.data())
def test_a_fix_clears_its_finding_and_brings_none_as_bad(
    generator: Generator, data: st.DataObject
) -> None:
    """Under all rules: with the fix applied the finding is gone, and nothing took its place."""
    documents = generator.documents(data.draw(generator.values(violating=True)))
    before = run_rules(system_of(documents), ALL, today=TODAY)
    for finding in before.findings:
        if finding.code == generator.code and finding.fix is not None:
            after = run_rules(system_of(_mended(documents, finding.fix)), ALL, today=TODAY)
            assert finding.fingerprints[0] not in after.marks
            assert new_findings(after, before, least=finding.severity) == ()


def _mended(documents: Sequence[Value], fix: Fix) -> list[Value]:
    key = (fix.resource.kind, fix.resource.name)
    return [
        apply_patch(each, fix.patch) if (each["kind"], each["metadata"]["name"]) == key else each
        for each in documents
    ]


def test_every_rule_has_a_generator() -> None:
    """A new rule brings one, or the reason why it cannot have any."""
    generated = [generator.code for generator in GENERATORS]
    assert sorted([*generated, *WITHOUT]) == [rule.code for rule in ALL]
