"""What this process answers to the other processes of its node, over its UNIX socket.

Whoever may open the socket may ask: it lies in a directory that only the service's user can enter.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, Protocol

import orjson

from configsvc.agentgate.exchange import Exchange, Wire
from configsvc.agentgate.http import (
    JSON,
    ProblemError,
    Request,
    Response,
    bad_request,
    json_response,
)
from configsvc.agentgate.hub import Hub
from configsvc.agentgate.options import Limits
from configsvc.agentgate.peers import MAX_BATCH_BYTES, REPORTS_PATH
from configsvc.agentgate.presence import Presence
from configsvc.agentgate.relayed import RelayedAgents
from configsvc.agentgate.reports import Reported, parse_report

INTERNAL_LIMITS: Final = Limits(body=2 * MAX_BATCH_BYTES, buffer=256 << 20, high_water=1 << 20)
"""The socket's peers are processes of this node."""


class Inside(Protocol):
    """What the endpoints need of the process they live in."""

    hub: Hub
    presence: Presence
    relayed: RelayedAgents

    def now(self) -> int:
        """Microseconds since the Unix epoch."""

    def metrics(self) -> dict[str, Any]:
        """All numbers of this process."""

    def report(self, reported: Reported) -> None:
        """Take a report of an agent with a stream here."""


class InternalEndpoints:
    """Answers the operator plane, and processes that were sent a report meant for this one."""

    def __init__(self, process: Inside) -> None:
        self._process = process
        self._routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/internal/fleet"): self._fleet,
            ("GET", "/internal/metrics"): self._metrics,
            ("POST", REPORTS_PATH): self._reports,
        }

    def opened(self, connection: Wire) -> ProblemError | None:
        """See `Handler`."""
        return None

    def closed(self, connection: Wire) -> None:
        """See `Handler`."""

    def crowded(self) -> bool:
        """See `Handler`."""
        return False

    def handle(self, exchange: Exchange) -> None:
        """See `Handler`."""
        request = exchange.request
        answer = self._routes.get((request.method, request.path))
        if answer is None:
            raise ProblemError(
                HTTPStatus.NOT_FOUND, "not-found", f"there is no {request.method} {request.path}"
            )
        exchange.respond(answer(request))

    def _fleet(self, request: Request) -> Response:
        namespace = request.query.get("namespace")
        own = self._process.presence.roster.rows(namespace)
        rows = (*own, *self._process.relayed.rows(self._process.now(), namespace))
        body = b'{"rows":[' + b",".join(orjson.dumps(row.to_json()) for row in rows) + b"]}"
        return Response(HTTPStatus.OK, body, {"Content-Type": JSON})

    def _metrics(self, request: Request) -> Response:
        return json_response(self._process.metrics())

    def _reports(self, request: Request) -> Response:
        try:
            reports = orjson.loads(request.body)
        except orjson.JSONDecodeError as exc:
            raise bad_request(f"the batch is not JSON: {exc}") from exc
        return json_response([self._take(report) for report in reports])

    def _take(self, report: object) -> int:
        """Take one report. Who sent it was checked where it came in, its session is here."""
        try:
            reported = parse_report(report)
        except ProblemError as problem:
            return problem.status
        stream = self._process.hub.session(reported.report.session)
        if stream is None or stream.identity != reported.identity:
            return HTTPStatus.CONFLICT
        self._process.report(reported)
        return HTTPStatus.NO_CONTENT
