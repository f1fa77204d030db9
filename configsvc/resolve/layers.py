"""Policies by target: what each target says, found with at most six lookups an edge."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self, cast

from configsvc.model.names import ANY_OPERATION, Kind
from configsvc.model.policies import Leaf, Policy
from configsvc.model.resources import Resource
from configsvc.resolve.contents import Pair

_NONE: frozenset[str] = frozenset()


def policy_of(resource: Resource) -> Policy:
    """The spec of a resource of a policy kind."""
    return cast("Policy", resource.spec)


class Part:
    """All policies of one kind that share one target, read as one.

    ``resources`` are by name: their order decides nothing but which of two clashing values is
    shown. ``values`` is what they say, leaf by leaf, ``clashing`` the leaves to which they give
    different values. Parts are immutable and compare by identity.
    """

    __slots__ = ("clashing", "kind", "resources", "values")

    def __init__(self, kind: Kind, resources: tuple[Resource, ...]) -> None:
        self.kind = kind
        self.resources = resources
        self.clashing = _NONE
        self.values: Mapping[str, Leaf] = policy_of(resources[0]).fields
        if len(resources) > 1:
            self.values, self.clashing = _read(resources)

    def writers(self, path: str) -> tuple[Resource, ...]:
        """The resources that set the leaf, which one of them does."""
        if len(self.resources) == 1:
            return self.resources
        return tuple(r for r in self.resources if path in policy_of(r).fields)


def _read(resources: tuple[Resource, ...]) -> tuple[Mapping[str, Leaf], frozenset[str]]:
    values: dict[str, Leaf] = {}
    clashing: set[str] = set()
    for resource in resources:
        for path, value in policy_of(resource).fields.items():
            if values.setdefault(path, value) != value:
                clashing.add(path)
    return values, frozenset(clashing)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Everything that the policies of one target say, kind by kind. Compares by identity."""

    parts: Mapping[Kind, Part]

    def with_change(self, kind: Kind, before: Resource | None, after: Resource | None) -> Self:
        """The layer after one policy of ``kind`` came, went or changed."""
        part = self.parts.get(kind)
        kept = [] if part is None else [r for r in part.resources if r is not before]
        if after is not None:
            kept.append(after)
        parts = dict(self.parts)
        parts.pop(kind, None)
        if kept:
            parts[kind] = Part(kind, _by_name(kept))
        return type(self)(parts)


_EMPTY = Layer({})

_Inner = dict[tuple[str | None, str | None], Layer]
"""Layers of one callee (or of none) by caller and operation."""

_NO_LAYERS: _Inner = {}


class Layers:
    """The layers of a namespace by target. Immutable.

    They are kept by callee first, so that a change copies only what shares its callee.
    """

    __slots__ = ("_by_callee", "size")

    def __init__(self, by_callee: dict[str | None, _Inner], size: int) -> None:
        self._by_callee = by_callee
        self.size = size
        """How many targets there are."""

    @classmethod
    def of(cls, policies: Iterable[Resource]) -> Self:
        """Group the policies that have a target; the others are left out."""
        grouped: dict[str | None, dict[tuple[str | None, str | None], list[Resource]]] = {}
        for resource in policies:
            target = policy_of(resource).target
            if target is not None:
                inner = grouped.setdefault(target.callee, {})
                inner.setdefault((target.caller, target.operation), []).append(resource)
        by_callee = {
            callee: {key: _layer(resources) for key, resources in inner.items()}
            for callee, inner in grouped.items()
        }
        return cls(by_callee, sum(map(len, by_callee.values())))

    def matching(self, caller: str | None, callee: str | None, operation: str) -> tuple[Layer, ...]:
        """The layers that an edge is in, strongest first.

        ``callee`` None is a call to an undeclared callee; ``caller`` None is the callee's own
        side, which no target with a caller is about.
        """
        callers = (None,) if caller is None else (caller, None)
        operations = (None,) if operation == ANY_OPERATION else (operation, None)
        named = self._by_callee.get(callee, _NO_LAYERS)
        others = self._by_callee.get(None, _NO_LAYERS)
        keys = [(each, called) for called in operations for each in callers]
        found = [] if callee is None else [named.get(key) for key in keys]
        found += [others.get((each, None)) for each in callers]
        return tuple([layer for layer in found if layer is not None])

    def with_change(self, changes: Iterable[Pair]) -> Self:
        """The layers after a change of policies."""
        by_callee = self._by_callee.copy()
        fresh: set[str | None] = set()
        for before, after in changes:
            _change(by_callee, fresh, before, added=False)
            _change(by_callee, fresh, after, added=True)
        grown = sum(len(by_callee.get(c, ())) - len(self._by_callee.get(c, ())) for c in fresh)
        return type(self)(by_callee, self.size + grown)


def _change(
    by_callee: dict[str | None, _Inner],
    fresh: set[str | None],
    resource: Resource | None,
    *,
    added: bool,
) -> None:
    """Add a resource to its layer, or take it away; ``fresh`` callees are copied already."""
    target = None if resource is None else policy_of(resource).target
    if resource is None or target is None:
        return
    callee, key = target.callee, (target.caller, target.operation)
    if callee not in fresh:
        fresh.add(callee)
        by_callee[callee] = by_callee.get(callee, {}).copy()
    inner = by_callee[callee]
    before, after = (None, resource) if added else (resource, None)
    changed = inner.get(key, _EMPTY).with_change(resource.key.kind, before, after)
    if changed.parts:
        inner[key] = changed
    else:
        del inner[key]


def _layer(resources: list[Resource]) -> Layer:
    if len(resources) == 1:
        kind = resources[0].key.kind
        return Layer({kind: Part(kind, (resources[0],))})
    by_kind: dict[Kind, list[Resource]] = {}
    for resource in resources:
        by_kind.setdefault(resource.key.kind, []).append(resource)
    return Layer({kind: Part(kind, _by_name(found)) for kind, found in by_kind.items()})


def _by_name(resources: list[Resource]) -> tuple[Resource, ...]:
    return tuple(sorted(resources, key=lambda resource: resource.key.name))
