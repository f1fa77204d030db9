"""An aiohttp client middleware that obeys the agent.

::

    async with aiohttp.ClientSession(middlewares=(guarded(agent),)) as session:
        async with session.get("http://score-engine/scores/7") as response: ...

Requests to other hosts pass untouched. A refusal is a :class:`~configsvc_agent.CallError` and an
``aiohttp.ClientError`` at once. The body is read within the attempt, except of operations declared
as streaming. A request to a callee by its name goes to one of its instances, over https with the
callee's name for the certificate; through a proxy it is the proxy that finds the callee. Where a
policy names another operation as the fallback, the request is made again as that.
"""

from __future__ import annotations

import copy
from functools import partial
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
from aiohttp.payload import BytesPayload
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

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
    as_error_of,
    host_and_port,
    socket_outcome,
)
from configsvc_agent.integrations._reissue import Reissue
from configsvc_agent.integrations._request import Request
from configsvc_agent.values import replace


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
        try:
            return await _Sender(outgoing, request, handler).run(_seen(request))
        except CallError as error:
            raise _as_aiohttp(error) from error.__cause__

    return middleware


class _Sender:
    """Makes the attempts of one request."""

    def __init__(
        self, outgoing: Outgoing, request: ClientRequest, handler: ClientHandlerType
    ) -> None:
        self._outgoing = outgoing
        self._request = request
        self._handler = handler
        self._last: ClientResponse | None = None

    async def run(self, seen: Request, *, stands_in: bool = False) -> ClientResponse:
        """What the call comes to; one that stands in for another has no such fallback itself."""
        prepared = self._outgoing.prepare(seen, None if stands_in else self._carry_out)
        if prepared is None:
            return await self._handler(self._request)
        answer = await prepared.arun(partial(self._send, prepared))
        if isinstance(answer, StaticFallback):
            headers = CIMultiDict(answer.headers)
            return _StandIn(self._request, answer.status, headers, answer.body)
        response = cast("ClientResponse", answer)
        return response if response is self._last else _again(self._request, response)

    async def _send(self, prepared: Prepared, attempt: Attempt) -> ClientResponse:
        self._release()
        self._last = response = await self._handler(_attempt_of(self._request, prepared, attempt))
        if not prepared.streaming:
            await response.read()
        return response

    async def _carry_out(self, other: Reissue) -> ClientResponse:
        self._release()
        sent = await _reissued(self._request, other)
        seen = replace(_seen(sent), named=(other.callee, other.operation))
        sender = _Sender(self._outgoing, sent, self._handler)
        self._last = response = await sender.run(seen, stands_in=True)
        return response

    def _release(self) -> None:
        if self._last is not None:
            self._last.release()


def _seen(request: ClientRequest) -> Request:
    return Request(
        method=request.method,
        scheme=request.url.scheme,
        host=request.url.host or "",
        port=request.url.port,
        target=request.url.raw_path_qs,
        header=request.headers.get,
        replayable=isinstance(request.body, bytes | BytesPayload),
    )


async def _reissued(request: ClientRequest, other: Reissue) -> ClientRequest:
    """The request as the operation that stands in; its answer reads as one to the first."""
    sent = copy.copy(request)
    sent.headers = request.headers.copy()
    for name in other.drops:
        sent.headers.popall(name, None)
    sent.method = other.method
    origin = str(request.url.origin())
    if other.host is not None:
        origin = f"{request.url.scheme}://{other.host}"
        sent.headers["Host"], sent.server_hostname = other.host, None
    sent.url = URL(origin + other.target, encoded=True)
    if not other.with_body:
        sent.chunked = None
        await sent.update_body(None)
    return sent


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
