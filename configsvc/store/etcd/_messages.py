"""Requests to etcd, and what its answers hold."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from etcd3 import etcdrpc

from configsvc.store._admission import PackedBlob
from configsvc.store.api import ABSENT, Entry, Transaction
from configsvc.store.errors import CompareFailedError
from configsvc.store.etcd._keys import Keys, Span

MAX_BLOBS: Final = 32
"""Blobs of one request; each takes two of the 128 operations that etcd allows."""

MAX_BLOB_BYTES: Final = 1 << 20
"""Bytes of blobs in one request, unless a single one is longer; etcd allows 1.5 MiB in all."""

_TIME_BYTES: Final = 8
_SIZE_BYTES: Final = 4

Message = Any
"""A message of etcd's protocol; they carry no types."""


def stamp_value(now: int, size: int) -> bytes:
    """Return what is kept beside a blob: the instant of its put, and its length."""
    return now.to_bytes(_TIME_BYTES, "big") + size.to_bytes(_SIZE_BYTES, "big")


def read_stamp(value: bytes) -> tuple[int, int]:
    """Return instant and length from what is kept beside a blob."""
    return int.from_bytes(value[:_TIME_BYTES], "big"), int.from_bytes(value[_TIME_BYTES:], "big")


def get(key: bytes, *, keys_only: bool = False) -> Message:
    """Read one key."""
    return etcdrpc.RangeRequest(key=key, keys_only=keys_only)


def get_past(key: bytes, revision: int) -> Message:
    """Ask whether a revision can still be read."""
    return etcdrpc.RangeRequest(key=key, revision=revision, keys_only=True)


def get_span(span: Span, limit: int | None, *, reverse: bool) -> Message:
    """Read a span in one direction; `limit` is not 0."""
    order = etcdrpc.RangeRequest.DESCEND if reverse else etcdrpc.RangeRequest.NONE
    return etcdrpc.RangeRequest(key=span[0], range_end=span[1], limit=limit or 0, sort_order=order)


def get_eldest(span: Span) -> Message:
    """Read the key of a span that was created first."""
    request = etcdrpc.RangeRequest
    return request(
        key=span[0],
        range_end=span[1],
        limit=1,
        keys_only=True,
        sort_target=request.CREATE,
        sort_order=request.ASCEND,
    )


def together(ranges: Iterable[Message]) -> Message:
    """Read several ranges at one revision."""
    return etcdrpc.TxnRequest(success=[etcdrpc.RequestOp(request_range=each) for each in ranges])


def put_blobs(keys: Keys, blobs: Iterable[PackedBlob], now: int) -> Message:
    """Put blobs and their stamps."""
    return etcdrpc.TxnRequest(success=list(_blob_puts(keys, blobs, now)))


def commit(keys: Keys, transaction: Transaction, blobs: Iterable[PackedBlob], now: int) -> Message:
    """Write a transaction; where a compare fails, read what stands in its way."""
    success = [
        *_blob_puts(keys, blobs, now),
        *(_put(keys.key(key), value) for key, value in transaction.puts),
        *(_delete(keys.key(key)) for key in transaction.deletes),
    ]
    failure = [
        etcdrpc.RequestOp(request_range=get(keys.key(each.key), keys_only=True))
        for each in transaction.compares
    ]
    compare = [_at(keys.key(each.key), each.mod_revision) for each in transaction.compares]
    return etcdrpc.TxnRequest(compare=compare, success=success, failure=failure)


def delete_blobs(keys: Keys, stamps: Iterable[tuple[str, int]]) -> Message:
    """Delete each blob that still carries its stamp, which is the revision of its last put."""
    return etcdrpc.TxnRequest(
        success=[
            etcdrpc.RequestOp(
                request_txn=etcdrpc.TxnRequest(
                    compare=[_at(keys.stamp(digest), revision)],
                    success=[_delete(keys.blob(digest)), _delete(keys.stamp(digest))],
                )
            )
            for digest, revision in stamps
        ]
    )


def watch(span: Span, first_revision: int) -> Message:
    """Watch a span from a revision on, with a bookmark now and then."""
    return etcdrpc.WatchRequest(
        create_request=etcdrpc.WatchCreateRequest(
            key=span[0],
            range_end=span[1],
            start_revision=first_revision,
            progress_notify=True,
        )
    )


def compact(revision: int) -> Message:
    """Forget what was overwritten up to a revision."""
    return etcdrpc.CompactionRequest(revision=revision)


def refusal(transaction: Transaction, answer: Message) -> CompareFailedError:
    """Return the error for the first compare that failed, from what stands in its way."""
    seen = [_revision(each.response_range) for each in answer.responses]
    for compare, revision in zip(transaction.compares, seen, strict=True):
        if revision != compare.mod_revision:
            return CompareFailedError(compare.key, compare.mod_revision, revision)
    raise AssertionError("etcd refused a transaction of which every compare holds")


def entries(keys: Keys, answers: Iterable[Message]) -> Iterator[Entry]:
    """Yield the entries of ranges, in their order."""
    for answer in answers:
        for each in answer.kvs:
            yield Entry(keys.name(each.key), each.value, each.mod_revision)


def in_batches(blobs: Collection[PackedBlob]) -> Iterator[list[PackedBlob]]:
    """Yield blobs in groups that fit into one request each."""
    batch: list[PackedBlob] = []
    size = 0
    for blob in blobs:
        if batch and (len(batch) == MAX_BLOBS or size + len(blob.data) > MAX_BLOB_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(blob)
        size += len(blob.data)
    if batch:
        yield batch


def _blob_puts(keys: Keys, blobs: Iterable[PackedBlob], now: int) -> Iterator[Message]:
    for blob in blobs:
        yield _put(keys.blob(blob.digest), blob.data)
        yield _put(keys.stamp(blob.digest), stamp_value(now, len(blob.data)))


def _put(key: bytes, value: bytes) -> Message:
    return etcdrpc.RequestOp(request_put=etcdrpc.PutRequest(key=key, value=value))


def _delete(key: bytes) -> Message:
    return etcdrpc.RequestOp(request_delete_range=etcdrpc.DeleteRangeRequest(key=key))


def _at(key: bytes, revision: int) -> Message:
    return etcdrpc.Compare(
        key=key,
        target=etcdrpc.Compare.MOD,
        result=etcdrpc.Compare.EQUAL,
        mod_revision=revision,
    )


def _revision(answer: Message) -> int:
    return int(answer.kvs[0].mod_revision) if answer.kvs else ABSENT
