"""A TCP proxy that a test can cut: what is connected is broken, what comes is refused."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Passes bytes on to `target`; `address` is where it listens."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener: socket.socket | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._port = 0
        self.mend()

    @property
    def address(self) -> str:
        """Where it listens, also while it is cut."""
        return f"127.0.0.1:{self._port}"

    def cut(self) -> None:
        """Break every connection and take no new one."""
        assert self._listener is not None
        for each in (self._listener, *(end for pair in self._pairs for end in pair)):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join()
        self._pairs, self._threads = [], []

    def mend(self) -> None:
        """Take connections again, at the same address."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        self._run(self._accept, self._listener)

    def lead_to(self, target: str) -> None:
        """Cut, and pass on to another place from now on."""
        self.cut()
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self.mend()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                self._pairs.append((near, far))
                self._run(_pass_on, near, far)
                self._run(_pass_on, far, near)

    def _run(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """Run a proxy until the block ends."""
    running = Proxy(target)
    try:
        yield running
    finally:
        running.cut()
