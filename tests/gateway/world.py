"""A node with an xDS plane, a gateway before it as its users run it, and instances behind."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from configsvc.gateway.binary import EnvoyMissingError, find_envoy
from tests.serving import RunningServer, serving

T = TypeVar("T")
PATIENCE = 25.0
_numbers = itertools.count(1)


def needs_envoy() -> pytest.MarkDecorator:
    """Skip where there is no Envoy."""
    try:
        find_envoy()
    except EnvoyMissingError as exc:
        return pytest.mark.skip(reason=str(exc))
    return pytest.mark.external()


def until(what: str, probe: Callable[[], T | None]) -> T:
    """The first result that is neither None nor False."""
    give_up_at = time.monotonic() + PATIENCE
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < give_up_at, f"waited in vain for {what}"
        time.sleep(0.05)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def document(kind: str, name: str, /, **spec: object) -> dict[str, Any]:
    """A document; ``from_`` stands for ``from``."""
    return {
        "apiVersion": "configsvc/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


class Gateway:
    """One replica, in a process of its own."""

    def __init__(self, node: "Node", name: str, folder: Path, port: int, *flags: str) -> None:
        self.port = port
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.log, self.requests = folder / "gateway.log", folder / "requests.log"
        command = (
            *(sys.executable, "-m", "configsvc", "gateway", name, "--namespace", node.namespace),
            *("--xds", node.xds, "--token-file", str(node.token_file(name))),
            *("--state", str(folder / "state"), "--concurrency", "1", *flags),
        )
        with self.log.open("ab") as log, self.requests.open("ab") as requests:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=requests,
                stderr=log,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def await_ready(self) -> "Gateway":
        """Return when it takes connections."""

        def listens() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        until("the gateway", listens)
        return self

    def envoy(self) -> int:
        """The process id of its Envoy."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[-1])

    def stop(self) -> None:
        """Stop it as an operator does, and wait."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Node:
    """A server, and one namespace in it."""

    def __init__(
        self, server: RunningServer, folder: Path, namespace: str, api: httpx.Client
    ) -> None:
        self.server = server
        self.api = api
        self.folder = folder
        self.namespace = namespace
        self.revision = 0
        self.xds = str(server.facts["xds"]).removeprefix("http://")

    def publish(self, put: Sequence[dict[str, Any]] = (), delete: Sequence[str] = ()) -> int:
        """Publish a change and return its revision."""
        change = {"message": "test", "base": self.revision, "confirm": True}
        answer = self.api.post(
            f"/v1/namespaces/{self.namespace}/changes",
            json=change | {"put": list(put), "delete": list(delete)},
        )
        assert answer.is_success, answer.text
        self.revision = int(answer.json()["revision"])
        return self.revision

    def row(self, name: str, **wanted: object) -> dict[str, Any]:
        """The gateway's row of the fleet view, once it is as wanted."""

        def look() -> dict[str, Any] | None:
            answer = self.api.get(f"/v1/namespaces/{self.namespace}/fleet").json()
            rows = [each for each in answer["items"] if each["service"] == name]
            return next((r for r in rows if all(r[k] == v for k, v in wanted.items())), None)

        return until(f"{name} to be {wanted}", look)

    def token_file(self, name: str) -> Path:
        """A file with a token of the gateway's own."""
        path = self.folder / f"{self.namespace}-{name}.token"
        if not path.exists():
            identity = {"namespace": self.namespace, "service": name}
            answer = self.api.post("/v1/tokens", json={"agent": identity, "label": name})
            path.write_text(answer.json()["token"])
        return path


@contextmanager
def node(folder: Path) -> Iterator[Node]:
    """A node with an xDS plane."""
    with serving(
        folder / "data", "--xds-listen", "127.0.0.1:0", "--operator-workers", "1"
    ) as server:
        headers = {"Authorization": f"Bearer {server.token}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=20) as api:
            yield Node(server, folder, f"ns-{next(_numbers)}", api)


def elsewhere(other: Node) -> Node:
    """Another namespace of the same server."""
    return Node(other.server, other.folder, f"ns-{next(_numbers)}", other.api)


@contextmanager
def gateway(at: Node, name: str, port: int, *flags: str) -> Iterator[Gateway]:
    """A replica that takes requests."""
    found = Gateway(at, name, at.folder / f"{at.namespace}-{name}-{next(_numbers)}", port, *flags)
    try:
        yield found.await_ready()
    finally:
        found.stop()
