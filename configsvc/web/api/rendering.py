"""Values of the use cases as JSON: the one place where their form in the API is written down."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from flask import Response

from configsvc.access import TokenRecord
from configsvc.analysis import Rule
from configsvc.analysis.pages import page, summary
from configsvc.fleet import AgentRow
from configsvc.model.findings import EdgeId
from configsvc.model.names import Key
from configsvc.model.quantities import format_share
from configsvc.registry import Instance
from configsvc.store import AuditEntry, Revision
from configsvc.usecases import (
    ConvergenceView,
    DifferingResource,
    Opened,
    Published,
    StoredResource,
    rfc3339,
)

_NOBODY: Final[Mapping[str, Any]] = {
    "targeted": 0, "states": {}, "reasons": {}, "p50": None, "p99": None, "last": None,
    "laggards": [],
}  # fmt: skip
"""The convergence of a change that altered no agent's bundle."""


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401
    """A JSON answer."""
    return Response(orjson.dumps(value), status, headers, content_type="application/json")


def instance_json(instance: Instance) -> dict[str, Any]:
    """A registered instance; its session is its agent's alone."""
    return {
        "service": instance.service,
        "id": instance.id,
        "address": instance.address,
        "labels": dict(instance.labels),
        "registered": instance.registered,
        "state": instance.state,
        "healthy": instance.healthy,
    }


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
        "rollout": move_json(record.rollout),
    }


def opened_json(opened: Opened) -> dict[str, Any]:
    """Since when a finding is open."""
    return {
        "revision": opened.revision,
        "time": rfc3339(opened.time),
        "older": opened.older,
    }


def move_json(record: object) -> dict[str, Any] | None:
    """What a revision's record says of a rollout."""
    if not isinstance(record, Mapping):
        return None
    return {**record, "share": format_share(record["share"])}


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
        "rollout": outcome.revision if outcome.rollout else None,
    }


def difference_json(each: DifferingResource) -> dict[str, Any]:
    """One resource at two revisions; None where it is absent."""
    return {
        **key_json(each.key),
        "before": orjson.Fragment(each.before) if each.before is not None else None,
        "after": orjson.Fragment(each.after) if each.after is not None else None,
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
        "relay": list(record.relay),
        "created": rfc3339(record.created),
        "notAfter": None if record.not_after is None else rfc3339(record.not_after),
        "revoked": None if record.revoked is None else rfc3339(record.revoked),
    }


def convergence_json(view: ConvergenceView) -> dict[str, Any]:
    """How far a change has come; latencies in microseconds from commit to acknowledgement."""
    counts = view.counts
    if counts is None:
        return {**_NOBODY, "revision": view.revision}
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


def agent_json(row: AgentRow, now: int) -> dict[str, Any]:
    """One agent of the fleet; `lag` is how long it has not had the bundle that it should."""
    return {**row.to_json(), "lag": row.lag(now)}


def audit_json(entry: AuditEntry) -> dict[str, Any]:
    """One act."""
    return {
        "time": rfc3339(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "revision": entry.revision,
        "detail": dict(entry.detail),
    }
