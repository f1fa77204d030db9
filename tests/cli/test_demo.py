"""The demo's tour, as ``make demo ONCE=1`` plays it."""

import subprocess
import sys

import pytest


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
    assert "refused: RT01 ineffective-attempt-limit" in said
    assert "applied by 3 of 3 agents" in said
    assert "no restart: still processes" in said
    assert "the player engine's breaker is open" in said
    for policy in ("budget was used up", "the deadline of a request", "the bulkhead of 8"):
        assert policy in said
    assert "the player engine's breaker is closed" in said
    assert "restarted without a server" in said
    assert said.endswith("Everything is stopped.\n")
