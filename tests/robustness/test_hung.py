"""Processes of a node that are there and do nothing are replaced."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.robustness.site import eventually
from tests.serving import RunningServer, serving
from tests.wiring.processes import descendants

pytestmark = [pytest.mark.robustness, pytest.mark.timeout(180)]


def arbiter(server: RunningServer) -> int:
    """The child that keeps the processes of the agent plane."""
    return server.child("agents")


def worker(server: RunningServer) -> int:
    """The process that serves agents."""
    (pid,) = descendants(arbiter(server))
    return pid


def controller(server: RunningServer) -> int:
    """The child that does the rounds."""
    return server.child("controller")


def serves(server: RunningServer) -> bool:
    """Whether the agent plane answers."""
    try:
        with urlopen(f"{server.agents_url}/v1/agent/stream", timeout=2):  # noqa: S310 loopback
            return False
    except (URLError, TimeoutError) as answer:
        return getattr(answer, "code", 0) == 401


@pytest.mark.parametrize("which", [arbiter, worker, controller])
def test_a_stopped_process_is_replaced(
    tmp_path: Path, which: Callable[[RunningServer], int]
) -> None:
    """SIGSTOP, and nobody to continue it: another one serves within a minute."""
    with serving(tmp_path / "data") as server:
        eventually(lambda: serves(server), "the agent plane")
        stopped = which(server)
        os.kill(stopped, signal.SIGSTOP)
        eventually(lambda: not Path(f"/proc/{stopped}").exists(), "the end of the stopped one", 60)
        eventually(lambda: serves(server), "the agent plane again", 60)
        assert which(server) != stopped
