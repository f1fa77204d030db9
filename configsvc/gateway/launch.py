"""Becoming Envoy: ``python -m configsvc.gateway.launch PARENT PROGRAM ARGUMENT...``.

The kernel ends Envoy when its supervisor has ended: one that goes on alone would serve an old
configuration beside its successor, on the same port.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become the program that the arguments name."""
    parent, program, *rest = arguments
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit("the supervisor has ended")
    os.execv(program, [program, *rest])  # noqa: S606 the program that the supervisor was given


if __name__ == "__main__":
    main(sys.argv[1:])
