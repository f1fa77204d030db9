"""Group commit: what queues up together is committed together, and fails apart."""

import threading
from collections.abc import Callable

from configsvc.store import (
    ABSENT,
    Compare,
    CompareFailedError,
    StoreFullError,
    StoreUnavailableError,
    Transaction,
)
from configsvc.store.sqlite import SqliteStore
from configsvc.store.sqlite._ledger import Ledger
from tests.store.fakes import blobs, put
from tests.store.sqlite.conftest import Open
from tests.store.sqlite.test_store import random_text

PATIENCE = 30.0


class Queue:
    """Lets writes queue up behind one that is held, then lets go."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.outcomes: dict[str, int | BaseException] = {}
        self._release = threading.Event()
        held = threading.Event()

        def hold(_: Ledger) -> int:
            held.set()
            self._release.wait(PATIENCE)
            return 0

        self._threads = [threading.Thread(target=store._writer.run, args=(hold,))]
        self._threads[0].start()
        held.wait(PATIENCE)

    def add(self, name: str, write: Callable[[], int]) -> None:
        """Start a write and wait until it is in the queue."""
        length = len(self.store._writer._queue)

        def attempt() -> None:
            try:
                self.outcomes[name] = write()
            except BaseException as error:  # noqa: BLE001 (the test looks at it)
                self.outcomes[name] = error

        self._threads.append(threading.Thread(target=attempt))
        self._threads[-1].start()
        while len(self.store._writer._queue) == length:
            self._threads[-1].join(0.001)

    def let_go(self) -> None:
        """Let all of them be committed."""
        self._release.set()
        for thread in self._threads:
            thread.join(PATIENCE)


def commits_of(store: SqliteStore) -> list[str]:
    """Return a list that grows with each transaction that SQLite commits."""
    store.commit(Transaction())
    connection, commits = store._writer._connection, list[str]()
    assert connection is not None

    def trace(statement: str) -> None:
        commits.extend([statement] if statement == "COMMIT" else [])

    connection.set_trace_callback(trace)
    return commits


def test_writes_that_wait_together_share_a_transaction(store: SqliteStore) -> None:
    """Eight of them cost one flush, not eight, and each has a revision of its own."""
    commits = commits_of(store)
    queue = Queue(store)
    for number in range(8):
        queue.add(str(number), lambda n=number: store.commit(put((f"/{n}", b""))))  # type: ignore[misc]
    queue.let_go()
    assert sorted(queue.outcomes.values()) == [1, 2, 3, 4, 5, 6, 7, 8]  # type: ignore[type-var]
    assert len(commits) == 2  # the one that was held, and the group


def test_one_that_is_refused_leaves_the_others_alone(store: SqliteStore) -> None:
    """Each sees what those before it in the group wrote."""
    create = Transaction((Compare("/a", ABSENT),), puts=(("/a", b"1"), ("/b", b"1")))
    queue = Queue(store)
    queue.add("first", lambda: store.commit(create))
    queue.add("second", lambda: store.commit(create))
    queue.add("third", lambda: store.commit(put(("/c", b""))))
    queue.let_go()
    assert (queue.outcomes["first"], queue.outcomes["third"]) == (1, 2)
    assert isinstance(queue.outcomes["second"], CompareFailedError)
    assert [entry.mod_revision for entry in store.range("").entries] == [1, 1, 2]


def test_one_that_is_too_big_for_the_disk_fails_alone(open_again: Open) -> None:
    """The others of its group are written all the same."""
    store = open_again(max_bytes=200_000)
    queue = Queue(store)
    queue.add("small", lambda: store.commit(put(("/a", b""))))
    big = Transaction(puts=(("/big", b""),), blobs=blobs(random_text(300_000)))
    queue.add("big", lambda: store.commit(big))
    queue.add("last", lambda: store.commit(put(("/b", b""))))
    queue.let_go()
    assert isinstance(queue.outcomes["big"], StoreFullError)
    assert [entry.key for entry in store.range("").entries] == ["/a", "/b"]
    assert store.revision() == 2


def test_an_interrupted_group_is_undone(store: SqliteStore) -> None:
    """Whoever leads it is interrupted, whoever waited is told, and the next write works."""

    def interrupt(_: Ledger) -> int:
        raise KeyboardInterrupt

    queue = Queue(store)
    queue.add("one", lambda: store.commit(put(("/a", b""))))
    queue.add("other", lambda: store._writer.run(interrupt))
    queue.let_go()
    outcomes = {type(outcome) for outcome in queue.outcomes.values()}
    assert outcomes == {KeyboardInterrupt, StoreUnavailableError}
    assert store.commit(put(("/b", b""))) == 1
