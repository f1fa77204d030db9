"""What a rollout does next."""

from typing import Any

import pytest

from configsvc.fleet import AgentRow, AgentState
from configsvc.rollout import Decision, Next, Rollout, decide, observe
from tests.rollout.world import BEGAN, DIGEST, MINUTE, rollout, row

BAKED = BEGAN + 5 * MINUTE


def next_of(
    it: Rollout, *rows: AgentRow, now: int = BAKED, incomplete: tuple[str, ...] = ()
) -> Decision:
    """Decide at an instant, when the first stage has baked unless another one is given."""
    return decide(it, observe(it, {"score": DIGEST}, rows, incomplete), now)


def everybody(*stages: dict[str, Any], **plan: object) -> Rollout:
    """A rollout whose first stage is the whole fleet."""
    return rollout(*({"share": "100%"}, *stages), **plan)


def test_a_stage_that_has_baked_and_was_applied_is_followed_by_the_next() -> None:
    """Time is over, an agent has applied, nobody has not answered."""
    it = rollout({"labels": {"zone": "a"}}, {"share": "100%"})
    assert next_of(it, row("a", zone="a")).next is Next.ADVANCE


def test_the_last_stage_is_followed_by_promotion() -> None:
    """By itself, unless the plan leaves that to somebody."""
    assert next_of(everybody(), row("a")).next is Next.PROMOTE
    manual = next_of(everybody(promote="manual"), row("a"))
    assert manual == Decision(Next.WAIT, "every stage has passed: promote it")


def test_a_stage_bakes_to_its_end() -> None:
    """A microsecond early is too early, and what is left is said."""
    early = next_of(everybody(), row("a"), now=BAKED - 1)
    assert early == Decision(Next.WAIT, "1s for the stage to bake")


def test_no_data_is_no_pass() -> None:
    """Without any member that has applied nothing goes on."""
    assert next_of(everybody()).reason == "0 of at least 1 agents have applied it"
    assert next_of(everybody()).next is Next.WAIT


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ((row("a"),), "1 of at least 2 agents have applied it"),
        ((row("a"), row("b", AgentState.OVERRIDDEN)), "1 of at least 2 agents have applied it"),
        ((row("a"), row("b"), row("c", AgentState.PENDING)), "1 of 3 agents have not answered"),
    ],
)
def test_what_is_missing_is_waited_for(rows: tuple[AgentRow, ...], reason: str) -> None:
    """Too few reports, masked bundles that prove nothing, an agent that is silent."""
    assert next_of(everybody(gate={"minReports": 2}), *rows) == Decision(Next.WAIT, reason)


def test_an_unknown_part_of_the_fleet_is_no_pass() -> None:
    """A node that does not answer may have a rejection to tell."""
    seen = next_of(everybody(), row("a"), incomplete=("node-2",))
    assert seen == Decision(Next.WAIT, "no answer from node-2")


def test_a_rejection_fails_it_at_once() -> None:
    """Before the stage has baked, whoever else has applied; with the commonest reason."""
    rows = [row("a"), *(row(n, AgentState.REJECTED, reason="too new") for n in "bc")]
    rejected = next_of(everybody(), *rows, row("d", AgentState.REJECTED, reason="x"), now=BEGAN)
    assert rejected == Decision(Next.FAIL, "3 of 4 agents rejected it: too new")


def test_open_breakers_over_the_threshold_fail_it() -> None:
    """As many as the gate allows do not."""
    rows = [row("a", open_breaker=True), row("b", open_breaker=True), row("c")]
    assert next_of(everybody(gate={"openBreakers": 2}), *rows).next is Next.PROMOTE
    failed = next_of(everybody(gate={"openBreakers": 1}), *rows)
    assert failed == Decision(Next.FAIL, "2 agents have an open breaker, at most 1 may")


def test_a_share_is_added_once_a_minute() -> None:
    """Until the stage is reached it does not bake."""
    it = everybody(maxPerMinute="40%")
    assert next_of(it, now=BEGAN + MINUTE).next is Next.WIDEN
    waiting = next_of(it, now=BEGAN + MINUTE - 1)
    assert waiting == Decision(Next.WAIT, "1s for the next minute's share")


@pytest.mark.parametrize("stopped", ["paused", "suspended"])
def test_what_does_not_roll_waits(stopped: str) -> None:
    """Also when everything would pass, and when something fails."""
    it = everybody()
    it = it.pause("lunch") if stopped == "paused" else it.suspend(9)
    for rows in ([row("a")], [row("a", AgentState.REJECTED, reason="x")]):
        assert next_of(it, *rows) == Decision(Next.WAIT, it.reason)


def test_failing_calls_over_the_threshold_fail_it() -> None:
    """Of all calls of all members; exactly as many as may fail do not."""
    it = everybody(gate={"errorRate": "5%"})
    some, none = row("a", calls=(10, 1), p99=1), row("b", calls=(10, 0), p99=1)
    assert next_of(it, some, none).next is Next.PROMOTE
    assert next_of(it, some, row("c")) == Decision(Next.FAIL, "10% of calls fail, at most 5% may")


def test_slow_calls_at_most_members_fail_it() -> None:
    """Each member's own percentile counts; half of them may be slow, because one may be unlucky."""
    it = everybody(gate={"latencyP99": "300ms"})
    fast, slow = row("a", calls=(9, 0), p99=300_000), row("b", calls=(9, 0), p99=300_001)
    assert next_of(it, fast, slow).next is Next.PROMOTE
    failed = next_of(it, fast, slow, row("c", calls=(9, 0), p99=400_000))
    assert failed == Decision(Next.FAIL, "at 2 of 3 agents over 1% of calls take longer than 300ms")


@pytest.mark.parametrize("gate", [{"errorRate": "5%"}, {"latencyP99": "1s"}])
def test_a_threshold_without_calls_is_no_pass(gate: dict[str, Any]) -> None:
    """Nobody knows yet how it does."""
    assert next_of(everybody(gate=gate), row("a")) == Decision(
        Next.WAIT, "no agent has told of calls yet"
    )


def test_members_that_vanish_and_stay_away_fail_it() -> None:
    """At once, when they are more than may; what ends a process cannot be reported by it."""
    rows = [*(row(f"m{n}") for n in range(8)), row("x", lost=BAKED - MINUTE)]
    assert next_of(everybody(), *rows, row("z")).next is Next.PROMOTE
    assert next_of(everybody(), *rows, now=BAKED - 1).next is Next.WAIT
    failed = next_of(everybody(), *rows)
    reason = "1 of 9 agents vanished after they were given it, at most 10% may"
    assert failed == Decision(Next.FAIL, reason)
    assert next_of(everybody(gate={"lost": "20%"}), *rows).next is Next.PROMOTE


def test_members_that_vanished_a_moment_ago_are_waited_for() -> None:
    """They may only be on their way to another server; no data is no pass."""
    rows = [*(row(f"m{n}") for n in range(20)), row("x", lost=BAKED - MINUTE + 1)]
    waiting = next_of(everybody(), *rows)
    assert waiting == Decision(Next.WAIT, "1 of 21 agents vanished a moment ago")


def test_a_resumed_rollout_is_judged_anew() -> None:
    """Somebody has looked at who vanished before."""
    rows = [row("a"), row("x", lost=BEGAN + MINUTE)]
    it = everybody()
    assert next_of(it, *rows).next is Next.FAIL
    resumed = it.pause("looked at").resume(BAKED)
    assert next_of(resumed, *rows, now=BAKED + 5 * MINUTE).next is Next.PROMOTE
