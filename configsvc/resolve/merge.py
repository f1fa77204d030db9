"""The merge: per leaf the value of the most specific target wins, and its sources are known."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Generic, TypeVar

from configsvc import schema
from configsvc.model.names import Kind
from configsvc.model.policies import EffectiveValue, Leaf, Lifted
from configsvc.model.resources import Resource, Source
from configsvc.resolve.layers import Part, policy_of

ValueT_co = TypeVar("ValueT_co", bound=EffectiveValue | None, covariant=True)

_CLEAR: Mapping[str, tuple[Source, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Assignment:
    """One value that one document gives to one leaf."""

    value: Leaf
    source: Source


@dataclass(frozen=True, slots=True, eq=False)
class Merged(Generic[ValueT_co]):
    """What all policies of one kind that target an edge say together.

    ``value`` is None where the kind is not in force: switched off with ``enabled: false``, or
    without a leaf that it cannot do without. ``leaves`` holds what the documents set, without
    defaults. ``ambiguous`` names the leaves to which equally specific targets give different
    values, with all their sources; ``value`` then holds the first of them by resource name.
    """

    kind: Kind
    value: ValueT_co
    leaves: Mapping[str, Leaf]
    parts: tuple[Part, ...]
    ambiguous: Mapping[str, tuple[Source, ...]]

    @property
    def sources(self) -> Mapping[str, tuple[Source, ...]]:
        """Who set each leaf; a leaf that is absent has its default. Computed when asked for."""
        return {path: self.sources_of(path) for path in self.written}

    @property
    def covered(self) -> Mapping[str, tuple[Assignment, ...]]:
        """What the sources of each leaf cover. Computed when asked for."""
        found = ((path, self.covered_of(path)) for path in self.leaves)
        return {path: covered for path, covered in found if covered}

    @property
    def written(self) -> Iterator[str]:
        """The leaves that a document has, without those lifted because it has another instead."""
        for path, value in self.leaves.items():
            if not _is_implied(self.kind, path, value):
                yield path

    def writers(self, path: str) -> tuple[Resource, ...]:
        """The resources that set the leaf: none for a default, several if they agree or clash."""
        for part in self.parts:
            if path in part.values:
                return part.writers(path)
        return ()

    def sources_of(self, path: str) -> tuple[Source, ...]:
        """Where the leaf is set: nowhere for a default."""
        return tuple(source_of(resource, path) for resource in self.writers(path))

    def assigned(self, path: str) -> tuple[Assignment, ...]:
        """What the sources of the leaf say: one value, unless the leaf is ambiguous."""
        return tuple(_assignment(resource, path) for resource in self.writers(path))

    def covered_of(self, path: str) -> tuple[Assignment, ...]:
        """What would hold without the sources of the leaf, strongest first."""
        setting = [part for part in self.parts if path in part.values]
        weaker = (resource for part in setting[1:] for resource in part.writers(path))
        return tuple(_assignment(resource, path) for resource in weaker)


Build = Callable[[Kind, Mapping[str, Leaf]], EffectiveValue | None]
"""Makes the typed value of a kind from merged leaves and the schema's defaults."""


def merge(kind: Kind, parts: tuple[Part, ...], build: Build) -> Merged[EffectiveValue | None]:
    """Merge the parts that an edge is in, strongest first."""
    leaves = parts[0].values if len(parts) == 1 else _overlaid(parts)
    clashes = [part for part in parts if part.clashing]
    ambiguous = _ambiguous(parts, leaves) if clashes else _CLEAR
    return Merged(kind, build(kind, leaves), leaves, parts, ambiguous)


def _overlaid(parts: tuple[Part, ...]) -> Mapping[str, Leaf]:
    leaves: dict[str, Leaf] = {}
    for part in reversed(parts):
        leaves.update(part.values)
    return leaves


def _ambiguous(
    parts: tuple[Part, ...], leaves: Mapping[str, Leaf]
) -> Mapping[str, tuple[Source, ...]]:
    found = {}
    for path in leaves:
        decisive = next(part for part in parts if path in part.values)
        if path in decisive.clashing:
            found[path] = tuple(source_of(resource, path) for resource in decisive.writers(path))
    return found


def source_of(resource: Resource, path: str) -> Source:
    """Where ``resource`` sets the leaf; the whole spec where another leaf of it lifts this one."""
    implied = _is_implied(resource.key.kind, path, policy_of(resource).fields[path])
    pointer = "/spec" if implied else f"/spec/{path.replace('.', '/')}"
    return Source(resource.key, pointer, resource.revision)


def _assignment(resource: Resource, path: str) -> Assignment:
    return Assignment(policy_of(resource).fields[path], source_of(resource, path))


def _is_implied(kind: Kind, path: str, value: Leaf) -> bool:
    """Whether the leaf is lifted only because its document has the alternative to it."""
    return value is Lifted.NONE and path not in _liftable(kind)


@cache
def _liftable(kind: Kind) -> frozenset[str]:
    return frozenset(leaf.path for leaf in schema.leaves(kind) if leaf.can_lift)
