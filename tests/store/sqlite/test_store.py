"""What the SQLite backend promises beyond the port: its file, its limits, its processes."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from configsvc.store import (
    Entry,
    ForkedStoreError,
    Reading,
    Retention,
    StoreClosedError,
    StoreError,
    StoreFormatError,
    StoreFullError,
    StoreUnavailableError,
    Transaction,
)
from configsvc.store.sqlite import SqliteStore
from tests.store.fakes import FakeClock, blobs, digest, put
from tests.store.sqlite.conftest import Open

ROOT = Path(__file__).parents[3]
PATIENCE = 30.0


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def random_text(length: int) -> bytes:
    """Return bytes that do not compress."""
    return os.urandom(length)


def test_what_was_committed_is_there_after_reopening(store: SqliteStore, open_again: Open) -> None:
    """Keys, revision, blobs and log."""
    store.commit(Transaction(puts=(("/a", b"1"),), blobs=blobs(b"x")))
    store.close()
    again = open_again()
    assert again.range("") == Reading(1, (Entry("/a", b"1", 1),))
    assert again.get_blob(digest(b"x")) == b"x"
    with again.watch("", 0) as watch:
        assert watch.next(0) is not None


def test_second_store_of_a_process_keeps_the_locks_of_the_first(
    store: SqliteStore, open_again: Open, data: Path
) -> None:
    """Another process must not take the file for unused, and with it the log that is in use."""
    store.commit(put(("/a", b"1")))
    open_again()
    look = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM entry')"
    subprocess.run(
        [sys.executable, "-c", f"{look}; c.close()", str(data / "configsvc.db")], check=True
    )
    store.commit(put(("/b", b"2")))
    assert (data / "configsvc.db-wal").exists()


def test_only_the_owner_can_read_it(store: SqliteStore, data: Path) -> None:
    """Directories are 0700, files 0600, SQLite's own ones included."""
    store.commit(put(("/a", b"")))
    assert (mode(data), mode(data / "wake")) == (0o700, 0o700)
    files = [path for path in data.iterdir() if path.is_file()]
    assert {path.name: mode(path) for path in files} == {
        "configsvc.db": 0o600,
        "configsvc.db-shm": 0o600,
        "configsvc.db-wal": 0o600,
    }


def test_every_commit_is_flushed(store: SqliteStore) -> None:
    """The file is in WAL mode and the writer synchronous."""
    writer = store._database.writer()
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert writer.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_processes_may_create_the_file_at_the_same_time(open_again: Open) -> None:
    """One creates it, the others find it."""
    threads = [threading.Thread(target=open_again) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert open_again().revision() == 0


def test_two_openings_see_each_other(store: SqliteStore, open_again: Open) -> None:
    """What one commits, the other reads at once."""
    other = open_again()
    store.commit(put(("/a", b"1")))
    assert other.commit(put(("/a", b"2"))) == 2
    assert store.get("/a") == Entry("/a", b"2", 2)


def test_a_file_of_a_newer_version_is_refused(
    store: SqliteStore, data: Path, open_again: Open
) -> None:
    """And left as it is."""
    store.close()
    with closing(sqlite3.connect(data / "configsvc.db")) as connection, connection:
        connection.execute("UPDATE schema_version SET version = 2")
    with pytest.raises(StoreFormatError, match=r"newer version \(schema 2, known up to 1\)"):
        open_again()


def test_a_database_of_another_program_is_refused(data: Path, open_again: Open) -> None:
    """It is not touched."""
    data.mkdir()
    with closing(sqlite3.connect(data / "configsvc.db")) as connection, connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(StoreFormatError, match="is an SQLite file of another program"):
        open_again()


def test_a_file_that_is_no_database_is_refused(data: Path, open_again: Open) -> None:
    """With what to do about it."""
    data.mkdir()
    (data / "configsvc.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreFormatError, match=r"cannot be read .*restore a backup"):
        open_again()


def test_a_directory_that_cannot_be_made_is_named(data: Path, open_again: Open) -> None:
    """The reason is the system's."""
    data.write_text("a file in the way")
    with pytest.raises(StoreUnavailableError, match=f"while opening {data}"):
        open_again(data / "below")


def test_a_damaged_page_is_reported(data: Path, open_again: Open) -> None:
    """Instead of a wrong answer."""
    first = open_again()
    first.commit(put(*((f"/{n}", bytes(1000)) for n in range(40))))
    first.close()
    with (data / "configsvc.db").open("r+b") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(4096)
        file.write(b"\xff" * (length - 4096))
    with pytest.raises(StoreFormatError, match="cannot be read"):
        open_again().range("")


def test_a_full_store_takes_no_half_of_a_transaction(open_again: Open) -> None:
    """It says what to do, goes on reading, and takes what still fits."""
    store = open_again(max_bytes=200_000)
    store.commit(put(("/a", b"1")))
    full = Transaction(puts=(("/a", b"2"), ("/b", b"2")), blobs=blobs(random_text(300_000)))
    with pytest.raises(StoreFullError, match=r"nothing was written \(.*full\): free space on"):
        store.commit(full)
    assert store.range("") == Reading(1, (Entry("/a", b"1", 1),))
    assert store.blob_index(older_than=1 << 62) == ()
    assert store.commit(put(("/a", b"3"))) == 2


WRITE_UNTIL_FULL = """
import os, resource, sys
from pathlib import Path
from configsvc.store import StoreFullError, Transaction
from configsvc.store.sqlite import SqliteStore

store = SqliteStore(Path(sys.argv[1]), lambda: 1)
store.commit(Transaction(puts=(("/a", b"0"), ("/b", b"0"))))
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
number = 0
try:
    while True:
        value = b"%d" % number + os.urandom(30_000)
        store.commit(Transaction(puts=(("/a", value), ("/b", value))))
        number += 1
except StoreFullError as error:
    print(number, error)
print(len(store.range("").entries))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.commit(Transaction(puts=(("/c", b"after"),)))
"""


def test_a_disk_that_takes_no_more_leaves_nothing_half_written(
    data: Path, open_again: Open
) -> None:
    """Writes fail by the system's own limit; reading goes on; later writes succeed."""
    command = [sys.executable, "-c", WRITE_UNTIL_FULL, str(data)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    message, readable = run.stdout.splitlines()
    assert "the store is full, writing failed and nothing was written" in message
    assert readable == "2"
    store = open_again()
    one, other, after = store.range("").entries
    assert (one.value, one.mod_revision) == (other.value, other.mod_revision)
    last = int(message.split(" ")[0])
    assert one.mod_revision == last + 1
    assert (after.value, after.mod_revision) == (b"after", last + 2)
    assert store._database.writer().execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_waiting_for_another_process_ends(data: Path, open_again: Open) -> None:
    """With an error that says that trying again may help."""
    store = open_again(busy_timeout=10_000)
    with closing(sqlite3.connect(data / "configsvc.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="while writing: database is locked; try"):
            store.commit(put(("/a", b"")))
        other.execute("ROLLBACK")
    assert store.commit(put(("/a", b""))) == 1


def test_the_log_is_bounded(data: Path, open_again: Open) -> None:
    """However much is written."""
    store = open_again(retention=Retention(revisions=32))
    for number in range(200):
        store.commit(put(("/a", b"%d" % number)))
    with closing(sqlite3.connect(data / "configsvc.db")) as connection:
        [(rows,)] = connection.execute("SELECT count(*) FROM log").fetchall()
    assert 32 <= rows <= 35


def in_child(use: object) -> str:
    """Fork, call a function in the child, and return the name of the error it raised."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            use()  # type: ignore[operator]
            os.write(sending, b"nothing")
        except StoreError as error:
            os.write(sending, type(error).__name__.encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(sending)
    with open(receiving, "rb") as pipe:  # noqa: PTH123 (a descriptor)
        return pipe.read().decode()


def test_a_forked_child_is_told_to_open_its_own(store: SqliteStore) -> None:
    """Reading, writing and watching alike; the parent goes on."""
    with store.watch("/", 0) as watch:
        uses = [store.revision, lambda: store.commit(put(("/a", b""))), lambda: watch.next(0)]
        assert [in_child(use) for use in uses] == ["ForkedStoreError"] * 3
        assert store.commit(put(("/a", b"1"))) == 1
        assert watch.next(0) is not None


def test_a_forked_child_closes_nothing_of_the_parent(store: SqliteStore, data: Path) -> None:
    """Neither the file nor the sockets."""
    with store.watch("/", 0) as watch:
        assert in_child(lambda: (watch.close(), store.close())) == "nothing"
        assert len(list((data / "wake").iterdir())) == 1
        assert store.commit(put(("/a", b"1"))) == 1
        assert watch.next(0) is not None


def test_the_error_of_a_fork_names_both_processes() -> None:
    """And says what to do."""
    text = "opened in process 1 and used in its fork 2: open a store of its own in each process"
    assert text in str(ForkedStoreError(1, 2))


def test_closing_gives_every_descriptor_back(
    open_again: Open, clock: FakeClock, data: Path
) -> None:
    """Connections, sockets and directories, from every thread that used them."""
    open_again().close()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (its own entry shows the same way)
    store = SqliteStore(data, clock)
    watches = [store.watch("/", 0) for _ in range(3)]
    readers = [threading.Thread(target=store.range, args=("/",)) for _ in range(4)]
    for thread in readers:
        thread.start()
    for thread in readers:
        thread.join(PATIENCE)
    store.commit(put(("/a", b"")))
    watches[0].close()
    store.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_closing_amid_commits_loses_no_acknowledged_one(
    store: SqliteStore, open_again: Open
) -> None:
    """Writers get an error or a revision that is there afterwards."""
    acknowledged: list[int] = []
    enough = threading.Event()

    def write(writer: int) -> None:
        for number in range(10_000):
            try:
                acknowledged.append(store.commit(put((f"/{writer}/{number}", b""))))
            except StoreClosedError:
                return
            if len(acknowledged) > 50:
                enough.set()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in writers:
        thread.start()
    enough.wait(PATIENCE)
    store.close()
    for thread in writers:
        thread.join(PATIENCE)
    found = {entry.mod_revision for entry in open_again().range("").entries}
    assert found >= set(acknowledged)
