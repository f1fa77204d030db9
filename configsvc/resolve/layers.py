"""Policies by target: what each target says, found with at most six lookups an edge."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self, cast

from configsvc.model.names import ANY_OPERATION, Kind
from configsvc.model.policies import Leaf, Policy, Target
from configsvc.model.resources import Resource

TargetKey = tuple[str | None, str | None, str | None]
"""A target as a key: from, to, operation."""

_ALTERNATIVES = {Kind.FALLBACK: frozenset({"static", "lastGood.maxAge", "operation"})}
_NONE: frozenset[str] = frozenset()


def rivals(kind: Kind) -> frozenset[str]:
    """The leaves of ``kind`` of which an edge has one at most: one replaces the others."""
    return _ALTERNATIVES.get(kind, _NONE)


class Part:
    """All policies of one kind that share one target, read as one.

    Parts are immutable and compare by identity.
    """

    __slots__ = ("_clashing", "_values", "kind", "resources")

    def __init__(self, kind: Kind, resources: tuple[Resource, ...]) -> None:
        self.kind = kind
        self.resources = resources
        """By name: their order decides nothing but which of two clashing values is shown."""
        self._values: Mapping[str, Leaf] | None = None
        self._clashing = _NONE

    @property
    def values(self) -> Mapping[str, Leaf]:
        """What the policies say, leaf by leaf; of clashing values the first by name."""
        if self._values is None:
            # The clashes are set first: another thread that sees the values sees them too.
            self._clashing, self._values = self._read()
        return self._values

    @property
    def clashing(self) -> frozenset[str]:
        """Leaves to which the policies give different values."""
        return self._clashing if self.values else _NONE

    def _read(self) -> tuple[frozenset[str], Mapping[str, Leaf]]:
        if len(self.resources) == 1:
            return _NONE, policy_of(self.resources[0]).fields
        values: dict[str, Leaf] = {}
        clashing: set[str] = set()
        alternatives = rivals(self.kind)
        for resource in self.resources:
            for path, value in policy_of(resource).fields.items():
                taken = alternatives.intersection(values) if path in alternatives else ()
                winner = next(iter(taken), path)
                if winner != path or values.setdefault(path, value) != value:
                    clashing.add(winner)
        return frozenset(clashing), values


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Everything that the policies of one target say. Compares by identity."""

    target: Target
    parts: Mapping[Kind, Part]

    @property
    def rank(self) -> int:
        """0 for the strongest form of target."""
        return self.target.rank

    def with_change(
        self, kind: Kind, removed: Resource | None, added: Resource | None
    ) -> "Layer | None":
        """The layer after one policy of ``kind`` changed; None when nothing is left."""
        part = self.parts.get(kind)
        kept = [
            r for r in (part.resources if part else ()) if removed is None or r.key != removed.key
        ]
        if added is not None:
            kept.append(added)
        parts = dict(self.parts)
        parts.pop(kind, None)
        if kept:
            parts[kind] = Part(kind, _by_name(kept))
        return Layer(self.target, parts) if parts else None


def policy_of(resource: Resource) -> Policy:
    """The spec of a resource of a policy kind."""
    return cast("Policy", resource.spec)


def target_key(target: Target) -> TargetKey:
    """The key under which a target's layer is found."""
    return (target.caller, target.callee, target.operation)


class Layers:
    """The layers of a namespace by target. Immutable."""

    __slots__ = ("_by_target",)

    def __init__(self, by_target: dict[TargetKey, Layer]) -> None:
        self._by_target = by_target

    @classmethod
    def of(cls, policies: Iterable[Resource]) -> Self:
        """Group the policies that have a target; the others are left out."""
        grouped: dict[TargetKey, dict[Kind, list[Resource]]] = {}
        targets: dict[TargetKey, Target] = {}
        for resource in policies:
            target = policy_of(resource).target
            if target is not None:
                key = target_key(target)
                targets[key] = target
                grouped.setdefault(key, {}).setdefault(resource.key.kind, []).append(resource)
        return cls({key: Layer(targets[key], _parts(kinds)) for key, kinds in grouped.items()})

    def __len__(self) -> int:
        return len(self._by_target)

    def get(self, target: Target) -> Layer | None:
        """The layer of exactly this target."""
        return self._by_target.get(target_key(target))

    def matching(self, caller: str | None, callee: str | None, operation: str) -> tuple[Layer, ...]:
        """The layers that an edge is in, strongest first.

        ``callee`` None is a call to an undeclared callee; ``caller`` None is the callee's own side.
        """
        keys: tuple[TargetKey, ...]
        if callee is None:
            keys = ((caller, None, None), (None, None, None))
        elif operation == ANY_OPERATION:
            keys = (
                (caller, callee, None),
                (None, callee, None),
                (caller, None, None),
                (None, None, None),
            )
        else:
            keys = (
                (caller, callee, operation),
                (None, callee, operation),
                (caller, callee, None),
                (None, callee, None),
                (caller, None, None),
                (None, None, None),
            )
        if caller is None:
            keys = tuple(dict.fromkeys(keys))
        find = self._by_target.get
        return tuple([layer for key in keys if (layer := find(key)) is not None])

    def with_change(self, changes: Iterable[tuple[Resource | None, Resource | None]]) -> Self:
        """The layers after each pair (before, after) took effect; policies of one key each."""
        by_target = self._by_target.copy()
        for before, after in changes:
            if before is not None:
                _change(by_target, before, removed=before, added=None)
            if after is not None:
                _change(by_target, after, removed=None, added=after)
        return type(self)(by_target)


def _change(
    by_target: dict[TargetKey, Layer],
    resource: Resource,
    *,
    removed: Resource | None,
    added: Resource | None,
) -> None:
    target = policy_of(resource).target
    if target is None:
        return
    key = target_key(target)
    layer = by_target.get(key) or Layer(target, {})
    changed = layer.with_change(resource.key.kind, removed, added)
    if changed is None:
        by_target.pop(key, None)
    else:
        by_target[key] = changed


def _parts(kinds: Mapping[Kind, list[Resource]]) -> dict[Kind, Part]:
    return {kind: Part(kind, _by_name(resources)) for kind, resources in kinds.items()}


def _by_name(resources: list[Resource]) -> tuple[Resource, ...]:
    return tuple(sorted(resources, key=lambda resource: resource.key.name))
