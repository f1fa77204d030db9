"""The system of the demo: a node with its data in a temporary folder, and the three engines."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from configsvc.cli.client import Client
from configsvc.cli.demo.processes import EngineSpot, Process, free_ports
from configsvc.cli.exits import CommandError, Exit
from configsvc.schema import load_text

T = TypeVar("T")

NAMESPACE: Final = "demo"
ENGINES: Final = ("player-engine", "match-engine", "score-engine")
PEERS: Final[Mapping[str, tuple[str, ...]]] = {
    "player-engine": ("score-engine",),
    "match-engine": ("player-engine",),
    "score-engine": (),
}
PATIENCE: Final = 30.0
"""Seconds after which something that should have happened counts as failed."""

_PACKAGED = Path(__file__).with_name("_three_engines")
_CHECKOUT = Path(__file__).parents[3] / "examples" / "three-engines"


def example() -> Path:
    """The folder of the three-engine example: in a checkout, or carried by the wheel."""
    return _CHECKOUT if _CHECKOUT.is_dir() else _PACKAGED


def wait_for(what: str, probe: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """The first result of `probe` that is not None.

    Raises:
        CommandError: it did not come within `patience` seconds.
    """
    limit = time.monotonic() + patience
    while (result := probe()) is None:
        if time.monotonic() > limit:
            raise CommandError(f"waited {patience:.0f} s in vain for {what}", Exit.SERVER)
        time.sleep(0.01)
    return result


class System:
    """Everything that the demo runs. Use it as a context: leaving it stops all processes."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        folder = TemporaryDirectory(prefix="configsvc-demo-", ignore_cleanup_errors=True)
        self.folder = Path(self._stack.enter_context(folder))
        operator, agents, *ports = free_ports(2 + len(ENGINES))
        self.operator, self.agents = f"127.0.0.1:{operator}", f"127.0.0.1:{agents}"
        self._ports = dict(zip(ENGINES, ports, strict=True))
        self._spots: dict[str, EngineSpot] = {}
        self._engines: dict[str, Process] = {}
        self._node: Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in (*self._engines.values(), self._node):
            if process is not None:
                process.stop()
        self._stack.close()

    # ── the node ─────────────────────────────────────────────────────────────────────────────────

    @property
    def admin_token(self) -> Path:
        """The file with the token that the node's first start minted."""
        return self.folder / "data" / "admin-token"

    @property
    def client(self) -> Client:
        """A client of the operator plane, in the demo's namespace."""
        return Client(f"http://{self.operator}", NAMESPACE, self.admin_token.read_text().strip())

    def start_node(self) -> float:
        """Start ``configsvc serve`` and wait until it is ready; how long that took, in seconds."""
        began = time.monotonic()
        listen = ["--operator-listen", self.operator, "--agent-listen", self.agents]
        arguments = ["-m", "configsvc", "serve", "--data", str(self.folder / "data"), *listen]
        node = self._node = Process("the node", arguments, {}, self.folder / "node.log")
        wait_for("the node", lambda: self._node_is_ready(node))
        return time.monotonic() - began

    def stop_node(self) -> None:
        """Stop the node cleanly."""
        if self._node is not None:
            status, self._node = self._node.stop(), None
            if status != 0:
                raise CommandError(f"the node ended with status {status}", Exit.SERVER)

    def _node_is_ready(self, node: Process) -> bool | None:
        node.require_running()
        return (self.folder / "data" / "run" / "ready").exists() or None

    # ── policies ─────────────────────────────────────────────────────────────────────────────────

    def documents(self) -> list[dict[str, Any]]:
        """The example's documents, with the addresses at which the engines really run."""
        found: list[dict[str, Any]] = []
        for path in sorted(example().rglob("*.yaml")):
            loaded = load_text(path.read_bytes(), origin=path.name, syntax="yaml")
            found.extend(document.value for document in loaded.documents)
        for document in found:
            if (port := self._ports.get(document["metadata"]["name"])) is not None:
                instances = [{"address": f"127.0.0.1:{port}"}]
                document["spec"].get("discovery", {})["instances"] = instances
        return found

    # ── the engines ──────────────────────────────────────────────────────────────────────────────

    def start_engine(self, service: str) -> None:
        """Start an engine, with an agent's token of its own; not waited for."""
        if service not in self._spots:
            self._spots[service] = self._spot(service)
        self._engines[service] = self._spots[service].start()

    def engine(self, service: str) -> EngineSpot:
        """Where an engine is reached."""
        return self._spots[service]

    def process(self, service: str) -> Process:
        """The process of an engine."""
        return self._engines[service]

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the engines: unchanged ids are services that were not restarted."""
        return {service: process.pid for service, process in self._engines.items()}

    def status(self, service: str) -> dict[str, Any] | None:
        """What an engine says of its agent; None while it does not answer."""
        self._engines[service].require_running()
        return self._spots[service].get("/status")

    def _spot(self, service: str) -> EngineSpot:
        agent = {"agent": {"namespace": NAMESPACE, "service": service}, "label": f"demo {service}"}
        token = self.folder / f"{service}.token"
        token.touch(mode=0o600)
        token.write_text(self.client.send("POST", "/v1/tokens", agent).body["token"])
        environ = {
            "CONFIGSVC_URL": f"http://{self.agents}",
            "CONFIGSVC_TOKEN_FILE": str(token),
            "CONFIGSVC_NAMESPACE": NAMESPACE,
            "CONFIGSVC_CACHE_DIR": str(self.folder / "cache"),
            "PYTHONUNBUFFERED": os.environ.get("PYTHONUNBUFFERED", "1"),
        }
        return EngineSpot(
            service=service,
            port=self._ports[service],
            program=example() / "engine.py",
            environ=environ,
            peers={name: self._ports[name] for name in PEERS[service]},
            log=self.folder / f"{service}.log",
        )
