"""The resources of a namespace by kind and name: immutable, and copied only where they change."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Self, TypeVar, cast

from configsvc.errors import InputError
from configsvc.model.names import Key, Kind
from configsvc.model.resources import Resource, Spec

SpecT = TypeVar("SpecT", bound=Spec)

Pair = tuple[Resource | None, Resource | None]
"""A resource before and after a change; None where there is none."""


class DuplicateResourceError(InputError):
    """One set of resources has two of one key."""

    def __init__(self, key: Key) -> None:
        self.key = key
        super().__init__(f"{key} is there twice: keep one resource of each kind and name")


class Specs(Mapping[str, SpecT], Generic[SpecT]):
    """The specs of one kind by name."""

    __slots__ = ("_resources",)

    def __init__(self, resources: dict[str, Resource]) -> None:
        self._resources = resources

    def __getitem__(self, name: str) -> SpecT:
        return cast("SpecT", self._resources[name].spec)

    def __iter__(self) -> Iterator[str]:
        return iter(self._resources)

    def __len__(self) -> int:
        return len(self._resources)

    def __contains__(self, name: object) -> bool:
        return name in self._resources


class Contents(Mapping[Key, Resource]):
    """Every resource of a namespace by its key."""

    __slots__ = ("_by_kind",)

    def __init__(self, by_kind: dict[Kind, dict[str, Resource]]) -> None:
        self._by_kind = by_kind

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> Self:
        """Index ``resources``.

        Raises:
            DuplicateResourceError: two resources have one kind and name.
        """
        by_kind: dict[Kind, dict[str, Resource]] = {kind: {} for kind in Kind}
        for resource in resources:
            key = resource.key
            if by_kind[key.kind].setdefault(key.name, resource) is not resource:
                raise DuplicateResourceError(key)
        return cls(by_kind)

    def __getitem__(self, key: Key) -> Resource:
        try:
            return self._by_kind[key.kind][key.name]
        except KeyError:
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[Key]:
        for resources in self._by_kind.values():
            for resource in resources.values():
                yield resource.key

    def __len__(self) -> int:
        return sum(map(len, self._by_kind.values()))

    def of_kind(self, kind: Kind) -> Iterable[Resource]:
        """The resources of one kind."""
        return self._by_kind[kind].values()

    def specs(self, kind: Kind, spec: type[SpecT]) -> Specs[SpecT]:
        """The specs of one kind by name; ``spec`` is their type."""
        return Specs[SpecT](self._by_kind[kind])

    def with_change(
        self, puts: Iterable[Resource], deletes: Iterable[Key]
    ) -> tuple[Self, tuple[Pair, ...]]:
        """The contents after a change, and what it really changes.

        A key that is both deleted and put is put; deleting what is not there does nothing.
        """
        wanted: dict[Key, Resource | None] = dict.fromkeys(deletes)
        wanted.update((resource.key, resource) for resource in puts)
        by_kind = self._by_kind.copy()
        for kind in {key.kind for key in wanted}:
            by_kind[kind] = by_kind[kind].copy()
        pairs = [(_replace(by_kind[key.kind], key, after), after) for key, after in wanted.items()]
        changes = tuple((before, after) for before, after in pairs if before is not after)
        return type(self)(by_kind), changes


def _replace(resources: dict[str, Resource], key: Key, after: Resource | None) -> Resource | None:
    before = resources.get(key.name)
    if after is not None:
        resources[key.name] = after
    elif before is not None:
        del resources[key.name]
    return before
