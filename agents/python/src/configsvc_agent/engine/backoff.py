"""How long to wait before an attempt is made again."""

from __future__ import annotations

from collections.abc import Callable

from configsvc_agent.engine.policy import PPM, Backoff

_DECORRELATED_GROWTH = 3


class BackoffSchedule:
    """The waits of one call, one after another.

    Chance is a callable that returns a float in [0, 1). No wait is ever longer than the term that
    :func:`longest_wait` gives for its place.
    """

    __slots__ = ("_policy", "_previous")

    def __init__(self, policy: Backoff) -> None:
        self._policy = policy
        self._previous = 0

    def next_wait(self, rng: Callable[[], float]) -> int:
        """Microseconds before the next attempt."""
        policy = self._policy
        if policy.jitter == "decorrelated":
            return self._next_decorrelated(rng)
        term = _grown(policy, self._previous)
        self._previous = term
        if policy.jitter == "full":
            return int(rng() * (term + 1))
        if policy.jitter == "equal":
            return term - int(rng() * (term // 2 + 1))
        return term

    def _next_decorrelated(self, rng: Callable[[], float]) -> int:
        base = self._policy.base
        top = max(base, self._previous) * _DECORRELATED_GROWTH
        wait = _capped(self._policy, base + int(rng() * (top - base + 1)))
        self._previous = wait
        return wait


def longest_wait(policy: Backoff, place: int) -> int:
    """The longest that the wait number ``place`` (from 1) can be, in microseconds."""
    if policy.jitter == "decorrelated":
        return _capped(policy, policy.base * _DECORRELATED_GROWTH**place)
    term = 0
    for _ in range(place):
        term = _grown(policy, term)
    return term


def _grown(policy: Backoff, term: int) -> int:
    """The term after ``term``; 0 stands for none so far."""
    return _capped(policy, term * policy.multiplier // PPM if term else policy.base)


def _capped(policy: Backoff, wait: int) -> int:
    return wait if policy.max is None else min(policy.max, wait)
