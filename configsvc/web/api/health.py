"""Health and metrics: whether the process lives, whether it can serve, what it counted."""

from flask import Response

from configsvc.web.api.contract.operations import Answer, Routes
from configsvc.web.api.incoming import plane
from configsvc.web.api.rendering import answer
from configsvc.web.metrics import CONTENT_TYPE, Metrics


def health_routes(metrics: Metrics, *, open_metrics: bool) -> Routes:
    """The routes; ``/metrics`` takes any operator's token unless `open_metrics`."""
    routes = Routes("health")

    @routes.add("GET", "/healthz", {200: Answer("It does.", "Health")}, public=True)
    def alive() -> Response:
        """Say whether the process answers."""
        return answer({"status": "ok"})

    @routes.add(
        "GET",
        "/readyz",
        {200: Answer("It can.", "Health")},
        problems=("store-unavailable",),
        public=True,
    )
    def ready() -> Response:
        """Say whether the process can serve: whether its store answers."""
        plane().inspector.probe()
        return answer({"status": "ok"})

    @routes.add(
        "GET",
        "/metrics",
        {200: Answer("The numbers.", "string", content_type=CONTENT_TYPE)},
        public=open_metrics,
    )
    def collect() -> Response:
        """What both planes of this node counted, for Prometheus."""
        return Response(metrics.render(), content_type=CONTENT_TYPE)

    return routes
