"""No orphans: a child ends when its parent has ended, however that happened."""

import ctypes
import os
import signal
import sys
import threading
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def follow(parent: int, lifeline: int) -> None:
    """Send SIGTERM to this process once its parent is gone, also if it is gone already.

    Linux does it itself. Elsewhere a thread waits for the end of a pipe whose other end only the
    parent has.

    Args:
        parent: process id of the one that started this process.
        lifeline: descriptor of the pipe's reading end.
    """
    if not follow_kernel(parent):
        watch(lifeline)


def follow_kernel(parent: int) -> bool:
    """As `follow`, where the kernel can do it; False where it cannot.

    The wish does not pass on to a fork: a child of this process has to make its own.
    """
    if not _ask_kernel():
        return False
    if os.getppid() != parent:  # it ended before the kernel was asked
        os.kill(os.getpid(), signal.SIGTERM)
    return True


def watch(lifeline: int) -> None:
    """Send SIGTERM to this process when the other end of the pipe is closed."""
    thread = threading.Thread(target=_end_with, args=(lifeline,), name="lifeline", daemon=True)
    thread.start()


def _ask_kernel() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    return bool(library.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0) == 0)


def _end_with(lifeline: int) -> None:
    while os.read(lifeline, 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
