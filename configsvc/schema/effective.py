"""From merged leaves to what an edge gets: defaults are filled in here, and nowhere else."""

from collections.abc import Callable, Mapping

from configsvc.model.names import Kind
from configsvc.model.policies import (
    Backoff,
    Budget,
    Bulkhead,
    CircuitBreaker,
    EffectiveValue,
    Fallback,
    HalfOpen,
    Hedge,
    Leaf,
    Lifted,
    RateLimit,
    Retry,
    RetryAfter,
    Side,
    SlowCall,
    Timeout,
)
from configsvc.schema.leaves import defaults
from configsvc.schema.values import Json


def effective(
    kind: Kind, values: Mapping[str, Leaf], *, side: Side = "caller"
) -> EffectiveValue | None:
    """The effective value of an edge that at least one policy of ``kind`` targets.

    ``values`` are the merged leaves by path; what is missing gets its default. None means that the
    kind is not in force: it is disabled, or the leaf that it is about is missing or lifted. A
    Timeout without any limit is returned as such. ``side`` is that of a RateLimit.

    Raises:
        KeyError: ``kind`` is not a policy kind.
    """
    leaf = _Leaves(values, defaults(kind))
    if leaf["enabled"] is False:
        return None
    if kind is Kind.RATE_LIMIT:
        return _rate_limit(leaf, side)
    return _BUILDERS[kind](leaf)


class _Leaves:
    """Merged leaves over defaults; a lifted or missing one is None."""

    __slots__ = ("_defaults", "_values")

    def __init__(self, values: Mapping[str, Leaf], defaults: Mapping[str, Leaf]) -> None:
        self._values = values
        self._defaults = defaults

    def __getitem__(self, path: str) -> Json:
        value = self._values.get(path)
        if value is None:
            value = self._defaults.get(path)
        return None if value is Lifted.NONE else value


def _timeout(leaf: _Leaves) -> Timeout:
    return Timeout(leaf["connect"], leaf["attempt"], leaf["overall"], leaf["idle"])


def _retry(leaf: _Leaves) -> Retry:
    return Retry(
        attempts=leaf["attempts"],
        retry_on=leaf["retryOn"],
        backoff=Backoff(
            leaf["backoff.base"],
            leaf["backoff.multiplier"],
            leaf["backoff.max"],
            leaf["backoff.jitter"],
        ),
        budget=_budget(leaf),
        retry_after=RetryAfter(leaf["retryAfter.honour"], leaf["retryAfter.max"]),
        other_instance=leaf["otherInstance"],
        non_idempotent=leaf["nonIdempotent"],
    )


def _budget(leaf: _Leaves) -> Budget | None:
    ratio = leaf["budget.ratio"]
    return (
        None if ratio is None else Budget(ratio, leaf["budget.minPerSecond"], leaf["budget.scope"])
    )


def _circuit_breaker(leaf: _Leaves) -> CircuitBreaker:
    above = leaf["slowCall.above"]
    return CircuitBreaker(
        window=leaf["window"],
        minimum_calls=leaf["minimumCalls"],
        failure_rate=leaf["failureRate"],
        slow_call=None if above is None else SlowCall(above, leaf["slowCall.rate"]),
        record=leaf["failures.record"],
        ignore=leaf["failures.ignore"],
        open_for=leaf["openFor"],
        half_open=HalfOpen(leaf["halfOpen.probes"], leaf["halfOpen.maxWait"]),
        scope=leaf["scope"],
    )


def _bulkhead(leaf: _Leaves) -> Bulkhead | None:
    limit = leaf["maxConcurrent"]
    return None if limit is None else Bulkhead(limit, leaf["queue"], leaf["maxWait"], leaf["scope"])


def _rate_limit(leaf: _Leaves, side: Side) -> RateLimit | None:
    rate = leaf["rate"]
    if rate is None:
        return None
    return RateLimit(
        side=side,
        rate=rate,
        burst=leaf["burst"] or rate.limit,
        key=leaf["key"],
        max_wait=leaf["maxWait"],
        scope=leaf["scope"],
    )


def _hedge(leaf: _Leaves) -> Hedge | None:
    delay = leaf["delay"]
    return None if delay is None else Hedge(leaf["extra"], delay, _budget(leaf))


def _fallback(leaf: _Leaves) -> Fallback | None:
    """The strongest policy that names an alternative has lifted the others."""
    static, max_age, operation = leaf["static"], leaf["lastGood.maxAge"], leaf["operation"]
    if static is None and max_age is None and operation is None:
        return None
    return Fallback(static, max_age, operation)


_BUILDERS: Mapping[Kind, Callable[[_Leaves], EffectiveValue | None]] = {
    Kind.TIMEOUT: _timeout,
    Kind.RETRY: _retry,
    Kind.CIRCUIT_BREAKER: _circuit_breaker,
    Kind.BULKHEAD: _bulkhead,
    Kind.HEDGE: _hedge,
    Kind.FALLBACK: _fallback,
}
