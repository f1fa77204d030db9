"""What the leader does again and again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from configsvc.store import Answers, Collector, Namespaces


@dataclass(frozen=True, slots=True)
class Duty:
    """One task: `run` does it once and says in numbers what it did.

    `every` is the time between the end of one run and the start of the next, in seconds.
    """

    name: str
    every: float
    run: Callable[[], Mapping[str, int]]


def collect_blobs(collector: Collector, every: float) -> Duty:
    """Delete blobs that no revision and no bundle in force needs."""

    def run() -> Mapping[str, int]:
        collected = collector.collect()
        return {"examined": collected.examined, "deleted": collected.deleted}

    return Duty("collect unreferenced blobs", every, run)


def expire_answers(namespaces: Namespaces, answers: Answers, every: float) -> Duty:
    """Delete the answers of idempotency keys that have expired."""

    def run() -> Mapping[str, int]:
        return {"deleted": sum(answers.expire(name) for name in namespaces.names())}

    return Duty("expire idempotency keys", every, run)
