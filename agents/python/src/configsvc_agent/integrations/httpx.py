"""httpx transports, sync and async, that obey the agent.

::

    client = httpx.Client(transport=GuardedTransport(agent))
    client.get("http://score-engine/scores/7")

The callee is found by the host, or named by the extension ``configsvc``, a pair of callee and
operation. Requests to other hosts pass untouched. A refusal is a
:class:`~configsvc_agent.CallError` and an ``httpx.TransportError`` at once. The body is read within
the attempt, so that its limit covers it; that of an operation declared as streaming is left to the
reader. Where a policy names another operation as the fallback, the request is made again as that.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import httpx

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
from configsvc_agent.engine.outcome import TIMEOUT, Outcome
from configsvc_agent.engine.policy import StaticFallback
from configsvc_agent.integrations._outgoing import (
    CarryOut,
    Outgoing,
    Prepared,
    as_error_of,
    host_and_port,
    socket_outcome,
    soonest,
)
from configsvc_agent.integrations._reissue import Reissue
from configsvc_agent.integrations._request import Request
from configsvc_agent.values import Value, replace


def classify_error(error: Exception) -> Outcome:
    """The outcome that an exception of httpx stands for."""
    if isinstance(error, httpx.TimeoutException):
        return TIMEOUT
    if isinstance(error, httpx.ConnectError):
        return socket_outcome(error, CONNECT)
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return RESET
    return classify_failure(error)


CLASSIFIER = Classifier(error=classify_error, result=classify_result)


class _Answer(Value):
    """A response whose body was read; responses are made from it as often as it is handed out."""

    status: int
    headers: httpx.Headers
    body: bytes
    extensions: dict[str, Any]

    def response(self, request: httpx.Request) -> httpx.Response:
        """A response that reads as if it came from the wire."""
        stream = httpx.ByteStream(self.body)
        return httpx.Response(
            self.status,
            headers=self.headers,
            stream=stream,
            extensions=self.extensions,
            request=request,
        )


class GuardedTransport(httpx.BaseTransport):
    """Sends through ``transport`` (default: httpx's own) under the agent's policies."""

    def __init__(self, agent: Agent, transport: httpx.BaseTransport | None = None) -> None:
        self._agent = agent
        self._outgoing = Outgoing(agent, CLASSIFIER, ("http", "https"))
        self._transport = transport or httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request``, as often as its policy allows.

        Raises:
            CallError: also an ``httpx.TransportError``.
            httpx.TransportError: what the last attempt raised.
        """
        try:
            return self._send(request, _seen(request), partial(self._carry_out, request))
        except CallError as error:
            raise _as_httpx(error, request) from error.__cause__

    def close(self) -> None:
        """Close the transport behind."""
        self._transport.close()

    def _send(
        self, request: httpx.Request, seen: Request, carry_out: CarryOut | None = None
    ) -> httpx.Response:
        prepared = self._outgoing.prepare(seen, carry_out)
        if prepared is None:
            return self._transport.handle_request(request)
        sender = _Sender(self._agent, self._transport, request, prepared)
        return _response(prepared.run(sender.send), request)

    def _carry_out(self, request: httpx.Request, other: Reissue) -> httpx.Response:
        sent = _reissued(request, other)
        return self._send(sent, replace(_seen(sent), named=(other.callee, other.operation)))


class AsyncGuardedTransport(httpx.AsyncBaseTransport):
    """As :class:`GuardedTransport` for ``httpx.AsyncClient``; attempts are cancelled in time."""

    def __init__(self, agent: Agent, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._outgoing = Outgoing(agent, CLASSIFIER, ("http", "https"))
        self._transport = transport or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As :meth:`GuardedTransport.handle_request`."""
        try:
            return await self._send(request, _seen(request), partial(self._carry_out, request))
        except CallError as error:
            raise _as_httpx(error, request) from error.__cause__

    async def aclose(self) -> None:
        """Close the transport behind."""
        await self._transport.aclose()

    async def _send(
        self, request: httpx.Request, seen: Request, carry_out: CarryOut | None = None
    ) -> httpx.Response:
        prepared = self._outgoing.prepare(seen, carry_out)
        if prepared is None:
            return await self._transport.handle_async_request(request)
        sender = _AsyncSender(self._transport, request, prepared)
        return _response(await prepared.arun(sender.send), request)

    async def _carry_out(self, request: httpx.Request, other: Reissue) -> httpx.Response:
        sent = _reissued(request, other)
        return await self._send(sent, replace(_seen(sent), named=(other.callee, other.operation)))


class _Once:
    """Keeps what came of a body that cannot be sent twice, for the attempts after the first.

    ``open`` is the response of an earlier attempt whose body nobody has read.
    """

    def __init__(self, request: httpx.Request) -> None:
        self._replayable = _replayable(request)
        self._error: Exception | None = None
        self._answer: object = None

    @property
    def open(self) -> httpx.Response | None:
        """What is to be closed before another attempt is made."""
        return self._answer if isinstance(self._answer, httpx.Response) else None

    def spent(self, attempt: Attempt) -> bool:
        """Whether ``attempt`` would send a body that is gone."""
        return attempt.number > 1 and not self._replayable

    def again(self) -> Any:  # noqa: ANN401  whatever it was
        """What the only attempt came to."""
        if self._error is not None:
            raise self._error
        return self._answer

    def failed(self, error: Exception) -> None:
        """Note an attempt that raised."""
        self._error = error

    def answered(self, answer: object) -> None:
        """Note an attempt that was answered."""
        self._answer, self._error = answer, None


class _Sender:
    """Makes the attempts of one request."""

    def __init__(
        self,
        agent: Agent,
        transport: httpx.BaseTransport,
        request: httpx.Request,
        prepared: Prepared,
    ) -> None:
        self._agent = agent
        self._transport = transport
        self._request = request
        self._prepared = prepared
        self._once = _Once(request)

    def send(self, attempt: Attempt) -> Any:  # noqa: ANN401  an answer, or a streaming response
        """One attempt."""
        if self._once.spent(attempt):
            return self._once.again()
        try:
            if self._once.open is not None:
                self._once.open.close()
            request = _attempt_of(self._request, self._prepared, attempt)
            response = self._transport.handle_request(request)
            answer = response if self._prepared.streaming else self._read(response, attempt)
        except Exception as error:
            self._once.failed(error)
            raise
        self._once.answered(answer)
        return answer

    def _read(self, response: httpx.Response, attempt: Attempt) -> _Answer:
        stream = cast("httpx.SyncByteStream", response.stream)
        try:
            body = b"".join(self._in_time(iter(stream), attempt))
        finally:
            response.close()
        return _Answer(response.status_code, response.headers, body, dict(response.extensions))

    def _in_time(self, chunks: Iterator[bytes], attempt: Attempt) -> Iterator[bytes]:
        """Stop reading a body that trickles in for longer than the attempt may take."""
        for chunk in chunks:
            if attempt.expires is not None and self._agent.now() > attempt.expires:
                raise httpx.ReadTimeout("the body took longer than the attempt may take")
            yield chunk


class _AsyncSender:
    """As :class:`_Sender`; time is kept by whoever awaits it."""

    def __init__(
        self, transport: httpx.AsyncBaseTransport, request: httpx.Request, prepared: Prepared
    ) -> None:
        self._transport = transport
        self._request = request
        self._prepared = prepared
        self._once = _Once(request)

    async def send(self, attempt: Attempt) -> Any:  # noqa: ANN401  as _Sender.send
        """One attempt."""
        if self._once.spent(attempt):
            return self._once.again()
        try:
            if self._once.open is not None:
                await self._once.open.aclose()
            request = _attempt_of(self._request, self._prepared, attempt)
            response = await self._transport.handle_async_request(request)
            answer = response if self._prepared.streaming else await self._read(response)
        except Exception as error:
            self._once.failed(error)
            raise
        self._once.answered(answer)
        return answer

    async def _read(self, response: httpx.Response) -> _Answer:
        stream = cast("httpx.AsyncByteStream", response.stream)
        try:
            body = b"".join([chunk async for chunk in stream])
        finally:
            await response.aclose()
        return _Answer(response.status_code, response.headers, body, dict(response.extensions))


def _seen(request: httpx.Request) -> Request:
    return Request(
        method=request.method,
        scheme=request.url.scheme,
        host=request.url.host,
        port=request.url.port or {"http": 80, "https": 443}.get(request.url.scheme),
        target=request.url.raw_path.decode("ascii"),
        header=request.headers.get,
        named=request.extensions.get("configsvc"),
        replayable=_replayable(request),
    )


def _replayable(request: httpx.Request) -> bool:
    return isinstance(request.stream, httpx.ByteStream)


def _reissued(request: httpx.Request, other: Reissue) -> httpx.Request:
    """The request as the operation that stands in."""
    headers = request.headers.copy()
    for name in other.drops:
        headers.pop(name, None)
    url = request.url.copy_with(raw_path=other.target.encode("ascii"))
    if other.host is not None:
        url = url.copy_with(host=other.host, port=None)
        headers["host"] = other.host
    stream = request.stream if other.with_body else httpx.ByteStream(b"")
    return httpx.Request(
        other.method, url, headers=headers, stream=stream, extensions=request.extensions
    )


def _attempt_of(request: httpx.Request, prepared: Prepared, attempt: Attempt) -> httpx.Request:
    """The request as one attempt sends it: with its limits, its deadline, and to its instance."""
    headers = request.headers.copy()
    if attempt.http_deadline is not None:
        name, value = attempt.http_deadline
        headers[name] = value
    extensions = dict(request.extensions)
    extensions["timeout"] = _limits(extensions.get("timeout", {}), attempt)
    url = request.url
    address = attempt.instance or prepared.address
    if address is not None:
        host, port = host_and_port(address)
        extensions.setdefault("sni_hostname", url.host)
        url = url.copy_with(host=host, port=port)
    return httpx.Request(
        request.method, url, headers=headers, stream=request.stream, extensions=extensions
    )


def _limits(own: dict[str, float | None], attempt: Attempt) -> dict[str, float | None]:
    """The client's own time limits, shortened by the attempt's."""
    limit = attempt.timeout
    return {
        "connect": soonest(own.get("connect"), attempt.connect_timeout),
        "read": soonest(own.get("read"), attempt.idle_timeout, limit),
        "write": soonest(own.get("write"), limit),
        "pool": soonest(own.get("pool"), limit),
    }


def _response(answer: object, request: httpx.Request) -> httpx.Response:
    if isinstance(answer, StaticFallback):
        headers = list(answer.headers)
        return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)
    if isinstance(answer, _Answer):
        return answer.response(request)
    return cast("httpx.Response", answer)


def _as_httpx(error: CallError, request: httpx.Request) -> CallError:
    library = httpx.TimeoutException if isinstance(error, CallTimeoutError) else httpx.ConnectError
    made = as_error_of(library, error)
    made.__dict__["_request"] = request
    return made
