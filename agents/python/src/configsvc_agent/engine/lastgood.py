"""The last good answers of one operation, for a fallback to show when no new one can be had."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Final

from configsvc_agent.engine.policy import LastGoodFallback
from configsvc_agent.engine.waiting import Waker

MAX_ANSWERS: Final = 1000
"""Requests per operation whose answer is kept; the one not refreshed for longest makes room."""


class LastGood:
    """Good answers by request. What an answer is, is the caller's business."""

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()

    def keep(self, request: Hashable, answer: object, now: int) -> None:
        """Remember ``answer`` as the latest to ``request``."""
        self._answers[request] = (now, answer)
        self._answers.move_to_end(request)
        if len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)

    def find(self, request: Hashable, max_age: int | None, now: int) -> tuple[Any] | None:
        """The answer in a tuple of one, if there is one that is at most ``max_age`` old."""
        kept = self._answers.get(request)
        if kept is None or (max_age is not None and now - kept[0] > max_age):
            return None
        return (kept[1],)

    def reconfigure(self, policy: LastGoodFallback, now: int) -> list[Waker]:
        """Answers stay; their age is judged when they are asked for."""
        return []

    def close(self) -> list[Waker]:
        """The policy is gone: nobody waits on answers."""
        self._answers.clear()
        return []

    def snapshot(self) -> dict[str, Any]:
        """What is kept; plain as far as requests and answers are."""
        return {"answers": [[request, *kept] for request, kept in self._answers.items()]}

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> LastGood:
        """The answers that :meth:`snapshot` described."""
        good = cls()
        for request, at, answer in saved["answers"]:
            good.keep(request, answer, at)
        return good
