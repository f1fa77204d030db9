"""Reports as plain data for JSON: the same shape in the command line and the web API."""

from collections.abc import Iterable
from typing import Any

from configsvc.analysis.formats.spots import Locator, nowhere, places_of
from configsvc.analysis.report import Report
from configsvc.model.experiments import Experiment
from configsvc.model.findings import EdgeId, Finding, Fix, NotEvaluated, Place, Subject, Witness


def report_data(report: Report, locate: Locator = nowhere) -> dict[str, Any]:
    """A report as JSON objects, arrays, texts and numbers."""
    return {
        "edges": report.edges,
        "findings": [finding_data(finding, locate) for finding in report.findings],
        "waived": [finding_data(finding, locate) for finding in report.waived],
        "notEvaluated": [not_evaluated_data(entry) for entry in report.not_evaluated],
    }


def experiment_data(experiment: Experiment) -> dict[str, Any]:
    """A run that shows a harm, and the bound that its measure should keep."""
    load, fault = experiment.load, experiment.fault
    return {
        "load": {
            "rate": load.rate,
            "duration": load.duration,
            "burst": load.burst,
            "usual": load.usual,
        },
        "fault": {
            "kind": fault.kind,
            "start": fault.start,
            "duration": fault.duration,
            "amount": fault.amount,
            "share": fault.share,
            "classes": list(fault.classes),
            "instances": fault.instances,
            "where": fault.where,
        },
        "measure": str(experiment.measure),
        "atMost": experiment.at_most,
        "atLeast": experiment.at_least,
        "extreme": experiment.extreme,
    }


def finding_data(finding: Finding, locate: Locator = nowhere) -> dict[str, Any]:
    """One finding; what is absent is left out."""
    data = {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.label,
        "magnitude": finding.magnitude,
        "message": finding.message,
        "arguments": dict(finding.arguments),
        "subject": _subject(finding.subject),
        "edges": _edges(finding.edges),
        "places": [_place(place, locate) for place in places_of(finding)],
        "witness": finding.witness and _witness(finding.witness),
        "fix": finding.fix and _fix(finding.fix),
        "fingerprints": list(finding.fingerprints),
        "consequences": [finding_data(inner, locate) for inner in finding.consequences],
        "waivedBy": finding.waived_by,
        "old": finding.old,
    }
    return {name: value for name, value in data.items() if value not in (None, [], {})}


def not_evaluated_data(entry: NotEvaluated) -> dict[str, Any]:
    """One rule that could not decide."""
    return {
        "code": entry.code,
        "subject": _subject(entry.subject),
        "missing": list(entry.missing),
        "edges": _edges(entry.edges),
    }


def _edges(edges: Iterable[EdgeId]) -> list[dict[str, str]]:
    return [_edge(edge) for edge in edges]


def _edge(edge: EdgeId) -> dict[str, str]:
    return {"from": edge.caller, "to": edge.callee, "operation": edge.operation}


def _subject(subject: Subject) -> dict[str, Any]:
    if subject.edge is not None:
        return {"edge": _edge(subject.edge)}
    if subject.path:
        return {"path": _edges(subject.path)}
    return {"resource": str(subject.resource)}


def _place(place: Place, locate: Locator) -> dict[str, Any]:
    data: dict[str, Any] = {
        "resource": str(place.resource),
        "pointer": place.pointer,
        "label": place.label,
    }
    spot = locate(place)
    if spot is not None:
        data |= {"file": spot.file, "line": spot.line, "column": spot.column}
    return data


def _witness(witness: Witness) -> dict[str, Any]:
    data: dict[str, Any] = {
        "load": witness.load,
        "faults": witness.faults,
        "seen": witness.seen,
        "meant": witness.meant,
    }
    return data if witness.run is None else {**data, "run": experiment_data(witness.run)}


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "resource": str(fix.resource),
        "title": fix.title,
        "patch": [dict(operation) for operation in fix.patch],
    }
