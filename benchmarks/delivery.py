"""Publish to applied, across real processes.

curl posts a change to one of two gunicorn workers; the agent plane, another process, pushes the new
bundle; agents in a third process verify and apply it. The clock starts just before curl is started
and stops when an agent's change callback runs. No two of them share memory.
"""

import json
import os
import subprocess
import sys
import time
from select import select
from typing import Any

from benchmarks.figures import line
from benchmarks.node import NAMESPACE, Node

SERVICE = "player-engine"
AGENTS = (1, 100)
CHANGES = 30
PATIENCE = 10.0
"""Seconds within which every agent must have applied a change."""


def main() -> None:
    """Print the figures for each size of fleet."""
    for count in AGENTS:
        with Node() as node:
            _measure(node, count)


def _measure(node: Node, count: int) -> None:
    revision = node.publish([_service(), _timeout(0)])
    environ = {
        **os.environ,
        "CONFIGSVC_URL": f"http://{node.agents}",
        "CONFIGSVC_TOKEN": node.agent_token(SERVICE),
        "CONFIGSVC_NAMESPACE": NAMESPACE,
        "CONFIGSVC_CACHE_DIR": str(node.folder / "cache"),
    }
    command = [sys.executable, "-m", "benchmarks.agents", SERVICE, str(count)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=environ
    ) as fleet:
        if fleet.stdout is None or fleet.stdout.readline() != b"ready\n":
            raise RuntimeError("the agents did not become ready")
        first, last, answered = [], [], []
        for step in range(1, CHANGES + 1):
            began, answer = _curl(node, revision, _timeout(step))
            revision = answer["revision"]
            answered.append(time.time_ns() - began)
            times = sorted(_applied(fleet, revision, count))
            first.append(times[0] - began)
            last.append(times[-1] - began)
        fleet.stdin.close()  # type: ignore[union-attr]
    for what, taken in (("curl has its answer", answered), ("first agent", first), ("last", last)):
        print(line(f"{count} agents: {what}", [each / 1e9 for each in taken]))


def _applied(fleet: "subprocess.Popen[bytes]", revision: int, count: int) -> list[int]:
    times: list[int] = []
    while len(times) < count:
        if fleet.stdout is None or not select([fleet.stdout], [], [], PATIENCE)[0]:
            raise RuntimeError(f"{len(times)} of {count} agents applied revision {revision}")
        version, at = fleet.stdout.readline().split()
        if int(version) == revision:
            times.append(int(at))
    return times


def _curl(node: Node, base: int, document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    url = f"http://{node.operator}/v1/namespaces/{NAMESPACE}/changes"
    body = json.dumps({"message": "benchmark", "base": base, "put": [document]})
    headers = ["-H", f"Authorization: Bearer {node.token}", "-H", "Content-Type: application/json"]
    began = time.time_ns()
    done = subprocess.run(
        [  # noqa: S607 whichever curl the machine has
            "curl",
            "-sS",
            "--fail-with-body",
            *headers,
            "-d",
            body,
            url,
        ],
        capture_output=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return began, answer


def _service() -> dict[str, Any]:
    spec = {"operations": [{"name": "get", "match": {"methods": ["GET"], "path": "/x/{id}"}}]}
    return _document("Service", SERVICE, spec)


def _timeout(step: int) -> dict[str, Any]:
    return _document(
        "Timeout", "all", {"target": {}, "attempt": f"{100 + step}ms", "overall": "1s"}
    )


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "configsvc/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


if __name__ == "__main__":
    main()
