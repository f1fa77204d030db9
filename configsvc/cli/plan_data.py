"""A plan as JSON: the members that the server's check has too have the same shape."""

from typing import Any

from configsvc.analysis.formats import Spot, finding_data
from configsvc.analysis.formats.data import not_evaluated_data
from configsvc.cli.planning import Plan
from configsvc.cli.reports import error_data
from configsvc.model.findings import Place
from configsvc.model.names import Kind
from configsvc.model.resources import Source
from configsvc.schema import Location, leaf_json
from configsvc.usecases.bound_data import bound_changes_data, edge_bounds_data, edge_data
from configsvc.usecases.edge_changes import EdgeChange, FieldChange


def plan_data(plan: Plan) -> dict[str, Any]:
    """Everything that a plan says."""
    comparison = plan.comparison

    def locate(place: Place) -> Spot | None:
        return _spot(comparison.locate(place.resource, place.pointer))

    return {
        "against": comparison.origin.name,
        "publishable": plan.publishable,
        "errors": [error_data(error) for error in comparison.sources.errors],
        "resources": [
            {"kind": str(each.key.kind), "name": each.key.name, "change": each.change}
            for each in plan.resources
        ],
        "edges": [_edge_change(each, plan) for each in plan.edges.edges],
        "edgesTotal": plan.edges.total,
        "bounds": bound_changes_data(plan.bounds),
        "findings": [finding_data(f, locate) for f in plan.report.findings],
        "added": [f.fingerprints[0] for f in plan.added],
        "blocking": [f.fingerprints[0] for f in plan.blocking],
        "resolved": [finding_data(f, locate) for f in plan.resolved],
        "waived": [finding_data(f, locate) for f in plan.waived],
        "notEvaluated": [not_evaluated_data(each) for each in plan.report.not_evaluated],
    }


def _spot(location: Location | None) -> Spot | None:
    if location is None or location.line is None or location.column is None:
        return None
    return Spot(location.file, location.line, location.column)


def _edge_change(change: EdgeChange, plan: Plan) -> dict[str, Any]:
    return {
        **edge_data(change.edge),
        "change": change.change,
        "bounds": {
            "before": edge_bounds_data(change.before),
            "after": edge_bounds_data(change.after),
        },
        "fields": [_field(field, plan) for field in change.fields],
    }


def _field(field: FieldChange, plan: Plan) -> dict[str, Any]:
    kind, _, leaf = field.path.partition(".")
    comparison = plan.comparison
    return {
        "path": field.path,
        "before": leaf_json(Kind(kind), leaf, field.before),
        "after": leaf_json(Kind(kind), leaf, field.after),
        "sourcesBefore": [
            _source(each, comparison.locate_before(each.resource, each.pointer))
            for each in field.sources_before
        ],
        "sources": [
            _source(each, comparison.sources.locate(each.resource, each.pointer))
            for each in field.sources
        ],
    }


def _source(source: Source, location: Location | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "resource": str(source.resource),
        "pointer": source.pointer,
        "revision": source.revision,
    }
    spot = _spot(location)
    if spot is not None:
        data |= {"file": spot.file, "line": spot.line, "column": spot.column}
    return data
