"""What the tests against noise share: the systems to try, and how to compare two reports."""

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from configsvc.analysis import Report
from configsvc.model.findings import Finding, NotEvaluated
from tests.examples.systems import SYSTEMS, Change, Documents, documents_of
from tests.examples.test_seeded_mistakes import MISTAKES

Spot = tuple[str, ...]
"""Where something is: the edges of it, or the resource."""


def _untouched(_: Documents) -> None:
    """The system as it should be."""


def mistaken(change: Change) -> Documents:
    """The documents of a system with one of its mistakes in them."""
    documents = documents_of(MISTAKES[change][0])
    change(documents)
    return documents


def every_system() -> Iterator[tuple[str, Documents]]:
    """Every system, as it should be and with each of its mistakes, by name."""
    for system in SYSTEMS:
        yield system, documents_of(system)
    for change in MISTAKES:
        yield change.__name__, mistaken(change)


def systems() -> st.SearchStrategy[tuple[str, Documents]]:
    """One of the systems, with a mistake or without."""
    return st.sampled_from(tuple(every_system())).map(_copied)


def _copied(entry: tuple[str, Documents]) -> tuple[str, Documents]:
    name, documents = entry
    return name, Documents(documents)


def flat(findings: tuple[Finding, ...]) -> Iterator[Finding]:
    """Findings with their consequences."""
    for finding in findings:
        yield finding
        yield from flat(finding.consequences)


def spot(entry: Finding | NotEvaluated) -> Spot:
    """Where a finding is, or a check that could not decide."""
    edges = entry.edges or entry.subject.path
    return tuple(sorted(map(str, edges))) or (str(entry.subject),)


def stated(report: Report) -> list[tuple[str, str, Spot, float]]:
    """What a report says in the end, without the words: comparable, in an order of its own."""
    return sorted(
        (finding.code, finding.severity.label, spot(finding), round(finding.magnitude, 6))
        for finding in flat(report.findings)
    )


def undecided(report: Report) -> list[tuple[str, Spot, tuple[str, ...]]]:
    """What a report leaves open."""
    return sorted((gap.code, spot(gap), gap.missing) for gap in report.not_evaluated)


def meets(entry: Finding | NotEvaluated, others: Mapping[str, list[set[str]]]) -> bool:
    """Whether one of ``others``, by code, is about something that ``entry`` is about too."""
    return any(not there.isdisjoint(spot(entry)) for there in others.get(entry.code, ()))


def by_code(entries: Iterator[Any]) -> dict[str, list[set[str]]]:
    """Where entries are, by code."""
    found: dict[str, list[set[str]]] = {}
    for entry in entries:
        found.setdefault(entry.code, []).append(set(spot(entry)))
    return found
