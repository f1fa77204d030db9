"""An agent in a process of its own that fails at a step: ``python -m ... POINT ACTION ARMED``.

It writes the version of each bundle that it applies on a line, and ends with standard input.
"""

import sys
from pathlib import Path

from configsvc_agent import Agent, Change
from tests.robustness.failpoints import arm


def main(point: str, action: str, armed: str) -> None:
    """Run until standard input ends."""
    if point:
        arm(point, action, Path(armed))

    def applied(change: Change) -> None:
        print(change.after.version, flush=True)  # noqa: T201 its only output

    agent = Agent("player-engine")
    agent.on_change(applied)
    agent.start()
    sys.stdin.read()
    agent.stop(1.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
