"""A change as its author sends it, and the proposal that it makes on top of a namespace."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from configsvc.errors import InputError
from configsvc.model.names import NODE_KINDS, Key
from configsvc.model.resources import MANAGED_BY_API, Resource
from configsvc.resolve import Catalog
from configsvc.schema import Document, DocumentError, InvalidDocumentError, canonical, read
from configsvc.usecases.errors import (
    ChangeTooLargeError,
    InvalidChangeError,
    ManagedElsewhereError,
    MassDeletionError,
    PreconditionFailedError,
    StaleBaseError,
)
from configsvc.usecases.workspace import Workspace

MAX_RESOURCES = 1_000
"""Puts and deletes of one change."""

MAX_CHANGE_BYTES = 16 << 20
"""Canonical JSON of all documents of one change."""

MAX_MESSAGE = 2_000
"""Characters of a change's message."""

MASS_DELETION_FROM = 10
"""A namespace with fewer resources may lose more than half of them without a confirmation."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """What one resource must be for a write of it: the digest seen, or None for absent."""

    key: Key
    digest: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """An atomic set of puts and deletes.

    `base` is the revision that the author saw, None where `preconditions` stand in its place.
    `writer` is who manages what is written: ``api`` or ``folder:NAME``.
    """

    message: str
    base: int | None
    put: tuple[Document, ...] = ()
    delete: tuple[Key, ...] = ()
    confirm: bool = False
    take_over: bool = False
    writer: str = MANAGED_BY_API
    preconditions: tuple[Precondition, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change on top of a workspace: typed, shaped right, and not yet judged.

    `documents` are the canonical bytes to store, `keys` all resources that really differ.
    """

    before: Workspace
    after: Catalog
    documents: Mapping[Key, bytes]
    deletes: frozenset[Key]

    @property
    def keys(self) -> frozenset[Key]:
        """Resources that the change puts or deletes."""
        return self.deletes | self.documents.keys()

    def digest(self, key: Key) -> str | None:
        """The digest that a resource has after the change, None if it is gone."""
        resource = self.after.resources.get(key)
        return resource.digest if resource else None


def propose(change: Change, workspace: Workspace, base: Workspace | None, today: date) -> Proposal:
    """Put a change on top of a workspace.

    Args:
        change: what the author sent.
        workspace: the head.
        base: the namespace at the change's base, None if that is the head itself.
        today: for bounds on expiry dates.

    Raises:
        InvalidDocumentError: documents cannot be read; it carries the errors of all of them.
        InvalidChangeError: the change contradicts itself, is empty or too large.
        StaleBaseError, PreconditionFailedError: a resource is not what the author saw.
        ManagedElsewhereError: a resource belongs to another manager.
        MassDeletionError: more than half of the namespace would go.
    """
    _check_shape(change)
    resources = _read_all(change, today)
    _check_seen(change, [resource.key for resource in resources], workspace, base)
    deletes = _deletes(change, workspace)
    _check_managers(change, resources, deletes, workspace)
    _check_mass_deletion(change, deletes, workspace)
    differing = [r for r in resources if workspace.digest(r.key) != r.digest]
    _check_node_names(differing, deletes, workspace)
    written = {
        resource.key: document for resource, document in zip(resources, change.put, strict=True)
    }
    return Proposal(
        before=workspace,
        after=workspace.catalog.with_change(differing, deletes),
        documents={resource.key: canonical(written[resource.key].value) for resource in differing},
        deletes=deletes,
    )


def _check_shape(change: Change) -> None:
    if not change.message.strip():
        raise InvalidChangeError("/message", "a change needs a message: say why it is made")
    if len(change.message) > MAX_MESSAGE:
        raise InvalidChangeError(
            "/message",
            f"the message has {len(change.message)} characters, at most {MAX_MESSAGE} are kept",
        )
    count = len(change.put) + len(change.delete)
    if count == 0:
        raise InvalidChangeError("", "the change puts and deletes nothing")
    if count > MAX_RESOURCES:
        raise ChangeTooLargeError(
            "",
            f"the change touches {count} resources, at most {MAX_RESOURCES} fit in one: split it",
        )
    size = sum(len(canonical(document.value)) for document in change.put)
    if size > MAX_CHANGE_BYTES:
        raise ChangeTooLargeError(
            "/put",
            f"the documents have {size} bytes, at most {MAX_CHANGE_BYTES} fit in one change: split it",
        )


def _read_all(change: Change, today: date) -> list[Resource]:
    resources: list[Resource] = []
    errors: list[DocumentError] = []
    for document in change.put:
        try:
            resources.append(read(document, today=today))
        except InvalidDocumentError as exc:
            errors.extend(exc.errors)
    if errors:
        raise InvalidDocumentError(tuple(errors))
    _check_once([resource.key for resource in resources], change.delete)
    return resources


def _check_once(puts: list[Key], deletes: tuple[Key, ...]) -> None:
    seen: set[Key] = set()
    for pointer, keys in (("/put", puts), ("/delete", deletes)):
        for index, key in enumerate(keys):
            if key in seen:
                raise InvalidChangeError(
                    f"{pointer}/{index}", f"{key} is in the change twice: keep one"
                )
            seen.add(key)


def _check_seen(change: Change, puts: list[Key], head: Workspace, base: Workspace | None) -> None:
    for condition in change.preconditions:
        seen = head.digest(condition.key)
        if seen != condition.digest:
            raise PreconditionFailedError(condition.key, condition.digest, seen)
    if base is None or base.revision == head.revision:
        return
    stale = tuple(
        sorted(key for key in {*puts, *change.delete} if base.digest(key) != head.digest(key))
    )
    if stale:
        raise StaleBaseError(base.revision, head.revision, stale)


def _deletes(change: Change, workspace: Workspace) -> frozenset[Key]:
    for index, key in enumerate(change.delete):
        if key not in workspace.catalog.resources:
            raise InvalidChangeError(
                f"/delete/{index}",
                f"{key} does not exist at revision {workspace.revision}: leave it out",
            )
    return frozenset(change.delete)


def _check_managers(
    change: Change, resources: list[Resource], deletes: frozenset[Key], workspace: Workspace
) -> None:
    for resource in resources:
        if resource.manager != change.writer:
            raise ManagedElsewhereError(resource.key, resource.manager, change.writer)
    if change.take_over:
        return
    for key in sorted({*deletes, *(resource.key for resource in resources)}):
        present = workspace.catalog.resources.get(key)
        if present is not None and present.manager != change.writer:
            raise ManagedElsewhereError(key, present.manager, change.writer)


def _check_mass_deletion(change: Change, deletes: frozenset[Key], workspace: Workspace) -> None:
    present = len(workspace.catalog.resources)
    if present >= MASS_DELETION_FROM and 2 * len(deletes) > present and not change.confirm:
        raise MassDeletionError(len(deletes), present)


def _check_node_names(puts: list[Resource], deletes: frozenset[Key], workspace: Workspace) -> None:
    """Service, Gateway and Bff share one space of names, because each is a caller in the graph."""
    nodes = {resource.key for resource in puts if resource.key.kind in NODE_KINDS}
    for key in sorted(nodes):
        others = (Key(kind, key.name) for kind in NODE_KINDS if kind != key.kind)
        for other in others:
            if other in nodes or (other in workspace.catalog.resources and other not in deletes):
                raise InputError(
                    f"{key} has the name of {other}: Service, Gateway and Bff share one set of names"
                )
