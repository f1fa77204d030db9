"""Looking at processes from outside: who started whom, and waiting for their end."""

import os
import select
import time
from pathlib import Path

PATIENCE = 15.0
"""Seconds to wait for the end of a process."""


def parent_of(pid: int) -> int:
    """The parent of a process, 0 if there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def descendants(pid: int) -> set[int]:
    """All that a process started, directly or not, and that run now."""
    parents = {
        int(p.name): parent_of(int(p.name)) for p in Path("/proc").iterdir() if p.name.isdigit()
    }
    found, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found - {pid}


class Watched:
    """Processes that are awaited by their kernel handles, so that no id can be mistaken."""

    def __init__(self, pids: set[int]) -> None:
        self._handles = {os.pidfd_open(pid): pid for pid in pids}

    def await_end(self) -> set[int]:
        """Wait until all have ended; return those that have not in time."""
        give_up_at = time.monotonic() + PATIENCE
        left = dict(self._handles)
        while left and (seconds := give_up_at - time.monotonic()) > 0:
            for ended in select.select(list(left), [], [], seconds)[0]:
                del left[ended]
        for handle in self._handles:
            os.close(handle)
        return set(left.values())
