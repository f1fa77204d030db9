"""The copy of a store that a relay reads."""

from pathlib import Path
from typing import cast

import orjson
import pytest

from configsvc.relay import BlobCache, Copy, Upstream
from configsvc.store import (
    BlobNotFoundError,
    CorruptBlobError,
    Namespaces,
    Staged,
    StoreUnavailableError,
    Transaction,
    layout,
)
from configsvc.store.memory import MemoryStore
from tests.relay.upstreams import FakeUpstream
from tests.store.fakes import FakeClock, FakeTokens, digest

HEAD = layout.head("prod")
INSTANCE = layout.instance("prod", "score", "one")


@pytest.fixture
def upstream() -> FakeUpstream:
    """An upstream that is there."""
    return FakeUpstream()


def copy_of(upstream: FakeUpstream, directory: Path, **entries: str) -> Copy:
    """A copy with these keys from before."""
    local = MemoryStore(FakeClock())
    return Copy(local, cast("Upstream", upstream), BlobCache(directory / "blobs"), entries)


@pytest.fixture
def copied(upstream: FakeUpstream, tmp_path: Path) -> Copy:
    """An empty copy."""
    return copy_of(upstream, tmp_path)


def head(epoch: str, revision: int) -> str:
    """A head as the upstream tells it."""
    value = {"epoch": epoch, "revision": revision, "manifest": "m", "bundles": "b"}
    return orjson.dumps({**value, "candidate": None}).decode()


def test_everything_that_is_missing_in_a_state_is_gone(copied: Copy) -> None:
    """A stream begins with all there is; a change with what differs."""
    assert copied.take("state", {HEAD: head("e", 1), INSTANCE: "{}"})
    assert copied.take("change", {HEAD: head("e", 2)})
    assert copied.get(INSTANCE) is not None
    assert copied.take("state", {HEAD: head("e", 2)})
    assert copied.get(INSTANCE) is None
    assert copied.entries == {HEAD: head("e", 2)}


def test_the_same_again_is_no_news(copied: Copy) -> None:
    """A stream that begins anew wakes nobody for what is known."""
    copied.take("state", {HEAD: head("e", 1)})
    revision = copied.revision()
    assert not copied.take("state", {HEAD: head("e", 1)})
    assert copied.revision() == revision


def test_watches_hear_of_changes(copied: Copy) -> None:
    """Whoever follows the copy follows the upstream."""
    with copied.watch(layout.NAMESPACES, copied.revision()) as watch:
        copied.take("change", {HEAD: head("e", 1)})
        batch = watch.next(5)
    assert batch is not None
    assert [event.key for event in batch.events] == [HEAD]


def test_many_keys_come_in_parts(copied: Copy) -> None:
    """A transaction takes so many at most."""
    entries = {layout.instance("prod", "score", f"i-{n}"): "{}" for n in range(200)}
    copied.take("state", entries)
    assert len(copied.range(layout.instances("prod")).entries) == 200


def test_a_copy_begins_with_what_was_kept(upstream: FakeUpstream, tmp_path: Path) -> None:
    """A site starts without its upstream."""
    upstream.away = True
    assert copy_of(upstream, tmp_path, **{HEAD: head("e", 3)}).get(HEAD) is not None


def test_a_blob_is_fetched_once(copied: Copy, upstream: FakeUpstream) -> None:
    """Then it is read from disk, also while the upstream is away."""
    upstream.blobs[digest(b"bundle")] = b"bundle"
    assert copied.get_blob(digest(b"bundle")) == b"bundle"
    upstream.away = True
    assert copied.get_blobs([digest(b"bundle")]) == {digest(b"bundle"): b"bundle"}
    assert len(upstream.fetched) == 1


def test_bytes_of_another_digest_are_refused(copied: Copy, upstream: FakeUpstream) -> None:
    """Whoever sent them: nothing is kept, and nobody gets it."""
    upstream.blobs[digest(b"bundle")] = b"something else"
    with pytest.raises(CorruptBlobError):
        copied.get_blob(digest(b"bundle"))
    upstream.blobs[digest(b"bundle")] = b"bundle"
    assert copied.get_blob(digest(b"bundle")) == b"bundle"


def test_a_blob_that_is_not_there(copied: Copy, upstream: FakeUpstream) -> None:
    """Gone is something else than out of reach."""
    with pytest.raises(BlobNotFoundError):
        copied.get_blob(digest(b"x"))
    upstream.away = True
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        copied.get_blob(digest(b"x"))


def test_a_record_is_fetched_when_it_is_read(copied: Copy, upstream: FakeUpstream) -> None:
    """It never changes, so once is enough; other keys are not asked for."""
    key = layout.revision("prod", 4)
    upstream.revisions["prod", 4] = b"{}"
    assert [entry.key for entry in copied.get_many([key, HEAD]).entries] == [key]
    assert copied.get(key) is not None
    assert copied.get(layout.settings("prod")) is None
    assert upstream.fetched == ["prod@4"]


def test_after_a_restore_records_are_fetched_anew(copied: Copy, upstream: FakeUpstream) -> None:
    """The numbers of lost revisions are used again."""
    key = layout.revision("prod", 4)
    upstream.revisions["prod", 4] = b'{"lost":1}'
    copied.take("state", {HEAD: head("before", 4)})
    copied.get(key)
    upstream.revisions["prod", 4] = b"{}"
    copied.take("change", {HEAD: head("after", 4)})
    found = copied.get(key)
    assert found is not None
    assert found.value == b"{}"


def test_acknowledgements_are_handed_on(copied: Copy, upstream: FakeUpstream) -> None:
    """With the name of the process that counted them."""
    copied.commit(Transaction(puts=((layout.ack("prod", 4, "relay-7"), b'{"revision":4}'),)))
    assert upstream.told == [{"revision": 4, "process": "relay-7"}]


def test_acknowledgements_wait_for_an_upstream_that_is_away(
    copied: Copy, upstream: FakeUpstream
) -> None:
    """The writer hears of it and tries again."""
    upstream.away = True
    with pytest.raises(StoreUnavailableError, match="cannot be reached"):
        copied.commit(Transaction(puts=((layout.ack("prod", 4, "relay-7"), b"{}"),)))


@pytest.mark.parametrize(
    "transaction",
    [
        Transaction(puts=((HEAD, b"{}"),)),
        Transaction(puts=((INSTANCE, b"{}"),)),
        Transaction(deletes=(layout.ack("prod", 4, "x"),)),
        Transaction(puts=((layout.token("abc"), b"{}"),)),
    ],
)
def test_nothing_else_is_written_through_a_relay(copied: Copy, transaction: Transaction) -> None:
    """Neither heads nor instances nor tokens."""
    with pytest.raises(StoreUnavailableError, match="relays pass on acknowledgements alone"):
        copied.commit(transaction)


def test_namespaces_read_the_copy_like_a_store(upstream: FakeUpstream, copied: Copy) -> None:
    """Heads, tables of bundles and bundles, of which only the head was copied."""
    clock, there = FakeClock(), MemoryStore(FakeClock())
    original = Namespaces(there, clock, FakeTokens())
    original.commit("prod", None, Staged("ada", "m", bundles={"score": b"S1"}))
    entry = there.get(HEAD)
    assert entry is not None
    stamps = there.blob_index(older_than=1 << 62)
    upstream.blobs = {stamp.digest: there.get_blob(stamp.digest) for stamp in stamps}
    copied.take("state", {HEAD: entry.value.decode()})
    bundle = Namespaces(copied, clock, FakeTokens()).bundle("prod", "score")
    assert bundle is not None
    assert bundle.data == b"S1"
