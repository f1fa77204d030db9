"""From the JSON of a ``POLICY`` to the values that the engine obeys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast, get_args

from configsvc_agent.bundle._node import BundleError, Node
from configsvc_agent.engine.policy import (
    Backoff,
    BreakerScope,
    Bulkhead,
    CallPolicy,
    CircuitBreaker,
    Fallback,
    HalfOpen,
    Hedge,
    Jitter,
    LastGoodFallback,
    NonIdempotent,
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
    WindowKind,
)
from configsvc_agent.errors import PolicyError
from configsvc_agent.values import replace

_POLICY = frozenset(
    {
        "breaker",
        "bulkhead",
        "fallback",
        "hedge",
        "rateLimit",
        "retry",
        "sources",
        "timeout",
    }
)
_RETRY = frozenset(
    {"attempts", "backoff", "budget", "nonIdempotent", "otherInstance", "retryAfter", "retryOn"}
)
_BREAKER = frozenset(
    {
        "failureRate",
        "halfOpen",
        "ignore",
        "minimumCalls",
        "openFor",
        "record",
        "scope",
        "slowCall",
        "window",
    }
)
_LIMIT = frozenset({"burst", "key", "limit", "maxWait", "period", "scope"})
_HIGHEST_STATUS = 599
_LOWEST_STATUS = 200


class PolicyReader:
    """Reads the policies of one bundle; equal JSON is compiled once and shared."""

    def __init__(self, version: int) -> None:
        self._version = version
        self._read: dict[str, CallPolicy] = {}

    def read(
        self, node: Node, *, idempotent: bool | None = None, floor: int | None = None
    ) -> CallPolicy:
        """The policy at ``node`` with the operation's own facts.

        Raises:
            BundleError: an unknown field, or a value that no engine could obey.
        """
        key = json.dumps(node.value, sort_keys=True)
        policy = self._read.get(key)
        if policy is None:
            policy = self._read[key] = self._fresh(node)
        if idempotent is None and floor is None:
            return policy
        return replace(
            policy, idempotent=idempotent, floor=policy.floor if floor is None else floor
        )

    def _fresh(self, node: Node) -> CallPolicy:
        node.only(_POLICY)
        try:
            return CallPolicy(
                timeout=_timeout(node.get("timeout")),
                retry=_retry(node.get("retry")),
                breaker=_breaker(node.get("breaker")),
                bulkhead=_bulkhead(node.get("bulkhead")),
                rate_limit=_rate_limit(node.get("rateLimit")),
                hedge=_hedge(node.get("hedge")),
                fallback=_fallback(node.get("fallback")),
                sources=_sources(node.get("sources")),
                revision=self._version,
            )
        except PolicyError as error:
            raise BundleError(str(error), pointer=node.pointer) from error


def read_limit(node: Node) -> RateLimit:
    """The ``LIMIT`` at ``node``; ``name`` is allowed beside it."""
    limit = node.need("limit").integer(1)
    burst, key = node.get("burst"), node.get("key")
    return RateLimit(
        limit=limit,
        period=node.need("period").integer(1),
        burst=limit if burst is None else burst.integer(1),
        key=None if key is None else key.text(),
        max_wait=_optional(node.get("maxWait")) or 0,
        scope=_scope(node.need("scope")),
    )


def _optional(node: Node | None, minimum: int = 0) -> int | None:
    return None if node is None else node.integer(minimum)


def _scope(node: Node) -> Scope:
    return cast("Scope", node.choice(*get_args(Scope)))


def _timeout(node: Node | None) -> Timeout:
    if node is None:
        return Timeout()
    node.only(("attempt", "connect", "idle", "overall"))
    return Timeout(**{name: value.integer(1) for name, value in node.entries()})


def _retry(node: Node | None) -> Retry | None:
    if node is None:
        return None
    node.only(_RETRY)
    return Retry(
        attempts=node.need("attempts").integer(1),
        retry_on=frozenset(node.need("retryOn").texts()),
        backoff=_backoff(node.need("backoff")),
        budget=_budget(node.get("budget")),
        retry_after=_retry_after(node.need("retryAfter")),
        other_instance=node.need("otherInstance").boolean(),
        non_idempotent=cast(
            "NonIdempotent", node.need("nonIdempotent").choice(*get_args(NonIdempotent))
        ),
    )


def _backoff(node: Node) -> Backoff:
    node.only(("base", "jitter", "max", "multiplier"))
    return Backoff(
        base=node.need("base").integer(),
        multiplier=node.need("multiplier").integer(),
        max=node.need("max").integer(),
        jitter=cast("Jitter", node.need("jitter").choice(*get_args(Jitter))),
    )


def _budget(node: Node | None) -> RetryBudget | None:
    if node is None:
        return None
    node.only(("minPerSecond", "ratio", "scope"))
    return RetryBudget(
        ratio=node.need("ratio").integer(),
        min_per_second=node.need("minPerSecond").integer(),
        scope=_scope(node.need("scope")),
    )


def _retry_after(node: Node) -> RetryAfter:
    node.only(("honour", "max"))
    return RetryAfter(honour=node.need("honour").boolean(), max=node.need("max").integer())


def _breaker(node: Node | None) -> CircuitBreaker | None:
    if node is None:
        return None
    node.only(_BREAKER)
    return CircuitBreaker(
        window=_window(node.need("window")),
        minimum_calls=node.need("minimumCalls").integer(1),
        failure_rate=node.need("failureRate").integer(1),
        record=frozenset(node.need("record").texts()),
        ignore=frozenset(node.need("ignore").texts()),
        open_for=node.need("openFor").integer(1),
        slow_call=_slow_call(node.get("slowCall")),
        half_open=_half_open(node.need("halfOpen")),
        scope=cast("BreakerScope", node.need("scope").choice(*get_args(BreakerScope))),
    )


def _window(node: Node) -> Window:
    node.only(("kind", "size"))
    kind = cast("WindowKind", node.need("kind").choice(*get_args(WindowKind)))
    return Window(kind=kind, size=node.need("size").integer(1))


def _slow_call(node: Node | None) -> SlowCall | None:
    if node is None:
        return None
    node.only(("above", "rate"))
    return SlowCall(above=node.need("above").integer(), rate=node.need("rate").integer(1))


def _half_open(node: Node) -> HalfOpen:
    node.only(("maxWait", "probes"))
    return HalfOpen(
        probes=node.need("probes").integer(1), max_wait=_optional(node.get("maxWait"), 1)
    )


def _bulkhead(node: Node | None) -> Bulkhead | None:
    if node is None:
        return None
    node.only(("maxConcurrent", "maxWait", "queue", "scope"))
    return Bulkhead(
        max_concurrent=node.need("maxConcurrent").integer(1),
        queue=node.need("queue").integer(),
        max_wait=node.need("maxWait").integer(),
        scope=_scope(node.need("scope")),
    )


def _rate_limit(node: Node | None) -> RateLimit | None:
    return None if node is None else read_limit(node.only(_LIMIT))


def _hedge(node: Node | None) -> Hedge | None:
    if node is None:
        return None
    node.only(("budget", "delay", "extra"))
    return Hedge(
        copies=node.need("extra").integer(1),
        delay=node.need("delay").integer(),
        budget=_budget(node.get("budget")),
    )


def _fallback(node: Node | None) -> Fallback | None:
    if node is None:
        return None
    node.only(("lastGood", "operation", "static"))
    entries = list(node.entries())
    if len(entries) != 1:
        node.refuse(f"must have exactly one of static, lastGood and operation, got {len(entries)}")
    name, value = entries[0]
    return _FALLBACKS[name](value)


def _static(node: Node) -> Fallback:
    node.only(("body", "headers", "status"))
    return StaticFallback(
        status=node.need("status").integer(_LOWEST_STATUS, _HIGHEST_STATUS),
        headers=tuple(_header(pair) for pair in node.need("headers").items()),
        body=node.need("body").text().encode(),
    )


def _header(node: Node) -> tuple[str, str]:
    pair = node.texts()
    if len(pair) != 2:  # noqa: PLR2004  a name and a value
        node.refuse(f"must be a name and a value, got {len(pair)} strings")
    return pair[0], pair[1]


def _last_good(node: Node) -> Fallback:
    node.only(("maxAge",))
    return LastGoodFallback(max_age=_optional(node.get("maxAge"), 1))


def _other_operation(node: Node) -> Fallback:
    node.only(("operation", "service"))
    return OperationFallback(
        operation=node.need("operation").text(), callee=node.need("service").text()
    )


_FALLBACKS = {"static": _static, "lastGood": _last_good, "operation": _other_operation}


def _sources(node: Node | None) -> Mapping[str, str]:
    """Who set which leaf, by leaf; a leaf that several resources set alike names all of them."""
    by_leaf: dict[str, str] = {}
    if node is None:
        return by_leaf
    for resource, leaves in node.entries():
        for leaf in leaves.texts():
            by_leaf[leaf] = f"{by_leaf[leaf]}, {resource}" if leaf in by_leaf else resource
    return by_leaf
