"""Manifests against dictionaries, and what they read and write."""

from collections.abc import Collection, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configsvc.store import CorruptRecordError, Digest, Item, Manifest, ManifestReader
from configsvc.store.manifest import Edit
from configsvc.store.memory import MemoryStore
from tests.store.fakes import FakeClock, blobs, digest

KEYS = [f"Retry/r{number}" for number in range(12)]
TABLES = st.dictionaries(
    st.sampled_from(KEYS), st.sampled_from("xyz").map(lambda c: digest(c.encode()))
)


class CountingStore(MemoryStore):
    """A memory store that notes which blobs are read."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.reads: list[Digest] = []

    def get_blobs(self, digests: Collection[Digest]) -> Mapping[Digest, bytes]:
        """Note and read."""
        self.reads += digests
        return super().get_blobs(digests)


@pytest.fixture
def store() -> CountingStore:
    """An empty store."""
    return CountingStore()


def written(store: MemoryStore, table: Mapping[str, Digest], revision: int = 1) -> Manifest:
    """Write a table from nothing and return it as a reader without a cache sees it."""
    edit = ManifestReader(store).empty().edit(table, (), revision)
    store.put_blobs(edit.blobs)
    return ManifestReader(store, cached_items=0).load(edit.manifest.digest)


def edited(
    store: MemoryStore,
    manifest: Manifest,
    puts: Mapping[str, Digest],
    deletes: Collection[str] = (),
    revision: int = 2,
) -> Edit:
    """Edit a manifest and write it."""
    edit = manifest.edit(puts, deletes, revision)
    store.put_blobs(edit.blobs)
    return edit


def many(count: int) -> dict[str, Digest]:
    """Return a table of so many keys."""
    return {f"Timeout/t{number}": digest(b"%d" % number) for number in range(count)}


def test_a_written_manifest_reads_back(store: CountingStore) -> None:
    """All items in key order, one, several, and none."""
    table = many(500)
    manifest = written(store, table, 7)
    assert list(manifest.items()) == [(key, Item(table[key], 7)) for key in sorted(table)]
    assert manifest.get("Timeout/t3") == Item(table["Timeout/t3"], 7)
    assert manifest.get("Timeout/none") is None
    assert len(manifest) == 500
    assert 200 < len(manifest.buckets) <= 256


def test_equal_tables_have_equal_bytes(store: CountingStore) -> None:
    """Whatever edits led to them."""
    table = many(50)
    at_once = written(store, table)
    reader = ManifestReader(store)
    by_and_by = reader.empty()
    for key in reversed(table):
        by_and_by = by_and_by.edit({key: table[key]}, (), 1).manifest
    detour = by_and_by.edit({"Retry/extra": digest(b"")}, (), 1).manifest
    back = detour.edit({}, ("Retry/extra",), 2).manifest
    assert at_once.digest == by_and_by.digest == back.digest


def test_an_edit_writes_only_the_touched_bucket_and_the_root(store: CountingStore) -> None:
    """However large the table is."""
    manifest = written(store, many(1000))
    edit = edited(store, manifest, {"Timeout/t5": digest(b"new")})
    assert len(edit.blobs) == 2
    assert edit.changed == {"Timeout/t5"}
    assert edit.manifest.get("Timeout/t5") == Item(digest(b"new"), 2)
    assert manifest.get("Timeout/t5") == Item(digest(b"5"), 1)


def test_a_key_put_with_the_digest_it_has_keeps_its_revision(store: CountingStore) -> None:
    """The revision says when it last changed, not when it was last sent."""
    table = many(3)
    edit = edited(store, written(store, table), table, ("Timeout/absent",))
    assert edit.changed == frozenset()
    assert [item.revision for _, item in edit.manifest.items()] == [1, 1, 1]


def test_an_empty_bucket_leaves_no_trace(store: CountingStore) -> None:
    """Deleting everything gives the empty manifest."""
    table = many(3)
    edit = written(store, table).edit({}, tuple(table), 2)
    assert edit.manifest.digest == ManifestReader(store).empty().digest
    assert len(edit.manifest) == 0


def test_a_difference_reads_only_the_buckets_that_differ(store: CountingStore) -> None:
    """Two manifests of a thousand keys are compared by reading two blobs."""
    old = written(store, many(1000))
    edit = edited(store, old, {"Timeout/t5": digest(b"new")})
    new = ManifestReader(store, cached_items=0).load(edit.manifest.digest)
    store.reads.clear()
    differences = old.differences(new)
    assert [(d.key, d.before, d.after) for d in differences] == [
        ("Timeout/t5", digest(b"5"), digest(b"new"))
    ]
    assert len(store.reads) == 2


def test_a_key_that_changed_and_changed_back_does_not_differ(store: CountingStore) -> None:
    """Its revision differs, its content does not."""
    old = written(store, many(3))
    new = edited(store, old, {"Timeout/t1": digest(b"x")}).manifest
    back = edited(store, new, {"Timeout/t1": digest(b"1")}, revision=3).manifest
    assert back.digest != old.digest
    assert old.differences(back) == ()


def test_buckets_are_read_once(store: CountingStore) -> None:
    """The reader keeps what it parsed."""
    reader = ManifestReader(store)
    digest_of_root = written(store, many(100)).digest
    store.reads.clear()
    list(reader.load(digest_of_root).items())
    first = len(store.reads)
    list(reader.load(digest_of_root).items())
    assert (first > 50, len(store.reads)) == (True, first)


def test_what_an_edit_wrote_is_not_read_again(store: CountingStore) -> None:
    """A commit is usually followed by a reading of the same manifest."""
    reader = ManifestReader(store)
    edit = reader.empty().edit(many(100), (), 1)
    store.put_blobs(edit.blobs)
    list(reader.load(edit.manifest.digest).items())
    assert store.reads == []


@pytest.mark.parametrize("data", [b"[]", b"{}", b"not JSON"])
def test_a_blob_that_is_no_manifest_is_refused(store: CountingStore, data: bytes) -> None:
    """With its digest in the message."""
    store.put_blobs(blobs(data))
    with pytest.raises(CorruptRecordError, match=f"blob {digest(data)}"):
        ManifestReader(store).load(digest(data))


def test_references_name_everything_a_manifest_needs(store: CountingStore) -> None:
    """Its own root, its buckets, and what they name; known buckets are left out unread."""
    table = many(40)
    old = written(store, table)
    edit = edited(store, old, {"Timeout/t1": digest(b"new")})
    needed = set(old.references(frozenset()))
    assert needed == {old.digest, *old.buckets.values(), *table.values()}
    store.reads.clear()
    added = set(ManifestReader(store, 0).load(edit.manifest.digest).references(needed))
    assert added >= edit.blobs.keys() | {digest(b"new")}
    assert len(store.reads) == 2


@given(TABLES, TABLES)
@settings(max_examples=100, deadline=None)
def test_differences_are_those_of_dictionaries(
    old: dict[str, Digest], new: dict[str, Digest]
) -> None:
    """And applying them to the one gives the other."""
    store = MemoryStore(FakeClock())
    before, after = written(store, old), written(store, new, 2)
    differences = before.differences(after)
    assert [(d.key, d.before, d.after) for d in differences] == [
        (key, old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]
    puts = {d.key: d.after for d in differences if d.after is not None}
    edit = edited(store, before, puts, [d.key for d in differences if d.after is None], 3)
    assert {key: item.digest for key, item in edit.manifest.items()} == new
    assert edit.changed == {d.key for d in differences}
    assert len(edit.manifest) == len(new)
