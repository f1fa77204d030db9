"""The serving side: what a request to this service must pass before it is served."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

from configsvc_agent.bundle import Bundle, InboundOperation
from configsvc_agent.engine.deadline import HTTP_HEADER, earliest, from_http_header
from configsvc_agent.engine.limiter import RateLimiter
from configsvc_agent.engine.plan import Cell
from configsvc_agent.engine.policy import SECOND, CallPolicy, Edge, RateLimit
from configsvc_agent.engine.registry import Machines
from configsvc_agent.errors import duration_text
from configsvc_agent.values import Value

Header = Callable[[str], "str | None"]


class Incoming(Value):
    """A request as it arrived; ``method`` is POST and ``path`` the method's for gRPC.

    ``path`` is percent-encoded, without a query.
    ``subject`` is who the request was proved to come from, empty where nobody was. ``left`` is the
    time in microseconds that the caller gives, None where it does not say.
    """

    method: str
    path: str
    remote: str
    header: Header
    subject: str = ""
    left: int | None = None


class Admitted(Value):
    """The request may be served: as which operation, by when (monotonic), and after what wait.

    ``wait`` is in microseconds; it is what a rate limit lets requests queue for.
    """

    operation: InboundOperation
    deadline: int | None
    wait: int = 0


class Refused(Value):
    """The request is not served. ``retry_after`` is in microseconds, None where it is useless."""

    status: int
    code: str
    detail: str
    retry_after: int | None = None


class Entrance:
    """Applies the inbound part of the bundle in force. Safe between threads."""

    def __init__(self, service: str, bundle: Bundle, now: Callable[[], int]) -> None:
        self._service = service
        self._now = now
        self._machines = Machines(lock=threading.Lock)
        self.apply(bundle)

    def apply(self, bundle: Bundle) -> None:
        """Obey ``bundle`` from now on; limits that are in both keep their state."""
        operations = (*bundle.inbound.operations, bundle.inbound.other)
        self._bundle = bundle
        policies = {
            Edge(name, self._service, operation.name): CallPolicy(rate_limit=limit)
            for operation in operations
            for name, limit in operation.rate_limits
        }
        self._machines.install(policies, self._now())
        self._cells: dict[Edge, Cell[RateLimiter]] = {}

    def match(self, method: str, path: str) -> InboundOperation:
        """The operation that a request is."""
        return self._bundle.inbound.match(method, path)

    def admit(self, request: Incoming) -> Admitted | Refused:
        """Decide about ``request``: rate limits first, then the time that it has."""
        now = self._now()
        operation = self.match(request.method, request.path)
        taken: list[tuple[Cell[RateLimiter], str]] = []
        longest = 0
        for name, limit in operation.rate_limits:
            cell, key = self._cell(name, operation.name, now), _key(limit.key, request)
            wait = _take(cell, limit, key, now)
            if wait > limit.max_wait:
                _give_back(taken)
                return _limited(name, limit, wait)
            taken.append((cell, key))
            longest = max(longest, wait)
        limit_at = None if operation.limit is None else now + operation.limit
        caller_at = None if request.left is None else now + request.left
        return Admitted(operation, earliest(limit_at, caller_at), longest)

    def _cell(self, limit: str, operation: str, now: int) -> Cell[RateLimiter]:
        """The bucket of a limit; the machines know whether operations share it."""
        edge = Edge(limit, self._service, operation)
        cell = self._cells.get(edge)
        if cell is None:
            plan = self._machines.plan(edge, now)
            cell = self._cells[edge] = cast("Cell[RateLimiter]", plan.limiter)
        return cell


class _Nobody:
    """Waits for nothing: requests that queue sleep for a known time."""

    def set(self) -> None:
        """Nobody is to be woken."""


_NOBODY = _Nobody()


def _take(cell: Cell[RateLimiter], limit: RateLimit, key: str, now: int) -> int:
    """Take a token, or the next one where the limit lets requests wait: microseconds until then."""
    with cell.lock:
        if not limit.max_wait:
            return cell.machine.acquire(now, key)
        reserved = cell.machine.reserve(now, _NOBODY, key)
        if isinstance(reserved, int):
            return reserved
        cell.machine.settle(reserved)
        return max(0, reserved.ready_at - now)


def _give_back(taken: list[tuple[Cell[RateLimiter], str]]) -> None:
    """A later limit refused the request, so it uses up none of the earlier ones."""
    for cell, key in taken:
        with cell.lock:
            cell.machine.refund(key)


def _limited(name: str, limit: RateLimit, wait: int) -> Refused:
    detail = (
        f"the rate limit {name} of {limit.limit} per {duration_text(limit.period)} is used up; "
        f"the next request fits in {duration_text(wait)}"
    )
    return Refused(429, "rate-limited", detail, wait)


def _key(key: str | None, request: Incoming) -> str:
    """What a keyed limit counts by; who cannot be told apart shares a bucket."""
    if key is None:
        return ""
    if key.startswith("header:"):
        return request.header(key.removeprefix("header:")) or ""
    if key == "remote-address":
        return request.remote
    return request.subject or (request.remote if key == "caller" else "")


def time_left(header: Header) -> int | None:
    """The microseconds that an HTTP caller gives this attempt; None if it does not say."""
    text = header(HTTP_HEADER)
    return None if text is None else from_http_header(text)


def whole_seconds(microseconds: int) -> int:
    """For Retry-After: rounded up, at least one."""
    return max(1, -(-microseconds // SECOND))
