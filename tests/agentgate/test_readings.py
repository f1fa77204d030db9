"""Heads of namespaces to what is in force."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from configsvc.agentgate.readings import HeadReading
from configsvc.agentgate.shelf import InForce
from configsvc.store import BlobNotFoundError, Event, Transaction, layout
from configsvc.store.memory import MemoryStore
from tests.agentgate.world import World, bundle, digest_of, now


class Losing(MemoryStore):
    """A store that may have lost some of its blobs."""

    lost: frozenset[str] = frozenset()

    def get_blobs(self, digests: Collection[str]) -> Mapping[str, bytes]:
        """Fail for what is lost."""
        for digest in self.lost & set(digests):
            raise BlobNotFoundError(digest)
        return super().get_blobs(digests)


class Reader:
    """A reading, fed from the log of a store in memory."""

    def __init__(self, *, wanted: bool = True) -> None:
        self.store = Losing(now)
        self.world = World(self.store)
        self.delivered: list[InForce] = []
        self.loads = 0
        self.reading = HeadReading(
            self.store,
            self.world.namespaces,
            lambda _, service: wanted and service == "player-engine",
            self.delivered.append,
            self._count,
        )

    def _count(self) -> None:
        self.loads += 1

    def news(self, after: int) -> tuple[Event, ...]:
        """Everything that happened after a revision of the store."""
        with self.store.watch(layout.NAMESPACES, after) as watch:
            batch = watch.next(0)
        return batch.events if batch else ()

    def newest(self) -> InForce:
        """What was delivered last."""
        return self.delivered[-1]


def test_load_delivers_every_namespace() -> None:
    """With versions and commit times, and no bundle that nobody waits for."""
    reader = Reader(wanted=False)
    reader.world.text("player-engine", "one")
    reader.world.publish({"a": b"{}"}, namespace="staging")
    reader.reading.load()
    assert [each.namespace for each in reader.delivered] == ["prod", "staging"]
    offer = reader.delivered[0].offers["player-engine"]
    assert (offer.version, offer.digest) == (1, digest_of(bundle("player-engine", "one")))
    assert 0 <= now() - offer.committed < 10_000_000
    assert reader.newest().loaded == {}
    assert reader.loads == 1


def test_changes_carry_the_bundles_that_are_waited_for() -> None:
    """Bytes are read ahead for services with agents, and only if they changed."""
    reader = Reader()
    reader.world.text("player-engine", "one")
    reader.reading.load()
    after = reader.store.revision()
    reader.world.publish({"player-engine": bundle("player-engine", "two"), "other": b"{}"})
    reader.reading.take(reader.news(after))
    data = bundle("player-engine", "two")
    assert reader.newest().loaded == {digest_of(data): data}
    assert reader.newest().offers["other"].version == 2
    reader.world.publish({"other": b'{"x":1}'})
    reader.reading.take(reader.news(after))
    assert reader.newest().loaded == {}
    assert reader.newest().offers["player-engine"].version == 2


def test_dropped_service_is_not_offered() -> None:
    """Its agents hear that it is gone."""
    reader = Reader()
    reader.world.text("player-engine", "one")
    reader.reading.load()
    after = reader.store.revision()
    reader.world.publish({}, drop=frozenset({"player-engine"}))
    reader.reading.take(reader.news(after))
    assert reader.newest().offers == {}


def test_digest_that_changed_and_changed_back_has_a_higher_version() -> None:
    """Also where the heads between were not seen."""
    reader = Reader()
    reader.world.text("player-engine", "one")
    reader.reading.load()
    reader.world.text("player-engine", "two")
    reader.world.text("player-engine", "one")
    reader.reading.load()
    assert reader.newest().offers["player-engine"].version == 3


def test_what_is_known_is_delivered_again_by_a_load_alone() -> None:
    """Whoever was told before may have failed on the way; an event that is known is no news."""
    reader = Reader()
    reader.world.text("player-engine", "one")
    reader.reading.load()
    reader.reading.take(reader.news(0))
    assert len(reader.delivered) == 1
    reader.reading.load()
    first, again = reader.delivered
    assert again == replace(first, loaded=again.loaded)


def test_damaged_and_deleted_heads_change_nothing() -> None:
    """Neither is a decision to take bundles out of force."""
    reader = Reader()
    reader.world.text("player-engine", "one")
    reader.reading.load()
    after = reader.store.revision()
    reader.store.commit(Transaction(puts=((layout.head("prod"), b"damaged"),)))
    reader.store.commit(Transaction(deletes=(layout.head("prod"),)))
    reader.store.commit(Transaction(puts=((layout.ack("prod", 1, "p"), b"{}"),)))
    reader.reading.take(reader.news(after))
    assert len(reader.delivered) == 1


def test_damaged_namespace_keeps_no_other_from_news() -> None:
    """Neither a head that cannot be read nor a table that is lost stops the load."""
    reader = Reader(wanted=False)
    for name in ("a", "b", "c"):
        reader.world.publish({"player-engine": name.encode()}, namespace=name)
    reader.store.commit(Transaction(puts=((layout.head("a"), b"damaged"),)))
    broken = reader.world.namespaces.head("b")
    assert broken is not None
    reader.store.lost = frozenset({broken.bundles})
    fresh = World(reader.store).namespaces
    reading = HeadReading(
        reader.store, fresh, lambda *_: False, reader.delivered.append, reader._count
    )
    reading.load()
    assert [each.namespace for each in reader.delivered] == ["c"]
    assert reader.loads == 1


def test_damaged_bundle_keeps_no_other_service_from_news() -> None:
    """Bytes that cannot be read ahead are asked for again by the stream that needs them."""
    reader = Reader()
    reader.world.text("player-engine", "one")
    reader.reading.load()
    after = reader.store.revision()
    reader.world.publish({"player-engine": b"{}", "other": b"{}"})
    reader.store.lost = frozenset({digest_of(b"{}")})
    reader.reading.take(reader.news(after))
    assert (reader.newest().revision, reader.newest().loaded) == (2, {})


def test_news_that_a_load_was_faster_than_takes_nobody_back() -> None:
    """What happened while everything was read is told again by the watch."""
    reader = Reader()
    reader.world.text("player-engine", "one")
    reader.world.text("player-engine", "two")
    reader.reading.load()
    reader.reading.take(reader.news(0))
    assert [each.revision for each in reader.delivered] == [2]


def test_store_that_was_set_back_is_followed() -> None:
    """A load decides, whatever was known before."""
    reader = Reader()
    reader.world.text("player-engine", "one")
    old = reader.store.get(layout.head("prod"))
    assert old is not None
    reader.world.text("player-engine", "two")
    reader.reading.load()
    reader.store.commit(Transaction(puts=((old.key, old.value),)))
    reader.reading.load()
    assert [each.revision for each in reader.delivered] == [2, 1]


def test_older_copy_of_the_store_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """A revision that falls is followed, because agents are reset to it, but never in silence."""
    reader = Reader()
    reader.world.text("player-engine", "one")
    (older,) = reader.store.range(layout.head("prod")).entries
    reader.world.text("player-engine", "two")
    reader.reading.load()
    assert not reader.newest().set_back
    reader.store.commit(Transaction(puts=((older.key, older.value),)))
    reader.reading.load()
    assert reader.newest().set_back
    assert reader.newest().revision == 1
    assert "a namespace was set back: the store was restored" in caplog.text
