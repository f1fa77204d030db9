"""The OpenAPI description: of every route, true to what is answered."""

import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest

from configsvc.fleet import AgentRow, AgentState, Breaker, FleetAnswer, Traffic
from configsvc.model.names import Kind
from tests.usecases.world import (
    BROKEN_TIMEOUT,
    NAMESPACE,
    Json,
    World,
    service,
    timeout,
    waiver_spec,
)
from tests.web.calling import Api

NEW = {"If-None-Match": "*"}


@pytest.fixture
def described(api: Api) -> Json:
    """The description, as anybody may read it."""
    return dict(api.get("/openapi.json", token=None).get_json())


def test_every_route_is_described(api: Api, described: Json) -> None:
    """What is served and what is described are the same routes and methods."""
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in api.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.endpoint.startswith("console.")
    }

    assert served == {(p, m) for p, methods in described["paths"].items() for m in methods}


def test_operation_ids_are_unique(described: Json) -> None:
    """Clients are generated from them."""
    names = [each["operationId"] for path in described["paths"].values() for each in path.values()]

    assert len(names) == len(set(names))
    assert all(each["summary"] for path in described["paths"].values() for each in path.values())


def test_every_shape_is_a_schema_whose_references_lead_somewhere(described: Json) -> None:
    """No shape refers to one that is not there, and all are schemas."""

    def references(part: object) -> set[str]:
        if isinstance(part, Mapping):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*map(references, part.values()))
        if isinstance(part, list):
            return set().union(*map(references, part))
        return set()

    for reference in references(described):
        node: Any = described
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
    for schema in described["components"]["schemas"].values():
        jsonschema_rs.meta.validate(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        )


def test_documents_are_described_by_their_kinds(described: Json) -> None:
    """The JSON Schemas of the kinds are part of the description."""
    schemas = described["components"]["schemas"]

    assert {kind.value for kind in Kind} <= schemas.keys()
    assert len(schemas["Document"]["oneOf"]) == len(Kind)


def rich(world: World) -> Api:
    """An API with something to answer everywhere."""
    api = Api(world, open_metrics=True)
    row = AgentRow(
        NAMESPACE, "player", "p-1", "s", 1, 2, state=AgentState.REJECTED, reason="no",
        breakers=(Breaker("player -> score get", "open"),),
        traffic=(Traffic("score", "get", 2.5, 0.5),),
    )  # fmt: skip
    world.fleet = FleetAnswer((row,), ("agents-2",))
    api.publish(
        BROKEN_TIMEOUT, timeout("score", "200ms", to="score"), waivers=[waiver_spec("RT04")]
    )
    api.publish(service("vague", "score"), timeout("score", "300ms", to="score"))
    return api


PLAN = {"stages": [{"share": "10%"}, {"labels": {"zone": "a"}, "bake": "1m"}]}

CALLS: tuple[tuple[str, str, str, Json | None, int], ...] = (
    ("namespaces", "GET", "/v1/namespaces", None, 200),
    ("namespace", "GET", "/v1/namespaces/prod", None, 200),
    ("put_namespace", "PUT", "/v1/namespaces/prod", {"strict": False}, 200),
    ("audit", "GET", "audit?limit=1", None, 200),
    ("tokens", "GET", "/v1/tokens", None, 200),
    ("mint_token", "POST", "/v1/tokens", {"grants": {"prod": "viewer"}}, 201),
    ("mint_token", "POST", "/v1/tokens", {"agent": {"namespace": "prod", "service": "a"}}, 201),
    ("revoke_token", "DELETE", "/v1/tokens/nothing", None, 404),
    ("list_resources", "GET", "resources", None, 200),
    ("get_resource", "GET", "resources/Timeout/default", None, 200),
    ("get_resource", "GET", "resources/Timeout/nothing", None, 404),
    (
        "put_resource", "PUT", "resources/Timeout/new", timeout("new", "1s", **{"from": "player"}),
        201,
    ),
    ("put_resource", "PUT", "resources/Timeout/new?dryRun=true", timeout("new", "1s"), 200),
    ("put_resource", "PUT", "resources/Timeout/bad", timeout("bad", "1"), 422),
    ("delete_resource", "DELETE", "resources/Timeout/nothing", None, 400),
    ("publish", "POST", "changes", {"message": "m", "base": 3, "put": [service("x")]}, 200),
    ("publish", "POST", "changes", {"message": "m", "base": 1, "put": [timeout("score")]}, 409),
    (
        "publish", "POST", "changes",
        {"message": "m", "base": 3, "put": [timeout("score", "5s", to="score")]}, 422,
    ),
    (
        "publish", "POST", "changes?dryRun=true",
        {"message": "m", "base": 3, "put": [BROKEN_TIMEOUT, service("a", "b"), service("b")]}, 200,
    ),
    (
        "check", "POST", "check",
        {"put": [timeout("bad", "1"), timeout(attempt="1s")], "delete": ["Service/vague"]}, 200,
    ),
    ("history", "GET", "changes?limit=1", None, 200),
    ("get_change", "GET", "changes/1", None, 200),
    ("convergence", "GET", "changes/1/convergence", None, 200),
    ("diff", "GET", "diff?from=0&to=1", None, 200),
    ("roll_back", "POST", "rollback", {"to": 1, "message": "m"}, 200),
    ("roll_back", "POST", "rollback?dryRun=true", {"to": 2}, 200),
    (
        "start_rollout", "POST", "rollouts",
        {"message": "m", "base": 3, "put": [service("x")], "rollout": PLAN}, 200,
    ),
    (
        "start_rollout", "POST", "rollouts",
        {"message": "m", "base": 3, "put": [service("x")], "rollout": {"stages": [{}]}}, 422,
    ),
    ("rollouts", "GET", "rollouts", None, 200),
    ("rollout", "GET", "rollouts/4", None, 200),
    ("rollout", "GET", "rollouts/1", None, 404),
    ("pause_rollout", "POST", "rollouts/4/pause", {"reason": "lunch"}, 200),
    ("resume_rollout", "POST", "rollouts/4/resume", None, 409),
    ("promote_rollout", "POST", "rollouts/4/promote", None, 200),
    ("abort_rollout", "POST", "rollouts/4/abort", {}, 200),
    ("edge", "GET", "edges/player/score", None, 200),
    ("edge_operation", "GET", "edges/player/score/get", None, 200),
    ("simulate_edge", "POST", "edges/player/score/get/simulate", {}, 200),
    (
        "simulate_edge", "POST", "edges/player/score/get/simulate",
        {"put": [timeout("score", "1s", to="score")], "rate": 5, "seed": 3}, 200,
    ),
    ("simulate_edge", "POST", "edges/player/nobody/get/simulate", {}, 404),
    ("prove_finding", "POST", "findings/nothing/prove", {}, 404),
    ("graph", "GET", "graph", None, 200),
    ("bounds", "GET", "bounds", None, 200),
    ("findings", "GET", "findings", None, 200),
    ("rules", "GET", "/v1/rules", None, 200),
    ("rule", "GET", "/v1/rules/RT01", None, 200),
    ("schema", "GET", "/v1/schemas/Retry", None, 200),
    ("fleet", "GET", "fleet", None, 200),
    ("watch", "GET", "events?topic=fleet&topic=edge", None, 200),
    ("watch", "GET", "events?topic=weather", None, 400),
    ("open_session", "POST", "/v1/session", {"token": "cfg_nothing"}, 401),
    ("get_session", "GET", "/v1/session", None, 200),
    ("close_session", "DELETE", "/v1/session", None, 200),
    ("node_fleet", "GET", "fleet/node", None, 200),
    ("instances", "GET", "instances", None, 200),
    ("alive", "GET", "/healthz", None, 200),
    ("ready", "GET", "/readyz", None, 200),
    ("collect", "GET", "/metrics", None, 200),
    ("openapi", "GET", "/openapi.json", None, 200),
)  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=[f"{c[0]}-{c[4]}-{i}" for i, c in enumerate(CALLS)])
def test_answer_is_what_the_description_says(
    world: World, described: Json, call: tuple[str, str, str, Json | None, int]
) -> None:
    """Each success and refusal has a described status, content type and shape, and an object."""
    name, method, path, body, status = call
    headers = NEW if path.startswith("resources/") and method != "GET" else {}
    api = rich(world)
    if "rollouts/" in path:
        api.publish(service("late"), rollout=PLAN)
    found = api.call(method, path, body, headers=headers)
    operation = next(
        each
        for methods in described["paths"].values()
        for each in methods.values()
        if each["operationId"] == name
    )

    assert found.status_code == status, found.get_data(as_text=True)
    content = operation["responses"][str(status)]["content"]
    assert found.mimetype in {kind.partition(";")[0] for kind in content}
    if found.mimetype in {"text/plain", "text/event-stream"}:
        return
    schema = content[found.mimetype]["schema"]
    value = found.get_json()
    assert isinstance(value, dict)
    jsonschema_rs.Draft202012Validator({**schema, "components": described["components"]}).validate(
        value
    )


def test_every_operation_is_called_above(described: Json) -> None:
    """A route that is added is tested with the others."""
    names = {each["operationId"] for path in described["paths"].values() for each in path.values()}

    assert names == {name for name, *_ in CALLS}


def test_lists_are_items_with_a_cursor(described: Json) -> None:
    """One envelope: an object, a list under `items`, the cursor under `next`."""
    schemas = described["components"]["schemas"]
    for methods in described["paths"].values():
        for status, answer in methods.get("get", {"responses": {}})["responses"].items():
            if status == "200" and "application/json" in answer.get("content", {}):
                reference = answer["content"]["application/json"]["schema"].get("$ref", "")
                shape = schemas.get(reference.rpartition("/")[2], {"type": "object"})
                assert shape["type"] == "object"
                names = shape.get("properties", {}).keys()
                assert "next" not in names or "items" in names
