"""Whether what clients saw of one key can have happened in one order that respects time.

A search after Wing and Gong over all orders, with memory (Lowe): an operation takes effect at some
instant between its call and its answer; one that was never answered may have taken effect at any
instant after its call, or never. Each write puts a token that no other write puts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Outcome(Enum):
    """What a client was told."""

    READ = auto()
    """The key held `token` (None: it did not exist)."""
    WRITTEN = auto()
    """The key held `expected`, and holds `token` now."""
    REFUSED = auto()
    """The key did not hold `expected`."""
    UNKNOWN = auto()
    """Nothing: it was to hold `token` if it held `expected`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on the key, and the instants at which it was called and answered."""

    called: float
    answered: float
    outcome: Outcome
    token: str | None = None
    expected: str | None = None

    @property
    def deadline(self) -> float:
        """The instant by which it has taken effect, if it has."""
        return math.inf if self.outcome is Outcome.UNKNOWN else self.answered

    def after(self, held: str | None) -> tuple[bool, str | None]:
        """Whether it can take effect on a key that holds this, and what the key holds then."""
        match self.outcome:
            case Outcome.READ:
                return self.token == held, held
            case Outcome.REFUSED:
                return self.expected != held, held
            case _:
                return self.expected == held, self.token


def is_linearizable(operations: Sequence[Operation], initial: str | None = None) -> bool:
    """Whether there is an order that explains every answer."""
    ordered = sorted(operations, key=lambda each: each.called)
    required = sum(
        1 << place for place, each in enumerate(ordered) if each.outcome is not Outcome.UNKNOWN
    )
    waiting = [(0, initial)]
    seen = set(waiting)
    while waiting:
        done, held = waiting.pop()
        if done & required == required:
            return True
        for following in _following(ordered, done, held):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return False


def _following(
    ordered: Sequence[Operation], done: int, held: str | None
) -> list[tuple[int, str | None]]:
    """The states that one more operation can lead to; none that is late may be passed over."""
    states: list[tuple[int, str | None]] = []
    first_deadline = math.inf
    for place, each in enumerate(ordered):
        if done >> place & 1:
            continue
        if each.called > first_deadline:
            break
        first_deadline = min(first_deadline, each.deadline)
        possible, holds = each.after(held)
        if possible:
            states.append((done | 1 << place, holds))
    return states
