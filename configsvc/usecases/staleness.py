"""Whether the resources of a change are still what its author saw; both sides where they are not.

Only resources of the change count: what others did elsewhere meanwhile is no reason to refuse.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from configsvc.store import Namespaces, UnknownRevisionError
from configsvc.usecases.changes import Change
from configsvc.usecases.errors import StaleBaseError, StaleResource, UnknownBaseError
from configsvc.usecases.proposing import Put, check_seen
from configsvc.usecases.workspace import Workspace

MAX_SIDES: Final = 20
"""Resources of a refused change that come with both of their documents."""


class Staleness:
    """Compares changes with the head."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces

    def check(self, change: Change, puts: Sequence[Put], workspace: Workspace) -> None:
        """Do nothing if the change still fits.

        Raises:
            StaleBaseError: resources differ between its base and the head; has both documents.
            UnknownBaseError: its base is no revision.
            PreconditionFailedError: a resource is not what a condition names.
        """
        base = None
        if change.base is not None and change.base != workspace.revision:
            try:
                base = self._namespaces.snapshot(workspace.namespace, change.base)
            except UnknownRevisionError as exc:
                raise UnknownBaseError(change.base, workspace.revision) from exc
        try:
            check_seen(change, puts, workspace, base)
        except StaleBaseError as exc:
            raise self._with_documents(exc) from None

    def _with_documents(self, error: StaleBaseError) -> StaleBaseError:
        shown = tuple(self._fetch(each) for each in error.resources[:MAX_SIDES])
        return StaleBaseError(error.base, error.head, (*shown, *error.resources[MAX_SIDES:]))

    def _fetch(self, stale: StaleResource) -> StaleResource:
        return replace(
            stale,
            base_document=self._document(stale.base),
            head_document=self._document(stale.head),
        )

    def _document(self, digest: str | None) -> bytes | None:
        return None if digest is None else self._namespaces.document(digest)
