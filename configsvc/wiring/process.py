"""What runs in a child of a node: ``python -m configsvc.wiring.process NAME PARENT LIFELINE [FD]``.

The settings come from the environment. The child ends when its parent has ended.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import FrameType
from typing import Final

from configsvc.settings import Settings
from configsvc.wiring import lifeline, logs

Serve = Callable[[Settings, int], None]
"""Serves on an inherited listening socket (-1: none) until SIGTERM."""

PROCESSES: Final[Mapping[str, str]] = {
    "operator": "configsvc.wiring.operator_plane",
    "agents": "configsvc.wiring.agent_plane",
    "xds": "configsvc.wiring.xds_plane",
    "controller": "configsvc.wiring.controlling",
}
"""The children by name, each with the module whose `serve` it runs."""

_PRIVATE: Final = 0o077
"""What a node's processes make is for its user alone: sockets too, which no mode is given for."""


def main(arguments: Sequence[str]) -> None:
    """Run the child that the arguments name."""
    name, parent, pipe, *descriptors = arguments
    os.umask(_PRIVATE)
    signal.signal(signal.SIGTERM, _leave)  # until it serves, and then minds the signal itself
    lifeline.follow(int(parent), int(pipe))
    settings = Settings.load(environ=os.environ)
    logs.set_up(settings, name)
    serve: Serve = import_module(PROCESSES[name]).serve
    serve(settings, int(descriptors[0]) if descriptors else -1)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End cleanly: who is told to stop while it still starts has nothing to finish."""
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
