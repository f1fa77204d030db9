"""What a call must obey: the effective policy of one edge, as plain frozen values.

Units: durations are ``int`` microseconds, shares are ``int`` parts per million (ppm). ``None``
means "no limit" for a duration and "this policy is absent" for a part of :class:`CallPolicy`.
Nothing here parses documents: whoever decodes a bundle calls these constructors, which refuse
values that no machine could obey.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

from configsvc_agent.errors import PolicyError
from configsvc_agent.values import NOTHING, Value

SECOND = 1_000_000
"""Microseconds in a second."""

PPM = 1_000_000
"""The whole, in parts per million."""

SMALLEST_USEFUL_ATTEMPT = 10_000
"""Time left (microseconds) below which a retry is pointless when no p50 is declared: 10 ms."""

MAX_COUNT_WINDOW = 1_000_000
"""Largest count window: one byte of memory per outcome."""

Jitter: TypeAlias = Literal["none", "equal", "full", "decorrelated"]
Scope: TypeAlias = Literal["pair", "operation"]
BreakerScope: TypeAlias = Literal["pair", "operation", "instance"]
NonIdempotent: TypeAlias = Literal["never", "with-key", "always"]
WindowKind: TypeAlias = Literal["count", "time"]


def _at_least(owner: object, minimum: int, **fields: int | None) -> None:
    """Raise :class:`PolicyError` for the first given value below ``minimum``; ``None`` passes."""
    for name, value in fields.items():
        if value is not None and (type(value) is not int or value < minimum):
            raise PolicyError(
                f"{type(owner).__name__}.{name} must be an int of at least {minimum}, "
                f"got {value!r}; correct the policy that set it"
            )


def _share(owner: object, **fields: int) -> None:
    """Raise :class:`PolicyError` unless each value is a share in (0, 100 %], in ppm."""
    for name, value in fields.items():
        if type(value) is not int or not 0 < value <= PPM:
            raise PolicyError(
                f"{type(owner).__name__}.{name} must be parts per million in 1..{PPM}, "
                f"got {value!r}; correct the policy that set it"
            )


def _one_of(owner: object, allowed: tuple[str, ...], **fields: str) -> None:
    """Raise :class:`PolicyError` unless each value is one of ``allowed``."""
    for name, value in fields.items():
        if value not in allowed:
            raise PolicyError(
                f"{type(owner).__name__}.{name} must be one of {', '.join(allowed)}, "
                f"got {value!r}; correct the policy that set it"
            )


class Timeout(Value):
    """Limits in microseconds; ``None`` is no limit.

    ``attempt`` cuts one attempt, ``overall`` the whole call with its waits, ``connect`` and
    ``idle`` are handed to the client that makes the attempt.
    """

    connect: int | None = None
    attempt: int | None = None
    overall: int | None = None
    idle: int | None = None

    def __post_init__(self) -> None:
        _at_least(
            self,
            1,
            connect=self.connect,
            attempt=self.attempt,
            overall=self.overall,
            idle=self.idle,
        )


class Backoff(Value):
    """Waits between attempts: ``base``, then times ``multiplier`` (ppm), never above ``max``.

    ``jitter``: ``none`` waits the term, ``equal`` half to all of it, ``full`` zero to all of it,
    ``decorrelated`` between ``base`` and three times the previous wait.
    """

    base: int
    multiplier: int = 2 * PPM
    max: int | None = None
    jitter: Jitter = "full"

    def __post_init__(self) -> None:
        _at_least(self, 0, base=self.base)
        _at_least(self, PPM, multiplier=self.multiplier)
        _at_least(self, self.base, max=self.max)
        _one_of(self, get_args(Jitter), jitter=self.jitter)


class RetryBudget(Value):
    """How many retries or hedge copies the process may add to its own load.

    Each first attempt deposits ``ratio`` (ppm of one retry), each extra attempt withdraws one;
    ``min_per_second`` extra attempts are granted beside it whatever the load.
    """

    ratio: int
    min_per_second: int = 0
    scope: Scope = "pair"

    def __post_init__(self) -> None:
        _at_least(self, 0, ratio=self.ratio, min_per_second=self.min_per_second)
        _one_of(self, get_args(Scope), scope=self.scope)


class RetryAfter(Value):
    """Whether the callee's Retry-After is obeyed, and the longest (microseconds) worth obeying."""

    honour: bool = True
    max: int | None = None

    def __post_init__(self) -> None:
        _at_least(self, 0, max=self.max)


class Retry(Value):
    """When a failed attempt is made again; ``attempts`` counts all of them, the first included."""

    attempts: int
    retry_on: frozenset[str]
    backoff: Backoff
    budget: RetryBudget | None = None
    retry_after: RetryAfter = RetryAfter()
    other_instance: bool = False
    non_idempotent: NonIdempotent = "never"

    def __post_init__(self) -> None:
        _at_least(self, 1, attempts=self.attempts)
        _one_of(self, get_args(NonIdempotent), non_idempotent=self.non_idempotent)


class Window(Value):
    """What a breaker looks back on: the last ``size`` outcomes, or ``size`` microseconds."""

    kind: WindowKind
    size: int

    def __post_init__(self) -> None:
        _one_of(self, get_args(WindowKind), kind=self.kind)
        _at_least(self, 1, size=self.size)
        if self.kind == "count" and self.size > MAX_COUNT_WINDOW:
            raise PolicyError(
                f"Window.size must be at most {MAX_COUNT_WINDOW} outcomes, got {self.size}; "
                "use a time window"
            )


class SlowCall(Value):
    """An attempt longer than ``above`` is slow; a share of ``rate`` (ppm) slow ones trips."""

    above: int
    rate: int

    def __post_init__(self) -> None:
        _at_least(self, 0, above=self.above)
        _share(self, rate=self.rate)


class HalfOpen(Value):
    """``probes`` attempts decide after an open time; ``max_wait`` bounds the wait for them."""

    probes: int = 1
    max_wait: int | None = None

    def __post_init__(self) -> None:
        _at_least(self, 1, probes=self.probes, max_wait=self.max_wait)


class CircuitBreaker(Value):
    """When a callee is left alone, and for how long.

    An outcome with a class in ``ignore`` is not recorded at all, one with a class in ``record`` is
    a failure, any other is a success. Trips at a rate ``>=`` ``failure_rate`` (ppm) once
    ``minimum_calls`` outcomes are in the window; above the size of a count window that is never.
    """

    window: Window
    minimum_calls: int
    failure_rate: int
    record: frozenset[str]
    open_for: int
    ignore: frozenset[str] = frozenset()
    slow_call: SlowCall | None = None
    half_open: HalfOpen = HalfOpen()
    scope: BreakerScope = "pair"

    def __post_init__(self) -> None:
        _at_least(self, 1, minimum_calls=self.minimum_calls, open_for=self.open_for)
        _share(self, failure_rate=self.failure_rate)
        _one_of(self, get_args(BreakerScope), scope=self.scope)


class Bulkhead(Value):
    """At most ``max_concurrent`` attempts at once; ``queue`` more may wait up to ``max_wait``.

    ``max_wait`` ``None`` bounds the wait by the overall deadline alone.
    """

    max_concurrent: int
    queue: int = 0
    max_wait: int | None = 0
    scope: Scope = "pair"

    def __post_init__(self) -> None:
        _at_least(self, 1, max_concurrent=self.max_concurrent)
        _at_least(self, 0, queue=self.queue, max_wait=self.max_wait)
        _one_of(self, get_args(Scope), scope=self.scope)


class RateLimit(Value):
    """``limit`` attempts per ``period``, up to ``burst`` at once (default: ``limit``).

    ``key`` names what the limit is counted by (the caller supplies its value with each call);
    ``None`` counts all calls together. An attempt waits for its turn at most ``max_wait``.
    """

    limit: int
    period: int = SECOND
    burst: int | None = None
    key: str | None = None
    max_wait: int = 0
    scope: Scope = "pair"

    def __post_init__(self) -> None:
        _at_least(self, 1, limit=self.limit, period=self.period, burst=self.burst)
        _at_least(self, 0, max_wait=self.max_wait)
        _one_of(self, get_args(Scope), scope=self.scope)


class Hedge(Value):
    """Up to ``copies`` extra attempts, each ``delay`` after the one before, while none answered."""

    copies: int
    delay: int
    budget: RetryBudget | None = None

    def __post_init__(self) -> None:
        _at_least(self, 1, copies=self.copies)
        _at_least(self, 0, delay=self.delay)


class StaticFallback(Value):
    """A fixed answer for a call that failed."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class LastGoodFallback(Value):
    """The last good answer to the same request, at most ``max_age`` old (``None``: any age)."""

    max_age: int | None = None

    def __post_init__(self) -> None:
        _at_least(self, 1, max_age=self.max_age)


class OperationFallback(Value):
    """Another operation is called instead; ``callee`` ``None`` is the same callee."""

    operation: str
    callee: str | None = None


Fallback: TypeAlias = StaticFallback | LastGoodFallback | OperationFallback


class CallPolicy(Value):
    """Everything one call to one operation obeys; every part may be absent.

    ``idempotent`` is what the operation declares (``None``: decided by the HTTP method);
    ``floor`` is the smallest time left that is worth a retry: the declared p50, else 10 ms.
    ``sources`` maps a leaf such as ``timeout.overall`` or ``breaker.openFor`` to the
    resource that set it; together with ``revision`` it lets every refusal name its policy.
    """

    timeout: Timeout = Timeout()
    retry: Retry | None = None
    breaker: CircuitBreaker | None = None
    bulkhead: Bulkhead | None = None
    rate_limit: RateLimit | None = None
    hedge: Hedge | None = None
    fallback: Fallback | None = None
    idempotent: bool | None = None
    floor: int = SMALLEST_USEFUL_ATTEMPT
    sources: Mapping[str, str] = NOTHING
    revision: int = 0

    def __post_init__(self) -> None:
        _at_least(self, 0, floor=self.floor, revision=self.revision)
        if self.retry is not None and self.retry.attempts > 1 and self.hedge is not None:
            raise PolicyError(
                f"a call retries or hedges, not both: got Retry.attempts={self.retry.attempts} "
                f"beside Hedge.copies={self.hedge.copies}; remove one of the two policies"
            )


class Edge(Value):
    """Who calls whom for what; operation ``*`` is a call that matches no declared one."""

    caller: str
    callee: str
    operation: str = "*"

    def __str__(self) -> str:
        return f"{self.caller} -> {self.callee} {self.operation}"
