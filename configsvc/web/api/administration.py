"""Administration: namespaces, their settings and audit trail, tokens."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response

from configsvc.access import AgentIdentity, Role
from configsvc.usecases import NamespaceRules, rfc3339
from configsvc.web.api.incoming import body, namespace_of, number, plane, principal, text
from configsvc.web.api.problems import MalformedBodyError
from configsvc.web.api.rendering import answer, token_json

blueprint = Blueprint("administration", __name__)


@blueprint.get("/v1/namespaces")
def namespaces() -> Response:
    """The namespaces that the reader may see, with their heads."""
    heads = plane().inspector.namespaces(principal())
    items = [{"name": h.namespace, "revision": h.revision, "epoch": h.epoch} for h in heads]
    return answer({"items": items})


@blueprint.get("/v1/namespaces/<ns>")
def namespace(ns: str) -> Response:
    """One namespace: its head and its settings."""
    head, rules = plane().inspector.namespace(principal(), namespace_of(ns))
    revision, epoch = (head.revision, head.epoch) if head else (0, None)
    body_ = {"name": ns, "revision": revision, "epoch": epoch, "strict": rules.strict}
    return answer(body_)


@blueprint.put("/v1/namespaces/<ns>")
def put_namespace(ns: str) -> Response:
    """Set whether a rule that misses data blocks a publish."""
    sent = body(strict=bool)
    rules = NamespaceRules(strict=sent.get("strict", False))
    plane().settings.put(principal(), namespace_of(ns), rules)
    return answer({"name": ns, "strict": rules.strict})


@blueprint.get("/v1/namespaces/<ns>/audit")
def audit(ns: str) -> Response:
    """Who did what, newest first."""
    limit = number("limit", 50, low=1, high=500) or 50
    found = plane().inspector.audit(
        principal(), namespace_of(ns), before=text("before"), limit=limit
    )
    items = [
        {
            "time": rfc3339(entry.at),
            "actor": entry.actor,
            "action": entry.action,
            "revision": entry.revision,
            "detail": dict(entry.detail),
        }
        for _, entry in found
    ]
    return answer({"items": items, **({"next": found[-1][0]} if len(found) == limit else {})})


@blueprint.get("/v1/tokens")
def tokens() -> Response:
    """The tokens that the reader may administer, without their secrets."""
    return answer({"items": [token_json(each) for each in plane().tokens.list(principal())]})


@blueprint.post("/v1/tokens")
def mint() -> Response:
    """A new token; its text is in this answer and nowhere else."""
    sent = body(grants=dict, agent=dict, label=str, notAfter=str)
    if ("grants" in sent) == ("agent" in sent):
        raise MalformedBodyError(message="send either 'grants' (an operator) or 'agent'")
    label, not_after = sent.get("label", ""), _instant(sent.get("notAfter"))
    if "grants" in sent:
        grants = _grants(sent["grants"])
        minted, record = plane().tokens.mint_operator(principal(), grants, label, not_after)
    else:
        identity = _identity(sent["agent"])
        minted, record = plane().tokens.mint_agent(principal(), identity, label, not_after)
    return answer({**token_json(record), "token": minted}, HTTPStatus.CREATED)


@blueprint.delete("/v1/tokens/<identifier>")
def revoke(identifier: str) -> Response:
    """Withdraw a token for good."""
    return answer(token_json(plane().tokens.revoke(principal(), identifier)))


def _grants(sent: Mapping[str, Any]) -> dict[str, Role]:
    roles = {str(role): role for role in Role}
    for namespace_, role in sent.items():
        if role not in roles:
            message = f"role of {namespace_!r} must be one of {', '.join(roles)}"
            raise MalformedBodyError(message=message)
    return {namespace_: roles[role] for namespace_, role in sent.items()}


def _identity(sent: Mapping[str, Any]) -> AgentIdentity:
    if sent.keys() != {"namespace", "service"} or not all(type(v) is str for v in sent.values()):
        raise MalformedBodyError(message="'agent' needs the texts 'namespace' and 'service'")
    return AgentIdentity(**sent)


def _instant(sent: str | None) -> int | None:
    if sent is None:
        return None
    try:
        moment = datetime.fromisoformat(sent)
    except ValueError as exc:
        raise MalformedBodyError(message="'notAfter' must be a time of RFC 3339") from exc
    if moment.tzinfo is None:
        raise MalformedBodyError(message="'notAfter' needs a time zone, such as Z")
    return int(moment.timestamp() * 1_000_000)
