"""The operator plane: the API, and later the console, as one Flask application."""

from flask import Flask

from configsvc.usecases import ControlPlane
from configsvc.web import api, observing
from configsvc.web.api.bodies import MAX_BODY
from configsvc.web.metrics import AgentMetrics, Metrics


def create_app(
    control_plane: ControlPlane, *, agent_metrics: AgentMetrics, open_metrics: bool
) -> Flask:
    """The application over the use cases of one process.

    Args:
        control_plane: what the routes call.
        agent_metrics: asks the agent-facing processes for their numbers.
        open_metrics: whether ``/metrics`` needs no token; only where the plane is on loopback.
    """
    app = Flask("configsvc.web", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY)
    app.extensions["configsvc"] = control_plane
    metrics = Metrics(agent_metrics)
    observing.install(app, metrics)
    api.install(app, metrics, open_metrics=open_metrics)
    return app
