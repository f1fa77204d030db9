"""Collection of blobs, on every backend."""

from collections.abc import Callable

import pytest

from configsvc.store import (
    GRACE,
    BlobNotFoundError,
    CandidateStep,
    Collected,
    Collector,
    Head,
    Move,
    Namespaces,
    Staged,
    Store,
)
from tests.store.fakes import FakeClock, blobs, digest


@pytest.fixture
def collector(store: Store, namespaces: Namespaces, clock: FakeClock) -> Collector:
    """A collector that has marked nothing yet."""
    return Collector(store, namespaces, clock)


@pytest.fixture
def publish(namespaces: Namespaces, clock: FakeClock) -> Callable[..., Head]:
    """Commit a change a moment after the one before."""

    def commit(**fields: object) -> Head:
        clock.advance(1)
        change = Staged("ada", "m", **fields)  # type: ignore[arg-type]
        return namespaces.commit("prod", namespaces.head("prod"), change).head

    return commit


def exists(store: Store, data: bytes) -> bool:
    """Whether the blob of these bytes is still there."""
    try:
        return store.get_blob(digest(data)) == data
    except BlobNotFoundError:
        return False


def test_history_is_kept_for_ever(
    collector: Collector, namespaces: Namespaces, publish: Callable[..., Head], clock: FakeClock
) -> None:
    """Every revision can be read, with its findings, however old."""
    for number in range(5):
        publish(puts={"Retry/a": b"%d" % number}, findings=b"[%d]" % number)
        clock.advance(2 * GRACE)
        assert collector.collect().deleted == 0
    texts = [namespaces.snapshot("prod", n).document("Retry/a") for n in range(1, 6)]
    assert texts == [b"0", b"1", b"2", b"3", b"4"]
    assert [namespaces.findings(r) for r in namespaces.history("prod")][-1] == b"[0]"


def test_a_candidate_is_kept_while_it_is_rolled_out(
    collector: Collector, store: Store, publish: Callable[..., Head], clock: FakeClock
) -> None:
    """However long that takes: its bundles, and the table that tells whom they concern."""
    publish(puts={"Retry/a": b"A1"}, bundles={"score": b"S1"})
    publish(step=CandidateStep(Move.BUILD, 1), puts={"Retry/a": b"A2"}, bundles={"score": b"S2"})
    head = publish(step=CandidateStep(Move.KEEP, 2), bundles={"score": b"S3"})
    clock.advance(3 * GRACE)
    collector.collect()
    assert exists(store, b"S2")
    assert head.candidate is not None
    assert Namespaces(store, clock, lambda: "t").touched("prod", head.candidate).keys() == {"score"}


def test_what_a_candidate_proposed_stays_readable(
    collector: Collector, store: Store, publish: Callable[..., Head], clock: FakeClock
) -> None:
    """Of an aborted rollout the documents are kept as history, the bundles are not."""
    publish(puts={"Retry/a": b"A1"}, bundles={"score": b"S1"})
    publish(step=CandidateStep(Move.BUILD, 1), puts={"Retry/a": b"A2"}, bundles={"score": b"S2"})
    publish(step=CandidateStep(Move.ABORT, 2))
    clock.advance(3 * GRACE)
    collector.collect()
    assert (exists(store, b"A2"), exists(store, b"S2")) == (True, False)


def test_what_nothing_names_goes_after_the_grace_time(
    collector: Collector, store: Store, clock: FakeClock
) -> None:
    """Such as the blobs of a commit that was refused."""
    store.put_blobs(blobs(b"stray"))
    clock.advance(GRACE)
    assert collector.collect() == Collected(0, 0)
    clock.advance(1)
    assert collector.collect() == Collected(1, 1)
    assert not exists(store, b"stray")


def test_a_bundle_is_kept_while_in_force(
    collector: Collector, publish: Callable[..., Head], store: Store, clock: FakeClock
) -> None:
    """However long nobody changes it."""
    publish(bundles={"score": b"S"})
    clock.advance(10 * GRACE)
    publish(puts={"Retry/a": b"1"})
    clock.advance(10 * GRACE)
    collector.collect()
    assert exists(store, b"S")


def test_a_bundle_out_of_force_goes_after_the_grace_time(
    collector: Collector, publish: Callable[..., Head], store: Store, clock: FakeClock
) -> None:
    """Counted from when it was replaced, for readers that are under way."""
    publish(bundles={"score": b"old"})
    clock.advance(10 * GRACE)
    publish(bundles={"score": b"new"})
    clock.advance(GRACE)
    collector.collect()
    assert exists(store, b"old")
    clock.advance(2)
    collector.collect()
    assert (exists(store, b"old"), exists(store, b"new")) == (False, True)


def test_a_collected_bundle_may_come_back(
    collector: Collector, publish: Callable[..., Head], store: Store, clock: FakeClock
) -> None:
    """A rollback compiles to the bytes of long ago."""
    for content in (b"old", b"new"):
        publish(bundles={"score": content})
        clock.advance(2 * GRACE)
    collector.collect()
    publish(bundles={"score": b"old"})
    clock.advance(2 * GRACE)
    collector.collect()
    assert exists(store, b"old")


class RacingStore:
    """A store in which a commit re-uses a blob just before it is deleted."""

    def __init__(self, store: Store, commit: Callable[[], object]) -> None:
        self._store = store
        self._commit = commit

    def __getattr__(self, name: str) -> object:
        """Pass everything on, the commit before the deletion."""
        if name == "delete_blobs":
            self._commit()
        return getattr(self._store, name)


def test_a_commit_that_uses_a_blob_again_keeps_it(
    publish: Callable[..., Head], namespaces: Namespaces, store: Store, clock: FakeClock
) -> None:
    """Even between marking and deleting."""
    publish()
    store.put_blobs(blobs(b"again", b"stray"))
    clock.advance(2 * GRACE)
    racing = RacingStore(store, lambda: publish(puts={"Retry/a": b"again"}))
    outcome = Collector(racing, namespaces, clock).collect()  # type: ignore[arg-type]
    assert outcome.deleted == 1
    assert namespaces.snapshot("prod").document("Retry/a") == b"again"


def test_a_second_collection_marks_only_new_revisions(
    collector: Collector, publish: Callable[..., Head], store: Store, clock: FakeClock
) -> None:
    """And still knows what the old ones need."""
    publish(puts={"Retry/a": b"1"})
    clock.advance(2 * GRACE)
    collector.collect()
    publish(puts={"Retry/a": b"2"}, deletes={"Retry/b"})
    clock.advance(2 * GRACE)
    assert collector.collect().deleted == 0
    assert (exists(store, b"1"), exists(store, b"2")) == (True, True)


def test_a_restored_store_is_marked_anew(
    collector: Collector,
    publish: Callable[..., Head],
    namespaces: Namespaces,
    store: Store,
    clock: FakeClock,
) -> None:
    """Marks of another lineage are worth nothing."""
    publish(puts={"Retry/a": b"1"})
    collector.collect()
    namespaces.restamp_epoch()
    clock.advance(2 * GRACE)
    assert collector.collect().deleted == 0
    assert exists(store, b"1")


def test_nothing_is_deleted_while_a_manifest_cannot_be_read(
    publish: Callable[..., Head], store: Store, clock: FakeClock
) -> None:
    """What it needs is unknown."""
    head = publish(puts={"Retry/a": b"1"})
    store.put_blobs(blobs(b"stray"))
    clock.advance(2 * GRACE)
    fresh = Collector(store, Namespaces(store, clock, str), clock)
    stamps = store.blob_index(older_than=clock.now)
    store.delete_blobs([stamp for stamp in stamps if stamp.digest == head.manifest])
    with pytest.raises(BlobNotFoundError):
        fresh.collect()
    assert exists(store, b"stray")


def test_many_blobs_are_collected_in_batches(
    collector: Collector, store: Store, clock: FakeClock
) -> None:
    """More than fit a page."""
    store.put_blobs(blobs(*(b"%d" % n for n in range(300))))
    clock.advance(2 * GRACE)
    assert collector.collect() == Collected(300, 300)
