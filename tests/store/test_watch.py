"""The contract of watches, on every backend."""

import random
import threading
from collections.abc import Callable

import pytest

from configsvc.store import (
    CompactedError,
    Event,
    FutureRevisionError,
    Retention,
    Store,
    Transaction,
    WatchBatch,
    WatchClosedError,
)
from tests.store.conftest import OpenStore
from tests.store.fakes import FakeClock, plain, put
from tests.store.histories import assert_guarantees

PATIENCE = 30.0  # seconds; only a failing test waits that long


def take(store: Store, prefix: str, after: int) -> WatchBatch | None:
    """Return what a new watch has to tell at once."""
    with store.watch(prefix, after) as watch:
        return watch.next(0)


def test_a_watch_tells_what_happened_after_its_revision(store: Store) -> None:
    """Puts and deletes, by revision and then by key."""
    store.commit(put(("/a", b"0")))
    store.commit(put(("/c", b"1"), ("/b", b"1")))
    store.commit(Transaction(puts=(("/d", b"2"),), deletes=("/a", "/absent")))
    batch = take(store, "/", 1)
    assert batch is not None
    assert plain(batch.events) == [
        (2, "/b", b"1"),
        (2, "/c", b"1"),
        (3, "/a", None),
        (3, "/d", b"2"),
    ]
    assert batch.progress == 3


def test_a_watch_tells_only_what_lies_under_its_prefix(store: Store) -> None:
    """Other keys of the same revision are left out."""
    store.commit(put(("/k", b""), ("/k/1", b""), ("/k0", b"")))
    batch = take(store, "/k/", 0)
    assert batch == WatchBatch((Event("/k/1", b"", 1),), 1)


def test_an_empty_value_is_not_a_delete(store: Store) -> None:
    """A put of no bytes is told as a put."""
    store.commit(put(("/a", b"")))
    batch = take(store, "", 0)
    assert batch is not None
    assert batch.events[0].value == b""


def test_a_watch_without_news_returns_none(store: Store) -> None:
    """The timeout is an answer, not an error."""
    with store.watch("/", 0) as watch:
        assert watch.next(0) is None
        assert watch.next(0.001) is None


def test_progress_moves_without_events(store: Store) -> None:
    """So a watch of a quiet prefix is not overtaken by compaction."""
    with store.watch("/quiet/", 0) as watch:
        store.commit(put(("/loud", b"")))
        assert watch.next(0) is None
        assert watch.progress == 1


def test_a_reading_begins_a_watch_without_a_gap(store: Store) -> None:
    """What is not in the reading is told, what is in it is not."""
    store.commit(put(("/a", b"1")))
    reading = store.range("/")
    with store.watch("/", reading.revision) as watch:
        assert watch.next(0) is None
        store.commit(put(("/a", b"2")))
        batch = watch.next(0)
    assert batch is not None
    assert plain(batch.events) == [(2, "/a", b"2")]


def test_blobs_are_not_told(store: Store) -> None:
    """They are no keys."""
    store.put_blobs({})
    store.commit(Transaction(blobs={}))
    assert take(store, "", 0) is None


def test_a_watch_from_a_revision_that_was_dropped_is_refused(open_store: OpenStore) -> None:
    """The error names the revision from which one may watch, and there one may."""
    store = open_store(Retention(revisions=4))
    for number in range(12):
        store.commit(put(("/a", b"%d" % number)))
    with pytest.raises(CompactedError, match="events after revision 0 are gone") as caught:
        store.watch("/", 0)
    batch = take(store, "/", caught.value.compact_revision)
    assert batch is not None
    assert [event.mod_revision for event in batch.events] == [9, 10, 11, 12]


def test_a_watch_that_falls_behind_what_is_kept_is_told(open_store: OpenStore) -> None:
    """It must not skip silently."""
    store = open_store(Retention(revisions=2))
    with store.watch("/", 0) as watch:
        for _ in range(6):
            store.commit(put(("/a", b"")))
        with pytest.raises(CompactedError, match="load the present state"):
            watch.next(0)


def test_events_are_dropped_by_age(open_store: OpenStore, clock: FakeClock) -> None:
    """However few they are."""
    store = open_store(Retention(age=1000))
    store.commit(put(("/a", b"")))
    clock.advance(1001)
    store.commit(put(("/b", b"")))
    with pytest.raises(CompactedError) as caught:
        store.watch("/", 0)
    assert caught.value.compact_revision == 1


def test_a_watch_from_the_future_is_refused(store: Store) -> None:
    """The store was set back: whoever remembers a higher revision must not follow silently."""
    store.commit(put(("/a", b"")))
    with pytest.raises(FutureRevisionError, match=r"after revision 9 .* the store is at 1"):
        store.watch("/", 9)


def test_a_commit_wakes_a_waiting_watch(store: Store) -> None:
    """The watch blocks until there is something to tell."""
    told: list[WatchBatch | None] = []
    with store.watch("/", 0) as watch:
        waiting = threading.Thread(target=lambda: told.append(watch.next(PATIENCE)))
        waiting.start()
        store.commit(put(("/a", b"")))
        waiting.join(PATIENCE)
    assert [batch and plain(batch.events) for batch in told] == [[(1, "/a", b"")]]


@pytest.mark.parametrize("timeout", [None, PATIENCE])
@pytest.mark.parametrize("by", ["watch", "store"])
def test_closing_wakes_a_waiting_watch(store: Store, by: str, timeout: float | None) -> None:
    """Closed from another thread, itself or with the store, it says so."""
    watch = store.watch("/", 0)
    entered, outcome = threading.Event(), list[str]()

    def wait() -> None:
        entered.set()
        with pytest.raises(WatchClosedError, match="the watch is closed"):
            watch.next(timeout)
        outcome.append("closed")

    waiting = threading.Thread(target=wait)
    waiting.start()
    entered.wait(PATIENCE)
    (watch if by == "watch" else store).close()
    waiting.join(PATIENCE)
    assert outcome == ["closed"]


def test_a_closed_watch_stays_closed(store: Store) -> None:
    """Closing twice is harmless, and there are no late events."""
    watch = store.watch("/", 0)
    store.commit(put(("/a", b"")))
    watch.close()
    watch.close()
    with pytest.raises(WatchClosedError):
        watch.next(0)


def test_iterating_ends_when_the_watch_is_closed(store: Store) -> None:
    """A loop over a watch needs no error handling for its own end."""
    store.commit(put(("/a", b"")))
    seen: list[int] = []
    with store.watch("/", 0) as watch:
        for batch in watch:
            seen.append(batch.progress)
            watch.close()
    assert seen == [1]


def test_a_watch_resumes_after_any_bookmark(store: Store) -> None:
    """Resumable: a new watch from a progress brings exactly the rest."""
    for number in range(20):
        store.commit(put((f"/{number % 3}", b"%d" % number), (f"/other/{number}", b"")))
    with store.watch("/", 0) as watch:
        whole = watch.next(0)
    assert whole is not None
    for after in range(20):
        rest = take(store, "/", after)
        assert rest is not None
        assert rest.events == tuple(e for e in whole.events if e.mod_revision > after)


def write_at_random(store: Store, seed: int, count: int) -> dict[int, frozenset[tuple[str, bytes]]]:
    """Commit transactions of one to five keys and return what each acknowledged one did."""
    chance, made = random.Random(seed), {}
    for number in range(count):
        keys = chance.sample(
            [f"/{area}/{n}" for area in "ab" for n in range(9)], chance.randint(1, 5)
        )
        puts = tuple((key, f"{seed}.{number}".encode()) for key in keys)
        made[store.commit(Transaction(puts=puts))] = frozenset(puts)
    return made


def record(store: Store, prefix: str, last: Callable[[], int | None]) -> list[WatchBatch]:
    """Watch, reopening at each third batch, until everything up to `last` has been told."""
    batches: list[WatchBatch] = []
    progress = 0
    while (end := last()) is None or progress < end:
        with store.watch(prefix, progress) as watch:
            for _ in range(3):
                batch = watch.next(0.01)
                progress = watch.progress
                batches += [batch] if batch else []
    return batches


def test_recorded_histories_keep_every_guarantee(store: Store) -> None:
    """Under four writers: ordered, unique, atomic, reliable, resumable, bookmarkable."""
    made: dict[int, frozenset[tuple[str, bytes]]] = {}
    recorded: dict[str, list[WatchBatch]] = {}
    last: list[int] = []

    def watch(prefix: str) -> None:
        recorded[prefix] = record(store, prefix, lambda: last[0] if last else None)

    writers = [
        threading.Thread(target=lambda s=seed: made.update(write_at_random(store, s, 60)))
        for seed in range(4)
    ]
    watchers = [threading.Thread(target=watch, args=(prefix,)) for prefix in ("", "/a/", "/b/3")]
    for thread in (*watchers, *writers):
        thread.start()
    for thread in writers:
        thread.join(PATIENCE)
    last.append(store.revision())
    for thread in watchers:
        thread.join(PATIENCE)
    assert len(made) == 240
    for prefix, batches in recorded.items():
        assert_guarantees(batches, made, prefix, 0)
