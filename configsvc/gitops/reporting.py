"""Telling operators what becomes of a folder: log lines, and entries in the audit trail."""

import logging
from typing import Final

from configsvc.errors import OperationError
from configsvc.gitops.outcome import Outcome, State
from configsvc.store import AuditEntry, AuditTrail, Clock

_log = logging.getLogger("configsvc.gitops")

MAX_REASON: Final = 4000
"""Characters of a reason that the audit trail keeps."""

_SAID: Final = {
    State.PUBLISHED: (logging.INFO, "folder published"),
    State.CURRENT: (logging.INFO, "folder is current: nothing to publish"),
    State.UNMOUNTED: (logging.WARNING, "folder is not mounted: nothing published, nothing deleted"),
    State.INVALID: (logging.ERROR, "folder not published: what is in it is invalid"),
    State.REFUSED: (logging.ERROR, "folder not published: its edit is refused"),
    State.DELAYED: (logging.WARNING, "folder not published yet: trying again"),
}


class Herald:
    """Says each thing once: a folder that stays as it is makes no further lines.

    What somebody has to act on is written to the namespace's audit trail too; a published edit is
    there already, with its revision.
    """

    def __init__(self, namespace: str, path: str, audit: AuditTrail, clock: Clock) -> None:
        self._namespace = namespace
        self._path = path
        self._audit = audit
        self._clock = clock
        self._last: Outcome | None = None
        self._name = ""

    def tell(self, outcome: Outcome) -> None:
        """Report an outcome, unless it is the one that was reported last."""
        if outcome.state is State.UNSETTLED or outcome == self._last:
            return
        quiet = outcome.state is State.CURRENT and self._last is not None and not self._last.is_bad
        self._last = outcome
        self._name = outcome.folder or self._name
        level, message = _SAID[outcome.state]
        _log.log(logging.DEBUG if quiet else level, message, extra=self._facts(outcome))
        if outcome.is_bad:
            self._keep(outcome)

    def _facts(self, outcome: Outcome) -> dict[str, object]:
        facts = {
            "folder": self._name,
            "path": self._path,
            "namespace": self._namespace,
            "reason": outcome.reason,
            "digest": outcome.digest,
            "revision": outcome.revision,
            "adrift": outcome.adrift,
        }
        return {name: value for name, value in facts.items() if value}

    def _keep(self, outcome: Outcome) -> None:
        detail = {"path": self._path, "reason": outcome.reason[:MAX_REASON]}
        if outcome.digest:
            detail["digest"] = outcome.digest
        actor = f"folder:{self._name}" if self._name else "folder"
        entry = AuditEntry(self._clock(), actor, f"folder-{outcome.state}", None, detail)
        try:
            self._audit.append(self._namespace, entry)
        except OperationError as exc:
            _log.warning("audit entry not written: %s", exc, extra={"folder": self._name})
