"""Keeping a namespace as its folder says: when to look, when to publish, when to try again."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from configsvc.gitops.folder import Look, look
from configsvc.gitops.outcome import Outcome, State
from configsvc.gitops.settling import Settling
from configsvc.gitops.watching import Watch

SEARCH_EVERY: Final = 60.0
"""Seconds between two searches of a folder that is watched: a safety net for lost events."""

SEARCH_UNWATCHED_EVERY: Final = 5.0
"""Seconds between two searches of a folder that cannot be watched, or is not there."""

HEAD_EVERY: Final = 2.0
"""Seconds between two looks at the head that an edit was refused on top of."""

RETRY_AFTER: Final = 2.0
"""Seconds after which an edit is tried again that something else stood in the way of."""

Head = tuple[str, int] | None
"""What tells one head of a namespace from another: its epoch and revision."""


class Attempt(Protocol):
    """Publishes a folder."""

    def __call__(self, seen: Look, *, insist: bool) -> Outcome:
        """See `FolderPublisher.attempt`."""


class Keeper:
    """Decides what is done about a folder, step by step; one thread takes the steps.

    An edit is taken when nothing has changed for a quiet time: no event came, and the files are
    the same at its end as they were at its beginning.

    Args:
        path: the folder.
        watch: tells changes by calling `touch`.
        attempt: publishes it.
        head: the head of its namespace.
        report: told every outcome.
        clock: seconds that never go back.
        settling: decides when an edit is over.
    """

    def __init__(
        self,
        path: Path,
        *,
        watch: Watch,
        attempt: Attempt,
        head: Callable[[], Head],
        report: Callable[[Outcome], None],
        clock: Callable[[], float],
        settling: Settling | None = None,
    ) -> None:
        self._path = path
        self._watch = watch
        self._attempt = attempt
        self._head = head
        self._report = report
        self._clock = clock
        self._settling = settling or Settling()
        self._touched = threading.Event()
        self._seen: Look | None = None
        self._search_at = clock()
        self._refused_at: Head = None
        self._again_at: float | None = None
        self._state: State | None = None

    def touch(self) -> None:
        """Note that something changed in the folder. May be called from any thread."""
        self._touched.set()

    def step(self) -> float:
        """Do what is due, and return the seconds until something is due again.

        Raises what looking at the head raises; the next step is then taken as usual.
        """
        if self._touched.is_set():
            self._touched.clear()
            self._settling.touch(self._clock())
        if self._search_at <= self._clock():
            self._search()
        if self._settling.is_due(self._clock()):
            self._settle()
        elif self._again_at is not None and self._again_at <= self._clock():
            self._again()
        due = (self._search_at, self._settling.due, self._again_at)
        return max(0.0, min(at for at in due if at is not None) - self._clock())

    def _search(self) -> None:
        """Look whether something changed that nobody told."""
        self._search_at = self._clock() + SEARCH_EVERY
        self._look()

    def _look(self) -> Look:
        """Look at the folder; a change opens an edit, or is one more of the one that is open."""
        # Watched first: what happens between the two is then told rather than missed.
        if not self._watch.follow(self._path):
            self._search_at = min(self._search_at, self._clock() + SEARCH_UNWATCHED_EVERY)
        seen = look(self._path)
        if seen != self._seen:
            self._seen = seen
            self._settling.touch(self._clock())
        return seen

    def _settle(self) -> None:
        """Take the edit, if the folder lies still since it was looked at last."""
        insist = self._settling.is_overdue(self._clock())
        seen = self._look()
        if self._settling.is_due(self._clock()):
            self._settling.settle()
            self._take(seen, insist=insist)

    def _again(self) -> None:
        """Try a refused edit again if the head has moved; try a delayed one again in any case."""
        if self._state is State.REFUSED:
            self._again_at = self._clock() + HEAD_EVERY
            if self._head() == self._refused_at:
                return
        seen = self._look()
        if self._settling.due is None:
            self._take(seen, insist=False)
        else:
            self._again_at = None  # there is a newer edit, which is taken when it has settled

    def _take(self, seen: Look, *, insist: bool) -> None:
        self._again_at = self._clock() + RETRY_AFTER  # whatever is raised now is tried again
        self._state = State.DELAYED
        head = self._head()
        outcome = self._attempt(seen, insist=insist)
        self._state, self._refused_at = outcome.state, head
        self._report(outcome)
        self._again_at = None
        if outcome.state is State.UNSETTLED:
            self._settling.touch(self._clock())
        elif outcome.state is State.DELAYED:
            self._again_at = self._clock() + RETRY_AFTER
        elif outcome.state is State.REFUSED:
            self._again_at = self._clock() + HEAD_EVERY
