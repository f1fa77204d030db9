"""Effective policies, the call graph, findings, rules and schemas over HTTP."""

from tests.usecases.world import BROKEN_TIMEOUT, timeout, waiver_spec
from tests.web.calling import Api


def test_edge_says_where_each_field_is_from(api: Api) -> None:
    """The value as a document writes it, its source, and what it covers."""
    api.publish(timeout("score", "200ms", to="score"))

    found = api.get("edges/player/score/get").get_json()

    (policy,) = found["policies"]
    fields = {field["path"]: field for field in policy["fields"]}
    assert fields["attempt"]["value"] == "200ms"
    assert fields["attempt"]["sources"] == [
        {"resource": "Timeout/score", "pointer": "/spec/attempt", "revision": 2}
    ]
    assert fields["attempt"]["covers"][0]["value"] == "500ms"
    assert fields["enabled"]["default"] is True


def test_edge_without_operation_is_the_rest(api: Api) -> None:
    """Calls that match no operation."""
    assert api.get("edges/player/score").get_json()["operation"] == "*"


def test_unknown_edge_is_404(api: Api) -> None:
    """And says what is known."""
    refused = api.get("edges/player/nobody")

    assert refused.get_json()["code"] == "unknown-edge"
    assert "known: player, score" in refused.get_json()["detail"]


def test_graph_has_nodes_and_calls(api: Api) -> None:
    """Who calls whom, how often, and in which stage."""
    found = api.get("graph").get_json()

    assert [node["name"] for node in found["nodes"]] == ["player", "score"]
    edges = {(e["from"], e["to"], e["operation"]): e["calls"] for e in found["edges"]}
    assert edges["player", "score", "get"] == [
        {"by": "get", "stage": 1, "times": {"typical": 1, "max": 1}, "optional": False}
    ]


def test_edge_says_what_a_call_costs_at_worst(api: Api) -> None:
    """How long it takes, how many requests it makes, and what goes on after the caller gave up."""
    bounds = api.get("edges/player/score/get").get_json()["bounds"]

    assert bounds["worstCase"] == {"low": "500ms", "high": "500ms"}
    assert bounds["amplification"] == {"low": 1, "high": 1}
    assert bounds["abandoned"] == {"low": "0s", "high": None}
    assert "score[get].ownTime" in bounds["missing"]
    assert api.get("edges/score/player/get").get_json()["bounds"] is None


def test_bounds_of_the_graph(api: Api) -> None:
    """Each way in with the path that decides its time, and how requests multiply to each node."""
    found = api.get("bounds").get_json()

    (way,) = found["waysIn"]
    assert (way["node"], way["operation"]) == ("player", "get")
    assert way["bounds"]["path"] == [{"from": "player", "to": "score", "operation": "get"}]
    assert way["bounds"]["worstCase"]["low"] == "500ms"
    assert found["nodes"] == [
        {"node": "player", "amplification": 1, "path": []},
        {"node": "score", "amplification": 1, "path": []},
    ]


def test_findings_are_those_of_today(api: Api) -> None:
    """Open and waived ones."""
    assert api.get("findings").get_json()["items"] == []
    api.publish(BROKEN_TIMEOUT, waivers=[waiver_spec("RT01")])

    found = api.get("findings").get_json()

    assert [finding["code"] for finding in found["waived"]] == ["RT01"]


def test_rules_have_pages(api: Api) -> None:
    """All of them, and one with its prose."""
    rules = api.get("/v1/rules").get_json()["items"]

    assert "RT01" in [rule["code"] for rule in rules]
    assert "page" not in rules[0]
    page = api.get("/v1/rules/RT01").get_json()["page"]
    assert "Why is this bad?" in page
    assert api.get("/v1/rules/XX99").get_json()["code"] == "unknown-rule"


def test_schema_of_a_kind(api: Api) -> None:
    """Self-contained, for editors."""
    schema = api.get("/v1/schemas/Retry").get_json()

    assert schema["title"] == "Retry"
    assert api.get("/v1/schemas/Retri").get_json()["code"] == "unknown-kind"


def test_edge_has_the_picture_of_its_time_budget(api: Api) -> None:
    """In microseconds, as the console draws it."""
    found = api.get("edges/player/score/get").get_json()["timeline"]

    assert found["attempts"][0]["state"] == "whole"
    assert (found["attempts"][0]["ends"], found["overall"]) == (500_000, 2_000_000)
