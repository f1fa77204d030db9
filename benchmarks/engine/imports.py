"""What importing the agent costs a service, beside httpx: time, resident memory, modules.

Each import is a process of its own; the two take turns, and an empty process shows what Python
itself takes.
"""

import argparse
import statistics
import subprocess
import sys

from benchmarks.engine.peers import move_there

PROBE = """
import sys, time
before = len(sys.modules)
began = time.perf_counter()
{statement}
took = time.perf_counter() - began
with open("/proc/self/status") as status:
    resident = next(line.split()[1] for line in status if line.startswith("VmRSS"))
print(took * 1000, int(resident) / 1024, len(sys.modules) - before)
"""

STATEMENTS = {
    "nothing": "pass",
    "import configsvc_agent": "import configsvc_agent",
    "import httpx": "import httpx",
}


def probe(statement: str) -> tuple[float, float, float]:
    """Milliseconds, MiB of resident memory, and modules of one import."""
    command = [sys.executable, "-c", PROBE.format(statement=statement)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    took, resident, modules = map(float, done.stdout.split())
    return took, resident, modules


def run(rounds: int) -> None:
    """Measure in turns and print medians."""
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in STATEMENTS}
    for _ in range(rounds):
        for name, statement in STATEMENTS.items():
            found[name].append(probe(statement))
    print(f"\n{'':<26} {'median ms':>10} {'fastest ms':>11} {'RSS MiB':>8} {'modules':>8}")
    for name, rows in found.items():
        times, residents, modules = zip(*rows, strict=True)
        print(
            f"  {name:<24} {statistics.median(times):>10.1f} {min(times):>11.1f} "
            f"{statistics.median(residents):>8.1f} {modules[0]:>8.0f}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    move_there("benchmarks.engine.imports")
    run(parser.parse_args().rounds)
