"""The port of the store: a small revisioned key space with content-addressed blobs beside it.

It promises no more than etcd 3.4 keeps: keys in one order, one revision that rises with every
transaction, compare-and-set on the revision of a key, and a watch that can be resumed from a
revision. There are no joins, no secondary indexes and no reads of the past; history that must be
readable is written as keys and blobs of its own.

Instants are whole microseconds since the Unix epoch, taken from an injected `Clock`. Every
operation may raise `StoreUnavailableError`, `StoreClosedError` and `ForkedStoreError`; further
errors are named where they occur. All methods may be called from any thread.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Final, Protocol, Self, TypeAlias

Clock: TypeAlias = Callable[[], int]
"""Returns the present instant: microseconds since the Unix epoch."""

Digest: TypeAlias = str
"""SHA-256 of a blob's uncompressed bytes, as 64 lower-case hexadecimal digits."""

ABSENT: Final = 0
"""The `mod_revision` of a key that does not exist."""

MAX_OPERATIONS: Final = 64
"""Compares, puts and deletes of one transaction together, and keys of one `get_many`."""

MAX_KEY_BYTES: Final = 1024
"""UTF-8 length of a key."""

MAX_VALUE_BYTES: Final = 1 << 20
"""Length of one value."""

MAX_TRANSACTION_BYTES: Final = 5 << 18
"""Keys and values of one transaction together, blobs not counted (1.25 MiB)."""

MAX_BLOB_BYTES: Final = 16 << 20
"""Length of a blob before compression."""

MAX_STORED_BLOB_BYTES: Final = 512 << 10
"""Length of a blob after compression."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key as it was when it was read; `mod_revision` is the revision that last put it."""

    key: str
    value: bytes
    mod_revision: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Entries as they stood together at the store's `revision`: watch after it without a gap."""

    revision: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """The condition that a key is at `mod_revision`, or does not exist (`ABSENT`)."""

    key: str
    mod_revision: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """Writes that happen together, or not at all if one compare fails.

    A key occurs at most once among puts and deletes. Deleting an absent key does nothing.
    `blobs` are durable no later than the keys become visible; when the transaction fails, some
    of them may have been stored and are collected later.
    """

    compares: tuple[Compare, ...] = ()
    puts: tuple[tuple[str, bytes], ...] = ()
    deletes: tuple[str, ...] = ()
    blobs: Mapping[Digest, bytes] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class BlobStamp:
    """One storing of a blob: `stored_at` is its age, `stamp` differs for each time it was put.

    `size` is the compressed length in bytes.
    """

    digest: Digest
    stored_at: int
    stamp: int
    size: int


@dataclass(frozen=True, slots=True)
class Event:
    """What one revision did to one key; `value` is None where the key was deleted."""

    key: str
    value: bytes | None
    mod_revision: int


@dataclass(frozen=True, slots=True)
class WatchBatch:
    """All watched events of one or more whole revisions, ordered by revision, then by key.

    `progress` is a bookmark: everything up to and including this revision has been delivered.
    """

    events: tuple[Event, ...]
    progress: int


@dataclass(frozen=True, slots=True)
class Retention:
    """How many events a store that keeps its own log holds back for watches that resume.

    An event is dropped once `revisions` newer revisions exist, or once it is older than `age`
    (microseconds). Slightly more may be kept.
    """

    revisions: int = 10_000
    age: int = 24 * 3600 * 1_000_000


class Watch(Protocol):
    """The events of one prefix after a revision: ordered, each once, a revision never in part.

    One thread at a time takes batches; `close` may be called from any.
    """

    @property
    def progress(self) -> int:
        """The revision up to which everything was delivered; it also moves without events."""

    def next(self, timeout: float | None) -> WatchBatch | None:
        """Wait up to `timeout` seconds (None: for ever) for a batch; None when none came.

        A batch has at least one event. Raises `CompactedError` when the watch fell behind what
        is kept, `FutureRevisionError` when the store was set back, and `WatchClosedError` once
        the watch or its store was closed, also while waiting.
        """

    def __iter__(self) -> Iterator[WatchBatch]:
        """Batches until the watch is closed; raises as `next` does for every other reason."""

    def close(self) -> None:
        """Give everything back and wake the thread that waits. Closing twice is harmless."""

    def __enter__(self) -> Self:
        """Return the watch itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Close the watch."""


class Store(Protocol):
    """A revisioned key space and the blobs beside it. Keys are ordered as UTF-8 bytes."""

    def revision(self) -> int:
        """How far the store is: no transaction has a higher revision.

        It may be higher than that of the newest transaction: where blobs lie among the keys,
        putting them raises it too. It never falls, unless the store is set back.
        """

    def get(self, key: str) -> Entry | None:
        """The entry of a key, None when it does not exist."""

    def get_many(self, keys: Collection[str]) -> Reading:
        """The entries of those keys that exist, in key order, all at one revision.

        Raises `LimitExceededError` for more than `MAX_OPERATIONS` keys.
        """

    def range(
        self,
        prefix: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Reading:
        """The first `limit` entries whose key starts with `prefix`, in key order or its reverse.

        `after` leaves out everything up to and including that key in the direction of reading;
        it need not exist. Blobs are never part of a range.
        """

    def commit(self, transaction: Transaction) -> int:
        """Write the transaction and return the store's revision, which each key put now carries.

        Durable and visible to every later read of every process when it returns. The revision
        rises by at least one; a transaction that changes nothing leaves it as it is. Raises
        `CompareFailedError` when a key was not as expected, `InvalidTransactionError` and
        `LimitExceededError` before anything is written, `StoreFullError` when there is no room.
        After `StoreUnavailableError` it may have happened.
        """

    def put_blobs(self, blobs: Mapping[Digest, bytes]) -> None:
        """Store blobs under their digests; one that exists is stamped anew, and repaired.

        Raises `InvalidTransactionError` when bytes do not hash to their digest, else as `commit`.
        """

    def get_blob(self, digest: Digest) -> bytes:
        """The uncompressed bytes of a blob, checked against its digest.

        Raises `BlobNotFoundError` and `CorruptBlobError`.
        """

    def get_blobs(self, digests: Collection[Digest]) -> Mapping[Digest, bytes]:
        """The bytes of every digest asked for, any number of them; raises as `get_blob`."""

    def blob_index(
        self, *, older_than: int, after: Digest | None = None, limit: int = 1000
    ) -> tuple[BlobStamp, ...]:
        """Stamps of blobs last put before the instant `older_than`, in digest order."""

    def delete_blobs(self, stamps: Collection[BlobStamp]) -> int:
        """Delete blobs that still carry these stamps and return how many did.

        A blob put again since its stamp was read stays, so a commit that re-uses a blob is never
        robbed of it.
        """

    def watch(self, prefix: str, after_revision: int) -> Watch:
        """Watch the keys under a prefix from the first revision after `after_revision` on.

        Raises `CompactedError` when some of those events are gone and `FutureRevisionError` when
        the store is not that far.
        """

    def close(self) -> None:
        """Close all watches, then the store. Closing twice is harmless."""
