"""The gate: what a change may not add."""

from configsvc.analysis import Mark, Report, new_findings
from configsvc.model.findings import EdgeId, Finding, Severity, Subject

EDGE = Subject(edge=EdgeId("shop", "stock", "reserve"))


def _report(*marks: tuple[str, Severity, float]) -> Report:
    findings = tuple(
        Finding("RT03", "dead-attempts", severity, magnitude, EDGE, "", fingerprints=(mark,))
        for mark, severity, magnitude in marks
    )
    return Report(findings=findings, marks={m: Mark(s, n) for m, s, n in marks})


def _refused(report: Report, base: Report) -> list[str]:
    return [finding.fingerprints[0] for finding in new_findings(report, base)]


def test_error_that_was_not_open_is_refused() -> None:
    """A new error stands in the way of a publish."""
    assert _refused(_report(("a", Severity.ERROR, 1)), _report()) == ["a"]


def test_error_that_was_open_is_reported_only() -> None:
    """An old error refuses nothing."""
    base = _report(("a", Severity.ERROR, 1))
    assert _refused(_report(("a", Severity.ERROR, 1)), base) == []


def test_error_that_grew_is_refused_and_one_that_shrank_is_not() -> None:
    """An old error may get better, not worse."""
    base = _report(("a", Severity.ERROR, 2), ("b", Severity.ERROR, 2))
    now = _report(("a", Severity.ERROR, 2.001), ("b", Severity.ERROR, 1.999))
    assert _refused(now, base) == ["a"]


def test_warning_never_refuses_until_it_becomes_an_error() -> None:
    """Only errors refuse; a warning that becomes one is new as such."""
    base = _report(("a", Severity.WARNING, 5))
    assert _refused(_report(("b", Severity.WARNING, 9)), base) == []
    assert _refused(_report(("a", Severity.ERROR, 5)), base) == ["a"]


def test_every_fingerprint_of_a_folded_finding_counts() -> None:
    """One edge more in an old mistake is new."""
    finding = Finding("RT03", "dead-attempts", Severity.ERROR, 1, EDGE, "", fingerprints=("a", "b"))
    mark = Mark(Severity.ERROR, 1)
    base = Report(marks={"a": mark})
    assert new_findings(Report((finding,), marks={"a": mark, "b": mark}), base) == (finding,)
    assert new_findings(Report((finding,), marks={"a": mark}), base) == ()


def test_findings_by_severity() -> None:
    """A threshold takes what is as bad or worse."""
    report = _report(("a", Severity.ERROR, 1), ("b", Severity.WARNING, 1), ("c", Severity.INFO, 1))
    assert len(report.at_least(Severity.INFO)) == 3
    assert len(report.at_least(Severity.WARNING)) == 2
    assert len(report.at_least(Severity.ERROR)) == 1
