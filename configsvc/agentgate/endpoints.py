"""The endpoints of the agent protocol: who asks, for what, and where it is answered."""

import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from configsvc.access import Principal, TokenKind
from configsvc.agentgate.bundles import BundleEndpoint
from configsvc.agentgate.doorkeeper import (
    UnknownRecordError,
    check_instance,
    labels_of,
    named_instance,
    require_identity,
)
from configsvc.agentgate.events import STREAM_HEAD, session_event
from configsvc.agentgate.exchange import Exchange, Wire
from configsvc.agentgate.http import JSON, ProblemError, Request, Response, bad_request
from configsvc.agentgate.peers import process_of
from configsvc.agentgate.process import Process, answer_later
from configsvc.agentgate.registrations import PREFIX as REGISTRATIONS
from configsvc.agentgate.registrations import RegistrationEndpoint
from configsvc.agentgate.relays import PREFIX as RELAYS
from configsvc.agentgate.relays import RelayEndpoint
from configsvc.agentgate.reports import read_report
from configsvc.agentgate.shelf import InForce
from configsvc.agentgate.streams import AgentStream
from configsvc.fleet.rows import POLL_SESSION
from configsvc.push import Held, Offer

_NO_CONTENT: Final = Response(HTTPStatus.NO_CONTENT)


class AgentEndpoints:
    """Answers agents.

    Args:
        process: the process it lives in.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._bundles = BundleEndpoint(process)
        self._routes: dict[str, tuple[str, Callable[[Exchange, Principal], None]]] = {
            "/v1/agent/stream": ("GET", self._stream),
            "/v1/agent/bundle": ("GET", self._bundle),
            "/v1/agent/report": ("POST", self._report),
            "/v1/agent/instances": ("GET", self._instances),
        }
        self._registrations = RegistrationEndpoint(process)
        self._relays = RelayEndpoint(process)

    # ── called by connections ────────────────────────────────────────────────────────────────

    def opened(self, connection: Wire) -> ProblemError | None:
        """See `Handler`."""
        return self._process.connections.add(connection)

    def closed(self, connection: Wire) -> None:
        """See `Handler`."""
        self._process.connections.discard(connection)

    def crowded(self) -> bool:
        """See `Handler`: ten thousand streams leave no room for as many idle connections."""
        return self._process.connections.crowded

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
                request,
                self._process.now(),
                looked_up=looked_up,
                kind=TokenKind.RELAY if request.path.startswith(RELAYS) else TokenKind.AGENT,
            )
        except UnknownRecordError as unknown:
            answer_later(self._process, exchange, self._look_up(exchange, unknown.token_id))
            return
        answer(exchange, principal)

    def _route(self, request: Request) -> Callable[[Exchange, Principal], None]:
        if request.path.startswith(RELAYS):
            return self._relays.answer
        if request.path.startswith(REGISTRATIONS):
            return self._registrations.answer
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

    def _identify(
        self, request: Request, principal: Principal, instance: str
    ) -> tuple[InForce, Offer]:
        """What an instance should hold of the service that the query names, the token's own."""
        namespace, service = _parameter(request, "namespace"), _parameter(request, "service")
        require_identity(principal, namespace, service)
        known = self._process.in_force(namespace)
        offer = known.offer(service, instance, labels_of(request)) if known else None
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
        instance = check_instance(_parameter(request, "instance"))
        known, offer = self._identify(request, principal, instance)
        held = Held.resumed(
            request.headers.get("last-event-id"), request.headers.get("configsvc-digest")
        )
        session = f"{process.owner}{secrets.token_hex(8)}"
        identity = (known.namespace, _parameter(request, "service"), instance)
        labels = labels_of(request)
        stream = AgentStream(identity, session, principal.token_id, held, process, labels)
        stream.endpoints = _count(request.headers.get("configsvc-endpoints", ""))
        head = STREAM_HEAD + session_event(
            session, known.epoch, process.heartbeat, process.advice()
        )
        connection = exchange.take_over(head, stream)
        if connection is not None:
            process.opened(stream, held, offer)
            stream.start(connection)
            process.started(stream, offer)

    def _instances(self, exchange: Exchange, principal: Principal) -> None:
        known, offer = self._identify(exchange.request, principal, named_instance(exchange.request))
        answer_later(
            self._process, exchange, self._tell_instances(exchange, known.namespace, offer.digest)
        )

    async def _tell_instances(self, exchange: Exchange, namespace: str, digest: str) -> None:
        body = await self._process.instances(namespace, digest)
        exchange.respond(Response(HTTPStatus.OK, body, {"Content-Type": JSON}))

    def _bundle(self, exchange: Exchange, principal: Principal) -> None:
        known, offer = self._identify(exchange.request, principal, named_instance(exchange.request))
        self._bundles.answer(
            exchange, known.namespace, _parameter(exchange.request, "service"), offer
        )

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
        answer_later(self._process, exchange, self._forward(exchange, pid, session))

    async def _forward(self, exchange: Exchange, pid: int, session: str) -> None:
        status = await self._process.forward(pid, exchange.request.body)
        if status != HTTPStatus.NO_CONTENT:
            raise unknown_session(session)
        exchange.respond(_NO_CONTENT)


def _count(text: str) -> int:
    """The number of instances that an agent says to hold; 0 for what is no such number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0  # noqa: PLR2004  48 bits


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
