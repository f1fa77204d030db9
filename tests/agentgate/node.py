"""A whole agent plane in processes of its own: gunicorn, our worker, SQLite."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from configsvc.agentgate.app import serve
from configsvc.agentgate.options import AgentGateSettings
from configsvc.store import Store
from configsvc.store.sqlite import SqliteStore
from tests.agentgate.world import now


@dataclass(frozen=True, slots=True)
class Node:
    """A running agent plane."""

    process: subprocess.Popen[bytes]
    port: int
    run_directory: Path

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def node(data: Path, processes: int = 1, pem: Path | None = None) -> Iterator[Node]:
    """Start an agent plane over the store in a directory; stop it with the block.

    `pem` holds a certificate and its key: then it is served over TLS.
    """
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    descriptor = listener.fileno()
    command = [sys.executable, "-m", "tests.agentgate.node"]
    process = subprocess.Popen(
        [*command, str(data), str(descriptor), str(processes), str(pem or "")],
        pass_fds=[descriptor],
        cwd=Path(__file__).parents[2],
    )
    port = listener.getsockname()[1]
    listener.close()
    try:
        _await_sockets(data / "run", processes, process)
        yield Node(process, port, data / "run")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


def _await_sockets(directory: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while len(list(directory.glob("agentgate-*.sock"))) < count:
        assert process.poll() is None, "the agent plane ended while it started"
        assert time.monotonic() < deadline, "the agent plane did not start in time"
        time.sleep(0.02)


def main(data: str, descriptor: str, processes: str, pem: str) -> None:
    """Serve until told to stop."""

    def open_store() -> Store:
        return SqliteStore(Path(data), now)

    serve(
        AgentGateSettings(
            bind=(f"fd://{descriptor}",),
            run_directory=Path(data, "run"),
            processes=int(processes),
            certificate=Path(pem) if pem else None,
            key=Path(pem) if pem else None,
            node="node",
            grace=3.0,
            log_level="warning",
        ),
        open_store,
    )


if __name__ == "__main__":
    os.environ.pop("LISTEN_FDS", None)
    main(*sys.argv[1:])
