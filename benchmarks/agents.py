"""A process full of real agents: prints one line when all are ready, then one for each change."""

import sys
import threading
import time

from configsvc_agent import Agent, Change


def main(service: str, count: int) -> None:
    """Run `count` agents of a service until standard input is closed."""
    output = threading.Lock()

    def applied(change: Change) -> None:
        now = time.time_ns()
        with output:
            print(change.after.version, now, flush=True)

    agents = [Agent(service, instance=f"agent-{number}") for number in range(count)]
    for agent in agents:
        agent.start()
    for agent in agents:
        if not agent.wait_ready(30):
            raise RuntimeError(f"an agent is not ready: {agent.status()}")
    for agent in agents:
        agent.on_change(applied)
    print("ready", flush=True)
    sys.stdin.read()
    for agent in agents:
        agent.stop(0.1)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
