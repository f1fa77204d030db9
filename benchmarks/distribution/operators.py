"""An operator's heaviest request beside a push: ``python -m benchmarks.distribution.operators``.

A real node with 300 services, and agents in C. Changes are published in turn while nobody else asks
for anything, and while somebody has the whole graph checked again and again. Times are from the
first agent that applied a change to the others: how long the operator plane takes for the change
itself is not the push.
"""

import statistics
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any

from benchmarks.console import services_of
from benchmarks.distribution.fleet import Fleet, fleet
from benchmarks.node import Node

AGENTS = 1_000
SERVICES = 300
ROUNDS = 5
SERVICE = "player-engine"


def main(count: int = AGENTS) -> None:
    """Measure and print."""
    with ExitStack() as stack:
        node = stack.enter_context(Node())
        limits = {"target": {}, "attempt": "1s", "overall": "2s"}
        own = [_document("Timeout", "all", limits), _document("Service", SERVICE, {})]
        node.publish([*own, *services_of(SERVICES, Random(1))])
        port = int(node.agents.rpartition(":")[2])
        agents = stack.enter_context(fleet("sse", port, count, token=node.agent_token(SERVICE)))
        quiet, beside = [], []
        for step in range(ROUNDS):
            quiet.append(_p99(node, agents, 2 * step))
            with _checking(node) as answered:
                beside.append(_p99(node, agents, 2 * step + 1))
            print(f"  round {step + 1}: {len(answered)} checks of {SERVICES} services meanwhile")
    print(
        f"{count} agents: p99 of a push {statistics.median(beside):.1f} ms beside checks of the "
        f"whole graph, {statistics.median(quiet):.1f} ms without"
    )


def _p99(node: Node, agents: Fleet, step: int) -> float:
    """Milliseconds from the first agent to 99 % of them."""
    target = {"from": SERVICE}
    node.publish([_document("Timeout", "own", {"target": target, "attempt": f"{100 + step}ms"})])
    times = agents.await_applied().times
    return (times[len(times) * 99 // 100] - times[0]) / 1e6


@contextmanager
def _checking(node: Node) -> Iterator[list[int]]:
    """Have the whole graph checked until the block ends; yields the answers' numbers."""
    body = {
        "put": [_document("Timeout", "all", {"target": {}, "attempt": "900ms", "overall": "2s"})]
    }
    answered: list[int] = []
    stopping = threading.Event()

    def check() -> None:
        while not stopping.is_set():
            node.client.send("POST", node.client.in_namespace("check"), body)
            answered.append(len(answered))

    thread = threading.Thread(target=check)
    thread.start()
    try:
        yield answered
    finally:
        stopping.set()
        thread.join()


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "configsvc/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
