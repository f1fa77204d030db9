"""Publishing a folder: from its files to one revision, or to the reason why there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from configsvc.access import ForbiddenError, Principal
from configsvc.errors import InputError, OperationError
from configsvc.gitops.folder import Contents, Look, look, read_folder
from configsvc.gitops.ledger import LastEdit, Ledger
from configsvc.gitops.marker import MARKER, Marker, read_marker
from configsvc.gitops.outcome import Outcome, State
from configsvc.gitops.planning import Held, Plan, abbreviated, plan
from configsvc.store import ABSENT, Kept
from configsvc.usecases import Change, Inspector, Moment, Publisher, Repeat, Workspace
from configsvc.usecases.errors import ManagedElsewhereError, MassDeletionError

_SHOWN_ERRORS: Final = 20


class Plane(Protocol):
    """What of the use cases is needed."""

    @property
    def publisher(self) -> Publisher:
        """Publishes changes."""

    @property
    def inspector(self) -> Inspector:
        """Says what is there."""

    @property
    def moment(self) -> Moment:
        """Says what time it is."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """A folder as it was read."""

    marker: Marker
    contents: Contents
    last: Kept[LastEdit] | None

    @property
    def is_published(self) -> bool:
        """Whether this is what the folder published last, whatever became of it since."""
        return self.last is not None and self.last.value.digest == self.contents.digest

    @property
    def repeat(self) -> Repeat:
        """Makes the edit, on top of the one before it, happen once.

        So if the process ends after a commit and before that is remembered, and somebody rolls it
        back meanwhile, it is not published again.
        """
        after = self.last.mod_revision if self.last else ABSENT
        digest = self.contents.digest
        return Repeat.of(f"{after}/{digest}", self.marker.manager, digest.encode())

    def outcome(self, state: State, reason: str = "") -> Outcome:
        """What became of it."""
        return Outcome(state, self.marker.name, reason, self.contents.digest)


class FolderPublisher:
    """Publishes one folder to one namespace.

    Args:
        path: the folder; it may come and go.
        namespace: where its documents go.
        plane: the use cases of this process.
        ledger: remembers what was published, in the same store.
        identity: who publishes for a folder of some name.
    """

    def __init__(
        self,
        path: Path,
        namespace: str,
        plane: Plane,
        ledger: Ledger,
        identity: Callable[[str], Principal],
    ) -> None:
        self._path = path
        self._namespace = namespace
        self._plane = plane
        self._ledger = ledger
        self._identity = identity

    def attempt(self, seen: Look, *, insist: bool = False) -> Outcome:
        """Publish what changed in the folder since it was published last.

        Args:
            seen: the folder as it was looked at just now.
            insist: publish even if files change while they are read, because they keep doing so.

        Raises:
            OSError: it cannot be told whether the folder is there.
        """
        try:
            marker = read_marker(self._path)
        except InputError as exc:
            return Outcome(State.INVALID, reason=str(exc))
        if marker is None:
            return Outcome(State.UNMOUNTED, reason=f"there is no file {self._path / MARKER}")
        try:
            contents = read_folder(seen, marker, self._plane.moment.today())
        except InputError as exc:
            return Outcome(State.INVALID, marker.name, str(exc))
        if _moved(seen, look(self._path), insist=insist):
            return Outcome(State.UNSETTLED, marker.name)
        return self._bring(marker, contents)

    def _bring(self, marker: Marker, contents: Contents) -> Outcome:
        if contents.errors:
            return Outcome(State.INVALID, marker.name, _wrong(contents))
        try:
            edit = _Edit(marker, contents, self._ledger.get(marker.name))
            return edit.outcome(State.CURRENT) if edit.is_published else self._publish(edit)
        except OperationError as exc:
            return Outcome(State.DELAYED, marker.name, str(exc), contents.digest)

    def _publish(self, edit: _Edit) -> Outcome:
        who = self._identity(edit.marker.name)
        workspace = self._plane.inspector.workspace(who, self._namespace)
        planned = _plan(edit, workspace)
        if not planned:
            self._remember(edit, workspace.revision)
            return edit.outcome(State.CURRENT)
        change = _change(edit, planned, workspace)
        try:
            published = self._plane.publisher.publish(who, self._namespace, change, edit.repeat)
        except (InputError, ManagedElsewhereError) as exc:
            return edit.outcome(State.REFUSED, _refusal(exc, edit))
        self._remember(edit, published.revision)
        return Outcome(
            State.PUBLISHED,
            edit.marker.name,
            str(planned),
            edit.contents.digest,
            published.revision,
            len(planned.adrift),
        )

    def _remember(self, edit: _Edit, revision: int) -> None:
        contents = abbreviated(edit.contents.digests)
        now = self._plane.moment.micros()
        last = LastEdit(edit.contents.digest, contents, revision, now)
        expected = edit.last.mod_revision if edit.last else ABSENT
        self._ledger.put(edit.marker.name, last, expected)


def _moved(before: Look, after: Look, *, insist: bool) -> bool:
    """Whether the folder is no longer what was looked at; a marker that is gone always counts."""
    if before.marker != after.marker:
        return True
    return before != after and not insist


def _plan(edit: _Edit, workspace: Workspace) -> Plan:
    resources = workspace.catalog.resources
    head = {key: Held(each.digest, each.manager) for key, each in resources.items()}
    last = edit.last.value.contents if edit.last else None
    return plan(edit.contents.digests, last, head, edit.marker.manager)


def _change(edit: _Edit, planned: Plan, workspace: Workspace) -> Change:
    marker, digest = edit.marker, edit.contents.digest
    return Change(
        message=f"{marker.manager}: {planned}",
        base=workspace.revision,
        put=tuple(edit.contents.documents[key] for key in planned.put),
        delete=planned.delete,
        confirm=marker.confirm == digest,
        take_over=marker.take_over == digest,
        writer=marker.manager,
    )


def _refusal(error: Exception, edit: _Edit) -> str:
    """Why an edit is refused, and what somebody who means it does in the folder."""
    digest = edit.contents.digest
    if isinstance(error, MassDeletionError):
        return (
            f"the edit deletes {error.deleted} of {error.present} resources, more than half of the "
            f"namespace: if that is meant, write 'confirm: {digest}' into {MARKER}"
        )
    if isinstance(error, ManagedElsewhereError):
        return (
            f"{error.key} is managed by {error.manager!r}: change it there, or write "
            f"'takeOver: {digest}' into {MARKER} to manage it from here on"
        )
    if isinstance(error, ForbiddenError):
        return (
            "the edit waives an error finding, which only an admin may: publish the Waiver through "
            f"the API ({error})"
        )
    return str(error)


def _wrong(contents: Contents) -> str:
    """What is wrong with the documents, one line for each, as far as a log should hold it."""
    more = len(contents.errors) - _SHOWN_ERRORS
    lines = [str(error) for error in contents.errors[:_SHOWN_ERRORS]]
    return "\n".join([*lines, *([f"and {more} more"] if more > 0 else [])])
