"""What relays are told of the store: heads and instances of namespaces, and agents' tokens."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import orjson

from configsvc.access import TokenRecord, decode_record
from configsvc.agentgate.exchange import Wire
from configsvc.errors import ConfigsvcError
from configsvc.store import Entry, Event, Namespaces, Store, layout
from configsvc.store.following import Following

_log = logging.getLogger("configsvc.agentgate")

MIRRORED: Final = frozenset({"head", "instance"})
"""Parts of a namespace that a relay has a copy of; the rest it asks for when it needs it."""

Found = Mapping[str, bytes | None]
"""Values by key; None for what is gone."""

HEARTBEAT_EVENT: Final = b"event: heartbeat\ndata: {}\n\n"


class _Kept(NamedTuple):
    """A value, and the namespaces whose relays may see it."""

    value: bytes
    namespaces: frozenset[str]


class RelayStream:
    """What is written to one relay. See `Outlet`.

    A relay that does not keep up is sent everything again once it does: one that lags costs no
    memory here. `relay` is the id of its token.
    """

    def __init__(
        self,
        relay: str,
        namespaces: frozenset[str],
        leave: "Callable[[RelayStream], None]",
        resume: "Callable[[RelayStream], None]",
    ) -> None:
        self.relay = relay
        self.namespaces = namespaces
        self._leave = leave
        self._resume = resume
        self._connection: Wire | None = None
        self._blocked = False
        self._missed = True

    def start(self, connection: Wire) -> None:
        """Begin to write; the head of the answer is written already."""
        self._connection = connection

    def tell(self, kind: str, entries: Found) -> None:
        """Write what a relay should have from now on."""
        if self._connection is None:
            return
        if self._blocked:
            self._missed = True
            return
        self._missed = False
        self._connection.write(_event(kind, entries))

    def beat(self) -> None:
        """Show that this process is there."""
        if self._connection is not None and not self._blocked:
            self._connection.write(HEARTBEAT_EVENT)

    @property
    def lacks(self) -> bool:
        """Whether it must be sent everything before anything else."""
        return self._missed and not self._blocked

    def close(self) -> None:
        """End the stream; the relay comes back, to another process if there is one."""
        if self._connection is not None:
            self._connection.close()

    def blocked(self) -> None:
        """See `Outlet`."""
        self._blocked = True

    def unblocked(self) -> None:
        """See `Outlet`."""
        self._blocked = False
        self._resume(self)

    def closed(self) -> None:
        """See `Outlet`."""
        self._connection = None
        self._leave(self)


class RelayFeed:
    """Follows what relays copy, and writes it to their streams. Begins with the first relay.

    Args:
        store: opened in this process.
        namespaces: the same store's.
        loop: the running loop, whose thread everything but reading happens on.
        random: uniform in [0, 1).
        heartbeat: microseconds between two signs of life.
    """

    def __init__(
        self,
        store: Store,
        namespaces: Namespaces,
        loop: asyncio.AbstractEventLoop,
        random: Callable[[], float],
        heartbeat: int,
    ) -> None:
        self._loop = loop
        self._beat_every = heartbeat / 1_000_000
        self._entries: dict[str, _Kept] = {}
        self._unloaded = {layout.NAMESPACES, layout.TOKENS}
        self._streams: set[RelayStream] = set()
        self._timer: asyncio.TimerHandle | None = None
        readings = (
            _NamespaceKeys(store, namespaces, self._deliver),
            _TokenKeys(store, self._deliver),
        )
        self._followings = [Following(store, reading, random) for reading in readings]

    def add(self, stream: RelayStream, connection: Wire) -> None:
        """Serve a relay from now on."""
        if self._timer is None:
            for following in self._followings:
                following.start()
            self._beat()
        stream.start(connection)
        self._streams.add(stream)
        self.catch_up(stream)

    def discard(self, stream: RelayStream) -> bool:
        """A stream has ended; whether it was its relay's last one here: each process has one."""
        self._streams.discard(stream)
        return all(each.relay != stream.relay for each in self._streams)

    def drain(self) -> None:
        """Send every relay away."""
        for stream in list(self._streams):
            stream.close()

    def stop(self) -> None:
        """End the threads; may wait for them."""
        if self._timer is not None:
            self._timer.cancel()
            for following in self._followings:
                following.stop()

    def _beat(self) -> None:
        self._timer = self._loop.call_later(self._beat_every, self._beat)
        for stream in self._streams:
            self.catch_up(stream)
            stream.beat()

    def catch_up(self, stream: RelayStream) -> None:
        """Send everything to a stream that lacks it, once everything is known."""
        if self._unloaded or not stream.lacks:
            return
        visible = {
            key: kept.value
            for key, kept in self._entries.items()
            if kept.namespaces & stream.namespaces
        }
        stream.tell("state", visible)

    def _deliver(self, prefix: str, found: Mapping[str, _Kept | None], *, whole: bool) -> None:
        self._loop.call_soon_threadsafe(self._take, prefix, found, whole)

    def _take(self, prefix: str, found: Mapping[str, _Kept | None], whole: bool) -> None:  # noqa: FBT001 called by the loop
        if whole:
            gone = (key for key in self._entries if key.startswith(prefix) and key not in found)
            found = {**dict.fromkeys(gone), **found}
        changed = {key: kept for key, kept in found.items() if kept != self._entries.get(key)}
        before = {key: self._entries.get(key) for key in changed}
        for key, kept in changed.items():
            if kept is None:
                del self._entries[key]
            else:
                self._entries[key] = kept
        self._unloaded.discard(prefix)
        for stream in list(self._streams):
            if stream.lacks:
                self.catch_up(stream)
            elif changed:
                self._tell_changes(stream, changed, before)

    @staticmethod
    def _tell_changes(
        stream: RelayStream,
        changed: Mapping[str, _Kept | None],
        before: Mapping[str, _Kept | None],
    ) -> None:
        news: dict[str, bytes | None] = {}
        for key, kept in changed.items():
            former = before[key]
            if kept is not None and kept.namespaces & stream.namespaces:
                news[key] = kept.value
            elif former is not None and former.namespaces & stream.namespaces:
                news[key] = None
        if news:
            stream.tell("change", news)


class _NamespaceKeys:
    """Reads heads and instances. See `Reading`."""

    prefix = layout.NAMESPACES

    def __init__(self, store: Store, namespaces: Namespaces, deliver: Callable[..., None]) -> None:
        self._store = store
        self._namespaces = namespaces
        self._deliver = deliver

    def load(self) -> None:
        """See `Reading`."""
        found: dict[str, _Kept | None] = {}
        for name in self._namespaces.names():
            head = self._store.get(layout.head(name))
            entries: Iterable[Entry] = self._store.range(layout.instances(name)).entries
            for entry in (*((head,) if head else ()), *entries):
                found[entry.key] = _Kept(entry.value, frozenset({name}))
        self._deliver(self.prefix, found, whole=True)

    def take(self, events: tuple[Event, ...]) -> None:
        """See `Reading`."""
        found: dict[str, _Kept | None] = {}
        for event in events:
            place = layout.place(event.key)
            if place is not None and place.part in MIRRORED:
                value = event.value
                found[event.key] = _Kept(value, frozenset({place.namespace})) if value else None
        if found:
            self._deliver(self.prefix, found, whole=False)


class _TokenKeys:
    """Reads the tokens of agents and relays, never those of operators. See `Reading`."""

    prefix = layout.TOKENS

    def __init__(self, store: Store, deliver: Callable[..., None]) -> None:
        self._store = store
        self._deliver = deliver

    def load(self) -> None:
        """See `Reading`."""
        entries = self._store.range(self.prefix).entries
        kept = {entry.key: _token(entry.key, entry.value) for entry in entries}
        self._deliver(self.prefix, {k: v for k, v in kept.items() if v is not None}, whole=True)

    def take(self, events: tuple[Event, ...]) -> None:
        """See `Reading`."""
        found = {e.key: _token(e.key, e.value) if e.value else None for e in events}
        self._deliver(self.prefix, found, whole=False)


def _token(key: str, value: bytes) -> _Kept | None:
    """A token that relays may know of, for those of its namespaces; None for an operator's."""
    try:
        namespaces = _namespaces(decode_record(orjson.loads(value)))
    except (ConfigsvcError, ValueError) as error:
        _log.error("a token's record cannot be read: %s", error, extra={"key": key})
        return None
    return _Kept(value, namespaces) if namespaces else None


def _namespaces(record: TokenRecord) -> frozenset[str]:
    return frozenset({record.agent.namespace} if record.agent else record.relay)


def _event(kind: str, entries: Found) -> bytes:
    body = {key: None if value is None else value.decode() for key, value in entries.items()}
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps({"entries": body}))
