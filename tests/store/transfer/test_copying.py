"""Copies between stores: from each backend into a fresh one in memory, and back."""

from collections.abc import Mapping

import pytest

from configsvc.store import (
    Compare,
    Digest,
    Head,
    Namespaces,
    Staged,
    Store,
    StoreUnavailableError,
    Transaction,
    layout,
)
from configsvc.store.memory import MemoryStore
from configsvc.store.transfer import (
    NothingToCopyError,
    TargetNotEmptyError,
    UnsettledSourceError,
    migrate,
    pour,
    read_copy,
)
from tests.store.fakes import FakeClock, FakeTokens, put


def change(number: int) -> Staged:
    """A change of one document and one bundle, with findings."""
    text = b"%d" % number
    return Staged(
        author="ann",
        message=f"change {number}",
        puts={f"Retry/r{number % 3}": text},
        bundles={"score": b"bundle " + text},
        findings=b"[%d]" % number,
    )


def publish(namespaces: Namespaces, name: str, count: int) -> Head:
    """Make some changes and return the head after them."""
    head = namespaces.head(name)
    for _ in range(count):
        number = head.revision if head else 0
        head = namespaces.commit(name, head, change(number)).head
    assert head is not None
    return head


def assert_alike(old: Namespaces, new: Namespaces, name: str) -> None:
    """The whole history reads the same in both, documents, findings and bundles included."""
    assert new.history(name) == old.history(name)
    for record in old.history(name):
        before, after = old.snapshot(name, record.number), new.snapshot(name, record.number)
        assert after.documents() == before.documents()
        assert new.findings(record) == old.findings(record)
    assert new.bundle(name, "score") == old.bundle(name, "score")


@pytest.fixture
def target(clock: FakeClock) -> Store:
    """An empty store."""
    return MemoryStore(clock)


def test_a_migration_keeps_everything(
    store: Store, target: Store, namespaces: Namespaces, clock: FakeClock, tokens: FakeTokens
) -> None:
    """Revisions, digests, epochs and tokens; and back again into a store of the first kind."""
    old = [publish(namespaces, name, 5) for name in ("prod", "staging")]
    store.commit(put((layout.token("t1"), b"{}"), (layout.node("n1"), b"{}")))
    copied = migrate(store, target)
    assert copied.namespaces == ("prod", "staging")
    new = Namespaces(target, clock, tokens)
    for head, moved in zip(old, new.heads(), strict=True):
        assert (moved.epoch, moved.revision, moved.manifest, moved.bundles) == (
            head.epoch, head.revision, head.manifest, head.bundles
        )  # fmt: skip
        assert_alike(namespaces, new, head.namespace)
    assert target.get(layout.token("t1")) is not None
    assert target.get(layout.node("n1")) is None
    assert target.get(layout.TRANSFER) is None
    publish(new, "prod", 1)


def test_one_namespace_joins_others(
    store: Store, target: Store, namespaces: Namespaces, clock: FakeClock, tokens: FakeTokens
) -> None:
    """Into a store that has others, and none of the same name."""
    publish(namespaces, "prod", 2)
    publish(namespaces, "other", 1)
    there = Namespaces(target, clock, tokens)
    publish(there, "staging", 1)
    assert migrate(store, target, "prod").namespaces == ("prod",)
    assert there.names() == ("prod", "staging")
    assert_alike(namespaces, there, "prod")
    with pytest.raises(TargetNotEmptyError, match="not empty, it has '/configsvc/1/ns/prod/"):
        migrate(store, target, "prod")


def test_a_target_with_anything_is_refused(
    store: Store, target: Store, namespaces: Namespaces
) -> None:
    """And nothing is written to it."""
    publish(namespaces, "prod", 1)
    target.commit(put((layout.token("t1"), b"{}")))
    before = target.revision()
    with pytest.raises(TargetNotEmptyError, match="name an empty store"):
        migrate(store, target)
    assert target.revision() == before


def test_nothing_is_no_copy(store: Store, target: Store, namespaces: Namespaces) -> None:
    """A name mistyped must not end as an empty namespace."""
    with pytest.raises(NothingToCopyError, match=r"the source has no namespace$"):
        migrate(store, target)
    publish(namespaces, "prod", 1)
    with pytest.raises(NothingToCopyError, match="no namespace 'prd'"):
        migrate(store, target, "prd")


class Failing(MemoryStore):
    """A store that is away after so many writes."""

    writes = 1 << 30

    def commit(self, transaction: Transaction) -> int:
        """Write, unless it is away."""
        self._count()
        return super().commit(transaction)

    def put_blobs(self, blobs: Mapping[Digest, bytes]) -> None:
        """Store, unless it is away."""
        self._count()
        super().put_blobs(blobs)

    def _count(self) -> None:
        self.writes -= 1
        if self.writes < 0:
            raise StoreUnavailableError("writing", "it is away")


def test_a_migration_cut_short_at_any_write_can_be_finished(
    clock: FakeClock, tokens: FakeTokens
) -> None:
    """Nobody sees a part of it before, and no other copy may take its place."""
    source = MemoryStore(clock)
    namespaces = Namespaces(source, clock, tokens)
    publish(namespaces, "prod", 30)
    cut = 0
    while True:
        target = Failing(clock)
        target.writes = cut
        try:
            migrate(source, target)
        except StoreUnavailableError:
            assert Namespaces(target, clock, tokens).names() == ()
        else:
            break
        target.writes = 1 << 30
        if target.get(layout.TRANSFER):
            another = MemoryStore(clock)
            publish(Namespaces(another, clock, tokens), "prod", 1)
            with pytest.raises(TargetNotEmptyError):
                migrate(another, target)
        migrate(source, target)
        assert_alike(namespaces, Namespaces(target, clock, tokens), "prod")
        cut += 1
    assert cut > 3


class Busy(MemoryStore):
    """A target during whose filling the source is written to."""

    def __init__(self, clock: FakeClock, source: Namespaces, times: int) -> None:
        super().__init__(clock)
        self._source = source
        self._times = times

    def put_blobs(self, blobs: Mapping[Digest, bytes]) -> None:
        """Let somebody publish first."""
        if self._times:
            self._times -= 1
            publish(self._source, "prod", 1)
        super().put_blobs(blobs)


def test_what_is_published_meanwhile_comes_along(clock: FakeClock, tokens: FakeTokens) -> None:
    """Up to a bound: a source that never rests is one that somebody has to stop."""
    source = MemoryStore(clock)
    namespaces = Namespaces(source, clock, tokens)
    publish(namespaces, "prod", 1)
    target = Busy(clock, namespaces, 2)
    migrate(source, target)
    assert_alike(namespaces, Namespaces(target, clock, tokens), "prod")
    with pytest.raises(UnsettledSourceError, match="stop its nodes and try again"):
        migrate(source, Busy(clock, namespaces, 1 << 30))


def test_a_copy_that_is_poured_begins_a_new_epoch(
    store: Store, target: Store, namespaces: Namespaces, clock: FakeClock, tokens: FakeTokens
) -> None:
    """So that nobody takes its revisions for those that came after it was made."""
    old = publish(namespaces, "prod", 3)
    copy = read_copy(store)
    publish(namespaces, "prod", 2)
    pour(copy, target, tokens)
    new = Namespaces(target, clock, tokens).head("prod")
    assert new is not None
    assert (new.revision, new.manifest) == (old.revision, old.manifest)
    assert new.epoch != old.epoch


def test_a_copy_is_of_one_moment(store: Store, namespaces: Namespaces) -> None:
    """What is committed after it was read is no part of it."""
    publish(namespaces, "prod", 2)
    copy = read_copy(store)
    publish(namespaces, "prod", 1)
    assert [head.revision for head in copy.heads] == [2]
    assert layout.revision("prod", 3) not in {entry.key for entry in copy.entries}
    turn = Transaction((Compare(layout.turn("prod"), 0),), ((layout.turn("prod"), b"{}"),))
    store.commit(turn)
    assert layout.turn("prod") not in {entry.key for entry in read_copy(store).entries}
