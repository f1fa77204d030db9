"""A copy of the part of a store that the agents of some namespaces need; reads like a store.

Keys come from the upstream's stream and are read from here alone, so an upstream that is away is no
news for anybody. Blobs, and records of revisions, are fetched when they are first read. What
agents acknowledged is handed on; nothing else can be written through a relay.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Final, Protocol

from configsvc.relay.disk import BlobCache
from configsvc.relay.upstream import Upstream, UpstreamError
from configsvc.store import (
    MAX_OPERATIONS,
    BlobNotFoundError,
    BlobStamp,
    CorruptBlobError,
    Digest,
    Entry,
    Reading,
    Store,
    StoreUnavailableError,
    Transaction,
    Watch,
    decode_head,
    layout,
)

_NOT_FOUND: Final = 404


class LocalStore(Store, Protocol):
    """Where the copied keys are: a store in memory."""


class Copy:
    """See `Store`.

    Args:
        local: an empty store for the keys.
        upstream: where the rest is.
        blobs: those fetched before.
        entries: keys copied by an earlier process.
    """

    def __init__(
        self, local: LocalStore, upstream: Upstream, blobs: BlobCache, entries: Mapping[str, str]
    ) -> None:
        self._local = local
        self._upstream = upstream
        self._blobs = blobs
        self._mirrored: dict[str, str] = {}
        self.take("state", entries)

    # ── the copy ─────────────────────────────────────────────────────────────────────────────

    @property
    def entries(self) -> Mapping[str, str]:
        """The keys as they were copied last."""
        return self._mirrored

    def take(self, kind: str, entries: Mapping[str, str | None]) -> bool:
        """Take over what the upstream tells; True if anything differs. Called by one thread.

        ``state`` is everything: what is missing in it is gone.
        """
        news: dict[str, str | None] = dict(entries)
        if kind == "state":
            news |= dict.fromkeys(self._mirrored.keys() - entries.keys())
        changed = {k: v for k, v in news.items() if v != self._mirrored.get(k)}
        self._forget_former_lineage(changed)
        for part in _parts(changed):
            self._local.commit(
                Transaction(
                    puts=tuple((key, text.encode()) for key, text in part if text is not None),
                    deletes=tuple(key for key, text in part if text is None),
                )
            )
        kept = {**self._mirrored, **changed}
        self._mirrored = {key: text for key, text in kept.items() if text is not None}
        return bool(changed)

    def _forget_former_lineage(self, changed: Mapping[str, str | None]) -> None:
        """After a restore revisions have the numbers of others that were lost."""
        for key, text in changed.items():
            place, former = layout.place(key), self._mirrored.get(key)
            if place is None or place.part != "head" or text is None or former is None:
                continue
            if _epoch(key, text) != _epoch(key, former):
                old = [e.key for e in self._local.range(layout.revisions(place.namespace)).entries]
                for part in _parts(dict.fromkeys(old)):
                    self._local.commit(Transaction(deletes=tuple(key for key, _ in part)))

    # ── Store ────────────────────────────────────────────────────────────────────────────────

    def revision(self) -> int:
        """See `Store`: that of the copy."""
        return self._local.revision()

    def get(self, key: str) -> Entry | None:
        """See `Store`."""
        return self._local.get(key) or self._fetched(key)

    def get_many(self, keys: Collection[str]) -> Reading:
        """See `Store`."""
        known = {entry.key for entry in self._local.get_many(keys).entries}
        for key in keys:
            if key not in known:
                self._fetched(key)
        return self._local.get_many(keys)

    def range(
        self,
        prefix: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Reading:
        """See `Store`."""
        return self._local.range(prefix, after=after, limit=limit, reverse=reverse)

    def commit(self, transaction: Transaction) -> int:
        """See `Store`: acknowledgements go to the upstream, and nothing else can be written."""
        places = [layout.place(key) for key, _ in transaction.puts]
        if transaction.deletes or any(place is None or place.part != "ack" for place in places):
            raise StoreUnavailableError(
                "writing through a relay", "relays pass on acknowledgements alone: ask a node"
            )
        counts = [
            {**json.loads(value), "process": place.rest[-1]}
            for place, (_, value) in zip(places, transaction.puts, strict=True)
            if place is not None
        ]
        try:
            self._upstream.acks(counts)
        except UpstreamError as error:
            raise StoreUnavailableError("handing acknowledgements on", str(error)) from error
        return self._local.revision()

    def put_blobs(self, blobs: Mapping[Digest, bytes]) -> None:
        """See `Store`: not through a relay."""
        raise StoreUnavailableError("writing through a relay", "ask a node")

    def get_blob(self, digest: Digest) -> bytes:
        """See `Store`."""
        data = self._blobs.get(digest)
        if data is not None:
            return data
        try:
            data = self._upstream.blob(digest)
        except UpstreamError as error:
            if error.status == _NOT_FOUND:
                raise BlobNotFoundError(digest) from error
            raise StoreUnavailableError("fetching a blob", str(error)) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise CorruptBlobError(digest, "the upstream sent other bytes")
        self._blobs.put(digest, data)
        return data

    def get_blobs(self, digests: Collection[Digest]) -> Mapping[Digest, bytes]:
        """See `Store`."""
        return {digest: self.get_blob(digest) for digest in digests}

    def blob_index(
        self, *, older_than: int, after: Digest | None = None, limit: int = 1000
    ) -> tuple[BlobStamp, ...]:
        """See `Store`: a relay collects by itself what it keeps."""
        return ()

    def delete_blobs(self, stamps: Collection[BlobStamp]) -> int:
        """See `Store`."""
        return 0

    def watch(self, prefix: str, after_revision: int) -> Watch:
        """See `Store`."""
        return self._local.watch(prefix, after_revision)

    def close(self) -> None:
        """See `Store`."""
        self._upstream.close()
        self._local.close()

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _fetched(self, key: str) -> Entry | None:
        """The record of a revision, which never changes; None for everything else and if away."""
        place = layout.place(key)
        if place is None or place.part != "rev":
            return None
        try:
            value = self._upstream.revision(place.namespace, layout.number(place.rest[0]))
        except UpstreamError:
            return None
        self._local.commit(Transaction(puts=((key, value),)))
        return self._local.get(key)


def _epoch(key: str, head: str) -> str:
    return decode_head(key, head.encode(), 0).epoch


def _parts(news: Mapping[str, str | None]) -> Iterator[list[tuple[str, str | None]]]:
    """Parts that fit into a transaction each: a head has few hundred bytes, the rest less."""
    items = iter(news.items())
    while part := list(islice(items, MAX_OPERATIONS)):
        yield part
