"""The fixtures work in a test suite of somebody else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_SUITE = """
from configsvc_agent.testing import bundle

def test_service(configsvc_agent, configsvc_clock):
    agent = configsvc_agent("a", bundle("a", {"b": {"*": {"timeout": {"overall": 5}}}}))
    before = configsvc_clock.now()
    configsvc_clock.advance(1.5)
    assert agent.clock.now() - before == 1_500_000
    assert agent.explain("b").policy.timeout.overall == 5
"""


def test_the_plugin_gives_the_fixtures(tmp_path: Path) -> None:
    """A suite that names no import but the bundle's gets an agent and its clock."""
    (tmp_path / "test_service.py").write_text(_SUITE)

    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-p", "configsvc_agent.testing.pytest_plugin", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        # Named here, so that the test does not depend on how the distribution is installed.
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        timeout=60,
        check=False,
    )

    assert "1 passed" in run.stdout, run.stdout + run.stderr
