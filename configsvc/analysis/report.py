"""The report of an analysis, and the gate that compares two of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from configsvc.model.findings import Finding, NotEvaluated, Severity


@dataclass(frozen=True, slots=True)
class Mark:
    """How bad one fingerprint is: what a later report is compared with."""

    severity: Severity
    magnitude: float


@dataclass(frozen=True, slots=True)
class Report:
    """What an analysis found.

    ``findings`` are open, worst first; ``waived`` are accepted. ``marks`` holds every fingerprint
    that is not waived, those of folded findings included. ``edges`` counts what was analysed.
    """

    findings: tuple[Finding, ...] = ()
    waived: tuple[Finding, ...] = ()
    not_evaluated: tuple[NotEvaluated, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)
    edges: int = 0

    def joined(self, other: "Report") -> "Report":
        """This report with the findings of another beside its own."""
        return replace(
            self,
            findings=worst_first((*self.findings, *other.findings)),
            waived=worst_first((*self.waived, *other.waived)),
            marks={**self.marks, **other.marks},
        )

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """Open findings of ``severity`` or worse."""
        return tuple(finding for finding in self.findings if finding.severity >= severity)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by severity, code, subject and place."""
    return tuple(sorted(findings, key=sort_key))


def sort_key(finding: Finding) -> tuple[object, ...]:
    """What `worst_first` goes by."""
    places = tuple((place.resource, place.pointer) for place in finding.places)
    return -finding.severity, finding.code, str(finding.subject), finding.message, places


def new_findings(
    report: Report, base: Report, *, least: Severity = Severity.ERROR
) -> tuple[Finding, ...]:
    """The findings of ``report`` that a change made on ``base`` is to blame for.

    These are the findings of ``least`` or worse that were not open at the base, were milder there,
    or whose magnitude grew. As they are by default, they refuse the change. Older ones are
    reported but refuse nothing, so that an expired waiver or a new rule never freezes a namespace.
    """
    return tuple(
        finding
        for finding in report.findings
        if any(_worsened(report, base, mark, least) for mark in finding.fingerprints)
    )


def _worsened(report: Report, base: Report, fingerprint: str, least: Severity) -> bool:
    now, before = report.marks.get(fingerprint), base.marks.get(fingerprint)
    if now is None or now.severity < least:
        return False
    if before is None or now.severity > before.severity:
        return True
    return now.magnitude > before.magnitude
