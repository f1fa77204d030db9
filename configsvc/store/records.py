"""Records of one type: JSON objects under keys, read and written by compare-and-set.

Tokens, acknowledgements, instances, nodes and settings are kept this way; the room that owns the
type gives the two functions that turn it into JSON and back, `configsvc.store.layout` the keys.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from configsvc.store._json import Json, decode_object, encode
from configsvc.store.api import Compare, Entry, Store, Transaction
from configsvc.store.errors import CorruptRecordError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A record as it was read; `mod_revision` is what a compare-and-set expects."""

    key: str
    value: T
    mod_revision: int


class Records(Generic[T]):
    """Reads and writes records of one type. Raises what the store raises."""

    def __init__(
        self,
        store: Store,
        to_json: Callable[[T], Mapping[str, Json]],
        from_json: Callable[[Mapping[str, Json]], T],
    ) -> None:
        self._store = store
        self._to_json = to_json
        self._from_json = from_json

    def get(self, key: str) -> Kept[T] | None:
        """Return the record of a key, None when there is none."""
        entry = self._store.get(key)
        return self.read(entry) if entry else None

    def list(
        self,
        prefix: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> tuple[Kept[T], ...]:
        """Return records by prefix, in key order or its reverse, beginning after a key."""
        reading = self._store.range(prefix, after=after, limit=limit, reverse=reverse)
        return tuple(map(self.read, reading.entries))

    def put(self, key: str, value: T, *, expected: int | None = None) -> int:
        """Write a record and return its revision.

        With `expected`, only if the key is at that revision (`ABSENT`: does not exist), else
        `CompareFailedError`.
        """
        data = encode(self._to_json(value))
        return self._store.commit(Transaction(_compares(key, expected), puts=((key, data),)))

    def delete(self, key: str, *, expected: int | None = None) -> None:
        """Delete a record, on the same condition as `put`. One that is absent stays absent."""
        self._store.commit(Transaction(_compares(key, expected), deletes=(key,)))

    def read(self, entry: Entry) -> Kept[T]:
        """Decode an entry, also one from a watch; raise `CorruptRecordError` if it cannot be."""
        fields = decode_object(entry.value, entry.key)
        try:
            value = self._from_json(fields)
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptRecordError(entry.key, repr(error)) from error
        return Kept(entry.key, value, entry.mod_revision)


def _compares(key: str, expected: int | None) -> tuple[Compare, ...]:
    return () if expected is None else (Compare(key, expected),)
