"""The thread that keeps a namespace as its folder says."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from configsvc.gitops.keeping import RETRY_AFTER, Attempt, Head, Keeper
from configsvc.gitops.outcome import Outcome
from configsvc.gitops.watching import FolderWatch

_log = logging.getLogger("configsvc.gitops")


class FolderService:
    """Watches and publishes a folder between `start` and `stop`, as often as those are called.

    Args:
        path: the folder.
        attempt: publishes it.
        head: the head of its namespace.
        report: told every outcome, by the service's thread.
    """

    def __init__(
        self,
        path: Path,
        *,
        attempt: Attempt,
        head: Callable[[], Head],
        report: Callable[[Outcome], None],
    ) -> None:
        self._path = path
        self._attempt = attempt
        self._head = head
        self._report = report
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble = ""

    def start(self) -> None:
        """Begin; what has changed since the folder was published last counts as an edit."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"folder {self._path}")
        self._thread.start()

    def stop(self) -> None:
        """End, after an edit that is just being published; without effect if not started."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        def told() -> None:
            keeper.touch()
            self._wake.set()

        watch = FolderWatch(told)
        keeper = Keeper(
            self._path,
            watch=watch,
            attempt=self._attempt,
            head=self._head,
            report=self._report,
            clock=time.monotonic,
        )
        try:
            while not self._stopping.is_set():
                self._wake.wait(self._step(keeper))
                self._wake.clear()
        finally:
            watch.stop()

    def _step(self, keeper: Keeper) -> float:
        try:
            pause = keeper.step()
        except Exception as exc:  # noqa: BLE001 a bug that one edit meets must not end the watch
            self._say(exc)
            return RETRY_AFTER
        self._trouble = ""
        return pause

    def _say(self, trouble: Exception) -> None:
        """Log what stands in the way, once for as long as it is the same."""
        if repr(trouble) != self._trouble:
            _log.error(
                "folder not published: %s", trouble, exc_info=trouble, extra={"path": self._path}
            )
        self._trouble = repr(trouble)
