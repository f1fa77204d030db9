"""The operator API: thin routes over the use cases.

Success is always a JSON object, a list stands under ``items``; failure is a problem document (RFC 9457).
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


def install(app: Flask) -> None:
    """Add the routes and the form of errors to the application."""
    problems.install(app)
    for module in (administration, resources, changes, looking, fleet, health):
        app.register_blueprint(module.blueprint)
