"""Effective policies as the JSON objects that agents read: integers, and nothing that is absent."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson

from configsvc.model.policies import (
    Budget,
    Bulkhead,
    CircuitBreaker,
    EffectiveValue,
    Fallback,
    Hedge,
    RateLimit,
    Retry,
    Timeout,
)
from configsvc.resolve import EffectivePolicy, Merged

Json = Mapping[str, Any]


class Section(NamedTuple):
    """One kind of a policy: its field, what is in force, and who set which leaf."""

    field: str
    value: Json
    sources: Mapping[str, Sequence[str]]


class PolicyEncoder:
    """Encodes the policies of one namespace; what edges share is encoded once."""

    def __init__(self) -> None:
        self._section = cache(encode_section)
        self._fragment = cache(self._canonical)

    def __call__(self, policy: EffectivePolicy) -> orjson.Fragment:
        """The ``POLICY`` of an edge, to be put into a larger value that is made canonical."""
        return self._fragment(policy)

    def _canonical(self, policy: EffectivePolicy) -> orjson.Fragment:
        # Sorting suffices: there are only integers, and names of fields and resources are ASCII.
        encoded = encode_policy(policy, self._section)
        return orjson.Fragment(orjson.dumps(encoded, option=orjson.OPT_SORT_KEYS))


def encode_section(merged: Merged[EffectiveValue]) -> Section:
    """One kind of an edge's policy."""
    field, encode = _ENCODERS[type(merged.value)]
    sources: dict[str, list[str]] = {}
    for path in merged.written:
        for resource in merged.writers(path):
            sources.setdefault(str(resource.key), []).append(f"{field}.{path}")
    for leaves in sources.values():
        leaves.sort()
    return Section(field, encode(merged.value), sources)


def encode_policy(
    policy: EffectivePolicy, section: Callable[[Merged[EffectiveValue]], Section] = encode_section
) -> Json:
    """The ``POLICY`` of an edge."""
    encoded: dict[str, Any] = {}
    sources: dict[str, Sequence[str]] = {}
    for part in map(section, policy):
        encoded[part.field] = part.value
        sources.update(part.sources)  # of one kind each, so no two sections share a resource
    return encoded | {"sources": sources}


def encode_limit(limit: RateLimit) -> Json:
    """The ``LIMIT`` of a rate limit."""
    return present(
        limit=limit.rate.limit,
        period=limit.rate.period,
        burst=limit.burst,
        key=limit.key,
        maxWait=limit.max_wait,
        scope=limit.scope,
    )


def present(**members: object) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def pairs(items: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Names and values as JSON arrays."""
    return [[name, value] for name, value in items]


def _timeout(timeout: Timeout) -> Json:
    return present(
        connect=timeout.connect,
        attempt=timeout.attempt,
        overall=timeout.overall,
        idle=timeout.idle,
    )


def _retry(retry: Retry) -> Json:
    return present(
        attempts=retry.attempts,
        retryOn=retry.retry_on,
        backoff={
            "base": retry.backoff.base,
            "multiplier": retry.backoff.multiplier,
            "max": retry.backoff.max,
            "jitter": retry.backoff.jitter,
        },
        budget=_budget(retry.budget),
        retryAfter={"honour": retry.retry_after.honour, "max": retry.retry_after.max},
        otherInstance=retry.other_instance,
        nonIdempotent=retry.non_idempotent,
    )


def _budget(budget: Budget | None) -> Json | None:
    if budget is None:
        return None
    return {"ratio": budget.ratio, "minPerSecond": budget.min_per_second, "scope": budget.scope}


def _breaker(breaker: CircuitBreaker) -> Json:
    slow = breaker.slow_call
    return present(
        window={"kind": breaker.window.kind, "size": breaker.window.size},
        minimumCalls=breaker.minimum_calls,
        failureRate=breaker.failure_rate,
        slowCall=None if slow is None else {"above": slow.above, "rate": slow.rate},
        record=breaker.record,
        ignore=breaker.ignore,
        openFor=breaker.open_for,
        halfOpen=present(probes=breaker.half_open.probes, maxWait=breaker.half_open.max_wait),
        scope=breaker.scope,
    )


def _bulkhead(bulkhead: Bulkhead) -> Json:
    return {
        "maxConcurrent": bulkhead.max_concurrent,
        "queue": bulkhead.queue,
        "maxWait": bulkhead.max_wait,
        "scope": bulkhead.scope,
    }


def _hedge(hedge: Hedge) -> Json:
    return present(extra=hedge.extra, delay=hedge.delay, budget=_budget(hedge.budget))


def _fallback(fallback: Fallback) -> Json:
    if fallback.static is not None:
        static = fallback.static
        response = {"status": static.status, "headers": pairs(static.headers), "body": static.body}
        return {"static": response}
    if fallback.last_good_max_age is not None:
        return {"lastGood": {"maxAge": fallback.last_good_max_age}}
    operation = fallback.operation
    if operation is None:
        raise ValueError("a Fallback in force has a response, a last good one or an operation")
    return {"operation": {"service": operation.service, "operation": operation.operation}}


_ENCODERS: Mapping[type, tuple[str, Callable[[Any], Json]]] = {
    Timeout: ("timeout", _timeout),
    Retry: ("retry", _retry),
    CircuitBreaker: ("breaker", _breaker),
    Bulkhead: ("bulkhead", _bulkhead),
    RateLimit: ("rateLimit", encode_limit),
    Hedge: ("hedge", _hedge),
    Fallback: ("fallback", _fallback),
}
