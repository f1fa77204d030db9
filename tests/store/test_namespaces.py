"""Namespaces: revisions, history, differences, bundles, on every backend."""

from dataclasses import replace

import pytest

from configsvc.store import (
    MAX_CHANGE_BYTES,
    Answer,
    AnswerExistsError,
    AuditEntry,
    Bundle,
    CorruptRecordError,
    Difference,
    Event,
    Head,
    HeadMovedError,
    InvalidTransactionError,
    LimitExceededError,
    Namespaces,
    Staged,
    Store,
    UnknownRevisionError,
    decode_head,
    layout,
)
from tests.store.fakes import FakeClock, digest, put

NOW = 1_700_000_000_000_000
A1, A2, B1 = b'{"a":1}', b'{"a":2}', b'{"b":1}'


def staged(**fields: object) -> Staged:
    """Return a change by somebody."""
    return Staged("ada", "because", **fields)  # type: ignore[arg-type]


@pytest.fixture
def first(namespaces: Namespaces) -> Head:
    """The head after a first change of two resources and one bundle."""
    change = staged(puts={"Retry/a": A1, "Retry/b": B1}, bundles={"score": b"S1"})
    return namespaces.commit("prod", None, change).head


def test_a_namespace_begins_with_its_first_change(namespaces: Namespaces) -> None:
    """There is no head before it, revision 1 and an epoch after it."""
    assert namespaces.head("prod") is None
    assert namespaces.names() == ()
    outcome = namespaces.commit("prod", None, staged(puts={"Retry/a": A1}))
    assert outcome.changed
    assert (outcome.head.revision, outcome.head.epoch) == (1, "token0001")
    assert namespaces.head("prod") == outcome.head
    assert namespaces.names() == ("prod",)


def test_a_first_change_may_be_empty(namespaces: Namespaces) -> None:
    """It makes the namespace."""
    assert namespaces.commit("prod", None, staged()).head.revision == 1
    assert namespaces.snapshot("prod").documents() == {}


def test_revisions_rise_by_one_per_namespace(namespaces: Namespaces, first: Head) -> None:
    """Other namespaces count for themselves."""
    namespaces.commit("test", None, staged(puts={"Retry/a": A1}))
    outcome = namespaces.commit("prod", first, staged(puts={"Retry/a": A2}))
    assert outcome.head.revision == 2
    assert outcome.resources == {"Retry/a"}
    assert outcome.head.epoch == first.epoch
    assert namespaces.names() == ("prod", "test")


def test_a_change_on_a_head_that_moved_is_refused_whole(
    namespaces: Namespaces, first: Head
) -> None:
    """The error names what was expected and what is there."""
    second = namespaces.commit("prod", first, staged(puts={"Retry/a": A2})).head
    with pytest.raises(HeadMovedError, match="expected at revision 1 and is at 2"):
        namespaces.commit("prod", first, staged(puts={"Retry/b": A2}, bundles={"x": b"X"}))
    with pytest.raises(HeadMovedError, match="expected at revision 0 and is at 2"):
        namespaces.commit("prod", None, staged(puts={"Retry/b": A2}))
    assert namespaces.head("prod") == second
    assert namespaces.snapshot("prod").document("Retry/b") == B1


def test_a_head_that_never_was_is_refused(namespaces: Namespaces, first: Head) -> None:
    """A head of one namespace says nothing about another that has none."""
    with pytest.raises(HeadMovedError, match="namespace 'test' was expected at revision 1"):
        namespaces.commit("test", first, staged(puts={"Retry/a": A2}))


def test_an_identical_change_makes_no_revision(namespaces: Namespaces, first: Head) -> None:
    """Putting what is there and deleting what is not changes nothing."""
    change = staged(
        puts={"Retry/a": A1}, deletes={"Retry/no"}, bundles={"score": b"S1"}, dropped={"no"}
    )
    outcome = namespaces.commit("prod", first, change)
    assert (outcome.changed, outcome.head) == (False, first)
    assert namespaces.head("prod") == first
    assert len(namespaces.history("prod")) == 1


def test_an_identical_change_on_a_head_that_moved_is_refused(
    namespaces: Namespaces, first: Head
) -> None:
    """It was identical to what the author saw, not to what is there."""
    namespaces.commit("prod", first, staged(puts={"Retry/a": A2}))
    with pytest.raises(HeadMovedError):
        namespaces.commit("prod", first, staged(puts={"Retry/a": A1}))


def test_the_next_revision_is_known_before_the_commit(namespaces: Namespaces, first: Head) -> None:
    """So an answer that names it can be remembered in the same transaction."""
    assert namespaces.next_revision("prod", first, staged(puts={"Retry/a": A1})) == 1
    assert namespaces.next_revision("prod", first, staged(puts={"Retry/a": A2})) == 2
    assert namespaces.head("prod") == first


def test_a_snapshot_reads_any_revision(namespaces: Namespaces, first: Head) -> None:
    """A deleted resource is absent; the past does not change."""
    namespaces.commit("prod", first, staged(puts={"Retry/a": A2}, deletes={"Retry/b"}))
    now, then, before = (namespaces.snapshot("prod", n) for n in (None, 1, 0))
    assert now.documents() == {"Retry/a": A2}
    assert then.documents() == {"Retry/a": A1, "Retry/b": B1}
    assert before.documents() == {}
    assert (now.revision, then.revision, before.revision) == (2, 1, 0)
    assert (now.document("Retry/b"), len(now), len(then)) == (None, 1, 2)


@pytest.mark.usefixtures("first")
def test_a_snapshot_reads_documents_one_by_one_or_chosen(namespaces: Namespaces) -> None:
    """With the digest and the revision of the last change beside them."""
    snapshot = namespaces.snapshot("prod")
    assert snapshot.document("Retry/a") == A1
    assert snapshot.documents(["Retry/b", "Retry/no"]) == {"Retry/b": B1}
    item = snapshot.item("Retry/a")
    assert item is not None
    assert (item.digest, item.revision) == (digest(A1), 1)
    assert snapshot.item("Retry/no") is None
    assert [key for key, _ in snapshot.items()] == ["Retry/a", "Retry/b"]
    assert namespaces.document(digest(A1)) == A1


def test_a_resource_keeps_the_revision_of_its_last_change(
    namespaces: Namespaces, first: Head
) -> None:
    """Changes of others do not touch it."""
    namespaces.commit("prod", first, staged(puts={"Retry/a": A2}))
    revisions = {key: item.revision for key, item in namespaces.snapshot("prod").items()}
    assert revisions == {"Retry/a": 2, "Retry/b": 1}


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("revision", [2, 99, -1])
def test_a_revision_that_never_was_is_refused(namespaces: Namespaces, revision: int) -> None:
    """With the range that exists."""
    with pytest.raises(UnknownRevisionError, match=f"no revision {revision}: its revisions are 1"):
        namespaces.snapshot("prod", revision)


def test_a_namespace_without_revisions_says_so(namespaces: Namespaces) -> None:
    """Revision 0 is the empty namespace, but has no record."""
    assert namespaces.snapshot("prod", 0).documents() == {}
    with pytest.raises(UnknownRevisionError, match="it has none yet"):
        namespaces.record("prod", 0)


def test_a_record_tells_who_when_and_why(namespaces: Namespaces) -> None:
    """The time is that of the commit unless the change has its own."""
    change = Staged("ada", "slow", puts={"Retry/a": A1}, findings=b'[{"code":"RT01"}]')
    head = namespaces.commit("prod", None, change).head
    record = namespaces.record("prod", 1)
    assert (record.namespace, record.number, record.author) == ("prod", 1, "ada")
    assert (record.message, record.time, record.manifest) == ("slow", NOW, head.manifest)
    assert namespaces.findings(record) == b'[{"code":"RT01"}]'
    second = staged(puts={"Retry/a": A2}, time=5, rollout={"state": "rolling"})
    namespaces.commit("prod", head, second)
    record = namespaces.record("prod", 2)
    assert (record.time, record.rollout) == (5, {"state": "rolling"})
    assert namespaces.findings(record) is None


def test_history_is_read_newest_first_in_pages(namespaces: Namespaces) -> None:
    """Each page goes on below the last revision of the one before."""
    head = None
    for number in range(5):
        change = staged(puts={"Retry/a": b"%d" % number})
        head = namespaces.commit("prod", head, change).head
    newest = namespaces.history("prod", limit=2)
    older = namespaces.history("prod", before=newest[-1].number, limit=2)
    oldest = namespaces.history("prod", before=older[-1].number)
    assert [[r.number for r in page] for page in (newest, older, oldest)] == [[5, 4], [3, 2], [1]]


def test_a_diff_names_what_was_put_changed_and_deleted(namespaces: Namespaces, first: Head) -> None:
    """With both digests, in key order, in either direction."""
    namespaces.commit(
        "prod", first, staged(puts={"Retry/a": A2, "Retry/c": B1}, deletes={"Retry/b"})
    )
    forth = namespaces.diff("prod", 1, 2)
    assert forth == (
        Difference("Retry/a", digest(A1), digest(A2)),
        Difference("Retry/b", digest(B1), None),
        Difference("Retry/c", None, digest(B1)),
    )
    back = [Difference(d.key, d.after, d.before) for d in forth]
    assert list(namespaces.diff("prod", 2, 1)) == back
    assert [d.key for d in namespaces.diff("prod", 0, 1)] == ["Retry/a", "Retry/b"]
    assert namespaces.diff("prod", 2, 2) == ()


def test_reverting_leads_back_to_an_earlier_revision(namespaces: Namespaces, first: Head) -> None:
    """As a new revision with the old content."""
    change = staged(puts={"Retry/a": A2, "Retry/c": B1}, deletes={"Retry/b"})
    second = namespaces.commit("prod", first, change).head
    puts, deletes = namespaces.reverting("prod", second, 1)
    assert (puts, deletes) == ({"Retry/a": A1, "Retry/b": B1}, {"Retry/c"})
    third = namespaces.commit("prod", second, staged(puts=puts, deletes=deletes)).head
    assert third.revision == 3
    assert namespaces.diff("prod", 1, 3) == ()


def test_a_bundle_has_the_revision_at_which_it_last_changed(
    namespaces: Namespaces, first: Head
) -> None:
    """Its version rises only with its bytes, also when they come back."""
    second = namespaces.commit("prod", first, staged(puts={"Retry/a": A2})).head
    assert namespaces.bundle("prod", "score") == Bundle("score", digest(b"S1"), 1, b"S1")
    third = namespaces.commit("prod", second, staged(bundles={"score": b"S3"}))
    assert (third.changed, third.services) == (True, {"score"})
    fourth = namespaces.commit("prod", third.head, staged(bundles={"score": b"S1"})).head
    assert namespaces.bundle("prod", "score") == Bundle("score", digest(b"S1"), 4, b"S1")
    assert dict(namespaces.bundles(fourth).items()) == {"score": (digest(b"S1"), 4)}


def test_a_dropped_bundle_is_in_force_no_more(namespaces: Namespaces, first: Head) -> None:
    """Nor is one that never was."""
    namespaces.commit("prod", first, staged(dropped={"score"}))
    assert namespaces.bundle("prod", "score") is None
    assert namespaces.bundle("prod", "never") is None
    assert namespaces.bundle("none", "score") is None


def test_a_rollout_step_makes_a_revision_of_its_own(namespaces: Namespaces, first: Head) -> None:
    """Although no document differs."""
    outcome = namespaces.commit("prod", first, staged(rollout={"state": "paused"}))
    assert (outcome.changed, outcome.head.revision) == (True, 2)


def test_the_head_of_an_event_is_that_of_a_reading(store: Store, first: Head) -> None:
    """A watcher learns of a new head without reading it."""
    with store.watch(layout.namespace("prod"), 0) as watch:
        batch = watch.next(30)
    assert batch is not None
    events = {event.key: event for event in batch.events}
    event: Event = events[layout.head("prod")]
    assert decode_head(event.key, event.value or b"", event.mod_revision) == first


def test_a_change_becomes_visible_whole(namespaces: Namespaces, store: Store) -> None:
    """Head, record, answer and audit entry carry one revision of the store."""
    change = staged(
        puts={"Retry/a": A1},
        answer=Answer("k", "r", b"{}", NOW + 1),
        audit=AuditEntry(NOW, "ada", "publish"),
    )
    head = namespaces.commit("prod", None, change).head
    entries = store.range(layout.namespace("prod")).entries
    assert [layout.place(entry.key).part for entry in entries] == ["audit", "head", "idem", "rev"]  # type: ignore[union-attr]
    assert {entry.mod_revision for entry in entries} == {head.mod_revision}


def test_a_used_idempotency_key_refuses_the_change(namespaces: Namespaces) -> None:
    """A lost answer never publishes twice."""
    answer = Answer("k", "r", b"{}", NOW + 1)
    head = namespaces.commit("prod", None, staged(puts={"Retry/a": A1}, answer=answer)).head
    with pytest.raises(AnswerExistsError, match="idempotency key 'k' was used in namespace 'prod'"):
        namespaces.commit("prod", head, staged(puts={"Retry/a": A2}, answer=answer))
    assert namespaces.head("prod") == head


def test_an_expired_idempotency_key_may_be_used_anew(
    namespaces: Namespaces, clock: FakeClock
) -> None:
    """Whether or not the old answer was collected."""
    answer = Answer("k", "r", b"{}", NOW + 10)
    head = namespaces.commit("prod", None, staged(answer=answer)).head
    clock.advance(10)
    later = replace(answer, expires_at=NOW + 20)
    assert namespaces.commit("prod", head, staged(puts={"Retry/a": A1}, answer=later)).changed


def test_an_identical_change_is_answered_and_audited(
    namespaces: Namespaces, store: Store, first: Head
) -> None:
    """Without a revision."""
    change = staged(
        answer=Answer("k", "r", b"{}", NOW + 1), audit=AuditEntry(NOW, "ada", "publish")
    )
    assert not namespaces.commit("prod", first, change).changed
    assert len(store.range(layout.audits("prod")).entries) == 1
    assert store.get(layout.idempotency_key("prod", "k")) is not None


def test_a_key_both_put_and_deleted_is_refused(namespaces: Namespaces) -> None:
    """Nobody knows what was meant."""
    with pytest.raises(InvalidTransactionError, match="'Retry/a' is put and deleted"):
        namespaces.commit("prod", None, staged(puts={"Retry/a": A1}, deletes={"Retry/a"}))


def test_a_change_over_the_limit_is_refused(namespaces: Namespaces) -> None:
    """The bound is on the documents together."""
    half = bytes(MAX_CHANGE_BYTES // 2)
    with pytest.raises(LimitExceededError, match="the change has 16777217 bytes of documents"):
        namespaces.commit("prod", None, staged(puts={"a": half, "b": half, "c": b"x"}))
    assert namespaces.head("prod") is None


def test_a_thousand_resources_are_one_change(namespaces: Namespaces) -> None:
    """They need no more operations than one resource does."""
    puts = {f"Retry/r{n}": b"%d" % n for n in range(1000)}
    head = namespaces.commit("prod", None, staged(puts=puts)).head
    assert namespaces.snapshot_of("prod", head).documents() == dict(sorted(puts.items()))


def test_names_are_found_among_everything_else(namespaces: Namespaces, store: Store) -> None:
    """Also where other keys come first, and without counting what has no head."""
    for name in ("a", "a-b", "b"):
        namespaces.commit(name, None, staged())
    store.commit(put((layout.settings("only-settings"), b"{}"), (layout.ack("a", 1, "p"), b"{}")))
    assert namespaces.names() == ("a", "a-b", "b")


def test_restamping_gives_every_namespace_a_new_epoch(namespaces: Namespaces, first: Head) -> None:
    """And changes that were prepared before do not slip in after."""
    namespaces.commit("test", None, staged())
    epochs = namespaces.restamp_epoch()
    head = namespaces.head("prod")
    assert head is not None
    assert epochs["prod"] == head.epoch != first.epoch
    assert (epochs.keys(), head.revision) == ({"prod", "test"}, first.revision)
    assert head.manifest == first.manifest
    with pytest.raises(HeadMovedError, match="or was restored"):
        namespaces.commit("prod", first, staged(puts={"Retry/a": A2}))


@pytest.mark.parametrize("value", [b"{}", b"[]", b"\xff"])
def test_a_damaged_head_is_named(namespaces: Namespaces, store: Store, value: bytes) -> None:
    """The error says which key."""
    store.commit(put((layout.head("prod"), value)))
    with pytest.raises(CorruptRecordError, match="key '/configsvc/1/ns/prod/head' holds a damaged"):
        namespaces.head("prod")


@pytest.mark.usefixtures("first")
def test_a_damaged_record_is_named(namespaces: Namespaces, store: Store) -> None:
    """The error says which key."""
    store.commit(put((layout.revision("prod", 1), b"{}")))
    with pytest.raises(CorruptRecordError, match="rev/0000000000000001"):
        namespaces.history("prod")
