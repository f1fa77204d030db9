"""An aiohttp client middleware that obeys the agent.

::

    async with aiohttp.ClientSession(middlewares=(guarded(agent),)) as session:
        async with session.get("http://score-engine/scores/7") as response: ...

Requests to other hosts pass untouched. A refusal is a :class:`~configsvc_agent.CallError` and an
``aiohttp.ClientError`` at once. The body is read within the attempt, except of operations declared
as streaming. A request to a callee by its name goes to one of its instances, over https with the
callee's name for the certificate; through a proxy it is the proxy that finds the callee.
"""

from __future__ import annotations

import copy
from http import HTTPStatus
from typing import Any, cast

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientHandlerType,
    ClientMiddlewareType,
    ClientOSError,
    ClientPayloadError,
    ClientRequest,
    ClientResponse,
    ServerDisconnectedError,
    ServerTimeoutError,
)
from multidict import CIMultiDict, CIMultiDictProxy

from configsvc_agent import (
    Agent,
    Attempt,
    CallError,
    CallTimeoutError,
    Classifier,
    classify_failure,
)
from configsvc_agent.agent import classify_result
from configsvc_agent.drivers.classify import CONNECT, RESET
from configsvc_agent.engine.outcome import Outcome
from configsvc_agent.engine.policy import StaticFallback
from configsvc_agent.integrations._outgoing import (
    Outgoing,
    Prepared,
    Request,
    as_error_of,
    host_and_port,
    socket_outcome,
)


def classify_error(error: Exception) -> Outcome:
    """The outcome that an exception of aiohttp stands for."""
    told = classify_failure(error)
    if told.classes:
        return told
    if isinstance(error, ClientConnectorError):
        return socket_outcome(error.os_error, CONNECT)
    if isinstance(error, ServerDisconnectedError | ClientPayloadError | ClientOSError):
        return RESET
    return CONNECT if isinstance(error, ClientConnectionError) else told


CLASSIFIER = Classifier(error=classify_error, result=classify_result)


def guarded(agent: Agent) -> ClientMiddlewareType:
    """The middleware for sessions whose requests obey ``agent``."""
    direct = Outgoing(agent, CLASSIFIER, ("http", "https"))
    proxied = Outgoing(agent, CLASSIFIER, ())

    async def middleware(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        outgoing = direct if request.proxy is None else proxied
        prepared = outgoing.prepare(_seen(request))
        if prepared is None:
            return await handler(request)
        sender = _Sender(request, handler, prepared)
        try:
            answer = await prepared.arun(sender.send)
        except CallError as error:
            raise _as_aiohttp(error) from error.__cause__
        if isinstance(answer, StaticFallback):
            return _StandIn(request, answer.status, CIMultiDict(answer.headers), answer.body)
        response = cast("ClientResponse", answer)
        return response if response is sender.last else _again(request, response)

    return middleware


class _Sender:
    """Makes the attempts of one request; ``last`` is the response of the latest."""

    def __init__(
        self, request: ClientRequest, handler: ClientHandlerType, prepared: Prepared
    ) -> None:
        self._request = request
        self._handler = handler
        self._prepared = prepared
        self.last: ClientResponse | None = None

    async def send(self, attempt: Attempt) -> ClientResponse:
        """One attempt."""
        if self.last is not None:
            self.last.release()
        request = _attempt_of(self._request, self._prepared, attempt)
        self.last = response = await self._handler(request)
        if not self._prepared.streaming:
            await response.read()
        return response


def _seen(request: ClientRequest) -> Request:
    return Request(
        method=request.method,
        scheme=request.url.scheme,
        host=request.url.host or "",
        port=request.url.port,
        target=request.url.raw_path_qs,
        header=request.headers.get,
    )


def _attempt_of(request: ClientRequest, prepared: Prepared, attempt: Attempt) -> ClientRequest:
    """The request as one attempt sends it: with its deadline, and to its instance.

    A copy of its own for each attempt, because those of a hedged call are under way together.
    """
    sent = copy.copy(request)
    sent.headers = request.headers.copy()
    if attempt.http_deadline is not None:
        name, value = attempt.http_deadline
        sent.headers[name] = value
    address = attempt.instance or prepared.address
    if address is not None:
        host, port = host_and_port(address)
        sent.server_hostname = request.server_hostname or request.url.host
        sent.url = request.url.with_host(host).with_port(port)
    return sent


class _StandIn(ClientResponse):
    """What a fallback hands out: a response that was read already and has no connection."""

    def __init__(
        self, request: ClientRequest, status: int, headers: CIMultiDict[str], body: bytes
    ) -> None:
        self.status = status
        self.reason = _phrase(status)
        self.method = request.method
        self._url = self._real_url = request.url
        self._body = body
        self._headers = CIMultiDictProxy(headers)
        self._raw_headers = tuple((name.encode(), text.encode()) for name, text in headers.items())
        self._request_info = request.request_info
        self._cache: dict[str, Any] = {}
        self._traces = []


def _again(request: ClientRequest, kept: ClientResponse) -> ClientResponse:
    """The last good answer, to another request: the one kept has been released since."""
    body = kept._body or b""  # noqa: SLF001  read() refuses once it is released
    return _StandIn(request, kept.status, CIMultiDict(kept.headers), body)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _as_aiohttp(error: CallError) -> CallError:
    timed_out = isinstance(error, CallTimeoutError)
    return as_error_of(ServerTimeoutError if timed_out else ClientConnectionError, error)
