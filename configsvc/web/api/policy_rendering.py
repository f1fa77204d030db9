"""Effective policies and the call graph as JSON."""

from typing import Any

from configsvc.analysis.formats.timelines import timeline_data
from configsvc.analysis.timeline import Timeline
from configsvc.model.names import Kind
from configsvc.model.resources import Source
from configsvc.resolve import CallGraph, CallSite, ExplainedField, Explanation
from configsvc.resolve.merge import Assignment
from configsvc.schema import leaf_json
from configsvc.usecases.bound_data import arrivals_data, edge_bounds_data, way_in_data
from configsvc.usecases.graph_bounds import BoundsOf, EdgeBounds
from configsvc.web.api.rendering import edge_json


def explanation_json(
    explanation: Explanation, bounds: EdgeBounds | None, picture: Timeline
) -> dict[str, Any]:
    """The effective policy of an edge, each field with its sources and what they cover."""
    return {
        "timeline": timeline_data(picture),
        "from": explanation.caller,
        "to": explanation.callee,
        "operation": explanation.operation,
        "policies": [
            {
                "kind": str(each.kind),
                "inForce": each.in_force,
                "fields": [_field_json(each.kind, field) for field in each.fields],
            }
            for each in explanation.kinds
        ],
        "bounds": edge_bounds_data(bounds),
    }


def graph_bounds_json(bounds: BoundsOf) -> dict[str, Any]:
    """What ways in cost at worst, and how requests multiply on the way to each node."""
    return {
        "waysIn": [
            {"node": way.node, "operation": way.operation, "bounds": way_in_data(way)}
            for way in bounds.ways_in()
        ],
        "nodes": [arrivals_data(each) for each in bounds.nodes()],
    }


def _field_json(kind: Kind, field: ExplainedField) -> dict[str, Any]:
    return {
        "path": field.path,
        "value": leaf_json(kind, field.path, field.value),
        "sources": [source_json(source) for source in field.sources],
        "default": field.is_default,
        "covers": [_assignment_json(kind, field.path, each) for each in field.covered],
        "contenders": [_assignment_json(kind, field.path, each) for each in field.contenders],
    }


def _assignment_json(kind: Kind, path: str, each: Assignment) -> dict[str, Any]:
    return {"value": leaf_json(kind, path, each.value), **source_json(each.source)}


def source_json(source: Source) -> dict[str, Any]:
    """Where a value is written."""
    return {
        "resource": str(source.resource),
        "pointer": source.pointer,
        "revision": source.revision,
    }


def graph_json(graph: CallGraph) -> dict[str, Any]:
    """The call graph: nodes with their operations, and the places that make each edge."""
    return {
        "nodes": [
            {"name": node.name, "kind": str(node.key.kind), "operations": list(node.operations)}
            for _, node in sorted(graph.nodes.items())
        ],
        "edges": [
            {**edge_json(edge), "calls": [_site_json(site) for site in sites]}
            for edge, sites in sorted(graph.edges.items())
        ],
        "dangling": [
            {"resource": str(each.resource), "pointer": each.pointer, "name": each.name}
            for each in graph.dangling
        ],
    }


def _site_json(site: CallSite) -> dict[str, Any]:
    return {
        "by": site.parent.operation,
        "stage": site.call.stage,
        "times": {"typical": site.call.times.typical, "max": site.call.times.max},
        "optional": site.call.optional,
    }
