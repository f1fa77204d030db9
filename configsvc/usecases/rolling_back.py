"""Rolling back: former content as a new revision, checked against today's rules first."""

from dataclasses import dataclass
from typing import Final

from configsvc.access import Principal, Right
from configsvc.model.names import Key, Kind
from configsvc.store import Namespaces
from configsvc.usecases.changes import check_message
from configsvc.usecases.errors import AcknowledgeError, UnknownNamespaceError
from configsvc.usecases.judging import Judgement
from configsvc.usecases.outcome import Published
from configsvc.usecases.preview import Preview
from configsvc.usecases.proposing import Proposal, read_kept
from configsvc.usecases.publishing import Intent, Publisher
from configsvc.usecases.repeats import Repeat
from configsvc.usecases.workspace import Workspace, Workspaces

_KEPT: Final = frozenset({Kind.WAIVER, Kind.KEY_SET})
"""What a rollback neither restores nor removes: decisions of today, and keys as they are today."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """What to go back to, and why; `acknowledge` accepts the findings that come back with it."""

    to: int
    message: str
    acknowledge: bool = False


class RollbackDesk:
    """Previews and makes rollbacks."""

    def __init__(
        self, namespaces: Namespaces, workspaces: Workspaces, publisher: Publisher
    ) -> None:
        self._namespaces = namespaces
        self._workspaces = workspaces
        self._publisher = publisher

    def preview(self, who: Principal, namespace: str, to: int) -> Preview:
        """Say what a rollback would bring back and what today's rules say of it.

        Raises:
            UnknownNamespaceError, UnknownRevisionError: there is nothing to go back to.
            InvalidDocumentError: former documents that today's schemas do not admit.
        """
        who.require(namespace, Right.CHECK)
        return self._publisher.preview(self._judge(namespace, to))

    def roll_back(
        self, who: Principal, namespace: str, rollback: Rollback, repeat: Repeat | None = None
    ) -> Published:
        """Make former content the next revision. Waivers stay as they are.

        Raises:
            AcknowledgeError: findings come back and are not acknowledged.
            InvalidChangeError: the message is empty or too long.
            ContentionError: the head kept moving.
            UnknownNamespaceError, UnknownRevisionError, InvalidDocumentError: as for `preview`.
        """
        who.require(namespace, Right.PUBLISH)
        check_message(rollback.message)

        def attempt() -> Published:
            judgement = self._judge(namespace, rollback.to)
            if judgement.added and not rollback.acknowledge:
                raise AcknowledgeError(judgement.added)
            message = f"{rollback.message} (rollback to {rollback.to})"
            return self._publisher.commit(Intent(who.name, "rollback", message, judgement), repeat)

        return self._publisher.in_turn(namespace, repeat, attempt)

    def _judge(self, namespace: str, to: int) -> Judgement:
        workspace = self._workspaces.at_head(namespace)
        return self._publisher.judge(self._reverting(workspace, to))

    def _reverting(self, workspace: Workspace, to: int) -> Proposal:
        if workspace.head is None:
            raise UnknownNamespaceError(workspace.namespace)
        self._namespaces.record(workspace.namespace, to)  # revision 0 is none to go back to
        puts, deletes = self._namespaces.reverting(workspace.namespace, workspace.head, to)
        documents = {Key.parse(key): data for key, data in puts.items()}
        kept = {key: data for key, data in documents.items() if key.kind not in _KEPT}
        gone = frozenset(key for key in map(Key.parse, deletes) if key.kind not in _KEPT)
        former = read_kept(kept, workspace.revision + 1)
        return Proposal(workspace, workspace.catalog.with_change(former, gone), kept, gone)
