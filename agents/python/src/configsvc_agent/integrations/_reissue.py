"""A request made again as the operation that a policy names as the fallback of another one."""

from __future__ import annotations

from configsvc_agent.bundle import (
    Bundle,
    Callee,
    Operation,
    Parameters,
    missing_parameters,
    read_path,
    write_path,
)
from configsvc_agent.engine.policy import Edge, OperationFallback
from configsvc_agent.integrations._request import Request
from configsvc_agent.values import Value

_READS = frozenset({"GET", "HEAD"})
_DOTS = frozenset({".", "..", "%2e", ".%2e", "%2e.", "%2e%2e"})
"""Segments that clients and servers take out of a path, by which it would become another one."""

_OF_THE_RESOURCE = frozenset(
    {
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "range",
    }
)
_OF_THE_BODY = frozenset(
    {
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-type",
        "expect",
        "transfer-encoding",
    }
)
_OF_THE_CALLEE = frozenset({"authorization", "cookie", "host"})


class Reissue(Value):
    """What to send instead. ``host`` is None where it stays as it is, ``target`` path and query.

    ``drops`` are the headers, in lower case, that do not go along: conditions on the other
    resource, those of a body that is left out, and to another callee the caller's secrets.
    """

    callee: str
    operation: str
    method: str
    host: str | None
    target: str
    with_body: bool

    @property
    def drops(self) -> frozenset[str]:
        """Headers that were meant for the first request alone."""
        body = frozenset() if self.with_body else _OF_THE_BODY
        return _OF_THE_RESOURCE | body | (_OF_THE_CALLEE if self.host is not None else frozenset())


def reissued(
    request: Request, edge: Edge, fallback: OperationFallback, bundle: Bundle
) -> Reissue | str:
    """``request``, which failed on ``edge``, as the operation of ``fallback``; or why it cannot be.

    Parameters of the same name keep their value, the query stays, the method is the operation's.
    """
    named = fallback.callee or edge.callee
    callee = bundle.callees.get(named)
    other = None if callee is None else callee.operations.get(fallback.operation)
    if callee is None or other is None:
        return f"{named} {fallback.operation} is not among the operations that this service knows"
    if other.path is None:
        return f"{named} {other.name} has no path"
    found = _parameters(request, bundle.callees.get(edge.callee), edge.operation, other)
    if isinstance(found, str):
        return found
    method = _method(request, other)
    path = write_path(other.path, found)
    reason = _misled(callee, other, method, path) or _stranded(request, method)
    if reason is not None:
        return reason
    _, mark, query = request.target.partition("?")
    return Reissue(
        callee=named,
        operation=other.name,
        method=method,
        host=None if named == edge.callee else named,
        target=path + mark + query,
        with_body=method not in _READS,
    )


def _parameters(
    request: Request, callee: Callee | None, operation: str, other: Operation
) -> Parameters | str:
    own = None if callee is None else callee.operation(operation).path
    template = other.path or ""
    found = None if own is None else read_path(own, request.target.partition("?")[0])
    lacking = missing_parameters(template, found or {})
    if lacking:
        source = f"the path is none of {own}, so it" if own and found is None else own or operation
        return f"{source} has no {', '.join(lacking)} for {template}"
    return found or {}


def _method(request: Request, other: Operation) -> str:
    """That of the request, where the operation takes it; else the first one that it takes."""
    method = request.method.upper()
    return method if not other.methods or method in other.methods else other.methods[0]


def _misled(callee: Callee, other: Operation, method: str, path: str) -> str | None:
    if not _DOTS.isdisjoint(path.lower().split("/")):
        return f"{path[:200]} has a segment of dots, and would become another path"
    meant = callee.match(method, path).name
    return None if meant == other.name else f"{method} {path[:200]} means {callee.name} {meant}"


def _stranded(request: Request, method: str) -> str | None:
    if method in _READS or request.replayable:
        return None
    return "the body of the request cannot be sent twice"
