"""The operator plane: the API, and later the console, as one Flask application."""

from flask import Flask

from configsvc.usecases import ControlPlane
from configsvc.web import api

MAX_BODY = 17 << 20
"""Bytes of a request: a change of 16 MiB and its wrapping."""


def create_app(control_plane: ControlPlane) -> Flask:
    """The application over the use cases of one process."""
    app = Flask("configsvc.web", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY)
    app.extensions["configsvc"] = control_plane
    api.install(app)
    return app
