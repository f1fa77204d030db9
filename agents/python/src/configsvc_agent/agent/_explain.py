"""What one edge obeys, and who said so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from configsvc_agent.delivery import Origin
from configsvc_agent.engine.policy import (
    CallPolicy,
    LastGoodFallback,
    OperationFallback,
    StaticFallback,
)
from configsvc_agent.errors import duration_text
from configsvc_agent.values import Value

_DURATIONS = frozenset(
    {
        "breaker.halfOpen.maxWait",
        "breaker.openFor",
        "breaker.slowCall.above",
        "bulkhead.maxWait",
        "fallback.lastGood.maxAge",
        "hedge.delay",
        "rateLimit.maxWait",
        "rateLimit.period",
        "retry.backoff.base",
        "retry.backoff.max",
        "retry.retryAfter.max",
        "timeout.attempt",
        "timeout.connect",
        "timeout.idle",
        "timeout.overall",
    }
)
_SHARES = frozenset(
    {
        "breaker.failureRate",
        "breaker.slowCall.rate",
        "hedge.budget.ratio",
        "retry.budget.ratio",
    }
)
_FACTORS = frozenset({"retry.backoff.multiplier"})
_WHOLE = 1_000_000
_WIDEST = 40
"""Characters of a column; what is longer moves the rest of its line aside."""


class Leaf(Value):
    """One value of an effective policy and the resource that set it (``default`` if none did).

    ``value`` is in microseconds or parts per million where it is a duration or a share, ``text`` is
    how documents write it.
    """

    path: str
    value: object
    source: str
    text: str

    def __str__(self) -> str:
        return f"{self.path} {self.text} {self.source}"


class Explanation(Value):
    """The effective policy of an edge at one moment.

    ``operation`` is what the name given stands for, ``*`` where the callee does not declare it.
    """

    caller: str
    callee: str
    operation: str
    declared: bool
    policy: CallPolicy
    origin: Origin
    version: int
    digest: str

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """Every value in force, by path."""
        return tuple(
            Leaf(path, value, self._source(path), _written(path, value, self.policy))
            for path, value in _leaves(self.policy)
        )

    def _source(self, path: str) -> str:
        """Who set ``path``, or the compound value that it is part of."""
        sources: Mapping[str, str] = self.policy.sources
        path = _COMPOUNDS.get(path, path)
        while path:
            if path in sources:
                return sources[path]
            path = path.rpartition(".")[0]
        return "default"

    def __str__(self) -> str:
        undeclared = "" if self.declared else ", undeclared"
        head = (
            f"{self.caller} -> {self.callee} {self.operation}{undeclared}: "
            f"version {self.version} ({self.digest[:12] or 'no bundle'}) from {self.origin}"
        )
        leaves = self.leaves
        path, text = _width(each.path for each in leaves), _width(each.text for each in leaves)
        lines = (f"  {each.path:<{path}}  {each.text:<{text}}  {each.source}" for each in leaves)
        return "\n".join((head, *lines))


_POLICIES = (
    ("timeout", "timeout"),
    ("retry", "retry"),
    ("breaker", "breaker"),
    ("bulkhead", "bulkhead"),
    ("rate_limit", "rateLimit"),
    ("hedge", "hedge"),
)


_NAMES = {
    "fallback.operation.callee": "fallback.operation.service",
    "breaker.ignore": "breaker.failures.ignore",
    "breaker.record": "breaker.failures.record",
    "hedge.copies": "hedge.extra",
}
"""Leaves that documents call otherwise than the engine does."""

_COMPOUNDS = {"rateLimit.limit": "rateLimit.rate", "rateLimit.period": "rateLimit.rate"}
"""Leaves that documents set together, under one name."""

_FALLBACKS = {
    StaticFallback: "fallback.static",
    LastGoodFallback: "fallback.lastGood",
    OperationFallback: "fallback.operation",
}


def _leaves(policy: CallPolicy) -> Iterator[tuple[str, object]]:
    for name, path in _POLICIES:
        yield from _walk(path, getattr(policy, name))
    if policy.fallback is not None:
        yield from _walk(_FALLBACKS[type(policy.fallback)], policy.fallback)


def _walk(path: str, value: object) -> Iterator[tuple[str, object]]:
    """The leaves of a policy value that are set, under the names that documents use."""
    if value is None:
        return
    if not is_dataclass(value):
        yield _NAMES.get(path, path), value
        return
    for field in fields(value):
        yield from _walk(f"{path}.{_camel(field.name)}", getattr(value, field.name))


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _width(texts: Iterable[str]) -> int:
    return min(max(map(len, texts), default=0), _WIDEST)


def _written(path: str, value: object, policy: CallPolicy) -> str:
    """``value`` as documents write it."""
    if isinstance(value, frozenset | tuple):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, int) and (path in _DURATIONS or _is_window_of_time(path, policy)):
        return duration_text(value)
    if isinstance(value, int) and path in _SHARES:
        return f"{value * 100 / _WHOLE:g}%"
    if isinstance(value, int) and path in _FACTORS:
        return f"{value / _WHOLE:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_window_of_time(path: str, policy: CallPolicy) -> bool:
    breaker = policy.breaker
    return path == "breaker.window.size" and breaker is not None and breaker.window.kind == "time"
