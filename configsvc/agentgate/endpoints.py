"""The three endpoints of the agent protocol."""

import logging
import secrets
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, Final, Protocol

from configsvc.access import Principal
from configsvc.agentgate.capacity import Connections
from configsvc.agentgate.counters import Counters
from configsvc.agentgate.doorkeeper import (
    Doorkeeper,
    UnknownRecordError,
    check_instance,
    require_identity,
)
from configsvc.agentgate.events import STREAM_HEAD, session_event
from configsvc.agentgate.exchange import Exchange, Wire
from configsvc.agentgate.http import (
    ProblemError,
    Request,
    Response,
    bad_request,
    failed,
    unavailable,
)
from configsvc.agentgate.hub import Hub, Waiter
from configsvc.agentgate.peers import process_of
from configsvc.agentgate.reports import Reported, read_report
from configsvc.agentgate.shelf import InForce
from configsvc.agentgate.streams import AgentStream, Surroundings
from configsvc.fleet.rows import POLL_SESSION
from configsvc.model.quantities import InvalidQuantityError, parse_duration
from configsvc.push import Held, Offer

_log = logging.getLogger("configsvc.agentgate")

MAX_WAIT: Final = 60_000_000
"""Longest long poll, microseconds."""

_NO_CONTENT: Final = Response(HTTPStatus.NO_CONTENT)


class Process(Surroundings, Protocol):
    """What the endpoints need of the process they live in."""

    hub: Hub
    doorkeeper: Doorkeeper
    counters: Counters
    connections: Connections
    pid: int

    def refusal(self) -> ProblemError | None:
        """Why no request can be answered at present, if so."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something to its end beside everything else."""

    async def look_up(self, token_id: str) -> None:
        """Ask the store for a token's record."""

    async def bundle(self, digest: str) -> bytes:
        """The bytes of a bundle, from memory or from the store."""

    def opened(self, stream: AgentStream, held: Held | None, offer: Offer) -> None:
        """Take note of a stream."""

    def report(self, reported: Reported) -> None:
        """Take a report of an agent with a stream here, or without any."""

    async def forward(self, pid: int, report: bytes) -> int:
        """Hand a report to another process of this node; return the status it answers with."""


class AgentEndpoints:
    """Answers agents.

    Args:
        process: the process it lives in.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._routes: dict[str, tuple[str, Callable[[Exchange, Principal], None]]] = {
            "/v1/agent/stream": ("GET", self._stream),
            "/v1/agent/bundle": ("GET", self._bundle),
            "/v1/agent/report": ("POST", self._report),
        }

    # ── called by connections ────────────────────────────────────────────────────────────────

    def opened(self, connection: Wire) -> ProblemError | None:
        """See `Handler`."""
        return self._process.connections.add(connection)

    def closed(self, connection: Wire) -> None:
        """See `Handler`."""
        self._process.connections.discard(connection)

    def handle(self, exchange: Exchange) -> None:
        """See `Handler`."""
        self._process.counters.add("requests")
        try:
            self._handle(exchange, looked_up=False)
        except ProblemError:
            self._process.counters.add("requests_refused")
            raise

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _handle(self, exchange: Exchange, *, looked_up: bool) -> None:
        """Answer, or first ask the store for a token that is not known yet."""
        request = exchange.request
        answer = self._route(request)
        refusal = self._process.refusal()
        if refusal is not None:
            raise refusal
        try:
            principal = self._process.doorkeeper.admit(
                request, self._process.now(), looked_up=looked_up
            )
        except UnknownRecordError as unknown:
            self._later(exchange, self._look_up(exchange, unknown.token_id))
            return
        answer(exchange, principal)

    def _route(self, request: Request) -> Callable[[Exchange, Principal], None]:
        method, answer = self._routes.get(request.path, ("", None))
        if answer is None:
            detail = (
                f"there is nothing at {request.path[:80]!r}; agents use {', '.join(self._routes)}"
            )
            raise ProblemError(HTTPStatus.NOT_FOUND, "not-found", detail)
        if request.method != method:
            raise ProblemError(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "method-not-allowed",
                f"{request.path} takes {method}, not {request.method}",
                {"Allow": method},
            )
        return answer

    async def _look_up(self, exchange: Exchange, token_id: str) -> None:
        await self._process.look_up(token_id)
        self._handle(exchange, looked_up=True)

    def _later(self, exchange: Exchange, work: Coroutine[Any, Any, None]) -> None:
        """Answer with the outcome of something that takes time."""

        async def run() -> None:
            try:
                await work
            except ProblemError as problem:
                self._process.counters.add("requests_refused")
                exchange.respond(problem.response())
            except Exception:  # noqa: BLE001 whoever asked must not wait for ever
                _log.exception("a request failed", extra={"path": exchange.request.path})
                exchange.respond(failed().response())

        self._process.spawn(run())

    def _identify(self, request: Request, principal: Principal) -> tuple[InForce, Offer]:
        """The bundle in force of the service that the query names, which must be the token's."""
        namespace, service = _parameter(request, "namespace"), _parameter(request, "service")
        require_identity(principal, namespace, service)
        known = self._process.in_force(namespace)
        offer = known.offers.get(service) if known else None
        if known is None or offer is None:
            what = f"service {service!r}" if known else f"namespace {namespace!r}"
            raise ProblemError(
                HTTPStatus.NOT_FOUND,
                "unknown-service",
                f"{what} does not exist: publish a Service document, then connect again",
            )
        return known, offer

    def _stream(self, exchange: Exchange, principal: Principal) -> None:
        request, process = exchange.request, self._process
        known, offer = self._identify(request, principal)
        instance = check_instance(_parameter(request, "instance"))
        held = Held.resumed(
            request.headers.get("last-event-id"), request.headers.get("configsvc-digest")
        )
        session = f"{process.pid:x}-{secrets.token_hex(12)}"
        identity = (known.namespace, _parameter(request, "service"), instance)
        stream = AgentStream(identity, session, principal.token_id, held, process)
        head = STREAM_HEAD + session_event(session, known.epoch, process.heartbeat)
        connection = exchange.take_over(head, stream)
        if connection is not None:
            process.opened(stream, held, offer)
            stream.start(connection)

    def _bundle(self, exchange: Exchange, principal: Principal) -> None:
        request = exchange.request
        known, offer = self._identify(request, principal)
        asked = request.query.get("digest", offer.digest)
        if asked != offer.digest:
            raise ProblemError(
                HTTPStatus.NOT_FOUND,
                "not-in-force",
                f"the bundle {asked[:64]!r} is not in force, {offer.digest} is",
            )
        wait = _wait(request)
        if not _has(request, offer.digest):
            self._later(exchange, self._send(exchange, offer))
        elif not wait:
            exchange.respond(_not_modified(offer))
        else:
            self._await(exchange, (known.namespace, _parameter(request, "service")), wait)

    def _await(self, exchange: Exchange, service: tuple[str, str], wait: int) -> None:
        """Answer once the service has another bundle, or when the time is up."""

        def answer(exchange: Exchange) -> None:
            try:
                self._answer_after_wait(exchange, service)
            except ProblemError as problem:
                exchange.respond(problem.response())

        waiter = Waiter(exchange, service, answer, self._process.hub.leave)
        self._process.hub.await_change(waiter)
        waiter.start(self._process.loop, wait / 1_000_000)

    def _answer_after_wait(self, exchange: Exchange, service: tuple[str, str]) -> None:
        """Answer with what is in force now, if the token is good still."""
        self._process.doorkeeper.admit(exchange.request, self._process.now(), looked_up=True)
        known = self._process.in_force(service[0])
        offer = known.offers.get(service[1]) if known else None
        if offer is None or self._process.refusal() is not None:
            raise unavailable("ask again")
        if _has(exchange.request, offer.digest):
            exchange.respond(_not_modified(offer))
        else:
            self._later(exchange, self._send(exchange, offer))

    async def _send(self, exchange: Exchange, offer: Offer) -> None:
        data = await self._process.bundle(offer.digest)
        headers = {"Content-Type": "application/json", **_versions(offer)}
        exchange.respond(Response(HTTPStatus.OK, data, headers))

    def _report(self, exchange: Exchange, principal: Principal) -> None:
        reported = read_report(exchange.request.body)
        require_identity(principal, reported.namespace, reported.service)
        session = reported.report.session
        stream = self._process.hub.session(session)
        if session == POLL_SESSION or (stream and stream.identity == reported.identity):
            self._process.report(reported)
            exchange.respond(_NO_CONTENT)
            return
        pid = process_of(session)
        if stream is not None or pid is None or pid == self._process.pid:
            raise unknown_session(session)
        self._later(exchange, self._forward(exchange, pid, session))

    async def _forward(self, exchange: Exchange, pid: int, session: str) -> None:
        status = await self._process.forward(pid, exchange.request.body)
        if status != HTTPStatus.NO_CONTENT:
            raise unknown_session(session)
        exchange.respond(_NO_CONTENT)


def unknown_session(session: str) -> ProblemError:
    """The report's session has no live stream of that instance."""
    return ProblemError(
        HTTPStatus.CONFLICT,
        "unknown-session",
        f"session {session[:64]!r} has no live stream of this instance: open a stream and report "
        "with its session",
    )


def _parameter(request: Request, name: str) -> str:
    value = request.query.get(name)
    if not value:
        raise bad_request(f"the query lacks {name}: add '{name}=...'")
    if name in request.repeated:
        raise bad_request(f"the query has {name} more than once: send one")
    return value


def _wait(request: Request) -> int:
    """How long to wait for a change, microseconds."""
    text = request.query.get("wait")
    if text is None:
        return 0
    try:
        wait = parse_duration(text)
    except InvalidQuantityError as exc:
        raise bad_request(f"wait: {exc}") from exc
    if wait > MAX_WAIT:
        raise bad_request(f"wait is {text[:40]!r}: wait at most 60s and ask again")
    return wait


def _has(request: Request, digest: str) -> bool:
    """True if the request's `If-None-Match` names the digest (weak tags compare alike)."""
    header = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or f'"{digest}"' in tags


def _not_modified(offer: Offer) -> Response:
    return Response(HTTPStatus.NOT_MODIFIED, headers=_versions(offer))


def _versions(offer: Offer) -> dict[str, str]:
    return {
        "ETag": f'"{offer.digest}"',
        "Configsvc-Version": str(offer.version),
        "Configsvc-Epoch": offer.epoch,
        "Configsvc-Revision": str(offer.revision),
        "Cache-Control": "no-store",
    }
