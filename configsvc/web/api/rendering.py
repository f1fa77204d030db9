"""Values of the use cases as JSON: the one place where their form in the API is written down."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import orjson
from flask import Response

from configsvc.access import TokenRecord
from configsvc.analysis import Rule
from configsvc.analysis.formats import finding_data
from configsvc.analysis.formats.data import not_evaluated_data
from configsvc.analysis.pages import page, summary
from configsvc.fleet import AgentRow
from configsvc.model.findings import EdgeId
from configsvc.model.names import Key, Kind
from configsvc.model.policies import Leaf, OperationReference, Rate, StaticResponse, Window
from configsvc.model.quantities import format_duration, format_share, format_size
from configsvc.model.resources import Source
from configsvc.resolve import CallGraph, CallSite, ExplainedField, Explanation
from configsvc.schema import leaves
from configsvc.store import Revision
from configsvc.usecases import (
    ConvergenceView,
    DifferingResource,
    Preview,
    Published,
    StoredResource,
    rfc3339,
)
from configsvc.usecases.edge_changes import EdgeChange

_MILLIONTHS = 1_000_000


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401
    """A JSON answer."""
    return Response(orjson.dumps(value), status, headers, content_type="application/json")


def key_json(key: Key) -> dict[str, str]:
    """A resource's identity."""
    return {"kind": str(key.kind), "name": key.name}


def edge_json(edge: EdgeId) -> dict[str, str]:
    """An edge."""
    return {"from": edge.caller, "to": edge.callee, "operation": edge.operation}


def resource_json(stored: StoredResource) -> dict[str, Any]:
    """A stored resource with its document."""
    return {
        **key_json(stored.key),
        "digest": stored.digest,
        "revision": stored.revision,
        "document": orjson.Fragment(stored.document),
    }


def revision_json(record: Revision) -> dict[str, Any]:
    """The record of a change."""
    return {
        "revision": record.number,
        "author": record.author,
        "message": record.message,
        "time": rfc3339(record.time),
    }


def published_json(outcome: Published) -> dict[str, Any]:
    """The outcome of a write."""
    return {
        "namespace": outcome.namespace,
        "revision": outcome.revision,
        "changed": outcome.changed,
        "resources": [
            {**key_json(key), "digest": digest} for key, digest in outcome.resources.items()
        ],
        "services": list(outcome.services),
    }


def preview_json(preview: Preview) -> dict[str, Any]:
    """What a check says of a proposal."""
    judgement = preview.judgement
    return {
        "publishable": preview.publishable,
        "findings": [finding_data(f) for f in judgement.report.findings],
        "added": [f.fingerprints[0] for f in judgement.added],
        "blocking": [f.fingerprints[0] for f in judgement.blocking],
        "resolved": [finding_data(f) for f in judgement.resolved],
        "waived": [finding_data(f) for f in judgement.report.waived],
        "notEvaluated": [not_evaluated_data(n) for n in judgement.report.not_evaluated],
        "edges": [_edge_change_json(each) for each in preview.edges.edges],
        "edgesTotal": preview.edges.total,
    }


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """The effective policy of an edge, each field with its sources and what they cover."""
    return {
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
    }


def _field_json(kind: Kind, field: ExplainedField) -> dict[str, Any]:
    return {
        "path": field.path,
        "value": leaf_json(kind, field.path, field.value),
        "sources": [_source_json(source) for source in field.sources],
        "default": field.is_default,
        "covers": [
            {"value": leaf_json(kind, field.path, c.value), **_source_json(c.source)}
            for c in field.covered
        ],
        "contenders": [
            {"value": leaf_json(kind, field.path, c.value), **_source_json(c.source)}
            for c in field.contenders
        ],
    }


def _source_json(source: Source) -> dict[str, Any]:
    return {
        "resource": str(source.resource),
        "pointer": source.pointer,
        "revision": source.revision,
    }


def _edge_change_json(change: EdgeChange) -> dict[str, Any]:
    return {
        **edge_json(change.edge),
        "change": change.change,
        "fields": [
            {
                "path": field.path,
                "before": _path_json(field.path, field.before),
                "after": _path_json(field.path, field.after),
                "sources": [_source_json(source) for source in field.sources],
            }
            for field in change.fields
        ],
    }


def _path_json(path: str, value: Any) -> Any:  # noqa: ANN401 a leaf of any type
    kind, _, leaf = path.partition(".")
    return leaf_json(Kind(kind), leaf, value)


def leaf_json(kind: Kind, path: str, value: Leaf | None) -> Any:  # noqa: ANN401 any JSON
    """A leaf as a document writes it: ``250ms``, ``20%``."""
    match value:
        case Enum():
            return value.value
        case Window():
            size = format_duration(value.size) if value.kind == "time" else value.size
            return {"kind": value.kind, "size": size}
        case Rate():
            return {"limit": value.limit, "period": format_duration(value.period)}
        case StaticResponse():
            return {
                "status": value.status,
                "headers": dict(value.headers),
                "body": value.body,
            }
        case OperationReference():
            return {"service": value.service, "operation": value.operation}
        case int() if not isinstance(value, bool):
            return _number_json(kind, path, value)
        case _:
            return value


def _number_json(kind: Kind, path: str, value: int) -> Any:  # noqa: ANN401 text or number
    match next(leaf.type for leaf in leaves(kind) if leaf.path == path):
        case "duration":
            return format_duration(value)
        case "share":
            return format_share(value)
        case "size":
            return format_size(value)
        case "multiplier":
            return value / _MILLIONTHS
        case _:
            return value


def difference_json(each: DifferingResource) -> dict[str, Any]:
    """One resource at two revisions; None where it is absent."""
    return {
        **key_json(each.key),
        "before": orjson.Fragment(each.before) if each.before is not None else None,
        "after": orjson.Fragment(each.after) if each.after is not None else None,
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


def rule_json(rule: type[Rule], *, whole: bool = False) -> dict[str, Any]:
    """A rule, with its page in Markdown if `whole`."""
    body = {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.label,
        "since": rule.since,
        "summary": summary(rule),
    }
    return {**body, "page": page(rule)} if whole else body


def token_json(record: TokenRecord) -> dict[str, Any]:
    """A token without its secret."""
    agent = record.agent
    return {
        "id": record.id,
        "kind": str(record.kind),
        "label": record.label,
        "grants": {namespace: str(role) for namespace, role in record.grants.items()},
        "agent": {"namespace": agent.namespace, "service": agent.service} if agent else None,
        "created": rfc3339(record.created),
        "notAfter": None if record.not_after is None else rfc3339(record.not_after),
        "revoked": None if record.revoked is None else rfc3339(record.revoked),
    }


def convergence_json(view: ConvergenceView) -> dict[str, Any]:
    """How far a change has come; latencies in microseconds from commit to acknowledgement."""
    counts = view.counts
    if counts is None:
        return {"revision": view.revision, "targeted": 0, "states": {}, "laggards": []}
    latency = counts.latency
    return {
        "revision": view.revision,
        "targeted": counts.targeted,
        "states": {state.value: count for state, count in counts.states.items() if count},
        "reasons": dict(counts.reasons),
        "p50": latency.percentile(50),
        "p99": latency.percentile(99),
        "last": latency.longest if latency.count else None,
        "laggards": [
            {"service": a.service, "instance": a.instance, "state": a.state, "reason": a.reason}
            for a in counts.laggards
        ],
    }


def agent_json(row: AgentRow) -> dict[str, Any]:
    """One agent of the fleet."""
    return row.to_json()
