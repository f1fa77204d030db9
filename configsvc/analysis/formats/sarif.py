"""Reports in SARIF 2.1.0, which code hosts and editors show beside the lines."""

from collections.abc import Iterable, Sequence
from typing import Any

from configsvc.analysis.formats.spots import Locator, nowhere
from configsvc.analysis.pages import summary
from configsvc.analysis.report import Report
from configsvc.analysis.rule import Rule
from configsvc.model.findings import EdgeId, Finding, Place, Severity

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif_report(
    report: Report,
    rules: Sequence[type[Rule]],
    *,
    version: str,
    locate: Locator = nowhere,
) -> dict[str, Any]:
    """A report as a SARIF log with one run; ``version`` is that of the tool."""
    listed = sorted(rules, key=lambda rule: rule.code)
    positions = {rule.code: position for position, rule in enumerate(listed)}
    results = [
        _result(finding, positions, locate) for finding in (*report.findings, *report.waived)
    ]
    driver = {"name": "configsvc", "version": version, "rules": [_rule(rule) for rule in listed]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: type[Rule]) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": summary(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, positions: dict[str, int], locate: Locator) -> dict[str, Any]:
    locations = [_location(place, locate) for place in finding.places]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": positions[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message} (on {finding.subject})"},
        "locations": locations[:1],
        "relatedLocations": [{"id": n, **place} for n, place in enumerate(locations[1:], 1)],
        "partialFingerprints": {"configsvc/v1": finding.fingerprints[0]},
        "properties": {"magnitude": finding.magnitude, "edges": [str(e) for e in finding.edges]},
        "codeFlows": _flows(finding.subject.path),
        "suppressions": _suppressions(finding),
    }
    return {name: value for name, value in result.items() if value != []}


def _location(place: Place, locate: Locator) -> dict[str, Any]:
    name = f"{place.resource}#{place.pointer}"
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}],
        "message": {"text": place.label or name},
    }
    spot = locate(place)
    if spot is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": spot.file},
            "region": {"startLine": spot.line, "startColumn": spot.column},
        }
    return location


def _flows(path: Iterable[EdgeId]) -> list[dict[str, Any]]:
    """A path as one flow from the way in to the operation at its end."""
    steps = [
        {
            "location": {
                "message": {"text": str(edge)},
                "logicalLocations": [{"fullyQualifiedName": str(edge), "kind": "edge"}],
            }
        }
        for edge in path
    ]
    return [{"threadFlows": [{"locations": steps}]}] if steps else []


def _suppressions(finding: Finding) -> list[dict[str, Any]]:
    if finding.waived_by is None:
        return []
    return [{"kind": "external", "justification": f"Waiver/{finding.waived_by}"}]
