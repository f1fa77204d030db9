"""The proposal that a change makes on top of a namespace: read, allowed there, not yet judged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from configsvc.model.names import NODE_KINDS, Key
from configsvc.model.resources import Resource
from configsvc.resolve import Catalog
from configsvc.schema import (
    Document,
    DocumentError,
    InvalidDocumentError,
    canonical,
    load_value,
    parse_json,
    read,
)
from configsvc.store import Snapshot
from configsvc.usecases.changes import Change, check_size
from configsvc.usecases.errors import (
    InvalidChangeError,
    ManagedElsewhereError,
    MassDeletionError,
    PreconditionFailedError,
    StaleBaseError,
    StaleResource,
)
from configsvc.usecases.workspace import Workspace

MASS_DELETION_FROM: Final = 10
"""A namespace with fewer resources may lose more than half of them without a confirmation."""


@dataclass(frozen=True, slots=True)
class Put:
    """A document that could be read: the resource, the bytes to store, its place in the request."""

    resource: Resource
    data: bytes
    origin: str

    @property
    def pointer(self) -> str:
        """Where the document stands in the request; empty where it is all of the body."""
        return self.origin if self.origin.startswith("/") else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """The documents of a change: those that could be read, and why the others could not."""

    puts: tuple[Put, ...]
    errors: tuple[DocumentError, ...]


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
        """Resources that the change alters or deletes."""
        return self.deletes | self.documents.keys()

    def digest(self, key: Key) -> str | None:
        """The digest that a resource has after the change, None if it is gone."""
        resource = self.after.resources.get(key)
        return resource.digest if resource else None


def read_documents(documents: Iterable[Document], today: date | None) -> Reading:
    """Read documents; `today` bounds how far ahead a Waiver may expire.

    Raises:
        ChangeTooLargeError: together they do not fit in one change.
    """
    puts: list[Put] = []
    errors: list[DocumentError] = []
    for document in documents:
        try:
            resource = read(document, today=today)
        except InvalidDocumentError as exc:
            errors.extend(exc.errors)
        else:
            puts.append(Put(resource, canonical(document.value), document.origin))
    check_size(sum(len(each.data) for each in puts))
    return Reading(tuple(puts), tuple(errors))


def read_kept(documents: Mapping[Key, bytes], revision: int) -> list[Resource]:
    """Read stored documents by today's schemas, which may have tightened where they were drafts.

    Raises:
        InvalidDocumentError: some are not admitted any more.
    """
    loaded = (load_value(parse_json(data), origin=str(key)) for key, data in documents.items())
    reading = read_documents(loaded, today=None)
    if reading.errors:
        raise InvalidDocumentError(reading.errors)
    return [replace(put.resource, revision=revision) for put in reading.puts]


def check_seen(
    change: Change, puts: Sequence[Put], workspace: Workspace, base: Snapshot | None
) -> None:
    """Do nothing if the resources of a change are still what its author saw.

    Args:
        change: what the author sent.
        puts: its documents.
        workspace: the head.
        base: the namespace at the change's base, None if that is the head itself.

    Raises:
        StaleBaseError: some differ; carries the digests of both sides.
        PreconditionFailedError: one is not what a condition names.
    """
    for condition in change.preconditions:
        seen = workspace.digest(condition.key)
        if seen != condition.digest:
            raise PreconditionFailedError(condition.key, condition.digest, seen)
    if base is None or base.revision == workspace.revision:
        return
    keys = sorted({*(each.resource.key for each in puts), *change.delete})
    found = base.manifest.get_many([str(key) for key in keys])
    seen_then = {key: item.digest if (item := found.get(str(key))) else None for key in keys}
    stale = tuple(
        StaleResource(key, seen_then[key], workspace.digest(key))
        for key in keys
        if seen_then[key] != workspace.digest(key)
    )
    if stale:
        raise StaleBaseError(base.revision, workspace.revision, stale)


def propose(change: Change, puts: Sequence[Put], workspace: Workspace) -> Proposal:
    """Put a change on top of the head.

    Args:
        change: what the author sent.
        puts: its documents.
        workspace: the head; what is put will be of the revision after it.

    Raises:
        InvalidChangeError: the change contradicts itself or the names of the namespace.
        ManagedElsewhereError: a resource belongs to another manager.
        MassDeletionError: more than half of the namespace would go.
    """
    _check_once(puts, change.delete)
    _check_present(change.delete, workspace)
    _check_writer(change, puts)
    _check_managers(change, puts, workspace)
    _check_mass_deletion(change, workspace)
    differing = [each for each in puts if workspace.digest(each.resource.key) != _digest(each)]
    deletes = frozenset(change.delete)
    _check_node_names(differing, deletes, workspace)
    resources = [replace(each.resource, revision=workspace.revision + 1) for each in differing]
    return Proposal(
        before=workspace,
        after=workspace.catalog.with_change(resources, deletes),
        documents={each.resource.key: each.data for each in differing},
        deletes=deletes,
    )


def _digest(put: Put) -> str:
    return put.resource.digest


def _check_once(puts: Sequence[Put], deletes: tuple[Key, ...]) -> None:
    places = [(put.resource.key, put.pointer) for put in puts]
    places += [(key, f"/delete/{index}") for index, key in enumerate(deletes)]
    seen: set[Key] = set()
    for key, pointer in places:
        if key in seen:
            raise InvalidChangeError(pointer, f"{key} is in the change twice: keep one")
        seen.add(key)


def _check_present(deletes: tuple[Key, ...], workspace: Workspace) -> None:
    for index, key in enumerate(deletes):
        if key not in workspace.catalog.resources:
            raise InvalidChangeError(
                f"/delete/{index}",
                f"{key} does not exist at revision {workspace.revision}: leave it out",
            )


def _check_writer(change: Change, puts: Sequence[Put]) -> None:
    """What is written says that its writer manages it, also where it is taken over."""
    for put in puts:
        manager = put.resource.manager
        if manager != change.writer:
            raise InvalidChangeError(
                f"{put.pointer}/metadata/manager",
                f"{put.resource.key} says that {manager!r} manages it, and {change.writer!r} "
                f"writes it: write 'manager: {change.writer}', or change it where {manager!r} does",
            )


def _check_managers(change: Change, puts: Sequence[Put], workspace: Workspace) -> None:
    if change.take_over:
        return
    for key in sorted({*change.delete, *(put.resource.key for put in puts)}):
        present = workspace.catalog.resources.get(key)
        if present is not None and present.manager != change.writer:
            raise ManagedElsewhereError(key, present.manager, change.writer)


def _check_mass_deletion(change: Change, workspace: Workspace) -> None:
    present, deleted = len(workspace.catalog.resources), len(change.delete)
    if present >= MASS_DELETION_FROM and 2 * deleted > present and not change.confirm:
        raise MassDeletionError(deleted, present)


def _check_node_names(puts: Iterable[Put], deletes: frozenset[Key], workspace: Workspace) -> None:
    """Service, Gateway and Bff share one space of names, because each is a caller in the graph."""
    nodes = {put.resource.key: put for put in puts if put.resource.key.kind in NODE_KINDS}
    for key, put in sorted(nodes.items()):
        for other in (Key(kind, key.name) for kind in NODE_KINDS if kind != key.kind):
            if other in nodes or (other in workspace.catalog.resources and other not in deletes):
                raise InvalidChangeError(
                    f"{put.pointer}/metadata/name",
                    f"{key} has the name of {other}: Service, Gateway and Bff share one set of "
                    "names, so rename one",
                )
