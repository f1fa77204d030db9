"""A store that is written here, an agent plane and agents in processes of their own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agents.python.tests.documents import document, encode
from configsvc.access import mint_relay
from configsvc.store import layout
from configsvc.store.sqlite import SqliteStore
from tests.agentgate.world import World, digest_of, now

PATIENCE = 25.0
"""Seconds after which something that should heal is taken not to."""

_ROOT = Path(__file__).parents[2]


class Site:
    """One service, its store and its agent plane."""

    def __init__(self, directory: Path, host: str = "127.0.0.1") -> None:
        self._host = host
        self.directory = directory
        self.data = directory / "data"
        self.data.mkdir(parents=True)
        self.armed = directory / "armed"
        self.store = SqliteStore(self.data, now)
        self.world = World(self.store)
        self.committed: dict[int, str] = {}
        self.newest = self.publish(1_000_000)
        self.token = self.world.token()
        self.port = 0

    def publish(self, overall: int) -> int:
        """Put a bundle in force that is told by its overall time limit; return its revision."""
        body = document()
        body["outbound"][0]["other"]["timeout"]["overall"] = overall
        data = encode(body)
        self.newest = self.world.publish({"player-engine": data})
        self.committed[self.newest] = digest_of(data)
        return self.newest

    def environment(self, port: int | None = None) -> dict[str, str]:
        """What an agent needs to know, behind another port if one is given."""
        return {
            **os.environ,
            "CONFIGSVC_URL": f"http://{self._host}:{port or self.port}",
            "CONFIGSVC_TOKEN": self.token,
            "CONFIGSVC_NAMESPACE": "prod",
            "CONFIGSVC_CACHE_DIR": str(self.directory / "cache"),
        }

    @contextmanager
    def serving(self, point: str = "", action: str = "") -> Iterator[None]:
        """Run the agent plane until the block ends."""
        with socket.socket() as listener:
            listener.bind((self._host, self.port))
            listener.listen(128)
            self.port = listener.getsockname()[1]
            descriptor = listener.fileno()
            command = [sys.executable, "-m", "tests.robustness.failing_server", str(self.data)]
            arguments = [str(descriptor), point, action, str(self.armed)]
            process = subprocess.Popen([*command, *arguments], pass_fds=[descriptor], cwd=_ROOT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)

    @contextmanager
    def relaying(self, point: str = "", action: str = "") -> Iterator["RelayProcess"]:
        """Run a relay of the agent plane until the block ends."""
        relay = RelayProcess(self, point, action)
        try:
            yield relay
        finally:
            relay.close()

    def applied(self, revision: int) -> int:
        """How many agents have acknowledged a change."""
        counts = self.world.acks(revision)
        return sum(counts.states.values()) if counts and not counts.laggards else 0


class RelayProcess:
    """A relay of a site, in processes of its own; one that has died is started anew."""

    def __init__(self, site: Site, point: str, action: str) -> None:
        data = site.directory / "relay"
        token_file = site.directory / "relay-token"
        minted = mint_relay(("prod",), now())
        site.world.tokens.put(layout.token(minted.record.id), minted.record)
        token_file.write_text(minted.text)
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            self.port = reserved.getsockname()[1]
        command = [sys.executable, "-m", "tests.robustness.failing_relay", str(data)]
        upstream = f"http://127.0.0.1:{site.port}"
        arguments = [upstream, str(token_file), str(self.port), point, action, str(site.armed)]
        self._command = [*command, *arguments]
        self._process = self._start()

    def keep_running(self) -> bool:
        """Start it anew if it has died, as whoever looks after it would; always true."""
        if self._process.poll() is not None:
            self._process = self._start()
        return True

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(PATIENCE)

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self._command, cwd=_ROOT)


class AgentProcess:
    """An agent of a site in a process of its own; every version that it applied is kept."""

    def __init__(
        self,
        site: Site,
        point: str = "",
        action: str = "",
        port: int | None = None,
        within: Sequence[str] = (),
    ) -> None:
        command = [*within, sys.executable, "-m", "tests.robustness.failing_agent"]
        self._log = (site.directory / f"agent-{time.monotonic_ns()}").open("w+")
        self._process = subprocess.Popen(
            [*command, point, action, str(site.armed)],
            cwd=_ROOT,
            env=site.environment(port),
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.DEVNULL,
        )

    @property
    def versions(self) -> list[int]:
        """What it has applied so far, in order."""
        return [int(line) for line in Path(self._log.name).read_text().split()]

    @property
    def ended(self) -> bool:
        """Whether it has died."""
        return self._process.poll() is not None

    def close(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if not self.ended:
            self._process.kill()
        self._process.wait()
        self._log.close()


@contextmanager
def agent(
    site: Site,
    point: str = "",
    action: str = "",
    port: int | None = None,
    within: Sequence[str] = (),
) -> Iterator[AgentProcess]:
    """Run an agent until the block ends; behind another port, or within a namespace, if asked."""
    process = AgentProcess(site, point, action, port, within)
    try:
        yield process
    finally:
        process.close()


def eventually(holds: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not after {patience:g} s"
        time.sleep(0.02)
