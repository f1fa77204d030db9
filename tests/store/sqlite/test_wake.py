"""Watches across processes: woken by datagrams, and by themselves if those are lost."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from configsvc.store import Event, WatchBatch
from configsvc.store.sqlite import SqliteStore, _watch
from tests.store.fakes import plain, put
from tests.store.histories import assert_guarantees
from tests.store.sqlite import writers
from tests.store.sqlite.conftest import Open

ROOT = Path(__file__).parents[3]
PATIENCE = 30.0
NEVER = 3600.0


@pytest.fixture
def no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave only datagrams to wake a watch."""
    monkeypatch.setattr(_watch, "POLL_SECONDS", NEVER)


def told(watcher: SqliteStore, writer: SqliteStore, timeout: float = PATIENCE) -> WatchBatch | None:
    """Return what a waiting watch is told of a commit through another opening."""
    outcome: list[WatchBatch | None] = []
    with watcher.watch("/", watcher.revision()) as watch:
        waiting = threading.Thread(target=lambda: outcome.append(watch.next(timeout)))
        waiting.start()
        writer.commit(put(("/a", b"1")))
        waiting.join(PATIENCE)
    return outcome[0]


@pytest.mark.usefixtures("no_poll")
def test_a_commit_elsewhere_wakes_by_datagram(store: SqliteStore, open_again: Open) -> None:
    """Without waiting for the next look."""
    assert told(store, open_again()) is not None


@pytest.mark.usefixtures("no_poll")
def test_a_data_directory_with_a_long_name_wakes_too(tmp_path: Path, open_again: Open) -> None:
    """Addresses of sockets are short, names of directories are not."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    assert told(open_again(deep), open_again(deep)) is not None


def test_a_lost_datagram_delays_and_loses_nothing(
    store: SqliteStore, open_again: Open, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch looks by itself now and then."""
    monkeypatch.setattr(_watch, "POLL_SECONDS", 0.02)
    writer = open_again()
    with store.watch("/", 0) as watch:
        for path in (data / "wake").iterdir():
            path.unlink()
        writer.commit(put(("/a", b"1")))
        batch = watch.next(PATIENCE)
    assert batch is not None


def test_sockets_of_dead_processes_are_removed(store: SqliteStore, data: Path) -> None:
    """By the next commit of any process; those of live ones stay."""
    program = (
        "import os, sys, pathlib\n"
        "from configsvc.store.sqlite import SqliteStore\n"
        "watch = SqliteStore(pathlib.Path(sys.argv[1]), int).watch('/', 0)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(data)], cwd=ROOT, check=False)
    with store.watch("/", 0):
        assert len(list((data / "wake").iterdir())) == 2
        store.commit(put(("/a", b"")))
        assert len(list((data / "wake").iterdir())) == 1
    assert list((data / "wake").iterdir()) == []


def test_strange_files_in_the_directory_are_left_alone(store: SqliteStore, data: Path) -> None:
    """Only sockets of watches are rung."""
    (data / "wake" / "note.txt").write_text("")
    (data / "wake" / "plain.sock").write_text("")
    store.commit(put(("/a", b"")))
    assert (data / "wake" / "note.txt").exists()


def test_a_watch_far_behind_catches_up_in_whole_revisions(store: SqliteStore) -> None:
    """In batches of bounded size."""
    for number in range(60):
        store.commit(put(*((f"/{n}", b"%d" % number) for n in range(50))))
    batches = []
    with store.watch("/", 0) as watch:
        while batch := watch.next(0):
            batches.append(batch)
    assert [len(batch.events) for batch in batches] == [1000, 1000, 1000]
    assert [batch.progress for batch in batches] == [20, 40, 60]
    assert plain(batches[0].events)[:2] == [(1, "/0", b"0"), (1, "/1", b"0")]


WATCH = """
import json, pathlib, sys
from configsvc.store.sqlite import SqliteStore

store = SqliteStore(pathlib.Path(sys.argv[1]), lambda: 1)
progress, prefix = 0, sys.argv[2]
print("watching", flush=True)
while progress < int(sys.argv[3]):
    with store.watch(prefix, progress) as watch:
        for _ in range(5):
            if batch := watch.next(0.05):
                events = [(e.key, e.value.decode(), e.mod_revision) for e in batch.events]
                print(json.dumps([events, batch.progress]))
            progress = watch.progress
"""


def test_recorded_histories_across_processes_keep_every_guarantee(
    data: Path, store: SqliteStore
) -> None:
    """Four processes write; two others and this one watch, resuming all the time."""
    count = 40
    total = count * writers.WRITERS
    assert store.revision() == 0
    watchers = [
        subprocess.Popen(
            [sys.executable, "-c", WATCH, str(data), prefix, str(total)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for prefix in ("/", "/b/")
    ]
    command = [sys.executable, "-m", writers.__name__, "keys", str(data), "run", str(count)]
    written = subprocess.run(
        command, cwd=ROOT, input="go\n", stdout=subprocess.PIPE, text=True, check=True
    )
    history = dict(map(_acknowledged, written.stdout.splitlines()))
    assert sorted(history) == list(range(1, total + 1))
    for watcher, prefix in zip(watchers, ("/", "/b/"), strict=True):
        output, _ = watcher.communicate(timeout=PATIENCE)
        batches = [_batch(line) for line in output.splitlines()[1:]]
        assert_guarantees(batches, history, prefix, 0)


def _acknowledged(line: str) -> tuple[int, frozenset[tuple[str, bytes | None]]]:
    revision, token, *keys = line.split(" ")
    return int(revision), frozenset((key, token.encode()) for key in keys)


def _batch(line: str) -> WatchBatch:

    events, progress = json.loads(line)
    return WatchBatch(
        tuple(Event(key, value.encode(), revision) for key, value, revision in events), progress
    )
