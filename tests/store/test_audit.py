"""The audit trail, on every backend."""

from configsvc.store import AuditEntry, AuditTrail, Namespaces, Staged, Store
from tests.store.fakes import FakeTokens


def test_entries_are_read_newest_first_in_pages(store: Store, tokens: FakeTokens) -> None:
    """Also two of one instant."""
    trail = AuditTrail(store, tokens)
    entries = [AuditEntry(at, "ada", "login", detail={"n": str(at)}) for at in (1, 2, 2, 300)]
    for entry in entries:
        trail.append("prod", entry)
    page = trail.list("prod", limit=2)
    rest = trail.list("prod", before=page[-1][0])
    assert [entry.at for _, entry in (*page, *rest)] == [300, 2, 2, 1]
    assert page[0][1] == entries[-1]


def test_the_entry_of_a_change_names_its_revision(
    namespaces: Namespaces, store: Store, tokens: FakeTokens
) -> None:
    """It is written with the change."""
    change = Staged("ada", "m", puts={"Retry/a": b"1"}, audit=AuditEntry(7, "ada", "publish"))
    namespaces.commit("prod", None, change)
    [(_, entry)] = AuditTrail(store, tokens).list("prod")
    assert entry == AuditEntry(7, "ada", "publish", revision=1)
