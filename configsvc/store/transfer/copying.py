"""From one store into an empty one, or an empty place of one: digests and revisions stay.

Heads are written last and together with the end of the marker, so that nobody sees a copy before
it is whole. One that was cut short is done again over what it left.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from configsvc.errors import InputError, OperationError
from configsvc.store import layout
from configsvc.store._json import decode_object, encode
from configsvc.store.api import (
    ABSENT,
    MAX_OPERATIONS,
    Compare,
    Digest,
    Entry,
    Store,
    Transaction,
)
from configsvc.store.changes import Head, encode_head
from configsvc.store.transfer.needed import heads, needed

_PASSING: Final = ("turn", "ack")
"""Parts of a namespace that mean nothing elsewhere: who publishes next, and what agents said."""

_BATCH_BYTES: Final = 1 << 20
_BLOBS: Final = 32
_ATTEMPTS: Final = 5


class NothingToCopyError(InputError):
    """The source has no such namespace, or nothing at all."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is nothing to copy: the source has {what}")


class TargetNotEmptyError(OperationError):
    """Something is where the copy should go."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the target is not empty, it has {key!r}: name an empty store, or remove what is "
            "there; nothing was written"
        )


class UnsettledSourceError(OperationError):
    """The source is written to faster than it can be copied."""

    def __init__(self) -> None:
        super().__init__(
            f"the source changed during each of {_ATTEMPTS} copies: stop its nodes and try again"
        )


@dataclass(frozen=True, slots=True)
class Copy:
    """What is copied: keys as they stood together, and the blobs that they need.

    `namespace` is the only one that it has, None for all and everything beside them. `blobs`
    yields them in groups that fit into memory, anew for each call.
    """

    entries: tuple[Entry, ...]
    namespace: str | None
    blobs: Callable[[], Iterator[Mapping[Digest, bytes]]]

    @property
    def heads(self) -> tuple[Head, ...]:
        """The head of each namespace."""
        return heads(self.entries)


@dataclass(frozen=True, slots=True)
class Copied:
    """What was written."""

    namespaces: tuple[str, ...]
    keys: int
    blobs: int


def read_copy(store: Store, namespace: str | None = None) -> Copy:
    """Take a consistent copy of a store, or of one namespace, while others write to it.

    Keys are read at one revision, and blobs never change. Raises `NothingToCopyError`, and what
    reading raises.
    """
    prefix = layout.ROOT if namespace is None else layout.namespace(namespace)
    entries = tuple(entry for entry in store.range(prefix).entries if _is_kept(entry.key))
    if not heads(entries):
        what = "no namespace" if namespace is None else f"no namespace {namespace!r}"
        raise NothingToCopyError(what)

    def blobs() -> Iterator[Mapping[Digest, bytes]]:
        remaining = iter(sorted(needed(store, entries)))
        while page := tuple(islice(remaining, _BLOBS)):
            yield store.get_blobs(page)

    return Copy(entries, namespace, blobs)


def migrate(source: Store, target: Store, namespace: str | None = None) -> Copied:
    """Copy into an empty target, and again what is written meanwhile; epochs stay.

    Raises `NothingToCopyError`, `TargetNotEmptyError`, `UnsettledSourceError`, and what the stores
    raise; a later call then finishes.
    """
    copy = read_copy(source, namespace)
    _prepare(copy, target)
    for _ in range(_ATTEMPTS):
        blobs = _fill(copy, target)
        newer = read_copy(source, namespace)
        if newer.heads == copy.heads:
            return _finish(copy, target, blobs)
        copy = newer
    raise UnsettledSourceError


def pour(copy: Copy, target: Store, epoch: Callable[[], str]) -> Copied:
    """Write a copy that is older than what agents may hold into an empty target.

    Every namespace gets a new `epoch`, by which nodes and agents know. Raises as `migrate`.
    """
    _prepare(copy, target)
    return _finish(copy, target, _fill(copy, target), epoch)


def _prepare(copy: Copy, target: Store) -> None:
    """Refuse a target that is not empty, unless the same copy was begun there; mark it."""
    lineage = {head.namespace: head.epoch for head in copy.heads}
    marker = target.get(layout.TRANSFER)
    if marker is not None:
        if decode_object(marker.value, layout.TRANSFER) != lineage:
            raise TargetNotEmptyError(layout.TRANSFER)
        return
    prefix = layout.ROOT if copy.namespace is None else layout.namespace(copy.namespace)
    there = next((e.key for e in target.range(prefix, limit=1).entries), None)
    if there is not None:
        raise TargetNotEmptyError(there)
    target.commit(
        Transaction((Compare(layout.TRANSFER, ABSENT),), ((layout.TRANSFER, encode(lineage)),))
    )


def _fill(copy: Copy, target: Store) -> int:
    """Write everything but the heads; return how many blobs there were."""
    count = 0
    for blobs in copy.blobs():
        target.put_blobs(blobs)
        count += len(blobs)
    names = {layout.head(head.namespace) for head in copy.heads}
    puts = ((entry.key, entry.value) for entry in copy.entries if entry.key not in names)
    for batch in _batches(puts):
        target.commit(Transaction(puts=batch))
    return count


def _finish(
    copy: Copy, target: Store, blobs: int, epoch: Callable[[], str] | None = None
) -> Copied:
    """Write the heads, by which everything becomes visible, and take the marker away."""
    new = [replace(head, epoch=epoch()) if epoch else head for head in copy.heads]
    batches = list(_batches((layout.head(head.namespace), encode_head(head)) for head in new))
    for batch in batches[:-1]:
        target.commit(Transaction(puts=batch))
    target.commit(Transaction(puts=batches[-1], deletes=(layout.TRANSFER,)))
    return Copied(tuple(head.namespace for head in new), len(copy.entries), blobs)


def _batches(
    puts: Iterator[tuple[str, bytes]],
) -> Iterator[tuple[tuple[str, bytes], ...]]:
    """Yield puts in groups that fit into one transaction each, with room for one delete."""
    batch: list[tuple[str, bytes]] = []
    size = 0
    for key, value in puts:
        length = len(key) + len(value)
        if batch and (len(batch) == MAX_OPERATIONS - 1 or size + length > _BATCH_BYTES):
            yield tuple(batch)
            batch, size = [], 0
        batch.append((key, value))
        size += length
    if batch:
        yield tuple(batch)


def _is_kept(key: str) -> bool:
    place = layout.place(key)
    if place is not None:
        return place.part not in _PASSING
    return key.startswith(layout.TOKENS)
