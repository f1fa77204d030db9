"""How far one change has come: the counts that one process keeps, and their sum."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from configsvc.fleet.histogram import Histogram
from configsvc.fleet.rows import AgentState

ACKS_KEPT: Final = 1_000
"""Newest revisions of a namespace of which it is kept how far they came at the agents."""

MAX_LAGGARDS: Final = 20
MAX_REASONS: Final = 20
OTHER_REASONS: Final = "(other reasons)"


@dataclass(frozen=True, slots=True, order=True)
class Laggard:
    """An agent that a change has not reached, or that refused it."""

    service: str
    instance: str
    state: AgentState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AckCounts:
    """What became of one change at the agents it was meant for.

    Args:
        namespace: where the change was made.
        revision: which change.
        committed: when; microseconds since the Unix epoch.
        states: how many agents are in which state.
        reasons: why agents rejected it and how many; at most 20, the rest under one name.
        latency: from commit to the agent's acknowledgement, by the server's clock.
        laggards: at most 20 of those that have not applied it.
        updated: when these counts were last changed.
    """

    namespace: str
    revision: int
    committed: int
    states: Mapping[AgentState, int] = field(hash=False)
    reasons: Mapping[str, int] = field(hash=False)
    latency: Histogram = field(hash=False)
    laggards: tuple[Laggard, ...]
    updated: int

    @property
    def targeted(self) -> int:
        """Agents whose bundle the change altered."""
        return sum(self.states.values())

    def count(self, state: AgentState) -> int:
        """Agents in a state."""
        return self.states.get(state, 0)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "namespace": self.namespace,
            "revision": self.revision,
            "committed": self.committed,
            "states": {state.value: count for state, count in self.states.items() if count},
            "reasons": dict(self.reasons),
            "latency": self.latency.to_json(),
            "laggards": [
                {"service": a.service, "instance": a.instance, "state": a.state, "reason": a.reason}
                for a in self.laggards
            ],
            "updated": self.updated,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        return cls(
            namespace=str(value["namespace"]),
            revision=int(value["revision"]),
            committed=int(value["committed"]),
            states={AgentState(state): int(count) for state, count in value["states"].items()},
            reasons={str(reason): int(count) for reason, count in value["reasons"].items()},
            latency=Histogram.from_json(value["latency"]),
            laggards=tuple(
                Laggard(a["service"], a["instance"], AgentState(a["state"]), a["reason"])
                for a in value["laggards"]
            ),
            updated=int(value["updated"]),
        )


def total(records: Iterable[AckCounts]) -> AckCounts | None:
    """Add what several processes counted for one change; None without any record.

    Raises:
        ValueError: the records are about different changes.
    """
    parts = list(records)
    if not parts:
        return None
    changes = {(part.namespace, part.revision) for part in parts}
    if len(changes) > 1:
        raise ValueError(f"counts of different changes cannot be added: {sorted(changes)}")
    return AckCounts(
        namespace=parts[0].namespace,
        revision=parts[0].revision,
        committed=min(part.committed for part in parts),
        states=_sum(part.states for part in parts),
        reasons=bounded_reasons(_sum(part.reasons for part in parts)),
        latency=Histogram.total(part.latency for part in parts),
        laggards=tuple(sorted(a for part in parts for a in part.laggards)[:MAX_LAGGARDS]),
        updated=max(part.updated for part in parts),
    )


def bounded_reasons(reasons: Mapping[str, int]) -> dict[str, int]:
    """The most frequent reasons, and the rest under one name."""
    rest = Counter(reasons)
    if len(rest) <= MAX_REASONS:
        return dict(rest)
    others = rest.pop(OTHER_REASONS, 0)
    kept = dict(rest.most_common(MAX_REASONS - 1))
    kept[OTHER_REASONS] = others + sum(rest.values()) - sum(kept.values())
    return kept


def _sum(parts: Iterable[Mapping[Any, int]]) -> dict[Any, int]:
    added: Counter[Any] = Counter()
    for part in parts:
        added.update(part)
    return dict(added)
