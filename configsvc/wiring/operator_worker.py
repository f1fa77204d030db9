"""The operator plane's worker: gunicorn's threads, of which no peer keeps one by being slow."""

import errno
import logging
import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from typing import Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

from configsvc.agentgate.capacity import connection_capacity

_log = logging.getLogger("configsvc.serve")

READ: Final = 10.0
"""Seconds within which a peer sends its first byte, and from then on the head of a request."""

HURRIED: Final = 1.0
"""The same for the head while others wait for a thread."""

READ_BODY: Final = 60.0
"""Seconds for the body after that; the largest change has 16 MiB."""

CONNECTIONS: Final = 4096
"""Connections of one worker at once, the idle ones included."""

_UNREAD: Final = 30_000
"""Milliseconds after which the kernel gives up a peer that takes nothing of an answer."""

_NO_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NO_MORE: Final = frozenset({errno.EAGAIN, errno.ECONNABORTED})


class OperatorWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no type information
    """Gives a connection a thread once it has sent something, and for a bounded time to read it.

    gunicorn itself has a thread wait for the first bytes, and for the rest of a request without
    end: as many silent peers as there are threads would then stop the plane for everybody.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 gunicorn's own
        super().__init__(*arguments, **options)
        self._heads: dict[TConn, float] = {}
        """When a thread began to read the head of a request from each connection."""
        self._bodies: dict[TConn, float] = {}
        """When it began to read and to answer the rest."""

    def init_process(self) -> None:
        """See gunicorn; raises the limit of open files first."""
        self.worker_connections = connection_capacity(CONNECTIONS)
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """See gunicorn. A new connection waits in the poller, not in a thread."""
        try:
            peer, address = listener.accept()
        except OSError as exc:
            if exc.errno in _NO_FILES:
                _log.error("an operator's connection was not accepted: %s", exc.strerror)
                time.sleep(0.1)  # the listener stays readable: do not spin
            elif exc.errno not in _NO_MORE:
                raise
            return
        _give_up_unread(peer)
        connection = TConn(self.cfg, peer, address, listener.getsockname())
        connection.timeout = time.monotonic() + READ
        self.nr_conns += 1
        self.pending_conns.append(connection)
        readable = partial(self.on_pending_socket_readable, connection)
        self.poller.register(peer, selectors.EVENT_READ, readable)

    def handle(self, conn: TConn) -> Any:  # noqa: ANN401 gunicorn's own
        """See gunicorn; runs in a thread."""
        self._heads[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self._heads.pop(conn, None)
            self._bodies.pop(conn, None)

    def handle_request(self, req: Any, conn: TConn) -> Any:  # noqa: ANN401 gunicorn's own
        """See gunicorn; called when the head of a request was read."""
        self._heads.pop(conn, None)
        self._bodies[conn] = time.monotonic()
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """See gunicorn: called about once a second, to end what takes too long."""
        if not self.alive:  # nobody is owed an answer who has sent nothing
            for connection in self.pending_conns:
                connection.timeout = 0.0
        super().murder_pending()
        _stop_late(self._heads, HURRIED if self._has_queue() else READ)
        _stop_late(self._bodies, READ_BODY)

    def _has_queue(self) -> bool:
        """Whether somebody has sent something and waits for a thread."""
        idle = len(self.pending_conns) + len(self.keepalived_conns)
        return bool(self.nr_conns - idle > self.cfg.threads)


def _give_up_unread(peer: socket.socket) -> None:
    """Have the kernel end a connection whose peer leaves an answer unread."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD)


def _stop_late(began: dict[TConn, float], patience: float) -> None:
    """Stop reading from those that had so many seconds."""
    late = time.monotonic() - patience
    for connection in [each for each, at in list(began.items()) if at < late]:
        began.pop(connection, None)
        _stop_reading(connection.sock)


def _stop_reading(peer: socket.socket) -> None:
    """Let the thread that waits for the peer see the end of its input; answers may still go out.

    Below TLS, whose own shutdown would change what that thread is using.
    """
    with suppress(OSError):  # it has ended meanwhile
        socket.socket.shutdown(peer, socket.SHUT_RD)
