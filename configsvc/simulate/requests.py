"""What passes between a caller and its callee."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from configsvc.simulate.record import CallRecord
from configsvc.simulate.system import WorkId
from configsvc_agent.engine import Outcome

Done = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class Request:
    """An attempt as its callee sees it.

    ``deadline`` is when its caller gives up; ``answer`` takes the outcome; ``of`` is the call.
    """

    work: WorkId
    instance: int
    deadline: int | None
    answer: Done
    of: CallRecord


class Served(Protocol):
    """A request that a callee works on."""

    def abandon(self) -> None:
        """Tell it that nobody waits for the answer any more."""


Serve = Callable[[Request], Served]
"""Hands a request to its callee."""


def word(outcome: Outcome) -> str:
    """An outcome in one word: ``ok``, or the class that says most."""
    if outcome.ok:
        return "ok"
    codes = sorted(outcome.classes)
    return next((code for code in codes if code.isdigit()), codes[0] if codes else "failed")
