"""Policies: what a document says about the edges it targets, and what an edge gets after the merge.

A document says little: `Policy.fields` holds the leaves that it sets and nothing else.
The merge (`configsvc.resolve`) turns all policies of one kind that target an edge into one of the
effective values below, with the schema's defaults filled in. ``None`` in an effective value means
"no limit" or "not in force".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from configsvc.model.names import ANY_OPERATION, Kind
from configsvc.model.quantities import Duration, Share

Scope = Literal["operation", "pair", "instance"]
Side = Literal["caller", "callee"]
Jitter = Literal["none", "equal", "full", "decorrelated"]
NonIdempotent = Literal["never", "with-key", "always"]

OUTCOME_CLASSES = frozenset(
    {
        "connect",
        "refused",
        "reset",
        "timeout",
        "4xx",
        "5xx",
        "overloaded",
        "open",
        "full",
        "limited",
    }
)
"""Classes of an attempt's outcome.

Anything else in a list of outcomes is a code: an HTTP number or a gRPC name.
"""


class Lifted(Enum):
    """The value ``none`` of a leaf: it lifts a limit that a weaker target set."""

    NONE = "none"


@dataclass(frozen=True, slots=True)
class Window:
    """Over what a breaker counts: the last ``size`` calls, or the last ``size`` microseconds."""

    kind: Literal["count", "time"]
    size: int


@dataclass(frozen=True, slots=True)
class Rate:
    """``limit`` calls in each ``period`` microseconds."""

    limit: int
    period: Duration


@dataclass(frozen=True, slots=True)
class StaticResponse:
    """A response that a fallback gives without a call."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass(frozen=True, slots=True)
class OperationReference:
    """An operation of a service that a fallback calls instead."""

    service: str
    operation: str


Leaf = (
    bool
    | int
    | str
    | tuple[str, ...]
    | Window
    | Rate
    | StaticResponse
    | OperationReference
    | Lifted
)
"""One value that merges as a whole."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which edges a policy is about; an absent part matches everything.

    Strongest first: from+to+operation, to+operation, from+to, to, from, everything.
    """

    caller: str | None = None
    callee: str | None = None
    operation: str | None = None

    @property
    def rank(self) -> int:
        """0 for the strongest form of target, 5 for the one that matches everything."""
        return _RANKS[self.caller is not None, self.callee is not None, self.operation is not None]

    def matches(self, caller: str, callee: str | None, operation: str | None) -> bool:
        """Whether an edge is in the target; ``callee`` None is a call to an undeclared callee."""
        if self.operation is not None and (
            operation != self.operation or operation == ANY_OPERATION
        ):
            return False
        return self.caller in (None, caller) and self.callee in (None, callee)


_RANKS = {
    (True, True, True): 0,
    (False, True, True): 1,
    (True, True, False): 2,
    (False, True, False): 3,
    (True, False, False): 4,
    (False, False, False): 5,
}


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy document. ``target`` None: it applies only where a resource names it.

    ``fields`` maps the leaf's path in the spec (``backoff.base``) to its value, only where the
    document has it. A Fallback that names one alternative lifts the others as well.
    """

    kind: Kind
    target: Target | None
    fields: Mapping[str, Leaf]
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class Timeout:
    """Effective time-outs in microseconds; None is no limit."""

    connect: Duration | None = None
    attempt: Duration | None = None
    overall: Duration | None = None
    idle: Duration | None = None


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between attempts: ``base``, then times ``multiplier`` (ppm), at most ``max``."""

    base: Duration
    multiplier: Share
    max: Duration
    jitter: Jitter


@dataclass(frozen=True, slots=True)
class Budget:
    """Extra copies that may be sent: ``ratio`` of first attempts, ``min_per_second`` a process."""

    ratio: Share
    min_per_second: int
    scope: Scope


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Whether a callee's Retry-After is waited for, and up to what."""

    honour: bool
    max: Duration


@dataclass(frozen=True, slots=True)
class Retry:
    """Effective retry; ``attempts`` counts the first one."""

    attempts: int
    retry_on: tuple[str, ...]
    backoff: Backoff
    budget: Budget | None
    retry_after: RetryAfter
    other_instance: bool
    non_idempotent: NonIdempotent


@dataclass(frozen=True, slots=True)
class SlowCall:
    """Calls longer than ``above`` are slow; the breaker trips at ``rate`` of them."""

    above: Duration
    rate: Share


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """``probes`` permits while half-open, for at most ``max_wait`` (None: for ever)."""

    probes: int
    max_wait: Duration | None


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """Effective breaker; trips at ``failure_rate`` once ``minimum_calls`` are in the window."""

    window: Window
    minimum_calls: int
    failure_rate: Share
    slow_call: SlowCall | None
    record: tuple[str, ...]
    ignore: tuple[str, ...]
    open_for: Duration
    half_open: HalfOpen
    scope: Scope


@dataclass(frozen=True, slots=True)
class Bulkhead:
    """At most ``max_concurrent`` calls, ``queue`` more waiting, each for at most ``max_wait``."""

    max_concurrent: int
    queue: int
    max_wait: Duration
    scope: Scope


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Token bucket: ``rate`` refills it, ``burst`` is its depth.

    There is one bucket per value of ``key``; None: one for all.
    """

    side: Side
    rate: Rate
    burst: int
    key: str | None
    max_wait: Duration
    scope: Scope


@dataclass(frozen=True, slots=True)
class Hedge:
    """``extra`` copies, each ``delay`` after the one before, within ``budget``."""

    extra: int
    delay: Duration
    budget: Budget | None


@dataclass(frozen=True, slots=True)
class Fallback:
    """What a caller gets when the call failed for good; exactly one of the three is set."""

    static: StaticResponse | None
    last_good_max_age: Duration | None
    operation: OperationReference | None


EffectiveValue = Timeout | Retry | CircuitBreaker | Bulkhead | RateLimit | Hedge | Fallback
