"""One TCP connection: bytes in, answers and streams out, and the clock that runs against a peer."""

import asyncio
import logging
from contextlib import suppress
from http import HTTPStatus
from typing import Final, cast

from configsvc.agentgate.exchange import Exchange, Handler, Outlet
from configsvc.agentgate.http import ProblemError, Request, Response, failed
from configsvc.agentgate.options import Limits
from configsvc.agentgate.reader import RequestReader

_log = logging.getLogger("configsvc.agentgate")

_LINGER: Final = 2.0
"""Seconds for which input is discarded after a refusal, so that the peer can read the answer."""


class Connection(asyncio.Protocol):
    """Reads requests one after the other and has them handled; later ones wait for the answer.

    Args:
        handler: answers requests.
        limits: bounds on what the peer may cost.
        loop: the running loop.
    """

    __slots__ = (
        "_closing",
        "_exchange",
        "_handler",
        "_limits",
        "_loop",
        "_outlet",
        "_paused",
        "_read_timer",
        "_reader",
        "_retiring",
        "_slow_timer",
        "_transport",
    )

    def __init__(self, handler: Handler, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        self._handler = handler
        self._limits = limits
        self._loop = loop
        self._transport: asyncio.Transport
        self._reader: RequestReader | None = RequestReader(limits, self._go_on)
        self._exchange: Exchange | None = None
        self._outlet: Outlet | None = None
        self._paused = False
        self._closing = False
        self._retiring = False
        self._read_timer: asyncio.TimerHandle | None = None
        self._slow_timer: asyncio.TimerHandle | None = None

    # ── called by the transport ──────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = connected = cast("asyncio.Transport", transport)
        connected.set_write_buffer_limits(high=self._limits.high_water)
        refusal = self._handler.opened(self)
        if refusal is not None:
            self._refuse(refusal)
        else:
            self._await_request(self._limits.read)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`; what comes after a stream began is dropped."""
        reader = self._reader
        if self._closing or reader is None:
            return
        began = reader.busy
        reader.feed(data)
        if self._exchange is None:
            if reader.busy and not began:
                self._await_request(self._limits.read)
            self._next()

    def eof_received(self) -> bool:
        """See `asyncio.Protocol`: a peer that sends no more is not answered any more."""
        return False

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._paused = True
        if self._slow_timer is None:
            self._slow_timer = self._loop.call_later(self._limits.slow, self._cut_slow)
        if self._outlet is not None:
            self._outlet.blocked()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._paused = False
        if self._slow_timer is not None and not self._closing:
            self._slow_timer.cancel()
            self._slow_timer = None
        if self._outlet is not None:
            self._outlet.unblocked()
        elif self._exchange is None and not self._closing:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._closing = True
        for timer in (self._read_timer, self._slow_timer):
            if timer is not None:
                timer.cancel()
        exchange, self._exchange = self._exchange, None
        outlet, self._outlet = self._outlet, None
        if exchange is not None:
            exchange.lost()
        if outlet is not None:
            outlet.closed()
        self._handler.closed(self)

    # ── called by whoever answers ────────────────────────────────────────────────────────────

    @property
    def peer(self) -> str:
        """The peer's address, for logs."""
        name = self._transport.get_extra_info("peername")
        return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else "local"

    @property
    def peer_host(self) -> str:
        """The peer's IP address; a peer on a UNIX socket is on this machine."""
        name = self._transport.get_extra_info("peername")
        return str(name[0]) if isinstance(name, tuple) else "127.0.0.1"

    def answer(self, response: Response) -> None:
        """Write the answer to the present request, and go on to the next."""
        exchange, self._exchange = self._exchange, None
        keep_alive = (
            exchange is not None
            and exchange.request.keep_alive
            and not response.close
            and not self._retiring
            and not self._handler.crowded()
        )
        self.write(response.encode(keep_alive=keep_alive))
        reader = self._reader
        if self._closing or reader is None:
            return
        if not keep_alive:
            self._linger() if response.close else self.close()
            return
        self._await_request(self._limits.read if reader.busy else self._limits.idle)
        if reader.requests or reader.refusal is not None:
            self._loop.call_soon(self._next)

    def hand_over(self, head: bytes, outlet: Outlet) -> None:
        """Write the head of an answer without end; from now on the outlet writes.

        Nothing is read any more: ten thousand streams need no parsers.
        """
        self._exchange = self._reader = None
        self._outlet = outlet
        self.write(head)

    def write(self, data: bytes) -> None:
        """Write bytes; cuts the connection if too many are unread already."""
        if self._closing:
            return
        unread = self._transport.get_write_buffer_size()
        if unread and unread + len(data) > self._limits.buffer:
            self._cut_slow()
            return
        self._transport.write(data)

    def close(self) -> None:
        """End the connection once what was written has been read, or time is up."""
        if self._closing:
            return
        self._closing = True
        self._transport.close()
        self._slow_timer = self._slow_timer or self._loop.call_later(
            self._limits.slow, self._transport.abort
        )

    def retire(self) -> None:
        """Take no further request: end the connection now, or with the answer that is due."""
        self._retiring = True
        reader = self._reader
        if self._exchange is None and reader is not None and not reader.busy:
            self.close()

    def abort(self) -> None:
        """End the connection now."""
        self._closing = True
        self._transport.abort()

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _next(self) -> None:
        """Have the next request handled, unless one is, or the peer leaves answers unread."""
        reader = self._reader
        if self._closing or self._paused or self._exchange is not None or reader is None:
            return
        if reader.requests:
            self._handle(reader.requests.pop(0))
        elif reader.refusal is not None:
            self._refuse(reader.refusal)

    def _handle(self, request: Request) -> None:
        self._stop_waiting()
        self._exchange = exchange = Exchange(self, request)
        try:
            self._handler.handle(exchange)
        except ProblemError as problem:
            exchange.respond(problem.response())
        except Exception:  # noqa: BLE001 one request must not end the others' connections
            _log.exception("a request failed", extra={"path": request.path, "peer": self.peer})
            exchange.respond(failed().response())

    def _refuse(self, problem: ProblemError) -> None:
        """Answer what is no whole request, and end the connection."""
        self._stop_waiting()
        self.write(problem.response().encode(keep_alive=False))
        self._linger()

    def _linger(self) -> None:
        """End the connection, but read on for a moment: closing with unread input resets it."""
        if self._closing or not self._transport.can_write_eof():
            self.close()
            return
        self._closing = True
        with suppress(OSError):
            self._transport.write_eof()
        self._stop_waiting()
        self._read_timer = self._loop.call_later(_LINGER, self._transport.abort)

    def _await_request(self, seconds: float) -> None:
        self._stop_waiting()
        self._read_timer = self._loop.call_later(seconds, self._too_late)

    def _stop_waiting(self) -> None:
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None

    def _too_late(self) -> None:
        """A request was not complete in time, or none came."""
        if self._reader is not None and self._reader.busy:
            self._refuse(_TOO_LATE)
        else:
            self.close()

    def _cut_slow(self) -> None:
        _log.warning("a peer does not read what it is sent: cut", extra={"peer": self.peer})
        self.abort()

    def _go_on(self) -> None:
        if self._exchange is None:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")


_TOO_LATE = ProblemError(
    HTTPStatus.REQUEST_TIMEOUT,
    "timeout",
    "the request was not complete in time: send it faster",
    close=True,
)
