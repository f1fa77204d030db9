"""The rate limit: a token bucket with a burst, per key, whose tokens may be reserved ahead."""

from __future__ import annotations

import sys
from collections import OrderedDict
from math import gcd
from typing import Any, Final

from configsvc_agent.engine.policy import RateLimit
from configsvc_agent.engine.waiting import Ticket, Waker

MAX_KEYS: Final = 10_000
"""Keys with a bucket of their own. Further keys share one bucket, so that inventing keys neither
eats memory nor resets anybody's limit."""

_OVERFLOW: Final = "\0overflow"


class Reservation(Ticket):
    """A token taken ahead of time: the attempt may leave at ``ready_at``.

    ``granted`` is set when the limit was removed and the wait is over early.
    """

    __slots__ = ("key", "ready_at", "turn")

    def __init__(self, waker: Waker, key: str, ready_at: int, turn: int) -> None:
        super().__init__(waker)
        self.key = key
        self.ready_at = ready_at
        self.turn = turn


class RateLimiter:
    """Grants ``limit`` attempts per ``period`` and key, ``burst`` of them at once.

    A bucket is one integer: the time at which it will be full again. It counts in such a fraction
    of a microsecond that the time per token is whole, so nothing is rounded. Reserving moves that
    time beyond what the burst allows; the excess is the wait.
    """

    __slots__ = (
        "_buckets",
        "_by_use",
        "_limit",
        "_max_wait",
        "_per_token",
        "_slack",
        "_waiting",
        "policy",
    )

    def __init__(self, policy: RateLimit) -> None:
        self._waiting: dict[Reservation, None] = {}
        self._empty(keyed=policy.key is not None)
        self._obey(policy)

    def _empty(self, *, keyed: bool) -> None:
        """Begin with full buckets; an order of use is kept only where there are keys to forget."""
        self._by_use: OrderedDict[str, int] | None = OrderedDict() if keyed else None
        self._buckets: dict[str, int] = {} if self._by_use is None else self._by_use

    def _obey(self, policy: RateLimit) -> None:
        self.policy = policy
        common = gcd(policy.limit, policy.period)
        self._limit = policy.limit // common
        self._per_token = policy.period // common
        self._slack = ((policy.burst or policy.limit) - 1) * self._per_token
        self._max_wait = policy.max_wait

    def acquire(self, now: int, key: str = "") -> int:
        """Take a token (0), or take none and tell how many microseconds until one is there."""
        by_use = self._by_use
        if by_use is None:
            key = ""
        elif key not in by_use:
            key = self._admit_key(key, now)
        scaled = now * self._limit
        full_at = self._buckets.get(key, 0)
        if full_at <= scaled:
            full_at = scaled
        elif full_at - scaled > self._slack:
            return -((scaled + self._slack - full_at) // self._limit)
        self._buckets[key] = full_at + self._per_token
        if by_use is not None:
            by_use.move_to_end(key)
        return 0

    def reserve(self, now: int, waker: Waker, key: str = "") -> Reservation | int:
        """Take the next token, now or within ``max_wait``; else its distance in microseconds."""
        wait = self.acquire(now, key)
        if wait > self._max_wait:
            return wait
        key = self._bucket_of(key)
        if wait:
            self._buckets[key] += self._per_token
        reservation = Reservation(waker, key, now + wait, self._buckets[key])
        if wait:
            self._waiting[reservation] = None
        else:
            reservation.granted = True
        return reservation

    def settle(self, reservation: Reservation) -> None:
        """The wait is over and the token used."""
        self._waiting.pop(reservation, None)

    def cancel(self, reservation: Reservation) -> None:
        """The attempt will not leave. Its token returns unless a later one waits behind it.

        With others behind it the token is lost: returning it would let two leave at one time.
        """
        self._waiting.pop(reservation, None)
        if self._buckets.get(reservation.key) == reservation.turn:
            self._buckets[reservation.key] -= self._per_token

    def refund(self, key: str = "") -> None:
        """An attempt that took a token without waiting did not leave; lost while others wait."""
        key = self._bucket_of(key)
        if not self._waiting and key in self._buckets:
            self._buckets[key] -= self._per_token

    def _bucket_of(self, key: str) -> str:
        if self._by_use is None:
            return ""
        return key if key in self._buckets else _OVERFLOW

    def _admit_key(self, key: str, now: int) -> str:
        """A bucket for a new key: its own, that of an idle key, or the one that is shared."""
        if len(self._buckets) >= MAX_KEYS:
            oldest = next(iter(self._buckets))
            if self._buckets[oldest] > now * self._limit:
                return _OVERFLOW
            del self._buckets[oldest]
        return key

    def reconfigure(self, policy: RateLimit, now: int) -> list[Waker]:
        """Obey ``policy`` from now on; tokens already taken stay taken, as far as the burst goes.

        Reservations keep their time.
        """
        before, old_token = self._limit, self._per_token
        if (policy.key is None) != (self._by_use is None):
            self._empty(keyed=policy.key is not None)
        self._obey(policy)
        for key, full_at in self._buckets.items():
            missing = max(0, full_at - now * before) * self._per_token // old_token
            if not self._waiting:
                missing = min(missing, self._slack + self._per_token)
            self._buckets[key] = now * self._limit + missing
        return []

    def close(self) -> list[Waker]:
        """The policy is gone: everybody goes, now and later."""
        self._slack = sys.maxsize << 64
        for reservation in self._waiting:
            reservation.granted = True
        woken = [reservation.waker for reservation in self._waiting]
        self._waiting.clear()
        return woken

    def snapshot(self) -> dict[str, Any]:
        """Plain values for :meth:`restore`; reservations belong to their calls."""
        return {"buckets": [[key, full_at] for key, full_at in self._buckets.items()]}

    @classmethod
    def restore(cls, policy: RateLimit, saved: dict[str, Any]) -> RateLimiter:
        """The limiter that :meth:`snapshot` described, with nobody waiting."""
        limiter = cls(policy)
        limiter._buckets.update((key, full_at) for key, full_at in saved["buckets"])
        return limiter
