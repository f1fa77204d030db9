"""The report that is kept with a revision."""

import json

from configsvc.analysis import Report
from configsvc.model.findings import EdgeId, Finding, NotEvaluated, Severity, Subject
from configsvc.usecases.kept_report import MAX_EDGES, MAX_ITEMS, kept_report

EDGES = tuple(EdgeId("a", f"b{i}", "get") for i in range(MAX_EDGES + 1))


def finding(*consequences: Finding) -> Finding:
    """A finding on many edges."""
    return Finding(
        code="RT01",
        name="ineffective-attempt-limit",
        severity=Severity.ERROR,
        magnitude=2,
        message="too long",
        subject=Subject(edge=EDGES[0]),
        edges=EDGES,
        fingerprints=tuple(map(str, EDGES)),
        consequences=consequences,
    )


def test_small_report_is_kept_whole() -> None:
    """Nothing is left out, and nothing says so."""
    kept = json.loads(kept_report(Report(edges=3)))

    assert kept == {"edges": 3, "findings": [], "waived": [], "notEvaluated": []}


def test_large_report_is_bounded_and_says_so() -> None:
    """The worst findings, the first edges of each, and how much is missing."""
    undecided = NotEvaluated("RT10", Subject(edge=EDGES[0]), ("latency",), EDGES)
    report = Report((finding(finding()),) * (MAX_ITEMS + 2), (), (undecided,) * (MAX_ITEMS + 3))

    kept = json.loads(kept_report(report))

    assert kept["omitted"] == 5
    assert len(kept["findings"]) == len(kept["notEvaluated"]) == MAX_ITEMS
    first = kept["findings"][0]
    assert len(first["edges"]) == len(first["fingerprints"]) == MAX_EDGES
    assert len(first["consequences"][0]["edges"]) == MAX_EDGES
    assert len(kept["notEvaluated"][0]["edges"]) == MAX_EDGES
