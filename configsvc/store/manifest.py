"""Manifests: immutable tables from a key to a blob's digest, as blobs that share what is equal.

A manifest is a root blob that names up to 256 buckets; a key lies in the bucket that the first
byte of its SHA-256 numbers. An edit writes the touched buckets and a new root; two manifests are
compared by reading only the buckets that differ. Equal tables have equal bytes, whatever edits led
to them.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias, cast

from configsvc.store._admission import digest_of
from configsvc.store._json import decode_object, encode
from configsvc.store._lru import WeightedLru
from configsvc.store.api import Digest, Store
from configsvc.store.errors import CorruptRecordError

CACHED_ITEMS: Final = 200_000
"""Parsed items of buckets kept in memory by one `ManifestReader` (about 50 MB at most)."""

CACHED_MANIFESTS: Final = 256
"""Manifests kept in memory beside them, without their buckets (about 8 MB at most)."""


class Item(NamedTuple):
    """What a manifest says of a key: the digest, and the revision at which it last changed."""

    digest: Digest
    revision: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A key whose digest differs between two manifests; None where the key is absent."""

    key: str
    before: Digest | None
    after: Digest | None


_Bucket: TypeAlias = Mapping[str, Item]


class ManifestReader:
    """Loads manifests from a store and keeps the buckets used last, parsed."""

    def __init__(self, store: Store, cached_items: int = CACHED_ITEMS) -> None:
        self._store = store
        self._cache = WeightedLru[Digest, _Bucket](cached_items, lambda bucket: len(bucket) + 1)
        self._manifests = WeightedLru[Digest, Manifest](CACHED_MANIFESTS, lambda _: 1)

    def empty(self) -> "Manifest":
        """Return the manifest without keys."""
        return Manifest(self, {}, 0)

    def load(self, digest: Digest) -> "Manifest":
        """Return the manifest whose root blob has this digest; its buckets are read when needed.

        Raises `BlobNotFoundError`, `CorruptBlobError` and `CorruptRecordError`.
        """
        known = self._manifests.get(digest)
        if known is not None:
            return known
        manifest = Manifest(self, *_parse_root(digest, self._store.get_blob(digest)))
        self._manifests.put(digest, manifest)
        return manifest

    def tables(
        self, buckets: Mapping[str, Digest], numbers: AbstractSet[str]
    ) -> dict[str, _Bucket]:
        """Return the parsed buckets of these numbers; a number without a bucket is empty."""
        tables: dict[str, _Bucket] = {number: {} for number in numbers}
        missing: dict[Digest, str] = {}
        for number in numbers & buckets.keys():
            bucket = self._cache.get(buckets[number])
            if bucket is None:
                missing[buckets[number]] = number
            else:
                tables[number] = bucket
        loaded = self._store.get_blobs(missing) if missing else {}
        for digest, data in loaded.items():
            tables[missing[digest]] = _parse(digest, data)
            self._cache.put(digest, tables[missing[digest]])
        return tables

    def remember(self, manifest: "Manifest", buckets: Mapping[Digest, _Bucket]) -> None:
        """Keep what an edit is about to write, so that the next reader need not parse it."""
        self._manifests.put(manifest.digest, manifest)
        for digest, bucket in buckets.items():
            self._cache.put(digest, bucket)


class Manifest:
    """One immutable table from keys to items.

    Get one from a `ManifestReader`. Reading raises what loading a blob raises.
    """

    __slots__ = ("_buckets", "_count", "_digest", "_reader", "_root")

    def __init__(self, reader: ManifestReader, buckets: Mapping[str, Digest], count: int) -> None:
        self._reader = reader
        self._buckets = buckets
        self._count = count
        self._root = encode({"buckets": dict(buckets), "count": count})
        self._digest = digest_of(self._root)

    @property
    def digest(self) -> Digest:
        """The digest of the root blob."""
        return self._digest

    @property
    def root(self) -> bytes:
        """The bytes of the root blob."""
        return self._root

    @property
    def buckets(self) -> Mapping[str, Digest]:
        """The digests of the bucket blobs, by the number of the bucket; empty ones are left out."""
        return self._buckets

    def __len__(self) -> int:
        return self._count

    def get(self, key: str) -> Item | None:
        """Return the item of a key, None when it is absent."""
        return self.get_many((key,)).get(key)

    def get_many(self, keys: Collection[str]) -> dict[str, Item]:
        """Return the items of those keys that are present."""
        numbers = {key: _bucket_number(key) for key in keys}
        tables = self._reader.tables(self._buckets, set(numbers.values()))
        return {
            key: tables[number][key] for key, number in numbers.items() if key in tables[number]
        }

    def items(self) -> Iterator[tuple[str, Item]]:
        """Yield all keys with their items, in key order."""
        tables = self._reader.tables(self._buckets, self._buckets.keys())
        return iter(sorted(pair for table in tables.values() for pair in table.items()))

    def references(self, known: AbstractSet[Digest]) -> Iterator[Digest]:
        """Yield every digest the manifest is made of, its own first.

        Of a bucket in `known` neither the bucket nor what it names is yielded or read.
        """
        yield self._digest
        numbers = {number for number, digest in self._buckets.items() if digest not in known}
        for number, table in self._reader.tables(self._buckets, numbers).items():
            yield self._buckets[number]
            yield from (item.digest for item in table.values())

    def edit(
        self,
        puts: Mapping[str, Digest],
        deletes: Collection[str],
        revision: int,
        *,
        restamp: Collection[str] = (),
    ) -> "Edit":
        """Return the manifest after the puts and deletes, made at `revision`.

        A key put with the digest it has, or deleted where it is absent, does not change. A key of
        `restamp` gets the revision although it keeps its digest; one that is absent stays absent.
        """
        touched = {_bucket_number(key) for key in (*puts, *deletes, *restamp)}
        before = self._reader.tables(self._buckets, touched)
        after = {number: dict(table) for number, table in before.items()}
        stamped = [key for key in restamp if _restamp(after, key, revision)]
        changed = [key for key, digest in puts.items() if _set(after, key, digest, revision)]
        removed = [key for key in deletes if after[_bucket_number(key)].pop(key, None)]
        return self._rewritten(before, after, frozenset((*stamped, *changed, *removed)))

    def differences(self, later: "Manifest", *, restamped: bool = False) -> tuple[Difference, ...]:
        """Return the keys whose digest differs, in key order; reads only unequal buckets.

        With `restamped` also those that were given another revision alone.
        """
        numbers = self._buckets.keys() | later.buckets.keys()
        unequal = {n for n in numbers if self._buckets.get(n) != later.buckets.get(n)}
        old = self._reader.tables(self._buckets, unequal)
        new = self._reader.tables(later.buckets, unequal)
        found = (
            Difference(key, _digest(old[number], key), _digest(new[number], key))
            for number in unequal
            for key in old[number].keys() | new[number].keys()
        )
        kept = (d for d in found if d.before != d.after or (restamped and _stamped(d, old, new)))
        return tuple(sorted(kept, key=lambda d: d.key))

    def _rewritten(
        self, before: Mapping[str, _Bucket], after: Mapping[str, _Bucket], changed: frozenset[str]
    ) -> "Edit":
        buckets = dict(self._buckets)
        written: dict[Digest, _Bucket] = {}
        blobs: dict[Digest, bytes] = {}
        for number in {_bucket_number(key) for key in changed}:
            buckets.pop(number, None)
            if after[number]:
                data = encode({key: tuple(item) for key, item in after[number].items()})
                digest = buckets[number] = digest_of(data)
                blobs[digest], written[digest] = data, after[number]
        grown = sum(map(len, after.values())) - sum(map(len, before.values()))
        manifest = Manifest(self._reader, buckets, self._count + grown)
        self._reader.remember(manifest, written)
        return Edit(manifest, {**blobs, manifest.digest: manifest.root}, changed)


@dataclass(frozen=True, slots=True)
class Edit:
    """An edited manifest, to be read once its `blobs` are put, and the keys that changed."""

    manifest: Manifest
    blobs: Mapping[Digest, bytes]
    changed: frozenset[str]


def _bucket_number(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:2]


def _set(tables: Mapping[str, dict[str, Item]], key: str, digest: Digest, revision: int) -> bool:
    """Put one key; False when it has that digest already and keeps its revision."""
    table = tables[_bucket_number(key)]
    if _digest(table, key) == digest:
        return False
    table[key] = Item(digest, revision)
    return True


def _restamp(tables: Mapping[str, dict[str, Item]], key: str, revision: int) -> bool:
    table = tables[_bucket_number(key)]
    digest = _digest(table, key)
    if digest is None:
        return False
    table[key] = Item(digest, revision)
    return True


def _stamped(each: Difference, old: Mapping[str, _Bucket], new: Mapping[str, _Bucket]) -> bool:
    number = _bucket_number(each.key)
    return old[number].get(each.key) != new[number].get(each.key)


def _digest(bucket: _Bucket, key: str) -> Digest | None:
    item = bucket.get(key)
    return item.digest if item else None


def _parse_root(digest: Digest, data: bytes) -> tuple[dict[str, Digest], int]:
    root = decode_object(data, f"blob {digest}")
    try:
        return cast("dict[str, Digest]", root["buckets"]), cast("int", root["count"])
    except KeyError as error:
        raise CorruptRecordError(
            f"blob {digest}", f"it is no manifest, {error} is missing"
        ) from error


def _parse(digest: Digest, data: bytes) -> _Bucket:
    table = cast("dict[str, tuple[Digest, int]]", decode_object(data, f"blob {digest}"))
    return {key: Item(*pair) for key, pair in table.items()}
