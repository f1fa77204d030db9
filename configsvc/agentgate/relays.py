"""The endpoints of relays, which serve the agents of a site from one stream of this process."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol

import orjson

from configsvc.access import Principal
from configsvc.agentgate.events import STREAM_HEAD
from configsvc.agentgate.exchange import Exchange
from configsvc.agentgate.http import JSON, ProblemError, Request, Response, bad_request, unavailable
from configsvc.agentgate.process import Process, answer_later
from configsvc.agentgate.relay_feed import RelayFeed, RelayStream
from configsvc.agentgate.relayed import RelayedAgents
from configsvc.errors import ConfigsvcError
from configsvc.fleet import ACKS_KEPT, AckCounts, AgentRow
from configsvc.store import BlobNotFoundError, Records, Store, layout

PREFIX: Final = "/v1/relay/"

MAX_ITEMS: Final = 1_000
"""Records or rows of one request."""

MAX_PROCESSES: Final = 1_000
"""Processes whose counts of one change are kept of one relay, its own and those of relays below."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_PROCESS: Final = re.compile(r"[A-Za-z0-9._-]{1,300}")
_MAX_TEXTS: Final = 1_000
_MAX_TEXT: Final = 600
_NO_CONTENT: Final = Response(HTTPStatus.NO_CONTENT)


class Around(Protocol):
    """What relays need of the process they talk to."""

    relays: RelayFeed
    relayed: RelayedAgents
    store: Store

    async def wait_for(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  what it returns
        """Have a thread do what waits for the store."""


class RelayEndpoint:
    """Answers relays.

    Args:
        process: the process it lives in.
    """

    def __init__(self, process: Any) -> None:  # noqa: ANN401  an `Around` that is a `Process`
        self._process: Process = process
        self._around: Around = process
        self._acks: Records[AckCounts] = Records(
            self._around.store, AckCounts.to_json, AckCounts.from_json
        )
        self._routes: dict[tuple[str, str], Callable[[Exchange, Principal], None]] = {
            ("GET", "stream"): self._stream,
            ("GET", "blob"): self._blob,
            ("GET", "revision"): self._revision,
            ("POST", "acks"): self._take_acks,
            ("POST", "agents"): self._take_agents,
        }

    def answer(self, exchange: Exchange, principal: Principal) -> None:
        """Answer now or later.

        Raises:
            ProblemError: there is no such endpoint, or the request is not one.
        """
        request = exchange.request
        answer = self._routes.get((request.method, request.path.removeprefix(PREFIX)))
        if answer is None:
            known = ", ".join(f"{method} {PREFIX}{name}" for method, name in self._routes)
            raise ProblemError(
                HTTPStatus.NOT_FOUND,
                "not-found",
                f"there is no {request.method} {request.path[:80]}; relays use {known}",
            )
        answer(exchange, principal)

    # ── what a relay reads ───────────────────────────────────────────────────────────────────

    def _stream(self, exchange: Exchange, principal: Principal) -> None:
        namespaces = frozenset(principal.require_relay())
        around, token = self._around, principal.token_id

        def leave(stream: RelayStream) -> None:
            if around.relays.discard(stream):
                around.relayed.lost(token, self._process.now())

        stream = RelayStream(token, namespaces, leave, around.relays.catch_up)
        connection = exchange.take_over(STREAM_HEAD, stream)
        if connection is not None:
            around.relays.add(stream, connection)

    def _blob(self, exchange: Exchange, _principal: Principal) -> None:
        digest = exchange.request.query.get("digest", "")
        if _DIGEST.fullmatch(digest) is None:
            raise bad_request(f"digest is {digest[:80]!r}: send a SHA-256 in lower-case hex digits")
        answer_later(self._process, exchange, self._send_blob(exchange, digest))

    async def _send_blob(self, exchange: Exchange, digest: str) -> None:
        try:
            data = await self._around.wait_for(lambda: self._around.store.get_blob(digest))
        except BlobNotFoundError as error:
            raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-blob", str(error)) from error
        except ConfigsvcError as error:
            raise unavailable(f"the store does not answer: {error}") from error
        exchange.respond(
            Response(HTTPStatus.OK, data, {"Content-Type": "application/octet-stream"})
        )

    def _revision(self, exchange: Exchange, principal: Principal) -> None:
        query = exchange.request.query
        namespace, number = query.get("namespace", ""), query.get("revision", "")
        _require_namespace(principal, namespace)
        if not (number.isascii() and number.isdigit() and len(number) <= 15):  # noqa: PLR2004  2^48
            raise bad_request(f"revision is {number[:40]!r}: send a whole number")
        key = layout.revision(namespace, int(number))
        answer_later(self._process, exchange, self._send_record(exchange, key))

    async def _send_record(self, exchange: Exchange, key: str) -> None:
        try:
            entry = await self._around.wait_for(lambda: self._around.store.get(key))
        except ConfigsvcError as error:
            raise unavailable(f"the store does not answer: {error}") from error
        if entry is None:
            raise ProblemError(
                HTTPStatus.NOT_FOUND, "unknown-revision", "there is no such revision"
            )
        exchange.respond(Response(HTTPStatus.OK, entry.value, {"Content-Type": JSON}))

    # ── what a relay tells ───────────────────────────────────────────────────────────────────

    def _take_acks(self, exchange: Exchange, principal: Principal) -> None:
        """Counts of its processes, kept under names that begin with the relay's own."""
        counts = []
        for item in _items(exchange.request, "counts"):
            process, count = str(item.get("process", "")), _counts(item)
            if not _PROCESS.fullmatch(process):
                raise bad_request(f"process {process[:40]!r} is no name of a process")
            _require_namespace(principal, count.namespace)
            if self._is_kept(count):
                counts.append((process, count))
        own = f"relay-{principal.token_id}-"
        answer_later(self._process, exchange, self._keep_acks(exchange, own, counts))

    def _is_kept(self, count: AckCounts) -> bool:
        """Whether a change is not forgotten; nobody is to fill the store with any never made."""
        known = self._process.in_force(count.namespace)
        head = known.revision if known else 0
        if not 0 < count.revision <= head:
            raise bad_request(f"revision {count.revision} is none of 1 to {head}")
        return count.revision > head - ACKS_KEPT

    async def _keep_acks(
        self, exchange: Exchange, own: str, counts: list[tuple[str, AckCounts]]
    ) -> None:
        def put() -> None:
            for process, count in counts:
                self._require_room(count, own, process)
                key = layout.ack(count.namespace, count.revision, f"{own}{process}")
                self._acks.put(key, count)

        try:
            await self._around.wait_for(put)
        except ConfigsvcError as error:
            raise unavailable(f"the store does not take it: {error}") from error
        exchange.respond(_NO_CONTENT)

    def _require_room(self, count: AckCounts, own: str, process: str) -> None:
        """Do nothing if a process's counts are kept already, or few are; waits for the store."""
        store, (namespace, revision) = self._around.store, (count.namespace, count.revision)
        if store.get(layout.ack(namespace, revision, f"{own}{process}")) is not None:
            return
        prefix = f"{layout.acks(namespace, revision)}{own}"
        if len(store.range(prefix, limit=MAX_PROCESSES).entries) >= MAX_PROCESSES:
            raise ProblemError(
                HTTPStatus.FORBIDDEN,
                "too-many-processes",
                f"this relay told of {MAX_PROCESSES} processes for revision {revision} already: "
                "put other relays below a token of their own",
            )

    def _take_agents(self, exchange: Exchange, principal: Principal) -> None:
        rows = [_row(item) for item in _items(exchange.request, "agents")]
        for namespace in {row.namespace for row in rows}:
            _require_namespace(principal, namespace)
        self._around.relayed.take(principal.token_id, rows, self._process.now())
        exchange.respond(_NO_CONTENT)


def _require_namespace(principal: Principal, namespace: str) -> None:
    if namespace not in principal.require_relay():
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            "wrong-identity",
            f"this relay serves {', '.join(principal.relay)}, not {namespace[:63]!r}",
        )


def _items(request: Request, name: str) -> list[Mapping[str, Any]]:
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the body is not JSON: {error}") from error
    items = body.get(name) if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise bad_request(f"/{name} is not a list of objects")
    if len(items) > MAX_ITEMS:
        raise bad_request(f"/{name} has {len(items)} items, at most {MAX_ITEMS} are taken")
    return items


def _counts(item: Mapping[str, Any]) -> AckCounts:
    try:
        return AckCounts.from_json(item)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise bad_request(f"/counts holds something else than counts: {error!r}") from error


def _row(item: Mapping[str, Any]) -> AgentRow:
    try:
        row = AgentRow.from_json(item)
        sound = _is_sound(row)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise bad_request(f"/agents holds something else than an agent: {error!r}") from error
    if not sound:
        raise bad_request("/agents holds an agent with values of other types, or too long ones")
    return row


def _is_sound(row: AgentRow) -> bool:
    """Whether everything has its type: the fleet view and gates of rollouts rely on it."""
    texts: list[object] = [
        *row.identity, row.session, row.digest, row.wanted_digest, row.reason, row.health,
        row.language, row.agent_version, *row.labels, *row.labels.values(),
        *(text for each in row.breakers for text in (each.edge, each.state)),
        *(text for each in row.traffic for text in (each.callee, each.operation)),
    ]  # fmt: skip
    numbers: list[object] = [
        row.connected_since, row.last_heard, row.version, row.wanted_version, row.wanted_since,
        row.latency_p99 or 0, row.disconnected or 0,
    ]  # fmt: skip
    return (
        len(texts) <= _MAX_TEXTS
        and all(isinstance(each, str) and len(each) <= _MAX_TEXT for each in texts)
        and all(type(each) is int for each in numbers)
        and all(isinstance(r, int | float) for e in row.traffic for r in (e.rate, e.failures))
    )
