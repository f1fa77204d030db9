"""The ASGI application of one Bff."""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, quote

import httpx
import orjson

from configsvc.bff.calling import client_of
from configsvc.bff.composing import PartFailedError, Request, compose
from configsvc.bff.connected import ClientGoneError, while_connected
from configsvc.bff.endpoints import Endpoints, PlannedEndpoint
from configsvc.bff.references import Values
from configsvc_agent import Agent, current_deadline
from configsvc_agent.integrations.asgi import GuardedAsgi

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

MAX_BODY: Final = 1 << 20
"""Bytes of a request."""

MAX_PARAMETERS: Final = 100
DEGRADED: Final = "configsvc-degraded"
"""Answer's header: the optional parts that are missing, with commas between them."""

_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_SECOND: Final = 1_000_000


class _TooLargeError(Exception):
    """The request's body has more than `MAX_BODY` bytes."""


class _TooManyParametersError(Exception):
    """The request's query has more than `MAX_PARAMETERS` fields."""


class BffApp:
    """Answers what the bundle says; a change of the bundle counts from the next request on.

    Args:
        agent: started; it admits requests, and its policies govern the calls.
        client: makes the calls; by default one that obeys the agent.
    """

    def __init__(self, agent: Agent, client: httpx.AsyncClient | None = None) -> None:
        self._agent = agent
        self._client = client or client_of(agent)
        self._endpoints = Endpoints(agent.bundle)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._client.aclose()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoint(scope)
        if endpoint is None:
            detail = f"there is no endpoint {scope['method']} {scope['path'][:200]}"
            await _refuse(send, HTTPStatus.NOT_FOUND, "unknown-endpoint", detail)
            return
        try:
            request = await self._request(endpoint, scope, receive)
            work = compose(endpoint, request, self._client)
            output, degraded = await while_connected(receive, work)
        except ClientGoneError:
            return
        except _TooLargeError:
            detail = f"the request has more than {MAX_BODY} bytes"
            await _refuse(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request-too-large", detail)
        except _TooManyParametersError:
            detail = f"the query has more than {MAX_PARAMETERS} fields"
            await _refuse(send, HTTPStatus.BAD_REQUEST, "too-many-parameters", detail)
        except PartFailedError as error:
            await _refuse(send, error.status, "part-failed", str(error))
        else:
            headers = {DEGRADED: ",".join(degraded)} if degraded else {}
            await _answer(send, HTTPStatus.OK, orjson.dumps(output), _JSON, headers)

    def _endpoint(self, scope: Scope) -> PlannedEndpoint | None:
        bundle = self._agent.bundle
        if bundle.digest != self._endpoints.digest:
            self._endpoints = Endpoints(bundle)
        operation = bundle.inbound.match(scope["method"], quote(scope["path"]))
        return self._endpoints.get(operation.name)

    async def _request(self, endpoint: PlannedEndpoint, scope: Scope, receive: Receive) -> Request:
        values = Values(
            path=endpoint.parameters(quote(scope["path"])),
            query=_query(scope["query_string"].decode("latin-1")),
            header={k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]},
            answers={},
        )
        return Request(values, await _body(receive), self._left())

    def _left(self) -> float | None:
        """Seconds until the deadline that the agent has set for this request."""
        at = current_deadline()
        return None if at is None else max(0.0, (at - self._agent.now()) / _SECOND)


def guarded(agent: Agent, *, max_concurrent: int | None = None) -> GuardedAsgi:
    """The application behind the agent: authentication, limits and deadline as the bundle says."""
    return GuardedAsgi(BffApp(agent), agent, max_concurrent=max_concurrent)


def _query(text: str) -> dict[str, str]:
    """The fields of a query; of several with one name the first counts."""
    try:
        return dict(reversed(parse_qsl(text, max_num_fields=MAX_PARAMETERS)))
    except ValueError as error:
        raise _TooManyParametersError from error


async def _body(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise _TooLargeError
        if not message.get("more_body", False):
            return b"".join(parts)


async def _refuse(send: Send, status: int, code: str, detail: str) -> None:
    title = HTTPStatus(status).phrase
    body = orjson.dumps({"status": int(status), "code": code, "title": title, "detail": detail})
    await _answer(send, status, body, _PROBLEM, {})


async def _answer(send: Send, status: int, body: bytes, kind: str, more: dict[str, str]) -> None:
    headers = {"content-type": kind, "content-length": str(len(body)), **more}
    encoded = [
        (name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()
    ]
    await send({"type": "http.response.start", "status": int(status), "headers": encoded})
    await send({"type": "http.response.body", "body": body})
