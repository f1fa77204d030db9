"""What is in force and what the rules say: edges, the call graph, findings, rules, schemas."""

from flask import Blueprint, Response

from configsvc.analysis.formats import report_data
from configsvc.model.names import ANY_OPERATION
from configsvc.schema import json_schema
from configsvc.usecases.errors import UnknownRuleError
from configsvc.web.api.incoming import kind_of, namespace_of, plane, principal
from configsvc.web.api.rendering import answer, explanation_json, graph_json, rule_json

blueprint = Blueprint("looking", __name__)
_NAMESPACE = "/v1/namespaces/<ns>"


@blueprint.get(f"{_NAMESPACE}/edges/<caller>/<callee>")
@blueprint.get(f"{_NAMESPACE}/edges/<caller>/<callee>/<operation>")
def edge(ns: str, caller: str, callee: str, operation: str = ANY_OPERATION) -> Response:
    """The effective policy of an edge with the source of every field."""
    found = plane().inspector.edge(principal(), namespace_of(ns), caller, callee, operation)
    return answer(explanation_json(found))


@blueprint.get(f"{_NAMESPACE}/graph")
def graph(ns: str) -> Response:
    """Who calls whom."""
    return answer(graph_json(plane().inspector.graph(principal(), namespace_of(ns))))


@blueprint.get(f"{_NAMESPACE}/findings")
def findings(ns: str) -> Response:
    """What today's rules say of the head."""
    report = plane().inspector.findings(principal(), namespace_of(ns))
    data = report_data(report)
    return answer({"items": data.pop("findings"), **data})


@blueprint.get("/v1/rules")
def rules() -> Response:
    """Every rule, without its page."""
    principal()
    return answer({"items": [rule_json(rule) for rule in plane().rules]})


@blueprint.get("/v1/rules/<code>")
def rule(code: str) -> Response:
    """One rule with its page in Markdown."""
    principal()
    for each in plane().rules:
        if each.code == code:
            return answer(rule_json(each, whole=True))
    raise UnknownRuleError(code)


@blueprint.get("/v1/schemas/<kind>")
def schema(kind: str) -> Response:
    """The JSON Schema of a kind."""
    principal()
    return answer(json_schema(kind_of(kind)))
