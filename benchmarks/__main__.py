"""Runs benchmarks one after another, each in a process of its own: all, or those named."""

import os
import platform
import subprocess
import sys

BENCHMARKS = {
    "delivery": "publish to applied: curl, operator plane, agent plane, agents",
    "publish": "commits a second through the use case, 1 and 8 writers",
    "commits": "commits a second on SQLite and on etcd, 1 and 8 writers, conflicts retried",
    "checking": "validation and check of 100 and 1,000 services",
    "push": "commit to received on 1,000 streams of one process",
    "distribution": "commit to applied at 1,000 and 10,000 agents, beside C, Redis, NATS and etcd",
    "distribution.operators": "an operator's heaviest requests beside a push to 1,000 agents",
    "gateway": "the gateway beside the same Envoy with a static file; a push of many routes",
    "resolve": "indexing, resolving and compiling up to 10,000 services",
    "console": "the console's first load, and its map of 300 services",
    "relay_tree": "a change through trees of relays up to a million agents, simulated",
    "discovery": "an instance killed, and a new one, to 1,000 callers",
    "engine.imports": "what importing the agent costs, beside httpx",
    "engine.overhead": "what a guarded call costs",
}


def main(names: list[str]) -> int:
    """Run the benchmarks; 0 if all of them came to an end."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"unknown benchmark {unknown[0]!r}: use {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(f"{os.cpu_count()} processors, Python {platform.python_version()}, {platform.system()}")
    failed = 0
    for name in names or BENCHMARKS:
        print(f"\n{name}: {BENCHMARKS[name]}", flush=True)
        failed |= subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"], check=False
        ).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
