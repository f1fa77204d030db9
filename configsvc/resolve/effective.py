"""The effective policy of an edge: one merge per kind, shared by all edges in the same targets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from configsvc.model.names import Kind
from configsvc.model.policies import (
    Bulkhead,
    CircuitBreaker,
    EffectiveValue,
    Fallback,
    Hedge,
    RateLimit,
    Retry,
    Timeout,
)
from configsvc.resolve.layers import Layer, Part
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
        for field in _FIELDS.values():
            merged: Merged[EffectiveValue] | None = getattr(self, field)
            if merged is not None:
                yield merged

    @property
    def is_ambiguous(self) -> bool:
        """Whether some leaf has two values of one rank, in force or not."""
        return any(merged.ambiguous for merged in (*self, *self.suspended))


UNGOVERNED = EffectivePolicy()
"""What an edge gets that no policy targets."""


class Merges:
    """Every merge done so far, by the layers or parts that took part."""

    __slots__ = ("_by_layers", "_by_parts")

    def __init__(
        self,
        by_layers: Memo[tuple[Layer, ...], EffectivePolicy] | None = None,
        by_parts: Memo[tuple[Part, ...], Merged[EffectiveValue | None]] | None = None,
    ) -> None:
        self._by_layers = Memo() if by_layers is None else by_layers
        self._by_parts = Memo() if by_parts is None else by_parts

    def of(self, layers: tuple[Layer, ...]) -> EffectivePolicy:
        """The effective policy of the edges in ``layers`` (strongest first)."""
        found = self._by_layers.get(layers)
        return self._by_layers.put(layers, self._policy(layers)) if found is None else found

    def heir(self, limit: int) -> "Merges":
        """The merges for a derived catalog; ``limit``: how many to keep before old ones go."""
        return Merges(self._by_layers.heir(limit), self._by_parts.heir(limit))

    def _policy(self, layers: tuple[Layer, ...]) -> EffectivePolicy:
        by_kind: dict[Kind, tuple[Part, ...]] = {}
        for layer in layers:
            for kind, part in layer.parts.items():
                by_kind[kind] = (*by_kind.get(kind, ()), part)
        if not by_kind:
            return UNGOVERNED
        in_force: dict[str, Any] = {}
        suspended: list[Any] = []
        for kind, parts in by_kind.items():
            merged = self._merged(kind, parts)
            if merged.value is None:
                suspended.append(merged)
            else:
                in_force[_FIELDS[kind]] = merged
        return EffectivePolicy(**in_force, suspended=tuple(suspended))

    def _merged(self, kind: Kind, parts: tuple[Part, ...]) -> Merged[EffectiveValue | None]:
        found = self._by_parts.get(parts)
        return self._by_parts.put(parts, merge(kind, parts)) if found is None else found
