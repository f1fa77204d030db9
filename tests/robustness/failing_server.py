"""An agent plane that fails at a step: ``python -m ... DATA DESCRIPTOR PEM POINT ACTION ARMED``."""

import sys
from pathlib import Path

from configsvc.agentgate.app import serve
from configsvc.agentgate.options import AgentGateSettings
from configsvc.store import Store
from configsvc.store.following import Following
from configsvc.store.sqlite import SqliteStore
from tests.agentgate.world import now
from tests.robustness.failpoints import arm

HEARTBEAT = 500_000
RECONCILE = 1.0


def main(data: str, descriptor: str, point: str, action: str, armed: str) -> None:
    """Serve until told to stop, with short intervals so that what heals does so within a test."""
    Following.__init__.__defaults__ = (RECONCILE,)
    if point:
        arm(point, action, Path(armed))

    def open_store() -> Store:
        return SqliteStore(Path(data), now)

    serve(
        AgentGateSettings(
            bind=(f"fd://{descriptor}",),
            run_directory=Path(data, "run"),
            heartbeat=HEARTBEAT,
            node="node",
            grace=1.0,
            log_level="error",
        ),
        open_store,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
