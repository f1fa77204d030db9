"""Which instance an attempt goes to."""

from __future__ import annotations

from typing import Final

from configsvc_agent.engine.commands import Attempt, Facts
from configsvc_agent.engine.plan import Plan

_MOST_PICKS: Final = 8
"""Instances asked for one attempt before the call takes the refusal for an answer."""


class Placing:
    """Picks instances for the attempts of one call and remembers which it has used.

    Another instance than before is asked for where the policy wants it: on a retry with
    ``otherInstance``, for a hedge copy, and when the breaker of the first choice is open.
    """

    __slots__ = ("_choose", "_closed_to", "_picks", "_plan", "_used")

    def __init__(self, plan: Plan, facts: Facts) -> None:
        self._plan = plan
        self._choose = facts.choose
        self._used: set[str] = set()
        self._closed_to: Attempt | None = None
        self._picks = 0

    def place(self, attempt: Attempt) -> bool:
        """Give ``attempt`` an instance; false when asked again and there is no other one."""
        again = attempt is self._closed_to
        self._closed_to = attempt
        self._picks = self._picks + 1 if again else 1
        if self._choose is None or (again and self._plan.breaker_of is None):
            return not again
        if self._picks > _MOST_PICKS:
            return False
        avoid = frozenset(self._used) if again or self._elsewhere(attempt) else frozenset()
        instance = self._choose(avoid)
        if again and (instance is None or instance in self._used):
            return False
        self._assign(attempt, instance)
        return True

    def _elsewhere(self, attempt: Attempt) -> bool:
        retry = self._plan.retry
        return attempt.copy or (retry is not None and retry.other_instance)

    def _assign(self, attempt: Attempt, instance: str | None) -> None:
        attempt.instance = instance
        if instance is None:
            return
        self._used.add(instance)
        if self._plan.breaker_of is not None:
            attempt.breaker = self._plan.breaker_of(instance)
