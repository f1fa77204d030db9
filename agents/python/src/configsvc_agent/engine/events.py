"""What happened on a call, for whoever listens: logs, counters, traces.

Times are monotonic microseconds, ``edge`` is the call's edge. Events are made only when somebody
listens.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from configsvc_agent.engine.policy import Edge
from configsvc_agent.values import Value


class AttemptStarted(Value):
    """Attempt ``number`` leaves; ``limit`` microseconds at most, ``copy`` if it is a hedge."""

    edge: Edge
    at: int
    number: int
    limit: int | None
    instance: str | None
    copy: bool


class AttemptFinished(Value):
    """Attempt ``number`` ended after ``latency`` microseconds."""

    edge: Edge
    at: int
    number: int
    ok: bool
    classes: frozenset[str]
    latency: int
    instance: str | None


class RetryScheduled(Value):
    """Attempt ``number`` will be made after ``wait`` microseconds, because of ``classes``."""

    edge: Edge
    at: int
    number: int
    wait: int
    classes: frozenset[str]


NoRetry: TypeAlias = Literal["attempts", "idempotence", "retry-after", "deadline", "budget"]
"""What stood against another attempt: their number, the operation that may not be repeated, a wait
longer than the policy honours, no time before the deadline, or an empty budget."""


class RetryRefused(Value):
    """Attempt ``number`` will not be made although the policy retries ``classes``."""

    edge: Edge
    at: int
    number: int
    classes: frozenset[str]
    cause: NoRetry
    reason: str


class HedgeRefused(Value):
    """A hedge copy was not sent."""

    edge: Edge
    at: int
    reason: str


class BreakerChanged(Value):
    """A breaker entered ``state``; ``instance`` where it guards one instance only."""

    edge: Edge
    at: int
    state: Literal["closed", "open", "half-open"]
    instance: str | None


class AttemptRejected(Value):
    """Attempt ``number`` did not leave: ``kind`` is ``open``, ``full`` or ``limited``."""

    edge: Edge
    at: int
    number: int
    kind: str
    remaining: int | None


class DeadlineExceeded(Value):
    """The call's time was up."""

    edge: Edge
    at: int
    reason: str


class FallbackUsed(Value):
    """The call failed with ``classes`` and something else was handed out."""

    edge: Edge
    at: int
    kind: Literal["static", "last-good", "operation"]
    classes: frozenset[str]


class FallbackRefused(Value):
    """The policy names another operation for a call that failed, and it could not be called."""

    edge: Edge
    at: int
    reason: str


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
    | FallbackRefused
)
