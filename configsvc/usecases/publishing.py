"""Publishing: check, compile and commit a change, or refuse it whole."""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from configsvc.access import Principal, Right
from configsvc.analysis.formats import report_data
from configsvc.bundle import compile_changed
from configsvc.schema import canonical
from configsvc.store import AnswerExistsError, AuditEntry, HeadMovedError, Namespaces, Staged
from configsvc.usecases.changes import Change, Proposal, propose
from configsvc.usecases.errors import ContentionError, RefusedByFindingsError
from configsvc.usecases.judging import Judgement, judge
from configsvc.usecases.moment import Moment
from configsvc.usecases.namespace_settings import NamespaceSettings
from configsvc.usecases.outcome import Published
from configsvc.usecases.repeats import Repeat, Repeats
from configsvc.usecases.workspace import Workspace, Workspaces

TRIES = 5
"""How often a change is put on top of a head that keeps moving."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be written, by whom, and why."""

    author: str
    action: str
    message: str
    judgement: Judgement


class Publisher:
    """Checks and publishes changes. Safe to share between threads."""

    def __init__(
        self,
        namespaces: Namespaces,
        workspaces: Workspaces,
        settings: NamespaceSettings,
        repeats: Repeats,
        moment: Moment,
    ) -> None:
        self._namespaces = namespaces
        self._workspaces = workspaces
        self._settings = settings
        self._repeats = repeats
        self._moment = moment
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def check(self, who: Principal, namespace: str, change: Change) -> Judgement:
        """Say what publishing the change would do; nothing is written.

        Raises: as `publish`, but neither `RefusedByFindingsError` nor `ContentionError`.
        """
        who.require(namespace, Right.CHECK)
        return self.judge(self._propose(change, self._workspaces.at_head(namespace)))

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
            InvalidDocumentError, InvalidChangeError, MassDeletionError: the change is not one.
            StaleBaseError, PreconditionFailedError, ManagedElsewhereError: others were there first.
            RefusedByFindingsError: it adds error findings or makes open ones worse.
            IdempotencyKeyReusedError: the key came with another request.
            ContentionError: the head moved during each of `TRIES` tries.
        """
        who.require(namespace, Right.PUBLISH)

        def attempt() -> Published:
            workspace = self._workspaces.at_head(namespace)
            judgement = self.judge(self._propose(change, workspace))
            require_waiving(who, judgement)
            if not judgement.publishable:
                raise RefusedByFindingsError(judgement.blocking, judgement.undecided)
            return self.commit(Intent(who.name, "publish", change.message, judgement), repeat)

        return self.in_turn(namespace, repeat, attempt)

    def in_turn(
        self, namespace: str, repeat: Repeat | None, attempt: Callable[[], Published]
    ) -> Published:
        """Run a write until the head holds still; a process does not compete with itself for it."""
        with self._turns[namespace]:
            for _ in range(TRIES):
                if (outcome := self._repeats.find(namespace, repeat)) is not None:
                    return outcome
                try:
                    return attempt()
                except (HeadMovedError, AnswerExistsError):
                    continue
        raise ContentionError(namespace, TRIES)

    def judge(self, proposal: Proposal) -> Judgement:
        """Run today's rules over a proposal."""
        strict = self._settings.get(proposal.before.namespace).strict
        return judge(proposal, self._workspaces, self._moment.today(), strict=strict)

    def commit(self, intent: Intent, repeat: Repeat | None) -> Published:
        """Compile and write what was judged; raises `HeadMovedError` when the head is another."""
        proposal = intent.judgement.proposal
        before = proposal.before
        compiled = compile_changed(before.catalog, proposal.after, proposal.keys)
        staged = Staged(
            author=intent.author,
            message=intent.message,
            puts={str(key): data for key, data in proposal.documents.items()},
            deletes=frozenset(str(key) for key in proposal.deletes),
            bundles={name: bundle.data for name, bundle in compiled.put.items()},
            dropped=compiled.dropped,
            findings=canonical(report_data(intent.judgement.report)),
            audit=self._audit(intent),
        )
        return self._write(proposal, staged, repeat)

    def _write(self, proposal: Proposal, staged: Staged, repeat: Repeat | None) -> Published:
        before = proposal.before
        revision = self._namespaces.next_revision(before.namespace, before.head, staged)
        outcome = Published(
            namespace=before.namespace,
            revision=revision,
            changed=revision != before.revision,
            resources={key: proposal.digest(key) for key in sorted(proposal.keys)},
            services=tuple(sorted({*staged.bundles, *staged.dropped})),
        )
        answered = replace(staged, answer=self._repeats.remember(repeat, outcome))
        self._namespaces.commit(before.namespace, before.head, answered)
        return outcome

    def _audit(self, intent: Intent) -> AuditEntry:
        proposal = intent.judgement.proposal
        detail = {
            "message": intent.message,
            "put": str(len(proposal.documents)),
            "delete": str(len(proposal.deletes)),
        }
        return AuditEntry(self._moment.micros(), intent.author, intent.action, None, detail)

    def _propose(self, change: Change, workspace: Workspace) -> Proposal:
        base = None
        if change.base is not None and change.base != workspace.revision:
            base = self._workspaces.at(workspace.namespace, change.base)
        return propose(change, workspace, base, self._moment.today())


def require_waiving(who: Principal, judgement: Judgement) -> None:
    """Let only those who may waive errors publish a change through which one becomes waived.

    It does not matter who wrote the waiver, and when: one written ahead of its error waives nothing
    for an editor.
    """
    namespace = judgement.proposal.before.namespace
    if judgement.newly_waived_errors:
        who.require(namespace, Right.WAIVE)
