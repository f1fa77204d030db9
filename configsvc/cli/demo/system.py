"""The system of the demo: a node, the three engines, two back ends, and a gateway before them."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from configsvc.cli.client import Client
from configsvc.cli.demo.entry import FRONT_ENDS, GATEWAY, Entry
from configsvc.cli.demo.issuer import Issuer
from configsvc.cli.demo.processes import Command, EngineSpot, Process, free_ports
from configsvc.cli.exits import CommandError, Exit
from configsvc.schema import load_text

T = TypeVar("T")

NAMESPACE: Final = "demo"
ENGINES: Final = ("player-engine", "match-engine", "score-engine")
BFFS: Final = tuple(front_end.bff for front_end in FRONT_ENDS)
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
    """Everything that the demo runs. Use it as a context: leaving it stops all processes.

    Args:
        envoy: the program behind the gateway; None for a system that begins with the back ends.

    Raises:
        CommandError: a package is missing that signs the tokens of those who come in.
    """

    def __init__(self, envoy: Path | None) -> None:
        self._stack = ExitStack()
        folder = TemporaryDirectory(prefix="configsvc-demo-", ignore_cleanup_errors=True)
        self.folder = Path(self._stack.enter_context(folder))
        self._envoy = envoy
        operator, agents, xds, *ports = free_ports(3 + len(ENGINES) + len(BFFS) + 1)
        self.operator, self.agents = f"127.0.0.1:{operator}", f"127.0.0.1:{agents}"
        self._xds = f"127.0.0.1:{xds}"
        self._ports = dict(zip((*ENGINES, *BFFS, GATEWAY), ports, strict=True))
        self._issuer = Issuer()
        self._spots: dict[str, EngineSpot] = {}
        self._running: dict[str, Process] = {}
        self._node: Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in (*reversed(self._running.values()), self._node):
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
        if self._envoy is not None:
            listen += ["--xds-listen", self._xds]
        arguments = ("serve", "--data", str(self.folder / "data"), *listen)
        node = self._node = Command("the node", arguments, {}, self.folder / "node.log").start()
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
        """The example's documents, with the addresses and the key with which it really runs."""
        found: list[dict[str, Any]] = []
        for path in sorted(example().rglob("*.yaml")):
            loaded = load_text(path.read_bytes(), origin=path.name, syntax="yaml")
            found.extend(document.value for document in loaded.documents)
        for document in found:
            self._fit(document)
        return found

    def _fit(self, document: dict[str, Any]) -> None:
        if document["kind"] == "Authentication":
            self._issuer.trust(document)
        port = self._ports.get(document["metadata"]["name"])
        if port is None or document["kind"] not in {"Service", "Bff", "Gateway"}:
            return
        if document["kind"] == "Gateway":
            document["spec"]["listeners"] = [{"address": "127.0.0.1", "port": port}]
        else:
            document["spec"]["discovery"]["instances"] = [{"address": f"127.0.0.1:{port}"}]

    # ── the engines ──────────────────────────────────────────────────────────────────────────────

    def start_engine(self, service: str) -> None:
        """Start an engine, with an agent's token of its own; not waited for."""
        if service not in self._spots:
            self._spots[service] = self._spot(service)
        self._running[service] = self._spots[service].start()

    def engine(self, service: str) -> EngineSpot:
        """Where an engine is reached."""
        return self._spots[service]

    def process(self, name: str) -> Process:
        """The process of an engine, a back end or the gateway."""
        return self._running[name]

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name: unchanged ids are services that were not restarted."""
        return {name: process.pid for name, process in self._running.items()}

    def status(self, service: str) -> dict[str, Any] | None:
        """What an engine says of its agent; None while it does not answer."""
        self._running[service].require_running()
        return self._spots[service].get("/status")

    def _spot(self, service: str) -> EngineSpot:
        return EngineSpot(
            service=service,
            port=self._ports[service],
            program=example() / "engine.py",
            environ=self._environ(service),
            peers={name: self._ports[name] for name in PEERS[service]},
            log=self.folder / f"{service}.log",
        )

    # ── the way in ───────────────────────────────────────────────────────────────────────────────

    @property
    def gateways(self) -> tuple[str, ...]:
        """The name of the gateway, if there is one."""
        return () if self._envoy is None else (GATEWAY,)

    def start_entry(self) -> Entry:
        """Start the back ends, then the gateway if there is one; pages are whole in the end."""
        authentication = next(d for d in self.documents() if d["kind"] == "Authentication")
        entry = Entry(self._issuer, authentication, None, self._ports)
        for name in BFFS:
            self._start(name, "bff", name, "--listen", f"127.0.0.1:{self._ports[name]}")
        _await_pages(entry)  # a gateway that came first would take them for broken
        if self._envoy is None:
            return entry
        state = str(self.folder / "gateway")
        self._start(
            *(GATEWAY, "gateway", GATEWAY, "--xds", self._xds, "--envoy", str(self._envoy)),
            *("--state", state, "--concurrency", "1"),
        )
        entry = Entry(self._issuer, authentication, self._ports[GATEWAY], self._ports)
        _await_pages(entry)
        return entry

    def _start(self, name: str, *arguments: str) -> None:
        log = self.folder / f"{name}.log"
        self._running[name] = Command(name, arguments, self._environ(name), log).start()

    def _environ(self, name: str) -> dict[str, str]:
        """Where a service finds the node, and a token of its own."""
        agent = {"agent": {"namespace": NAMESPACE, "service": name}, "label": f"demo {name}"}
        token = self.folder / f"{name}.token"
        token.touch(mode=0o600)
        token.write_text(self.client.send("POST", "/v1/tokens", agent).body["token"])
        return {
            "CONFIGSVC_URL": f"http://{self.agents}",
            "CONFIGSVC_TOKEN_FILE": str(token),
            "CONFIGSVC_NAMESPACE": NAMESPACE,
            "CONFIGSVC_CACHE_DIR": str(self.folder / "cache"),
            "PYTHONUNBUFFERED": os.environ.get("PYTHONUNBUFFERED", "1"),
        }


def _await_pages(entry: Entry) -> None:
    for front_end in FRONT_ENDS:
        wait_for(f"a page for {front_end.bff}", partial(entry.page, front_end, "player-1"))
