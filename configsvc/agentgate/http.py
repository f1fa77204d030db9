"""Requests as read and answers as written: values, and the bytes of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import orjson

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request. Names of headers are lower case; a repeated header keeps its first value.

    `query` holds the first value of each parameter; `repeated` names parameters and headers that
    came more than once.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool
    repeated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; `Content-Length` and `Connection` are added when it is written."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    close: bool = False

    def encode(self, *, keep_alive: bool) -> bytes:
        """The bytes on the wire."""
        lines = [f"HTTP/1.1 {self.status} {_PHRASES[self.status]}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.status not in _WITHOUT_BODY:
            lines.append(f"Content-Length: {len(self.body)}")
        if not keep_alive:
            lines.append("Connection: close")
        return "\r\n".join((*lines, "", "")).encode("latin-1") + self.body


_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class ProblemError(Exception):
    """A request is answered with a problem document; carries the answer, not a fault of ours.

    Args:
        status: HTTP status.
        code: what went wrong, for programs; permanent.
        detail: what went wrong and what to do, for people.
        headers: further headers of the answer.
        close: True if the connection cannot be used any more.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        *,
        close: bool = False,
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.close = close
        super().__init__(f"{status} {code}: {detail}")

    def response(self) -> Response:
        """The answer that says so (RFC 9457)."""
        body = {
            "type": "about:blank",
            "status": int(self.status),
            "title": HTTPStatus(self.status).phrase,
            "code": self.code,
            "detail": self.detail,
        }
        headers = {"Content-Type": PROBLEM, **self.headers}
        return Response(self.status, orjson.dumps(body), headers, close=self.close)


def bad_request(detail: str) -> ProblemError:
    """The request is malformed; sending it again unchanged fails again."""
    return ProblemError(HTTPStatus.BAD_REQUEST, "bad-request", detail)


def unavailable(detail: str, retry_after: int = 1) -> ProblemError:
    """The server cannot answer now; `retry_after` is in seconds."""
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, {"Retry-After": str(retry_after)}
    )


def failed() -> ProblemError:
    """The server has a defect; the log says which."""
    return ProblemError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "the server failed to answer; its log says why",
        close=True,
    )


def json_response(value: object, status: int = HTTPStatus.OK) -> Response:
    """A JSON answer."""
    return Response(status, orjson.dumps(value), {"Content-Type": JSON})
