"""The example systems are as they should be: whatever the analyzer says of them is noise."""

from collections.abc import Iterator

import pytest

from configsvc.analysis import Report
from configsvc.model.findings import NotEvaluated
from tests.examples.systems import EXAMPLES, SYSTEMS, documents_of, report_of

EVERY = pytest.mark.parametrize("system", SYSTEMS)

UNKNOWABLE = {
    "[*]": "how many requests come that match no operation",
    "client.runtime is none": "what a service without an agent does",
    "honoursDeadline": "what a back end for front ends hands on",
    "connectionPool.idle": "how long a gateway keeps its connections",
    "callee.server.idle": "how long a back end for front ends keeps its connections",
    "capacity.workers": "workers of a gateway, and of what others run",
    "capacity.instances": "machines of what others run",
    "monolith[report].externalRate": "its two ways in share the rate",
    "monolith[quote].externalRate": "its two destinations share the rate",
    "posts[get-posts].externalRate": "nobody outside calls it",
}
"""Parts of the names of data that the people of these systems cannot know, and what they are."""


def _unexpected(report: Report) -> Iterator[NotEvaluated]:
    for gap in report.not_evaluated:
        known = [m for m in gap.missing if not any(part in m for part in UNKNOWABLE)]
        if known and not _is_about_unmatched(gap):
            yield gap


def _is_about_unmatched(gap: NotEvaluated) -> bool:
    """Whether it is about requests that match no operation: nothing is declared about them."""
    edges = gap.subject.path or gap.edges
    return any(edge.operation == "*" for edge in edges)


@EVERY
def test_a_system_as_it_should_be_raises_nothing(system: str) -> None:
    """There is no finding of any severity."""
    report = report_of(documents_of(system))
    assert [f"{finding.code} {finding.message}" for finding in report.findings] == []


@EVERY
def test_only_what_nobody_can_know_is_missing(system: str) -> None:
    """What is left undecided hangs on data that the people of the system do not have."""
    assert list(_unexpected(report_of(documents_of(system)))) == []


@EVERY
def test_each_system_has_a_page(system: str) -> None:
    """A README says what the system is, that nothing is wrong in it, and how to try it."""
    text = (EXAMPLES / system / "README.md").read_text()
    assert "finds\nnothing wrong" in text or "finds nothing wrong" in text
    assert f"configsvc check examples/{system}" in text


@EVERY
def test_each_service_says_what_there_is_to_say(system: str) -> None:
    """Services have an owner and discovery, and operations with latency, own time and failures."""
    for key, value in documents_of(system).items():
        if not key.startswith("Service/"):
            continue
        assert {"owner", "discovery", "operations"} <= set(value["spec"]), key
        for operation in value["spec"]["operations"]:
            assert {"match", "latency", "ownTime", "emits"} <= set(operation), key
