"""The effective policy of an edge: one merge per kind, shared by all edges in the same targets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from configsvc import schema
from configsvc.model.names import Kind
from configsvc.model.policies import (
    Bulkhead,
    CircuitBreaker,
    EffectiveValue,
    Fallback,
    Hedge,
    Leaf,
    RateLimit,
    Retry,
    Side,
    Timeout,
)
from configsvc.model.resources import Resource
from configsvc.resolve.contents import Pair
from configsvc.resolve.layers import Layer, Layers, Part
from configsvc.resolve.memo import Memo
from configsvc.resolve.merge import Merged, merge

_FIELDS = {
    Kind.TIMEOUT: "timeout",
    Kind.RETRY: "retry",
    Kind.CIRCUIT_BREAKER: "breaker",
    Kind.BULKHEAD: "bulkhead",
    Kind.RATE_LIMIT: "rate_limit",
    Kind.HEDGE: "hedge",
    Kind.FALLBACK: "fallback",
}


@dataclass(frozen=True, slots=True, eq=False)
class EffectivePolicy:
    """What an edge gets, kind by kind; None is not in force.

    ``suspended`` holds what policies say of the kinds that are not in force although some target
    the edge. Edges in the same targets share one object, so it compares by identity.
    """

    timeout: Merged[Timeout] | None = None
    retry: Merged[Retry] | None = None
    breaker: Merged[CircuitBreaker] | None = None
    bulkhead: Merged[Bulkhead] | None = None
    rate_limit: Merged[RateLimit] | None = None
    hedge: Merged[Hedge] | None = None
    fallback: Merged[Fallback] | None = None
    suspended: tuple[Merged[None], ...] = ()

    def merged(self, kind: Kind) -> Merged[EffectiveValue | None] | None:
        """What the policies of ``kind`` say together, in force or not; None without policies."""
        found: Merged[EffectiveValue] | None = getattr(self, _FIELDS[kind])
        return found or next((m for m in self.suspended if m.kind == kind), None)

    def __iter__(self) -> Iterator[Merged[EffectiveValue]]:
        """The kinds in force, in the order in which people read them."""
        for name in _FIELDS.values():
            merged: Merged[EffectiveValue] | None = getattr(self, name)
            if merged is not None:
                yield merged

    @property
    def is_ambiguous(self) -> bool:
        """Whether some leaf has two values of one rank, in force or not."""
        return any(merged.ambiguous for merged in (*self, *self.suspended))


class PolicySide:
    """All policies of one side of the edges, the callers' or the callees', ready to be merged."""

    __slots__ = ("_layers", "_merges", "_side")

    def __init__(self, side: Side, layers: Layers, merges: "_Merges") -> None:
        self._side = side
        self._layers = layers
        self._merges = merges

    @classmethod
    def of(cls, side: Side, policies: Iterable[Resource]) -> Self:
        """Index the policies of ``side``."""
        return cls(side, Layers.of(policies), _Merges())

    def policy(self, caller: str | None, callee: str | None, operation: str) -> EffectivePolicy:
        """What an edge gets; see `Layers.matching` for what None means."""
        layers = self._layers.matching(caller, callee, operation)
        policies = self._merges.policies
        return policies.get(layers) or policies.put(layers, self._merge_all(layers))

    def with_change(self, changes: Sequence[Pair]) -> Self:
        """The side after a change of its policies; what is not touched stays merged."""
        if not changes:
            return self
        layers = self._layers.with_change(changes)
        kept = _KEPT_PER_TARGET * layers.size + _KEPT_ALWAYS
        return type(self)(self._side, layers, self._merges.heir(kept))

    def _merge_all(self, layers: tuple[Layer, ...]) -> EffectivePolicy:
        by_kind: dict[Kind, list[Part]] = {}
        for layer in layers:
            for kind, part in layer.parts.items():
                by_kind.setdefault(kind, []).append(part)
        in_force: dict[str, Any] = {}
        suspended: list[Any] = []
        for kind, parts in by_kind.items():
            merged = self._merge(kind, tuple(parts))
            if merged.value is None:
                suspended.append(merged)
            else:
                in_force[_FIELDS[kind]] = merged
        return EffectivePolicy(**in_force, suspended=tuple(suspended))

    def _merge(self, kind: Kind, parts: tuple[Part, ...]) -> Merged[EffectiveValue | None]:
        kinds = self._merges.kinds
        return kinds.get(parts) or kinds.put(parts, merge(kind, parts, self._build))

    def _build(self, kind: Kind, leaves: Mapping[str, Leaf]) -> EffectiveValue | None:
        """Equal leaves make one value: most edges differ in who says something, not in what."""
        values, key = self._merges.values, (kind, frozenset(leaves.items()))
        found = values.get(key)
        if found is None:
            found = schema.effective(kind, leaves, side=self._side)
        return None if found is None else values.put(key, found)


@dataclass(frozen=True, slots=True)
class _Merges:
    """What was merged so far: whole edges by layers, kinds by parts, values by leaves."""

    policies: Memo[tuple[Layer, ...], EffectivePolicy] = field(default_factory=Memo)
    kinds: Memo[tuple[Part, ...], Merged[EffectiveValue | None]] = field(default_factory=Memo)
    values: Memo[tuple[Kind, frozenset[tuple[str, Leaf]]], EffectiveValue] = field(
        default_factory=Memo
    )

    def heir(self, kept: int) -> "_Merges":
        """The merges for a derived side; of more than ``kept``, those not in use are dropped."""
        return _Merges(self.policies.heir(kept), self.kinds.heir(kept), self.values.heir(kept))


_KEPT_PER_TARGET = 4
_KEPT_ALWAYS = 4096
"""Merges that a derived side keeps: several edges share a target, so some for each."""
