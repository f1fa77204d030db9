"""The merge: per leaf the value of the most specific target wins, and its sources are known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

from configsvc import schema
from configsvc.model.names import Kind
from configsvc.model.policies import EffectiveValue, Leaf
from configsvc.model.resources import Resource, Source
from configsvc.resolve.layers import Part, policy_of, rivals

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
        return {path: self.sources_of(path) for path in self.leaves}

    @property
    def covered(self) -> Mapping[str, tuple[Assignment, ...]]:
        """What the sources of each leaf cover. Computed when asked for."""
        found = ((path, self.covered_of(path)) for path in self.leaves)
        return {path: covered for path, covered in found if covered}

    def sources_of(self, path: str) -> tuple[Source, ...]:
        """Who set the leaf: empty for a default, several where they agree or are ambiguous."""
        return tuple(assignment.source for assignment in self.assigned(path))

    def assigned(self, path: str) -> tuple[Assignment, ...]:
        """What the sources of the leaf say: one value, unless the leaf is ambiguous."""
        return next(self._by_strength(path), ()) if path in self.leaves else ()

    def covered_of(self, path: str) -> tuple[Assignment, ...]:
        """What would hold without the sources of the leaf, strongest first."""
        if path not in self.leaves:
            return ()
        _, *weaker = self._by_strength(path)
        return tuple(assignment for assignments in weaker for assignment in assignments)

    def _by_strength(self, path: str) -> Iterator[tuple[Assignment, ...]]:
        """What each target says about the leaf or its rivals, strongest target first."""
        for part in self.parts:
            assignments = tuple(_assignments(part, path))
            if assignments:
                yield assignments


def merge(kind: Kind, parts: tuple[Part, ...]) -> Merged[EffectiveValue | None]:
    """Merge the parts that an edge is in, strongest first."""
    leaves = parts[0].values if len(parts) == 1 else _overlaid(kind, parts)
    return Merged(kind, schema.effective(kind, leaves), leaves, parts, _ambiguous(parts, leaves))


def _overlaid(kind: Kind, parts: tuple[Part, ...]) -> Mapping[str, Leaf]:
    leaves: dict[str, Leaf] = {}
    alternatives = rivals(kind)
    for part in reversed(parts):
        if alternatives and not alternatives.isdisjoint(part.values):
            leaves = {path: value for path, value in leaves.items() if path not in alternatives}
        leaves.update(part.values)
    return leaves


def _ambiguous(
    parts: tuple[Part, ...], leaves: Mapping[str, Leaf]
) -> Mapping[str, tuple[Source, ...]]:
    if not any(part.clashing for part in parts):
        return _CLEAR
    found = {}
    for path in leaves:
        decisive = next(part for part in parts if path in part.values)
        if path in decisive.clashing:
            found[path] = tuple(a.source for a in _assignments(decisive, path))
    return found


def source_of(resource: Resource, path: str) -> Source:
    """Where ``resource`` sets the leaf."""
    return Source(resource.key, f"/spec/{path.replace('.', '/')}", resource.revision)


def _assignments(part: Part, path: str) -> Iterator[Assignment]:
    alternatives = rivals(part.kind)
    paths = sorted(alternatives) if path in alternatives else (path,)
    for resource in part.resources:
        fields = policy_of(resource).fields
        for each in paths:
            if each in fields:
                yield Assignment(fields[each], source_of(resource, each))
