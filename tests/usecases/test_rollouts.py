"""Rollouts: begun by a change, steered by hand, carried on by themselves."""

import json
from dataclasses import replace
from typing import Any

import pytest

from configsvc.access import ForbiddenError
from configsvc.fleet import AgentRow, AgentState, FleetAnswer
from configsvc.model.names import Key, Kind
from configsvc.rollout import Next, Phase, RolloutPhaseError, plan_from_json
from configsvc.store import UnknownRevisionError
from configsvc.usecases import Published, Query, RolloutView
from configsvc.usecases.errors import (
    InvalidChangeError,
    RefusedByFindingsError,
    RolloutEndedError,
    RolloutInProgressError,
    StaleBaseError,
)
from tests.usecases.world import (
    BROKEN_TIMEOUT,
    EDITOR,
    NAMESPACE,
    VIEWER,
    Json,
    World,
    change,
    document,
    service,
    timeout,
)

MINUTE = 60_000_000
DEFAULT = Key(Kind.TIMEOUT, "default")
STAGES = {"stages": [{"share": "50%"}, {"share": "100%"}]}


def start(world: World, *put: Json, plan: dict[str, Any] | None = None) -> Published:
    """Begin to roll documents out; a longer attempt where none are given."""
    return world.publish(*(put or (timeout(attempt="1s"),)), rollout=plan_from_json(plan or STAGES))


def view(world: World, rollout: int = 2) -> RolloutView:
    """What everybody may see of a rollout."""
    return world.plane.rollouts.view(VIEWER, NAMESPACE, rollout)


def attempt(world: World, revision: int | None = None) -> str:
    """The limit of an attempt at the head, or at a revision."""
    stored = world.plane.inspector.resource(VIEWER, NAMESPACE, DEFAULT, revision)
    limit: str = json.loads(stored.document)["spec"]["attempt"]
    return limit


@pytest.fixture
def rolling(world: World) -> World:
    """The system while a longer attempt is rolled out as revision 2."""
    start(world)
    return world


def agents(world: World, state: AgentState = AgentState.APPLIED, reason: str = "") -> None:
    """Let the fleet be forty agents of each service that stand so to what they should hold."""
    candidate = world.plane.rollouts._namespaces.rollout(NAMESPACE, 2)
    touched = world.plane.rollouts._namespaces.touched(NAMESPACE, candidate)
    rows = [
        AgentRow(
            NAMESPACE, name, f"{name}-{n}", f"s{name}{n}", 0, 0,
            wanted_digest=item.digest, state=state, reason=reason,
        )
        for name, item in touched.items()
        for n in range(40)
    ]  # fmt: skip
    world.fleet = FleetAnswer(tuple(rows), ())


def test_a_rollout_leaves_the_head_as_it_is(rolling: World) -> None:
    """It has a revision of its own; operators see the head until it is promoted."""
    assert rolling.revision == 2
    assert attempt(rolling) == "500ms"
    assert view(rolling).rollout.phase is Phase.ROLLING
    assert view(rolling).services == ("player", "score")


def test_the_outcome_says_that_it_is_rolled_out(world: World) -> None:
    """With the revision that names the rollout, and whom it concerns."""
    outcome = start(world)
    assert (outcome.revision, outcome.rollout, outcome.services) == (2, True, ("player", "score"))


def test_its_record_says_what_it_did(rolling: World) -> None:
    """History has every move, with who made it and why."""
    rolling.plane.rollouts.pause(EDITOR, NAMESPACE, 2, "lunch")
    newest, begun, _ = rolling.plane.inspector.history(VIEWER, NAMESPACE)
    assert isinstance(begun.rollout, dict)
    assert isinstance(newest.rollout, dict)
    assert (begun.rollout["action"], begun.rollout["share"]) == ("publish", 500_000)
    assert (newest.rollout["action"], newest.message) == ("pause", "rollout 2: pause (lunch)")


def test_a_rollout_needs_something_to_differ_from(empty: World) -> None:
    """The first revision goes to all."""
    with pytest.raises(InvalidChangeError, match="the first revision of a namespace goes to all"):
        start(empty)


def test_one_at_a_time(rolling: World) -> None:
    """The error names the one in progress."""
    with pytest.raises(RolloutInProgressError, match="rollout 2 is in progress"):
        start(rolling, timeout(attempt="700ms"))


def test_the_gate_of_findings_stands_before_it(world: World) -> None:
    """What conflicts does not reach a part of the fleet either."""
    with pytest.raises(RefusedByFindingsError):
        start(world, BROKEN_TIMEOUT)


def slower(own_time: str, limit: str) -> tuple[Json, Json]:
    """A callee that takes so long, and what its callers give it."""
    callee = service("score")
    callee["spec"]["operations"][0] |= {
        "ownTime": own_time, "cancels": False, "honoursDeadline": False,
    }  # fmt: skip
    return callee, timeout(attempt=limit)


def test_old_and_new_must_get_along_meanwhile(world: World) -> None:
    """What is wrong only while old callers meet new callees refuses a rollout, and no publish."""
    world.publish(*slower("100ms", "500ms"))
    change = slower("1s", "2s")
    with pytest.raises(RefusedByFindingsError) as refused:
        start(world, *change)
    assert [(f.code, f.old) for f in refused.value.blocking] == [("DL01", "callers")]
    assert world.publish(*change).changed


def test_a_check_of_a_rollout_tells_what_is_wrong_meanwhile(world: World) -> None:
    """The preview of a change with a plan has the findings of the mixed fleet."""
    world.publish(*slower("100ms", "500ms"))
    plan = plan_from_json(STAGES)
    wanted = change(*slower("1s", "2s"), rollout=plan)
    preview = world.plane.publisher.check(EDITOR, NAMESPACE, wanted)
    assert not preview.publishable
    assert [f.old for f in preview.judgement.blocking] == ["callers"]


def test_a_change_by_which_nothing_differs_begins_none(world: World) -> None:
    """There is nothing to roll out."""
    assert not start(world, timeout()).changed
    assert world.revision == 1


def test_a_promotion_makes_it_the_head(rolling: World) -> None:
    """By hand at any time, whatever its gate says."""
    outcome = rolling.plane.rollouts.promote(EDITOR, NAMESPACE, 2)
    assert (outcome.revision, outcome.services) == (3, ("player", "score"))
    assert attempt(rolling) == "1s"
    assert view(rolling).rollout.phase is Phase.PROMOTED


def test_an_abort_leaves_the_former_content(rolling: World) -> None:
    """As a revision of its own."""
    outcome = rolling.plane.rollouts.abort(EDITOR, NAMESPACE, 2, "too slow")
    assert outcome.revision == 3
    assert attempt(rolling) == "500ms"
    assert (view(rolling).rollout.phase, view(rolling).rollout.reason) == (
        Phase.ABORTED,
        "too slow",
    )


def test_after_its_end_another_may_begin(rolling: World) -> None:
    """The list has both."""
    rolling.plane.rollouts.abort(EDITOR, NAMESPACE, 2, "")
    assert start(rolling).revision == 4
    assert [r.id for r in rolling.plane.rollouts.list(VIEWER, NAMESPACE)] == [4, 2]


def test_what_has_ended_is_not_moved(rolling: World) -> None:
    """The error says what is in progress instead."""
    rolling.plane.rollouts.abort(EDITOR, NAMESPACE, 2, "")
    with pytest.raises(RolloutEndedError, match="rollout 2 has ended: none is in progress"):
        rolling.plane.rollouts.promote(EDITOR, NAMESPACE, 2)


def test_a_revision_that_began_none_is_no_rollout(rolling: World) -> None:
    """Nor is one that never was."""
    for revision in (1, 9):
        with pytest.raises(UnknownRevisionError):
            rolling.plane.rollouts.promote(EDITOR, NAMESPACE, revision)


def test_steering_needs_the_right_to_publish(rolling: World) -> None:
    """A viewer may look."""
    desk = rolling.plane.rollouts
    with pytest.raises(ForbiddenError):
        desk.promote(VIEWER, NAMESPACE, 2)
    with pytest.raises(ForbiddenError):
        desk.resume(VIEWER, NAMESPACE, 2)


def test_a_publish_suspends_it(rolling: World) -> None:
    """The change goes to the head; the candidate stays what its members hold."""
    rolling.publish(service("extra"))
    suspended = view(rolling)
    assert suspended.rollout.phase is Phase.SUSPENDED
    assert suspended.rollout.reason == "revision 3 was published meanwhile"
    with pytest.raises(RolloutPhaseError, match="resume it on the new head first"):
        rolling.plane.rollouts.promote(EDITOR, NAMESPACE, 2)


def test_a_resumed_one_stands_on_the_new_head(rolling: World) -> None:
    """It keeps its name and its members, and brings what was published meanwhile."""
    rolling.publish(service("extra"))
    rolling.plane.rollouts.resume(EDITOR, NAMESPACE, 2)
    rolling.plane.rollouts.promote(EDITOR, NAMESPACE, 2)
    resources = rolling.plane.inspector.resources(VIEWER, NAMESPACE, Query())
    assert "extra" in {each.key.name for each in resources}
    assert attempt(rolling) == "1s"


def test_a_paused_one_resumes_as_it_is(rolling: World) -> None:
    """Nothing is built anew."""
    rolling.plane.rollouts.pause(EDITOR, NAMESPACE, 2, "")
    assert view(rolling).rollout.reason == f"paused by {EDITOR.name}"
    rolling.plane.rollouts.resume(EDITOR, NAMESPACE, 2)
    assert view(rolling).rollout.phase is Phase.ROLLING


def test_the_same_resource_published_meanwhile_keeps_it_from_resuming(rolling: World) -> None:
    """Both sides are shown; nothing of either is lost."""
    rolling.publish(timeout(attempt="700ms"))
    with pytest.raises(StaleBaseError, match="Timeout/default changed between your base 2"):
        rolling.plane.rollouts.resume(EDITOR, NAMESPACE, 2)
    assert attempt(rolling) == "700ms"


def test_a_resumed_one_is_checked_again(world: World) -> None:
    """What fitted the former head may conflict with the new one: it stays suspended then."""
    start(world, document("Timeout", "to-score", {"target": {"to": "score"}, "attempt": "1s"}))
    world.publish(timeout(attempt="500ms", overall="800ms"))
    with pytest.raises(RefusedByFindingsError):
        world.plane.rollouts.resume(EDITOR, NAMESPACE, 2)
    assert view(world).rollout.phase is Phase.SUSPENDED


def test_what_the_head_has_already_is_not_resumed(rolling: World) -> None:
    """Somebody published the same to all."""
    rolling.publish(timeout(attempt="1s"))
    with pytest.raises(InvalidChangeError, match="the head has everything"):
        rolling.plane.rollouts.resume(EDITOR, NAMESPACE, 2)


def test_it_goes_on_by_itself(rolling: World) -> None:
    """From stage to stage, and at the end to everybody."""
    agents(rolling)
    assert rolling.plane.rollouts.proceed(NAMESPACE) is None
    rolling.clock.advance(5 * MINUTE)
    advanced = rolling.plane.rollouts.proceed(NAMESPACE)
    assert advanced is not None
    assert advanced.next is Next.ADVANCE
    assert view(rolling).rollout.share == 1_000_000
    rolling.clock.advance(5 * MINUTE)
    promoted = rolling.plane.rollouts.proceed(NAMESPACE)
    assert promoted is not None
    assert promoted.next is Next.PROMOTE
    assert attempt(rolling) == "1s"
    assert rolling.plane.rollouts.proceed(NAMESPACE) is None


def test_a_rejection_pauses_it(rolling: World) -> None:
    """The reason is kept where the operator looks."""
    agents(rolling, AgentState.REJECTED, "too new")
    rolling.plane.rollouts.proceed(NAMESPACE)
    paused = view(rolling).rollout
    assert paused.phase is Phase.PAUSED
    assert paused.reason.endswith("agents rejected it: too new")


def test_a_rejection_aborts_it_if_the_plan_says_so(world: World) -> None:
    """Its members go back to the head."""
    start(world, plan={**STAGES, "onFailure": "abort"})
    agents(world, AgentState.REJECTED, "too new")
    world.plane.rollouts.proceed(NAMESPACE)
    assert view(world).rollout.phase is Phase.ABORTED
    assert world.revision == 3


def test_without_agents_it_waits(rolling: World) -> None:
    """No data is no pass, and the view says so."""
    rolling.clock.advance(60 * MINUTE)
    assert rolling.plane.rollouts.proceed(NAMESPACE) is None
    decision = view(rolling).decision
    assert decision is not None
    assert decision.reason == "0 of at least 1 agents have applied it"


def test_a_fleet_that_is_known_in_part_is_waited_for(rolling: World) -> None:
    """The view says who did not answer."""
    agents(rolling)
    rolling.fleet = replace(rolling.fleet, incomplete=("node-2",))
    rolling.clock.advance(60 * MINUTE)
    assert rolling.plane.rollouts.proceed(NAMESPACE) is None
