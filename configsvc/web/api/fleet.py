"""The fleet: who runs what, and how far a change has come."""

from flask import Blueprint, Response

from configsvc.web.api.incoming import namespace_of, plane, principal
from configsvc.web.api.rendering import agent_json, answer, convergence_json

blueprint = Blueprint("fleet", __name__)
_NAMESPACE = "/v1/namespaces/<ns>"


@blueprint.get(f"{_NAMESPACE}/fleet")
def fleet(ns: str) -> Response:
    """Every known agent of the namespace; processes that did not answer are in ``incomplete``."""
    found = plane().fleet.instances(principal(), namespace_of(ns))
    items = [agent_json(row) for row in found.rows]
    return answer({"items": items, "incomplete": list(found.incomplete)})


@blueprint.get(f"{_NAMESPACE}/changes/<int:revision>/convergence")
def convergence(ns: str, revision: int) -> Response:
    """How far a change has come."""
    return answer(
        convergence_json(plane().fleet.convergence(principal(), namespace_of(ns), revision))
    )
