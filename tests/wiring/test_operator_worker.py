"""The operator plane's worker: slow peers cost no thread for long."""

import os
import selectors
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from configsvc.wiring import operator_worker
from configsvc.wiring.operator_worker import OperatorWorker

THREADS = 2
PATIENCE = 10.0


class App(BaseApplication):  # type: ignore[misc]  # gunicorn has no type information
    """An application that answers with the body of the request."""

    def load_config(self) -> None:
        """Few threads, so that a few slow peers are enough."""
        self.cfg.set("threads", THREADS)
        self.cfg.set("graceful_timeout", 5)

    def load(self) -> Callable[..., Iterable[bytes]]:
        """The application."""

        def echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
            start("200 OK", [("Content-Type", "text/plain")])
            return [environ["wsgi.input"].read() or b"nothing"]

        return echo


@contextmanager
def serving() -> Iterator[Callable[[], socket.socket]]:
    """Run a worker in a thread; yields a way to connect to it."""
    app = App()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = OperatorWorker(1, os.getppid(), [listener], app, 30, app.cfg, Logger(app.cfg))
        worker.tpool, worker.poller = worker.get_thread_pool(), selectors.DefaultSelector()
        worker.method_queue.init()
        worker.wsgi = app.wsgi()
        thread = threading.Thread(target=worker.run)
        thread.start()
        address = listener.getsockname()
        try:
            yield lambda: socket.create_connection(address, timeout=PATIENCE)
        finally:
            worker.handle_exit(0, None)
            thread.join(PATIENCE)
            worker.tmp.close()
    assert not thread.is_alive()


def answer_to(connect: Callable[[], socket.socket], request: bytes) -> bytes:
    """Everything that is answered to a request."""
    with connect() as connection, connection.makefile("rb") as answer:
        connection.sendall(request)
        return answer.read()


def test_silent_peers_keep_no_thread() -> None:
    """A request is answered at once beside many connections on which nothing was sent."""
    with serving() as connect:
        silent = [connect() for _ in range(5 * THREADS)]
        answer = answer_to(connect, b"GET / HTTP/1.0\r\n\r\n")
        assert answer.endswith(b"nothing")
        for each in silent:
            each.close()


@pytest.mark.parametrize(
    "half", [b"GET / HTTP/1.0\r\nHost: x\r\n", b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\nabc"]
)
def test_half_a_request_keeps_no_thread_for_long(
    monkeypatch: pytest.MonkeyPatch, half: bytes
) -> None:
    """Whoever does not go on is cut off, and others are answered."""
    monkeypatch.setattr(operator_worker, "READ", 0.1)
    monkeypatch.setattr(operator_worker, "READ_BODY", 0.1)
    with serving() as connect:
        slow = [connect() for _ in range(2 * THREADS)]
        for each in slow:
            each.sendall(half)
        assert answer_to(connect, b"GET / HTTP/1.0\r\n\r\n").endswith(b"nothing")
        for each in slow:
            each.close()


def test_half_requests_are_cut_sooner_while_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many slow peers as there are threads do not make others wait for the whole time."""
    monkeypatch.setattr(operator_worker, "HURRIED", 0.1)
    monkeypatch.setattr(operator_worker, "READ", 10 * PATIENCE)
    with serving() as connect:
        slow = [connect() for _ in range(2 * THREADS)]
        for each in slow:
            each.sendall(b"GET / HTTP/1.0\r\nHost: x\r\n")
        assert answer_to(connect, b"GET / HTTP/1.0\r\n\r\n").endswith(b"nothing")
        for each in slow:
            each.close()


def test_silent_peer_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection on which nothing comes is closed."""
    monkeypatch.setattr(operator_worker, "READ", 0.1)
    with serving() as connect, connect() as silent:
        assert silent.recv(1) == b""


def test_silent_peer_does_not_delay_the_end() -> None:
    """A worker that is stopped waits for requests, not for those who have sent none."""
    with serving() as connect:
        silent = connect()
        assert answer_to(connect, b"GET / HTTP/1.0\r\n\r\n").endswith(b"nothing")
    with silent:
        assert silent.recv(1) == b""


def test_no_more_files_end_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that cannot be taken for lack of open files is tried again."""
    accepted = OperatorWorker.accept
    failures = iter([OSError(24, "Too many open files")])

    class Failing:
        def __init__(self, listener: socket.socket) -> None:
            self._listener = listener

        def accept(self) -> tuple[socket.socket, object]:
            for failure in failures:
                raise failure
            return self._listener.accept()

        def getsockname(self) -> object:
            return self._listener.getsockname()

    def accept(worker: OperatorWorker, listener: socket.socket) -> None:
        accepted(worker, Failing(listener))  # type: ignore[arg-type]  # the part that is used

    monkeypatch.setattr(OperatorWorker, "accept", accept)
    with serving() as connect:
        assert answer_to(connect, b"GET / HTTP/1.0\r\n\r\n").endswith(b"nothing")
