"""Health: whether the process lives, and whether it can serve."""

from flask import Blueprint, Response

from configsvc.web.api.incoming import plane
from configsvc.web.api.rendering import answer

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return answer({"status": "ok"})


@blueprint.get("/readyz")
def ready() -> Response:
    """The store answers too; 503 otherwise."""
    plane().inspector.probe()
    return answer({"status": "ok"})
