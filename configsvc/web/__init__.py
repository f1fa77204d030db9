"""The operator plane: the API and the console, as one Flask application."""

from collections.abc import Callable

from flask import Flask

from configsvc.usecases import ControlPlane
from configsvc.web import api, compressing, console, observing
from configsvc.web.api.bodies import MAX_BODY
from configsvc.web.api.events import MAX_STREAMS, Streams
from configsvc.web.metrics import AgentMetrics, Metrics


def create_app(
    control_plane: ControlPlane,
    *,
    agent_metrics: AgentMetrics,
    open_metrics: bool,
    threads: int = 2 * MAX_STREAMS,
    alive: Callable[[], bool] = lambda: True,
) -> Flask:
    """The application over the use cases of one process.

    Args:
        control_plane: what the routes call.
        agent_metrics: asks the agent-facing processes for their numbers.
        open_metrics: whether ``/metrics`` needs no token; only where the plane is on loopback.
        threads: of this process, which event streams share with requests.
        alive: False once this process is to end, and event streams with it.
    """
    app = Flask("configsvc.web", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY)
    app.extensions["configsvc"] = control_plane
    metrics = Metrics(agent_metrics)
    observing.install(app, metrics)
    compressing.install(app)
    api.install(app, metrics, Streams(threads, alive), open_metrics=open_metrics)
    console.install(app)
    return app
