"""Reports for GitHub: workflow commands that annotate the lines of a pull request."""

from collections.abc import Iterator

from configsvc.analysis.formats.spots import Locator, nowhere, subject_text
from configsvc.analysis.report import Report
from configsvc.model.findings import Finding, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github_annotations(report: Report, locate: Locator = nowhere) -> str:
    """One workflow command for each open finding, at the first of its places that is in a file."""
    return "".join(f"{_command(finding, locate)}\n" for finding in report.findings)


def _command(finding: Finding, locate: Locator) -> str:
    properties = ",".join(
        f"{name}={_escaped_property(value)}" for name, value in _properties(finding, locate)
    )
    message = f"{finding.message} (on {subject_text(finding.subject)})"
    return f"::{_LEVELS[finding.severity]} {properties}::{_escaped(message)}"


def _properties(finding: Finding, locate: Locator) -> Iterator[tuple[str, str]]:
    spots = (locate(place) for place in finding.places)
    spot = next((spot for spot in spots if spot is not None), None)
    if spot is not None:
        yield "file", spot.file
        yield "line", str(spot.line)
        yield "col", str(spot.column)
    yield "title", f"{finding.code} {finding.name}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
