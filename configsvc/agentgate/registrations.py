"""Registering and deregistering instances: whose, where, and whether the address may be theirs."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol

import orjson

from configsvc.access import Principal
from configsvc.agentgate.doorkeeper import check_instance, require_identity
from configsvc.agentgate.exchange import Exchange
from configsvc.agentgate.http import ProblemError, Response, bad_request
from configsvc.agentgate.hub import Hub
from configsvc.agentgate.peers import process_of
from configsvc.agentgate.process import answer_later
from configsvc.agentgate.registrar import Registrar
from configsvc.errors import InputError
from configsvc.registry import Instance, address_of, check_labels, ip_address_of, is_allowed
from configsvc.schema import read_stored
from configsvc.store import Namespaces

PREFIX: Final = "/v1/agent/instances/"

_NO_CONTENT: Final = Response(HTTPStatus.NO_CONTENT)


class Around(Protocol):
    """What registrations need of the process they live in."""

    hub: Hub
    pid: int
    registrar: Registrar
    namespaces: Namespaces

    def now(self) -> int:
        """Microseconds since the Unix epoch."""

    async def forward(self, pid: int, report: bytes) -> int:
        """Hand a report to another process of this node; return the status it answers with."""

    async def wait_for(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  what it returns
        """Have a thread do what waits for the store."""


class RegistrationEndpoint:
    """Answers ``PUT`` and ``DELETE /v1/agent/instances/{id}``.

    Args:
        process: the process it lives in.
    """

    def __init__(self, process: Any) -> None:  # noqa: ANN401  an `Around` that is a `Process`
        self._process = process
        self._around: Around = process

    def answer(self, exchange: Exchange, principal: Principal) -> None:
        """Register or deregister.

        Raises:
            ProblemError: it is not to be.
        """
        request = exchange.request
        if request.method not in ("PUT", "DELETE"):
            raise ProblemError(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "method-not-allowed",
                f"{PREFIX}ID takes PUT and DELETE, not {request.method}",
                {"Allow": "PUT, DELETE"},
            )
        body = _object(request.body) if request.method == "PUT" else request.query
        identity = (
            _text(body, "namespace"),
            _text(body, "service"),
            check_instance(request.path.removeprefix(PREFIX)),
        )
        require_identity(principal, *identity[:2])
        session = _text(body, "session")
        if request.method == "DELETE":
            answer_later(self._process, exchange, self._deregister(exchange, identity, session))
            return
        peer = ip_address_of(exchange.peer)
        instance = _instance(identity, session, body, peer, self._around.now())
        foreign = body.get("host") is not None and ip_address_of(_text(body, "host")) != peer
        answer_later(self._process, exchange, self._register(exchange, instance, foreign=foreign))

    async def _register(self, exchange: Exchange, instance: Instance, *, foreign: bool) -> None:
        await self._require_stream(instance)
        if foreign:
            await self._require_allowed(instance, exchange.peer)
        await self._around.registrar.register(instance)
        exchange.respond(_NO_CONTENT)

    async def _deregister(
        self, exchange: Exchange, identity: tuple[str, str, str], session: str
    ) -> None:
        await self._around.registrar.deregister(*identity, session)
        exchange.respond(_NO_CONTENT)

    async def _require_stream(self, instance: Instance) -> None:
        """The session must be that of an open stream of this very instance, on this node."""
        stream = self._around.hub.session(instance.session)
        identity = (instance.namespace, instance.service, instance.id)
        if stream is not None and stream.identity == identity:
            return
        pid = process_of(instance.session)
        if stream is None and pid is not None and pid != self._around.pid:
            report = {
                "namespace": instance.namespace,
                "service": instance.service,
                "instance": instance.id,
                "session": instance.session,
            }
            # A report that says nothing is answered only where there is such a stream.
            if await self._around.forward(pid, orjson.dumps(report)) == HTTPStatus.NO_CONTENT:
                return
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "unknown-session",
            f"session {instance.session[:64]!r} has no live stream of this instance: open a stream "
            "and register with its session",
        )

    async def _require_allowed(self, instance: Instance, peer: str) -> None:
        """An address that is not the peer's own must be inside ``discovery.allow``."""
        networks = await self._around.wait_for(
            lambda: allowed_networks(self._around.namespaces, instance.namespace, instance.service)
        )
        host = ip_address_of(instance.address.rpartition(":")[0])
        if not is_allowed(host, networks):
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                "address-not-allowed",
                f"{host} is neither the address that this agent connects from ({peer}) nor inside "
                f"a network of discovery.allow of {instance.service!r}: leave the host out, or "
                "publish the network",
            )


def allowed_networks(namespaces: Namespaces, namespace: str, service: str) -> tuple[str, ...]:
    """The networks from which a service's instances may register addresses not their own."""
    snapshot = namespaces.snapshot(namespace)
    for kind in ("Service", "Bff"):
        item, data = snapshot.item(f"{kind}/{service}"), snapshot.document(f"{kind}/{service}")
        if item is not None and data is not None:
            spec: Any = read_stored(data, digest=item.digest).spec
            return tuple(spec.discovery.allow)
    return ()


def _instance(
    identity: tuple[str, str, str], session: str, body: Mapping[str, Any], peer: str, now: int
) -> Instance:
    port = body.get("port")
    if type(port) is not int:
        raise bad_request(f"port is {str(port)[:40]!r}: send the port on which callers connect")
    try:
        host = _text(body, "host") if body.get("host") is not None else peer
        return Instance(
            *identity,
            address=address_of(host, port),
            session=session,
            registered=now,
            labels=check_labels(body.get("labels", {})),
        )
    except InputError as exc:
        raise bad_request(str(exc)) from exc


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise bad_request(f"the registration is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise bad_request("the registration is not a JSON object")
    return value


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 128:  # noqa: PLR2004  names and sessions
        raise bad_request(f"{name} is missing or no text of at most 128 characters")
    return value
