"""A rollout over a whole node: real agents, the controller that carries it on, what they hold."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from configsvc_agent import Agent
from tests.serving import RunningServer
from tests.usecases.world import SYSTEM, Json, timeout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PATIENCE = 30.0
PLAN = {
    "stages": [{"labels": {"zone": "a"}, "bake": "0s"}, {"share": "100%", "bake": "0s"}],
    "promote": "manual",
}


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds, but not for ever."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.01
    while not holds():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(pause)


class Fleet:
    """A namespace of a running node, and an agent of the player in each of two zones."""

    def __init__(self, server: RunningServer, namespace: str, cache: Path) -> None:
        self._server = server
        self._base = f"/v1/namespaces/{namespace}"
        self.post("changes", {"message": "first", "base": 0, "put": list(SYSTEM)})
        body = {"agent": {"namespace": namespace, "service": "player"}}
        status, minted = server.request("POST", "/v1/tokens", body)
        assert status == 201
        self.agents = {
            zone: Agent(
                "player",
                url=server.agents_url,
                token=minted["token"],
                namespace=namespace,
                cache_dir=cache / zone,
                labels={"zone": zone},
            )
            for zone in ("a", "b")
        }

    def post(self, path: str, body: Json | None = None) -> Any:  # noqa: ANN401 any JSON
        """POST inside the namespace; return the answer to a success."""
        status, answer = self._server.request("POST", f"{self._base}/{path}", body)
        assert status == 200, answer
        return answer

    def roll_out(self, document: Json) -> None:
        """Begin to roll out a document as revision 2."""
        self.post("rollouts", {"message": "m", "base": 1, "put": [document], "rollout": PLAN})

    @property
    def rollout(self) -> Any:  # noqa: ANN401 any JSON
        """The rollout as the API shows it."""
        return self._server.request("GET", f"{self._base}/rollouts/2")[1]


@pytest.fixture
def fleet(
    request: pytest.FixtureRequest, running_server: RunningServer, tmp_path: Path
) -> Iterator[Fleet]:
    """Both agents hold the first revision."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:50].strip("-")
    fleet = Fleet(running_server, name, tmp_path)
    with ExitStack() as running:
        for agent in fleet.agents.values():
            agent.start()
            running.callback(agent.stop)
            assert agent.wait_ready(PATIENCE)
        yield fleet


def test_a_rollout_goes_from_zone_to_fleet_and_is_promoted(fleet: Fleet) -> None:
    """The first stage changes one agent; the controller goes on once it has applied."""
    fleet.roll_out(timeout(attempt="1s"))
    until(lambda: fleet.agents["a"].status().revision == 2)
    until(lambda: fleet.agents["b"].status().revision == 2)
    until(lambda: fleet.rollout["decision"]["reason"].startswith("every stage has passed"))
    assert fleet.rollout["share"] == "100%"
    fleet.post("rollouts/2/promote")
    assert fleet.rollout["phase"] == "promoted"


def test_an_aborted_rollout_is_taken_back(fleet: Fleet) -> None:
    """Its member returns to what the other one never left, by a newer version."""
    plan = {"stages": [{"labels": {"zone": "a"}, "bake": "1h"}]}
    body = {"message": "m", "base": 1, "put": [timeout(attempt="1s")], "rollout": plan}
    fleet.post("rollouts", body)
    until(lambda: fleet.agents["a"].status().version == 2)
    fleet.post("rollouts/2/abort", {"reason": "no"})
    until(lambda: fleet.agents["a"].status().version == 3)
    states = [fleet.agents[zone].status() for zone in ("a", "b")]
    assert states[0].digest == states[1].digest
    assert states[1].version == 1


def test_a_member_that_vanishes_is_remembered(fleet: Fleet) -> None:
    """It may have crashed on what it was given, and cannot say so."""
    plan = {"stages": [{"labels": {"zone": "a"}, "bake": "1h"}]}
    body = {"message": "m", "base": 1, "put": [timeout(attempt="1s")], "rollout": plan}
    fleet.post("rollouts", body)
    until(lambda: fleet.agents["a"].status().version == 2)
    assert fleet.rollout["fleet"]["lost"] == 0
    fleet.agents["a"].stop()
    until(lambda: fleet.rollout["fleet"]["lost"] == 1)
