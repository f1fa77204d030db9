"""The store compared with a dictionary, step by step, on every backend."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from configsvc.store import (
    ABSENT,
    Compare,
    CompareFailedError,
    Entry,
    Event,
    Store,
    Transaction,
    Watch,
)
from configsvc.store.memory import MemoryStore
from configsvc.store.sqlite import SqliteStore
from tests.etcds import EtcdCluster
from tests.store.fakes import FakeClock, blobs, digest, open_etcd

KEYS = st.sampled_from(["/", "/a", "/a/1", "/a/2", "/b", "/ä", "/\U0010ffff"])
VALUES = st.binary(max_size=4)


class Comparison(RuleBasedStateMachine):
    """Does the same to a store and to dictionaries that are plainly right.

    `dense`: every revision is one of a transaction's.
    """

    dense = True

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.store = self.open_store()
        self.entries: dict[str, Entry] = {}
        self.blobs: dict[str, tuple[bytes, int]] = {}
        self.log: list[Event] = []
        self.revision = self.store.revision()
        self.watch: Watch = self.store.watch("/a", self.revision)
        self.told: list[Event] = []

    def open_store(self) -> Store:
        """Open the store under test."""
        raise NotImplementedError

    def teardown(self) -> None:
        """Close what was opened."""
        self.watch.close()
        self.store.close()

    @rule(puts=st.dictionaries(KEYS, VALUES, max_size=3), deletes=st.sets(KEYS, max_size=3))
    def commit(self, puts: dict[str, bytes], deletes: set[str]) -> None:
        """Write without a condition."""
        self.write(Transaction(puts=tuple(puts.items()), deletes=tuple(deletes - puts.keys())))

    @rule(key=KEYS, expected=st.integers(0, 12) | st.none(), value=VALUES)
    def compare_and_set(self, key: str, expected: int | None, value: bytes) -> None:
        """Write on the condition of a revision, which is the right one for None."""
        entry = self.entries.get(key)
        now = entry.mod_revision if entry else ABSENT
        wanted = now if expected is None else expected
        change = Transaction((Compare(key, wanted),), puts=((key, value),))
        if wanted == now:
            self.write(change)
            return
        with pytest.raises(CompareFailedError) as caught:
            self.store.commit(change)
        assert (caught.value.key, caught.value.expected, caught.value.seen) == (key, wanted, now)

    @rule(contents=st.sets(VALUES, max_size=3))
    def put_blobs(self, contents: set[bytes]) -> None:
        """Store blobs, new and old."""
        self.store.put_blobs(blobs(*contents))
        self.blobs.update({digest(data): (data, self.clock.now) for data in contents})

    @rule()
    def let_time_pass(self) -> None:
        """Make everything a little older."""
        self.clock.advance(1)

    @rule(age=st.integers(0, 3))
    def delete_old_blobs(self, age: int) -> None:
        """Collect whatever is old enough."""
        before = self.clock.now - age
        stamps = self.store.blob_index(older_than=before)
        old = sorted(name for name, (_, at) in self.blobs.items() if at < before)
        assert [stamp.digest for stamp in stamps] == old
        assert self.store.delete_blobs(stamps) == len(old)
        for name in old:
            del self.blobs[name]

    @rule()
    def watch_on(self) -> None:
        """Take what the watch has to tell."""
        batch = self.watch.next(0)
        self.told += batch.events if batch else ()

    @rule()
    def reopen_the_watch(self) -> None:
        """Resume where it stood."""
        progress = self.watch.progress
        self.watch.close()
        self.watch = self.store.watch("/a", progress)

    @rule(
        prefix=st.sampled_from(["", "/", "/a", "/a/"]),
        after=KEYS | st.none(),
        limit=st.integers(0, 3) | st.none(),
        reverse=st.booleans(),
    )
    def read_a_range(
        self, prefix: str, after: str | None, limit: int | None, *, reverse: bool
    ) -> None:
        """Read a page."""
        found = self.store.range(prefix, after=after, limit=limit, reverse=reverse)
        keys = sorted((k for k in self.entries if k.startswith(prefix)), reverse=reverse)
        if after is not None:
            keys = [key for key in keys if (key < after if reverse else key > after)]
        assert found.entries == tuple(self.entries[key] for key in keys[:limit])

    @invariant()
    def everything_agrees(self) -> None:
        """Entries, revision, blobs and what the watch told are those of the model."""
        assert self.store.revision() == self.revision or not self.dense
        assert self.store.range("").entries == tuple(self.entries[k] for k in sorted(self.entries))
        contents = {name: data for name, (data, _) in self.blobs.items()}
        assert self.store.get_blobs(contents.keys()) == contents
        past = [e for e in self.log if e.mod_revision <= self.watch.progress]
        assert self.told == [event for event in past if event.key.startswith("/a")]

    def write(self, change: Transaction) -> None:
        """Commit a change that must succeed, and do the same to the model."""
        gone = [key for key in change.deletes if key in self.entries]
        revision = self.store.commit(change)
        if gone or change.puts:
            assert revision == self.revision + 1 or (not self.dense and revision > self.revision)
        self.revision = revision
        events = [Event(key, value, self.revision) for key, value in change.puts]
        events += [Event(key, None, self.revision) for key in gone]
        self.log += sorted(events, key=lambda event: event.key)
        for key in gone:
            del self.entries[key]
        self.entries.update({k: Entry(k, v, self.revision) for k, v in change.puts})


class MemoryComparison(Comparison):
    """The memory backend against the model."""

    def open_store(self) -> Store:
        """Open an empty store."""
        return MemoryStore(self.clock)


class SqliteComparison(Comparison):
    """The SQLite backend against the model; each run has a directory of its own."""

    def open_store(self) -> Store:
        """Open an empty store."""
        self.data = Path(tempfile.mkdtemp())
        return SqliteStore(self.data, self.clock)

    def teardown(self) -> None:
        """Close what was opened, and leave no file."""
        super().teardown()
        shutil.rmtree(self.data)


class EtcdComparison(Comparison):
    """The etcd backend against the model; each run has a root of its own."""

    cluster: EtcdCluster
    dense = False

    def open_store(self) -> Store:
        """Open an empty store."""
        return open_etcd(self.cluster, self.clock)


@pytest.mark.external("etcd")
def test_etcd(etcd: EtcdCluster) -> None:
    """As the others, over a cluster that the tests share."""
    EtcdComparison.cluster = etcd
    run_state_machine_as_test(
        EtcdComparison,
        settings=settings(max_examples=12, stateful_step_count=25, deadline=None),
    )


TestMemory = MemoryComparison.TestCase
TestMemory.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestSqlite = SqliteComparison.TestCase
TestSqlite.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
