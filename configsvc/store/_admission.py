"""What is refused before a backend sees it, and how blobs are packed: the same on every backend."""

import hashlib
import re
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from configsvc.store.api import (
    MAX_BLOB_BYTES,
    MAX_KEY_BYTES,
    MAX_OPERATIONS,
    MAX_STORED_BLOB_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_VALUE_BYTES,
    Digest,
    Transaction,
)
from configsvc.store.errors import CorruptBlobError, InvalidTransactionError, LimitExceededError

_LEVEL: Final = 1
"""zlib's fastest: digests, which fill manifests, hardly shrink further at a higher one."""

_UNUSABLE: Final = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PackedBlob:
    """A blob as it lies in a backend."""

    digest: Digest
    data: bytes


def digest_of(data: bytes) -> Digest:
    """Return the digest under which `data` is stored."""
    return hashlib.sha256(data).hexdigest()


def pack(blobs: Mapping[Digest, bytes]) -> tuple[PackedBlob, ...]:
    """Compress blobs; refuse what is too long or does not hash to its digest."""
    return tuple(_pack(digest, data) for digest, data in blobs.items())


def unpack(digest: Digest, data: bytes) -> bytes:
    """Restore the bytes of a blob; raise `CorruptBlobError` unless they hash to its digest."""
    try:
        inflater = zlib.decompressobj()
        plain = inflater.decompress(data, MAX_BLOB_BYTES)
    except zlib.error as error:
        raise CorruptBlobError(digest, f"it does not decompress ({error})") from error
    seen = digest_of(plain)
    if seen != digest:
        raise CorruptBlobError(digest, f"its bytes hash to {seen}")
    return plain


def admit(transaction: Transaction) -> tuple[PackedBlob, ...]:
    """Check a transaction against every limit and return its blobs, packed."""
    written = (*(key for key, _ in transaction.puts), *transaction.deletes)
    operations = len(transaction.compares) + len(written)
    _limit("the transaction", MAX_OPERATIONS, operations, "operations")
    admit_keys((*written, *(compare.key for compare in transaction.compares)))
    _refuse_duplicates(written)
    for key, value in transaction.puts:
        _limit(f"the value of key {key!r}", MAX_VALUE_BYTES, len(value), "bytes")
    size = sum(len(value) for _, value in transaction.puts) + sum(map(len, written))
    _limit("the transaction", MAX_TRANSACTION_BYTES, size, "bytes")
    return pack(transaction.blobs)


def admit_keys(keys: Iterable[str]) -> None:
    """Refuse keys that some backend cannot hold."""
    for key in keys:
        _limit(f"key {key[:80]!r}", MAX_KEY_BYTES, len(key.encode(errors="replace")), "bytes")
        if _UNUSABLE.search(key) or not key:
            raise InvalidTransactionError(
                f"key {key!r} is empty or holds a NUL or half a surrogate: use printable text"
            )


def admit_lookup(keys: Collection[str]) -> None:
    """Refuse to look up more keys at once than every backend can."""
    _limit("the lookup", MAX_OPERATIONS, len(keys), "keys")


def _pack(digest: Digest, data: bytes) -> PackedBlob:
    _limit(f"blob {digest}", MAX_BLOB_BYTES, len(data), "bytes")
    seen = digest_of(data)
    if seen != digest:
        raise InvalidTransactionError(
            f"blob {digest!r} does not hash to its digest but to {seen!r}: name it by the "
            "SHA-256 of its bytes"
        )
    packed = zlib.compress(data, _LEVEL)
    _limit(f"blob {digest}", MAX_STORED_BLOB_BYTES, len(packed), "bytes after compression")
    return PackedBlob(digest, packed)


def _refuse_duplicates(keys: Collection[str]) -> None:
    if len(set(keys)) == len(keys):
        return
    twice = next(key for key in keys if list(keys).count(key) > 1)
    raise InvalidTransactionError(f"key {twice!r} is written twice in one transaction: keep one")


def _limit(what: str, limit: int, seen: int, unit: str) -> None:
    if seen > limit:
        raise LimitExceededError(what, limit, seen, unit)
