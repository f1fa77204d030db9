"""What operators are told: each thing once, in the log and, if it needs them, in the audit."""

import logging

import pytest

from configsvc.gitops.outcome import Outcome, State
from configsvc.gitops.reporting import MAX_REASON, Herald
from configsvc.store import AuditEntry, AuditTrail
from configsvc.store.memory import MemoryStore
from tests.store.fakes import FakeTokens

REFUSED = Outcome(State.REFUSED, "policies", "RT01 says no", "d" * 64)
PUBLISHED = Outcome(State.PUBLISHED, "policies", "put Timeout/a", "d" * 64, 3)
CURRENT = Outcome(State.CURRENT, "policies", digest="d" * 64)


class Desk:
    """A herald and what it wrote."""

    def __init__(self) -> None:
        self.store = MemoryStore(lambda: 5)
        self.trail = AuditTrail(self.store, FakeTokens())
        self.herald = Herald("prod", "/policies", self.trail, lambda: 5)

    @property
    def audit(self) -> list[AuditEntry]:
        """Entries, newest first."""
        return [entry for _, entry in self.trail.list("prod")]


def levels(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Of the lines that were written."""
    return [record.levelname for record in caplog.records]


def test_refusal_is_logged_and_audited_once(caplog: pytest.LogCaptureFixture) -> None:
    """However often the edit is tried."""
    desk = Desk()
    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            desk.herald.tell(REFUSED)

    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage() == "folder not published: its edit is refused"
    assert (record.folder, record.namespace, record.path) == ("policies", "prod", "/policies")
    assert (record.reason, record.digest) == ("RT01 says no", "d" * 64)
    detail = {"path": "/policies", "reason": "RT01 says no", "digest": "d" * 64}
    assert desk.audit == [AuditEntry(5, "folder:policies", "folder-refused", None, detail)]


def test_publishing_is_logged_and_not_audited_twice(caplog: pytest.LogCaptureFixture) -> None:
    """The commit has made the entry already."""
    desk = Desk()
    with caplog.at_level(logging.DEBUG):
        desk.herald.tell(PUBLISHED)

    (record,) = caplog.records
    assert (record.levelname, record.revision) == ("INFO", 3)
    assert desk.audit == []


def test_recovery_is_told_and_routine_is_not(caplog: pytest.LogCaptureFixture) -> None:
    """That all is well again after a refusal is worth a line; that it still is, is not."""
    desk = Desk()
    with caplog.at_level(logging.DEBUG):
        for outcome in (PUBLISHED, CURRENT, REFUSED, CURRENT):
            desk.herald.tell(outcome)

    assert levels(caplog) == ["INFO", "DEBUG", "ERROR", "INFO"]


def test_unmounted_folder_keeps_its_name(caplog: pytest.LogCaptureFixture) -> None:
    """The marker that is missing is where the name stood."""
    desk = Desk()
    for outcome in (PUBLISHED, Outcome(State.UNMOUNTED, reason="there is no file")):
        desk.herald.tell(outcome)

    assert [entry.actor for entry in desk.audit] == ["folder:policies"]
    assert levels(caplog)[-1] == "WARNING"


def test_moving_folder_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    """It is taken a moment later."""
    desk = Desk()
    with caplog.at_level(logging.DEBUG):
        desk.herald.tell(Outcome(State.UNSETTLED, "policies"))

    assert caplog.records == []


def test_long_reason_is_cut_in_the_audit() -> None:
    """A record has room for so much."""
    desk = Desk()
    desk.herald.tell(Outcome(State.INVALID, "policies", "x" * 10_000))

    (entry,) = desk.audit
    assert len(entry.detail["reason"]) == MAX_REASON


def test_store_that_is_away_does_not_stop_the_report(caplog: pytest.LogCaptureFixture) -> None:
    """The log line is there, and another that the audit has no entry."""
    desk = Desk()
    desk.store.close()
    desk.herald.tell(REFUSED)

    assert levels(caplog) == ["ERROR", "WARNING"]
