"""What a move of a rollout writes: the step of the candidate, and the note in the record."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from configsvc.rollout import Rollout, rollout_from_json, rollout_to_json
from configsvc.store import Candidate, CandidateStep, Head, Move


class Step(NamedTuple):
    """The candidate's step, and what the revision's record says of it."""

    candidate: CandidateStep
    record: dict[str, Any]


def step(move: Move, action: str, rollout: Rollout) -> Step:
    """Move the candidate so that its rollout is this one from then on."""
    record = {
        "id": rollout.id,
        "action": action,
        "phase": rollout.phase.value,
        "stage": rollout.stage,
        "share": rollout.share,
        "reason": rollout.reason,
    }
    return Step(CandidateStep(move, rollout_to_json(rollout)), record)


def suspension(head: Head | None) -> Step | None:
    """What a change made to the head does to a rollout in progress; None without one."""
    if head is None or head.candidate is None:
        return None
    suspended = rollout_of(head.candidate).suspend(head.revision + 1)
    return step(Move.KEEP, "suspend", suspended)


def rollout_of(candidate: Candidate) -> Rollout:
    """The rollout whose candidate this is."""
    return rollout_from_json(cast("Mapping[str, Any]", candidate.state))
