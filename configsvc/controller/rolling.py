"""Rollouts go on by themselves: the leader looks at each of them again and again."""

import logging
from collections.abc import Iterator, Mapping
from typing import Protocol

from configsvc.controller.duties import Duty
from configsvc.errors import ConfigsvcError
from configsvc.rollout import Decision
from configsvc.store import Namespaces

_log = logging.getLogger("configsvc.controller")

EVERY = 1.0
"""Seconds between two looks."""


class Rollouts(Protocol):
    """What moves the rollout of a namespace; see `configsvc.usecases.RolloutDesk`."""

    def proceed(self, namespace: str) -> Decision | None:
        """Take the next step by itself; None if there is none to take."""


def carry_on_rollouts(namespaces: Namespaces, rollouts: Rollouts, every: float = EVERY) -> Duty:
    """Let the rollout of each namespace take its next step when it may."""

    def run() -> Mapping[str, int]:
        rolling = [head.namespace for head in namespaces.heads() if head.candidate is not None]
        return {"steps": sum(_steps(rollouts, rolling))}

    return Duty("carry on rollouts", every, run)


def _steps(rollouts: Rollouts, rolling: list[str]) -> Iterator[bool]:
    """Move each; one that cannot be moved now does not keep the others waiting."""
    for namespace in rolling:
        try:
            decision = rollouts.proceed(namespace)
        except ConfigsvcError as error:
            _log.warning("a rollout waits: %s", error, extra={"namespace": namespace})
            continue
        if decision is not None:
            extra = {"namespace": namespace, "next": decision.next.value, "reason": decision.reason}
            _log.info("a rollout has moved", extra=extra)
        yield decision is not None
