"""What the suites of the agent plane share: a published namespace, a gate, and raw clients."""

import asyncio
import hashlib
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import uvloop

from configsvc.access import AgentIdentity, TokenRecord, decode_record, encode_record, mint_agent
from configsvc.agentgate.gate import Gate
from configsvc.agentgate.options import AgentGateSettings, Limits
from configsvc.fleet import AckCounts, total
from configsvc.store import Namespaces, Records, Staged, Store, layout

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds after which something that should happen is taken not to."""

PLAYER = ("prod", "player-engine")
SCORE = ("prod", "score-engine")


def now() -> int:
    """Microseconds since the Unix epoch."""
    return time.time_ns() // 1000


def digest_of(data: bytes) -> str:
    """The digest of a bundle."""
    return hashlib.sha256(data).hexdigest()


def bundle(service: str, text: str, size: int = 0) -> bytes:
    """A bundle; the agent plane does not look inside."""
    value = {"format": 1, "service": service, "text": text, "padding": "x" * size}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


class World:
    """A store with namespaces and tokens, as the operator plane would leave it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.namespaces = Namespaces(store, now, lambda: f"e{time.monotonic_ns():x}")
        self.tokens = Records(store, encode_record, decode_record)
        self._records: dict[str, TokenRecord] = {}

    def publish(
        self,
        bundles: Mapping[str, bytes],
        *,
        namespace: str = "prod",
        drop: frozenset[str] = frozenset(),
    ) -> int:
        """Put bundles in force; return the revision."""
        staged = Staged("ann", "a change", bundles=bundles, dropped=drop)
        return self.namespaces.commit(
            namespace, self.namespaces.head(namespace), staged
        ).head.revision

    def text(self, service: str, text: str) -> str:
        """Publish a small bundle; return its digest."""
        self.publish({service: bundle(service, text)})
        return digest_of(bundle(service, text))

    def token(self, identity: tuple[str, str] = PLAYER, not_after: int | None = None) -> str:
        """Mint an agent's token."""
        minted = mint_agent(AgentIdentity(*identity), now(), not_after=not_after)
        self.tokens.put(layout.token(minted.record.id), minted.record)
        self._records[minted.text] = minted.record
        return minted.text

    def revoke(self, token: str) -> None:
        """Withdraw a token."""
        record = self._records[token]
        self.tokens.put(layout.token(record.id), record.revoke(now()))

    def acks(self, revision: int, namespace: str = "prod") -> AckCounts | None:
        """What all processes wrote of a change."""
        records: Records[AckCounts] = Records(self.store, AckCounts.to_json, AckCounts.from_json)
        return total(kept.value for kept in records.list(layout.acks(namespace, revision)))


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    kind: str
    data: bytes
    id: str = ""
    retry: int | None = None

    @property
    def json(self) -> dict[str, Any]:
        """The data of an event, or the header of a bundle."""
        return dict(json.loads(self.data.split(b"\n", 1)[0]))

    @property
    def bundle(self) -> bytes:
        """The bytes of a bundle."""
        return self.data.split(b"\n", 1)[1]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem."""
        return str(json.loads(self.body)["code"])


class Client:
    """A raw HTTP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def pause(self) -> None:
        """Read nothing until `resume`."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    def resume(self) -> None:
        """Read again."""
        self.writer.transport.resume_reading()  # type: ignore[attr-defined]

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        """Send a request."""
        lines = [f"{method} {target} HTTP/1.1", "Host: x"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join((*lines, "", "")).encode() + body)

    async def head(self) -> tuple[int, dict[str, str]]:
        """Read status and headers of an answer."""
        lines = (await self.within(self.reader.readuntil(b"\r\n\r\n"))).decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in lines[1:] if line)
        return int(lines[0].split(" ")[1]), {name.lower(): value for name, value in pairs}

    async def answer(self) -> Answer:
        """Read an answer with a length."""
        status, headers = await self.head()
        length = int(headers.get("content-length", "0"))
        return Answer(status, headers, await self.within(self.reader.readexactly(length)))

    async def event(self) -> Event:
        """Read the next event of a stream."""
        lines = (await self.within(self.reader.readuntil(b"\n\n"))).split(b"\n")
        fields: dict[bytes, list[bytes]] = {}
        for name, _, value in (line.partition(b": ") for line in lines if line):
            fields.setdefault(name, []).append(value)
        retry = fields.get(b"retry")
        return Event(
            fields[b"event"][0].decode(),
            b"\n".join(fields[b"data"]),
            fields.get(b"id", [b""])[0].decode(),
            int(retry[0]) if retry else None,
        )

    async def ended(self) -> bool:
        """Wait until the server ends the connection; what it still sent is dropped."""
        try:
            while await self.within(self.reader.read(1 << 16)):
                pass
        except ConnectionError:
            return True
        return self.reader.at_eof()

    @staticmethod
    async def within(work: Awaitable[T]) -> T:
        """Wait, but not for ever."""
        return await asyncio.wait_for(work, PATIENCE)

    def close(self) -> None:
        """Close the connection."""
        self.writer.close()


def outcome(event: Event, state: str, reason: str | None = None) -> dict[str, Any]:
    """What an agent says of a bundle."""
    header = event.json
    said = {"version": header["version"], "digest": header["digest"], "state": state}
    return said if reason is None else {**said, "reason": reason}


def report(
    identity: tuple[str, str, str],
    session: str,
    /,
    *outcomes: Mapping[str, Any],
    **fields: object,
) -> dict[str, Any]:
    """The body of a report."""
    return {
        "namespace": identity[0],
        "service": identity[1],
        "instance": identity[2],
        "session": session,
        "reports": list(outcomes),
        "health": "ready",
        "agent": {"language": "python", "version": "0.1.0"},
        **fields,
    }


def bundle_target(identity: tuple[str, str] = PLAYER, **query: str) -> str:
    """The target of a request for a bundle."""
    return "/v1/agent/bundle?" + urlencode(
        {"namespace": identity[0], "service": identity[1], **query}
    )


def stream_target(
    identity: tuple[str, str] = PLAYER, instance: str = "one", labels: str = ""
) -> str:
    """The target of a request for a stream."""
    query = {"namespace": identity[0], "service": identity[1], "instance": instance}
    query |= {"labels": labels} if labels else {}
    return "/v1/agent/stream?" + urlencode(query)


class Agent:
    """An agent with an open stream."""

    def __init__(
        self, agents: "Agents", client: Client, token: str, identity: tuple[str, str, str]
    ) -> None:
        self.client = client
        self.session = ""
        self._agents = agents
        self._token = token
        self._identity = identity

    async def event(self) -> Event:
        """The next event."""
        return await self.client.event()

    async def bundle(self) -> Event:
        """The next bundle; a process that has not seen a change yet sends a heartbeat first."""
        event = await self.event()
        return event if event.kind == "bundle" else await self.bundle()

    async def report(self, *outcomes: Mapping[str, Any], **fields: object) -> Answer:
        """Report on a connection of its own."""
        body = report(self._identity, self.session, *outcomes, **fields)
        return await self._agents.report(self._token, body)

    async def applied(self, event: Event) -> Answer:
        """Report that a bundle was applied."""
        return await self.report(outcome(event, "applied"))

    def close(self) -> None:
        """Close the stream."""
        self.client.close()


class Agents:
    """Clients of the agent plane on one port; all are closed in the end."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.port = port
        self._tls = tls
        self._clients: list[Client] = []

    async def connect(self, *, receive_buffer: int | None = None) -> Client:
        """Open a connection; one with a small buffer soon shows that nobody reads."""
        raw = socket.socket()
        if receive_buffer is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.setblocking(False)  # noqa: FBT003 the standard library's own signature
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self.port))
        streams = await asyncio.open_connection(
            sock=raw,
            limit=32 << 20,
            ssl=self._tls,
            server_hostname="localhost" if self._tls else None,
        )
        self._clients.append(Client(*streams))
        return self._clients[-1]

    async def ask(
        self,
        method: str,
        target: str,
        token: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send one request on a connection of its own and return the answer."""
        client = await self.connect()
        client.request(method, target, {**_authorization(token), **(headers or {})}, body)
        try:
            return await client.answer()
        finally:
            client.close()

    async def get(self, target: str, token: str = "", **headers: str) -> Answer:
        """Send a GET; headers with ``_`` for ``-``."""
        return await self.ask(
            "GET", target, token, {name.replace("_", "-"): text for name, text in headers.items()}
        )

    async def report(self, token: str, body: Mapping[str, Any]) -> Answer:
        """Send a report and return the answer."""
        return await self.ask("POST", "/v1/agent/report", token, body=json.dumps(body).encode())

    async def stream(
        self,
        token: str,
        identity: tuple[str, str] = PLAYER,
        *,
        instance: str = "one",
        labels: str = "",
        last_event_id: str | None = None,
        digest: str | None = None,
    ) -> Agent:
        """Open a stream and read its first event."""
        client = await self.connect()
        headers = _authorization(token)
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        if digest is not None:
            headers["Configsvc-Digest"] = digest
        client.request("GET", stream_target(identity, instance, labels), headers)
        status, fields = await client.head()
        assert (status, fields["content-type"]) == (200, "text/event-stream")
        agent = Agent(self, client, token, (*identity, instance))
        first = await agent.event()
        assert first.kind == "session"
        agent.session = first.json["session"]
        return agent

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            client.close()
        for client in self._clients:
            with suppress(OSError):
                await client.writer.wait_closed()


class Running(Agents):
    """A gate in this process, and its clients."""

    def __init__(self, gate: Gate, port: int) -> None:
        super().__init__(port)
        self.gate = gate

    async def caught_up(self, revision: int) -> None:
        """Wait until the gate knows of a revision of prod."""
        await until(lambda: (k := self.gate.in_force("prod")) and k.revision == revision)


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def settings(
    directory: Path, limits: Limits | None = None, *, heartbeat: int = 300_000_000
) -> AgentGateSettings:
    """Settings of a gate whose heartbeats do not disturb."""
    return AgentGateSettings(
        bind=("127.0.0.1:0",),
        run_directory=directory,
        heartbeat=heartbeat,
        node="node",
        limits=limits or Limits(),
    )


@asynccontextmanager
async def serving(
    store: Store, chosen: AgentGateSettings, capacity: int = 1000
) -> AsyncIterator[Running]:
    """Run a gate on this loop until the block ends."""
    loop = asyncio.get_running_loop()
    gate = Gate(chosen, store, loop, capacity=capacity, clock=now)
    gate.start()
    server = await loop.create_server(gate.agent_connection, "127.0.0.1", 0)
    running = Running(gate, server.sockets[0].getsockname()[1])
    try:
        await asyncio.wait_for(gate.loaded(), PATIENCE)
        yield running
    finally:
        await running.close()
        server.close()
        gate.drain()
        try:
            await until(lambda: not gate.connections)
        finally:
            await gate.stop()


async def until(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.005)


def run_against(
    port: int,
    scenario: Callable[[Agents], Coroutine[Any, Any, None]],
    tls: ssl.SSLContext | None = None,
) -> None:
    """Run a scenario against a server elsewhere."""

    async def whole() -> None:
        agents = Agents(port, tls)
        try:
            await scenario(agents)
        finally:
            await agents.close()

    run(whole())


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a scenario on the loop that is used in production."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario)
