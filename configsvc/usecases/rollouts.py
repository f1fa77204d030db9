"""Rollouts: look at them, steer them, and let them take their next step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from configsvc.access import Principal, Right
from configsvc.fleet import FleetAnswer
from configsvc.model.names import Key
from configsvc.rollout import (
    Decision,
    Next,
    Observation,
    OnFailure,
    Phase,
    Rollout,
    decide,
    observe,
)
from configsvc.store import AuditEntry, Candidate, Head, Move, Namespaces, Staged
from configsvc.usecases.errors import (
    InvalidChangeError,
    RefusedByFindingsError,
    RolloutEndedError,
    StaleBaseError,
    StaleResource,
    UnknownNamespaceError,
)
from configsvc.usecases.moment import Moment
from configsvc.usecases.outcome import Published
from configsvc.usecases.proposing import Proposal, read_kept
from configsvc.usecases.publishing import Intent, Publisher
from configsvc.usecases.rollout_steps import rollout_of, step
from configsvc.usecases.workspace import Workspace, Workspaces

CONTROLLER: Final = "configsvc"
"""The author of what a rollout does by itself."""


@dataclass(frozen=True, slots=True)
class RolloutView:
    """A rollout, the resources that it changes, and how it stands in the fleet.

    `seen` and `decision` are None once it has ended.
    """

    rollout: Rollout
    resources: tuple[Key, ...]
    services: tuple[str, ...]
    seen: Observation | None = None
    decision: Decision | None = None


class RolloutDesk:
    """Shows and moves rollouts. `ask` asks every live node about the agents of a namespace."""

    def __init__(
        self,
        namespaces: Namespaces,
        workspaces: Workspaces,
        publisher: Publisher,
        moment: Moment,
        ask: Callable[[str], FleetAnswer],
    ) -> None:
        self._namespaces = namespaces
        self._workspaces = workspaces
        self._publisher = publisher
        self._moment = moment
        self._ask = ask

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    def list(
        self, who: Principal, namespace: str, *, before: int | None = None, limit: int = 50
    ) -> tuple[Rollout, ...]:
        """Rollouts, newest first."""
        who.require(namespace, Right.READ)
        if self._namespaces.head(namespace) is None:
            raise UnknownNamespaceError(namespace)
        found = self._namespaces.rollouts(namespace, before=before, limit=limit)
        return tuple(map(rollout_of, found))

    def view(self, who: Principal, namespace: str, rollout: int) -> RolloutView:
        """One rollout and how far it has come; raises `UnknownRevisionError`."""
        who.require(namespace, Right.READ)
        candidate = self._namespaces.rollout(namespace, rollout)
        found, resources = rollout_of(candidate), self._changed(namespace, candidate)
        if not found.ongoing:
            return RolloutView(found, resources, ())
        touched = self._namespaces.touched(namespace, candidate)
        seen = self._observe(namespace, candidate)
        decision = decide(found, seen, self._moment.micros())
        return RolloutView(found, resources, tuple(sorted(touched)), seen, decision)

    # ── steering ─────────────────────────────────────────────────────────────────────────────

    def pause(self, who: Principal, namespace: str, rollout: int, reason: str) -> Published:
        """Add nobody until it is resumed."""
        reason = reason or f"paused by {who.name}"
        return self._steer(
            who, namespace, rollout, Move.KEEP, "pause", lambda each: each.pause(reason)
        )

    def promote(self, who: Principal, namespace: str, rollout: int) -> Published:
        """Make the candidate the head, whatever its gate says."""
        return self._steer(who, namespace, rollout, Move.PROMOTE, "promote", Rollout.promote)

    def abort(self, who: Principal, namespace: str, rollout: int, reason: str) -> Published:
        """Give the candidate up: its members go back to the head."""
        reason = reason or f"aborted by {who.name}"
        return self._steer(
            who, namespace, rollout, Move.ABORT, "abort", lambda each: each.abort(reason)
        )

    def resume(self, who: Principal, namespace: str, rollout: int) -> Published:
        """Go on; one that was suspended is put on the new head and checked again first.

        Raises:
            StaleBaseError: a resource that it changes is another one at the head.
            RefusedByFindingsError: on the new head it adds error findings.
            RolloutEndedError, RolloutPhaseError, UnknownRevisionError: it cannot be resumed.
        """
        who.require(namespace, Right.PUBLISH)

        def attempt() -> Published:
            head, candidate = self._current(namespace, rollout)
            resumed = rollout_of(candidate).resume(self._moment.micros())
            if rollout_of(candidate).phase is Phase.SUSPENDED:
                return self._rebuild(who.name, namespace, candidate, resumed)
            return self._move(who.name, head, Move.KEEP, "resume", resumed)

        return self._publisher.in_turn(namespace, None, attempt)

    def proceed(self, namespace: str) -> Decision | None:
        """Let a namespace's rollout take its next step by itself; None if it has none to take.

        Raises what a commit raises, `ContentionError` if others kept being first.
        """
        head = self._namespaces.head(namespace)
        if head is None or head.candidate is None:
            return None
        rollout = rollout_of(head.candidate)
        if rollout.phase is not Phase.ROLLING:
            return None
        now = self._moment.micros()
        decision = decide(rollout, self._observe(namespace, head.candidate), now)
        if decision.next is Next.WAIT:
            return None
        move, action, after = _taken(rollout, decision, now)
        self._publisher.in_turn(
            namespace, None, lambda: self._move_if_same(head, move, action, after)
        )
        return decision

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _steer(
        self,
        who: Principal,
        namespace: str,
        rollout: int,
        move: Move,
        action: str,
        change: Callable[[Rollout], Rollout],
    ) -> Published:
        who.require(namespace, Right.PUBLISH)

        def attempt() -> Published:
            head, candidate = self._current(namespace, rollout)
            return self._move(who.name, head, move, action, change(rollout_of(candidate)))

        return self._publisher.in_turn(namespace, None, attempt)

    def _current(self, namespace: str, rollout: int) -> tuple[Head, Candidate]:
        """The head and its candidate, if that is the rollout that was named."""
        self._namespaces.rollout(namespace, rollout)
        head = self._namespaces.head(namespace)
        if head is None or head.candidate is None or head.candidate.revision != rollout:
            current = head.candidate.revision if head and head.candidate else None
            raise RolloutEndedError(rollout, current)
        return head, head.candidate

    def _move_if_same(self, seen: Head, move: Move, action: str, after: Rollout) -> Published:
        """Take a step that was decided at a head; at another one nothing is decided yet."""
        head = self._namespaces.head(seen.namespace)
        if head is None or head.revision != seen.revision:
            return Published(seen.namespace, seen.revision, changed=False)
        return self._move(CONTROLLER, head, move, action, after)

    def _move(self, author: str, head: Head, move: Move, action: str, after: Rollout) -> Published:
        moved = step(move, action, after)
        message = f"rollout {after.id}: {action}" + (f" ({after.reason})" if after.reason else "")
        audit = AuditEntry(
            self._moment.micros(), author, f"rollout-{action}", None, {"rollout": str(after.id)}
        )
        staged = Staged(author, message, rollout=moved.record, step=moved.candidate, audit=audit)
        committed = self._namespaces.commit(head.namespace, head, staged)
        return Published(
            namespace=head.namespace,
            revision=committed.head.revision,
            changed=True,
            services=tuple(sorted(committed.services)),
        )

    def _rebuild(
        self, author: str, namespace: str, candidate: Candidate, resumed: Rollout
    ) -> Published:
        workspace = self._workspaces.at_head(namespace)
        judgement = self._publisher.judge(self._again(workspace, candidate), in_stages=True)
        if not judgement.publishable:
            raise RefusedByFindingsError(judgement.blocking, judgement.undecided)
        message = f"rollout {resumed.id}: resume on revision {workspace.revision}"
        intent = Intent(author, "resume", message, judgement, lambda _: resumed)
        return self._publisher.commit(intent, None)

    def _again(self, workspace: Workspace, candidate: Candidate) -> Proposal:
        """What the rollout changes, on top of the head as it is now."""
        record = self._namespaces.record(workspace.namespace, candidate.built)
        base = self._namespaces.manifest(record.manifest)
        differences = base.differences(self._namespaces.manifest(candidate.manifest))
        stale = tuple(
            StaleResource(key, each.before, workspace.digest(key))
            for each in differences
            if workspace.digest(key := Key.parse(each.key)) not in {each.before, each.after}
        )
        if stale:
            raise StaleBaseError(candidate.built, workspace.revision, stale)
        puts = {
            Key.parse(each.key): self._namespaces.document(each.after)
            for each in differences
            if each.after is not None and workspace.digest(Key.parse(each.key)) != each.after
        }
        gone = frozenset(
            key
            for each in differences
            if each.after is None and (key := Key.parse(each.key)) in workspace.catalog.resources
        )
        if not puts and not gone:
            raise InvalidChangeError(
                "", "the head has everything that this rollout changes: abort it"
            )
        resources = read_kept(puts, workspace.revision + 1)
        return Proposal(workspace, workspace.catalog.with_change(resources, gone), puts, gone)

    def _observe(self, namespace: str, candidate: Candidate) -> Observation:
        touched = self._namespaces.touched(namespace, candidate)
        digests = {service: item.digest for service, item in touched.items()}
        answer = self._ask(namespace)
        return observe(rollout_of(candidate), digests, answer.rows, answer.incomplete)

    def _changed(self, namespace: str, candidate: Candidate) -> tuple[Key, ...]:
        record = self._namespaces.record(namespace, candidate.built)
        base = self._namespaces.manifest(record.manifest)
        own = self._namespaces.manifest(candidate.manifest)
        return tuple(Key.parse(each.key) for each in base.differences(own))


def _taken(rollout: Rollout, decision: Decision, now: int) -> tuple[Move, str, Rollout]:
    """The move that carries a decision out."""
    if decision.next is Next.WIDEN:
        return Move.KEEP, "widen", rollout.widen(now)
    if decision.next is Next.ADVANCE:
        return Move.KEEP, "advance", rollout.advance(now)
    if decision.next is Next.PROMOTE:
        return Move.PROMOTE, "promote", rollout.promote()
    if rollout.plan.on_failure is OnFailure.ABORT:
        return Move.ABORT, "abort", rollout.abort(decision.reason)
    return Move.KEEP, "pause", rollout.pause(decision.reason)
