"""A datum that nobody declared never makes a check silent, and never makes it speak.

Removed are data that a document may leave out without saying anything by it: percentiles, own
times, rates, capacities, and whether work stops. A `limit` or an `slo` that is not there says that
there is none, and is no such datum.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configsvc.analysis import Report, run_rules
from configsvc.analysis.rule import Rule
from configsvc.analysis.rules import ALL
from tests.analysis.cases import Case, cases_of
from tests.analysis.documents import TODAY
from tests.analysis.noise import by_code, flat, meets, systems
from tests.examples.systems import Documents, Value, report_of

OF_OPERATIONS = ("ownTime", "externalRate", "cancels", "honoursDeadline", "emits")
OF_NODES = (("server", "idle"), ("client", "connectionPool", "idle"))

PRESUMED = {("AM01", "emits"), ("AM03", "emits"), ("RT15", "externalRate")}
"""Rules with a datum for which the usual stands in: unless an operation declares otherwise, it
answers 5xx when what it needs has failed, and sees more than one call a second."""

Datum = tuple[str | int, ...]
"""The way to a value inside a document."""


def data_of(document: Value) -> Iterator[Datum]:
    """The ways to the data in a document that may be unknown."""
    spec = document["spec"]
    yield from (("spec", "capacity", name) for name in spec.get("capacity", {}))
    for way in OF_NODES:
        if _reaches(spec, way):
            yield ("spec", *way)
    for several in ("operations", "endpoints"):
        for number, operation in enumerate(spec.get(several, ())):
            yield from _data_of_operation(operation, ("spec", several, number))


def _reaches(value: Any, way: Datum) -> bool:  # noqa: ANN401 any JSON
    for step in way:
        if step not in value:
            return False
        value = value[step]
    return True


def _data_of_operation(operation: Value, way: Datum) -> Iterator[Datum]:
    yield from ((*way, "latency", name) for name in operation.get("latency", {}))
    yield from ((*way, name) for name in OF_OPERATIONS if name in operation)


def without(document: Value, datum: Datum) -> Value:
    """A copy of a document that lacks one datum."""
    copy = deepcopy(document)
    holder: Any = copy
    for step in datum[:-1]:
        holder = holder[step]
    del holder[datum[-1]]
    return copy


def differences(before: Report, after: Report, lost: Iterable[Datum]) -> list[str]:
    """What became silent, and what began to speak, though all that happened is a loss of data."""
    spoken = by_code(flat(before.findings))
    speaking = by_code(flat(after.findings))
    open_ = {gap.code for gap in after.not_evaluated}
    presumed = {code for code, name in PRESUMED for datum in lost if name in datum}
    silenced = [
        f"silent: {finding.code} {finding.message}"
        for finding in flat(before.findings)
        if not meets(finding, speaking) and finding.code not in open_
    ]
    raised = [
        f"speaks: {finding.code} {finding.message}"
        for finding in flat(after.findings)
        if not meets(finding, spoken) and finding.code not in presumed
    ]
    return silenced + raised


@settings(max_examples=40)
@given(st.data())
def test_a_loss_of_data_is_no_opinion(data: st.DataObject) -> None:
    """Without some data a system has the findings that it had, or checks that could not decide."""
    name, documents = data.draw(systems())
    every = [(key, datum) for key, value in documents.items() for datum in data_of(value)]
    lost = data.draw(st.lists(st.sampled_from(every), min_size=1, max_size=40, unique=True))
    lacking = Documents(documents)
    for key, datum in lost:
        lacking[key] = without(lacking[key], datum)
    ways = [datum for _, datum in lost]
    found = differences(report_of(documents), report_of(lacking), ways)
    assert (name, found) == (name, [])


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
def test_a_rule_without_a_datum_has_no_opinion(rule: type[Rule]) -> None:
    """In each case of each rule: with a datum less it says what it said, or nothing sure."""
    found = [line for case in cases_of(rule) for line in _opinions(rule, case)]
    assert found == []


def _opinions(rule: type[Rule], case: Case) -> Iterator[str]:
    before = run_rules(case.system(), [rule], today=TODAY)
    values = case.values
    for number, value in enumerate(values):
        for datum in data_of(value):
            lacking = (*values[:number], without(value, datum), *values[number + 1 :])
            after = run_rules(case.system(lacking), [rule], today=TODAY)
            for line in differences(before, after, [datum]):
                yield f"{value['metadata']['name']} without {datum}: {line}"
