"""Metrics of several processes."""

import os
import subprocess
import sys
from pathlib import Path

COUNT = """
import sys
from configsvc.web.metrics import Metrics
metrics = Metrics(dict)
metrics.request("/x", "GET", 200, 0.01)
if sys.argv[1] == "show":
    print(metrics.render().decode())
"""


def run(directory: Path, act: str) -> str:
    """Count one request in a process of its own."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(directory)}
    command = [sys.executable, "-c", COUNT, act]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, timeout=30
    ).stdout


def test_processes_of_a_plane_add_up(tmp_path: Path) -> None:
    """Whichever process is asked tells the sum of all, also of those that have ended."""
    run(tmp_path, "count")

    text = run(tmp_path, "show")

    assert 'configsvc_requests_total{method="GET",route="/x",status="200"} 2.0' in text
    assert 'configsvc_request_seconds_count{method="GET",route="/x"} 2.0' in text
