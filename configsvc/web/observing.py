"""What every request leaves behind: an id, a log line, metrics, and headers for browsers."""

import logging
import re
import secrets
import time
from typing import Final

from flask import Flask, Response, g, request

from configsvc.web.metrics import Metrics

_log = logging.getLogger("configsvc.web")

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def install(app: Flask, metrics: Metrics) -> None:
    """Observe every request of the application."""
    app.before_request(_begin)
    app.after_request(_headers)
    app.after_request(lambda response: _end(response, metrics))


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    g.began = time.perf_counter()


def _headers(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _end(response: Response, metrics: Metrics) -> Response:
    took = time.perf_counter() - g.began
    route = request.url_rule.rule if request.url_rule else "(none)"
    metrics.request(route, request.method, response.status_code, took)
    if code := g.get("problem_code"):
        metrics.refusal(code)
    published = g.get("published")
    if published is not None and published.changed:
        metrics.revision(published.namespace)
    who = g.get("principal")
    _log.info(
        "%s %s %s",
        request.method,
        request.path,
        response.status_code,
        extra={
            "request": g.request_id,
            "method": request.method,
            "path": request.path,
            "route": route,
            "status": response.status_code,
            "milliseconds": round(took * 1000, 1),
            "principal": who.token_id if who else None,
            "problem": code,
            "revision": published.revision if published else None,
        },
    )
    return response
