"""Administration: namespaces, their settings and audit trails."""

from flask import Response

from configsvc.usecases import NamespaceRules
from configsvc.web.api.bodies import json_body
from configsvc.web.api.contract.operations import Answer, Body, Routes
from configsvc.web.api.contract.parameters import Number, Text
from configsvc.web.api.incoming import namespace_of, plane, principal
from configsvc.web.api.rendering import answer, audit_json

routes = Routes("administration")

BEFORE = Text(
    "before", "Only acts before this one: the `next` of a page.", "[0-9a-f]{16}-[0-9A-Za-z_-]{1,64}"
)
LIMIT = Number("limit", "How many items a page has.", low=1, high=500, default=50)


@routes.add("GET", "/v1/namespaces", {200: Answer("The namespaces.", "Namespaces")})
def namespaces() -> Response:
    """The namespaces that the reader may see, with their heads."""
    heads = plane().inspector.namespaces(principal())
    items = [{"name": h.namespace, "revision": h.revision, "epoch": h.epoch} for h in heads]
    return answer({"items": items})


@routes.add("GET", "/v1/namespaces/{ns}", {200: Answer("The namespace.", "Namespace")})
def namespace(ns: str) -> Response:
    """One namespace: its head and its settings; revision 0 before its first change."""
    head, rules = plane().inspector.namespace(principal(), namespace_of(ns))
    revision, epoch = (head.revision, head.epoch) if head else (0, None)
    return answer({"name": ns, "revision": revision, "epoch": epoch, "strict": rules.strict})


@routes.add(
    "PUT",
    "/v1/namespaces/{ns}",
    {200: Answer("The settings.", "NamespaceRules")},
    body=Body("NamespaceSettings"),
    problems=("store-full",),
)
def put_namespace(ns: str) -> Response:
    """Set whether a rule that misses data blocks a publish."""
    rules = NamespaceRules(strict=json_body("NamespaceSettings")["strict"])
    plane().settings.put(principal(), namespace_of(ns), rules)
    return answer({"name": ns, "strict": rules.strict})


@routes.add(
    "GET",
    "/v1/namespaces/{ns}/audit",
    {200: Answer("A page of the audit trail.", "AuditEntries")},
    queries=(BEFORE, LIMIT),
)
def audit(ns: str) -> Response:
    """Who did what, newest first."""
    limit = LIMIT.need()
    found = plane().inspector.audit(
        principal(), namespace_of(ns), before=BEFORE.read(), limit=limit
    )
    items = [audit_json(entry) for _, entry in found]
    return answer({"items": items, **({"next": found[-1][0]} if len(found) == limit else {})})
