"""A requests adapter that obeys the agent.

::

    session = requests.Session()
    session.mount("http://", GuardedAdapter(agent))
    session.get("http://score-engine/scores/7")

Requests to other hosts pass untouched. A refusal is a :class:`~configsvc_agent.CallError` and a
``requests`` error at once. Unless the request asks for a stream, its body is read within the
attempt. A request to a callee by its name goes to one of its declared instances, over http only:
a certificate would not fit the instance's address. Where a policy names another operation as the
fallback, the request is made again as that.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

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
    socket_outcome,
    soonest,
)
from configsvc_agent.integrations._reissue import Reissue
from configsvc_agent.integrations._request import Request
from configsvc_agent.values import replace

_CHUNK = 64 << 10


def classify_error(error: Exception) -> Outcome:
    """The outcome that an exception of requests stands for."""
    if isinstance(error, requests.Timeout):
        return TIMEOUT
    if isinstance(error, requests.ConnectionError):
        return socket_outcome(error, CONNECT)
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return RESET
    return classify_failure(error)


CLASSIFIER = Classifier(error=classify_error, result=classify_result)


class GuardedAdapter(HTTPAdapter):
    """Sends under the agent's policies; further options are those of ``HTTPAdapter``."""

    def __init__(self, agent: Agent, **options: Any) -> None:  # noqa: ANN401  HTTPAdapter's own
        super().__init__(**options)
        self._agent = agent
        self._outgoing = Outgoing(agent, CLASSIFIER, ("http",))

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002  as the base class has it
        timeout: Any = None,  # noqa: ANN401  as the base class has it
        verify: bool | str = True,  # noqa: FBT001, FBT002  as the base class has it
        cert: Any = None,  # noqa: ANN401  as the base class has it
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send ``request``, as often as its policy allows.

        Raises:
            CallError: also a ``requests.ConnectionError`` or ``requests.Timeout``.
            requests.RequestException: what the last attempt raised.
        """
        options = {"verify": verify, "cert": cert, "proxies": proxies}
        options |= {"stream": stream, "timeout": timeout}

        def carry_out(other: Reissue) -> requests.Response:
            sent = _reissued(request, other)
            seen = replace(_seen(sent), named=(other.callee, other.operation))
            response = self._send(sent, seen, options)
            response.request, response.url = request, request.url or ""
            return response

        try:
            return self._send(request, _seen(request), options, carry_out)
        except CallError as error:
            raise _as_requests(error, request) from error.__cause__

    def _send(
        self,
        request: requests.PreparedRequest,
        seen: Request,
        options: Mapping[str, Any],
        carry_out: CarryOut | None = None,
    ) -> requests.Response:
        prepared = self._outgoing.prepare(seen, carry_out)
        if prepared is None:
            return super().send(request, **options)
        keep_open = options["stream"] or prepared.streaming

        def send(attempt: Attempt) -> requests.Response:
            response = super(GuardedAdapter, self).send(
                _attempt_of(request, prepared, attempt),
                **{
                    **options,
                    "stream": keep_open,
                    "timeout": _limits(options["timeout"], attempt),
                },
            )
            response.request, response.url = request, request.url or ""
            if not keep_open:
                self._read(response, attempt)
            return response

        return _response(prepared.run(_only_once(request, send)), request)

    def _read(self, response: requests.Response, attempt: Attempt) -> None:
        """Read the body, and stop where it trickles in for longer than the attempt may take."""
        read = getattr(response.raw, "read1", None)
        if read is None:  # urllib3 1: only the silence between two bytes is limited
            response.content  # noqa: B018  reads the body
            return
        chunks = []
        while chunk := read(_CHUNK, decode_content=True):
            if attempt.expires is not None and self._agent.now() > attempt.expires:
                response.close()
                raise requests.ReadTimeout("the body took longer than the attempt may take")
            chunks.append(chunk)
        response._content = b"".join(chunks)  # noqa: SLF001  there is no public way
        response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001  as above


_Send = Callable[[Attempt], requests.Response]


def _only_once(request: requests.PreparedRequest, send: _Send) -> _Send:
    """``send``, which hands out its first result again where the body cannot be sent twice."""
    if _replayable(request):
        return send
    first: list[requests.Response | Exception] = []

    def send_once(attempt: Attempt) -> requests.Response:
        if not first:
            try:
                first.append(send(attempt))
            except Exception as error:
                first.append(error)
                raise
        if isinstance(first[0], Exception):
            raise first[0]
        return first[0]

    return send_once


def _seen(request: requests.PreparedRequest) -> Request:
    parts = urlsplit(request.url or "")
    return Request(
        method=request.method or "GET",
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or {"http": 80, "https": 443}.get(parts.scheme),
        target=urlunsplit(("", "", parts.path, parts.query, "")),
        header=request.headers.get,
        replayable=_replayable(request),
    )


def _replayable(request: requests.PreparedRequest) -> bool:
    body: object = request.body  # may be an iterable, whatever its annotation says
    return body is None or isinstance(body, str | bytes)


def _reissued(request: requests.PreparedRequest, other: Reissue) -> requests.PreparedRequest:
    """The request as the operation that stands in."""
    sent = request.copy()
    for name in other.drops:
        sent.headers.pop(name, None)
    parts = urlsplit(request.url or "")
    sent.method = other.method
    sent.url = f"{parts.scheme}://{other.host or parts.netloc}{other.target}"
    if not other.with_body:
        sent.body = None
    return sent


def _attempt_of(
    request: requests.PreparedRequest, prepared: Prepared, attempt: Attempt
) -> requests.PreparedRequest:
    """The request as one attempt sends it: with its deadline, and to its instance."""
    sent = request.copy()
    if attempt.http_deadline is not None:
        name, value = attempt.http_deadline
        sent.headers[name] = value
    parts = urlsplit(request.url or "")
    address = attempt.instance or prepared.address
    if address is not None and parts.scheme == "http":
        sent.headers.setdefault("Host", parts.netloc)
        sent.url = urlunsplit(parts._replace(netloc=address))
    return sent


def _limits(own: Any, attempt: Attempt) -> Any:  # noqa: ANN401  as requests has it
    """The caller's own limits for connecting and reading, shortened by the attempt's."""
    connect, read = own if isinstance(own, tuple) else (own, own)
    return (
        soonest(connect, attempt.connect_timeout),
        soonest(read, attempt.idle_timeout, attempt.timeout),
    )


def _response(answer: object, request: requests.PreparedRequest) -> requests.Response:
    if isinstance(answer, StaticFallback):
        made = requests.Response()
        made.status_code = answer.status
        made.headers = CaseInsensitiveDict(answer.headers)
        made.raw = io.BytesIO(answer.body)
        made._content = answer.body  # noqa: SLF001  there is no public way
        made.request, made.url = request, request.url or ""
        return made
    response = cast("requests.Response", answer)
    if response.request is request:
        return response
    again = copy.copy(response)  # the last good answer, to another request of the same kind
    again.request, again.url = request, request.url or ""
    return again


def _as_requests(error: CallError, request: requests.PreparedRequest) -> CallError:
    timed_out = isinstance(error, CallTimeoutError)
    made = as_error_of(requests.Timeout if timed_out else requests.ConnectionError, error)
    made.__dict__.update(request=request, response=None)
    return made
