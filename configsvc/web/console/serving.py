"""Routes of the console: its page at every path below ``/console/``, and its files."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, redirect, request

from configsvc.web.console.files import BUILT, INDEX, File, load

NONCE: Final = b"__NONCE__"
"""Stands in the page for what its answer's policy names: the editor makes its styles by it."""

FOREVER: Final = "public, max-age=31536000, immutable"
"""The names of built files carry a digest of their content."""

MISSING: Final = (
    "The console is not part of this installation: it was not built.\n\n"
    "In a checkout, run 'make console' and start the server again. Wheels carry it.\n"
    "The API is not affected: see /openapi.json.\n"
)


def install(app: Flask, folder: Path = BUILT) -> None:
    """Add the console to the application, as its built files are now."""
    app.register_blueprint(_console(load(folder)))


def _console(files: Mapping[str, File]) -> Blueprint:
    console = Blueprint("console", __name__)

    @console.get("/")
    def root() -> Response:
        return redirect("/console/")  # type: ignore[return-value]  # werkzeug's, of which Flask's is one

    @console.get("/console/")
    @console.get("/console/<path:_path>")
    def page(_path: str = "") -> Response:
        """The page, which finds by its path what to show."""
        if INDEX not in files:
            return Response(MISSING, HTTPStatus.SERVICE_UNAVAILABLE, content_type="text/plain")
        nonce = secrets.token_urlsafe(16)
        content = files[INDEX].content.replace(NONCE, nonce.encode())
        headers = {"Content-Security-Policy": policy(nonce), "Cache-Control": "no-cache"}
        return Response(content, headers=headers, content_type=files[INDEX].content_type)

    @console.get("/console/assets/<path:name>")
    def asset(name: str) -> Response:
        """A built file."""
        file = files.get(f"assets/{name}")
        if file is None:
            return Response("no such file\n", HTTPStatus.NOT_FOUND, content_type="text/plain")
        return _send(file)

    return console


def policy(nonce: str) -> str:
    """What the page may do: run and ask this origin alone, be framed by nobody."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _send(file: File) -> Response:
    headers = {"Cache-Control": FOREVER, "ETag": f'"{file.etag}"', "Vary": "Accept-Encoding"}
    if request.if_none_match.contains_weak(file.etag):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    if file.compressed is not None and request.accept_encodings["gzip"] > 0:
        headers["Content-Encoding"] = "gzip"
        return Response(file.compressed, headers=headers, content_type=file.content_type)
    return Response(file.content, headers=headers, content_type=file.content_type)
