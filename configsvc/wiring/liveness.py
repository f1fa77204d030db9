"""Whether a running child still does anything: it may be there, and stopped or stuck."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOK_EVERY: Final = 2.0
"""Seconds between two looks at a child that serves."""

STOPPED_PATIENCE: Final = 10.0
"""Seconds for which a child may be stopped (SIGSTOP) before it is started anew."""

SILENT_PATIENCE: Final = 60.0
"""Seconds for which a child may leave every question unanswered: an overloaded one takes long."""

_STOPPED: Final = "T"


@dataclass(slots=True)
class Liveness:
    """What was seen of one child.

    Args:
        now: when it was last known to do something, seconds of a monotonic clock.
    """

    now: float
    stopped_since: float | None = None
    silent_since: float | None = None

    def look(self, now: float, *, stopped: bool, silent: bool) -> str:
        """Take note of what is seen; return why the child should be ended, empty if it is well."""
        # Looks that are far apart show that this process did not run either: begin anew.
        if now - self.now > 3 * LOOK_EVERY:
            self.stopped_since = self.silent_since = None
        self.now = now
        self.stopped_since = (self.stopped_since or now) if stopped else None
        self.silent_since = (self.silent_since or now) if silent else None
        if self.stopped_since is not None and now - self.stopped_since >= STOPPED_PATIENCE:
            return f"has been stopped for {STOPPED_PATIENCE:g} s"
        if self.silent_since is not None and now - self.silent_since >= SILENT_PATIENCE:
            return f"has not answered for {SILENT_PATIENCE:g} s"
        return ""


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal; False where the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == _STOPPED
