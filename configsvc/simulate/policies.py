"""Effective policies as the engine's values: what the agent makes of a bundle, without the bundle.

A test holds this to what the agent reads out of the compiled bundle.
"""

from typing import TypeVar, cast

from configsvc.model.policies import Budget, EffectiveValue
from configsvc.model.policies import Bulkhead as ModelBulkhead
from configsvc.model.policies import CircuitBreaker as ModelBreaker
from configsvc.model.policies import Fallback as ModelFallback
from configsvc.model.policies import Hedge as ModelHedge
from configsvc.model.policies import RateLimit as ModelRateLimit
from configsvc.model.policies import Retry as ModelRetry
from configsvc.model.policies import Timeout as ModelTimeout
from configsvc.resolve import EffectivePolicy, Merged
from configsvc_agent.engine.policy import (
    SMALLEST_USEFUL_ATTEMPT,
    Backoff,
    Bulkhead,
    CallPolicy,
    CircuitBreaker,
    Fallback,
    HalfOpen,
    Hedge,
    LastGoodFallback,
    OperationFallback,
    RateLimit,
    Retry,
    RetryAfter,
    RetryBudget,
    Scope,
    SlowCall,
    StaticFallback,
    Timeout,
    Window,
)

ValueT = TypeVar("ValueT", bound=EffectiveValue)


def call_policy(
    policy: EffectivePolicy, *, idempotent: bool | None, median: int | None
) -> CallPolicy:
    """What calls over an edge obey.

    Args:
        policy: of the edge.
        idempotent: what the operation declares; None: its method decides.
        median: the operation's declared latency, below which a retry is not worth starting.

    Raises:
        PolicyError: the policies contradict each other, as a hedge beside a retry does.
    """
    hedge, fallback = _value(policy.hedge), _value(policy.fallback)
    retry, breaker = _value(policy.retry), _value(policy.breaker)
    bulkhead, limit = _value(policy.bulkhead), _value(policy.rate_limit)
    return CallPolicy(
        timeout=_timeout(_value(policy.timeout)),
        retry=None if retry is None else _retry(retry),
        breaker=None if breaker is None else _breaker(breaker),
        bulkhead=None if bulkhead is None else _bulkhead(bulkhead),
        rate_limit=None if limit is None else _rate_limit(limit),
        hedge=None if hedge is None else _hedge(hedge),
        fallback=None if fallback is None else _fallback(fallback),
        idempotent=idempotent,
        floor=SMALLEST_USEFUL_ATTEMPT if median is None else median,
    )


def _value(merged: Merged[ValueT] | None) -> ValueT | None:
    return None if merged is None else merged.value


def _timeout(timeout: ModelTimeout | None) -> Timeout:
    if timeout is None:
        return Timeout()
    return Timeout(timeout.connect, timeout.attempt, timeout.overall, timeout.idle)


def _retry(retry: ModelRetry) -> Retry:
    backoff, after = retry.backoff, retry.retry_after
    return Retry(
        attempts=retry.attempts,
        retry_on=frozenset(retry.retry_on),
        backoff=Backoff(backoff.base, backoff.multiplier, backoff.max, backoff.jitter),
        budget=_budget(retry.budget),
        retry_after=RetryAfter(after.honour, after.max),
        other_instance=retry.other_instance,
        non_idempotent=retry.non_idempotent,
    )


def _budget(budget: Budget | None) -> RetryBudget | None:
    if budget is None:
        return None
    return RetryBudget(budget.ratio, budget.min_per_second, cast("Scope", budget.scope))


def _breaker(breaker: ModelBreaker) -> CircuitBreaker:
    slow, half_open = breaker.slow_call, breaker.half_open
    return CircuitBreaker(
        window=Window(breaker.window.kind, breaker.window.size),
        minimum_calls=breaker.minimum_calls,
        failure_rate=breaker.failure_rate,
        record=frozenset(breaker.record),
        open_for=breaker.open_for,
        ignore=frozenset(breaker.ignore),
        slow_call=None if slow is None else SlowCall(slow.above, slow.rate),
        half_open=HalfOpen(half_open.probes, half_open.max_wait),
        scope=breaker.scope,
    )


def _bulkhead(bulkhead: ModelBulkhead) -> Bulkhead:
    scope = cast("Scope", bulkhead.scope)
    return Bulkhead(bulkhead.max_concurrent, bulkhead.queue, bulkhead.max_wait, scope)


def _rate_limit(limit: ModelRateLimit) -> RateLimit:
    rate, scope = limit.rate, cast("Scope", limit.scope)
    return RateLimit(rate.limit, rate.period, limit.burst, limit.key, limit.max_wait, scope)


def _hedge(hedge: ModelHedge) -> Hedge:
    return Hedge(hedge.extra, hedge.delay, _budget(hedge.budget))


def _fallback(fallback: ModelFallback) -> Fallback:
    if fallback.static is not None:
        static = fallback.static
        return StaticFallback(static.status, static.headers, static.body.encode())
    if fallback.operation is not None:
        return OperationFallback(fallback.operation.operation, fallback.operation.service)
    return LastGoodFallback(fallback.last_good_max_age)
