"""What a run is remembered by: counts per edge and operation, and how each watched call ended."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from configsvc.model.findings import EdgeId

State = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True)
class Move:
    """A breaker entered ``state`` at ``at`` (microseconds)."""

    at: int
    state: State


@dataclass(slots=True)
class CallRecord:
    """One call over an edge; ``ended`` None: it had not ended when the run did.

    ``outcome``: ``ok``, ``fallback``, or the class or error that it ended with.
    ``attempts`` are those that left, ``copies`` those of them that were hedges, ``refused`` the
    kinds of the local refusals in order.
    """

    started: int
    ended: int | None = None
    outcome: str = ""
    attempts: int = 0
    copies: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the caller got an answer, be it a fallback."""
        return self.outcome in {"ok", "fallback"}


@dataclass(slots=True)
class EdgeRecord:
    """What happened on one edge, over all processes of the caller.

    ``outcomes`` counts attempts by how they ended; ``retries`` are the times at which attempts
    after the first left; ``refused_twice`` counts attempts refused like the one before.
    """

    calls: list[CallRecord] = field(default_factory=list)
    attempts: int = 0
    copies: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refused_twice: int = 0
    refused_first: int = 0
    limited_first: int = 0
    retries: list[int] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)


@dataclass(slots=True)
class WorkRecord:
    """What an operation did, over all instances; times are microseconds.

    ``after_giving_up``: the longest that it worked on when its caller had given up. ``copies``: the
    most requests of one call that it worked on at a time.
    """

    arrivals: int = 0
    at_once: int = 0
    most_at_once: int = 0
    longest: int = 0
    after_giving_up: int = 0
    copies: int = 0
    limited: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run. ``cut_off``: it took too many steps and stopped at ``ended``."""

    ended: int
    steps: int
    cut_off: bool
    edges: Mapping[EdgeId, EdgeRecord]
    works: Mapping[tuple[str, str], WorkRecord]
