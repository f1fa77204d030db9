"""Bytes of one connection to whole requests, within bounds; no socket and no clock."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, NoReturn
from urllib.parse import parse_qsl

import httptools

from configsvc.agentgate.http import ProblemError, Request
from configsvc.agentgate.options import Limits

_HEADER_COST: Final = 4  # ": " and the line's end
_MAX_PARAMETERS: Final = 32
_ENVELOPE: Final = 2
"""Chunk sizes and trailers may take as much again as the body that they wrap."""


class RequestReader:
    """Reads requests. After `refusal` is set nothing further is read.

    Args:
        limits: bounds on head and body.
        go_on: called when a peer waits for leave to send its body.
    """

    def __init__(self, limits: Limits, go_on: Callable[[], None]) -> None:
        self._limits = limits
        self._go_on = go_on
        self._parser = httptools.HttpRequestParser(self)
        self.requests: list[Request] = []
        """Whole requests in the order in which they came."""
        self.refusal: ProblemError | None = None
        """How to answer what cannot be read; the connection is of no use then."""
        self.busy = False
        """True while a request has begun and is not complete."""
        self._begin()

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self.refusal is not None:
            return
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.refusal = _malformed("it asks for another protocol")
        except httptools.HttpParserError as exc:
            self._refuse_malformed(exc)
        else:
            self._bound_unparsed()

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._repeated: set[str] = set()
        self._body: list[bytes] = []
        self._head_size = self._body_size = self._fed = 0
        self._in_body = False

    def _bound_unparsed(self) -> None:
        """Bound what the parser holds back of a header, chunk or trailer that does not end."""
        if not self.busy:
            return
        if not self._in_body and self._fed > self._limits.head:
            self.refusal = _head_too_large(self._limits.head)
        elif self._fed > self._limits.head + _ENVELOPE * self._limits.body:
            self.refusal = _body_too_large(self._limits.body)

    # ── called by the parser ─────────────────────────────────────────────────────────────────

    def on_message_begin(self) -> None:
        """A request begins."""
        fed = self._fed
        self._begin()
        self._fed = fed
        self.busy = True

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._url += url
        self._count_head(len(url))

    def on_header(self, name: bytes | None, value: bytes | None) -> None:
        """One header, or one trailer (counted and dropped)."""
        self._count_head(len(name or b"") + len(value or b"") + _HEADER_COST)
        if self._in_body or not name:
            return
        text = name.decode("latin-1").lower()
        if text in self._headers:
            self._repeated.add(text)
        else:
            self._headers[text] = (value or b"").decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._in_body = True
        length = self._headers.get("content-length", "0")
        if not length.isdigit() or int(length[:10]) > self._limits.body:
            self._refuse(_body_too_large(self._limits.body))
        if self._headers.get("expect", "").lower() == "100-continue":
            self._go_on()

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._body_size += len(data)
        if self._body_size > self._limits.body:
            self._refuse(_body_too_large(self._limits.body))
        self._body.append(data)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self.requests.append(self._request())
        self.busy = False
        self._begin()
        if len(self.requests) > self._limits.pipelined:
            self._refuse(_malformed("more requests were sent ahead than are read"))

    def _request(self) -> Request:
        path, _, query = self._url.decode("latin-1").partition("?")
        parameters = self._parameters(query) if query else {}
        return Request(
            method=self._parser.get_method().decode("latin-1"),
            path=path,
            query=parameters,
            headers=self._headers,
            body=b"".join(self._body),
            keep_alive=self._parser.should_keep_alive(),
            repeated=frozenset(self._repeated),
        )

    def _parameters(self, query: str) -> dict[str, str]:
        if query.count("&") >= _MAX_PARAMETERS:
            self._refuse(_malformed(f"it has more than {_MAX_PARAMETERS} parameters"))
        parameters: dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name in parameters:
                self._repeated.add(name)
            parameters.setdefault(name, value)
        return parameters

    def _count_head(self, size: int) -> None:
        self._head_size += size
        if self._head_size > self._limits.head:
            self._refuse(_head_too_large(self._limits.head))

    def _refuse_malformed(self, error: Exception) -> None:
        """Refuse what the parser cannot read, unless one of the callbacks stopped it."""
        if self.refusal is None:
            self.refusal = _malformed(str(error))

    def _refuse(self, problem: ProblemError) -> NoReturn:
        """Stop the parser, which wraps whatever a callback raises."""
        self.refusal = self.refusal or problem
        raise self.refusal


def _malformed(why: str) -> ProblemError:
    detail = f"the request cannot be read: {why[:200]}; send HTTP/1.1"
    return ProblemError(HTTPStatus.BAD_REQUEST, "bad-request", detail, close=True)


def _head_too_large(limit: int) -> ProblemError:
    detail = f"request line and headers have more than {limit} bytes: send fewer or shorter headers"
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return ProblemError(status, "headers-too-large", detail, close=True)


def _body_too_large(limit: int) -> ProblemError:
    detail = f"the body has more than {limit} bytes: send less at a time"
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", detail, close=True)
