"""What happened on a call, for whoever listens: logs, counters, traces.

Times are monotonic microseconds, ``edge`` is the call's edge. Events are made only when somebody
listens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from configsvc_agent.engine.policy import Edge


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """Attempt ``number`` leaves; ``limit`` microseconds at most, ``copy`` if it is a hedge."""

    edge: Edge
    at: int
    number: int
    limit: int | None
    instance: str | None
    copy: bool


@dataclass(frozen=True, slots=True)
class AttemptFinished:
    """Attempt ``number`` ended after ``latency`` microseconds."""

    edge: Edge
    at: int
    number: int
    ok: bool
    classes: frozenset[str]
    latency: int
    instance: str | None


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """Attempt ``number`` will be made after ``wait`` microseconds, because of ``classes``."""

    edge: Edge
    at: int
    number: int
    wait: int
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class RetryRefused:
    """Attempt ``number`` will not be made although the policy retries ``classes``."""

    edge: Edge
    at: int
    number: int
    classes: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class HedgeRefused:
    """A hedge copy was not sent."""

    edge: Edge
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class BreakerChanged:
    """A breaker entered ``state``; ``instance`` where it guards one instance only."""

    edge: Edge
    at: int
    state: Literal["closed", "open", "half-open"]
    instance: str | None


@dataclass(frozen=True, slots=True)
class AttemptRejected:
    """Attempt ``number`` did not leave: ``kind`` is ``open``, ``full`` or ``limited``."""

    edge: Edge
    at: int
    number: int
    kind: str
    remaining: int | None


@dataclass(frozen=True, slots=True)
class DeadlineExceeded:
    """The call's time was up."""

    edge: Edge
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class FallbackUsed:
    """The call failed with ``classes`` and something else was handed out."""

    edge: Edge
    at: int
    kind: Literal["static", "last-good", "operation"]
    classes: frozenset[str]


Event: TypeAlias = (
    AttemptStarted
    | AttemptFinished
    | RetryScheduled
    | RetryRefused
    | HedgeRefused
    | BreakerChanged
    | AttemptRejected
    | DeadlineExceeded
    | FallbackUsed
)
