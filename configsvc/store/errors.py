"""What can go wrong between a room and the store, by who must act.

The writer acts on `CompareFailedError` (read again, decide again) and `InvalidTransactionError`
(send something else); a reader of history on `CompactedError` and `FutureRevisionError` (load the
present state); everybody waits on `StoreUnavailableError`; an operator acts on the rest.
"""

from pathlib import Path

from configsvc.errors import ConfigsvcError, InputError, OperationError


class StoreError(ConfigsvcError):
    """Base of every error of the store."""


class StoreUnavailableError(StoreError, OperationError):
    """The store did not answer; trying again later may work.

    A commit that ends like this may or may not have happened: read before trying again.
    """

    def __init__(self, doing: str, reason: str) -> None:
        self.doing = doing
        self.reason = reason
        super().__init__(f"the store is unavailable while {doing}: {reason}; try again")


class StoreFullError(StoreError, OperationError):
    """The store has no room: nothing was written, reading still works."""

    def __init__(self, doing: str, reason: str) -> None:
        self.doing = doing
        self.reason = reason
        super().__init__(
            f"the store is full, {doing} failed and nothing was written ({reason}): free space on "
            "its disk; reading goes on meanwhile"
        )


class StoreFormatError(StoreError, OperationError):
    """The data directory holds something that this version cannot open."""

    def __init__(self, path: Path, reason: str, advice: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} {reason}; {advice}")


class StoreClosedError(StoreError, OperationError):
    """The store was closed before this use of it."""

    def __init__(self) -> None:
        super().__init__("the store is closed: open a new one")


class ForkedStoreError(StoreError, OperationError):
    """A store opened in one process is used in a child forked from it."""

    def __init__(self, opened_in: int, used_in: int) -> None:
        self.opened_in = opened_in
        self.used_in = used_in
        super().__init__(
            f"the store was opened in process {opened_in} and used in its fork {used_in}: "
            "open a store of its own in each process, after the fork"
        )


class CompareFailedError(StoreError, OperationError):
    """A compared key was not at the expected revision; nothing was written."""

    def __init__(self, key: str, expected: int, seen: int) -> None:
        self.key = key
        self.expected = expected
        self.seen = seen
        super().__init__(
            f"key {key!r} was expected {_at(expected)} and is {_at(seen)}: read it again and "
            "decide again"
        )


class CompactedError(StoreError, OperationError):
    """The events asked for are no longer kept."""

    def __init__(self, asked: int, compact_revision: int) -> None:
        self.asked = asked
        self.compact_revision = compact_revision
        super().__init__(
            f"events after revision {asked} are gone, only those after {compact_revision} are "
            "kept: load the present state and watch from its revision"
        )


class FutureRevisionError(StoreError, OperationError):
    """A revision was asked for that the store has not reached: it was set back by a restore."""

    def __init__(self, asked: int, revision: int) -> None:
        self.asked = asked
        self.revision = revision
        super().__init__(
            f"events after revision {asked} were asked for, but the store is at {revision}: it "
            "was restored from an older copy; load the present state and watch from its revision"
        )


class WatchClosedError(StoreError):
    """The watch was closed, by its owner or together with its store."""

    def __init__(self) -> None:
        super().__init__("the watch is closed: open a new one from the last progress revision")


class InvalidTransactionError(StoreError, InputError):
    """A transaction is malformed; sending it again unchanged fails again."""


class LimitExceededError(InvalidTransactionError):
    """A transaction, key, value or blob is larger than every backend takes."""

    def __init__(self, what: str, limit: int, seen: int, unit: str) -> None:
        self.what = what
        self.limit = limit
        self.seen = seen
        super().__init__(f"{what} has {seen} {unit}, the limit is {limit}: make it smaller")


class BlobNotFoundError(StoreError, OperationError):
    """No blob has this digest: it was never put, or was collected because nothing named it."""

    def __init__(self, digest: str) -> None:
        self.digest = digest
        super().__init__(f"blob {digest} is not in the store: put it again or restore a backup")


class CorruptBlobError(StoreError, OperationError):
    """The stored bytes of a blob do not hash to its digest."""

    def __init__(self, digest: str, reason: str) -> None:
        self.digest = digest
        self.reason = reason
        super().__init__(
            f"blob {digest} is damaged: {reason}; check the disk, then put the blob again or "
            "restore a backup"
        )


class CorruptRecordError(StoreError, OperationError):
    """The value of a key is not what this version writes there."""

    def __init__(self, key: str, reason: str) -> None:
        self.key = key
        self.reason = reason
        super().__init__(
            f"key {key!r} holds a damaged record: {reason}; restore a backup, or run the version "
            "that wrote it"
        )


class HeadMovedError(StoreError, OperationError):
    """Another change came first; the change was not written."""

    def __init__(self, namespace: str, expected: int, seen: int) -> None:
        self.namespace = namespace
        self.expected = expected
        self.seen = seen
        super().__init__(
            f"namespace {namespace!r} was expected at revision {expected} and is at {seen} or was "
            "restored: read its head again and check the change against it"
        )


class UnknownRevisionError(StoreError, InputError):
    """A namespace has no such revision."""

    def __init__(self, namespace: str, revision: int, newest: int) -> None:
        self.namespace = namespace
        self.revision = revision
        self.newest = newest
        known = f"its revisions are 1 to {newest}" if newest else "it has none yet"
        super().__init__(f"namespace {namespace!r} has no revision {revision}: {known}")


class AnswerExistsError(StoreError, OperationError):
    """The idempotency key of a change has been used; the change was not written."""

    def __init__(self, namespace: str, key: str) -> None:
        self.namespace = namespace
        self.key = key
        super().__init__(
            f"idempotency key {key!r} was used in namespace {namespace!r}: give the answer "
            "remembered for it, or send a new key"
        )


def _at(mod_revision: int) -> str:
    return f"at revision {mod_revision}" if mod_revision else "absent"
