"""ASGI middleware: the inbound part of the bundle, for Starlette, FastAPI and other async services.

::

    app = GuardedAsgi(app, agent)

Calls that the service makes while it serves end by the deadline that came in; a request that has
not been answered by then is cancelled and answered 504. What was decided is in the scope as
``configsvc``: ``{"operation": ..., "subject": ...}``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import quote

from configsvc_agent import Agent, deadline
from configsvc_agent.agent import Admitted, Incoming, Refused, time_left
from configsvc_agent.integrations._incoming import Gate, problem

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_MICROSECONDS = 1_000_000


class GuardedAsgi:
    """Serves ``app`` to whom the bundle admits; at most ``max_concurrent`` requests at once."""

    def __init__(self, app: App, agent: Agent, *, max_concurrent: int | None = None) -> None:
        self._app = app
        self._agent = agent
        self._gate = Gate(agent, max_concurrent)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or say why not; what is no HTTP request passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        verdict, subject = self._gate.enter(_incoming(scope))
        if isinstance(verdict, Refused):
            await _refuse(verdict, send)
            return
        scope["configsvc"] = {"operation": verdict.operation.name, "subject": subject}
        try:
            if verdict.wait:
                await asyncio.sleep(verdict.wait / _MICROSECONDS)
            await self._serve(verdict, scope, receive, send)
        finally:
            self._gate.leave()

    async def _serve(self, admitted: Admitted, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve until the deadline; an answer that has begun is left to end."""
        at = admitted.deadline
        left = None if at is None else (at - self._agent.now()) / _MICROSECONDS
        limit = asyncio.timeout(left)

        async def send_in_time(message: Message) -> None:
            if limit.when() is not None:
                limit.reschedule(None)
            await send(message)

        try:
            with deadline(at):
                async with limit:
                    await self._app(scope, receive, send_in_time)
        except TimeoutError:
            if not limit.expired():
                raise
            detail = f"{admitted.operation.name} was not answered by its deadline"
            await _refuse(Refused(504, "deadline-exceeded", detail), send)


async def _refuse(refused: Refused, send: Send) -> None:
    status, headers, body = problem(refused)
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def _incoming(scope: Scope) -> Incoming:
    headers: dict[bytes, bytes] = {name.lower(): value for name, value in scope["headers"]}

    def header(name: str) -> str | None:
        value = headers.get(name.encode("latin-1", "replace"))
        return None if value is None else value.decode("latin-1")

    client = scope.get("client")
    return Incoming(
        method=scope["method"],
        # As the application sees it: matching another spelling would let requests slip past rules.
        path=quote(scope["path"]),
        remote=str(client[0]) if client else "",
        header=header,
        left=time_left(header),
    )
