"""What became of a folder's edit."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a folder stands.

    Each says when the folder is looked at again, apart from when something in it changes.
    """

    PUBLISHED = "published"
    """The edit is a revision."""
    CURRENT = "current"
    """It is as it was published last, or the namespace is that already."""
    UNMOUNTED = "unmounted"
    """There is no marker: nothing is published and nothing deleted."""
    INVALID = "invalid"
    """What is in the files cannot be published, whatever the namespace holds."""
    REFUSED = "refused"
    """The namespace stands against it: tried again when that moves."""
    UNSETTLED = "unsettled"
    """It changed while it was read: tried again at once."""
    DELAYED = "delayed"
    """The store or others stood in the way: tried again a little later."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one look at a folder.

    Args:
        state: what became of it.
        folder: its name; empty where that is not known.
        reason: what was done, or why it was not, for people.
        digest: of the contents, where they could be read.
        revision: the one that was made.
        adrift: documents that differ at the head although nobody edited them here.
    """

    state: State
    folder: str = ""
    reason: str = ""
    digest: str = ""
    revision: int | None = None
    adrift: int = 0

    @property
    def is_bad(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.state in _BAD

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do until something changes in the folder or the namespace."""
        return self.state not in (State.UNSETTLED, State.DELAYED)


_BAD = frozenset({State.UNMOUNTED, State.INVALID, State.REFUSED})
