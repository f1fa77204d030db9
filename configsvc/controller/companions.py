"""Work that goes on beside the duties, for as long as a process leads."""

from typing import Protocol


class Companion(Protocol):
    """Works on threads of its own between `start` and `stop`; may be started again."""

    def start(self) -> None:
        """Begin. Called when leading begins."""

    def stop(self) -> None:
        """End what is under way and return; nothing happens after that.

        Called before leadership is given up, and when it was lost. Without effect if not started.
        """
