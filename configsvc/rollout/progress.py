"""Where a rollout stands, and the moves that it can make. Every move is a revision of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from configsvc.errors import OperationError
from configsvc.model.quantities import WHOLE, Share
from configsvc.rollout.plan import Plan, Stage, plan_from_json, plan_to_json


class Phase(StrEnum):
    """What a rollout is doing."""

    ROLLING = "rolling"
    PAUSED = "paused"
    """Members keep what they hold, nobody is added: until it is resumed, promoted or aborted."""
    SUSPENDED = "suspended"
    """The head has moved under it: until it is resumed on the new head, or aborted."""
    PROMOTED = "promoted"
    ABORTED = "aborted"


class RolloutPhaseError(OperationError):
    """A move that a rollout cannot make from where it stands."""

    def __init__(self, rollout: int, move: str, phase: Phase, advice: str) -> None:
        super().__init__(f"rollout {rollout} is {phase}, it cannot {move}: {advice}")
        self.rollout = rollout
        self.phase = phase


@dataclass(frozen=True, slots=True)
class Rollout:
    """One rollout. Times are microseconds since the Unix epoch.

    Args:
        id: the revision that began it.
        author: who began it.
        message: why.
        plan: its stages and gate.
        phase: what it is doing.
        stage: index of the stage that it has reached.
        share: the part of the fleet that are members by their share, parts per million.
        began: when it began.
        widened: when members were last added, or it was last resumed.
        judged: from when on lost members count: since it reached the stage, or was last resumed.
        reason: why it is paused, suspended or aborted; empty otherwise.
    """

    id: int
    author: str
    message: str
    plan: Plan
    phase: Phase
    stage: int
    share: int
    began: int
    widened: int
    judged: int
    reason: str = ""

    @classmethod
    def begin(cls, number: int, author: str, message: str, plan: Plan, now: int) -> "Rollout":
        """Start with the first stage, as far as one minute's share goes."""
        start = cls(number, author, message, plan, Phase.ROLLING, 0, 0, now, now, now)
        return start.widen(now)

    @property
    def ongoing(self) -> bool:
        """Whether it has members: it is neither promoted nor aborted."""
        return self.phase not in {Phase.PROMOTED, Phase.ABORTED}

    @property
    def current(self) -> Stage:
        """The stage that it has reached."""
        return self.plan.stages[self.stage]

    @property
    def last(self) -> bool:
        """Whether no stage follows."""
        return self.stage == len(self.plan.stages) - 1

    @property
    def target(self) -> int:
        """The share that the stages up to this one lead to."""
        shares = (stage.share for stage in self.plan.stages[: self.stage + 1])
        return max((share for share in shares if share is not None), default=0)

    @property
    def complete(self) -> bool:
        """Whether everybody whom the stage concerns is a member."""
        return self.share >= self.target

    def widen(self, now: int) -> "Rollout":
        """Add one minute's share of the fleet, up to what the stage asks for."""
        step = self.plan.per_minute or Share(WHOLE)
        return replace(self, share=min(self.target, self.share + step), widened=now)

    def advance(self, now: int) -> "Rollout":
        """Go on to the next stage."""
        return replace(self, stage=self.stage + 1, judged=now).widen(now)

    def pause(self, reason: str) -> "Rollout":
        """Add nobody until it is resumed."""
        self._need({Phase.ROLLING}, "pause", "only one that is rolling can")
        return replace(self, phase=Phase.PAUSED, reason=reason)

    def suspend(self, revision: int) -> "Rollout":
        """Note that the head has moved to a revision that it was not built on."""
        if self.phase is Phase.SUSPENDED:
            return self
        reason = f"revision {revision} was published meanwhile"
        return replace(self, phase=Phase.SUSPENDED, reason=reason)

    def resume(self, now: int) -> "Rollout":
        """Go on; the present stage bakes anew."""
        self._need({Phase.PAUSED, Phase.SUSPENDED}, "resume", "only a paused or suspended one can")
        return replace(self, phase=Phase.ROLLING, reason="", widened=now, judged=now)

    def promote(self) -> "Rollout":
        """Put everybody on it."""
        self._need({Phase.ROLLING, Phase.PAUSED}, "be promoted", "resume it on the new head first")
        return replace(self, phase=Phase.PROMOTED, reason="")

    def abort(self, reason: str) -> "Rollout":
        """Give it up: members go back to the head."""
        self._need(
            {Phase.ROLLING, Phase.PAUSED, Phase.SUSPENDED}, "be aborted", "it has ended already"
        )
        return replace(self, phase=Phase.ABORTED, reason=reason)

    def _need(self, phases: set[Phase], move: str, advice: str) -> None:
        if self.phase not in phases:
            raise RolloutPhaseError(self.id, move, self.phase, advice)


def rollout_to_json(rollout: Rollout) -> dict[str, Any]:
    """What is kept with the candidate, for `rollout_from_json`."""
    return {
        "id": rollout.id,
        "author": rollout.author,
        "message": rollout.message,
        "plan": plan_to_json(rollout.plan),
        "phase": rollout.phase.value,
        "stage": rollout.stage,
        "share": rollout.share,
        "began": rollout.began,
        "widened": rollout.widened,
        "judged": rollout.judged,
        "reason": rollout.reason,
    }


def rollout_from_json(value: Mapping[str, Any]) -> Rollout:
    """Read what `rollout_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError, InvalidPlanError: it is something else.
    """
    return Rollout(
        id=int(value["id"]),
        author=str(value["author"]),
        message=str(value["message"]),
        plan=plan_from_json(value["plan"]),
        phase=Phase(value["phase"]),
        stage=int(value["stage"]),
        share=int(value["share"]),
        began=int(value["began"]),
        widened=int(value["widened"]),
        judged=int(value.get("judged", value["widened"])),
        reason=str(value["reason"]),
    )
