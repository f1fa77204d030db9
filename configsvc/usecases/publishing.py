"""Publishing: check, compile and commit a change, or refuse it whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from configsvc.access import Principal, Right
from configsvc.bundle import Bundle, compile_changed
from configsvc.rollout import Rollout
from configsvc.schema import DocumentError, InvalidDocumentError
from configsvc.store import AnswerExistsError, AuditEntry, HeadMovedError, Move, Namespaces, Staged
from configsvc.usecases.changes import Change, check_count, check_message
from configsvc.usecases.errors import (
    ContentionError,
    InvalidChangeError,
    RefusedByFindingsError,
    RolloutInProgressError,
)
from configsvc.usecases.judging import Judgement, judge
from configsvc.usecases.kept_report import kept_report
from configsvc.usecases.moment import Moment
from configsvc.usecases.namespace_settings import NamespaceSettings
from configsvc.usecases.outcome import Published
from configsvc.usecases.preview import Preview, preview_of
from configsvc.usecases.proposing import Proposal, Reading, propose, read_documents
from configsvc.usecases.repeats import Repeat, Repeats
from configsvc.usecases.rollout_steps import Step, step, suspension
from configsvc.usecases.staleness import Staleness
from configsvc.usecases.turns import Turns
from configsvc.usecases.workspace import Workspace, Workspaces

TRIES: Final = 5
"""How often a change is put on top of a head that keeps moving."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be written, by whom, and why.

    `rollout` gives the rollout by which it reaches the fleet, from the revision that it makes; None
    where it is put in force for everybody at once.
    """

    author: str
    action: str
    message: str
    judgement: Judgement
    rollout: Callable[[int], Rollout] | None = None


class Publisher:
    """Checks and publishes changes. Safe to share between threads."""

    def __init__(
        self,
        namespaces: Namespaces,
        workspaces: Workspaces,
        settings: NamespaceSettings,
        repeats: Repeats,
        turns: Turns,
        moment: Moment,
    ) -> None:
        self._namespaces = namespaces
        self._workspaces = workspaces
        self._settings = settings
        self._repeats = repeats
        self._moment = moment
        self._staleness = Staleness(namespaces)
        self._turns = turns

    def check(self, who: Principal, namespace: str, change: Change) -> Preview:
        """Say what publishing the change would do; nothing is written.

        Goes on past documents that cannot be read, and past findings: the preview has both.

        Raises: as `publish` for everything else that it refuses.
        """
        who.require(namespace, Right.CHECK)
        reading = self._read(change)
        judgement = self._judge_change(namespace, change, reading)
        return self.preview(judgement, reading.errors)

    def preview(self, judgement: Judgement, errors: tuple[DocumentError, ...] = ()) -> Preview:
        """The preview of what was judged."""
        before = judgement.proposal.before
        return preview_of(judgement, self._workspaces.bounds(before, judgement.today), errors)

    def publish(
        self, who: Principal, namespace: str, change: Change, repeat: Repeat | None = None
    ) -> Published:
        """Make a change the next revision, if it passes the gate.

        Args:
            who: needs the right to publish, and to waive if the change waives an error.
            namespace: comes to exist by its first change.
            change: what to put and delete.
            repeat: the request's idempotency key; a repeated request gets the first one's outcome.

        Raises:
            ForbiddenError: the author lacks the right.
            InvalidDocumentError: documents cannot be read; it carries the errors of all of them.
            InvalidChangeError, MassDeletionError: the change contradicts itself or its namespace.
            StaleBaseError, UnknownBaseError, PreconditionFailedError, ManagedElsewhereError: others
                were there first.
            RefusedByFindingsError: it adds error findings or makes open ones worse.
            IdempotencyKeyReusedError: the key came with another request.
            RolloutInProgressError: it has a plan, and another rollout is in progress.
            ContentionError: the head moved during each of `TRIES` tries.
            BusyError: its turn did not come.
        """
        who.require(namespace, Right.PUBLISH)
        check_message(change.message)
        reading = self._read(change)
        if reading.errors:
            raise InvalidDocumentError(reading.errors)

        def attempt() -> Published:
            judgement = self._judge_change(namespace, change, reading)
            require_waiving(who, judgement)
            if not judgement.publishable:
                raise RefusedByFindingsError(judgement.blocking, judgement.undecided)
            return self.commit(self._intent(who, change, judgement), repeat)

        return self.in_turn(namespace, repeat, attempt)

    def in_turn(
        self, namespace: str, repeat: Repeat | None, attempt: Callable[[], Published]
    ) -> Published:
        """Run a write until the head holds still."""
        with self._turns.of(namespace) as turn:
            for _ in range(TRIES):
                turn.wait()
                if (outcome := self._repeats.find(namespace, repeat)) is not None:
                    return outcome
                try:
                    return attempt()
                except (HeadMovedError, AnswerExistsError):
                    turn.claim()
        raise ContentionError(namespace, TRIES)

    def judge(self, proposal: Proposal, *, in_stages: bool = False) -> Judgement:
        """Run today's rules over a proposal; `in_stages` over old beside new as well."""
        strict = self._settings.get(proposal.before.namespace).strict
        today = self._moment.today()
        return judge(proposal, self._workspaces, today, strict=strict, in_stages=in_stages)

    def commit(self, intent: Intent, repeat: Repeat | None) -> Published:
        """Compile and write what was judged; raises `HeadMovedError` when the head is another.

        A proposal by which nothing differs makes no revision, and leaves nothing behind but the
        answer to its repetition.
        """
        proposal = intent.judgement.proposal
        if not proposal.keys and repeat is None:
            return _unchanged(proposal.before)
        staged = self._stage(intent)
        outcome = _outcome(proposal, staged, rollout=intent.rollout is not None)
        answered = replace(staged, answer=self._repeats.remember(repeat, outcome))
        before = proposal.before
        committed = self._namespaces.commit(before.namespace, before.head, answered)
        if committed.changed and intent.rollout is None:
            self._workspaces.advance(before, committed.head, intent.judgement.standing)
        return outcome

    def _intent(self, who: Principal, change: Change, judgement: Judgement) -> Intent:
        plan, before = change.rollout, judgement.proposal.before
        if plan is None:
            return Intent(who.name, "publish", change.message, judgement)
        check_rollout(before)

        def begin(revision: int) -> Rollout:
            return Rollout.begin(revision, who.name, change.message, plan, self._moment.micros())

        return Intent(who.name, "publish", change.message, judgement, begin)

    def _read(self, change: Change) -> Reading:
        check_count(change)
        return read_documents(change.put, self._moment.today())

    def _judge_change(self, namespace: str, change: Change, reading: Reading) -> Judgement:
        workspace = self._workspaces.at_head(namespace)
        self._staleness.check(change, reading.puts, workspace)
        if change.rollout is not None:
            check_rollout(workspace)
        proposal = propose(change, reading.puts, workspace)
        return self.judge(proposal, in_stages=change.rollout is not None)

    def _stage(self, intent: Intent) -> Staged:
        proposal, moved = intent.judgement.proposal, _step(intent)
        compiled = compile_changed(proposal.before.catalog, proposal.after, proposal.keys)
        differing = self._differing(proposal.before, compiled.put)
        return Staged(
            author=intent.author,
            message=intent.message,
            puts={str(key): data for key, data in proposal.documents.items()},
            deletes=frozenset(str(key) for key in proposal.deletes),
            bundles={name: compiled.put[name].data for name in differing},
            dropped=compiled.dropped,
            findings=kept_report(intent.judgement.report),
            rollout=moved.record if moved else None,
            step=moved.candidate if moved else None,
            audit=self._audit(intent) if proposal.keys else None,
        )

    def _differing(self, before: Workspace, compiled: Mapping[str, Bundle]) -> list[str]:
        """The services among those compiled whose bundle is another than the one in force."""
        in_force = self._namespaces.bundles(before.head).get_many(compiled) if before.head else {}
        return [
            name
            for name, bundle in compiled.items()
            if name not in in_force or in_force[name].digest != bundle.digest
        ]

    def _audit(self, intent: Intent) -> AuditEntry:
        proposal = intent.judgement.proposal
        detail = {
            "message": intent.message,
            "put": str(len(proposal.documents)),
            "delete": str(len(proposal.deletes)),
        }
        return AuditEntry(self._moment.micros(), intent.author, intent.action, None, detail)


def require_waiving(who: Principal, judgement: Judgement) -> None:
    """Let only those who may waive errors publish a change through which one becomes waived.

    It does not matter who wrote the waiver, and when: one written ahead of its error waives nothing
    for an editor.
    """
    namespace = judgement.proposal.before.namespace
    if judgement.newly_waived_errors:
        who.require(namespace, Right.WAIVE)


def _unchanged(workspace: Workspace) -> Published:
    return Published(workspace.namespace, workspace.revision, changed=False)


def check_rollout(workspace: Workspace) -> None:
    """Do nothing if a rollout may begin in a namespace.

    Raises:
        InvalidChangeError: nobody holds anything yet that a part of the fleet could differ from.
        RolloutInProgressError: there is one already.
    """
    if workspace.head is None:
        raise InvalidChangeError(
            "/rollout", "the first revision of a namespace goes to all: leave the rollout out"
        )
    if workspace.head.candidate is not None:
        raise RolloutInProgressError(workspace.head.candidate.revision)


def _step(intent: Intent) -> Step | None:
    """What the write does to a candidate: it makes one, or leaves one behind on a former head."""
    before = intent.judgement.proposal.before
    if not intent.judgement.proposal.keys:
        return None
    if intent.rollout is None:
        return suspension(before.head)
    return step(Move.BUILD, intent.action, intent.rollout(before.revision + 1))


def _outcome(proposal: Proposal, staged: Staged, *, rollout: bool) -> Published:
    """What a commit will lead to, known before it: any resource that differs makes a revision."""
    if not proposal.keys:
        return _unchanged(proposal.before)
    return Published(
        namespace=proposal.before.namespace,
        revision=proposal.before.revision + 1,
        changed=True,
        rollout=rollout,
        resources={key: proposal.digest(key) for key in sorted(proposal.keys)},
        services=tuple(sorted({*staged.bundles, *staged.dropped})),
    )
