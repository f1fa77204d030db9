"""Holds the event stream: one at a time, reconnecting for as long as the agent runs."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from threading import Event, Lock
from typing import TYPE_CHECKING

from configsvc_agent.delivery._destination import Destination
from configsvc_agent.delivery._discovery import Discovery
from configsvc_agent.delivery._keeper import Keeper
from configsvc_agent.delivery._offer import Drain, Gone, Heartbeat, Offer, Session, read_event
from configsvc_agent.discovery import Listed
from configsvc_agent.errors import AgentError
from configsvc_agent.stream import EventParser, Reconnect, StreamError

if TYPE_CHECKING:
    from configsvc_agent.client import Client, EventStream

_log = logging.getLogger("configsvc_agent")

FIRST_SILENCE = 15.0
"""Seconds within which a new stream must bring its session."""

_MILLISECONDS = 1_000
_MICROSECONDS = 1_000_000


class Listener:
    """The body of the stream's thread. ``client`` makes a client for each connection."""

    def __init__(
        self,
        keeper: Keeper,
        discovery: Discovery,
        client: Callable[[], Client],
        destination: Destination,
    ) -> None:
        self._keeper = keeper
        self._discovery = discovery
        self._client = client
        self._destination = destination
        self._schedule = Reconnect()
        self._stopping = Event()
        self._lock = Lock()
        self._stream: EventStream | None = None
        self._reason = ""

    def run(self) -> None:
        """Stream until :meth:`stop`; whatever goes wrong is a reason to come back later."""
        while not self._stopping.is_set():
            began = time.monotonic()
            reason = self._stream_once()
            self._destination.ended()
            if self._stopping.is_set():
                reason = "the agent is stopped"
            self._keeper.lost(reason)
            self._discovery.lost()
            self._schedule.lived(time.monotonic() - began)
            self._stopping.wait(self._schedule.next_wait(random.random()))

    def stop(self) -> None:
        """End the stream and the thread; safe from any thread, more than once."""
        self._stopping.set()
        with self._lock:
            if self._stream is not None:
                self._stream.close()

    def _stream_once(self) -> str:
        """One stream from its opening to its end; why it ended."""
        self._reason = "the server ended the stream"
        try:
            stream = self._open()
            try:
                self._follow(stream)
            finally:
                with self._lock:
                    self._stream = None
                stream.release()
        except AgentError as error:
            self._schedule.postpone(getattr(error, "retry_after", 0.0))
            return str(error)
        except Exception as error:  # noqa: BLE001  a mistake here must not end delivery for good
            _log.exception("following the stream failed")
            return f"following the stream failed: {error!r}"
        return self._reason

    def _open(self) -> EventStream:
        held = self._keeper.standing.held
        stream = self._client().open_stream(
            last_event_id="" if held is None else held.event_id,
            digest="" if held is None else held.digest,
            endpoints=self._discovery.known.endpoints,
        )
        stream.quiet_for(FIRST_SILENCE)
        with self._lock:
            self._stream = stream
            if self._stopping.is_set():
                stream.close()
        return stream

    def _follow(self, stream: EventStream) -> None:
        """Read until the stream ends; its ``retry`` is for the reconnect that follows it."""
        parser = EventParser()
        try:
            self._read(parser, stream)
        finally:
            if parser.retry is not None:
                self._schedule.postpone(parser.retry / _MILLISECONDS)

    def _read(self, parser: EventParser, stream: EventStream) -> None:
        patience, heard, begun = FIRST_SILENCE, time.monotonic(), False
        for chunk in stream.chunks():
            for event in parser.feed(chunk):
                heard, message = time.monotonic(), read_event(event)
                if not begun and not isinstance(message, Session):
                    raise StreamError(f"the stream begins with {event.kind!r}, not with a session")
                begun = True
                if not self._take(message, stream):
                    return
                patience = self._keeper.standing.patience
            if time.monotonic() - heard > patience:
                raise StreamError(f"the stream brought no event for {patience:.1f} s")

    def _take(self, message: object, stream: EventStream) -> bool:
        """Pass ``message`` on; False where it ends the stream."""
        match message:
            case Session():
                self._keeper.connected(message)
                self._discovery.connected(message.id, message.epoch)
                stream.quiet_for(self._keeper.standing.patience)
            case Offer():
                self._keeper.offer(message)
            case Heartbeat():
                self._keeper.heartbeat(message)
                self._discovery.heartbeat(message.endpoints)
            case Listed():
                self._discovery.told(message)
            case Gone():
                self._keeper.gone()
            case Drain(retry, url):
                self._schedule.postpone(retry / _MICROSECONDS)
                self._destination.name(url)
                self._reason = "the server is stopping"
                return False
        return True
