"""The store on an etcd cluster, shared by the processes of any number of nodes.

Reads are linearizable: they see everything that was acknowledged before, by whichever node. The
revision is etcd's own, so it also rises with what others write there, and with blobs.

Lock order: none is held while another is taken.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, Final
from weakref import WeakSet

from configsvc.store._admission import PackedBlob, admit, admit_lookup, pack, unpack
from configsvc.store.api import BlobStamp, Clock, Digest, Entry, Reading, Transaction
from configsvc.store.errors import BlobNotFoundError
from configsvc.store.etcd import _messages as messages
from configsvc.store.etcd._address import EtcdAddress, EtcdSecurity
from configsvc.store.etcd._connection import TIMEOUT, Connection, Member
from configsvc.store.etcd._faults import GoneError
from configsvc.store.etcd._keys import Keys
from configsvc.store.etcd._lease import LeasedEntry
from configsvc.store.etcd._watch import EtcdWatch

_PLAIN: Final = EtcdSecurity()

_BLOBS_READ: Final = 32
"""Blobs asked for at once: 16 MiB at most."""

_DELETED: Final = 60
"""Blobs deleted at once; each takes two of the 128 operations that etcd allows."""

_STAMPS_READ: Final = 1_000


class EtcdStore:
    """A `Store` in the etcd at `address`; connecting happens with the first use.

    Args:
        address: the members, and the root under which everything lies.
        clock: stamps blobs.
        security: what to show to etcd, and what etcd must show.
        timeout: seconds within which an operation succeeds or raises `StoreUnavailableError`.
    """

    def __init__(
        self,
        address: EtcdAddress,
        clock: Clock,
        security: EtcdSecurity = _PLAIN,
        *,
        timeout: float = TIMEOUT,
    ) -> None:
        self._connection = Connection(address, security, timeout)
        self._keys = Keys(address.root)
        self._clock = clock
        self._watches: WeakSet[EtcdWatch] = WeakSet()
        self._watching = threading.Lock()

    def revision(self) -> int:
        """See `Store.revision`."""
        answer = self._read(_range, messages.get(self._keys.anchor), "reading the revision")
        return int(answer.header.revision)

    def get(self, key: str) -> Entry | None:
        """See `Store.get`."""
        answer = self._read(_range, messages.get(self._keys.key(key)), f"reading {key!r}")
        return next(messages.entries(self._keys, [answer]), None)

    def get_many(self, keys: Collection[str]) -> Reading:
        """See `Store.get_many`."""
        admit_lookup(keys)
        wanted = sorted({self._keys.key(key) for key in keys})
        return self._reading(map(messages.get, wanted), "reading keys")

    def range(
        self,
        prefix: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Reading:
        """See `Store.range`."""
        spans = () if limit == 0 else self._keys.spans(prefix, after, reverse=reverse)
        ranges = (messages.get_span(span, limit, reverse=reverse) for span in spans)
        reading = self._reading(ranges, f"reading under {prefix!r}")
        return Reading(reading.revision, reading.entries[:limit])

    def commit(self, transaction: Transaction) -> int:
        """See `Store.commit`."""
        batches = list(messages.in_batches(admit(transaction)))
        small = len(batches) == 1 and _fits(transaction, batches[0])
        for batch in () if small else batches:
            self._put_blobs(batch)
        beside = batches[0] if small else ()
        request = messages.commit(self._keys, transaction, beside, self._clock())
        answer = self._connection.write(_txn, request, "writing")
        if not answer.succeeded:
            raise messages.refusal(transaction, answer)
        return int(answer.header.revision)

    def put_blobs(self, blobs: Mapping[Digest, bytes]) -> None:
        """See `Store.put_blobs`."""
        for batch in messages.in_batches(pack(blobs)):
            self._put_blobs(batch)

    def get_blob(self, digest: Digest) -> bytes:
        """See `Store.get_blob`."""
        return self.get_blobs((digest,))[digest]

    def get_blobs(self, digests: Collection[Digest]) -> Mapping[Digest, bytes]:
        """See `Store.get_blobs`."""
        remaining = iter(dict.fromkeys(digests))
        found: dict[Digest, bytes] = {}
        while page := tuple(islice(remaining, _BLOBS_READ)):
            found.update(self._blobs(page))
        return found

    def blob_index(
        self, *, older_than: int, after: Digest | None = None, limit: int = 1000
    ) -> tuple[BlobStamp, ...]:
        """See `Store.blob_index`."""
        old = (stamp for stamp in self._stamps(after) if stamp.stored_at < older_than)
        return tuple(islice(old, limit))

    def delete_blobs(self, stamps: Collection[BlobStamp]) -> int:
        """See `Store.delete_blobs`."""
        remaining = iter(stamps)
        deleted = 0
        while page := tuple(islice(remaining, _DELETED)):
            request = messages.delete_blobs(self._keys, ((s.digest, s.stamp) for s in page))
            answer = self._connection.write(_txn, request, "deleting blobs")
            deleted += sum(each.response_txn.succeeded for each in answer.responses)
        return deleted

    def watch(self, prefix: str, after_revision: int) -> EtcdWatch:
        """See `Store.watch`."""
        watch = EtcdWatch(self._connection, self._keys, prefix, after_revision)
        with self._watching:
            self._watches.add(watch)
        return watch

    def lease(self, key: str, value: Callable[[], bytes], seconds: int) -> LeasedEntry:
        """Return an entry that lives as long as this process keeps it; `start` puts it."""
        return LeasedEntry(self._connection, self._keys.key(key), value, seconds)

    def eldest(self, prefix: str) -> str | None:
        """Return the key under a prefix that has existed longest, None if there is none."""
        span = self._keys.whole(prefix)
        answer = self._read(_range, messages.get_eldest(span), f"reading under {prefix!r}")
        return self._keys.name(answer.kvs[0].key) if answer.kvs else None

    def compact(self, revision: int) -> None:
        """Let etcd forget what was overwritten up to a revision; once more is harmless."""
        with suppress(GoneError):
            request = messages.compact(revision)
            self._connection.write(_compact, request, "compacting")

    def close(self) -> None:
        """See `Store.close`."""
        if self._connection.inherited:
            return
        with self._watching:
            watches = tuple(self._watches)
        for watch in watches:
            watch.close()
        self._connection.close()
        for watch in watches:
            watch.join()

    def _put_blobs(self, batch: Collection[PackedBlob]) -> None:
        """Put blobs: whether it happened once or twice makes no difference."""
        request = messages.put_blobs(self._keys, batch, self._clock())
        self._read(_txn, request, "storing blobs")

    def _blobs(self, digests: tuple[Digest, ...]) -> Iterator[tuple[Digest, bytes]]:
        request = messages.together(messages.get(self._keys.blob(each)) for each in digests)
        answer = self._read(_txn, request, "reading blobs")
        for digest, each in zip(digests, answer.responses, strict=True):
            if not each.response_range.kvs:
                raise BlobNotFoundError(digest)
            yield digest, unpack(digest, each.response_range.kvs[0].value)

    def _stamps(self, after: Digest | None) -> Iterator[BlobStamp]:
        while True:
            request = messages.get_span(self._keys.stamps_after(after), _STAMPS_READ, reverse=False)
            page = self._read(_range, request, "listing blobs").kvs
            for each in page:
                after = self._keys.name(each.key).rpartition("/")[2]
                stored_at, size = messages.read_stamp(each.value)
                yield BlobStamp(after, stored_at, each.mod_revision, size)
            if len(page) < _STAMPS_READ:
                return

    def _reading(self, ranges: Iterator[messages.Message], doing: str) -> Reading:
        answer = self._read(_txn, messages.together(ranges), doing)
        answers = (each.response_range for each in answer.responses)
        found = tuple(messages.entries(self._keys, answers))
        return Reading(int(answer.header.revision), found)

    def _read(self, method: Any, request: object, doing: str) -> Any:  # noqa: ANN401 messages
        return self._connection.read(method, request, doing)


def _fits(transaction: Transaction, blobs: Collection[PackedBlob]) -> bool:
    """Whether blobs may travel with the keys: one flush of etcd's disk instead of two."""
    size = sum(len(value) for _, value in transaction.puts) + sum(len(b.data) for b in blobs)
    return size <= messages.MAX_BLOB_BYTES


def _range(member: Member) -> Any:  # noqa: ANN401 grpc has no type information
    return member.kv.Range


def _txn(member: Member) -> Any:  # noqa: ANN401 grpc has no type information
    return member.kv.Txn


def _compact(member: Member) -> Any:  # noqa: ANN401 grpc has no type information
    return member.kv.Compact
