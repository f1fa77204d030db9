"""Reports in SARIF 2.1.0, which code hosts and editors show beside the lines."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from configsvc.analysis.formats.changes import Changes, TextChange, unchanged
from configsvc.analysis.formats.spots import Locator, Spot, nowhere, places_of, subject_text
from configsvc.analysis.formats.uris import uri
from configsvc.analysis.pages import page, summary
from configsvc.analysis.report import Report
from configsvc.analysis.rule import Rule
from configsvc.model.findings import EdgeId, Finding, Place, Severity
from configsvc.model.names import NODE_KINDS, Key, Kind

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_MOST_STEPS = 2_000
"""Steps of one flow: no viewer shows more."""

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif_report(
    report: Report,
    rules: Sequence[type[Rule]],
    *,
    version: str,
    locate: Locator = nowhere,
    changes: Changes = unchanged,
    mistakes: Iterable[tuple[str, Spot | None]] = (),
) -> dict[str, Any]:
    """A report as a SARIF log with one run.

    Args:
        report: what to tell.
        rules: all that were run; those that found something come with their page.
        version: of the tool.
        locate: finds places in files.
        changes: what the fix of a finding does to the texts of files.
        mistakes: what else is wrong, such as documents that cannot be read, each with its place.
    """
    listed = sorted(rules, key=lambda rule: rule.code)
    found = (*report.findings, *report.waived)
    codes = {finding.code for finding in found}
    writer = _Writer({rule.code: n for n, rule in enumerate(listed)}, locate, changes)
    described = [_rule(rule, with_page=rule.code in codes) for rule in listed]
    run = {
        "tool": {"driver": {"name": "configsvc", "version": version, "rules": described}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(mistakes)],
        "results": [writer.result(finding) for finding in found],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: type[Rule], *, with_page: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": summary(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }
    if with_page:
        described["help"] = {"text": summary(rule), "markdown": page(rule)}
    return described


def _invocation(mistakes: Iterable[tuple[str, Spot | None]]) -> dict[str, Any]:
    """How the run went: what could not be read is no result of a rule."""
    told = [
        {
            "level": "error",
            "message": {"text": message},
            **({"locations": [{"physicalLocation": _physical(spot)}]} if spot else {}),
        }
        for message, spot in mistakes
    ]
    invocation: dict[str, Any] = {"executionSuccessful": not told}
    return invocation | ({"toolConfigurationNotifications": told} if told else {})


class _Writer:
    """Writes results; ``positions`` are those of the rules in the list of the tool."""

    def __init__(self, positions: dict[str, int], locate: Locator, changes: Changes) -> None:
        self._positions = positions
        self._locate = locate
        self._changes = changes

    def result(self, finding: Finding) -> dict[str, Any]:
        """One finding; what is absent is left out."""
        locations = [self._location(place) for place in places_of(finding)]
        result: dict[str, Any] = {
            "ruleId": finding.code,
            "ruleIndex": self._positions[finding.code],
            "level": _LEVELS[finding.severity],
            "message": {"text": f"{finding.message} (on {subject_text(finding.subject)})"},
            "locations": locations[:1],
            "relatedLocations": [{"id": n, **place} for n, place in enumerate(locations[1:], 1)],
            "partialFingerprints": {"configsvc/v1": finding.fingerprints[0]},
            "properties": {
                "magnitude": finding.magnitude,
                "edges": [str(e) for e in finding.edges],
            },
            "codeFlows": self._flows(finding.subject.path),
            "fixes": list(self._fixes(finding)),
            "suppressions": list(self._suppressions(finding)),
        }
        return {name: value for name, value in result.items() if value != []}

    def _location(self, place: Place) -> dict[str, Any]:
        name = f"{place.resource}#{place.pointer}"
        location: dict[str, Any] = {
            "logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}],
            "message": {"text": place.label or name},
        }
        spot = self._locate(place)
        return location | ({"physicalLocation": _physical(spot)} if spot else {})

    def _flows(self, path: Iterable[EdgeId]) -> list[dict[str, Any]]:
        """A path as one flow from the way in to the operation at its end."""
        steps = [{"location": self._step(edge)} for edge in islice(path, _MOST_STEPS)]
        return [{"threadFlows": [{"locations": steps}]}] if steps else []

    def _step(self, edge: EdgeId) -> dict[str, Any]:
        """One edge, at the document of its caller."""
        step: dict[str, Any] = {
            "message": {"text": str(edge)},
            "logicalLocations": [{"fullyQualifiedName": str(edge), "kind": "edge"}],
        }
        callers = (Place(Key(kind, edge.caller), "") for kind in NODE_KINDS)
        spot = next((spot for place in callers if (spot := self._locate(place))), None)
        return step | ({"physicalLocation": _physical(spot)} if spot else {})

    def _fixes(self, finding: Finding) -> Iterator[dict[str, Any]]:
        """The fix, where it is known what it does to the text of a file."""
        changes = () if finding.fix is None else self._changes(finding.fix)
        if finding.fix is None or not changes:
            return
        files = dict.fromkeys(change.file for change in changes)
        yield {
            "description": {"text": finding.fix.title},
            "artifactChanges": [
                {
                    "artifactLocation": {"uri": uri(file)},
                    "replacements": [_replacement(c) for c in changes if c.file == file],
                }
                for file in files
            ],
        }

    def _suppressions(self, finding: Finding) -> Iterator[dict[str, Any]]:
        if finding.waived_by is None:
            return
        waiver = Key(Kind.WAIVER, finding.waived_by)
        spot = self._locate(Place(waiver, ""))
        where = {"location": {"physicalLocation": _physical(spot)}} if spot else {}
        kind = "inSource" if spot else "external"
        yield {"kind": kind, "justification": str(waiver), **where}


def _physical(spot: Spot) -> dict[str, Any]:
    region = {"startLine": spot.line, "startColumn": spot.column}
    if spot.text is not None:
        region["endColumn"] = spot.end
    return {"artifactLocation": {"uri": uri(spot.file)}, "region": region}


def _replacement(change: TextChange) -> dict[str, Any]:
    region = {
        "startLine": change.line,
        "startColumn": 1,
        "endLine": change.line + change.lines,
        "endColumn": 1,
    }
    return {"deletedRegion": region, "insertedContent": {"text": change.text}}
