"""A memo that outlives the catalog it was made for, without growing for ever."""

from typing import Generic, Self, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Results by key in two generations.

    Keys are made of immutable parts that compare by identity, so a result stays true in every
    later catalog that has the same parts. What is not asked for between two turns is forgotten.
    Threads may share a memo: at worst they compute one result twice.
    """

    __slots__ = ("_old", "_young")

    def __init__(self, old: dict[K, V] | None = None) -> None:
        self._old: dict[K, V] = {} if old is None else old
        self._young: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The result, or None."""
        found = self._young.get(key)
        if found is None and self._old:
            found = self._old.get(key)
            if found is not None:
                self._young[key] = found
        return found

    def put(self, key: K, value: V) -> V:
        """Keep a result and return it."""
        self._young[key] = value
        return value

    def heir(self, limit: int) -> Self:
        """The memo for a derived catalog: this one, or a new turn once it holds over ``limit``."""
        return self if len(self._young) <= limit else type(self)(self._young)
