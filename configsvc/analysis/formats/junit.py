"""Reports for build servers that read JUnit XML: one test case for each finding."""

from xml.sax.saxutils import escape, quoteattr

from configsvc.analysis.formats.spots import Locator, nowhere, subject_text
from configsvc.analysis.formats.text import finding_text
from configsvc.analysis.report import Report
from configsvc.model.findings import Finding, NotEvaluated, Severity, Subject


def junit_report(
    report: Report, locate: Locator = nowhere, *, fail_on: Severity = Severity.ERROR
) -> str:
    """A report as JUnit XML.

    Findings of ``fail_on`` or worse are failures; milder ones pass with their text as output. What
    is waived or not evaluated is skipped. A clean report has one case that passes.
    """
    cases = [_finding(finding, locate, fail_on) for finding in report.findings]
    cases += [_skipped(f.code, f.subject, f"waived by {f.waived_by}") for f in report.waived]
    cases += [_undecided(entry) for entry in report.not_evaluated]
    body = "".join(cases or ['  <testcase classname="configsvc" name="check"/>\n'])
    skipped = len(report.waived) + len(report.not_evaluated)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name="configsvc" tests="{len(cases) or 1}"'
        f' failures="{len(report.at_least(fail_on))}" errors="0" skipped="{skipped}">\n'
        f"{body}</testsuite>\n"
    )


def _finding(finding: Finding, locate: Locator, fail_on: Severity) -> str:
    text = escape(_printable(finding_text(finding, locate)))
    if finding.severity >= fail_on:
        message = quoteattr(_printable(finding.message))
        inner = f'    <failure type="{finding.code}" message={message}>{text}</failure>\n'
    else:
        inner = f"    <system-out>{text}</system-out>\n"
    return f"  <testcase {_names(finding.code, finding.subject)}>\n{inner}  </testcase>\n"


def _undecided(entry: NotEvaluated) -> str:
    return _skipped(entry.code, entry.subject, f"needs {', '.join(entry.missing)}")


def _skipped(code: str, subject: Subject, reason: str) -> str:
    skipped = f"    <skipped message={quoteattr(_printable(reason))}/>\n"
    return f"  <testcase {_names(code, subject)}>\n{skipped}  </testcase>\n"


def _names(code: str, subject: Subject) -> str:
    name = quoteattr(_printable(subject_text(subject)))
    return f"classname={quoteattr(f'configsvc.{code}')} name={name}"


def _printable(text: str) -> str:
    """Text without the control characters that XML cannot hold."""
    return "".join(c for c in text if c in "\t\n" or c >= " ")
