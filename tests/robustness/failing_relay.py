"""A relay that fails at a step: ``python -m ... DATA UPSTREAM TOKEN PORT POINT ACTION ARMED``."""

import sys
from pathlib import Path

from configsvc.relay import follower
from configsvc.settings import Settings
from configsvc.wiring.relay_node import RelayOptions, serve
from tests.robustness.failpoints import arm


def main(
    data: str, upstream: str, token_file: str, port: str, point: str, action: str, armed: str
) -> None:
    """Serve until told to stop; the upstream is asked again soon, so that a test sees it heal."""
    follower.LONGEST_WAIT = 1.0  # type: ignore[misc]
    if point:
        arm(point, action, Path(armed))
    settings = Settings(
        data=Path(data), agent_listen=f"127.0.0.1:{port}", heartbeat=1, log_level="error"
    )
    serve(settings, RelayOptions(upstream, Path(token_file), None))


if __name__ == "__main__":
    main(*sys.argv[1:])
