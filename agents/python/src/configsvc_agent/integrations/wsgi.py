"""WSGI middleware: the inbound part of the bundle, for Flask, Django and other threaded services.

::

    app.wsgi_app = GuardedWsgi(app.wsgi_app, agent)          # Flask

Calls that the service makes while it serves end by the deadline that came in. What was decided is
in the environ as ``configsvc.operation`` and ``configsvc.subject``.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from configsvc_agent import Agent
from configsvc_agent.agent import Incoming, Refused, shorten_deadline, time_left
from configsvc_agent.integrations._incoming import Gate, problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_MICROSECONDS = 1_000_000


class GuardedWsgi:
    """Serves ``app`` to whom the bundle admits; at most ``max_concurrent`` requests at once."""

    def __init__(
        self,
        app: WSGIApplication,
        agent: Agent,
        *,
        max_concurrent: int | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._app = app
        self._gate = Gate(agent, max_concurrent)
        self._sleep = sleep

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, or say why not."""
        verdict, subject = self._gate.enter(_incoming(environ))
        if isinstance(verdict, Refused):
            status, headers, body = problem(verdict)
            start_response(f"{status} {HTTPStatus(status).phrase}", headers)
            return [body]
        environ["configsvc.operation"] = verdict.operation.name
        environ["configsvc.subject"] = subject
        context = contextvars.copy_context()
        context.run(shorten_deadline, verdict.deadline)
        try:
            if verdict.wait:
                self._sleep(verdict.wait / _MICROSECONDS)
            served = context.run(self._app, environ, start_response)
        except BaseException:
            self._gate.leave()
            raise
        return _Body(served, context, self._gate.leave)


class _Body:
    """The response's body: made under the request's deadline, and counted until it is closed."""

    def __init__(
        self, served: Iterable[bytes], context: contextvars.Context, leave: Callable[[], None]
    ) -> None:
        self._served = served
        self._context = context
        self._leave: Callable[[], None] | None = leave

    def __iter__(self) -> Iterator[bytes]:
        pieces = self._context.run(iter, self._served)
        while (piece := self._context.run(next, pieces, None)) is not None:
            yield piece

    def close(self) -> None:
        """Called by the server in the end, whatever happened."""
        leave, self._leave = self._leave, None
        if leave is None:
            return
        leave()
        close: Any = getattr(self._served, "close", None)
        if close is not None:
            self._context.run(close)


def _incoming(environ: WSGIEnvironment) -> Incoming:
    def header(name: str) -> str | None:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        value = environ.get(key)
        return None if value is None else str(value)

    script, info = environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", "")
    return Incoming(
        method=environ["REQUEST_METHOD"],
        # As the application sees it: matching another spelling would let requests slip past rules.
        path=quote(f"{script}{info}" or "/", encoding="latin-1"),
        remote=str(environ.get("REMOTE_ADDR", "")),
        header=header,
        left=time_left(header),
    )
