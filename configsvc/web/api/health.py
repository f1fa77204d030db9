"""Health and metrics: whether the process lives, whether it can serve, what it counted."""

from flask import Blueprint, Response

from configsvc.web.api.incoming import plane, principal
from configsvc.web.api.rendering import answer
from configsvc.web.metrics import CONTENT_TYPE, Metrics


def blueprint(metrics: Metrics, *, open_metrics: bool) -> Blueprint:
    """The routes; ``/metrics`` takes any operator's token unless `open_metrics`."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def alive() -> Response:
        """The process answers."""
        return answer({"status": "ok"})

    @routes.get("/readyz")
    def ready() -> Response:
        """The store answers too; 503 otherwise."""
        plane().inspector.probe()
        return answer({"status": "ok"})

    @routes.get("/metrics")
    def collect() -> Response:
        """What both planes of this node counted, for Prometheus."""
        if not open_metrics:
            principal()
        return Response(metrics.render(), content_type=CONTENT_TYPE)

    return routes
