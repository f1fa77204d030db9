"""The contract of the port, apart from watches, on every backend."""

import pytest
from etcd3 import etcdrpc

from configsvc.store import (
    ABSENT,
    MAX_BLOB_BYTES,
    MAX_KEY_BYTES,
    MAX_OPERATIONS,
    MAX_STORED_BLOB_BYTES,
    MAX_VALUE_BYTES,
    BlobNotFoundError,
    Compare,
    CompareFailedError,
    CorruptBlobError,
    Entry,
    InvalidTransactionError,
    LimitExceededError,
    Reading,
    Store,
    StoreClosedError,
    Transaction,
)
from configsvc.store.etcd import EtcdStore
from configsvc.store.memory import MemoryStore
from configsvc.store.sqlite import SqliteStore
from tests.store.fakes import FakeClock, blobs, digest, put


def test_an_empty_store_has_nothing(store: Store) -> None:
    """It has a revision all the same, from which one may watch."""
    assert store.get("/a") is None
    assert store.range("") == Reading(store.revision(), ())


def test_a_commit_returns_the_revision_that_its_keys_carry(store: Store) -> None:
    """All keys of a transaction get one revision, and the next one a higher."""
    first = store.commit(put(("/a", b"1"), ("/b", b"2")))
    second = store.commit(put(("/b", b"3")))
    assert store.get("/a") == Entry("/a", b"1", first)
    assert store.get("/b") == Entry("/b", b"3", second)
    assert first < second == store.revision()


def test_an_empty_value_is_a_value(store: Store) -> None:
    """A key with no bytes exists."""
    revision = store.commit(put(("/a", b"")))
    assert store.get("/a") == Entry("/a", b"", revision)


def test_a_deleted_key_is_absent(store: Store) -> None:
    """A delete removes the key and makes a revision."""
    first = store.commit(put(("/a", b"1")))
    second = store.commit(Transaction(deletes=("/a",)))
    assert store.get("/a") is None
    assert first < second == store.revision()


def test_a_transaction_that_changes_no_key_makes_no_revision(store: Store) -> None:
    """Deleting what is absent, or nothing at all, is no change."""
    revision = store.commit(put(("/a", b"1")))
    assert store.commit(Transaction(deletes=("/b",))) == revision
    assert store.commit(Transaction()) == store.revision() == revision
    assert store.commit(Transaction(blobs=blobs(b"x"))) == store.revision()
    assert store.get("/a") == Entry("/a", b"1", revision)


def test_get_many_returns_what_exists_in_key_order(store: Store) -> None:
    """Absent keys are left out, and one asked for twice comes once."""
    revision = store.commit(put(("/b", b"2"), ("/a", b"1")))
    reading = store.get_many(["/c", "/b", "/a", "/b"])
    entries = (Entry("/a", b"1", revision), Entry("/b", b"2", revision))
    assert reading == Reading(revision, entries)


def test_get_many_refuses_more_keys_than_a_transaction_may_have(store: Store) -> None:
    """The limit is the same as for writing."""
    with pytest.raises(LimitExceededError, match="the lookup has 65 keys, the limit is 64"):
        store.get_many([f"/{n}" for n in range(MAX_OPERATIONS + 1)])


@pytest.fixture
def shelf(store: Store) -> Store:
    """A store with keys around one prefix."""
    keys = ["/a", "/k", "/k/1", "/k/2", "/k/3", "/k0", "/kä", "/z"]
    store.commit(put(*((key, key.encode()) for key in keys)))
    return store


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["/k/1", "/k/2", "/k/3"]),
        ({"limit": 2}, ["/k/1", "/k/2"]),
        ({"limit": 0}, []),
        ({"after": "/k/1"}, ["/k/2", "/k/3"]),
        ({"after": "/k/11", "limit": 1}, ["/k/2"]),
        ({"after": "/a"}, ["/k/1", "/k/2", "/k/3"]),
        ({"after": "/z"}, []),
        ({"reverse": True}, ["/k/3", "/k/2", "/k/1"]),
        ({"reverse": True, "after": "/k/3", "limit": 1}, ["/k/2"]),
        ({"reverse": True, "after": "/z"}, ["/k/3", "/k/2", "/k/1"]),
        ({"reverse": True, "after": "/a"}, []),
    ],
)
def test_a_range_is_a_page_in_one_direction(
    shelf: Store, options: dict[str, object], expected: list[str]
) -> None:
    """Prefix, position, length and direction select entries; the bound itself is left out."""
    reading = shelf.range("/k/", **options)  # type: ignore[arg-type]
    assert [entry.key for entry in reading.entries] == expected
    assert reading.revision == shelf.revision()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("after", [None, "/k/2", ""])
def test_the_empty_prefix_is_everything(shelf: Store, after: str | None, *, reverse: bool) -> None:
    """Keys are ordered as their UTF-8 bytes."""
    keys = ["/a", "/k", "/k/1", "/k/2", "/k/3", "/k0", "/kä", "/z"]
    wanted = [k for k in keys if after is None or (k < after if reverse else k > after)]
    found = [entry.key for entry in shelf.range("", after=after, reverse=reverse).entries]
    assert found == (wanted[::-1] if reverse else wanted)


@pytest.mark.parametrize("prefix", ["/\U0010ffff", "/\ud7ff"])
def test_a_prefix_may_end_with_any_character(store: Store, prefix: str) -> None:
    """Also the last character there is, and the one before the surrogates."""
    store.commit(put((prefix, b""), (f"{prefix}\U0010ffff", b""), ("0", b""), ("/\ue000", b"")))
    assert len(store.range(prefix).entries) == 2


def test_a_compare_that_holds_lets_the_transaction_through(store: Store) -> None:
    """A key at the expected revision, and one that is absent as expected."""
    first = store.commit(Transaction((Compare("/a", ABSENT),), puts=(("/a", b"1"),)))
    change = Transaction((Compare("/a", first), Compare("/b", ABSENT)), puts=(("/a", b"2"),))
    second = store.commit(change)
    assert store.get("/a") == Entry("/a", b"2", second)


@pytest.mark.parametrize(
    ("key", "expected", "text"),
    [
        ("/a", 1 << 40, "key '/a' was expected at revision {expected} and is at revision {seen}: "),
        ("/a", ABSENT, "key '/a' was expected absent and is at revision {seen}: read it again"),
        ("/b", 1, "key '/b' was expected at revision 1 and is absent"),
    ],
)
def test_a_compare_that_fails_writes_nothing(
    store: Store, key: str, expected: int, text: str
) -> None:
    """Not even the deletes; the error names the key and both revisions."""
    seen = store.commit(put(("/a", b"1")))
    change = Transaction((Compare(key, expected),), puts=(("/c", b""),), deletes=("/a",))
    with pytest.raises(
        CompareFailedError, match=text.format(expected=expected, seen=seen)
    ) as caught:
        store.commit(change)
    assert (caught.value.key, caught.value.expected) == (key, expected)
    assert store.range("") == Reading(seen, (Entry("/a", b"1", seen),))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Transaction(deletes=tuple(f"/{n}" for n in range(65))), "has 65 operations"),
        (put(("/a", bytes(MAX_VALUE_BYTES + 1))), r"the value of key '/a' has 1048577 bytes"),
        (put(("/a", bytes(MAX_VALUE_BYTES)), ("/b", bytes(1 << 19))), "the transaction has"),
        (put(("/" * (MAX_KEY_BYTES + 1), b"")), "has 1025 bytes, the limit is 1024"),
        (put(("", b"")), "key '' is empty"),
        (put(("/\0", b"")), "holds a NUL"),
        (put(("/\ud800", b"")), "half a surrogate"),
        (put(("/a", b"1"), ("/a", b"2")), "key '/a' is written twice"),
        (Transaction(puts=(("/a", b"1"),), deletes=("/a",)), "key '/a' is written twice"),
        (Transaction(blobs={"0" * 64: b"x"}), "does not hash to its digest"),
        (Transaction(blobs=blobs(bytes(MAX_BLOB_BYTES + 1))), "16777217 bytes"),
    ],
)
def test_what_some_backend_cannot_hold_is_refused_by_all(
    store: Store, change: Transaction, text: str
) -> None:
    """Before anything is written."""
    before = store.revision()
    with pytest.raises(InvalidTransactionError, match=text):
        store.commit(change)
    assert store.revision() == before


def test_a_blob_that_does_not_compress_below_the_limit_is_refused(store: Store) -> None:
    """The limit is on the stored length."""
    data = b"".join(bytes.fromhex(digest(n.to_bytes(4, "big"))) for n in range(1 << 15))
    assert len(data) > MAX_STORED_BLOB_BYTES
    with pytest.raises(LimitExceededError, match="bytes after compression, the limit is 524288"):
        store.put_blobs(blobs(data))


def test_a_transaction_of_exactly_the_limits_is_taken(store: Store) -> None:
    """The bounds themselves are allowed."""
    compares = tuple(Compare(f"/{n}", ABSENT) for n in range(MAX_OPERATIONS - 1))
    key = "/" * MAX_KEY_BYTES
    store.commit(Transaction(compares, puts=((key, bytes(MAX_VALUE_BYTES)),)))
    assert store.get(key) is not None


def test_blobs_come_back_as_they_were_put(store: Store) -> None:
    """One by one and many at once, the empty one included."""
    contents = blobs(b"", b"one", b"two" * 10_000)
    store.put_blobs(contents)
    assert store.get_blobs(contents.keys()) == contents
    assert store.get_blob(digest(b"one")) == b"one"
    assert store.get_blobs([]) == {}


def test_blobs_are_no_keys(store: Store) -> None:
    """They show in no range, in whichever direction."""
    store.put_blobs(blobs(b"x"))
    assert store.range("").entries == store.range("", reverse=True).entries == ()


def test_a_commit_brings_its_blobs(store: Store) -> None:
    """They are there as soon as the keys are."""
    store.commit(Transaction(puts=(("/a", b"1"),), blobs=blobs(b"x")))
    assert store.get_blob(digest(b"x")) == b"x"


def test_a_missing_blob_is_named(store: Store) -> None:
    """The error says which digest and what to do."""
    store.put_blobs(blobs(b"x"))
    with pytest.raises(BlobNotFoundError, match=f"blob {digest(b'y')} is not in the store"):
        store.get_blobs([digest(b"x"), digest(b"y")])


def damage(store: Store, name: str, data: bytes) -> None:
    """Overwrite the stored bytes of a blob behind the store's back."""
    if isinstance(store, MemoryStore):
        store._blobs[name] = (store._blobs[name][0], data)
    if isinstance(store, EtcdStore):
        place = etcdrpc.PutRequest(key=store._keys.blob(name), value=data)
        store._connection.write(lambda member: member.kv.Put, place, "damaging")
    if isinstance(store, SqliteStore):
        writer = store._database.writer()
        writer.execute("UPDATE blob SET data = ? WHERE digest = ?", (data, name))


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"\xff\xff", "it does not decompress"), (b"x\x9c\x03\x00\x00\x00\x00\x01", "its bytes hash")],
)
def test_a_damaged_blob_is_never_returned(store: Store, data: bytes, text: str) -> None:
    """Its bytes are checked on each read; putting it again repairs it."""
    store.put_blobs(blobs(b"good"))
    damage(store, digest(b"good"), data)
    with pytest.raises(CorruptBlobError, match=text):
        store.get_blob(digest(b"good"))
    store.put_blobs(blobs(b"good"))
    assert store.get_blob(digest(b"good")) == b"good"


def test_the_index_lists_old_blobs_in_digest_order(store: Store, clock: FakeClock) -> None:
    """Only those last put before the instant, page by page."""
    old = blobs(b"1", b"2", b"3")
    store.put_blobs(old)
    clock.advance(10)
    store.put_blobs(blobs(b"young"))
    first = store.blob_index(older_than=clock.now, limit=2)
    rest = store.blob_index(older_than=clock.now, after=first[-1].digest)
    assert [stamp.digest for stamp in (*first, *rest)] == sorted(old)
    assert {stamp.stored_at for stamp in first} == {clock.now - 10}


def test_putting_a_blob_again_makes_it_young(store: Store, clock: FakeClock) -> None:
    """Alone or with a commit."""
    store.put_blobs(blobs(b"1", b"2"))
    clock.advance(10)
    store.put_blobs(blobs(b"1"))
    store.commit(Transaction(blobs=blobs(b"2")))
    assert store.blob_index(older_than=clock.now) == ()


def test_blobs_are_deleted_by_stamp(store: Store, clock: FakeClock) -> None:
    """The count says how many went."""
    store.put_blobs(blobs(b"1", b"2"))
    stamps = store.blob_index(older_than=clock.now + 1)
    assert store.delete_blobs(stamps) == 2
    assert store.delete_blobs(stamps) == 0
    assert store.delete_blobs([]) == 0
    assert store.blob_index(older_than=clock.now + 1) == ()


def test_a_blob_put_since_its_stamp_was_read_is_not_deleted(store: Store, clock: FakeClock) -> None:
    """Not even one that was deleted and came back at the same instant."""
    store.put_blobs(blobs(b"again", b"back"))
    stamps = store.blob_index(older_than=clock.now + 1)
    store.put_blobs(blobs(b"again"))
    store.delete_blobs([stamp for stamp in stamps if stamp.digest == digest(b"back")])
    store.put_blobs(blobs(b"back"))
    assert store.delete_blobs(stamps) == 0
    assert len(store.get_blobs([digest(b"again"), digest(b"back")])) == 2


def test_a_closed_store_says_so(store: Store) -> None:
    """Every use raises; closing again does not."""
    store.close()
    store.close()
    uses = [
        store.revision,
        lambda: store.get("/a"),
        lambda: store.range(""),
        lambda: store.commit(put(("/a", b""))),
        lambda: store.get_blobs([digest(b"")]),
        lambda: store.watch("", 0),
    ]
    for use in uses:
        with pytest.raises(StoreClosedError, match="the store is closed: open a new one"):
            use()
