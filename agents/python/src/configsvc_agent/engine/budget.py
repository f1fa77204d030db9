"""The retry budget: first attempts pay for extra ones, so that these cannot become a storm."""

from __future__ import annotations

from typing import Any

from configsvc_agent.engine.policy import PPM, SECOND
from configsvc_agent.engine.policy import RetryBudget as BudgetPolicy
from configsvc_agent.engine.waiting import Waker

KEPT_SECONDS = 10
"""Seconds after which an unused deposit is forgotten: a quiet day pays for no storm."""


class Budget:
    """Deposits of first attempts and a floor that refills with time; extra attempts withdraw.

    Amounts are ppm of one extra attempt, so all arithmetic is exact. The floor holds at most one
    second's worth. A withdrawal takes from the floor first, then from the oldest deposits.
    """

    __slots__ = (
        "_floor",
        "_floor_at",
        "_fresh",
        "_ratio",
        "_refill",
        "_saved",
        "_second",
        "_slots",
        "_turn",
        "policy",
    )

    def __init__(self, policy: BudgetPolicy, now: int) -> None:
        self._slots = [0] * KEPT_SECONDS
        self._saved = 0
        self._fresh = 0  # paid in during the current second and not yet in its slot
        self._begin(now // SECOND)
        self._floor_at = now
        self._obey(policy)
        self._floor = self._refill * SECOND

    def _obey(self, policy: BudgetPolicy) -> None:
        self.policy = policy
        self._ratio = policy.ratio
        self._refill = policy.min_per_second  # ppm per microsecond is attempts per second

    def deposit(self, now: int) -> None:
        """A first attempt leaves: pay in the ratio."""
        if now >= self._turn:
            self._expire(now)
        self._fresh += self._ratio

    def withdraw(self, now: int) -> bool:
        """Pay for one extra attempt; false, and nothing is taken, when there is not enough."""
        self._expire(now)
        self._pour(now)
        if self._floor + self._saved < PPM:
            return False
        from_floor = min(self._floor, PPM)
        self._floor -= from_floor
        self._take_oldest(PPM - from_floor)
        return True

    def refund(self, now: int) -> None:
        """An extra attempt that was paid for never left: its price is a deposit of now."""
        self._expire(now)
        self._fresh += PPM

    def _pour(self, now: int) -> None:
        """Refill the floor for the time since the last time."""
        elapsed = now - self._floor_at
        if elapsed > 0:
            self._floor = min(self._refill * SECOND, self._floor + elapsed * self._refill)
            self._floor_at = now

    def _expire(self, now: int) -> None:
        """File what was paid in, make the second of ``now`` the current one, forget the old."""
        self._slots[self._second % KEPT_SECONDS] += self._fresh
        self._saved += self._fresh
        self._fresh = 0
        passed = now // SECOND - self._second
        if passed <= 0:
            return
        for old in range(self._second + 1, self._second + 1 + min(passed, KEPT_SECONDS)):
            slot = old % KEPT_SECONDS
            self._saved -= self._slots[slot]
            self._slots[slot] = 0
        self._begin(now // SECOND)

    def _begin(self, second: int) -> None:
        self._second = second
        self._turn = (second + 1) * SECOND

    def _take_oldest(self, amount: int) -> None:
        self._saved -= amount
        for age in range(KEPT_SECONDS - 1, -1, -1):
            slot = (self._second - age) % KEPT_SECONDS
            taken = min(amount, self._slots[slot])
            self._slots[slot] -= taken
            amount -= taken

    def reconfigure(self, policy: BudgetPolicy, now: int) -> list[Waker]:
        """Obey ``policy`` from now on; deposits stay, the floor keeps what fits."""
        self._pour(now)
        self._obey(policy)
        self._floor = min(self._floor, self._refill * SECOND)
        return []

    def close(self) -> list[Waker]:
        """The policy is gone: nobody waits on a budget."""
        return []

    def snapshot(self) -> dict[str, Any]:
        """Plain values for :meth:`restore`."""
        self._expire(self._second * SECOND)
        return {
            "second": self._second,
            "slots": list(self._slots),
            "floor": self._floor,
            "floor_at": self._floor_at,
        }

    @classmethod
    def restore(cls, policy: BudgetPolicy, saved: dict[str, Any]) -> Budget:
        """The budget that :meth:`snapshot` described."""
        budget = cls(policy, saved["floor_at"])
        budget._begin(saved["second"])
        budget._slots = list(saved["slots"])
        budget._saved = sum(budget._slots)
        budget._floor = saved["floor"]
        return budget
