"""What is in force and what the rules say: edges, the call graph, findings, rules, schemas."""

from typing import Final

from flask import Response

from configsvc.analysis.formats import report_data
from configsvc.model.findings import EdgeId
from configsvc.model.names import ANY_OPERATION
from configsvc.schema import json_schema
from configsvc.usecases.errors import UnknownRuleError
from configsvc.web.api.contract.operations import Answer, Routes
from configsvc.web.api.incoming import kind_of, namespace_of, plane, principal
from configsvc.web.api.policy_rendering import explanation_json, graph_bounds_json, graph_json
from configsvc.web.api.rendering import answer, opened_json, rule_json

routes = Routes("policies")

_EDGE: Final = "/v1/namespaces/{ns}/edges/{caller}/{callee}"
_EXPLANATION: Final = {200: Answer("The effective policy.", "Explanation")}


@routes.add("GET", _EDGE, _EXPLANATION, problems=("unknown-edge",))
def edge(ns: str, caller: str, callee: str) -> Response:
    """The effective policy of calls that match no operation, with the source of every field."""
    return _explain(ns, caller, callee, ANY_OPERATION)


@routes.add("GET", f"{_EDGE}/{{operation}}", _EXPLANATION, problems=("unknown-edge",))
def edge_operation(ns: str, caller: str, callee: str, operation: str) -> Response:
    """The effective policy of an edge, with the source of every field."""
    return _explain(ns, caller, callee, operation)


@routes.add("GET", "/v1/namespaces/{ns}/graph", {200: Answer("The call graph.", "Graph")})
def graph(ns: str) -> Response:
    """Who calls whom."""
    return answer(graph_json(plane().inspector.graph(principal(), namespace_of(ns))))


@routes.add("GET", "/v1/namespaces/{ns}/bounds", {200: Answer("The bounds.", "GraphBounds")})
def bounds(ns: str) -> Response:
    """How long each way in may take, what goes on after callers gave up, how requests multiply."""
    return answer(graph_bounds_json(plane().inspector.bounds(principal(), namespace_of(ns))))


@routes.add("GET", "/v1/namespaces/{ns}/findings", {200: Answer("The findings.", "Findings")})
def findings(ns: str) -> Response:
    """What today's rules say of the head."""
    inspector, who, namespace = plane().inspector, principal(), namespace_of(ns)
    report = inspector.findings(who, namespace)
    data = report_data(report)
    opened = inspector.opened(who, namespace, report)
    since = {name: opened_json(each) for name, each in opened.items()}
    return answer({"items": data.pop("findings"), **data, "opened": since})


@routes.add("GET", "/v1/rules", {200: Answer("The rules, by code.", "Rules")})
def rules() -> Response:
    """Every rule, without its page."""
    return answer({"items": [rule_json(rule) for rule in plane().rules]})


@routes.add(
    "GET",
    "/v1/rules/{code}",
    {200: Answer("The rule.", "RuleWithPage")},
    problems=("unknown-rule",),
)
def rule(code: str) -> Response:
    """One rule with its page in Markdown."""
    for each in plane().rules:
        if each.code == code:
            return answer(rule_json(each, whole=True))
    raise UnknownRuleError(code)


@routes.add("GET", "/v1/schemas/{kind}", {200: Answer("The JSON Schema.", "object")})
def schema(kind: str) -> Response:
    """The JSON Schema of a kind."""
    return answer(json_schema(kind_of(kind)))


def _explain(ns: str, caller: str, callee: str, operation: str) -> Response:
    inspector, who, namespace = plane().inspector, principal(), namespace_of(ns)
    found = inspector.edge(who, namespace, caller, callee, operation)
    edge = EdgeId(caller, callee, operation)
    bounds = inspector.bounds(who, namespace).edge(edge)
    return answer(explanation_json(found, bounds, inspector.timeline(who, namespace, edge)))
