"""The operator API: thin routes over the use cases.

Success is always a JSON object, a list stands under ``items``; failure is a problem document
(RFC 9457).
"""

from flask import Flask

from configsvc.web.api import (
    administration,
    changes,
    fleet,
    health,
    looking,
    problems,
    resources,
)
from configsvc.web.metrics import Metrics


def install(app: Flask, metrics: Metrics, *, open_metrics: bool) -> None:
    """Add the routes and the form of errors to the application."""
    problems.install(app)
    for module in (administration, resources, changes, looking, fleet):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(health.blueprint(metrics, open_metrics=open_metrics))
