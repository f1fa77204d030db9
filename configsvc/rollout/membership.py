"""Who holds the candidate: computed alike by every node, from rollout and instance alone."""

import hashlib
from collections.abc import Mapping

from configsvc.model.quantities import WHOLE
from configsvc.rollout.progress import Rollout


def is_member(rollout: Rollout, instance: str, labels: Mapping[str, str]) -> bool:
    """Whether an instance should hold the candidate.

    Its place in [0, 1), a hash of the rollout and its id, is below the rollout's share, or it has
    all labels of a stage that was reached. Whoever is a member stays one while stages advance.
    """
    if not rollout.ongoing:
        return False
    if _place(rollout.id, instance) < rollout.share:
        return True
    return any(
        stage.labels and stage.labels.items() <= labels.items()
        for stage in rollout.plan.stages[: rollout.stage + 1]
    )


def _place(rollout: int, instance: str) -> int:
    """Where an instance stands among all, in parts per million; uniform, and fixed for good."""
    digest = hashlib.sha256(f"{rollout}:{instance}".encode()).digest()
    return int.from_bytes(digest[:8]) * WHOLE >> 64
