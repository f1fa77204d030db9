"""The contract of watches, on every backend."""

import random
import threading
import time
from collections.abc import Callable

import pytest

from configsvc.store import (
    CompactedError,
    Event,
    FutureRevisionError,
    Retention,
    Store,
    Transaction,
    Watch,
    WatchBatch,
    WatchClosedError,
)
from tests.store.conftest import OpenStore
from tests.store.fakes import FakeClock, blobs, plain, put
from tests.store.histories import assert_guarantees

PATIENCE = 30.0  # seconds; only a failing test waits that long


def take(watch: Watch, last: int) -> list[Event]:
    """Return what a watch tells up to the event of a revision that it must tell."""
    told: list[Event] = []
    while not told or told[-1].mod_revision < last:
        batch = watch.next(PATIENCE)
        assert batch is not None, f"was never told of revision {last}"
        told += batch.events
    return told


def tell(store: Store, prefix: str, after: int, last: int) -> list[Event]:
    """Return what a new watch tells up to the event of a revision that it must tell."""
    with store.watch(prefix, after) as watch:
        return take(watch, last)


def test_a_watch_tells_what_happened_after_its_revision(store: Store) -> None:
    """Puts and deletes, by revision and then by key."""
    first = store.commit(put(("/a", b"0")))
    second = store.commit(put(("/c", b"1"), ("/b", b"1")))
    third = store.commit(Transaction(puts=(("/d", b"2"),), deletes=("/a", "/absent")))
    with store.watch("/", first) as watch:
        assert plain(take(watch, third)) == [
            (second, "/b", b"1"),
            (second, "/c", b"1"),
            (third, "/a", None),
            (third, "/d", b"2"),
        ]
        assert watch.progress == third


def test_a_watch_tells_only_what_lies_under_its_prefix(store: Store) -> None:
    """Other keys of the same revision are left out."""
    revision = store.commit(put(("/k", b""), ("/k/1", b""), ("/k0", b"")))
    assert tell(store, "/k/", 0, revision) == [Event("/k/1", b"", revision)]


def test_an_empty_value_is_not_a_delete(store: Store) -> None:
    """A put of no bytes is told as a put."""
    revision = store.commit(put(("/a", b"")))
    assert tell(store, "", 0, revision)[0].value == b""


def test_a_watch_without_news_returns_none(store: Store) -> None:
    """The timeout is an answer, not an error."""
    with store.watch("/", 0) as watch:
        assert watch.next(0) is None
        assert watch.next(0.001) is None


def test_progress_moves_without_events(store: Store) -> None:
    """So a watch of a quiet prefix is not overtaken by compaction."""
    with store.watch("/quiet/", 0) as watch:
        revision = store.commit(put(("/loud", b"")))
        give_up_at = time.monotonic() + PATIENCE
        while watch.progress < revision and time.monotonic() < give_up_at:
            assert watch.next(0.01) is None
        assert watch.progress == revision


def test_a_reading_begins_a_watch_without_a_gap(store: Store) -> None:
    """What is not in the reading is told, what is in it is not."""
    store.commit(put(("/a", b"1")))
    reading = store.range("/")
    with store.watch("/", reading.revision) as watch:
        assert watch.next(0) is None
        second = store.commit(put(("/a", b"2")))
        assert plain(take(watch, second)) == [(second, "/a", b"2")]


def test_blobs_are_not_told(store: Store) -> None:
    """They are no keys, wherever they lie."""
    after = store.revision()
    store.put_blobs(blobs(b"x"))
    store.commit(Transaction(blobs=blobs(b"y")))
    revision = store.commit(Transaction(puts=(("/z", b""),), blobs=blobs(b"z")))
    assert tell(store, "", after, revision) == [Event("/z", b"", revision)]


def test_a_watch_from_a_revision_that_was_dropped_is_refused(open_store: OpenStore) -> None:
    """The error names the revision from which one may watch, and there one may."""
    store = open_store(Retention(revisions=4))
    for number in range(12):
        store.commit(put(("/a", b"%d" % number)))
    with pytest.raises(CompactedError, match="events after revision 0 are gone") as caught:
        store.watch("/", 0)
    told = tell(store, "/", caught.value.compact_revision, 12)
    assert [event.mod_revision for event in told] == [9, 10, 11, 12]


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
    now = store.commit(put(("/a", b"")))
    asked = now + 9
    with pytest.raises(FutureRevisionError, match=f"revision {asked} .* the store is at {now}"):
        store.watch("/", asked)


def test_a_commit_wakes_a_waiting_watch(store: Store) -> None:
    """The watch blocks until there is something to tell."""
    told: list[WatchBatch | None] = []
    with store.watch("/", 0) as watch:
        waiting = threading.Thread(target=lambda: told.append(watch.next(PATIENCE)))
        waiting.start()
        revision = store.commit(put(("/a", b"")))
        waiting.join(PATIENCE)
    assert [batch and plain(batch.events) for batch in told] == [[(revision, "/a", b"")]]


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
    revision = store.commit(put(("/a", b"")))
    seen: list[int] = []
    with store.watch("/", 0) as watch:
        for batch in watch:
            seen.append(batch.progress)
            watch.close()
    assert seen == [revision]


def test_a_watch_resumes_after_any_bookmark(store: Store) -> None:
    """Resumable: a new watch from a progress brings exactly the rest."""
    revisions = [
        store.commit(put((f"/{number % 3}", b"%d" % number), (f"/other/{number}", b"")))
        for number in range(20)
    ]
    whole = tell(store, "/", 0, revisions[-1])
    for after in revisions[:-1]:
        rest = tell(store, "/", after, revisions[-1])
        assert rest == [event for event in whole if event.mod_revision > after]


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
    """Watch, reopening at each third batch, until everything up to `last` has been told.

    A backend that sends bookmarks needs a moment for one.
    """
    batches: list[WatchBatch] = []
    progress = 0
    while (end := last()) is None or progress < end:
        with store.watch(prefix, progress) as watch:
            for _ in range(3):
                batch = watch.next(0.2)
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
    last.append(max(made))
    for thread in watchers:
        thread.join(PATIENCE)
    assert len(made) == 240
    for prefix, batches in recorded.items():
        assert_guarantees(batches, made, prefix, 0)
