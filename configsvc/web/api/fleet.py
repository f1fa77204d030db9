"""The fleet: who runs what, and how far a change has come."""

from flask import Response

from configsvc.fleet import OWN_FLEET
from configsvc.web.api.contract.operations import Answer, Routes
from configsvc.web.api.incoming import namespace_of, plane, principal
from configsvc.web.api.rendering import agent_json, answer, convergence_json, instance_json

routes = Routes("fleet")


@routes.add("GET", "/v1/namespaces/{ns}/fleet", {200: Answer("The agents.", "Fleet")})
def fleet(ns: str) -> Response:
    """Every known agent of the namespace; processes that did not answer are in ``incomplete``."""
    found = plane().fleet.instances(principal(), namespace_of(ns))
    now = plane().moment.micros()
    items = [agent_json(row, now) for row in found.rows]
    return answer({"items": items, "incomplete": list(found.incomplete)})


@routes.add("GET", "/v1/namespaces/{ns}/instances", {200: Answer("The instances.", "Instances")})
def instances(ns: str) -> Response:
    """Every registered instance: where it serves, whether its agent is connected, its health."""
    found = plane().fleet.registered(principal(), namespace_of(ns))
    return answer({"items": [instance_json(each) for each in found]})


@routes.add("GET", OWN_FLEET, {200: Answer("What the node knows.", "NodeFleet")})
def node_fleet(ns: str) -> Response:
    """What this node alone knows of the fleet, in the form in which nodes tell each other."""
    found = plane().fleet.own(principal(), namespace_of(ns))
    rows = [row.to_json() for row in found.rows]
    return answer({"rows": rows, "incomplete": list(found.incomplete)})


@routes.add(
    "GET",
    "/v1/namespaces/{ns}/changes/{revision}/convergence",
    {200: Answer("The counts.", "Convergence")},
    problems=("unknown-revision",),
)
def convergence(ns: str, revision: int) -> Response:
    """How far a change has come."""
    found = plane().fleet.convergence(principal(), namespace_of(ns), revision)
    return answer(convergence_json(found))
