"""A real node for benchmarks: ``configsvc serve`` with its defaults, on free ports of loopback."""

import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from configsvc.cli.client import Client

NAMESPACE = "bench"
PATIENCE = 30.0


class Node:
    """Starts a node, waits until it is ready, and stops it when left."""

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.operator, self.agents = (f"127.0.0.1:{port}" for port in _free_ports(2))
        command = [sys.executable, "-m", "configsvc", "serve", "--data", str(self.folder / "data")]
        command += ["--operator-listen", self.operator, "--agent-listen", self.agents]
        log = self._stack.enter_context((self.folder / "log").open("wb"))
        self._process = subprocess.Popen(command, stdout=log, stderr=log)
        limit = time.monotonic() + PATIENCE
        while not (self.folder / "data" / "run" / "ready").exists():
            if self._process.poll() is not None or time.monotonic() > limit:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.02)
        self.token = (self.folder / "data" / "admin-token").read_text().strip()
        self.client = Client(f"http://{self.operator}", NAMESPACE, self.token)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._stack.close()

    def agent_token(self, service: str) -> str:
        """A new token for the agents of a service."""
        body = {"agent": {"namespace": NAMESPACE, "service": service}}
        token: str = self.client.send("POST", "/v1/tokens", body).body["token"]
        return token

    def publish(self, documents: list[dict[str, Any]], message: str = "benchmark") -> int:
        """Publish documents on top of the head and return the revision."""
        path = self.client.in_namespace("changes")
        head = self.client.get(Client.path("namespaces", NAMESPACE))["revision"]
        sent = {"message": message, "base": head, "put": documents}
        revision: int = self.client.send("POST", path, sent).body["revision"]
        return revision


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
