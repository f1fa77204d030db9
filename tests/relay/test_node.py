"""Whole relays: a node, a relay of it, a relay of that one, and agents at the far end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from configsvc_agent import Agent
from tests.serving import RunningServer, serving, surroundings
from tests.usecases.world import SYSTEM, timeout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PATIENCE = 30.0


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds, but not for ever."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.02
    while not holds():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(pause)


class Relay:
    """A relay in a process of its own."""

    def __init__(self, data: Path, upstream: str, token_file: Path, port: int = 0) -> None:
        self.log = data.with_name(f"{data.name}.log")
        command = [
            sys.executable, "-m", "configsvc", "relay", "--upstream", upstream,
            "--token-file", str(token_file), "--data", str(data),
            "--agent-listen", f"127.0.0.1:{port}", "--log-format", "text",
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=surroundings(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def url(self) -> str:
        """Where its agents ask, once it listens."""
        found = [line for line in self.log.read_text().splitlines() if "Listening at: " in line]
        return "http://" + found[-1].partition("Listening at: ")[2].split(" ")[0].split("//")[1]

    def serves(self) -> bool:
        """Whether its process serves."""
        assert self.process.poll() is None, self.log.read_text()
        return "serving agents" in self.log.read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        self.process.wait(15)


@contextmanager
def relaying(data: Path, upstream: str, token_file: Path, port: int = 0) -> Iterator[Relay]:
    """Run a relay until the block ends."""
    relay = Relay(data, upstream, token_file, port)
    try:
        until(relay.serves)
        yield relay
    finally:
        if relay.process.poll() is None:
            relay.end()


class Site:
    """A namespace of a node, the token of its relays, and that of its agents."""

    def __init__(self, server: RunningServer, namespace: str, directory: Path) -> None:
        self.server = server
        self.directory = directory
        self.namespace = namespace
        self.base = f"/v1/namespaces/{namespace}"
        self.publish(*SYSTEM, base=0)
        self.token_file = directory / "relay-token"
        self.token_file.write_text(self._mint({"relay": [namespace]}))
        self.agent_token = self._mint({"agent": {"namespace": namespace, "service": "player"}})

    def publish(self, *put: Any, base: int) -> None:  # noqa: ANN401 documents
        """Publish documents."""
        body = {"message": "m", "base": base, "put": list(put)}
        status, answer = self.server.request("POST", f"{self.base}/changes", body)
        assert status == 200, answer

    def get(self, path: str) -> Any:  # noqa: ANN401 any JSON
        """GET inside the namespace."""
        return self.server.request("GET", f"{self.base}/{path}")[1]

    def agent(self, url: str, name: str = "one") -> Agent:
        """An agent of the player behind a relay."""
        return Agent(
            "player",
            url=url,
            token=self.agent_token,
            namespace=self.namespace,
            instance=name,
            cache_dir=self.directory / f"cache-{name}",
        )

    def _mint(self, body: dict[str, Any]) -> str:
        status, minted = self.server.request("POST", "/v1/tokens", body)
        assert status == 201, minted
        return str(minted["token"])


@pytest.fixture
def site(request: pytest.FixtureRequest, running_server: RunningServer, tmp_path: Path) -> Site:
    """A namespace with the small system as revision 1."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:50].strip("-")
    return Site(running_server, name, tmp_path)


def test_agents_behind_two_relays_converge(site: Site, tmp_path: Path) -> None:
    """A change passes both; acknowledgements and rows come back to the node that was asked."""
    with ExitStack() as running:
        first = running.enter_context(
            relaying(tmp_path / "first", site.server.agents_url, site.token_file)
        )
        second = running.enter_context(relaying(tmp_path / "second", first.url, site.token_file))
        agent = running.enter_context(site.agent(second.url))
        assert agent.wait_ready(PATIENCE)
        site.publish(timeout(attempt="1s"), base=1)
        until(lambda: agent.status().revision == 2)
        until(lambda: site.get("changes/2/convergence")["states"] == {"applied": 1})
        until(lambda: [row["version"] for row in site.get("fleet")["items"]] == [2])
        (row,) = site.get("fleet")["items"]
        assert (row["instance"], row["state"]) == ("one", "applied")


def test_a_site_starts_without_its_upstream(site: Site, tmp_path: Path) -> None:
    """From what the relay has on disk; an agent without a cache of its own gets its bundle."""
    with relaying(tmp_path / "relay", site.server.agents_url, site.token_file) as relay:
        with site.agent(relay.url) as agent:
            assert agent.wait_ready(PATIENCE)
        until((tmp_path / "relay" / "state").exists)
        relay.end(signal.SIGKILL)
    nowhere = "http://127.0.0.1:9"
    with (
        relaying(tmp_path / "relay", nowhere, site.token_file) as alone,
        site.agent(alone.url, "two") as agent,
    ):
        assert agent.wait_ready(PATIENCE)
        assert agent.status().revision == 1


def test_a_relay_of_another_namespace_knows_nothing_of_this_one(site: Site, tmp_path: Path) -> None:
    """Its token is all that counts."""
    status, minted = site.server.request("POST", "/v1/tokens", {"relay": ["elsewhere"]})
    assert status == 201
    other = tmp_path / "other-token"
    other.write_text(minted["token"])
    with (
        relaying(tmp_path / "relay", site.server.agents_url, other) as relay,
        site.agent(relay.url) as agent,
    ):
        until(lambda: "401" in agent.status().reason or "unauthenticated" in agent.status().reason)
        assert agent.status().revision == 0


def test_a_token_withdrawn_at_the_node_is_no_good_at_the_relay(site: Site, tmp_path: Path) -> None:
    """The agent's stream through the relay is cut."""
    with (
        relaying(tmp_path / "relay", site.server.agents_url, site.token_file) as relay,
        site.agent(relay.url) as agent,
    ):
        assert agent.wait_ready(PATIENCE)
        identifier = site.agent_token.split("_")[1]
        assert site.server.request("DELETE", f"/v1/tokens/{identifier}")[0] == 200
        until(lambda: not agent.status().connected)


def test_the_node_knows_a_sites_agents_again_soon_after_it_was_killed(tmp_path: Path) -> None:
    """The relay tells everything anew on its new stream: sooner than in its usual minute."""
    with serving(tmp_path / "data") as server:
        site = Site(server, "prod", tmp_path)
        with (
            relaying(tmp_path / "relay", server.agents_url, site.token_file) as relay,
            site.agent(relay.url) as agent,
        ):
            assert agent.wait_ready(PATIENCE)
            until(lambda: [row["state"] for row in site.get("fleet")["items"]] == ["applied"])
            os.kill(server.child("agents"), signal.SIGKILL)
            until(lambda: [row["state"] for row in site.get("fleet")["items"]] != ["applied"])
            until(lambda: [row["state"] for row in site.get("fleet")["items"]] == ["applied"])
