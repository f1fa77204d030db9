"""The time left, as it travels from one service to the next in a header."""

from __future__ import annotations

import re
from typing import Final

from configsvc_agent.engine.policy import SECOND

HTTP_HEADER: Final = "x-envoy-expected-rq-timeout-ms"
"""Whole milliseconds left for this attempt: what Envoy sends."""

GRPC_HEADER: Final = "grpc-timeout"

LONGEST: Final = 3600 * SECOND
"""A deadline further away than an hour is a mistake and is ignored."""

_MILLISECOND = 1000
_GRPC_MAX_DIGITS = 8
_GRPC_VALUE: Final = re.compile(r"([0-9]{1,8})([HMSmun])", re.ASCII)
_HTTP_VALUE: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
_GRPC_NANOSECONDS: Final = {
    "H": 3600 * 10**9,
    "M": 60 * 10**9,
    "S": 10**9,
    "m": 10**6,
    "u": 10**3,
    "n": 1,
}


def http_header(left: int) -> str:
    """``left`` microseconds as the HTTP header says it; never 0, which would mean no limit."""
    return str(max(1, left // _MILLISECOND))


def grpc_header(left: int) -> str:
    """``left`` microseconds as gRPC says it: in microseconds while eight digits hold it."""
    if left < 10**_GRPC_MAX_DIGITS:
        return f"{max(1, left)}u"
    return f"{left // _MILLISECOND}m"


def from_http_header(value: str) -> int | None:
    """Microseconds left; ``None`` for what is malformed, zero or over an hour."""
    if not _HTTP_VALUE.fullmatch(value):
        return None
    return _sane(int(value) * _MILLISECOND)


def from_grpc_header(value: str) -> int | None:
    """Microseconds left; ``None`` for what is malformed, zero or over an hour."""
    match = _GRPC_VALUE.fullmatch(value)
    if match is None:
        return None
    return _sane(int(match[1]) * _GRPC_NANOSECONDS[match[2]] // 1000)


def _sane(left: int) -> int | None:
    return left if 0 < left <= LONGEST else None


def earliest(*deadlines: int | None) -> int | None:
    """The first of these points in time; ``None`` stands for never."""
    return min((each for each in deadlines if each is not None), default=None)
